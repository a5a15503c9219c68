"""What a viewer may ask, what the replies are made of, and what stays as it was."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from surveyapp import reports
from surveyapp.core.access import AgentFigures, Reader
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.periods import Grain, Period, Whole, whole_of
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.figures import Figures
from surveyapp.models import Answer, Invitation
from surveyapp.selecting import By, Dimension, Filter
from tests.support.people import Site, opened
from tests.test_reports import Given, store

VIEWER = Reader(None, is_bound=True, agents=AgentFigures.OFF)
NOW = datetime(2026, 7, 6, 8, tzinfo=UTC)
TEAM = By(Dimension.TEAM)
MARCH = whole_of(Whole.MONTH, date(2026, 3, 1))
APRIL = whole_of(Whole.MONTH, date(2026, 4, 1))
SPRING = whole_of(Whole.QUARTER, date(2026, 4, 1))
WEEK = Period(date(2026, 3, 9), date(2026, 3, 15))


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def csat(day: date, *ratings: int, **about: Any) -> list[Given]:
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return [Given("csat", (rating,), at=at, **about) for rating in ratings]


def scores(
    site: Site, chosen: Filter, by: By | None = None, reader: Reader = VIEWER, **more: Any
) -> list[Figures]:
    with site.database.reading() as session:
        return reports.scores(session, site.settings, reader, chosen, by, **{"now": NOW, **more})


def said(found: list[Figures]) -> dict[str | None, Any]:
    """Group -> n, score and why there is none."""
    return {each.group: (each.n, each.score.value if each.score else None, each.why) for each in found}


def refusal(site: Site, chosen: Filter, by: By | None = None) -> tuple[str, Problem] | None:
    try:
        scores(site, chosen, by)
    except FieldError as error:
        return error.field, error.problem
    return None


def of(first: date | None, last: date | None, **more: Any) -> Filter:
    return Filter(first=first, last=last, **more)


def test_periods_are_whole_and_closed_and_with_a_dimension_no_weeks(site: Site) -> None:
    june = whole_of(Whole.MONTH, date(2026, 6, 1))
    assert [refusal(site, Filter().within(each)) for each in (WEEK, MARCH, SPRING, june)] == [None] * 4
    for chosen in (
        Filter(),
        of(MARCH.first, None),
        of(None, MARCH.last),
        of(MARCH.first, MARCH.first),
        Filter().within(Period(MARCH.first, APRIL.last)),
        Filter().within(whole_of(Whole.MONTH, date(2026, 7, 1))),
        Filter().within(whole_of(Whole.YEAR, date(2026, 7, 1))),
    ):
        assert refusal(site, chosen) == ("from", Problem.WHOLE)
        assert refusal(site, chosen, TEAM) == ("from", Problem.WHOLE_MONTHS)
        assert refusal(site, replace(chosen, team="north")) == ("from", Problem.WHOLE_MONTHS)
    assert refusal(site, Filter().within(WEEK), TEAM) == ("from", Problem.WHOLE_MONTHS)
    assert refusal(site, Filter(locale="sv").within(WEEK)) == ("from", Problem.WHOLE_MONTHS)


def test_june_is_closed_on_the_monday_after_its_last_week_at_six(site: Site) -> None:
    june = Filter().within(whole_of(Whole.MONTH, date(2026, 6, 1)))
    assert scores(site, june, now=datetime(2026, 7, 6, 4, tzinfo=UTC)) == []
    with pytest.raises(FieldError, match="from"):
        scores(site, june, now=datetime(2026, 7, 6, 3, 59, tzinfo=UTC))


def test_one_dimension_at_a_time(site: Site) -> None:
    march = Filter().within(MARCH)
    assert refusal(site, replace(march, team="a", channel="b")) == ("channel", Problem.ONE)
    assert refusal(site, replace(march, team="a"), By(Dimension.CHANNEL)) == ("team", Problem.ONE)
    assert refusal(site, replace(march, team="a"), TEAM) == ("team", Problem.ONE)
    assert refusal(site, replace(march, of_property=("plan", "pro")), TEAM) == ("of_property", Problem.ONE)
    assert refusal(site, replace(march, is_pressed=True)) == ("pressed", Problem.ONE)
    assert refusal(site, march, By(Dimension.AGENT)) == ("by", Problem.AGENTS_OFF)


def test_a_trend_is_by_whole_weeks_or_whole_months_and_of_a_group_by_months(site: Site) -> None:
    weeks, months = By(Dimension.WEEK), By(Dimension.MONTH)
    covered = Filter().within(Period(WEEK.first, WEEK.last + timedelta(days=14)))
    assert refusal(site, covered, weeks) is None
    assert refusal(site, covered, months) == ("from", Problem.WHOLE_MONTHS)
    spring = Filter().within(Period(MARCH.first, APRIL.last))
    assert refusal(site, spring, months) is None
    assert refusal(site, replace(spring, team="a"), months) is None
    assert refusal(site, spring, weeks) == ("from", Problem.WHOLE)
    assert refusal(site, replace(covered, team="a"), weeks) == ("by", Problem.WHOLE_MONTHS)
    assert refusal(site, spring, By(Dimension.DAY)) == ("by", Problem.WHOLE)


def test_a_small_group_hides_itself_and_the_one_that_would_tell_of_it(site: Site) -> None:
    teams = {"north": (5, 5, 5, 4, 1, 1, 5, 5, 1), "south": (5, 5, 4, 2, 1, 2), "west": (5, 1)}
    day = date(2026, 3, 10)
    store(site, [given for team, ratings in teams.items() for given in csat(day, *ratings, team=team)])
    march = Filter().within(MARCH)
    assert said(scores(site, march, TEAM)) == {
        "north": (9, pytest.approx(100 * 6 / 9), None),
        "south": (6, None, "protects"),
        "west": (2, None, "few"),
    }
    # One group alone is no way round it, nor in a trend, and a total tells no contrast with the others.
    for team, wanted in said(scores(site, march, TEAM)).items():
        assert said(scores(site, replace(march, team=team))) == {None: wanted}
        assert said(scores(site, replace(march, team=team), By(Dimension.MONTH))) == {"2026-03": wanted}
    assert [each.contrast for each in scores(site, march, TEAM)] == [None] * 3
    assert said(scores(site, march)) == {None: (17, pytest.approx(100 * 10 / 17), None)}


def test_where_all_is_shown_a_viewer_reads_what_a_leader_reads(site: Site) -> None:
    days = [date(2026, 3, 10), date(2026, 4, 10)]
    given = [
        given for day in days for team in ("north", None) for given in csat(day, 5, 4, 1, 5, 2, team=team)
    ]
    store(site, [*given, *csat(days[0], 1, 2, state="held"), *csat(days[0], 3, state="refused")])
    store(site, [Given("open", (), at=given[0].at)])
    leader = replace(VIEWER, is_bound=False)
    for period in (MARCH, SPRING):
        chosen = Filter().within(period)
        for by in (None, TEAM, By(Dimension.LOCALE), By(Dimension.VERSION), By(Dimension.PROPERTY, "plan")):
            mine, theirs = (scores(site, chosen, by, reader, is_compared=True) for reader in (VIEWER, leader))
            assert mine == theirs
    for chosen in (Filter(metric=Metric.CSAT), Filter(locale="en-GB"), Filter(team="north")):
        chosen = chosen.within(Period(MARCH.first, SPRING.last))
        with site.database.reading() as session:
            mine_by_month, theirs_by_month = (
                reports.trend(session, site.settings, reader, chosen, Grain.MONTH, now=NOW)
                for reader in (VIEWER, leader)
            )
        assert mine_by_month == theirs_by_month


def test_what_counts_only_after_its_week_was_closed_stays_out(site: Site) -> None:
    store(site, csat(WEEK.last, 5, 5, 5, 5, 5))
    store(site, csat(WEEK.last, 1, state="held"))
    six_in_berlin = datetime(2026, 3, 16, 5, tzinfo=UTC)
    with site.database.transaction() as session:
        released = update(Answer).where(Answer.state == "held")
        session.execute(released.values(state="counted", first_counted_at=six_in_berlin))
    for period in (WEEK, MARCH):
        [figures] = scores(site, Filter().within(period))
        assert (figures.n, figures.score and figures.score.value) == (5, 100)
        [figures] = scores(site, Filter().within(period), reader=replace(VIEWER, is_bound=False))
        assert figures.n == 6


def test_a_readers_own_teams_alone_are_added_up(site: Site) -> None:
    store(site, [*csat(WEEK.first, 5, 5, 5, 5, 5, team="north"), *csat(WEEK.first, 1, 1, 1, team="south")])
    own = replace(VIEWER, teams=frozenset({"north"}))
    assert said(scores(site, Filter().within(MARCH), reader=own)) == {None: (5, 100, None)}
    assert said(scores(site, Filter().within(MARCH), TEAM, reader=own)) == {"north": (5, 100, None)}
    assert scores(site, Filter(team="south").within(MARCH), reader=own) == []
    assert said(scores(site, Filter(metric=Metric.NPS).within(MARCH))) == {None: (0, None, None)}


def test_a_change_is_told_only_between_two_figures_that_are_shown(site: Site) -> None:
    store(
        site, [*csat(MARCH.first, 5, 5), *csat(APRIL.first, 5, 5, 5, 1, 1), *csat(date(2026, 5, 4), *[5] * 6)]
    )
    [april] = scores(site, Filter().within(APRIL), is_compared=True)
    assert (april.before and april.before.n, april.before and april.before.why) == (2, "few")
    assert april.score and april.change is None
    [may] = scores(site, Filter().within(whole_of(Whole.MONTH, date(2026, 5, 1))), is_compared=True)
    assert may.change and may.change.difference == pytest.approx(40)
    [week] = scores(site, Filter().within(whole_of(Whole.WEEK, date(2026, 5, 4))), is_compared=True)
    assert week.before and week.before.n == 0


def test_where_a_program_sees_named_agents_a_total_needs_as_many_as_an_agent(site: Site) -> None:
    store(site, csat(WEEK.first, *[5] * 9, agent="anna"))
    program = Reader(None, is_bound=True, agents=AgentFigures.NAMED)
    march = Filter().within(MARCH)
    assert said(scores(site, march, By(Dimension.AGENT), program)) == {"anna": (9, None, "few")}
    assert said(scores(site, march, None, program)) == {None: (9, None, "few")}
    store(site, csat(WEEK.first, 5, agent="anna"))
    assert said(scores(site, march, By(Dimension.AGENT), program)) == {"anna": (10, 100, None)}


def test_what_is_being_forgotten_day_by_day_cannot_be_asked_for_by_two_readings(site: Site) -> None:
    gold = By(Dimension.PROPERTY, "plan")
    store(
        site, csat(date(2026, 3, 9), *[5] * 6, agent="anna") + csat(date(2026, 4, 10), *[4] * 6, agent="bo")
    )
    store(site, csat(date(2027, 1, 11), *[5] * 6, agent="anna"))
    with site.database.transaction() as session:
        session.execute(update(Invitation).values(properties={"plan": "gold"}))
    program = Reader(None, is_bound=True, agents=AgentFigures.NAMED)
    agent, january = By(Dimension.AGENT), whole_of(Whole.MONTH, date(2027, 1, 1))

    def refused(days: int, chosen: Filter, by: By | None) -> tuple[str, Problem] | None:
        """When the first invitation is so many days old; None: there is a figure."""
        now = datetime(2026, 3, 9, 9, tzinfo=UTC) + timedelta(days=days)
        try:
            found = scores(site, chosen, by, program, now=now, is_compared=by is not None)
        except FieldError as error:
            return error.field, error.problem
        assert found
        return None

    no = "from", Problem.WHOLE_MONTHS
    april = Filter().within(APRIL)
    for chosen, by in (
        (april, gold),
        (replace(april, of_property=("plan", "gold")), None),
        (replace(april, of_property=("plan", "gold")), By(Dimension.MONTH)),
    ):
        assert [refused(days, chosen, by) for days in (364, 365, 366, 4000)] == [None, no, no, no]
    for chosen, by in ((april, agent), (replace(april, agent="bo"), None)):
        assert [refused(days, chosen, by) for days in (729, 730, 4000)] == [None, no, no]
    # What is kept for good stays, and so does another year, without the one before to compare with.
    assert [refused(4000, april, by) for by in (TEAM, None)] == [None, None]
    assert refused(366, Filter().within(january), gold) is None
