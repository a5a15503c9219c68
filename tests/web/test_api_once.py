"""The same request with the same Idempotency-Key has one effect and one reply."""

from datetime import timedelta
from typing import Any

import pytest

from surveyapp import replies
from surveyapp.db import Database
from surveyapp.models import Invitation, Reply
from tests.support.people import Site, opened
from tests.support.programs import Program, program

BODY = {"survey": "csat", "ticket_ref": "T-1", "recipient": {"email": "a@b.se"}}


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def helpdesk(site: Site) -> Program:
    return program(site)


def post(helpdesk: Program, key: str, body: Any = BODY, path: str = "/invitations") -> Any:
    return helpdesk.call("POST", path, body, Idempotency_Key=key)


def test_the_same_again_gets_the_same_reply_and_invites_nobody(site: Site, helpdesk: Program) -> None:
    first, again = post(helpdesk, "k-1"), post(helpdesk, "k-1")
    assert (first.status_code, first.text) == (again.status_code, again.text) == (201, first.text)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(site.rows(Invitation)) == 1


def test_another_key_is_another_request(site: Site, helpdesk: Program) -> None:
    assert post(helpdesk, "k-1").json["id"] != post(helpdesk, "k-2").json["id"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (BODY | {"ticket_ref": "T-2"}, "/invitations"),
        ({"invitations": [BODY]}, "/invitations/batch"),
        (BODY, "/tickets/T-1/reopened"),
    ],
)
def test_another_request_with_the_same_key_is_refused(
    site: Site, helpdesk: Program, body: Any, path: str
) -> None:
    post(helpdesk, "k-1")
    refused = post(helpdesk, "k-1", body, path)
    assert refused.status_code == 409 and refused.json["type"] == "urn:surveyapp:problem:other-request"
    assert len(site.rows(Invitation)) == 1


def test_keys_of_two_programs_do_not_meet(site: Site, helpdesk: Program) -> None:
    other = program(site)
    assert post(helpdesk, "k-1").json["id"] != post(other, "k-1").json["id"]


def test_after_a_day_a_key_is_free_again(site: Site, helpdesk: Program) -> None:
    first = post(helpdesk, "k-1")
    site.clock.forward(hours=23, minutes=59)
    assert post(helpdesk, "k-1").json == first.json
    site.clock.forward(minutes=1)
    assert post(helpdesk, "k-1", BODY | {"ticket_ref": "T-2"}).status_code == 201


def test_a_request_that_failed_may_be_put_right_under_its_key(helpdesk: Program) -> None:
    assert post(helpdesk, "k-1", BODY | {"survey": "nope"}).status_code == 422
    assert post(helpdesk, "k-1").status_code == 201


def test_every_post_takes_a_key(helpdesk: Program) -> None:
    made = post(helpdesk, "k-1").json["id"]
    for path, body in (
        ("/invitations/batch", {"invitations": [BODY]}),
        (f"/invitations/{made}/cancel", None),
        ("/tickets/T-1/reopened", None),
    ):
        first, again = post(helpdesk, path, body, path), post(helpdesk, path, body, path)
        assert first.status_code == 200 and again.text == first.text
        assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", " ", "x" * 201])
def test_a_key_that_is_none_is_refused(site: Site, helpdesk: Program, key: str) -> None:
    refused = post(helpdesk, key)
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "/Idempotency-Key"
    assert site.rows(Invitation) == []


def test_old_replies_are_purged(site: Site, helpdesk: Program) -> None:
    post(helpdesk, "k-1")
    site.clock.forward(hours=12)
    post(helpdesk, "k-2", BODY | {"ticket_ref": "T-2"})
    with site.database.transaction() as session:
        assert replies.purge(session, site.clock() + timedelta(hours=12)) == 1
    assert [row["key"] for row in site.rows(Reply)] == ["k-2"]
