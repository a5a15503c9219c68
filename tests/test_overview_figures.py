"""The overview reads the counts once, and yet says what `scores` and `trend` say."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveyapp import reports, surveys
from surveyapp.core.access import AgentFigures, operator
from surveyapp.core.errors import FieldError
from surveyapp.core.periods import Grain, Period
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.reports import Around
from surveyapp.selecting import Filter
from tests.support.databases import ThrownAway
from tests.support.people import START, Site, Visitor, opened
from tests.test_reports import Given, some_answers, store

READER = operator(AgentFigures.NAMED)
SPRING = START.replace(day=28)
TODAY = START.date()


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    some=st.lists(some_answers(), max_size=15),
    days=st.integers(1, 3),
    grain=st.sampled_from(Grain),
    metric=st.sampled_from([None, Metric.CSAT, Metric.NKI, Metric.OPEN]),
    team=st.sampled_from([None, "a"]),
)
def test_it_says_what_scores_and_trend_say(
    database: Database, some: list[Given], days: int, grain: Grain, metric: Metric | None, team: str | None
) -> None:
    assert isinstance(database, ThrownAway)
    database.discard()
    site = opened(database, SMALLEST_N="2")
    with database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], START)
    store(site, some)
    first = SPRING.date() + timedelta(days=1)
    period = Period(first, first + timedelta(days=days - 1))
    chosen = Filter(metric=metric, first=period.first, last=period.last, team=team)
    about = (site.settings, READER, chosen)
    with database.reading() as session:
        found = reports.overview(
            session, *about, grain, now=SPRING, events=[first - timedelta(days=1), first]
        )
        assert found.figures == reports.scores(session, *about, now=SPRING, is_compared=True)
        # A metric that is asked for is said to have no answers, yet has no trend.
        assert found.trends == reports.trend(session, *about, grain, now=SPRING)


def csat(n: int, rating: int, days: int) -> list[Given]:
    return [Given("csat", (rating,), at=START + timedelta(days=days)) for _ in range(n)]


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def around(site: Site, days: int) -> list[Around]:
    chosen = Filter(first=TODAY, last=TODAY)
    with site.database.reading() as session:
        return reports.overview(
            session,
            site.settings,
            READER,
            chosen,
            Grain.DAY,
            now=site.clock(),
            events=[TODAY + timedelta(days=days)],
        ).around


def test_before_and_after_an_event_are_28_days_each_though_the_period_is_shorter(site: Site) -> None:
    # What lies just outside either stretch would turn the change round.
    store(site, [*csat(9, 1, -29), *csat(8, 5, -28), *csat(7, 5, -1), *csat(6, 1, 0), *csat(5, 1, 27)])
    store(site, csat(30, 5, 28))
    [found] = around(site, 0)
    assert found.before == Period(TODAY - timedelta(days=28), TODAY - timedelta(days=1))
    assert found.after == Period(TODAY, TODAY + timedelta(days=27))
    [figures] = found.figures
    assert figures.before and (figures.before.n, figures.n) == (15, 11)
    assert figures.change and figures.change.is_demonstrable and figures.change.difference == -100


def test_an_event_is_compared_up_to_today_and_not_before_it_has_begun(site: Site) -> None:
    store(site, csat(5, 5, 0))
    [begun] = around(site, 0)
    assert begun.after == Period(TODAY, TODAY) and begun.figures[0].change is None
    assert around(site, 1) == []


def test_the_cohorts_are_there_where_nobody_has_answered(site: Site) -> None:
    person = Visitor(site, site.invited("nps"))
    site.invited("csat")
    person.press(9)
    with site.database.reading() as session:
        day = Filter(first=TODAY, last=TODAY)
        found = reports.overview(session, site.settings, READER, day, Grain.DAY, now=site.clock())
        csat_alone = Filter(Metric.CSAT, TODAY, TODAY)
        alone = reports.overview(session, site.settings, READER, csat_alone, Grain.DAY, now=site.clock())
    assert {metric: (each.invited, each.answered) for metric, each in found.asked.items()} == {
        Metric.NPS: (1, 1),
        Metric.CSAT: (1, 0),
    }
    assert [*alone.asked] == [Metric.CSAT]


def test_it_needs_two_ends(site: Site) -> None:
    with site.database.reading() as session, pytest.raises(FieldError, match="from"):
        reports.overview(session, site.settings, READER, Filter(first=TODAY), Grain.DAY, now=START)
