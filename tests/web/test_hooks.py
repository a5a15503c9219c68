"""A helpdesk tells of its tickets: stored at once, worked off later, each event once."""

import json
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from surveyapp import hooks, surveys
from surveyapp.core.errors import FieldError, UnknownHookError, UnknownSurveyError
from surveyapp.db import Database
from surveyapp.invitations import invite
from surveyapp.models import HookEvent, Invitation
from surveyapp.sources import SOURCES
from surveyapp.sources.event import MOST_BYTES, MappingError
from tests.support.people import START, Site, opened

HOST = "survey.nordlicht.example"
SECRET = "a secret of the helpdesk"
MAPPING = {
    "kind": "/event",
    "kind.ended": "solved",
    "kind.reopened": "reopened",
    "ticket_ref": "/ticket/number",
    "occasion": "/id",
    "address": "/ticket/customer",
    "agent_ref": "/ticket/agent",
    "at": "/at",
}


@pytest.fixture
def site(database: Database) -> Site:
    site = opened(database)
    connect(site, "generic", mapping=MAPPING)
    return site


def connect(site: Site, source: str, name: str = "", mapping: dict[str, str] | None = None) -> None:
    with site.database.transaction() as session:
        hooks.add(session, source, "csat", name or source, SECRET, mapping or {}, site.clock())


def event(kind: str = "solved", event_id: str = "e-1", **ticket: Any) -> dict[str, Any]:
    about = {"number": "T-1", "customer": "kund@example.se", "agent": "anna"} | ticket
    return {"id": event_id, "event": kind, "at": START.isoformat(), "ticket": about}


def deliver(site: Site, body: Any, name: str = "generic", secret: str = SECRET) -> TestResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Host": HOST, "X-Surveyapp-Secret": secret}
    return site.client.post(f"/hooks/{name}", data=raw, headers=headers, content_type="application/json")


def work(site: Site) -> int:
    done = 0
    while True:
        with site.database.transaction() as session:
            if not hooks.work_off(session, site.settings, site.clock()):
                return done
        done += 1


def events(site: Site) -> list[dict[str, Any]]:
    return sorted(site.rows(HookEvent), key=lambda row: row["received_at"])


def test_an_event_is_stored_at_once_and_invites_later(site: Site) -> None:
    response = deliver(site, event())
    assert (response.status_code, response.json) == (202, {"status": "accepted"})
    assert site.rows(Invitation) == []
    assert work(site) == 1
    [row] = site.rows(Invitation)
    assert (row["ticket_ref"], row["occasion"], row["agent_ref"]) == ("T-1", "e-1", "anna")
    assert (row["source"], row["status"], row["address"]) == ("generic", "queued", "kund@example.se")
    assert row["send_at"] == START + timedelta(hours=1)
    [stored] = events(site)
    assert (stored["kind"], stored["outcome"], stored["ticket_ref"]) == ("ended", "queued", "T-1")
    assert (stored["invitation_id"], stored["due_at"]) == (row["id"], None)
    assert "team" in stored["empty"] and "agent_ref" not in stored["empty"]


def test_the_delay_after_the_end_is_policys(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_policy(session, "csat", {"delay_minutes": 5})
    site.clock.forward(minutes=3)
    deliver(site, event())
    work(site)
    assert site.rows(Invitation)[0]["send_at"] == START + timedelta(minutes=5)


def test_an_event_that_is_delivered_again_invites_once(site: Site) -> None:
    for _ in range(3):
        response = deliver(site, event())
        work(site)
    assert (response.status_code, response.json) == (200, {"status": "known"})
    assert len(site.rows(Invitation)) == len(events(site)) == 1


def test_the_same_event_through_two_doors_invites_once(site: Site) -> None:
    connect(site, "generic", "other", MAPPING)
    deliver(site, event())
    deliver(site, event(), "other")
    assert work(site) == 2 and len(site.rows(Invitation)) == 1


def test_the_same_bytes_are_news_again_after_a_day(site: Site) -> None:
    assert [deliver(site, event()).status_code for _ in range(2)] == [202, 200]
    site.clock.forward(hours=24)
    assert [deliver(site, event()).status_code for _ in range(2)] == [202, 200]
    site.clock.forward(hours=24)
    assert deliver(site, event()).status_code == 202


def test_the_same_words_are_news_where_they_call_off_or_come_after_a_reopening(site: Site) -> None:
    """Freshdesk and Freshservice tell no time by themselves, so a second end has the first one's bytes."""
    for minutes in range(2):  # solved and opened again, twice, within a day
        solved, reopened = event() | {"at": None, "id": None}, event("reopened") | {"at": None, "id": None}
        assert deliver(site, solved).status_code == 202
        assert deliver(site, solved).status_code == 200
        work(site)
        site.clock.forward(minutes=5 + minutes)
        assert deliver(site, reopened).status_code == 202
        work(site)
        site.clock.forward(minutes=5)
    states = [(row["status"], row["reason"]) for row in site.rows(Invitation)]
    assert states == [("cancelled", "reopened")] * 2


def test_a_name_that_no_database_takes_is_not_connected(site: Site) -> None:
    for name in ("%00", "%ED%A0%80", "x" * 300):
        response = site.client.post(f"/hooks/{name}", data="{}", headers={"Host": HOST})
        assert response.status_code == 404


def test_a_ticket_that_is_opened_again_calls_off_what_waits(site: Site) -> None:
    deliver(site, event())
    work(site)
    site.clock.forward(minutes=5)
    deliver(site, event("reopened", "e-2") | {"at": site.clock().isoformat()})
    work(site)
    [row] = site.rows(Invitation)
    assert (row["status"], row["reason"]) == ("cancelled", "reopened")
    assert events(site)[1]["outcome"] == "reopened: 1 called off"


def test_events_in_the_wrong_order_come_to_the_same(site: Site) -> None:
    later = START + timedelta(minutes=5)
    site.clock.forward(minutes=6)
    deliver(site, event("reopened", "e-2") | {"at": later.isoformat()})
    work(site)
    deliver(site, event())
    work(site)
    [row] = site.rows(Invitation)
    assert (row["status"], row["reason"]) == ("refused", "reopened")


def test_a_second_solve_is_a_second_occasion(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_policy(session, "csat", {"quiet_days": 0})
    deliver(site, event())
    deliver(site, event(event_id="e-2"))
    work(site)
    assert {row["occasion"] for row in site.rows(Invitation)} == {"e-1", "e-2"}


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (event(customer=None), "not invited: it names no address"),
        (event(customer="nobody"), "email: This is not an email address."),
        (event(number=None), "ignored: "),
        (event("assigned"), "ignored: "),
        (b"{", "The body is no readable JSON"),
        (b"\xff\xfe", "The body is no readable JSON"),
        (b"[" * 100_000, "The body is no readable JSON"),
    ],
)
def test_what_cannot_be_used_is_kept_with_its_reason(site: Site, body: Any, outcome: str) -> None:
    assert deliver(site, body).status_code == 202
    assert work(site) == 1
    [stored] = events(site)
    assert stored["outcome"].startswith(outcome) and stored["due_at"] is None
    assert site.rows(Invitation) == []


def test_a_closed_survey_is_the_events_outcome(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_closed(session, "csat", site.clock())
    deliver(site, event())
    work(site)
    assert events(site)[0]["outcome"] == "The survey csat is closed."


def test_a_mistake_of_ours_is_tried_again_and_stops_no_other_event(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(site, event())
    deliver(site, event(event_id="e-2", number="T-2", customer="b@example.se"))

    def broken(session: Any, settings: Any, request: Any, now: Any, **more: Any) -> Any:
        if request.ticket_ref == "T-1":
            raise ZeroDivisionError
        return invite(session, settings, request, now, **more)

    with monkeypatch.context() as patch:
        patch.setattr(hooks, "invite", broken)
        assert work(site) == 2
    assert [row["ticket_ref"] for row in site.rows(Invitation)] == ["T-2"]
    site.clock.forward(minutes=1)
    assert work(site) == 1
    assert len(site.rows(Invitation)) == 2


def test_a_mistake_that_stays_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(site, event())
    monkeypatch.setattr(hooks, "invite", lambda *_, **__: 1 / 0)
    for _ in range(10):
        work(site)
        site.clock.forward(hours=1)
    [stored] = events(site)
    assert (stored["attempts"], stored["due_at"]) == (hooks.MOST_TRIES, None)


# --- who may deliver -------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["", "another secret of it", SECRET + "x"])
def test_nothing_is_taken_without_the_secret(site: Site, secret: str) -> None:
    response = deliver(site, event(), secret=secret)
    assert (response.status_code, response.content_type) == (401, "application/problem+json")
    assert events(site) == []


@pytest.mark.parametrize("source", SOURCES)
def test_no_source_takes_an_unsigned_delivery(site: Site, source: str) -> None:
    connect(site, source, "unsigned")
    raw = json.dumps(event()).encode()
    response = site.client.post(
        "/hooks/unsigned", data=raw, headers={"Host": HOST}, content_type="application/json"
    )
    assert response.status_code == 401 and events(site) == []


def test_a_name_that_is_not_connected_takes_nothing(site: Site) -> None:
    assert deliver(site, event(), "nobody").status_code == 404
    with site.database.transaction() as session:
        hooks.close(session, "generic", site.clock())
    assert deliver(site, event()).status_code == 404
    connect(site, "generic", mapping=MAPPING)
    assert deliver(site, event()).status_code == 202


def test_a_body_larger_than_any_ticket_is_refused(site: Site) -> None:
    assert deliver(site, b" " * (MOST_BYTES + 1)).status_code == 413


def test_an_independent_signers_delivery_is_taken_once(site: Site) -> None:
    with site.database.transaction() as session:
        secret = hooks.add(session, "standard", "csat", "standard", None, MAPPING, site.clock()).secret
    body = json.dumps({"type": "ticket", "data": event()})
    at = site.clock()
    headers = {
        "Host": HOST,
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body),
    }

    def post(data: str, **changes: str) -> int:
        given = headers | {name.replace("_", "-"): value for name, value in changes.items()}
        return site.client.post("/hooks/standard", data=data, headers=given).status_code

    assert post(body.replace("T-1", "T-2")) == 401
    assert post(body, webhook_id="msg_2") == 401
    assert [post(body), post(body)] == [202, 200]
    site.clock.forward(minutes=5, seconds=1)
    assert post(body) == 401


# --- connecting ------------------------------------------------------------------------------------


def test_what_cannot_be_connected_is_refused(site: Site) -> None:
    for source, survey, name, secret, mapping, error in (
        ("generic", "nope", "x", None, {}, UnknownSurveyError),
        ("generic", "csat", "A b", None, {}, FieldError),
        ("generic", "csat", "x", "short", {}, FieldError),
        ("generic", "csat", "x", "s" * 201, {}, FieldError),
        ("generic", "csat", "x", None, {"colour": "/x"}, MappingError),
        ("generic", "csat", "x", None, {"address": "x"}, MappingError),
    ):
        with pytest.raises(error), site.database.transaction() as session:
            hooks.add(session, source, survey, name, secret, mapping, site.clock())
    with pytest.raises(UnknownHookError), site.database.transaction() as session:
        hooks.close(session, "nobody", site.clock())


def test_old_events_are_purged_once_they_are_done(site: Site) -> None:
    deliver(site, event())
    work(site)
    deliver(site, event(event_id="e-2"))
    site.clock.forward(days=31)
    with site.database.transaction() as session:
        assert hooks.purge(session, site.clock()) == 1
    assert [row["due_at"] is None for row in events(site)] == [False]
