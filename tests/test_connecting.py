"""Connecting a helpdesk: the steps, a test event, and a sentence for what was made of each event."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from surveyapp import connecting, hooks, surveys
from surveyapp.connecting import TRIGGERS, explain, guide
from surveyapp.core.errors import Problem, UnknownHookError
from surveyapp.db import Database
from surveyapp.i18n import languages
from surveyapp.models import Hook, HookEvent, Invitation, Ticket
from surveyapp.sources import SOURCES
from surveyapp.sources.event import Delivery, UnverifiedError
from tests.sources.samples import BODIES, CHATWOOT, FLAT, SECRETS, ZAMMAD, changed, signed
from tests.support.people import Site, opened

MANUAL = (Path(__file__).parents[1] / "docs" / "webhooks.md").read_text(encoding="utf-8")
MAPPING = {
    "kind": "/call/state",
    "kind.ended": "done",
    "ticket_ref": "/ticket/id",
    "address": "/ticket/people/0/mail",
    "case_type": "/ticket/custom_fields/2/value",
    "occasion": "/call/id",
    "tags": "/ticket/tags",
    "property.product": "/ticket/product",
}

every_source = pytest.mark.parametrize("source", sorted(SOURCES))


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def connect(
    site: Site, source: str, secret: str | None = None, mapping: dict[str, str] | None = None
) -> Hook:
    with site.database.transaction() as session:
        given = SECRETS[source] if secret is None else secret
        return hooks.add(session, source, "csat", source, given.ljust(16, "="), mapping or {}, site.clock())


def tried(site: Site, name: str) -> HookEvent:
    """A test event, after the worker has read it."""
    with site.database.transaction() as session:
        event = connecting.test_event(session, site.settings, name, site.clock())
    work(site)
    with site.database.reading() as session:
        return next(each for each in hooks.last_events(session, name) if each.id == event.id)


def work(site: Site) -> None:
    while True:
        with site.database.transaction() as session:
            if not hooks.work_off(session, site.settings, site.clock()):
                return


def made_of(site: Site, source: str, body: Any) -> HookEvent:
    """What comes of such an event that the helpdesk itself sent."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with site.database.transaction() as session:
        secret = hooks.find_hook(session, source).secret
        assert hooks.receive(session, source, signed(source, raw, site.clock(), secret), site.clock())
    work(site)
    with site.database.reading() as session:
        [event] = [each for each in hooks.last_events(session, source) if each.body == raw]
        return event


# --- what to do there ------------------------------------------------------------------------------


@every_source
def test_every_source_is_explained_in_every_language(site: Site, source: str) -> None:
    hook = connect(site, source)
    told = {code: guide(source, hook, site.settings, tongue) for code, tongue in languages().items()}
    for found in told.values():
        assert found.url == f"https://survey.nordlicht.example/hooks/{source}"
        assert found.secret == hook.secret
        assert len(found.steps) >= 4 and len(set(found.steps)) == len(found.steps)
        assert all(step.endswith(".") and "{field}" not in step for step in found.steps)
    assert found.is_secret_theirs == (source in ("zendesk", "chatwoot"))


def test_before_it_is_connected_the_address_is_known_already(site: Site) -> None:
    found = guide("zendesk", None, site.settings, languages()["en"])
    assert (found.url, found.secret) == ("https://survey.nordlicht.example/hooks/zendesk", "")
    assert "Put the address from this page into the field Endpoint URL." in found.steps


@every_source
def test_the_text_to_paste_is_the_manuals_and_is_understood(source: str) -> None:
    found = re.search(rf"```json {source}\n(.*?)```", MANUAL, re.DOTALL)
    assert TRIGGERS[source] == (found[1] if found else "")
    if found:
        filled = re.sub(r"\{\{[^}]*\}\}", "x", TRIGGERS[source]).encode()
        event = SOURCES[source].read(Delivery(filled, {}), {})
        assert (event.kind, event.address is None) == ("ended", False)


# --- the test event --------------------------------------------------------------------------------


@every_source
def test_a_test_event_is_read_and_invites_nobody(site: Site, source: str) -> None:
    connect(site, source)
    event = tried(site, source)
    assert (event.kind, event.outcome, event.due_at) == ("ended", "test", None)
    assert (event.ticket_ref or "").startswith("TEST-") and event.invitation_id is None
    assert "address" not in event.empty and "team" not in event.empty
    assert site.rows(Invitation) == site.rows(Ticket) == []


def test_a_test_event_is_another_one_each_time(site: Site) -> None:
    connect(site, "freshdesk")
    assert tried(site, "freshdesk").ticket_ref != tried(site, "freshdesk").ticket_ref
    assert len(site.rows(HookEvent)) == 2


@pytest.mark.parametrize(
    ("source", "empty"),
    [
        ("generic", []),
        ("zammad", ["locale", "agent_replies", "case_type"]),
        ("zendesk", ["agent_replies"]),
        ("freshdesk", ["customer_ref", "agent_replies"]),
        ("chatwoot", ["agent_replies", "case_type"]),
    ],
)
def test_it_shows_what_the_helpdesk_does_not_tell(site: Site, source: str, empty: list[str]) -> None:
    connect(site, source)
    assert sorted(tried(site, source).empty) == sorted(empty)


@every_source
def test_it_stands_where_the_mapping_looks(site: Site, source: str) -> None:
    connect(site, source, mapping=MAPPING)
    event = tried(site, source)
    assert event.outcome == "test" and "case_type" not in event.empty


def test_a_mapping_that_hides_a_field_is_shown_as_it_is(site: Site) -> None:
    connect(site, "generic", mapping={"case_type": "/address/type"})
    event = tried(site, "generic")
    assert event.outcome == "not invited: it names no address" and "address" in event.empty


@pytest.mark.parametrize("source", ["zammad", "generic", "standard"])
def test_of_two_secrets_one_is_enough(site: Site, source: str) -> None:
    connect(site, source, f"{SECRETS[source]}\nanother secret of sixteen")
    assert tried(site, source).outcome == "test"


def test_a_secret_that_proves_nothing_is_told_at_once(site: Site) -> None:
    connect(site, "standard", "no base64 at all, my friend")
    with site.database.transaction() as session, pytest.raises(UnverifiedError):
        connecting.test_event(session, site.settings, "standard", site.clock())
    with site.database.transaction() as session, pytest.raises(UnknownHookError):
        connecting.test_event(session, site.settings, "nobody", site.clock())


def test_a_helpdesks_own_event_about_the_test_address_is_a_test_too(site: Site) -> None:
    connect(site, "generic")
    event = made_of(site, "generic", FLAT | {"address": hooks.TEST_ADDRESS.upper()})
    assert event.outcome == "test" and site.rows(Invitation) == []


# --- in a sentence ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "body", "sentence"),
    [
        ("generic", FLAT, "The survey waits to be sent."),
        ("generic", FLAT | {"address": None}, "Nobody was invited: the event names no email address."),
        (
            "generic",
            FLAT | {"address": "nobody"},
            "The event has a field that cannot be used: email. This is not an email address.",
        ),
        (
            "generic",
            FLAT | {"address": "postmaster@example.se"},
            "Nobody reads mail to this address in person.",
        ),
        ("generic", FLAT | {"ticket": None}, "Nothing was done: the event names no ticket."),
        ("generic", FLAT | {"event": ""}, "Nothing was done: the event does not say what happened."),
        ("generic", FLAT | {"event": "assigned"}, "Nothing was done: no survey depends on what happened."),
        ("generic", FLAT | {"event": "reopened"}, "The ticket was opened again. No survey was waiting."),
        (
            "generic",
            FLAT | {"event": "merged"},
            "The ticket was merged with another one. No survey was waiting.",
        ),
        ("generic", FLAT | {"event": "spam"}, "The ticket was marked as spam. No survey was waiting."),
        ("generic", FLAT | {"event": "deleted"}, "The ticket was deleted. No survey was waiting."),
        (
            "zammad",
            changed(
                changed(changed(ZAMMAD, "/ticket/state", "open"), "/ticket/close_at", ""),
                "/ticket/last_close_at",
                "",
            ),
            "Nothing was done: the ticket has never been closed.",
        ),
        (
            "zendesk",
            {
                "type": "zen:event-type:ticket.status_changed",
                "detail": {"id": "1"},
                "event": {"previous": "NEW", "current": "OPEN"},
            },
            "Nothing was done: the status changed, but the ticket was not opened again.",
        ),
        (
            "chatwoot",
            changed(CHATWOOT, "/status", "pending"),
            "Nothing was done: the conversation was not resolved before.",
        ),
        ("generic", b"{", "The event could not be read: it is no valid JSON."),
        ("generic", b"[]", "The event could not be read: it is JSON, but no object."),
        ("generic", b" " * 1_000_001, "The event could not be read: it is larger than any ticket."),
    ],
)
def test_what_was_made_of_an_event_is_said_in_every_language(
    site: Site, source: str, body: Any, sentence: str
) -> None:
    connect(site, source)
    event = made_of(site, source, body)
    assert explain(languages()["en"], event) == sentence
    assert all(explain(tongue, event) for tongue in languages().values())


@every_source
def test_a_solved_ticket_is_said_to_be_asked_about(site: Site, source: str) -> None:
    connect(site, source)
    event = made_of(site, source, BODIES[source])
    assert explain(languages()["en"], event) == "The survey waits to be sent."


def test_an_event_that_called_a_survey_off_says_how_many(site: Site) -> None:
    connect(site, "generic")
    made_of(site, "generic", FLAT)
    site.clock.forward(minutes=1)
    event = made_of(site, "generic", FLAT | {"event": "reopened", "at": site.clock().isoformat()})
    told = explain(languages()["en"], event)
    assert told == "The ticket was opened again. 1 survey was called off."


def test_an_event_that_waits_a_test_and_a_closed_survey_are_said(site: Site) -> None:
    connect(site, "generic")
    tongue = languages()["en"]
    with site.database.transaction() as session:
        event = connecting.test_event(session, site.settings, "generic", site.clock())
        assert explain(tongue, event) == "The event waits to be read."
    work(site)
    assert explain(tongue, tried(site, "generic")) == "This was a test: it was read, and nobody was invited."
    with site.database.transaction() as session:
        surveys.set_closed(session, "csat", site.clock())
    told = explain(tongue, made_of(site, "generic", FLAT))
    assert told == "Nobody was invited: the survey is closed."


def test_a_mistake_of_ours_is_said_as_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(site, "generic")
    monkeypatch.setattr(hooks, "invite", lambda *_, **__: 1 / 0)
    event = made_of(site, "generic", FLAT)
    tongue = languages()["en"]
    assert explain(tongue, event) == "Something went wrong on our side; it is tried again shortly."
    event.due_at = None
    assert explain(tongue, event) == "Something went wrong on our side; the server's log says what."


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        ("failed: 550 no such user here", "The survey could not be delivered."),
        (
            "agent_replies: This must be a whole number from 0 to 100.",
            "This must be a whole number from 0 to 100.",
        ),
        ("ticket: This is longer than 200 characters.", "This is longer than 200 characters."),
        ("There is no survey 'x'; there are: csat.", "Nobody was invited: there is no such survey."),
        ("ignored: something of another release", "The event could not be used."),
        ("colour: This is no colour", "The event could not be used."),
    ],
)
def test_what_is_told_is_never_a_programs_own_words(outcome: str, sentence: str) -> None:
    event = HookEvent(outcome=outcome, due_at=None, kind="ended", empty=[])
    told = explain(languages()["en"], event)
    assert told == sentence or told.endswith(f": {outcome.partition(':')[0]}. {sentence}")


def test_every_problem_that_is_looked_for_can_be_told() -> None:
    values = {"n": 3, "low": 1, "high": 9}
    for problem in (Problem.MISSING, Problem.LONG, Problem.NUMBER, Problem.MANY, Problem.FAR, Problem.ZONE):
        event = HookEvent(outcome=f"x: {problem.format(**values)}", due_at=None, kind=None, empty=[])
        assert explain(languages()["en"], event).endswith(problem.format(**values))
