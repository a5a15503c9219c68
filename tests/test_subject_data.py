"""What a person is told that we store about them."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from surveyapp import hooks, invitations, keys, replies, subject_data, surveys
from surveyapp.core.errors import FieldError
from surveyapp.db import Database
from surveyapp.keys import Scope
from surveyapp.models import Upload, User
from surveyapp.replies import Given
from surveyapp.sources.event import Delivery
from tests.support.people import START, Invited, Site, Visitor, opened

REF, ADDRESS, TICKET = "c-1700", "åsa@example.se", "T-4711"
SECRET = "a secret of the helpdesk"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    site = opened(database, MAIL_URL=(tmp_path / "mail").as_uri(), EARLY_SECONDS="0")
    with database.transaction() as session:
        surveys.set_policy(session, "csat", {"quiet_days": 0})
    return site


def asked(site: Site, **about: Any) -> Invited:
    values: dict[str, Any] = {"ticket_ref": TICKET, "customer_ref": REF, "address": ADDRESS}
    values["recipient_name"] = "Åsa"
    return site.invited(**(values | {"properties": {"plan": "gold"}, "is_mailed": True} | about))


def told(site: Site, **wanted: str) -> dict[str, Any]:
    with site.database.reading() as session:
        found = subject_data.of_person(
            session, site.settings, **(wanted or {"customer_ref": REF}), now=site.clock()
        )
    # Everything in it is a plain value that JSON knows.
    return dict(json.loads(json.dumps(found)))


def test_all_of_an_invitation_and_its_answer_is_told(site: Site) -> None:
    invited = asked(site)
    site.worker().send_due()
    person = Visitor(site, invited)
    person.open(4)
    person.press(2)
    person.press(4, comment="tack för hjälpen")
    data = told(site)
    [found] = data["invitations"]
    assert data["told_at"] == START.isoformat()
    assert (found["id"], found["address"], found["recipient_name"]) == (invited.id, ADDRESS, "Åsa")
    assert (found["customer_ref"], found["ticket_ref"], found["properties"]) == (
        REF,
        TICKET,
        {"plan": "gold"},
    )
    assert found["created_at"] == START.isoformat() and found["day"] == "2026-03-02"
    assert [entry["what"] for entry in found["timeline"]] == [
        "queued", "accepted", "opened", "counted", "changed",
    ]  # fmt: skip
    assert (found["answer"]["rating"], found["answer"]["comment"]) == (4, "tack för hjälpen")
    assert found["ratings"] == [{"question": "csat", "metric": "csat", "rating": 4}]
    assert [each["ratings"] for each in found["history"]] == [{"csat": 2}, {"csat": 4}]
    assert [(each["at"], each["rating"]) for each in found["touches"]] == [(START.isoformat(), 4)]


def test_what_else_names_the_person_is_told_as_text(site: Site) -> None:
    invited = asked(site, is_mailed=False)
    body = json.dumps({"event": "reopened", "ticket": TICKET, "note": "från Åsa"}, ensure_ascii=False)
    with site.database.transaction() as session:
        mapping = {"kind": "/event", "kind.reopened": "reopened", "ticket_ref": "/ticket"}
        hooks.add(session, "generic", "csat", "desk", SECRET, mapping, site.clock())
        hooks.receive(session, "desk", Delivery(body.encode(), {"x-surveyapp-secret": SECRET}), site.clock())
        invitations.suppress(session, invited.id, site.clock())
        key, _ = keys.add_key(session, "helpdesk", [Scope.INVITE], None, site.clock())
        replies.keep(session, key.prefix, "k-1", "digest", Given(201, f'"{invited.id}"'), site.clock())
        user = User(email="a@b.example", name="A", role="admin", allowed={}, created_at=site.clock())
        session.add(user)
        session.flush()
        session.add(
            Upload(
                user_id=user.id, file_name="march.csv", is_mailed=True, content=f"email\n{ADDRESS}".encode(),
                state="previewed", created_at=site.clock(), outcomes={},
            )
        )  # fmt: skip
    site.worker().hear_helpdesks()
    data = told(site, address=ADDRESS)
    assert [(each["body"], each["ticket_ref"]) for each in data["helpdesk_events"]] == [(body, TICKET)]
    assert [each["reason"] for each in data["suppressions"]] == ["unsubscribed"]
    assert [each["ticket_ref"] for each in data["tickets"]] == [TICKET]
    assert [each["body"] for each in data["stored_replies"]] == [f'"{invited.id}"']
    assert [each["file_name"] for each in data["uploads"]] == ["march.csv"]
    assert subject_data.counts(data) == {
        "invitations": 1, "suppressions": 1, "tickets": 1, "helpdesk_events": 1, "stored_replies": 1,
        "uploads": 1, "summaries": 0,
    }  # fmt: skip


def test_nothing_of_anybody_else_is_told(site: Site) -> None:
    asked(site, address="x" + ADDRESS, customer_ref="c-17000", ticket_ref="T-47110")
    site.clock.forward(minutes=1)
    assert not any(subject_data.counts(told(site)).values())
    assert not any(subject_data.counts(told(site, address=ADDRESS)).values())


def test_both_addresses_of_a_person_are_told(site: Site) -> None:
    asked(site)
    asked(site, address="asa@home.example")
    found = told(site, address="asa@home.example")["invitations"]
    assert {each["address"] for each in found} == {ADDRESS, "asa@home.example"}


def test_telling_changes_nothing(site: Site) -> None:
    asked(site)
    first = told(site)
    site.clock.forward(hours=1)
    assert told(site) == first | {"told_at": (START + timedelta(hours=1)).isoformat()}


def test_nobody_is_no_person(site: Site) -> None:
    with site.database.reading() as session, pytest.raises(FieldError):
        subject_data.of_person(session, site.settings, now=site.clock())
