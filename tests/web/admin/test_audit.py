"""Admins read who did what and when."""

import re
from dataclasses import fields
from typing import Any

import pytest

from surveyapp import audit, preferences
from surveyapp.audit import Entry
from surveyapp.core.access import Role
from surveyapp.core.deeds import Actor, Deed
from surveyapp.core.evidence import Verdict
from surveyapp.core.policy import Policy
from surveyapp.db import Database
from surveyapp.erasure import Erased
from surveyapp.i18n import LANGUAGES, language
from surveyapp.keys import Scope
from surveyapp.recorded import (
    ACTORS,
    DEEDS,
    DETAILS,
    LISTED,
    RULES,
    SETTINGS,
    actor_words,
    deed_sentence,
    details,
)
from surveyapp.web.admin import roles, survey_forms
from surveyapp.web.admin.records import PAGE
from tests.support.people import START, Site, opened
from tests.support.staff import Staff, account, staff, stranger

LOG = "/settings/audit"


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def maja(site: Site) -> Staff:
    """An admin."""
    return staff(site, Role.ADMIN, name="Maja Lind")


def recorded(site: Site, somebody: Staff, deed: Deed, target: str | None = None, **detail: Any) -> None:
    assert somebody.user is not None
    with site.database.transaction() as session:
        audit.record(session, somebody.user.id, deed, site.clock(), target, **detail)


def entry(
    deed: Deed, actor: Actor = Actor.USER, name: str | None = None, **detail: str | int | bool | None
) -> Entry:
    return Entry("id", START, actor, name, deed, None, detail)


# --- what is said ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_deed_has_a_sentence_of_its_own(code: str) -> None:
    said = {deed: deed_sentence(language(code), entry(deed)) for deed in Deed}

    assert DEEDS.keys() == set(Deed)
    assert ACTORS.keys() == set(Actor)
    assert len(set(said.values())) == len(said)
    assert all(words.endswith(".") and "{" not in words for words in said.values())


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_judgement_says_why(verdict: Verdict) -> None:
    english = language("en")

    said = deed_sentence(english, entry(Deed.REFUSED, why=str(verdict)))

    assert said.startswith("A held answer was refused. ")
    assert len(said) > len("A held answer was refused. ")


def test_a_reason_that_is_none_of_ours_is_not_said() -> None:
    english = language("en")

    assert deed_sentence(english, entry(Deed.REFUSED, why="unheard of")) == "A held answer was refused."


def test_who_it_was_is_a_name_or_what_it_was_instead() -> None:
    english = language("en")

    assert actor_words(english, entry(Deed.ERASED, name="Maja Lind")) == "Maja Lind"
    assert actor_words(english, entry(Deed.ERASED, Actor.COMMAND)) == "The command line"
    assert actor_words(english, entry(Deed.PURGED, Actor.WORKER)) == "The worker"


def told(deed: Deed, code: str = "en", **detail: str | int | bool | None) -> list[tuple[str, str]]:
    return details(language(code), Entry("id", START, Actor.USER, None, deed, None, detail))


# What the calls of audit.record write, besides rules of surveys and numbers of what was erased or handed out.
WRITTEN = (
    "changed closed count file is_marked issuer left mode n names role rows scopes score score_before "
    "second_step source status survey version what"
)


def test_every_detail_that_is_recorded_has_words() -> None:
    erased = {each.name for each in fields(Erased)} - {"invitation_ids"}
    handed_out = {"invitations", "suppressions", "tickets", "helpdesk_events", "stored_replies", "uploads"}
    purged = {"touches", "comments", "identities", "agents"}

    assert DETAILS.keys() == {*WRITTEN.split(), *erased, *handed_out, *purged}
    assert RULES.keys() == {each.name for each in fields(Policy)}
    assert SETTINGS.keys() == set(preferences._CHECKS)
    assert LISTED["scopes"].keys() == set(Scope)
    assert LISTED["mode"].keys() == {"adaptive", "confirm"}


@pytest.mark.parametrize("code", LANGUAGES)
def test_words_for_roles_and_rules_are_those_of_their_own_pages(code: str) -> None:
    tongue = language(code)

    assert {role: LISTED["role"][role](tongue) for role in Role} == {
        role: words(tongue) for role, words in roles.ROLES.items()
    }
    assert {name: words(tongue) for name, words in RULES.items()} == survey_forms._labels(tongue)
    assert {name: words(tongue) for name, words in LISTED["mode"].items()} == survey_forms.mode_words(tongue)


def test_counts_are_written_as_the_language_has_them_and_zeros_are_left_out() -> None:
    assert told(Deed.ERASED, "sv", touches=1234, comments=0, suppressions=2, domains=0) == [
        (language("sv").gettext("Openings of links"), language("sv").number(1234)),
        (language("sv").gettext("Entries of the do-not-survey list: bounced"), "2"),
    ]
    assert told(Deed.SUBJECT_EXPORTED, suppressions=1) == [("Entries of the do-not-survey list", "1")]


def test_names_of_what_was_changed_are_those_of_its_fields() -> None:
    assert told(Deed.SETTING_CHANGED, names="colour, logo") == [("What was changed", "Our colour, Logo")]
    assert told(Deed.NAME_CHANGED, names="labels, left_on") == [
        ("What was changed", "Names, Last day of work")
    ]
    assert told(Deed.USER_CHANGED, changed="role, allowed", role="agent") == [
        ("What was changed", "Role, Separate rights"),
        ("Role", "Agent"),
    ]


def test_what_says_something_by_being_none_or_not_so_is_told() -> None:
    assert told(Deed.SURVEY_CHANGED, closed=False) == [("Survey closed", "No")]
    assert told(Deed.SURVEY_CHANGED, mode=None) == [("When an answer counts", "As in the settings")]
    assert told(Deed.RECOVERY_CODE_USED, left=0) == [("Recovery codes left", "0")]
    assert told(Deed.LOGIN_REFUSED, second_step=False) == []


def test_rules_of_a_survey_are_told_by_their_labels() -> None:
    changed = {
        "share": "0.125",
        "teams": "None",
        "quiet_days": "1500",
        "is_once_per_ticket": "True",
        "window_from": "08:00",
        "channels": "100, mail",
    }

    assert told(Deed.POLICY_CHANGED, **changed) == [
        ("Share of customers who are asked, in percent", "12.50"),
        ("Only these teams", "no rule"),
        ("Quiet period in days", "1,500"),
        ("Ask once for each ticket", "Yes"),
        ("Send mails from", "08:00"),
        ("Only these channels", "100, mail"),
    ]


def test_what_has_no_words_stays_as_it_is_and_the_reason_is_said_elsewhere() -> None:
    assert told(Deed.HOOK_ADDED, unheard="of, it", role="boss") == [("unheard", "of, it"), ("Role", "boss")]
    assert told(Deed.REFUSED, why="spam") == []


# --- the page --------------------------------------------------------------------------------------


def test_the_newest_entry_stands_first_with_who_when_and_to_what(site: Site, maja: Staff) -> None:
    olle = account(site, Role.VIEWER, name="Olle Ek")
    recorded(site, maja, Deed.UPLOADED, "upload-1", rows=12)
    site.clock.forward(hours=1)
    recorded(site, maja, Deed.USER_DISABLED, olle.id)

    page = maja.get(LOG)

    rows = page.words.partition("Details")[2]
    assert rows.index("A user was disabled.") < rows.index("A file of invitations was uploaded.")
    assert "2 Mar 2026, 11:00 Maja Lind A user was disabled. Olle Ek" in rows
    assert "A file of invitations was uploaded. upload-1 Rows: 12" in rows
    assert f"/admin/settings/users/{olle.id}" in page.text


def test_what_is_stored_is_shown_as_it_is(site: Site) -> None:
    browser = staff(site, Role.ADMIN, name="<b>'M\"</b>")
    recorded(site, browser, Deed.HOOK_ADDED, "<b>'hook\"", name="<b>'n\"")

    page = browser.get(LOG)

    assert "<b>'M\"</b> A helpdesk was connected. <b>'hook\" name: <b>'n\"" in page.words
    assert "<b>" not in page.response.text


def test_an_empty_log_says_so(maja: Staff) -> None:
    assert "There is no such entry." in maja.get(LOG).words


def test_only_one_kind_or_one_user_can_be_looked_at(site: Site, maja: Staff) -> None:
    berit = staff(site, Role.ADMIN, name="Berit")
    recorded(site, maja, Deed.UPLOADED, "the-first")
    recorded(site, berit, Deed.UPLOADED, "the-second")
    recorded(site, berit, Deed.CANCELLED, "the-third")
    assert berit.user is not None

    shown = [
        {
            word
            for word in ("the-first", "the-second", "the-third")
            if f" {word}" in maja.get(f"{LOG}?{query}").words
        }
        for query in ("", "deed=uploaded", f"user={berit.user.id}", f"deed=cancelled&user={berit.user.id}")
    ]

    assert shown == [
        {"the-first", "the-second", "the-third"},
        {"the-first", "the-second"},
        {"the-second", "the-third"},
        {"the-third"},
    ]
    page = maja.get(f"{LOG}?deed=uploaded")
    assert '<option value="uploaded" selected' in " ".join(page.text.split())


def test_older_entries_follow_page_by_page_and_keep_the_filter(site: Site, maja: Staff) -> None:
    for number in range(2 * PAGE + 3):
        recorded(site, maja, Deed.UPLOADED, f"upload-{number:03}")
        recorded(site, maja, Deed.CANCELLED, "invitation")
        site.clock.forward(seconds=number % 2)

    seen: list[str] = []
    way: str | None = f"{LOG}?deed=uploaded"
    while way is not None:
        page = maja.get(way)
        seen += re.findall(r"upload-\d{3}", page.text)
        more = re.search(r'<a class="button quiet"\s+href="([^"]+)"', page.text)
        way = more[1] if more else None

    assert len(seen) == 2 * PAGE + 3
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("deed=unheard-of", 404),
        ("user=nobody", 404),
        ("user=%00", 404),
        ("after=x", 422),
        ("after=%C3%85", 422),
    ],
)
def test_what_there_is_not_is_said_to_be_so(maja: Staff, query: str, status: int) -> None:
    assert maja.get(f"{LOG}?{query}").status == status


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_admins_read_it(site: Site, role: Role) -> None:
    assert staff(site, role).get(LOG).status == 403
    assert stranger(site).get(LOG).status == 303


@pytest.mark.parametrize("code", LANGUAGES)
def test_it_is_read_in_every_language(site: Site, code: str) -> None:
    browser = staff(site, Role.ADMIN, language=code)
    recorded(site, browser, Deed.PASSWORD_SET)

    page = browser.get(LOG)

    assert (page.status, page.language) == (200, code)
    assert language(code).gettext("A password was set.") in page.words


def test_details_are_read_in_the_language_of_the_page(site: Site) -> None:
    browser = staff(site, Role.ADMIN, language="sv")
    recorded(site, browser, Deed.SETTING_CHANGED, names="logo")
    recorded(site, browser, Deed.USER_ADDED, role="leader")
    recorded(site, browser, Deed.ERASED, comments=3, touches=0)

    page = browser.get(LOG)

    swedish = language("sv").gettext
    assert f"{swedish('Role')}: {swedish('Leader')}" in page.words
    assert f"{swedish('Comments')}: 3" in page.words
    assert f": {swedish('Logo')}" in page.words
    assert "touches" not in page.words
    assert swedish("Openings of links") not in page.words
