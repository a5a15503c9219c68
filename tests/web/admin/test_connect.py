"""Helpdesks in the browser: connected, tried, looked after, disconnected."""

import json
import re
from html import unescape

import pytest

from surveyapp import hooks, preferences, surveys
from surveyapp.core.access import AgentFigures, Permission, Role
from surveyapp.core.deeds import Deed
from surveyapp.db import Database
from surveyapp.i18n import languages
from surveyapp.models import Hook, HookEvent, Invitation, Record
from surveyapp.sources import SOURCES
from surveyapp.sources.fields import FIELDS
from surveyapp.web.admin.connect_events import LONGEST_BODY
from surveyapp.web.admin.connect_forms import field_names
from tests.sources.samples import FLAT, signed
from tests.support.people import Page, Site, opened
from tests.support.staff import Staff, staff

PATH = "/settings/helpdesks"
HOSTILE = "<b>Kim</b> \"K\" & 'Kund'"


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def anna(site: Site) -> Staff:
    return staff(site, Role.ADMIN)


def connect(anna: Staff, source: str = "generic", **fields: str) -> Page:
    """Connect one, and the page that follows."""
    return anna.follow(anna.post(PATH, data={"source": source, "survey": "csat", **fields}))


def the_hook(site: Site, name: str = "generic") -> Hook:
    with site.database.reading() as session:
        return next(each for each in hooks.all_hooks(session) if each.name == name)


def work(site: Site) -> None:
    while True:
        with site.database.transaction() as session:
            if not hooks.work_off(session, site.settings, site.clock()):
                return


def sent(site: Site, body: bytes | None = None, hook: str = "generic", **changes: object) -> None:
    """The helpdesk tells of a solved ticket."""
    raw = body if body is not None else json.dumps({**FLAT, **changes}).encode()
    with site.database.transaction() as session:
        row, now = hooks.find_hook(session, hook), site.clock()
        assert hooks.receive(session, hook, signed(row.source, raw, now, row.secret), now)
    work(site)


def name_agents(site: Site) -> None:
    with site.database.transaction() as session:
        preferences.save(session, {"agent_figures": AgentFigures.NAMED}, site.clock())
    site.app.extensions["surveyapp"].preferences.forget()


def areas(page: Page) -> dict[str, str]:
    """What stands in the form's areas for text."""
    found = re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', page.response.text, re.DOTALL)
    return {name: unescape(said).replace("\r\n", "\n").removeprefix("\n") for name, said in found}


def shown(page: Page) -> list[str]:
    """What stands there to be copied."""
    return [unescape(each) for each in re.findall(r"<pre[^>]*>(.*?)</pre>", page.response.text, re.DOTALL)]


def deeds(site: Site) -> list[tuple[str, str | None]]:
    return sorted((row["deed"], row["target"]) for row in site.rows(Record))


# --- connecting ------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_a_helpdesk_is_connected_and_told_what_to_do(site: Site, anna: Staff, source: str) -> None:
    page = connect(anna, source)
    hook = the_hook(site, source)
    assert (hook.source, hook.survey_key, hook.mapping) == (source, "csat", {})
    assert shown(page)[:2] == [f"https://survey.nordlicht.example/hooks/{source}", hook.secret]
    assert page.response.text.count("<li>") > 4
    assert deeds(site) == [(Deed.HOOK_ADDED, source)]
    assert hook.secret not in str(site.rows(Record))


def test_the_secret_is_folded_away(anna: Staff) -> None:
    page = connect(anna)
    assert re.search(r"<details[^>]*>\s*<summary>Show the secret</summary>\s*<pre", page.text)


def test_a_secret_of_the_helpdesk_is_kept_as_it_is(site: Site, anna: Staff) -> None:
    connect(anna, "zendesk", name="help", secret="their own secret, 25 long")
    assert the_hook(site, "help").secret == "their own secret, 25 long"


def test_every_helpdesk_stands_in_the_list(site: Site, anna: Staff) -> None:
    assert "No helpdesk is connected yet." in anna.get(PATH).words
    connect(anna, "zammad", name="phone")
    assert "phone Zammad csat none yet Connected" in anna.get(PATH).words
    site.clock.forward(hours=1)
    anna.post(f"{PATH}/phone/test")
    assert "phone Zammad csat 2 Mar 2026, 11:00 Connected" in anna.get(PATH).words


def test_a_name_in_use_stays_with_whom_it_belongs_to(site: Site, anna: Staff) -> None:
    connect(anna, "zammad", name="desk")
    before = the_hook(site, "desk").secret
    page = anna.post(PATH, data={"source": "generic", "survey": "csat", "name": "desk"})
    assert page.status == 422
    assert 'id="name-problem">This is already in use.' in page.text
    assert (the_hook(site, "desk").source, the_hook(site, "desk").secret) == ("zammad", before)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "Big Desk"}, "This has characters that are no text."),
        ({"name": "x" * 41}, "This is longer than 40 characters."),
        ({"secret": "short"}, "This is shorter than 16 characters."),
        ({"secret": "x" * 201}, "This is longer than 200 characters."),
        ({"source": "jira"}, "This is not known."),
        ({"survey": "nobody"}, "This is not known."),
    ],
)
def test_what_cannot_be_connected_is_said(site: Site, anna: Staff, fields: dict[str, str], said: str) -> None:
    values = {"source": "zammad", "survey": "csat", "name": "kept", **fields}
    page = anna.post(PATH, data=values)
    assert (page.status, site.rows(Hook)) == (422, [])
    assert said in page.words
    kept = {each.get("name"): each.get("value") for each in page.inputs}
    assert (kept["name"], areas(page)["secret"]) == (values["name"], values.get("secret", ""))


def test_a_closed_survey_is_not_offered_but_stays_where_it_is_in_use(site: Site, anna: Staff) -> None:
    connect(anna)
    with site.database.transaction() as session:
        surveys.set_closed(session, "csat", site.clock())
    assert 'value="csat"' not in anna.get(PATH).response.text
    assert 'selected value="csat"' in anna.get(f"{PATH}/generic").response.text


# --- events ----------------------------------------------------------------------------------------


def test_a_test_event_is_told_in_a_sentence_and_invites_nobody(site: Site, anna: Staff) -> None:
    connect(anna)
    page = anna.follow(anna.post(f"{PATH}/generic/test"))
    assert "The event waits to be read." in page.words
    work(site)
    assert "This was a test: it was read, and nobody was invited." in anna.get(f"{PATH}/generic").words
    assert site.rows(Invitation) == []


def test_a_secret_that_proves_nothing_is_said(site: Site, anna: Staff) -> None:
    connect(anna, "standard", secret="whsec_this is no base64")
    page = anna.post(f"{PATH}/standard/test")
    assert page.status == 422
    assert page.alert == "No test event was sent: the secret cannot be used. Save another one."
    assert 'selected value="csat"' in page.response.text
    assert site.rows(HookEvent) == []


def test_an_event_says_what_was_made_of_it_and_what_arrived_empty(site: Site, anna: Staff) -> None:
    connect(anna)
    sent(site, team=None, channel="")
    page = anna.get(f"{PATH}/generic")
    assert "team, channel" in page.words
    [row] = site.rows(Invitation)
    assert f'href="/admin/invitations/{row["id"]}">4711</a>' in page.text
    sent(site, body=b"no JSON")
    assert "The event could not be read: it is no valid JSON." in anna.get(f"{PATH}/generic").words


def test_the_last_twenty_events_are_shown_the_newest_first(site: Site, anna: Staff) -> None:
    connect(anna)
    for number in range(22):
        site.clock.forward(minutes=1)
        sent(site, ticket=f"No-{number}")
    found = re.findall(r"No-\d+", anna.get(f"{PATH}/generic").words)
    assert found == [f"No-{number}" for number in range(21, 1, -1)]


def test_an_event_of_another_helpdesk_is_not_shown(site: Site, anna: Staff) -> None:
    connect(anna)
    connect(anna, name="other")
    sent(site, hook="other", ticket="T-99")
    assert "T-99" not in anna.get(f"{PATH}/generic").words
    assert "T-99" in anna.get(f"{PATH}/other").words


def test_what_was_sent_is_shown_where_customers_and_agents_are(site: Site, anna: Staff) -> None:
    connect(anna)
    sent(site, name=HOSTILE)
    name_agents(site)
    page = anna.get(f"{PATH}/generic")
    assert json.loads(shown(page)[-1]) == {**FLAT, "name": HOSTILE}
    assert "<b>Kim" not in page.response.text


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("may_see", [True, False])
def test_without_the_right_only_the_names_of_fields_are_shown(
    site: Site, is_named: bool, may_see: bool
) -> None:
    somebody = staff(site, Role.ADMIN, allowed={Permission.CUSTOMERS: may_see})
    connect(somebody)
    people = [{"mail": "kim@example.se", "phone": None, "fax": ""}]
    sent(site, people=people, address="maria@example.se", agent_name="Olle")
    if is_named:
        name_agents(site)
    page = somebody.get(f"{PATH}/generic")
    is_shown = is_named and may_see
    for said in ("maria@example.se", "kim@example.se", "Olle", "alva@example.se"):
        assert (said in page.text) is is_shown, said
    assert ("Values are left out" in page.words) is not is_shown
    if not is_shown:
        outline = json.loads(shown(page)[-1])
        assert outline["people"] == [{"mail": "…", "phone": None, "fax": ""}]
        assert set(outline) == {*FLAT, "people"}


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\x00 <b>no text</b>",
        b"[" * 50_000,
        b'{"event": "solved", "ticket": "\\ud800", "address": "\\ud800"}',
        b'{"ticket": ' + b'{"a":' * 700 + b"1" + b"}" * 701,
        b"",
    ],
)
def test_no_event_breaks_the_page(site: Site, anna: Staff, body: bytes) -> None:
    connect(anna)
    sent(site, body=body)
    name_agents(site)
    page = anna.get(f"{PATH}/generic")
    assert page.status == 200
    assert "<b>no text" not in page.response.text


def test_of_a_long_event_the_beginning_is_shown(site: Site, anna: Staff) -> None:
    connect(anna)
    sent(site, history="x" * LONGEST_BODY)
    name_agents(site)
    page = anna.get(f"{PATH}/generic")
    assert "The rest is left out." in page.words
    assert len(shown(page)[-1]) == LONGEST_BODY


# --- changing --------------------------------------------------------------------------------------


def test_a_mapping_is_typed_line_by_line(site: Site, anna: Staff) -> None:
    connect(anna)
    lines = "team = /data/group\r\n\r\nkind.ended=done, closed\nproperty.product=/data/a=b"
    page = anna.follow(anna.post(f"{PATH}/generic", survey="nps", mapping=lines))
    assert "It holds for the next event." in page.words
    hook = the_hook(site)
    assert hook.survey_key == "nps"
    assert hook.mapping == {
        "team": "/data/group",
        "kind.ended": "done, closed",
        "property.product": "/data/a=b",
    }
    assert areas(page)["mapping"].splitlines() == [
        "team=/data/group",
        "kind.ended=done, closed",
        "property.product=/data/a=b",
    ]


@pytest.mark.parametrize(
    "line",
    ["colour=/a", "team=group", "team=/a~2", "kind.solved=done", "no pair", "team=/a\nteam=/b", HOSTILE],
)
def test_a_line_that_cannot_be_used_is_named(site: Site, anna: Staff, line: str) -> None:
    connect(anna)
    page = anna.post(f"{PATH}/generic", survey="nps", mapping=line)
    assert page.status == 422
    assert f"This line cannot be used: {line.splitlines()[-1]}" in page.text
    assert areas(page)["mapping"] == line
    assert (the_hook(site).mapping, the_hook(site).survey_key) == ({}, "csat")


def test_the_secret_stays_until_another_one_is_saved_or_made(site: Site, anna: Staff) -> None:
    connect(anna)
    first = the_hook(site).secret
    anna.post(f"{PATH}/generic", survey="csat")
    assert the_hook(site).secret == first
    anna.post(f"{PATH}/generic", survey="csat", secret=f"{first}\r\nanother secret of theirs")
    assert the_hook(site).secret == f"{first}\nanother secret of theirs"
    anna.post(f"{PATH}/generic", survey="csat", is_fresh="y")
    assert the_hook(site).secret not in {first, f"{first}\nanother secret of theirs"}


def test_a_secret_that_is_too_short_changes_nothing(site: Site, anna: Staff) -> None:
    connect(anna)
    first = the_hook(site).secret
    page = anna.post(f"{PATH}/generic", survey="nps", secret="short")
    assert page.status == 422
    assert "This is shorter than 16 characters." in page.words
    assert (the_hook(site).secret, the_hook(site).survey_key) == (first, "csat")


def test_every_field_that_can_be_mapped_has_words(anna: Staff) -> None:
    assert set(field_names(languages()["en"])) == set(FIELDS)
    page = connect(anna)
    assert "agent_replies number of the agent's replies" in page.words


# --- disconnecting ---------------------------------------------------------------------------------


def test_a_helpdesk_is_disconnected_and_its_events_stay(site: Site, anna: Staff) -> None:
    connect(anna)
    sent(site)
    assert "solved tickets lead to no survey" in anna.get(f"{PATH}/generic").words
    for _ in range(2):
        page = anna.follow(anna.post(f"{PATH}/generic/close"))
    assert "Disconnected" in page.words
    assert deeds(site) == [(Deed.HOOK_ADDED, "generic"), (Deed.HOOK_CLOSED, "generic")]
    closed = anna.get(f"{PATH}/generic")
    assert "Disconnected since" in closed.words and "4711" in closed.words
    assert anna.post(f"{PATH}/generic/test").status == 404
    assert anna.post(f"{PATH}/generic", survey="csat").status == 404


def test_it_is_taken_up_again_under_its_name(site: Site, anna: Staff) -> None:
    connect(anna)
    anna.post(f"{PATH}/generic/close")
    connect(anna)
    assert the_hook(site).closed_at is None


# --- everything ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nobody", "%00", "GENERIC", "x" * 300])
def test_a_helpdesk_that_there_is_not_is_not_found(anna: Staff, name: str) -> None:
    assert anna.get(f"{PATH}/{name}").status == 404
    for way in ("", "/test", "/close"):
        assert anna.post(f"{PATH}/{name}{way}", survey="csat").status == 404


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_but_admins_gets_in(site: Site, anna: Staff, role: Role) -> None:
    connect(anna)
    other = staff(site, role)
    for path in (PATH, f"{PATH}/generic"):
        assert other.get(path).status == 403
    for path in (PATH, f"{PATH}/generic", f"{PATH}/generic/test", f"{PATH}/generic/close"):
        assert other.post(path, survey="csat", source="zammad").status == 403
    assert (len(site.rows(Hook)), site.rows(HookEvent)) == (1, [])


def test_the_steps_are_told_in_romanian(site: Site) -> None:
    page = connect(staff(site, language="ro"), "zammad")
    assert page.language == "ro"
    assert languages()["ro"].gettext("Then open {menu}.", menu="Manage → Trigger → New") in page.words
    assert "Then open" not in page.words
