"""The address to which a mail server hands over what comes back."""

import pytest

from surveyapp.core.policy import Refusal
from surveyapp.core.status import Status
from surveyapp.db import Database
from surveyapp.models import InvitationEvent, Suppression
from surveyapp.notices import MOST_BYTES
from tests.support.people import Invited, Page, Site, opened
from tests.support.returned import BASE, bounce, holiday, message_id, return_address

TOKEN = "tests-only-bounce-token-0123456789abcdef"


def site_of(database: Database, token: str = "") -> Site:
    return opened(database, BOUNCE_TOKEN=token)


@pytest.fixture
def site(database: Database) -> Site:
    return site_of(database, TOKEN)


def hand_over(
    site: Site, raw: bytes, authorization: str | None = f"Bearer {TOKEN}", kind: str = "message/rfc822"
) -> Page:
    headers = {"Authorization": authorization} if authorization is not None else {}
    return Page(site.client.post("/bounces", data=raw, headers=headers, content_type=kind))


def a_bounce(site: Site, invited: Invited) -> bytes:
    return bounce(return_address(site, invited), message_id(invited))


def test_a_bounce_is_acted_on_and_the_reply_says_how(site: Site) -> None:
    invited = site.invited()
    page = hand_over(site, a_bounce(site, invited))
    assert page.status == 200
    assert page.response.json == {
        "invitation": invited.id, "kind": "bounced", "proven": True, "done": "suppressed",
    }  # fmt: skip
    assert [row["reason"] for row in site.rows(Suppression)] == [Refusal.BOUNCED]
    assert site.invitation(invited)["status"] == Status.LINKED, "No mail of ours can have failed"


def test_the_same_bounce_again_is_well_received_and_does_nothing(site: Site) -> None:
    raw = a_bounce(site, site.invited())
    hand_over(site, raw)
    page = hand_over(site, raw)
    assert page.status == 200 and page.response.json is not None
    assert page.response.json["done"] == "nothing"
    assert len(site.rows(InvitationEvent)) == 1


@pytest.mark.parametrize("raw", [b"", b"\xff\x00", b"Subject: Hello\n\nHello\n", holiday(BASE)])
def test_what_is_none_of_ours_is_accepted_so_that_nobody_sends_it_again(site: Site, raw: bytes) -> None:
    page = hand_over(site, raw)
    assert page.status == 202
    assert page.response.json == {"invitation": None, "kind": None, "proven": False, "done": "nothing"}


def test_a_mail_as_postfix_pipes_it_is_read(site: Site) -> None:
    invited = site.invited()
    address = return_address(site, invited)
    piped = (
        f"From MAILER-DAEMON Mon Mar  2 09:00:00 2026\nX-Original-To: {address}\nDelivered-To: {address}\n"
    )
    page = hand_over(site, piped.encode() + bounce("undisclosed-recipients:;", message_id(invited)))
    assert page.response.json is not None and page.response.json["done"] == "suppressed"


def test_a_mail_of_every_allowed_size_is_read(site: Site) -> None:
    raw = a_bounce(site, site.invited())
    page = hand_over(site, raw.ljust(MOST_BYTES))
    assert page.status == 200
    assert hand_over(site, raw.ljust(MOST_BYTES + 1)).status == 413


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer ä",
        TOKEN,
    ],
)
def test_without_the_token_nothing_happens(site: Site, authorization: str | None) -> None:
    page = hand_over(site, a_bounce(site, site.invited()), authorization)
    assert page.status == 401 and site.rows(InvitationEvent) == []


def test_there_is_nothing_here_until_a_token_is_set(database: Database) -> None:
    site = site_of(database)
    for authorization in (None, "Bearer ", f"Bearer {TOKEN}"):
        assert hand_over(site, b"", authorization).status == 404


@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_what_a_provider_has_taken_apart_is_refused_instead_of_overlooked(site: Site, kind: str) -> None:
    assert hand_over(site, b"{}", kind=kind).status == 400


@pytest.mark.parametrize(
    ("authorization", "kind", "status"), [(None, "message/rfc822", 401), (f"Bearer {TOKEN}", "a/b", 400)]
)
def test_errors_are_for_programs(site: Site, authorization: str | None, kind: str, status: int) -> None:
    page = hand_over(site, b"", authorization, kind)
    assert page.status == status and page.headers["Content-Type"] == "application/problem+json"
    assert page.response.json is not None and page.response.json["status"] == status


def test_a_reply_says_nothing_of_the_customer(site: Site) -> None:
    assert "kund" not in hand_over(site, a_bounce(site, site.invited())).text
