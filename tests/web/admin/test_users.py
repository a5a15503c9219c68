"""Admins invite colleagues, change what they may do, and help those who cannot get in."""

import re
from typing import Any

import pytest

from surveyapp import second_step, users
from surveyapp.core.access import Permission, Role
from surveyapp.core.deeds import Deed
from surveyapp.db import Database
from surveyapp.i18n import LANGUAGES
from surveyapp.models import Note, Record, User
from tests.support.people import Page, Site, opened
from tests.support.staff import PASSWORD, Staff, account, logged_in, staff, stranger

LIST = "/settings/users"
INVITED = {
    "email": "olle@nordlicht.example",
    "name": "Olle Ek",
    "role": "support",
    "scope": "all",
    "locale": "",
}
HOSTILE = '<b>"O\'Hara" & co</b>'


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def maja(site: Site) -> Staff:
    """An admin."""
    return staff(site, Role.ADMIN, name="Maja Lind", email="maja@nordlicht.example")


@pytest.fixture
def olle(site: Site) -> User:
    """A colleague in support, of one team."""
    return account(site, Role.SUPPORT, teams=["Billing"], name="Olle Ek", password=PASSWORD)


def now(site: Site, user: User) -> User:
    with site.database.reading() as session:
        return users.find_user(session, user.id)


def records(site: Site, deed: Deed) -> list[tuple[str | None, dict[str, Any]]]:
    return [(row["target"], row["detail"]) for row in site.rows(Record) if row["deed"] == deed]


def mails(site: Site) -> list[tuple[str, dict[str, str]]]:
    return [(row["kind"], row["detail"]) for row in site.rows(Note)]


def change(browser: Staff, user: User, **changes: Any) -> Page:
    said = {"name": user.name, "role": user.role, "scope": "some", "known": user.teams or []}
    rights = {"comments": "", "customers": "", "agent_names": ""}
    return browser.post(f"{LIST}/{user.id}", {**said, **rights, **changes})


# --- everybody -------------------------------------------------------------------------------------


def test_the_list_shows_everybody_and_how_they_are(site: Site, maja: Staff, olle: User) -> None:
    new = account(site, Role.AGENT, name="Ny Ek")
    gone = account(site, Role.VIEWER, name=HOSTILE, teams=[HOSTILE])
    with site.database.transaction() as session:
        users.disable(session, gone.id, site.clock())

    page = maja.get(LIST)

    assert f"Olle Ek {olle.email} Support Billing Never Off Active" in page.words
    assert f"Ny Ek {new.email} Agent Own tickets Never Off Invited" in page.words
    assert "Maja Lind maja@nordlicht.example Admin All teams 2 Mar 2026, 10:00 Off Active" in page.words
    assert f"{HOSTILE} Never Off Disabled" in page.words
    assert "<b>" not in page.response.text


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_admins_meet_it(site: Site, olle: User, role: Role) -> None:
    browser = staff(site, role)

    for path in (LIST, f"{LIST}/new", f"{LIST}/{olle.id}", f"{LIST}/{olle.id}/second-step"):
        assert browser.get(path).status == 403
    for what in ("disable", "enable", "link", "log-out", "second-step"):
        assert browser.post(f"{LIST}/{olle.id}/{what}").status == 403
    assert change(browser, olle, role="admin").status == 403
    assert now(site, olle).role == Role.SUPPORT


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_pages_open_in_every_language(site: Site, olle: User, code: str) -> None:
    browser = staff(site, Role.ADMIN, language=code)

    for path in (LIST, f"{LIST}/new", f"{LIST}/{olle.id}"):
        assert (browser.get(path).status, browser.get(path).language) == (200, code)


# --- inviting --------------------------------------------------------------------------------------


def test_a_colleague_is_invited_by_mail_and_gets_in_by_its_link(site: Site, maja: Staff) -> None:
    said = {**INVITED, "locale": "sv", "agent_ref": "agent-7"}

    page = maja.post(f"{LIST}/new", said)

    assert maja.follow(page).heading == "Olle Ek"
    with site.database.reading() as session:
        olle = users.by_email(session, "olle@nordlicht.example")
    assert olle is not None
    assert (olle.role, olle.teams, olle.locale, olle.agent_ref) == ("support", None, "sv", "agent-7")
    assert mails(site) == [("invited", {"by": "Maja Lind", "spoken": "en"})]
    assert records(site, Deed.USER_ADDED) == [(olle.id, {"role": "support"})]


def test_teams_are_ticked_or_typed(site: Site, maja: Staff) -> None:
    site.invited(team="Billing")
    site.invited(team="Sales")
    assert {"Billing", "Sales"} <= {each.get("value") for each in maja.get(f"{LIST}/new").inputs}

    said = {**INVITED, "scope": "some", "known": ["Billing"], "teams": " Nord ,Süd\r\n\r\nOst "}
    maja.post(f"{LIST}/new", said)

    with site.database.reading() as session:
        olle = users.by_email(session, INVITED["email"])
    assert olle is not None
    assert olle.teams == ["Billing", "Nord", "Ost", "Süd"]


@pytest.mark.parametrize("scope", ["all", "some"])
def test_an_agent_is_invited_by_reference_whatever_is_chosen_of_teams(
    site: Site, maja: Staff, scope: str
) -> None:
    maja.post(f"{LIST}/new", {**INVITED, "role": "agent", "scope": scope, "agent_ref": "agent-7"})

    with site.database.reading() as session:
        olle = users.by_email(session, INVITED["email"])
    assert olle is not None
    assert (olle.role, olle.teams, olle.agent_ref) == ("agent", None, "agent-7")


@pytest.mark.parametrize("reference", ["", "  "])
def test_an_agent_without_a_reference_would_see_nothing_and_is_not_invited(
    site: Site, maja: Staff, reference: str
) -> None:
    page = maja.post(f"{LIST}/new", {**INVITED, "role": "agent", "agent_ref": reference})

    assert page.status == 422 and "Reference as an agent: This is missing." in page.words
    assert "Agents need it" in page.words
    assert len(site.rows(User)) == 1


def test_nobody_becomes_an_agent_without_a_reference(site: Site, maja: Staff, olle: User) -> None:
    assert change(maja, olle, role="agent").status == 422
    assert now(site, olle).role == Role.SUPPORT

    change(maja, olle, role="agent", agent_ref="agent-7")
    assert (now(site, olle).role, now(site, olle).teams) == (Role.AGENT, None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": "olle"}, "This is not an email address."),
        ({"email": ""}, "This is missing."),
        ({"email": "MAJA@nordlicht.example"}, "This is already in use."),
        ({"name": ""}, "This is missing."),
        ({"role": "emperor"}, "This is not known."),
        ({"scope": "some"}, "This is missing."),
        ({"scope": "some", "known": ["Unheard-of"]}, "This is not known."),
        ({"locale": "xx"}, "This is not known."),
        ({"agent_ref": "x" * 201}, "This is longer than 200 characters."),
    ],
)
def test_what_cannot_be_comes_back_with_everything_that_was_typed(
    site: Site, maja: Staff, changes: dict[str, Any], said: str
) -> None:
    page = maja.post(f"{LIST}/new", {**INVITED, "name": HOSTILE, "teams": "", **changes})

    assert page.status == 422
    assert said in page.words
    assert 'role="alert"' in page.text
    if "name" not in changes:
        assert any(each.get("value") == HOSTILE for each in page.inputs)
    assert "<b>" not in page.response.text
    assert len(site.rows(User)) == 1
    assert mails(site) == []


def test_whoever_is_limited_is_limited_by_default(maja: Staff) -> None:
    ticked = {each.get("value") for each in maja.get(f"{LIST}/new").inputs if "checked" in each}

    assert ticked == {"support", "some"}


# --- changing --------------------------------------------------------------------------------------


def test_what_is_changed_holds_from_the_next_click_on_and_is_logged(
    site: Site, maja: Staff, olle: User
) -> None:
    browser = logged_in(site, olle)

    page = change(maja, olle, role="leader", known=[], teams="Nord", comments="no", customers="yes")

    assert "Saved." in maja.follow(page).words
    found = now(site, olle)
    assert (found.role, found.teams) == ("leader", ["Nord"])
    assert found.allowed == {"comments": False, "customers": True}
    words = browser.get("/account").words
    assert "Role Leader Teams Nord" in words
    assert "Read what customers wrote" not in words
    assert "See who a customer is" in words
    [(target, detail)] = records(site, Deed.USER_CHANGED)
    assert target == olle.id
    assert detail["role"] == "leader"
    assert set(detail["changed"].split(", ")) == {"role", "teams", "allowed"}


def test_the_same_again_changes_and_logs_nothing(site: Site, maja: Staff, olle: User) -> None:
    assert change(maja, olle).status == 303
    assert records(site, Deed.USER_CHANGED) == []
    assert now(site, olle).teams == ["Billing"]


def test_a_users_own_teams_are_offered_though_no_ticket_was_ever_of_them(maja: Staff, olle: User) -> None:
    page = maja.get(f"{LIST}/{olle.id}")

    ticked = {each.get("value") for each in page.inputs if "checked" in each}
    assert ticked == {"support", "some", "Billing"}


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
def test_agents_and_viewers_get_no_separate_rights(site: Site, maja: Staff, olle: User, role: Role) -> None:
    rights = {"comments": "yes", "customers": "yes", "agent_names": "yes"}
    change(maja, olle, role=str(role), agent_ref="agent-7", **rights)

    assert now(site, olle).role == role
    viewer = users.viewer_of(now(site, olle))
    assert not any(
        viewer.may(each) for each in (Permission.COMMENTS, Permission.CUSTOMERS, Permission.AGENT_NAMES)
    )


@pytest.mark.parametrize(
    "changes",
    [{"name": ""}, {"role": "x"}, {"scope": "x"}, {"comments": "x"}, {"known": []}, {"name": "a\x00b"}],
)
def test_what_cannot_be_changes_nothing(site: Site, maja: Staff, olle: User, changes: dict[str, Any]) -> None:
    page = change(maja, olle, **changes)

    assert page.status == 422
    assert now(site, olle).name == "Olle Ek"
    assert now(site, olle).teams == ["Billing"]


def test_markup_in_what_is_stored_is_shown_as_it_was_typed(site: Site, maja: Staff) -> None:
    hostile = account(site, Role.SUPPORT, name=HOSTILE, teams=[HOSTILE], agent_ref=HOSTILE)

    page = maja.get(f"{LIST}/{hostile.id}")

    assert page.heading == HOSTILE
    assert "<b>" not in page.response.text


def test_one_admin_has_to_remain(site: Site, maja: Staff) -> None:
    assert maja.user is not None

    assert change(maja, maja.user, role="viewer", scope="all").status == 409
    assert "One admin has to remain" in maja.post(f"{LIST}/{maja.user.id}/disable").words
    assert maja.get(LIST).status == 200


def test_an_admin_who_steps_down_is_led_where_they_still_may_be(site: Site, maja: Staff) -> None:
    account(site, Role.ADMIN)
    assert maja.user is not None

    page = change(maja, maja.user, role="viewer", scope="all")

    assert page.location == "/admin/"
    page = maja.follow(page)
    assert (maja.follow(page) if page.status == 303 else page).status == 200
    assert maja.get(LIST).status == 403


@pytest.mark.parametrize("user_id", ["nobody", "%00", "%F0%9F%90%99"])
def test_there_is_nobody_of_an_unknown_id(maja: Staff, user_id: str) -> None:
    assert maja.get(f"{LIST}/{user_id}").status == 404
    for what in ("disable", "enable", "link", "log-out", "second-step"):
        assert maja.post(f"{LIST}/{user_id}/{what}").status == 404


# --- getting in and being kept out -----------------------------------------------------------------


def test_whoever_is_disabled_is_out_at_once_until_they_are_enabled(
    site: Site, maja: Staff, olle: User
) -> None:
    browser = logged_in(site, olle)

    assert "disabled" in maja.follow(maja.post(f"{LIST}/{olle.id}/disable")).words
    maja.post(f"{LIST}/{olle.id}/disable")

    assert browser.get("/account").status == 303
    assert stranger(site).post("/login", email=olle.email, password=PASSWORD).status == 401
    assert maja.post(f"{LIST}/{olle.id}/link").status == 409
    assert records(site, Deed.USER_DISABLED) == [(olle.id, {})]
    maja.post(f"{LIST}/{olle.id}/enable")
    maja.post(f"{LIST}/{olle.id}/enable")
    assert stranger(site).post("/login", email=olle.email, password=PASSWORD).status == 303
    assert records(site, Deed.USER_ENABLED) == [(olle.id, {})]


def test_a_link_is_an_invitation_for_who_never_had_a_password(site: Site, maja: Staff, olle: User) -> None:
    new = account(site, Role.VIEWER)

    maja.post(f"{LIST}/{olle.id}/link")
    maja.post(f"{LIST}/{new.id}/link")

    assert sorted(mails(site)) == [
        ("invited", {"by": "Maja Lind", "spoken": "en"}),
        ("reset", {"spoken": "en"}),
    ]
    assert {target for target, _ in records(site, Deed.RESET_ASKED)} == {olle.id, new.id}


def test_somebody_can_be_logged_out_everywhere(site: Site, maja: Staff, olle: User) -> None:
    browsers = [logged_in(site, olle) for _ in range(2)]
    assert "Log out everywhere" in maja.get(f"{LIST}/{olle.id}").words

    maja.post(f"{LIST}/{olle.id}/log-out")

    assert [each.get("/account").status for each in browsers] == [303, 303]
    assert maja.get(LIST).status == 200
    assert records(site, Deed.SIGNIN_ENDED) == [(olle.id, {"n": 2})]


def test_an_admin_stays_in_the_browser_that_logs_the_others_out(site: Site, maja: Staff) -> None:
    assert maja.user is not None
    other = logged_in(site, maja.user)

    maja.post(f"{LIST}/{maja.user.id}/log-out")

    assert (other.get(LIST).status, maja.get(LIST).status) == (303, 200)


def test_a_lost_phones_second_step_is_switched_off_after_asking_once(
    site: Site, maja: Staff, olle: User
) -> None:
    secret = second_step.new_secret()
    with site.database.transaction() as session:
        user = users.find_user(session, olle.id)
        user.totp_secret = secret
        second_step.new_recovery_codes(session, user)
    way = f"{LIST}/{olle.id}/second-step"

    asked = maja.get(way)
    assert "Olle Ek" in asked.words
    assert secret not in asked.text + maja.get(f"{LIST}/{olle.id}").text
    assert now(site, olle).totp_secret == secret
    maja.follow(maja.post(way))

    assert now(site, olle).totp_secret is None
    assert mails(site) == [("second_step_off", {"spoken": "en"})]
    assert records(site, Deed.SECOND_STEP_OFF) == [(olle.id, {})]
    assert maja.get(way).status == maja.post(way).status == 409


def test_the_log_tells_nobodys_name_or_address(site: Site, maja: Staff, olle: User) -> None:
    maja.post(f"{LIST}/new", INVITED | {"email": "canary@nordlicht.example", "name": "Canary"})
    change(maja, olle, name="Canary", agent_ref="Canary", teams="Canary")
    for what in ("link", "log-out", "disable", "enable"):
        maja.post(f"{LIST}/{olle.id}/{what}")

    said = str([(row["target"], row["detail"]) for row in site.rows(Record)])
    assert len(site.rows(Record)) == 6
    assert not re.search("canary", said, re.IGNORECASE)
