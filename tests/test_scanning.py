"""How much of the mail to a domain is opened by scanners."""

from datetime import timedelta

import pytest

from surveyapp import scanning
from surveyapp.core.errors import FieldError
from surveyapp.db import Database
from surveyapp.models import Domain
from surveyapp.scanning import DomainTraffic
from tests.support.people import Invited, Site, Visitor, opened


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def invited(site: Site, domain: str, n: int) -> list[Invited]:
    return [site.invited(address=f"kund{number}@{domain}") for number in range(n)]


def scan(site: Site, someone: Invited) -> None:
    for rating in (1, 5):
        Visitor(site, someone).open(rating)


def domains(site: Site) -> list[DomainTraffic]:
    with site.database.reading() as session:
        return scanning.domains(session, site.clock())


def test_a_domain_is_told_with_what_came_of_its_mail(site: Site) -> None:
    opened_, scanned, pressed, unpressed = invited(site, "stor.example", 5)[:4]
    site.clock.forward(hours=1)
    Visitor(site, opened_).open(4)
    scan(site, scanned)
    Visitor(site, pressed).press(4)
    person = Visitor(site, unpressed)
    person.open(4)
    person.tell("gesture", 5)
    [found] = domains(site)
    assert found == DomainTraffic("stor.example", accepted=5, opened=3, scanned=1, answered=2, pressed=1)
    assert (found.scanned_share, found.unpressed_share) == (20.0, 50.0)


def test_the_worst_come_first_and_of_the_equal_the_larger(site: Site) -> None:
    for domain, n, scans in (
        ("a.example", 3, 1),
        ("b.example", 4, 4),
        ("c.example", 3, 0),
        ("d.example", 4, 0),
    ):
        for someone in invited(site, domain, n)[:scans]:
            scan(site, someone)
    assert [each.domain for each in domains(site)] == ["b.example", "a.example", "d.example", "c.example"]


def test_domains_that_may_be_one_person_stand_together_without_a_name(site: Site) -> None:
    invited(site, "anna-berg.example", 2)
    [alone] = invited(site, "björn.example", 1)
    invited(site, "stor.example", 3)
    for _ in range(3):
        site.invited(address=None)
    Visitor(site, alone).press(3)
    assert [(each.domain, each.accepted, each.pressed) for each in domains(site)] == [
        ("stor.example", 3, 0),
        (None, 6, 1),
    ]


def test_no_shares_are_told_of_nothing(site: Site) -> None:
    assert domains(site) == []
    nothing = DomainTraffic(None, 0, 0, 0, 0, 0)
    assert nothing.scanned_share is None and nothing.unpressed_share is None


def test_what_is_older_than_thirty_days_and_what_was_not_accepted_is_not_told(site: Site) -> None:
    invited(site, "stor.example", 3)
    site.clock.forward(days=30)
    assert [each.accepted for each in domains(site)] == [3]
    site.invited(address="x@stor.example", is_mailed=True)
    site.clock.forward(seconds=1)
    assert domains(site) == []


def test_at_most_a_hundred_are_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MOST", 2)
    for name in "abc":
        invited(site, f"{name}.example", 3)
    assert [each.domain for each in domains(site)] == ["a.example", "b.example"]


def test_a_mark_is_made_moved_and_taken_away_by_hand(site: Site) -> None:
    invited(site, "xn--mller-kva.example", 3)
    soon, later = site.clock() + timedelta(days=1), site.clock() + timedelta(days=9)
    with site.database.transaction() as session:
        assert scanning.mark(session, " Müller.example. ", soon) == "xn--mller-kva.example"
        scanning.mark(session, "xn--MLLER-kva.example", later)
        assert scanning.marked(session, site.clock()) == {"xn--mller-kva.example": later}
    assert [each.marked_until for each in domains(site)] == [later]
    for _ in range(2):
        with site.database.transaction() as session:
            scanning.unmark(session, "müller.example")
    assert site.rows(Domain) == [] and domains(site)[0].marked_until is None


def test_a_mark_that_is_over_is_not_told(site: Site) -> None:
    invited(site, "stor.example", 3)
    with site.database.transaction() as session:
        scanning.mark(session, "stor.example", site.clock())
        assert scanning.marked(session, site.clock()) == {}
    assert domains(site)[0].marked_until is None


@pytest.mark.parametrize(
    "name", ["", " ", "a b.example", "a..example", "ex\0ample", "@", "x" * 300, "<b>.se"]
)
def test_what_is_no_domain_is_not_marked(site: Site, name: str) -> None:
    with pytest.raises(FieldError), site.database.transaction() as session:
        scanning.mark(session, name, site.clock())
