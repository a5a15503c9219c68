"""The do-not-survey list in the browser."""

import pytest

from surveyapp import invitations, suppressions
from surveyapp.core.access import Role
from surveyapp.core.errors import FieldError
from surveyapp.core.policy import Refusal
from surveyapp.db import Database
from surveyapp.models import Invitation, Record, Suppression
from tests.support.people import Page, Site, opened
from tests.support.staff import Staff, staff

PATH = "/settings/do-not-survey"
ANNA = "anna.kund@example.se"


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def anna(site: Site) -> Staff:
    return staff(site, Role.ADMIN)


def put(site: Site, address: str, reason: Refusal) -> None:
    with site.database.transaction() as session:
        hashed = invitations.hash_of(site.settings, address)
        invitations.suppress_hash(session, hashed, reason, site.clock())


def deeds(site: Site) -> list[tuple[str, object]]:
    return [(row["deed"], row["detail"]) for row in site.rows(Record)]


# --- add -------------------------------------------------------------------------------------------


def test_added_addresses_get_no_surveys(site: Site, anna: Staff) -> None:
    page = anna.post(PATH, addresses=f"{ANNA}\r\n\r\n  Berit@Example.se \r\n")
    assert (page.status, page.location) == (303, f"/admin{PATH}")
    assert "2 addresses were added to the list." in anna.follow(page).words
    invited = site.invited(address="berit@example.se", is_mailed=True)
    assert site.invitation(invited)["reason"] == "do_not_survey"
    assert deeds(site) == [("suppressed", {"count": 2})]


def test_adding_an_address_again_adds_nothing(site: Site, anna: Staff) -> None:
    anna.post(PATH, addresses=ANNA)
    page = anna.follow(anna.post(PATH, addresses=f"{ANNA}\n{ANNA.upper()}\nnew@example.se"))
    assert "1 address was added to the list." in page.words
    assert len(site.rows(Suppression)) == 2


def test_one_wrong_line_is_named_and_nothing_is_added(site: Site, anna: Staff) -> None:
    typed = f"{ANNA}\n\nno address\n<b>x</b>\nberit@example.se"
    page = anna.post(PATH, addresses=typed)
    assert page.status == 422
    assert "These lines are no email addresses: 3, 4. Nothing was added." in page.words
    assert (page.written or "").split() == typed.split()
    assert "<b>" not in page.response.text
    assert site.rows(Suppression) == []


def test_at_least_one_address_is_needed(site: Site, anna: Staff) -> None:
    assert "This is missing." in anna.post(PATH, addresses=" \n ").words
    assert deeds(site) == []


def test_the_use_case_adds_all_or_none(site: Site) -> None:
    with site.database.transaction() as session, pytest.raises(FieldError):
        suppressions.add(session, site.settings, [ANNA, "no address"], site.clock())
    assert site.rows(Suppression) == []


# --- look up ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Refusal.UNSUBSCRIBED, "Unsubscribed by the person"),
        (Refusal.DO_NOT_SURVEY, "Added by your organisation"),
        (Refusal.BOUNCED, "Mail came back"),
    ],
)
def test_an_address_is_looked_up_with_its_reason_and_moment(
    site: Site, anna: Staff, reason: Refusal, words: str
) -> None:
    put(site, ANNA, reason)
    site.clock.forward(days=3)
    page = anna.post(f"{PATH}/look-up", email=ANNA.upper())
    assert (page.status, page.heading) == (200, "Look up an address")
    assert f"On the list because {words} Since 2 March 2026 at 10:00" in page.words
    assert ("This person wants surveys again" in page.words) is (reason is Refusal.UNSUBSCRIBED)


def test_an_address_that_is_not_on_the_list_gets_surveys(anna: Staff) -> None:
    page = anna.post(f"{PATH}/look-up", email=ANNA)
    assert "This address is not on the list." in page.words
    assert "Take off the list" not in page.words


@pytest.mark.parametrize("typed", ["no address", "", '"<b>"@'])
def test_what_is_no_address_is_said_and_kept(anna: Staff, typed: str) -> None:
    for way in ("look-up", "remove"):
        page = anna.post(f"{PATH}/{way}", email=typed)
        assert page.status == 422
        assert [each["value"] for each in page.inputs if each.get("name") == "email"] == [typed]
        assert "<b>" not in page.response.text


# --- remove ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [Refusal.DO_NOT_SURVEY, Refusal.BOUNCED])
def test_an_address_is_taken_off_the_list(site: Site, anna: Staff, reason: Refusal) -> None:
    put(site, ANNA, reason)
    page = anna.follow(anna.post(f"{PATH}/remove", email=ANNA))
    assert "The address may be asked again." in page.words
    assert site.rows(Suppression) == []
    assert deeds(site) == [("unsuppressed", {"count": 1})]


def test_who_has_unsubscribed_comes_back_at_their_own_wish_alone(site: Site, anna: Staff) -> None:
    put(site, ANNA, Refusal.UNSUBSCRIBED)
    page = anna.post(f"{PATH}/remove", email=ANNA)
    assert page.status == 422
    assert "is asked again only at their own wish" in page.words
    assert len(site.rows(Suppression)) == 1
    assert deeds(site) == []
    assert anna.post(f"{PATH}/remove", email=ANNA, at_their_wish="y").status == 303
    assert site.rows(Suppression) == []


def test_taking_off_what_is_not_on_it_says_so_and_logs_nothing(site: Site, anna: Staff) -> None:
    page = anna.follow(anna.post(f"{PATH}/remove", email=ANNA))
    assert "The address was not on the list." in page.words
    assert deeds(site) == []


# --- who, and what is shown ------------------------------------------------------------------------


def test_the_page_counts_by_reason_and_says_why_there_is_no_list(site: Site, anna: Staff) -> None:
    put(site, ANNA, Refusal.UNSUBSCRIBED)
    put(site, "berit@example.se", Refusal.BOUNCED)
    put(site, "carl@example.se", Refusal.BOUNCED)
    page = anna.get(PATH)
    assert "Only a keyed hash of each is stored" in page.words
    assert "3 addresses on the list" in page.words
    assert "Unsubscribed by the person 1 Added by your organisation 0 Mail came back 2" in page.words
    assert "@" not in page.words


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_but_admins_gets_in(site: Site, role: Role) -> None:
    browser = staff(site, role)
    assert browser.get(PATH).status == 403
    assert browser.post(PATH, addresses=ANNA).status == 403
    assert browser.post(f"{PATH}/look-up", email=ANNA).status == 403
    assert browser.post(f"{PATH}/remove", email=ANNA).status == 403
    assert site.rows(Suppression) == []


def test_an_address_stands_in_no_address_of_a_page(site: Site, anna: Staff) -> None:
    put(site, ANNA, Refusal.DO_NOT_SURVEY)
    pages: list[Page] = [anna.post(f"{PATH}/look-up", email=ANNA), anna.post(PATH, addresses=ANNA)]
    assert all("anna.kund" not in page.headers.get("Location", "") for page in pages)
    assert anna.get(f"{PATH}/look-up?email={ANNA}").status == 404
    assert site.rows(Invitation) == []
