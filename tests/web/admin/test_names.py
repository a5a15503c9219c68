"""Giving names to case types, teams, channels and agents, and joining words that mean the same."""

import re
from typing import Any

import pytest

from surveyapp import preferences
from surveyapp.core.access import Permission, Role
from surveyapp.db import Database
from surveyapp.models import Invitation, Name, Record, Synonym
from tests.support.people import Page, Site, opened
from tests.support.staff import Staff, staff

MARKUP = "<b>\"Rech'</b>"


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def anna(site: Site) -> Staff:
    return staff(site, Role.ADMIN)


def named(site: Site) -> None:
    with site.database.transaction() as session:
        preferences.save(session, {"agent_figures": "named"}, site.clock())
    site.app.extensions["surveyapp"].preferences.forget()


def open_row(browser: Staff, value: str, kind: str = "case_type") -> Page:
    """Follow the link of a row's word."""
    page = browser.get(f"/settings/names/{kind}")
    links = dict(re.findall(r'<a class="name"\s+href="([^"]*)">([^<]*)</a>', page.text))
    return browser.get(next(url for url, words in links.items() if words == value))


def rows(page: Page) -> list[str]:
    found = re.findall(r"(?s)<tr>(.*?)</tr>", page.text.partition("<tbody>")[2])
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in found]


def case_types(site: Site) -> list[tuple[Any, Any]]:
    found = [(row["case_type"], row["said_case_type"]) for row in site.rows(Invitation)]
    return sorted(found, key=lambda row: row[1] or "")


def fields(page: Page) -> dict[str, str | None]:
    return {str(each.get("name")): each.get("value") for each in page.inputs}


# --- all of them -----------------------------------------------------------------------------------


def test_every_word_that_was_met_is_listed_with_its_name_and_its_number(site: Site, anna: Staff) -> None:
    for case_type in ("faktura", "faktura", "Rechnung"):
        site.invited(case_type=case_type)
    anna.post("/settings/names/case_type/one", value="faktura", en="Invoice", sv="Faktura")
    assert rows(anna.get("/settings/names")) == ["faktura Invoice – 2", "Rechnung Rechnung – 1"]


def test_each_kind_has_its_tab(site: Site, anna: Staff) -> None:
    site.invited(team="Billing", channel="chat")
    assert rows(anna.get("/settings/names/team")) == ["Billing Billing – 1"]
    assert rows(anna.get("/settings/names/channel")) == ["chat chat – 1"]
    assert "None has been met yet." in anna.get("/settings/names").words
    assert anna.get("/settings/names/customer").status == 404


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_but_admins_gives_names(site: Site, role: Role) -> None:
    browser = staff(site, role)
    assert browser.get("/settings/names").status == 403
    assert browser.get("/settings/names/team/one").status == 403
    assert browser.post("/settings/names/team/one", value="Billing", en="Mine").status == 403
    assert browser.post("/settings/names/team/merge", value="a", same_as="b").status == 403
    assert site.rows(Name) == []


# --- one of them -----------------------------------------------------------------------------------


def test_a_name_is_given_in_each_language(site: Site, anna: Staff) -> None:
    site.invited(case_type="faktura")
    page = open_row(anna, "faktura")
    assert (page.heading, fields(page)["value"]) == ("faktura", "faktura")
    saved = anna.post("/settings/names/case_type/one", value="faktura", sv="Faktura", de="Rechnung")
    assert (saved.status, saved.location) == (303, "/admin/settings/names")
    assert "Saved." in anna.follow(saved).words
    again = fields(open_row(anna, "faktura"))
    assert (again["sv"], again["de"], again["en"]) == ("Faktura", "Rechnung", "")
    german = Staff(site, anna.user, anna.client, language="de")
    assert "Rechnung" in german.get("/settings/names").words


def test_past_invitations_follow_new_words_and_it_is_said_how_many(site: Site, anna: Staff) -> None:
    for case_type in ("faktura", "Rechnung", "Rechnung"):
        site.invited(case_type=case_type)
    saved = anna.post("/settings/names/case_type/one", value="faktura", synonyms="Rechnung\r\nfactură\r\n")
    assert "2 invitations of the last year have moved with it." in anna.follow(saved).words
    assert case_types(site) == [("faktura", None), ("faktura", "Rechnung"), ("faktura", "Rechnung")]
    assert rows(anna.get("/settings/names")) == ["faktura faktura Rechnung, factură 3"]
    back = anna.post("/settings/names/case_type/one", value="faktura", synonyms="factură")
    assert "2 invitations of the last year have moved with it." in anna.follow(back).words
    assert rows(anna.get("/settings/names")) == ["Rechnung Rechnung – 2", "faktura faktura factură 1"]


def test_another_spelling_of_a_word_is_counted_once(site: Site, anna: Staff) -> None:
    site.invited(case_type="FAKTURA")
    saved = anna.post("/settings/names/case_type/one", value="faktura", sv="Faktura")
    assert "1 invitation of the last year has moved with it." in anna.follow(saved).words
    assert case_types(site) == [("faktura", "FAKTURA")]


def test_a_word_that_belongs_to_another_name_is_named_and_nothing_is_lost(site: Site, anna: Staff) -> None:
    anna.post("/settings/names/case_type/one", value="faktura", synonyms="Rechnung")
    page = anna.post("/settings/names/case_type/one", value="konto", en=MARKUP, synonyms="Konto 2\nRECHNUNG")
    assert page.status == 422
    assert "This word belongs to another name already: RECHNUNG" in page.words
    assert (fields(page)["en"], (page.written or "").strip()) == (MARKUP, "Konto 2\nRECHNUNG")
    assert [row["value"] for row in site.rows(Name)] == ["faktura"]


def test_a_name_that_is_too_long_is_refused_beside_its_field(site: Site, anna: Staff) -> None:
    page = anna.post("/settings/names/team/one", value="Billing", de="x" * 201, sv="Faktura")
    assert page.status == 422
    assert "Deutsch: This is longer than 200 characters." in page.words
    assert fields(page)["sv"] == "Faktura"
    assert anna.post("/settings/names/team/one", value="", sv="Faktura").status == 422
    long = anna.post("/settings/names/team/one", value="Billing", synonyms="x" * 201)
    assert "Words that mean the same: This is longer than 200 characters." in long.words
    assert site.rows(Name) == []


def test_a_word_that_no_invitation_has_yet_can_be_named(site: Site, anna: Staff) -> None:
    assert anna.get("/settings/names/team/one").heading == "Add a name"
    anna.post("/settings/names/team/one", value="Nord", en="The North")
    assert rows(anna.get("/settings/names/team")) == ["Nord The North – 0"]


def test_there_is_no_page_of_a_word_that_nobody_said(anna: Staff) -> None:
    assert anna.get("/settings/names/team/one?of=0123456789").status == 404
    assert anna.get("/settings/names/customer/one").status == 404


def test_stored_markup_is_shown_as_text(site: Site, anna: Staff) -> None:
    site.invited(case_type=MARKUP, agent_ref=MARKUP, agent_name=MARKUP)
    anna.post("/settings/names/case_type/one", value=MARKUP, en=MARKUP, synonyms=f"{MARKUP}2")
    anna.post("/settings/names/agent/one", value=MARKUP, name=MARKUP)
    for kind in ("case_type", "agent"):
        assert "<b>" not in anna.get(f"/settings/names/{kind}").response.text
        assert "<b>" not in open_row_of_markup(anna, kind).response.text


def open_row_of_markup(browser: Staff, kind: str) -> Page:
    found = re.search(
        r'<a class="name"\s+href="([^"]*)">', browser.get(f"/settings/names/{kind}").response.text
    )
    assert found is not None
    return browser.get(found[1].replace("&amp;", "&"))


def test_every_change_is_logged_without_the_words(site: Site, anna: Staff) -> None:
    anna.post("/settings/names/agent/one", value="anna@nordlicht.example", name="Anna")
    anna.post("/settings/names/agent/one", value="anna@nordlicht.example", name="Anna")
    found = [(row["deed"], row["target"], row["detail"]) for row in site.rows(Record)]
    assert found == [("name_changed", "agent", {"names": "labels"})]


# --- the same as another ---------------------------------------------------------------------------


def test_two_words_are_joined_with_all_that_meant_either(site: Site, anna: Staff) -> None:
    for case_type in ("faktura", "Rechnung", "invoice"):
        site.invited(case_type=case_type)
    anna.post("/settings/names/case_type/one", value="faktura", en="Bill", synonyms="räkning")
    anna.post("/settings/names/case_type/one", value="Rechnung", de="Rechnung", synonyms="invoice")
    page = open_row(anna, "Rechnung")
    assert "2 invitations of the last year move there" in page.words
    joined = anna.post("/settings/names/case_type/merge", value="Rechnung", same_as="faktura")
    assert "2 invitations of the last year have moved with it." in anna.follow(joined).words
    assert rows(anna.get("/settings/names")) == ["faktura Bill Rechnung, invoice, räkning 3"]
    assert {row["said"]: row["value"] for row in site.rows(Synonym)} == {
        "Rechnung": "faktura",
        "invoice": "faktura",
        "räkning": "faktura",
    }


@pytest.mark.parametrize(
    ("kind", "value", "same_as"),
    [
        ("case_type", "faktura", "faktura"),
        ("case_type", "unheard-of", "faktura"),
        ("case_type", "faktura", "unheard-of"),
        ("agent", "agent-1", "agent-2"),
    ],
)
def test_only_two_words_of_one_kind_can_be_joined(
    site: Site, anna: Staff, kind: str, value: str, same_as: str
) -> None:
    site.invited(case_type="faktura", agent_ref="agent-1")
    site.invited(case_type="konto", agent_ref="agent-2")
    page = anna.post(f"/settings/names/{kind}/merge", value=value, same_as=same_as)
    assert page.status in (404, 422)
    assert (site.rows(Synonym), site.rows(Name)) == ([], [])


# --- agents ----------------------------------------------------------------------------------------


def test_an_agent_gets_a_name_and_a_last_day(site: Site, anna: Staff) -> None:
    named(site)
    site.invited(agent_ref="agent-1", agent_name="Kim L.")
    assert rows(anna.get("/settings/names/agent")) == ["agent-1 Kim L. – 1"]
    assert "the name that the helpdesk tells: Kim L." in open_row(anna, "agent-1", "agent").words
    anna.post("/settings/names/agent/one", value="agent-1", name="Kim Lund", left_on="2026-02-28")
    assert rows(anna.get("/settings/names/agent")) == ["agent-1 Kim Lund 28 Feb 2026 1"]
    assert fields(open_row(anna, "agent-1", "agent"))["left_on"] == "2026-02-28"


@pytest.mark.parametrize(
    ("left_on", "words"),
    [
        ("yesterday", "This must be a date such as 2026-03-02."),
        ("2030-01-01", "This is more than a year away."),
    ],
)
def test_a_last_day_is_a_date_that_can_be(site: Site, anna: Staff, left_on: str, words: str) -> None:
    page = anna.post("/settings/names/agent/one", value="agent-1", name="Kim", left_on=left_on)
    assert page.status == 422
    assert f"Last day of work: {words}" in page.words
    assert (fields(page)["name"], fields(page)["left_on"]) == ("Kim", left_on)
    assert site.rows(Name) == []


def test_neither_number_nor_order_tells_whose_a_pseudonymous_figure_is(site: Site, anna: Staff) -> None:
    for agent in ("zoe", "adam", "zoe", "zoe"):
        site.invited(agent_ref=agent)
    page = anna.get("/settings/names/agent")
    assert rows(page) == ["adam adam –", "zoe zoe –"]
    assert "would tell whose a pseudonymous figure is" in page.words


def test_no_address_tells_who_an_agent_is(site: Site, anna: Staff) -> None:
    site.invited(agent_ref="kim@nordlicht.example")
    page = anna.get("/settings/names/agent")
    assert all("kim" not in url for url in re.findall(r'href="([^"]*)"', page.text))
    assert open_row(anna, "kim@nordlicht.example", "agent").heading == "kim@nordlicht.example"


def test_who_may_not_see_agents_neither_sees_nor_names_them(site: Site) -> None:
    site.invited(agent_ref="agent-1")
    berit = staff(site, Role.ADMIN, allowed={Permission.AGENT_NAMES: False})
    assert "/admin/settings/names/agent" not in berit.get("/settings/names").text
    assert berit.get("/settings/names/agent").status == 403
    assert berit.get("/settings/names/agent/one").status == 403
    assert berit.post("/settings/names/agent/one", value="agent-1", name="Kim").status == 403
    assert site.rows(Name) == []
