"""Targets: what may be one, and what the log says of it."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from surveyapp import audit, targets
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.scoring import exact
from surveyapp.db import Database
from surveyapp.i18n import language
from surveyapp.models import User
from surveyapp.recorded import deed_sentence, details
from tests.support.people import START, Site, opened
from tests.support.staff import account


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def user(site: Site) -> User:
    return account(site)


def set_target(site: Site, user: User, metric: Metric, value: float, purpose: str = "Agreed") -> None:
    site.clock.forward(minutes=1)
    with site.database.transaction() as session:
        targets.set_target(session, user.id, metric, value, purpose, site.clock())


def refused(site: Site, user: User, *given: Any) -> tuple[str, Problem]:
    with pytest.raises(FieldError) as caught:
        set_target(site, user, *given)
    return caught.value.field, caught.value.problem


def said(site: Site) -> list[tuple[str, list[tuple[str, str]]]]:
    """The log, the oldest first."""
    with site.database.reading() as session:
        entries = [each for each in audit.entries(session, 10) if each.deed.value.startswith("target")]
    tongue = language("en")
    return [(deed_sentence(tongue, each), details(tongue, each)) for each in reversed(entries)]


def test_a_target_is_read_as_it_was_set(site: Site, user: User) -> None:
    set_target(site, user, Metric.CES, 2.3, "  Fewer calls back ")
    with site.database.reading() as session:
        found = targets.all_targets(session)
    assert found == {
        Metric.CES: targets.Aim(
            Metric.CES, Fraction(23, 10), "Fewer calls back", "Anna Berg", START + timedelta(minutes=1)
        )
    }


def test_the_bounds_are_the_ends_of_each_scale() -> None:
    ends = {
        metric: {exact(metric, {rating: 1}) for rating in (scale.sums[0], scale.sums[-1])}
        for metric, scale in SCALES.items()
    }
    assert {metric: set(bounds) for metric, bounds in targets.BOUNDS.items()} == ends


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (Metric.NPS, -101),
        (Metric.NPS, 30.5),
        (Metric.CSAT, 100.5),
        (Metric.CSAT, -1),
        (Metric.CES, 0.99),
        (Metric.CES, 2.345),
        (Metric.NKI, float("nan")),
        (Metric.NKI, float("inf")),
    ],
)
def test_a_score_that_cannot_be_is_no_target(site: Site, user: User, metric: Metric, value: float) -> None:
    problem = Problem.RANGE if metric is Metric.CES else Problem.NUMBER
    assert refused(site, user, metric, value) == ("value", problem)
    assert said(site) == []


def test_an_open_comment_has_no_target(site: Site, user: User) -> None:
    assert refused(site, user, Metric.OPEN, 1) == ("metric", Problem.UNKNOWN)


def test_a_target_says_in_one_line_what_it_is_for(site: Site, user: User) -> None:
    assert refused(site, user, Metric.NPS, 0, "  ") == ("purpose", Problem.MISSING)
    assert refused(site, user, Metric.NPS, 0, "Two\nlines") == ("purpose", Problem.NO_TEXT)
    assert refused(site, user, Metric.NPS, 0, "x" * 201) == ("purpose", Problem.LONG)


def test_the_log_says_what_was_set_and_removed_but_not_what_for(site: Site, user: User) -> None:
    set_target(site, user, Metric.NPS, -10, "Until summer")
    set_target(site, user, Metric.NPS, -10, "Until summer")
    set_target(site, user, Metric.NPS, 0, "Until summer")
    site.clock.forward(minutes=1)
    with site.database.transaction() as session:
        targets.remove_target(session, user.id, Metric.NPS, site.clock())
        targets.remove_target(session, user.id, Metric.NPS, site.clock())
    assert said(site) == [
        ("A target was set.", [("Target", "−10")]),
        ("A target was set.", [("Target", "0"), ("Previous target", "−10")]),
        ("A target was removed.", [("Previous target", "0")]),
    ]
    with site.database.reading() as session:
        assert targets.all_targets(session) == {}
        logged = [each for each in audit.entries(session, 10) if each.deed is Deed.TARGET_SET]
        assert "summer" not in str(logged) and {each.target for each in logged} == {"nps"}
