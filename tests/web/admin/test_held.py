"""Held and refused answers, and the domains whose scanners open mails."""

import re

import pytest

from surveyapp.core.access import Permission, Role
from surveyapp.db import Database
from surveyapp.models import Domain, Record
from tests.support.people import Invited, Page, Site, Visitor, opened
from tests.support.staff import Staff, staff


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def held(site: Site, **about: str) -> Invited:
    """An answer that a scanner made: two ratings were opened."""
    made = site.invited(**{"ticket_ref": "T-1", "address": "kund@stor.example", **about})
    site.clock.forward(hours=1)
    machine = Visitor(site, made)
    machine.open(1)
    machine.open(4)
    machine.tell("seen", 4)
    return made


def chosen(page: Page, act: str) -> list[str]:
    """The reason that is preselected in each form of this act."""
    forms = re.findall(rf'(?s)<form[^>]*/{act}".*?</form>', page.response.text)
    return [found[1] for form in forms if (found := re.search(r'value="(\w+)"\s+selected', form))]


def press(somebody: Staff, made: Invited, act: str, page: Page) -> Page:
    """One click: the form as it stands."""
    return somebody.post(f"/held/{made.id}/{act}", why=chosen(page, act)[0])


def deeds(site: Site) -> list[tuple[str, str | None, dict[str, object]]]:
    return [(row["deed"], row["target"], row["detail"]) for row in site.rows(Record)]


def test_a_held_answer_is_told_with_why_and_whence(site: Site) -> None:
    held(site)
    page = staff(site).get("/held")
    assert "T-1" in page.words and "4 – Satisfied" in page.words
    assert "Links with different ratings were opened, as mail scanners do." in page.words
    assert "stor.example 2 links opened" in page.words
    assert "2 Mar 2026" in page.words


def test_one_click_releases_with_a_sensible_reason(site: Site) -> None:
    made = held(site)
    admin = staff(site)
    page = admin.get("/held")
    assert chosen(page, "release") == ["looks_genuine"] and chosen(page, "refuse") == ["known_scanner"]
    after = admin.follow(press(admin, made, "release", page))
    assert site.n() == 1 and "The answer counts." in after.words and "No answer is held." in after.words
    assert deeds(site) == [("released", made.id, {"why": "looks_genuine"})]


def test_no_scanner_is_blamed_where_nothing_speaks_for_one(site: Site) -> None:
    made = site.invited(ticket_ref="T-1")
    site.clock.forward(hours=1)
    Visitor(site, made).stay(4)
    page = staff(site).get("/held")
    assert chosen(page, "refuse") == ["other"] and "Looked at again on 2 Mar 2026" in page.words


def test_a_refused_answer_moves_to_its_own_list_and_may_still_be_released(site: Site) -> None:
    made = held(site)
    admin = staff(site)
    admin.post(f"/held/{made.id}/refuse", why="wrong_person")
    assert site.state(made) == ("refused", "wrong_person", 4)
    assert "T-1" not in admin.get("/held").words
    page = admin.get("/held/refused")
    assert "Somebody other than the customer answered." in page.words and chosen(page, "refuse") == []
    after = admin.post(f"/held/{made.id}/release", why="person_confirmed", tab="refused")
    assert after.location == "/admin/held/refused" and site.n() == 1


def test_the_second_of_two_clicks_is_told_that_it_was_late(site: Site) -> None:
    made = held(site)
    admin = staff(site)
    page = admin.get("/held")
    press(admin, made, "release", page)
    late = press(admin, made, "release", page)
    assert late.status == 409 and late.heading == "This is not possible any more" and len(deeds(site)) == 1


def test_a_reason_that_was_not_offered_judges_nothing(site: Site) -> None:
    made = held(site)
    admin = staff(site)
    for act, why in (("release", "spam"), ("refuse", "person_confirmed"), ("release", "")):
        assert admin.post(f"/held/{made.id}/{act}", why=why).status == 422
    state = site.state(made)
    assert state and state[0] == "held" and deeds(site) == []
    assert admin.post("/held/nobody/release", why="other").status == 404


@pytest.mark.parametrize("role", [Role.LEADER, Role.SUPPORT, Role.AGENT, Role.VIEWER])
def test_only_who_may_judge_gets_in(site: Site, role: Role) -> None:
    made = held(site)
    somebody = staff(site, role)
    for path in ("/held", "/held/refused", "/held/domains"):
        assert somebody.get(path).status == 403
    for path in (
        f"/held/{made.id}/release",
        f"/held/{made.id}/refuse",
        "/held/domains",
        "/held/domains/trust",
    ):
        assert somebody.post(path, why="other", domain="a.example").status == 403
    assert site.n() == 0 and site.rows(Domain) == []


def test_pages_and_languages(site: Site) -> None:
    for number in range(51):
        held(site, ticket_ref=f"T-{number:02}")
    german = staff(site, language="de")
    first = german.get("/held")
    assert "4 – Zufrieden" in first.words and "T-00" not in first.words
    more = re.search(r'href="([^"]*cursor=[^"]*)"', first.text)
    assert more and "T-00" in german.get(more[1]).words


def test_stored_markup_is_shown_as_it_was_written(site: Site) -> None:
    nasty = "<b>\"x'&"
    held(site, ticket_ref=nasty)
    page = staff(site).get("/held")
    assert nasty in page.text and "<b>" not in page.response.text


# --- domains ---------------------------------------------------------------------------------------


def traffic(site: Site, domain: str = "stor.example") -> None:
    """Four mails: one scanned, one pressed, one counted without a press."""
    scanned, pressed, unpressed, _ = [site.invited(address=f"kund{n}@{domain}") for n in range(4)]
    site.clock.forward(hours=1)
    for rating in (1, 5):
        Visitor(site, scanned).open(rating)
    Visitor(site, pressed).press(4)
    person = Visitor(site, unpressed)
    person.open(4)
    person.tell("gesture", 5)


def test_a_domain_is_told_with_its_shares_and_their_n(site: Site) -> None:
    traffic(site)
    page = staff(site).get("/held/domains")
    assert "stor.example 4 25% (n = 4) 2 50% (n = 2) –" in page.words
    swedish = staff(site, language="sv").get("/held/domains").words.replace("\xa0", " ")
    assert "25 % (n = 4)" in swedish


def test_small_domains_stand_together_without_name_and_button(site: Site) -> None:
    site.invited(address="anna@anna-berg.example")
    page = staff(site).get("/held/domains")
    assert "All small ones together" in page.words and "anna-berg" not in page.text


def test_a_domain_is_marked_and_trusted_by_hand_and_the_log_says_not_which(site: Site) -> None:
    traffic(site)
    admin = staff(site)
    page = admin.follow(admin.post("/held/domains", domain="stor.example"))
    assert "The domain is marked." in page.words and "1 Apr 2026" in page.words
    assert [row["domain"] for row in site.rows(Domain)] == ["stor.example"]
    page = admin.follow(admin.post("/held/domains/trust", domain="stor.example"))
    assert "1 Apr 2026" not in page.words and site.rows(Domain) == []
    assert sorted(deeds(site), key=str) == [
        ("setting_changed", "scanning", {"is_marked": False}),
        ("setting_changed", "scanning", {"is_marked": True}),
    ]


def test_another_domain_is_marked_and_shown_to_those_who_see_customers(site: Site) -> None:
    admin = staff(site)
    admin.post("/held/domains", domain=" Bücher.example. ")
    assert "xn--bcher-kva.example" in admin.get("/held/domains").words
    modest = staff(site, allowed={Permission.CUSTOMERS: False})
    assert "xn--bcher" not in modest.get("/held/domains").text


@pytest.mark.parametrize("domain", ["", "no domain", "<b>.example", "x" * 300])
def test_what_is_no_domain_comes_back_with_what_was_typed(site: Site, domain: str) -> None:
    page = staff(site).post("/held/domains", domain=domain)
    assert page.status == 422 and "Please look at these fields:" in page.words
    assert any(each.get("id") == "domain" and each.get("value") == domain for each in page.inputs)
    assert site.rows(Domain) == [] and deeds(site) == [] and "<b>" not in page.response.text
