"""Scores against an independent recomputation, in plain Python, of the same answers."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from statistics import mean
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from surveyapp import answers, choices, reports, surveys
from surveyapp.answers import Entry
from surveyapp.core.access import AgentFigures, Reader, operator
from surveyapp.core.errors import FieldError
from surveyapp.core.evidence import Evidence, Seen
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.figures import Figures
from surveyapp.models import Answer
from surveyapp.selecting import By, Dimension, Filter
from tests.support import scored
from tests.support.databases import ThrownAway
from tests.support.people import START, Site, Visitor, opened
from tests.support.scored import DIMENSIONS

BERLIN = ZoneInfo("Europe/Berlin")
QUESTIONS = {
    "csat": {"csat": range(1, 6), "nps": range(11)},
    "ces": {"ces": range(1, 8)},
    "nki": {"nki1": range(1, 11), "nki2": range(1, 11), "nki3": range(1, 11)},
    "open": {},
}
METRICS = {"nki1": Metric.NKI, "nki2": Metric.NKI, "nki3": Metric.NKI}
METRICS |= {key: Metric(key) for key in ("csat", "nps", "ces", "open")}


@dataclass(frozen=True, slots=True)
class Given:
    """One customer's answer; `ratings` in the order of the survey's questions, the first always there."""

    survey: str
    ratings: tuple[int, ...]
    state: str = "counted"
    at: datetime = START
    agent: str | None = None
    team: str | None = None
    case_type: str | None = None
    channel: str | None = None
    locale: str = "en"

    @property
    def rated(self) -> dict[str, int]:
        return dict(zip(QUESTIONS[self.survey], self.ratings, strict=False))

    @property
    def day(self) -> date:
        return self.at.astimezone(BERLIN).date()


def store(site: Site, given_answers: Iterable[Given]) -> None:
    """As customers and the worker would have brought them about."""
    for each in given_answers:
        site.clock.at = each.at
        about = {"agent_ref": each.agent, "team": each.team, "case_type": each.case_type}
        invited = site.invited(each.survey, **about, channel=each.channel, locale=each.locale)
        main = each.ratings[0] if each.ratings else None
        with site.database.transaction() as session:
            if each.state == "held":
                seen = Seen(each.at, "page", main or 0)
                answers.hold(session, site.settings, invited.id, seen, each.at)
                continue
            further = dict(list(each.rated.items())[1:])
            entry = Entry(main, "Words" if main is None else None, further)
            answers.count(session, site.settings, invited.id, entry, is_verified=True, now=each.at)
            if each.state != "counted":
                chosen = update(Answer).where(Answer.invitation_id == invited.id)
                session.execute(chosen.values(state=each.state))


def scores(site: Site, by: Dimension | None = None, **chosen: Any) -> list[Figures]:
    with site.database.reading() as session:
        return scored.scores(session, site.settings, Filter(**chosen), by)


# --- the independent recomputation -----------------------------------------------------------------


def values_of(each: Given, metric: Metric) -> list[int]:
    """What one counted answer adds to a metric."""
    if metric is Metric.NKI:
        return [sum(each.ratings)] if each.survey == "nki" and len(each.ratings) == 3 else []
    return [rating for key, rating in each.rated.items() if METRICS[key] is metric]


def value(metric: Metric, values: Sequence[int]) -> float:
    n = len(values)
    match metric:
        case Metric.NPS:
            return 100 * (sum(v >= 9 for v in values) - sum(v <= 6 for v in values)) / n
        case Metric.CSAT:
            return 100 * sum(v >= 4 for v in values) / n
        case Metric.NKI:
            return (sum(values) / (3 * n) - 1) / 9 * 100
    return mean(values)


def groups(metric: Metric, values: Sequence[int]) -> tuple[int, ...] | None:
    """Favourable, neutral, unfavourable."""
    ends = {Metric.NPS: (7, 8), Metric.CSAT: (3, 3), Metric.CES: (4, 4)}
    if metric not in ends:
        return None
    low, high = ends[metric]
    below, above = sum(v < low for v in values), sum(v > high for v in values)
    return (*((below, len(values) - below - above, above) if metric is Metric.CES else
              (above, len(values) - below - above, below)),)  # fmt: skip


def group_of(each: Given, by: Dimension | None) -> str | None:
    if by is None:
        return None
    match by:
        case Dimension.DAY:
            return str(each.day)
        case Dimension.WEEK:
            return f"{each.day:%G-W%V}"
        case Dimension.MONTH:
            return f"{each.day:%Y-%m}"
        case Dimension.VERSION:
            return f"{each.survey} {2 if each.survey == 'csat' else 1}"
    found: str | None = getattr(each, by.value)
    return found


def expected(found: Iterable[Given], by: Dimension | None) -> dict[tuple[Metric, str | None], Any]:
    """(metric, group) -> the values that count, and how many answers are held and refused."""
    values: dict[tuple[Metric, str | None], list[int]] = defaultdict(list)
    states: dict[tuple[Metric, str | None], list[str]] = defaultdict(list)
    for each in found:
        group = group_of(each, by)
        if each.state == "counted":
            for metric in Metric:
                if counted := values_of(each, metric):
                    values[metric, group] += counted
        main = Metric.OPEN if each.survey == "open" else METRICS[next(iter(QUESTIONS[each.survey]))]
        # The invitation of a withdrawn answer was sent all the same.
        states[main, group] += [each.state] if each.state != "void" else []
    return {cell: (values[cell], states[cell]) for cell in {*values, *states}}


def check(figures: Figures, values: Sequence[int], states: Sequence[str], smallest: int) -> None:
    n = states.count("counted") if figures.metric is Metric.OPEN else len(values)
    assert (figures.n, figures.held, figures.refused) == (n, states.count("held"), states.count("refused"))
    assert figures.is_withheld == (0 < n < smallest)
    if figures.is_withheld or not values:
        assert figures.score is None
        return
    score = figures.score
    assert score and score.n == n and score.value == pytest.approx(value(figures.metric, values))
    found = (score.favourable, score.neutral, score.unfavourable)
    assert found == (groups(figures.metric, values) or (None, None, None))
    if figures.metric is not Metric.NPS:
        assert score.mean == pytest.approx(mean(values) / (3 if figures.metric is Metric.NKI else 1))


# --- any answers, any dimension --------------------------------------------------------------------


@st.composite
def some_answers(draw: st.DrawFn) -> Given:
    survey = draw(st.sampled_from([*QUESTIONS]))
    scales = list(QUESTIONS[survey].values())
    asked = draw(st.integers(min(1, len(scales)), len(scales)))
    ratings = tuple(draw(st.sampled_from(scale)) for scale in scales[:asked])
    state = draw(st.sampled_from(["counted", "counted", "counted", "held", "refused", "void"]))
    names = st.sampled_from([None, "a", "Å b", "x'; --", "not stated"])
    return Given(
        survey,
        ratings[:1] if state == "held" else ratings,
        "refused" if state == "held" and survey == "open" else state,
        # Both ends of summer time, by the half hour.
        draw(st.sampled_from([datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC)]))
        + timedelta(minutes=30) * draw(st.integers(0, 60)),
        draw(names),
        draw(names),
        draw(names),
        draw(names),
        draw(st.sampled_from(["sv", "ro", "de", "en"])),
    )


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    some=st.lists(some_answers(), max_size=20),
    by=st.sampled_from([None, *DIMENSIONS]),
    smallest=st.integers(1, 4),
    limits=st.fixed_dictionaries(
        {},
        optional={
            "metric": st.sampled_from([*Metric]),
            "first": st.dates(date(2026, 3, 28), date(2026, 3, 30)),
            "last": st.dates(date(2026, 3, 30), date(2026, 10, 26)),
            "team": st.sampled_from(["a", "Å b"]),
            "locale": st.sampled_from(["sv", "en"]),
        },
    ),
)
def test_scores_equal_a_recomputation_of_the_same_answers(
    database: Database, some: list[Given], by: Dimension | None, smallest: int, limits: dict[str, Any]
) -> None:
    assert isinstance(database, ThrownAway)
    database.discard()
    site = opened(database, SMALLEST_N=str(smallest), SMALLEST_N_AGENT=str(smallest + 1))
    with database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], START)
    store(site, some)
    chosen = [
        each
        for each in some
        if limits.get("first", each.day) <= each.day <= limits.get("last", each.day)
        and limits.get("team", each.team) == each.team
        and limits.get("locale", each.locale) == each.locale
    ]
    wanted = expected(chosen, by)
    if "metric" in limits:
        wanted = {cell: facts for cell, facts in wanted.items() if cell[0] is limits["metric"]}
        if by is None:
            wanted.setdefault((limits["metric"], None), ([], []))
    found = scores(site, by, **limits)
    assert [(each.metric, each.group) for each in found] == sorted(
        wanted, key=lambda cell: (list(Metric).index(cell[0]), cell[1] is None, cell[1] or "")
    )
    for each in found:
        values, states = wanted[each.metric, each.group]
        check(each, values, states, smallest + (by is Dimension.AGENT))


# --- one at a time ---------------------------------------------------------------------------------


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


CSAT = Given("csat", (5,))


def csat(*ratings: int, **about: Any) -> list[Given]:
    return [replace(CSAT, ratings=(rating,), **about) for rating in ratings]


def test_nobodys_answers_are_no_score_and_need_no_protection(site: Site) -> None:
    assert scores(site) == []
    [none] = scores(site, metric=Metric.CSAT)
    assert (none.n, none.score, none.is_withheld) == (0, None, False)
    assert scores(site, Dimension.TEAM, metric=Metric.CSAT) == []


@pytest.mark.parametrize(("n", "is_withheld"), [(4, True), (5, False)])
def test_below_five_a_score_is_withheld(site: Site, n: int, is_withheld: bool) -> None:
    store(site, csat(*[5] * n, team="north"))
    for figures in (*scores(site), *scores(site, Dimension.TEAM), *scores(site, team="north")):
        assert (figures.n, figures.is_withheld, figures.score is None) == (n, is_withheld, is_withheld)


@pytest.mark.parametrize(("n", "is_withheld"), [(9, True), (10, False)])
def test_below_ten_a_single_agents_score_is_withheld(site: Site, n: int, is_withheld: bool) -> None:
    store(site, csat(*[5] * n, agent="anna", team="north"))
    for figures in (
        *scores(site, Dimension.AGENT),
        *scores(site, agent="anna"),
        *scores(site, Dimension.TEAM, agent="anna"),
    ):
        assert (figures.n, figures.is_withheld) == (n, is_withheld)
    assert not any(figures.is_withheld for figures in scores(site, Dimension.TEAM))


def test_what_is_withheld_keeps_its_counts(site: Site) -> None:
    store(site, [*csat(5, 4), *csat(1, 2, 3, state="held"), *csat(1, state="refused")])
    [figures] = scores(site)
    assert (figures.n, figures.held, figures.refused) == (2, 3, 1)
    assert figures.is_withheld and figures.score is None


def test_held_refused_and_withdrawn_answers_make_no_score(site: Site) -> None:
    others = [given for state in ("held", "refused", "void") for given in csat(1, 1, 1, state=state)]
    store(site, [*csat(5, 5, 5, 5, 5), *others])
    [figures] = scores(site)
    assert figures.score and (figures.score.n, figures.score.value) == (5, 100)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-03-28T22:59", "2026-03-28"),
        ("2026-03-28T23:00", "2026-03-29"),
        ("2026-03-29T21:59", "2026-03-29"),
        ("2026-03-29T22:00", "2026-03-30"),
        ("2026-10-24T21:59", "2026-10-24"),
        ("2026-10-24T22:00", "2026-10-25"),
        ("2026-10-25T22:59", "2026-10-25"),
        ("2026-10-25T23:00", "2026-10-26"),
        ("2026-12-31T23:00", "2027-01-01"),
    ],
)
def test_a_day_is_the_organisations_also_when_the_clocks_change(site: Site, at: str, day: str) -> None:
    store(site, csat(5, at=datetime.fromisoformat(at).replace(tzinfo=UTC)))
    [figures] = scores(site, Dimension.DAY)
    assert figures.group == day
    its, next_day = date.fromisoformat(day), date.fromisoformat(day) + timedelta(days=1)
    assert scores(site, first=its, last=its)[0].n == 1
    assert scores(site, first=next_day) == scores(site, last=its - timedelta(days=1)) == []


def test_a_period_includes_its_first_and_its_last_day(site: Site) -> None:
    for days in range(5):
        store(site, csat(5, at=START + timedelta(days=days)))
    first, last = START.date() + timedelta(days=1), START.date() + timedelta(days=3)
    assert scores(site, first=first, last=last)[0].n == 3
    with pytest.raises(FieldError, match="to: The last day is before the first"):
        scores(site, first=last, last=first)


def test_editing_and_settling_move_no_answer_to_another_day(site: Site) -> None:
    person = Visitor(site, site.invited())
    person.press(1)
    site.clock.forward(days=3)
    person.press(5)
    [figures] = scores(site, Dimension.DAY)
    assert figures.group == str(START.date())


def test_what_was_asked_and_never_answered_is_a_row_and_rows_add_up_to_the_whole(site: Site) -> None:
    store(site, csat(5, 4, team="north"))
    for team in ("north", *["south"] * 12):
        site.invited(team=team)
    site.invited("nps", team="south")
    rows = scores(site, Dimension.TEAM, metric=Metric.CSAT)
    assert [(row.group, row.n, row.response_rate) for row in rows] == [
        ("north", 2, pytest.approx(200 / 3)),
        ("south", 0, 0),
    ]
    assert not any(row.score for row in rows) and not rows[1].is_withheld
    [nps, whole] = scores(site)
    assert (whole.invited, whole.accepted, whole.n) == (15, 15, 2)
    assert sum(row.invited for row in rows) == whole.invited
    assert (nps.metric, nps.n, nps.accepted) == (Metric.NPS, 0, 1)


def test_who_sees_closed_periods_alone_sees_who_never_answered_too(site: Site) -> None:
    site.invited(team="north")
    chosen = Filter(first=START.date().replace(day=1), last=START.date().replace(day=31))
    reader = Reader(None, is_bound=True, agents=AgentFigures.OFF)
    later = START + timedelta(days=60)
    with site.database.reading() as session:
        about = (session, site.settings, reader, chosen)
        [row] = reports.scores(*about, By(Dimension.TEAM), now=later)
        [whole] = reports.scores(*about, now=later)
    assert (row.group, row.n, row.response_rate) == ("north", 0, 0)
    assert (whole.n, whole.invited) == (0, 1)


def test_the_busiest_metric_is_that_of_most_people_not_of_most_questions(site: Site) -> None:
    store(site, [*[Given("nki", (5, 5, 5))] * 2, *[Given("nki", (5,))] * 3, *csat(5, 5, 5)])
    assert busiest(site) is Metric.CSAT
    store(site, [Given("nki", (5, 5, 5))] * 2)
    assert busiest(site) is Metric.NKI
    store(site, csat(5))
    with site.database.reading() as session:
        assert choices.busiest(session, Filter()) is None
    assert busiest(site) is Metric.NKI, "more were asked"


def busiest(site: Site) -> Metric | None:
    with site.database.reading() as session:
        return reports.busiest(session, site.settings, operator(AgentFigures.NAMED), Filter(), now=START)


def test_stages_and_scores_leave_out_the_same_where_pressed_answers_alone_are_chosen(site: Site) -> None:
    person, other = Visitor(site, site.invited()), site.invited()
    person.press(5)
    with site.database.transaction() as session:
        entry = Entry(4, "Words", {})
        answers.count(session, site.settings, other.id, entry, is_verified=True, now=START)
        settled = update(Answer).where(Answer.invitation_id == other.id)
        session.execute(settled.values(evidence=Evidence.SETTLED))
    for is_pressed, n in ((False, 2), (True, 1)):
        [found] = scores(site, is_pressed=is_pressed)
        assert (found.n, found.accepted, found.answered, found.commented) == (n, 2, n, n - 1)


def test_a_property_is_offered_when_it_divides_answers_and_fits_an_address(site: Site) -> None:
    store_properties(site, [{"plan": "gold", "a=b": "x", "alone": "1"}, {"plan": "free", "a=b": "x"}])
    assert names(site) == ["plan"]


def test_of_many_properties_the_most_frequent_are_offered(site: Site) -> None:
    usual = {f"usual{number:02}": "x" for number in range(20)}
    store_properties(site, [usual | {"aa": "x"}, usual | {"aa": "x"}, usual])
    assert names(site) == sorted(usual)


def store_properties(site: Site, some: Iterable[dict[str, Any]]) -> None:
    for properties in some:
        Visitor(site, site.invited(properties=properties)).press(5)


def names(site: Site) -> list[str]:
    with site.database.reading() as session:
        return choices.property_names(session, Filter())


def test_every_filter_chooses_by_its_own_column(site: Site) -> None:
    about: dict[str, Any] = {
        "agent": "anna",
        "team": "north",
        "case_type": "billing",
        "channel": "email",
        "locale": "sv",
    }
    store(site, csat(5, **about))
    store(site, csat(1))
    for name, wanted in about.items():
        assert [each.n for each in scores(site, None, **{name: wanted})] == [1], name
        assert scores(site, None, **{name: "other"}) == []
    assert scores(site, **about)[0].n == 1
    about["team"] = "south"
    assert scores(site, **about) == []


def test_answers_without_a_team_are_a_group_of_their_own_at_the_end(site: Site) -> None:
    store(site, [*csat(5), *csat(4, team="south"), *csat(3, team="north")])
    assert [each.group for each in scores(site, Dimension.TEAM)] == ["north", "south", None]


def test_both_kinds_of_effort_are_never_one_score(database: Database) -> None:
    site = opened(database, SMALLEST_N="1")
    for survey in ("ces", "ces_ease"):
        Visitor(site, site.invited(survey)).press(7)
    found = scores(site)
    assert [each.metric for each in found] == [Metric.CES, Metric.CES_EASE]
    assert [each.score and each.score.favourable for each in found] == [0, 1]


def test_held_answers_are_listed_newest_first_with_the_reason_of_this_moment(site: Site) -> None:
    invited = [site.invited(ticket_ref=f"T-{n}") for n in (1, 2, 3)]
    site.clock.forward(minutes=11)
    people = [Visitor(site, each) for each in invited]
    for person in people:
        site.clock.forward(minutes=1)
        person.stay(4)
    people[2].press(4)
    people[0].open(1)
    with site.database.reading() as session:
        held = reports.held(session, site.settings, site.clock())
    assert [(each.ticket_ref, each.rating, each.reason) for each in held] == [
        ("T-2", 4, "waiting"),
        ("T-1", 4, "several_ratings"),
    ]
    assert (held[0].id, held[0].survey, held[0].metric) == (invited[1].id, "csat", Metric.CSAT)
    assert held[0].day == START.date()
