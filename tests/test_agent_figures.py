"""Figures of agents: under pseudonyms without what points at tickets, by name with what is expected."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select

from surveyapp import agent_figures, answers, history_import, judging, names, reports, surveys, users
from surveyapp.agent_figures import AgentRow, Agents
from surveyapp.answers import Entry
from surveyapp.core.access import AgentFigures, Reader, Role
from surveyapp.core.control import Place
from surveyapp.core.errors import FieldError
from surveyapp.core.periods import Period, Whole, whole_of
from surveyapp.core.pseudonyms import pseudonym
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.figures import Figures
from surveyapp.models import Answer, Invitation, Name
from surveyapp.selecting import By, Dimension, Filter
from surveyapp.sheets import Row
from tests.support.people import Site, opened
from tests.support.staff import account
from tests.test_reports import Given, store

LEADER = Reader(None, is_bound=False, agents=AgentFigures.PSEUDONYMOUS)
NAMED = replace(LEADER, agents=AgentFigures.NAMED)
NOW = datetime(2026, 4, 6, 8, tzinfo=UTC)
FEBRUARY, MARCH = (whole_of(Whole.MONTH, date(2026, month, 1)) for month in (2, 3))
BY_AGENT = By(Dimension.AGENT)


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database, SMALLEST_N_AGENT="3")


def csat(agent: str | None, *ratings: int, month: int = 3, **about: Any) -> list[Given]:
    at = datetime(2026, month, 10, 9, tzinfo=UTC)
    return [Given("csat", (rating,), at=at, agent=agent, **about) for rating in ratings]


def scores(site: Site, period: Period = MARCH, *, is_compared: bool = False) -> dict[str | None, Figures]:
    with site.database.reading() as session:
        chosen = Filter(metric=Metric.CSAT).within(period)
        found = reports.scores(
            session, site.settings, LEADER, chosen, BY_AGENT, now=NOW, is_compared=is_compared
        )
    return {each.group: each for each in found}


def agents(site: Site, reader: Reader = LEADER, chosen: Filter | None = None, **more: Any) -> Agents:
    with site.database.reading() as session:
        asked = chosen or Filter(metric=Metric.CSAT).within(MARCH)
        return agent_figures.agents(session, site.settings, reader, asked, **{"now": NOW, **more})


def called(site: Site, agent: str) -> str:
    return pseudonym(site.settings.hash_key, agent)


def neighbours(site: Site, agent: str, *agents: str) -> set[str]:
    """The agent and whoever is left out with them: of an even number of agents, they stand two by two."""
    ordered = sorted(agents, key=lambda each: called(site, each))
    place = ordered.index(agent) // 2 * 2
    return set(ordered[place : place + 2])


def row(found: Agents, group: str | None) -> AgentRow:
    return next(each for each in found.rows if each.figures.group == group)


def test_a_pseudonym_has_a_score_and_no_count_that_a_list_of_tickets_has(site: Site) -> None:
    store(site, [*csat("anna", 5, 4, 1, 5), *csat("bo", 4, 5, 2), *csat(None, 5)])
    store(site, [*csat("anna", 1, state="held"), *csat("bo", 1, state="refused")])
    found = scores(site)
    anna, bo = called(site, "anna"), called(site, "bo")
    assert list(found) == [*sorted([anna, bo]), None]
    score = found[anna].score
    assert score and (score.n, score.value, score.favourable) == (4, 75, 3)
    for figures in found.values():
        counts = (figures.held, figures.refused, figures.invited, figures.accepted, figures.answered)
        assert counts == (0,) * 5 and figures.response_rate is None
    assert (found[None].n, found[None].score, found[None].why) == (1, None, "alone")
    # Two tickets of one group that were swapped would move a mean.
    assert score.mean is None


def test_whoever_has_a_ticket_that_nobody_has_the_like_of_is_not_listed_and_nor_is_a_neighbour(
    site: Site,
) -> None:
    store(
        site, [*csat("anna", 5, 4, 4, 5), *csat("bo", 4, 5, 5), *csat("carl", 4, 5, 1, 5), *csat("dana", 5)]
    )
    agents = {"anna", "bo", "carl", "dana"}
    found = scores(site)
    listed = agents - neighbours(site, "carl", *agents)
    assert len(listed) == 2 and set(found) == {called(site, agent) for agent in listed}


def test_few_answers_say_how_many_they_are(site: Site) -> None:
    store(site, [*csat("anna", 5, 4, 4, 5), *csat("bo", 4, 5)])
    assert [(each.n, each.why) for each in scores(site).values() if each.score is None] == [(2, "few")]


def test_nobody_is_tied_to_the_one_ticket_left_over_by_being_missed(site: Site) -> None:
    for month in (2, 3):
        store(site, [each for agent in ("anna", "bo", "carl") for each in csat(agent, 5, 5, 5, month=month)])
    store(site, [each for agent in ("anna", "bo", "carl") for each in csat(agent, 1, month=2)])
    store(site, [*csat("bo", 1), *csat(None, 5)])
    assert len(scores(site, FEBRUARY)) == 3
    # Were anna and carl listed, the 1 would be of the third whom February has.
    assert scores(site) == {} and agents(site).rows == ()


def test_a_readers_teams_have_what_was_theirs_by_its_own_name(site: Site) -> None:
    store(site, [each for agent in ("anna", "bo") for each in csat(agent, 5, 5, 1, team="north")])
    store(site, csat("bo", 1, team="Nord"))
    reader = replace(LEADER, teams=frozenset({"north"}))
    before = agents(site, reader)
    assert [each.figures.n for each in before.rows] == [3, 3]
    with site.database.transaction() as session:
        names.save_name(session, names.Kind.TEAM, "north", {}, ["Nord"], None, NOW)
    assert agents(site, reader) == before
    assert sorted(each.figures.n for each in agents(site).rows) == [3, 4]


def test_what_is_imported_later_moves_no_figure(site: Site) -> None:
    store(site, [each for agent in ("anna", "bo") for each in csat(agent, 5, 5, 1)])
    before = agents(site)
    cells = {"ticket": "OLD-1", "date": "2026-03-10", "metric": "csat", "rating": "1", "agent": "bo"}
    given: dict[str, Any] = {"survey": None, "metric": None, "order": None, "progress": list}
    history_import.import_rows(site.database, site.settings, [Row(2, cells, {})], NOW, **given)
    assert agents(site) == before
    assert sorted(each.figures.n for each in agents(site, NAMED).rows) == [3, 4]


def test_the_month_before_of_whoever_is_not_listed_there_is_as_if_nobody_had_answered(site: Site) -> None:
    earlier = ("anna", "bo", "dana", "emil")
    store(site, [each for agent in (*earlier, "carl") for each in csat(agent, 5, 5, 5)])
    store(site, [each for agent in earlier for each in csat(agent, 5, 4, 5, month=2)])
    store(site, csat("bo", 1, month=2))
    found = scores(site, is_compared=True)
    before = {agent: found[called(site, agent)].before for agent in (*earlier, "carl")}
    missed = neighbours(site, "bo", *earlier)
    for agent in (*missed, "carl"):
        figures = before[agent]
        assert figures and (figures.n, figures.score, figures.why) == (0, None, None)
    for agent in set(earlier) - missed:
        figures = before[agent]
        assert figures and figures.n == 3 and found[called(site, agent)].change


def test_a_quarter_adds_up_its_months(site: Site) -> None:
    tickets = [
        each for month in (1, 2, 3) for agent in ("anna", "bo") for each in csat(agent, 5, 4, 5, month=month)
    ]
    store(site, tickets)
    found = scores(site, whole_of(Whole.QUARTER, MARCH.first))
    assert [each.n for each in found.values()] == [9, 9]


def test_only_the_question_in_the_mail_counts(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    store(site, [replace(each, ratings=(5, 9)) for agent in ("anna", "bo") for each in csat(agent, 5, 5, 5)])
    nki = [
        replace(each, survey="nki", ratings=(7, 8, 9))
        for agent in ("anna", "bo")
        for each in csat(agent, *[1] * 3)
    ]
    store(site, [*nki, replace(nki[0], ratings=(7, 8))])
    store(site, [replace(nki[0], survey="open", ratings=())])
    with site.database.reading() as session:
        found = reports.scores(session, site.settings, LEADER, Filter().within(MARCH), BY_AGENT, now=NOW)
    assert [(each.metric, each.n, each.score and each.score.value) for each in found] == [
        (metric, 3, value)
        for metric, value in ((Metric.CSAT, 100), (Metric.NKI, pytest.approx(700 / 9)))
        for _ in "ab"
    ]


def test_nothing_that_happens_after_a_week_was_closed_moves_a_figure(site: Site) -> None:
    store(site, [each for agent in ("anna", "bo") for each in csat(agent, 5, 4, 1, 5, 1)])
    before = scores(site)
    ids = [answer["invitation_id"] for answer in site.rows(Answer)]
    leader = users.viewer_of(account(site, Role.LEADER))
    later = datetime(2026, 3, 17, 9, tzinfo=UTC)
    with site.database.transaction() as session:
        judging.void(session, site.settings, leader, ids[0], judging.TO_VOID[0], later)
        answers.count(session, site.settings, ids[1], Entry(1), is_verified=True, now=later)
    assert scores(site) == before
    with site.database.reading() as session:
        states = session.scalars(select(Answer.rating).where(Answer.state == "counted")).all()
    assert len(states) == 9


def test_what_changes_before_the_week_is_closed_counts_as_changed(site: Site) -> None:
    store(site, [each for agent in ("anna", "bo") for each in csat(agent, 5, 4, 5, 5)])
    by_agent = {its["agent_ref"]: its["id"] for its in site.rows(Invitation)}
    with site.database.transaction() as session:
        at = datetime(2026, 3, 12, 9, tzinfo=UTC)
        for its in by_agent.values():
            answers.count(session, site.settings, its, Entry(1), is_verified=True, now=at)
    values = [figures.score and figures.score.value for figures in scores(site).values()]
    assert values == [75, 75]


def test_a_quarter_from_which_agents_are_being_forgotten_has_no_figures(site: Site) -> None:
    store(site, [each for agent in ("anna", "bo") for each in csat(agent, 5, 4, 5, 5)])
    age = (NOW - datetime(2026, 3, 10, 9, tzinfo=UTC)).days

    def kept(days: int) -> Site:
        return replace(
            site, settings=replace(site.settings, own=replace(site.settings.own, agents_days=days))
        )

    assert len(scores(kept(age + 1))) == 2
    assert scores(kept(age)) == {}


def test_the_page_has_what_the_scores_have_and_the_funnel_around_everybody(site: Site) -> None:
    store(site, [each for agent in ("anna", "bo") for each in csat(agent, 5, 4, 1, 5, case_type="billing")])
    store(site, csat(None, 5, case_type="billing"))
    found = agents(site)
    assert [each.figures for each in found.rows] == list(scores(site, is_compared=True).values())
    assert found.everybody == {1: 2, 4: 2, 5: 5}
    assert [limits.n for limits in found.limits] == [3, 4]
    assert row(found, None).place is None
    anna = row(found, called(site, "anna"))
    assert anna.place is Place.WITHIN and anna.left_on is None
    assert anna.expected and anna.expected.expected == pytest.approx(700 / 9)
    assert found.periods[:2] == (MARCH, FEBRUARY)
    assert found.periods[-8] == whole_of(Whole.QUARTER, MARCH.first)
    for period in found.periods:
        agents(site, chosen=Filter(metric=Metric.CSAT).within(period))


def test_what_is_expected_is_not_told_where_one_agent_alone_has_a_case_type(site: Site) -> None:
    store(site, [*csat("anna", 5, 4, 5), *csat("bo", 5, 4, 5), *csat("anna", 5, case_type="outage")])
    found = agents(site)
    assert all(each.figures.score and each.expected is None for each in found.rows)


def test_named_agents_have_what_reports_have_and_may_be_asked_for_any_period_and_filter(site: Site) -> None:
    easy = [each for agent in ("anna", "bo") for each in csat(agent, 5, 4, 5, 5, case_type="easy")]
    hard = csat("bo", *[1] * 8, 5, case_type="hard") + csat("carl", *[2] * 9, 4, case_type="hard")
    store(site, [*easy, *hard, *csat("anna", 3, state="held"), *csat(None, 4, team="north")])
    with site.database.transaction() as session:
        session.execute(insert(Name).values(kind="agent", value="anna", labels={}, left_on=date(2026, 3, 20)))
    days = Period(date(2026, 3, 3), date(2026, 3, 11))
    for chosen in (
        Filter(metric=Metric.CSAT),
        Filter(metric=Metric.CSAT).within(days),
        Filter(metric=Metric.CSAT, case_type="hard", is_pressed=True).within(days),
        Filter(metric=Metric.CSAT, team="north"),
    ):
        with site.database.reading() as session:
            wanted = reports.scores(
                session, site.settings, NAMED, chosen, BY_AGENT, now=NOW, is_compared=True
            )
        found = agents(site, NAMED, chosen)
        assert [each.figures for each in found.rows] == wanted
        assert found.everybody.total() == sum(each.n for each in wanted)
        assert found.periods == ()
    found = agents(site, NAMED)
    assert row(found, "anna").left_on == date(2026, 3, 20)
    assert row(found, "carl").place is not None and row(found, None).place is None
    bo = row(found, "bo").expected
    assert bo and bo.expected == pytest.approx(100 * (4 + 9 * 2 / 19) / 13)
    assert agents(site, NAMED, Filter(metric=Metric.CSAT, agent="bo")).rows[0].figures.n == 13


def test_readers_who_may_not_open_answers_get_nothing_beside_the_figures(site: Site) -> None:
    store(site, [*csat("anna", 5, 4, 5, 1, 5), *csat("bo", 5, 4, 5, 1, 2)])
    found = agents(site, replace(NAMED, is_bound=True))
    assert [each.figures.group for each in found.rows if each.figures.score] == ["anna", "bo"]
    assert not found.everybody and found.limits == ()
    assert {(each.expected, each.place) for each in found.rows} == {(None, None)}


@pytest.mark.parametrize(
    ("reader", "chosen", "field"),
    [
        (replace(LEADER, agents=AgentFigures.OFF), Filter(metric=Metric.CSAT), "by"),
        (NAMED, Filter(), "metric"),
        (NAMED, Filter(metric=Metric.OPEN), "metric"),
        (LEADER, Filter(metric=Metric.CSAT, agent="anna"), "agent"),
        (NAMED, Filter(metric=Metric.CSAT, first=MARCH.last, last=MARCH.first), "to"),
    ],
)
def test_what_is_not_to_be_had_is_said(site: Site, reader: Reader, chosen: Filter, field: str) -> None:
    with pytest.raises(FieldError, match=f"^{field}: "):
        agents(site, reader, chosen)
