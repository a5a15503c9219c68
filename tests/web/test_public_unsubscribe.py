"""The way out: who asked for it, and that it holds."""

from io import BytesIO
from typing import Any

import pytest

from surveyapp.db import Database
from surveyapp.models import Answer, Suppression
from surveyapp.relay import FolderRelay
from tests.support.people import CHROMIUM, SAFARI, START, Browser, Invited, Page, Site, Visitor, opened

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def invited(site: Site) -> Invited:
    return site.invited()


def post(site: Site, path: str, data: Any, **headers: str) -> Page:
    return Page(site.client.post(path, data=data, headers=headers))


def stopped(site: Site) -> bool:
    return bool(site.rows(Suppression))


def press(site: Site, invited: Invited, browser: Browser, nonce: str, **fields: str) -> Page:
    headers = browser.navigation("same-origin", is_person=True)
    return post(site, invited.unsubscribe, {"nonce": nonce, **fields}, **headers)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_opening_the_link_stops_nothing(site: Site, invited: Invited, method: str) -> None:
    for _ in range(3):
        assert Visitor(site, invited).visit(invited.unsubscribe, method).status == 200
    assert not stopped(site)


@pytest.mark.parametrize("multipart", [False, True])
def test_the_exact_one_click_body_stops_all_surveys_at_once(
    site: Site, invited: Invited, multipart: bool
) -> None:
    kind = "multipart/form-data" if multipart else "application/x-www-form-urlencoded"
    for _ in range(2):
        response = site.client.post(invited.unsubscribe, data=ONE_CLICK, content_type=kind)
        assert response.status_code == 200 and "Location" not in response.headers
        assert [row["reason"] for row in site.rows(Suppression)] == ["unsubscribed"]
        site.clock.forward(days=1)
    assert site.rows(Suppression)[0]["at"] == START


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"List-Unsubscribe=one-click",
        b"List-Unsubscribe=One-Click&x=1",
        b"List-Unsubscribe=One-Click&List-Unsubscribe=One-Click",
        b"list-unsubscribe=One-Click",
        b"List-Unsubscribe=",
        b"List-Unsubscribe=One-Click%00",
        b"x=1",
        b"\xff\xfe=\xff",
    ],
)
def test_any_other_body_stops_nothing(site: Site, invited: Invited, body: bytes) -> None:
    response = site.client.post(
        invited.unsubscribe, data=body, content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 200
    assert not stopped(site)


def test_a_one_click_body_with_a_file_is_another_body(site: Site, invited: Invited) -> None:
    assert post(site, invited.unsubscribe, {**ONE_CLICK, "x": (BytesIO(b"."), "x.txt")}).status == 200
    assert not stopped(site)


def test_a_one_click_body_as_plain_text_is_none(site: Site, invited: Invited) -> None:
    site.client.post(invited.unsubscribe, data=b"List-Unsubscribe=One-Click", content_type="text/plain")
    assert not stopped(site)


def test_a_press_on_the_page_stops_all_surveys(site: Site, invited: Invited) -> None:
    person = Visitor(site, invited)
    page = person.visit(invited.unsubscribe)
    assert "<form" in page.text and not stopped(site)
    done = press(site, invited, CHROMIUM, page.nonce)
    assert done.status == 200 and "<form" not in done.text and stopped(site)
    again = person.visit(invited.unsubscribe)
    assert "<form" not in again.text and again.heading == done.heading


def test_a_script_that_sends_the_pages_form_stops_nothing(site: Site, invited: Invited) -> None:
    machine = Visitor(site, invited)
    page = machine.visit(invited.unsubscribe)
    for _ in range(3):
        headers = CHROMIUM.navigation("same-origin", is_person=False)
        page = post(site, invited.unsubscribe, {"nonce": page.nonce, "trusted": "1"}, **headers)
        assert page.status == 200 and page.alert and "<form" in page.text
        site.clock.forward(seconds=10)
    assert not stopped(site)


def test_a_browser_that_cannot_prove_a_press_is_asked_once_more(site: Site, invited: Invited) -> None:
    page = Visitor(site, invited, SAFARI).visit(invited.unsubscribe)
    page = press(site, invited, SAFARI, page.nonce)
    assert page.alert and not stopped(site)
    site.clock.forward(seconds=2)
    page = press(site, invited, SAFARI, page.nonce)
    assert not stopped(site)
    site.clock.forward(seconds=3)
    press(site, invited, SAFARI, page.nonce)
    assert stopped(site)


def test_a_browser_that_cannot_prove_a_press_is_believed_with_our_scripts_word(
    site: Site, invited: Invited
) -> None:
    page = Visitor(site, invited, SAFARI).visit(invited.unsubscribe)
    press(site, invited, SAFARI, page.nonce, trusted="1")
    assert stopped(site)


def test_a_press_on_a_page_of_somebody_else_stops_nothing(site: Site, invited: Invited) -> None:
    page = Visitor(site, invited).visit(invited.unsubscribe)
    headers = CHROMIUM.navigation("cross-site", is_person=True)
    post(site, invited.unsubscribe, {"nonce": page.nonce}, **headers)
    assert not stopped(site)


def test_a_forged_token_stops_nothing(site: Site, invited: Invited) -> None:
    for token in (invited.path.removeprefix("/s/"), invited.id, invited.unsubscribe[3:-1]):
        assert post(site, f"/u/{token}", ONE_CLICK).status == 404
    assert not stopped(site)


# --- that it holds ---------------------------------------------------------------------------------


def unsubscribe(site: Site, invited: Invited) -> None:
    assert post(site, invited.unsubscribe, ONE_CLICK).status == 200


@pytest.mark.parametrize("address", ["kund@example.se", "KUND@Example.SE", "Kund@EXAMPLE.se"])
@pytest.mark.parametrize("survey", ["csat", "nps"])
@pytest.mark.parametrize("is_mailed", [True, False])
def test_whoever_left_is_invited_to_no_survey_any_more(
    site: Site, invited: Invited, address: str, survey: str, is_mailed: bool
) -> None:
    unsubscribe(site, invited)
    refused = site.invitation(site.invited(survey, address=address, is_mailed=is_mailed))
    assert (refused["status"], refused["reason"], refused["send_at"]) == ("refused", "unsubscribed", None)
    other = site.invitation(site.invited(survey, address="other@example.se", is_mailed=is_mailed))
    assert other["status"] in ("queued", "linked")


def test_a_mail_that_waits_for_somebody_who_left_is_not_sent(site: Site, tmp_path: Any) -> None:
    waiting, other = site.invited(is_mailed=True), site.invited(is_mailed=True, address="b@example.se")
    unsubscribe(site, waiting)
    with FolderRelay(tmp_path) as folder:
        assert site.worker(folder).send_due() == 1
    assert [path.stem for path in tmp_path.glob("*.eml")] == [other.id]
    row = site.invitation(waiting)
    assert (row["status"], row["reason"]) == ("refused", "unsubscribed")


def test_whoever_left_may_still_answer_what_was_asked_before(site: Site, invited: Invited) -> None:
    unsubscribe(site, invited)
    person = Visitor(site, invited)
    assert person.open(5).status == 200
    assert person.press(5).status == 303


def test_leaving_is_no_answer(site: Site, invited: Invited) -> None:
    unsubscribe(site, invited)
    assert site.rows(Answer) == []


def test_the_address_is_remembered_by_a_keyed_hash_alone(database: Database) -> None:
    hashes = []
    for key in ("one", "two"):
        site = opened(database, HASH_KEY=f"a-hash-key-of-the-tests-number-{key}")
        unsubscribe(site, site.invited())
        hashes.append(site.rows(Suppression)[-1]["address_hash"])
    assert len({*hashes}) == 2 or len(site.rows(Suppression)) == 2
    assert "kund" not in str(site.rows(Suppression))


def test_the_way_out_outlives_the_invitation(site: Site, invited: Invited) -> None:
    site.clock.forward(days=400)
    assert Visitor(site, invited).visit(invited.unsubscribe).status == 200
    unsubscribe(site, invited)
    assert stopped(site)


def test_a_customer_without_an_address_is_offered_no_way_out(site: Site) -> None:
    invited = site.invited(address=None)
    assert "/u/" not in Visitor(site, invited).open(5).text
