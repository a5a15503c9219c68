"""Dated markers: what happened on a day."""

from datetime import date, timedelta

import pytest

from surveyapp import markers
from surveyapp.core.access import Role, Viewer
from surveyapp.core.errors import FieldError, NotAllowedError, Problem
from surveyapp.core.periods import Period
from surveyapp.db import Database
from surveyapp.models import Marker, Record
from tests.support.people import START, Site, opened
from tests.support.staff import account

TODAY = START.date()


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def leader(site: Site) -> Viewer:
    return Viewer(account(site, Role.LEADER).id, Role.LEADER, None)


def add(site: Site, viewer: Viewer, day: date = TODAY, words: str = "New phone menu") -> str:
    with site.database.transaction() as session:
        return markers.add(session, site.settings, viewer, day, words, site.clock()).id


def found(site: Site, period: Period | None = None) -> list[tuple[date, str]]:
    with site.database.reading() as session:
        return [(each.day, each.words) for each in markers.within(session, period)]


def test_a_marker_is_found_in_a_period_that_has_its_day(site: Site) -> None:
    viewer = leader(site)
    for days, words in ((2, "c"), (0, "a"), (1, "b"), (1, "b too")):
        add(site, viewer, TODAY + timedelta(days=days), words)
        site.clock.forward(seconds=1)
    second, third = TODAY + timedelta(days=1), TODAY + timedelta(days=2)
    assert found(site) == [(TODAY, "a"), (second, "b"), (second, "b too"), (third, "c")]
    assert found(site, Period(second, second)) == [(second, "b"), (second, "b too")]
    assert found(site, Period(TODAY, second)) == found(site)[:3]


def test_both_deeds_are_logged_without_the_words(site: Site) -> None:
    viewer = leader(site)
    made = add(site, viewer, words=" Åsa Berg left ")
    assert found(site) == [(TODAY, "Åsa Berg left")]
    for _ in range(2):
        with site.database.transaction() as session:
            markers.remove(session, viewer, made, site.clock())
    assert site.rows(Marker) == []
    records = [(row["deed"], row["user_id"], row["target"], row["detail"]) for row in site.rows(Record)]
    assert sorted(records) == [
        ("marker_added", viewer.id, made, {}),
        ("marker_removed", viewer.id, made, {}),
    ]


@pytest.mark.parametrize(
    ("day", "words", "field", "problem"),
    [
        (date(1999, 12, 31), "x", "day", Problem.DATE),
        (TODAY + timedelta(days=367), "x", "day", Problem.FAR),
        (TODAY, "  ", "words", Problem.MISSING),
        (TODAY, "x" * 201, "words", Problem.LONG),
        (TODAY, "one\ntwo", "words", Problem.NO_TEXT),
    ],
)
def test_what_is_no_marker_is_refused(
    site: Site, day: date, words: str, field: str, problem: Problem
) -> None:
    viewer = leader(site)
    with pytest.raises(FieldError) as refused:
        add(site, viewer, day, words)
    assert (refused.value.field, refused.value.problem) == (field, problem)
    assert found(site) == []


def test_plans_and_long_words_are_taken(site: Site) -> None:
    add(site, leader(site), TODAY + timedelta(days=366), "x" * 200)
    assert len(found(site)) == 1


def test_who_may_set_no_targets_sets_no_markers(site: Site) -> None:
    made = add(site, leader(site))
    viewer = Viewer("nobody", Role.VIEWER, None)
    with pytest.raises(NotAllowedError):
        add(site, viewer)
    with site.database.transaction() as session, pytest.raises(NotAllowedError):
        markers.remove(session, viewer, made, site.clock())
    assert len(found(site)) == 1
