"""What is set for the whole organisation, in the browser."""

from typing import Any

import pytest

from surveyapp import preferences
from surveyapp.core.access import AgentFigures, Permission, Role
from surveyapp.db import Database
from surveyapp.i18n import LANGUAGES
from surveyapp.models import Preference, Record
from surveyapp.web.admin import settings_forms
from tests.support.people import Page, Site, opened
from tests.support.staff import Staff, staff

MARKUP = "<b>\"Nordlicht'</b>"

ORGANISATION = {
    "company": "Nordlicht",
    "contact": "hilfe@nordlicht.example",
    "timezone": "Europe/Berlin",
    "locale": "en",
    "answer_mode": "adaptive",
    "link_days": "60",
    "smallest_n": "5",
    "smallest_n_agent": "10",
    "ticket_url": "",
}
RETENTION = {"touches_days": "30", "comments_days": "1095", "identity_days": "365", "agents_days": "730"}

FORMS = [
    ("/settings/organisation", ORGANISATION),
    ("/settings/retention", RETENTION),
    ("/settings/agents", {"mode": "off"}),
]


@pytest.fixture
def site(database: Database) -> Site:
    return opened(
        database,
        COMPANY="Nordlicht",
        CONTACT="hilfe@nordlicht.example",
        TIMEZONE="Europe/Berlin",
        LOCALE="en",
    )


@pytest.fixture
def anna(site: Site) -> Staff:
    return staff(site, Role.ADMIN)


def stored(site: Site) -> dict[str, Any]:
    return {row["name"]: row["value"] for row in site.rows(Preference)}


def deeds(site: Site) -> list[tuple[str, Any]]:
    return [(row["deed"], row["detail"]) for row in sorted(site.rows(Record), key=lambda row: row["at"])]


def values(page: Page) -> dict[str, str | None]:
    """What stands in the fields; of several buttons the one that is chosen."""
    found: dict[str, str | None] = {}
    for each in page.inputs:
        if each.get("type") not in ("radio", "checkbox") or "checked" in each:
            found[str(each.get("name"))] = each.get("value")
    return found


# --- the hub ---------------------------------------------------------------------------------------


def test_the_hub_leads_to_everything_that_is_set(anna: Staff) -> None:
    page = anna.get("/settings")
    assert (page.status, page.heading) == (200, "Settings")
    for path in (
        "organisation",
        "look",
        "names",
        "helpdesks",
        "keys",
        "users",
        "audit",
        "do-not-survey",
        "retention",
        "agents",
        *(f"papers/{code}" for code in LANGUAGES),
    ):
        assert f'href="/admin/settings/{path}"' in page.text, path
    assert 'href="/admin/surveys"' in page.text


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
@pytest.mark.parametrize("path", ["", "/organisation", "/retention", "/agents", "/papers/sv"])
def test_nobody_but_admins_gets_in(site: Site, role: Role, path: str) -> None:
    assert staff(site, role).get(f"/settings{path}").status == 403


@pytest.mark.parametrize(("path", "form"), [*FORMS, ("/settings/organisation/reset", {})])
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_but_admins_sets_anything(site: Site, role: Role, path: str, form: dict[str, str]) -> None:
    assert staff(site, role).post(path, form, company="Mine").status == 403
    assert stored(site) == {}


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_paper_is_there_in_every_language(anna: Staff, code: str) -> None:
    page = anna.get(f"/settings/papers/{code}")
    assert page.status == 200
    assert page.heading
    assert f'lang="{code}"' in page.text


@pytest.mark.parametrize("lang", ["fr", "table", "..%2Fbase"])
def test_there_is_no_other_paper(anna: Staff, lang: str) -> None:
    assert anna.get(f"/settings/papers/{lang}").status == 404


def test_the_pages_speak_the_language_of_the_user(site: Site) -> None:
    sven = staff(site, Role.ADMIN, language="sv")
    assert sven.get("/settings/organisation").language == "sv"
    page = sven.post("/settings/organisation", ORGANISATION, timezone="Mars/Olympus")
    assert "Värdet måste vara en tidszon, till exempel Europe/Stockholm." in page.words


# --- the organisation ------------------------------------------------------------------------------


def test_the_form_shows_what_applies_and_says_that_it_is_the_servers(anna: Staff) -> None:
    page = anna.get("/settings/organisation")
    found = values(page)
    assert {name: found[name] for name in ORGANISATION if name != "locale"} == {
        name: value for name, value in ORGANISATION.items() if name != "locale"
    }
    assert "Everything above is as the server's settings say." in page.words
    assert "Go back to the server's settings" not in page.words


def test_only_what_was_changed_stands_before_the_server_from_then_on(site: Site, anna: Staff) -> None:
    page = anna.post("/settings/organisation", ORGANISATION, company="Südlicht", link_days="30")
    assert (page.status, page.location) == (303, "/admin/settings/organisation")
    after = anna.follow(page)
    assert "Saved." in after.words
    assert values(after)["company"] == "Südlicht"
    assert stored(site) == {"company": "Südlicht", "link_days": 30}
    assert "Company name" in after.words.partition("stand before what the server's settings say:")[2]
    assert "Time zone" not in after.words.partition("stand before what the server's settings say:")[2]
    assert deeds(site) == [("setting_changed", {"names": "company, link_days"})]


def test_saving_what_is_there_already_stores_and_logs_nothing(site: Site, anna: Staff) -> None:
    assert anna.post("/settings/organisation", ORGANISATION).status == 303
    assert (stored(site), deeds(site)) == ({}, [])


def test_the_customers_page_shows_the_new_name_at_once(site: Site, anna: Staff) -> None:
    invited = site.invited()
    anna.post("/settings/organisation", ORGANISATION, company="Südlicht")
    assert "Südlicht" in site.client.get(invited.path).text


def test_another_time_zone_says_what_becomes_of_earlier_days(anna: Staff) -> None:
    page = anna.post("/settings/organisation", ORGANISATION, timezone="Europe/Bucharest")
    assert "Answers that are there already keep the day they have." in anna.follow(page).words


def test_one_button_goes_back_to_the_servers_settings(site: Site, anna: Staff) -> None:
    anna.post("/settings/organisation", ORGANISATION, company="Südlicht")
    anna.post("/settings/retention", RETENTION, comments_days="2000")
    site.clock.forward(minutes=1)
    page = anna.follow(anna.post("/settings/organisation/reset"))
    assert values(page)["company"] == "Nordlicht"
    assert stored(site) == {"comments_days": 2000}
    assert deeds(site)[-1] == ("setting_changed", {"names": "company"})


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("company", "", "Company name: This is missing."),
        ("timezone", "Mars/Olympus", "Time zone: This is no time zone such as Europe/Stockholm."),
        ("locale", "fr", "Language where none is known: This is not known."),
        ("answer_mode", "guess", "When an answer counts: This is not known."),
        ("link_days", "0", "This must be a whole number from 1 to 3650."),
        ("link_days", "", "Days in which a survey can be answered: This is missing."),
        ("smallest_n", "many", "This must be a whole number from 1 to 10000."),
        (
            "ticket_url",
            "help.example",
            "This must be an address that begins with https:// and holds {ticket} once.",
        ),
    ],
)
def test_what_is_wrong_is_said_and_everything_typed_is_kept(
    site: Site, anna: Staff, field: str, value: str, words: str
) -> None:
    typed = {**ORGANISATION, "contact": MARKUP, "smallest_n_agent": "77", field: value}
    page = anna.post("/settings/organisation", typed)
    assert page.status == 422
    assert words in page.words
    found = values(page)
    assert (found["contact"], found["smallest_n_agent"]) == (MARKUP, "77")
    assert found["company"] == typed["company"]
    assert stored(site) == {}


def test_stored_markup_is_shown_as_text(site: Site, anna: Staff) -> None:
    anna.post("/settings/organisation", ORGANISATION, company=MARKUP, contact=MARKUP)
    for path in ("/settings", "/settings/organisation"):
        assert "<b>" not in anna.get(path).response.text
    assert values(anna.get("/settings/organisation"))["company"] == MARKUP


# --- how long --------------------------------------------------------------------------------------


def test_keeping_longer_is_saved_at_once(site: Site, anna: Staff) -> None:
    assert anna.post("/settings/retention", RETENTION, comments_days="2000").status == 303
    assert stored(site) == {"comments_days": 2000}
    assert deeds(site) == [("setting_changed", {"names": "comments_days"})]


def test_keeping_shorter_is_asked_once_and_says_what_goes(site: Site, anna: Staff) -> None:
    page = anna.post("/settings/retention", RETENTION, comments_days="90", agents_days="900")
    assert page.status == 422
    warned = page.words.partition("nobody can bring it back:")[2]
    assert warned.startswith(" Comments, days ")
    assert (values(page)["comments_days"], values(page)["agents_days"]) == ("90", "900")
    assert stored(site) == {}
    sure = anna.post("/settings/retention", RETENTION, comments_days="90", agents_days="900", sure="y")
    assert sure.status == 303
    assert stored(site) == {"comments_days": 90, "agents_days": 900}


def test_how_long_it_is_kept_has_to_be_a_number_of_days(site: Site, anna: Staff) -> None:
    page = anna.post("/settings/retention", RETENTION, touches_days="31", identity_days="12")
    assert page.status == 422
    assert "This must be a whole number from 1 to 30." in page.words
    assert values(page)["identity_days"] == "12"
    assert stored(site) == {}


# --- agents ----------------------------------------------------------------------------------------


def test_figures_name_agents_only_after_the_staffs_side_was_asked(site: Site, anna: Staff) -> None:
    assert values(anna.get("/settings/agents"))["mode"] == "pseudonymous"
    page = anna.post("/settings/agents", mode="named")
    assert page.status == 422
    assert "only after the works council or union was asked" in page.words
    assert values(page)["mode"] == "named"
    assert stored(site) == {}
    assert anna.post("/settings/agents", mode="named", was_asked="y").status == 303
    assert site.app.extensions["surveyapp"].settings.own.agent_figures is AgentFigures.NAMED
    assert deeds(site) == [("agents_named", {"names": "agent_figures"})]


def test_naming_no_more_needs_nobodys_leave(site: Site, anna: Staff) -> None:
    anna.post("/settings/agents", mode="named", was_asked="y")
    site.clock.forward(minutes=1)
    assert anna.post("/settings/agents", mode="named").status == 303
    assert anna.post("/settings/agents", mode="off").status == 303
    assert stored(site) == {"agent_figures": "off"}
    assert [deed for deed, _ in deeds(site)] == ["agents_named", "setting_changed"]


def test_there_are_no_other_ways_to_name_agents(site: Site, anna: Staff) -> None:
    assert anna.post("/settings/agents", mode="everybody", was_asked="y").status == 422
    assert stored(site) == {}


def test_a_form_without_its_token_sets_nothing(site: Site, anna: Staff) -> None:
    for path, form in FORMS:
        assert anna.post(path, form, csrf_token="forged", company="Mine").status == 400
    assert stored(site) == {}


def test_an_admin_keeps_the_settings_without_names_of_agents(site: Site) -> None:
    berit = staff(site, Role.ADMIN, allowed={Permission.AGENT_NAMES: False})
    assert berit.get("/settings/agents").status == 200


def test_the_settings_are_those_that_preferences_take() -> None:
    elsewhere = {"agent_figures", "colour", "logo", "senders", "reply_to", "privacy"}
    assert {*settings_forms.ORGANISATION, *settings_forms.RETENTION, *elsewhere} == set(preferences._CHECKS)
