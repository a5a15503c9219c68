"""Look and sender in the browser: colour, logo, sender, contact and words on privacy."""

import re
from io import BytesIO
from typing import Any

import pytest

from surveyapp import look, surveys
from surveyapp.config import Settings
from surveyapp.core.access import Role
from surveyapp.core.colours import OURS, shades
from surveyapp.core.deeds import Deed
from surveyapp.db import Database
from surveyapp.models import Preference, Record, StoredFile
from tests.support.logos import GIF, PNG, png
from tests.support.people import Page, Site, Visitor, opened
from tests.support.staff import Staff, staff

PALE, DARK = "#f2b705", "#10304a"
HOSTILE = "<b>We</b> \"care\" & 'more'"
PATH = "/settings/look"


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def anna(site: Site) -> Staff:
    return staff(site, Role.ADMIN)


def filled(page: Page) -> dict[str, str]:
    """The form as it was sent to the browser, to be sent back."""
    unticked = {each.get("name") for each in page.inputs if each.get("type") == "checkbox"} - {
        each.get("name") for each in page.inputs if "checked" in each
    }
    return {
        str(each["name"]): each.get("value") or ""
        for each in page.inputs
        if each.get("name") not in {None, "csrf_token", *unticked}
    }


def save(anna: Staff, **fields: str) -> Page:
    """Change some fields and press Save."""
    return anna.post(PATH, data={**filled(anna.get(PATH)), **fields})


def settings(site: Site) -> Settings:
    found: Settings = site.app.extensions["surveyapp"].settings
    return found


def put(anna: Staff, content: bytes, name: str = "logo.png") -> Page:
    return anna.post(f"{PATH}/logo", data={"logo": (BytesIO(content), name)})


def changed(site: Site) -> set[str]:
    """The names of settings in the audit log."""
    rows = [row for row in site.rows(Record) if row["deed"] == Deed.SETTING_CHANGED]
    return {name for row in rows for name in row["detail"]["names"].split(", ")}


# --- colour ----------------------------------------------------------------------------------------


def test_the_colour_is_ours_until_the_box_is_ticked(site: Site, anna: Staff) -> None:
    assert save(anna, colour=PALE).status == 303
    assert settings(site).own.colour == ""
    page = anna.follow(save(anna, colour=PALE, is_own="y"))
    assert settings(site).own.colour == PALE
    assert "The next mail and the next page show it." in page.words
    assert look.style_name(settings(site)) in Visitor(site, site.invited()).open(4).text


def test_a_colour_is_given_up_again(site: Site, anna: Staff) -> None:
    save(anna, colour=PALE, is_own="y")
    fields = filled(anna.get(PATH))
    assert fields.pop("is_own") and fields["colour"] == PALE
    anna.post(PATH, data=fields)
    assert settings(site).own.colour == ""


def test_a_colour_that_cannot_be_read_is_said_to_be_changed(anna: Staff) -> None:
    save(anna, colour=PALE, is_own="y")
    words = anna.get(PATH).words
    used = shades(PALE)
    assert f"Your colour {PALE} would be hard to read on light pages" in words
    assert f"a darker one is used there: {used.accent}." in words
    assert used.accent != PALE


def test_a_colour_that_can_be_read_is_used_as_it_is(anna: Staff) -> None:
    save(anna, colour=DARK, is_own="y")
    words = anna.get(PATH).words
    assert f"On light pages your colour {DARK} is used as it is." in words
    assert f"so a lighter one is used there: {shades(DARK).dark_accent}." in words


@pytest.mark.parametrize("colour", ["", PALE, DARK, "#ffffff", "#000000"])
def test_the_colours_in_use_stand_there_with_their_contrast(anna: Staff, colour: str) -> None:
    if colour:
        save(anna, colour=colour, is_own="y")
    page = anna.get(PATH)
    found = shades(colour) if colour else OURS
    shown = re.findall(r"<code>(#\w{6})</code>", page.text)
    assert shown == [found.accent, found.hover, found.dark_accent, found.dark_hover]
    ratios = [float(each) for each in re.findall(r">([\d.]+):1</td>", page.text)]
    assert len(ratios) == 4
    assert min(ratios[0], ratios[2]) >= 4.5


# --- sender and contact ----------------------------------------------------------------------------


def test_sender_and_replies_are_set_for_each_language(site: Site, anna: Staff) -> None:
    sender = "Nordlicht <hej@nordlicht.example>"
    fields = {"senders.sv": sender, "reply_to.de": "antwort@nordlicht.example"}
    assert save(anna, **fields).status == 303
    own = settings(site).own
    assert (own.senders, own.reply_to) == ({"sv": sender}, {"de": "antwort@nordlicht.example"})
    assert changed(site) == {"senders", "reply_to"}
    shown = filled(anna.get(PATH))
    assert shown["senders.sv"] == sender and shown["senders.ro"] == ""


def test_a_sender_of_another_domain_is_warned_of(site: Site, anna: Staff) -> None:
    save(anna, **{"senders.sv": "Hej <hej@elsewhere.example>"})
    words = anna.get(PATH).words
    assert "These senders are of another domain: svenska: elsewhere.example" in words
    assert "surveyapp check" in words
    own = settings(site).mail_from.rpartition("@")[2].strip(">")
    save(anna, **{"senders.sv": f"hej@{own.upper()}"})
    assert "another domain" not in anna.get(PATH).words


def test_the_contact_stands_on_the_page_of_a_closed_survey(site: Site, anna: Staff) -> None:
    save(anna, contact="+46 8 123 45 67")
    visitor = Visitor(site, site.invited())
    with site.database.transaction() as session:
        surveys.set_closed(session, "csat", site.clock())
    assert "+46 8 123 45 67" in visitor.open(4).words
    assert changed(site) == {"contact"}


def test_a_contact_as_it_was_installed_is_not_stored(site: Site, anna: Staff) -> None:
    save(anna, contact="+46 8 123 45 67")
    save(anna, contact=site.settings.contact)
    assert "contact" not in {row["name"] for row in site.rows(Preference)}


def test_saving_what_is_there_changes_and_records_nothing(site: Site, anna: Staff) -> None:
    assert save(anna).status == 303
    assert (changed(site), site.rows(Preference)) == (set(), [])


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("senders.de", "Nobody", "This is not an email address."),
        ("senders.ro", 'A "quoted" <b@c.example>', "This is not an email address."),
        ("reply_to.sv", "Hej <hej@nordlicht.example>", "This is not an email address."),
        ("colour", "red", "This is no colour such as #1f4b6e."),
        ("contact", "", "This is missing."),
        ("contact", "x" * 201, "This is longer than 200 characters."),
        ("senders.sv", "two\x0blines@nordlicht.example", "This has characters that are no text."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    site: Site, anna: Staff, field: str, value: str, said: str
) -> None:
    page = save(anna, **{"is_own": "y", "senders.en": "kept@nordlicht.example", field: value})
    assert page.status == 422
    assert f'id="{field}-problem">{said}' in page.text
    kept = filled(page)
    assert (kept[field], kept["senders.en"]) == (value, "kept@nordlicht.example")
    assert site.rows(Preference) == []


def test_the_page_may_show_previews_and_nothing_else_more(anna: Staff) -> None:
    page = anna.get(PATH)
    policy = page.headers["Content-Security-Policy"]
    assert "frame-src 'self'" in policy and "unsafe" not in policy
    assert page.text.count("<iframe") == 2
    for address in re.findall(r'src="(/admin/surveys/[^"]*)"', page.text):
        assert anna.get(address).status == 200


# --- logo ------------------------------------------------------------------------------------------


def test_a_logo_is_shown_here_and_to_customers(site: Site, anna: Staff) -> None:
    page = anna.follow(put(anna, PNG))
    digest = settings(site).own.logo
    assert f'src="/look/{digest}"' in page.text
    assert f'src="/look/{digest}"' in Visitor(site, site.invited()).open(4).text
    assert "120 by 40 pixels, 0." in anna.get(f"{PATH}/logo").words
    assert changed(site) == {"logo"}


def test_another_logo_replaces_the_first_one(site: Site, anna: Staff) -> None:
    put(anna, PNG)
    put(anna, GIF)
    put(anna, png(10, 10))
    assert len(site.rows(StoredFile)) <= 2
    assert settings(site).own.logo in {row["digest"] for row in site.rows(StoredFile)}


def test_a_logo_is_removed(site: Site, anna: Staff) -> None:
    put(anna, PNG)
    page = anna.follow(anna.post(f"{PATH}/logo/remove"))
    assert settings(site).own.logo == ""
    assert "first letter of the company's name" in page.words


def test_a_large_logo_is_taken_with_a_word_on_its_weight(site: Site, anna: Staff) -> None:
    assert put(anna, PNG + bytes(100 * 1024)).status == 303
    assert "With at most 20 KB mails stay light." in anna.get(f"{PATH}/logo").words


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "This is missing."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This file cannot be used."),
        (PNG + bytes(200 * 1024), "This file cannot be used."),
        (png(2001, 10), "This file cannot be used."),
    ],
)
def test_what_is_no_logo_is_refused(site: Site, anna: Staff, content: bytes, said: str) -> None:
    page = put(anna, content, "<b>logo</b>.png")
    assert page.status == 422
    assert f'id="logo-problem">{said}' in page.text
    assert "<b>logo" not in page.response.text
    assert (settings(site).own.logo, site.rows(StoredFile)) == ("", [])


# --- privacy ---------------------------------------------------------------------------------------


def test_words_on_privacy_stand_on_the_customers_page(site: Site, anna: Staff) -> None:
    fields = {"privacy.en": f"{HOSTILE}\r\n\r\nSecond.", "privacy.sv": "Hej"}
    assert anna.post(f"{PATH}/privacy", data=fields).status == 303
    assert settings(site).own.privacy == {"en": f"{HOSTILE}\n\nSecond.", "sv": "Hej"}
    visitor = Visitor(site, site.invited())
    page = visitor.visit(visitor.invited.privacy)
    assert HOSTILE in page.words and "<b>We" not in page.response.text
    edited = anna.get(f"{PATH}/privacy")
    assert edited.written is not None
    assert HOSTILE in edited.text and "<b>We" not in edited.response.text
    assert changed(site) == {"privacy"}


def test_long_words_in_every_language_are_taken(site: Site, anna: Staff) -> None:
    long = "ș" * 10_000
    fields = {f"privacy.{code}": long for code in ("sv", "ro", "de", "en")}
    assert anna.post(f"{PATH}/privacy", data=fields).status == 303
    assert settings(site).own.privacy["ro"] == long


def test_words_that_are_too_long_are_kept_in_the_form(site: Site, anna: Staff) -> None:
    page = anna.post(f"{PATH}/privacy", data={"privacy.de": "x" * 10_001, "privacy.sv": "Hej"})
    assert page.status == 422
    assert "This is longer than 10000 characters." in page.words
    assert "x" * 10_001 in page.text and "Hej" in page.text
    assert settings(site).own.privacy == {}


# --- everything ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
@pytest.mark.parametrize("path", [PATH, f"{PATH}/logo", f"{PATH}/privacy", f"{PATH}/logo/remove"])
def test_nobody_but_admins_gets_in(site: Site, role: Role, path: str) -> None:
    other = staff(site, role)
    if not path.endswith("remove"):
        assert other.get(path).status == 403
    assert other.post(path).status == 403


def test_stored_words_are_shown_as_text(site: Site, anna: Staff) -> None:
    save(anna, contact=HOSTILE)
    page = anna.get(PATH)
    assert filled(page)["contact"] == HOSTILE
    assert "<b>We" not in page.response.text


def test_the_log_names_settings_and_never_what_was_written(site: Site, anna: Staff) -> None:
    save(anna, contact="secret@nordlicht.example", **{"senders.sv": "secret@nordlicht.example"})
    details: list[Any] = [row["detail"] for row in site.rows(Record) if row["deed"] == Deed.SETTING_CHANGED]
    assert details and "secret" not in str(details)


def test_the_page_speaks_german(site: Site) -> None:
    page = staff(site, language="de").get(PATH)
    assert "Speichern" in page.words and "4,5:1" in page.words
