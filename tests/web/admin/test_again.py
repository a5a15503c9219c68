"""A form whose login or token had ended is kept, shown once more and sent with one press."""

from io import BytesIO
from typing import Any

import pytest

from surveyapp import signins
from surveyapp.core.access import Role
from surveyapp.db import Database
from surveyapp.models import Invitation, User
from surveyapp.web.admin.again import MOST_BYTES
from surveyapp.web.admin.guard import SIGNIN
from tests.support.people import HOST, Page, Site, opened
from tests.support.staff import PASSWORD, Staff, account, logged_in, staff, stranger

EVIL = "https://evil.example/"
RUDE = "<b>\"'&amp;</b>\r\n\r\n two"
MAJA = "maja@nordlicht.example"


@pytest.fixture
def site(database: Database) -> Site:
    made = opened(database)
    account(made, Role.ADMIN, email=MAJA, name="Maja Lind", password=PASSWORD)
    return made


def hidden(page: Page, but: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """What the last form of the page sends; a browser sends line ends as CRLF."""
    found: dict[str, list[str]] = {}
    for each in page.inputs:
        if each.get("type") == "hidden" and each.get("name") not in (None, *but):
            value = (each["value"] or "").replace("\r\n", "\n").replace("\n", "\r\n")
            found.setdefault(str(each["name"]), []).append(value)
    return found


def expire(browser: Staff) -> None:
    """The login ends on the server; the browser knows nothing of it."""
    assert browser.user is not None
    with browser.site.database.transaction() as session:
        signins.end_all(session, browser.user.id)


def log_in_elsewhere(browser: Staff) -> None:
    """In another tab, which shares the cookies."""
    page = browser.post("/login", email=MAJA, password=PASSWORD)
    assert page.status == 303, page.words


def invitation(**more: Any) -> dict[str, Any]:
    typed = {"survey": "csat", "locale": "en", "ticket": "T-77", "email": "kim@customer.example"}
    return {**typed, "step": "send", "form_id": "0" * 32, **more}


def test_what_was_typed_survives_the_end_of_the_login(site: Site) -> None:
    browser = staff(site)
    expire(browser)

    lost = browser.post("/send", invitation(name=RUDE.partition("\r")[0]))
    assert (lost.status, lost.heading) == (401, "You are not logged in any more")
    assert 'target="_blank"' in lost.text and 'rel="noopener"' in lost.text
    assert site.rows(Invitation) == []

    carried = hidden(lost)
    assert browser.post("/again", {**carried, "csrf_token": "old"}).status == 401
    log_in_elsewhere(browser)
    shown = browser.post("/again", {**carried, "csrf_token": "old"})
    assert (shown.status, shown.heading) == (200, "Send it again?")
    assert site.rows(Invitation) == []
    assert "kim@customer.example" in shown.words
    assert 'action="/admin/send"' in shown.text

    sent = browser.client.post(
        "/admin/send", data=last_form(shown), base_url=HOST, headers={"Referer": f"{HOST}/admin/again"}
    )
    assert sent.status_code == 303
    assert [row["ticket_ref"] for row in site.rows(Invitation)] == ["T-77"]


def last_form(page: Page) -> dict[str, list[str]]:
    """With the fresh token, which the menu's forms carry too."""
    found = hidden(page)
    return {**found, "csrf_token": found["csrf_token"][-1:]}


def test_markup_lines_and_lists_come_through_as_they_were(site: Site) -> None:
    browser = staff(site)
    expire(browser)

    lost = browser.post("/settings/users/new", {"teams": RUDE, "known": ["a", "b"], "name": "<script>"})
    assert "<script>" not in lost.response.text and "<b>" not in lost.response.text
    log_in_elsewhere(browser)
    shown = browser.post("/again", hidden(lost))
    assert "<script>" not in shown.response.text and "<b>" not in shown.response.text

    fields = last_form(shown)
    assert fields["teams"] == [RUDE]
    assert (fields["known"], fields["name"]) == (["a", "b"], ["<script>"])


def test_a_stale_token_of_somebody_logged_in_costs_one_press(site: Site) -> None:
    browser = staff(site)
    page = browser.post("/send", {**invitation(), "csrf_token": "old"})

    assert (page.status, page.heading) == (400, "Send it again?")
    assert "old" not in last_form(page)["csrf_token"]
    assert site.rows(Invitation) == []
    assert browser.post("/send", last_form(page)).status == 303
    assert len(site.rows(Invitation)) == 1


def test_the_query_of_the_address_stays(site: Site) -> None:
    browser = staff(site)
    page = browser.post('/send?x=1&y="<b>', {**invitation(), "csrf_token": "old"})

    assert 'action="/admin/send?x=1&amp;y=' in page.response.text
    assert "<b>" not in page.response.text


@pytest.mark.parametrize("field", ["old", "password", "again", "code", "secret"])
def test_passwords_and_codes_are_not_repeated(site: Site, field: str) -> None:
    browser = staff(site)
    stale = browser.post("/account/password", {"csrf_token": "old", field: "hush-hush", "other": "kept"})
    expire(browser)
    lost = browser.post("/account/password", {field: "hush-hush", "other": "kept"})

    for page in (stale, lost):
        assert "hush-hush" not in page.text and "kept" in page.text
        assert "Passwords, codes and files are not kept." in page.words
    log_in_elsewhere(browser)
    assert "Passwords, codes and files are not kept." in browser.post("/again", hidden(lost)).words


def test_a_file_is_left_out_and_asked_for_again(site: Site) -> None:
    browser = staff(site)
    expire(browser)
    data = {"survey": "csat", "way": "mail", "file": (BytesIO(b"ticket,email\n"), "a.csv")}
    lost = browser.post("/send/list", data)
    assert "Passwords, codes and files are not kept." in lost.words
    log_in_elsewhere(browser)
    shown = browser.post("/again", hidden(lost))

    page = browser.post("/send/list", last_form(shown))
    assert page.status == 422


def test_more_than_is_kept_is_said_to_be_lost(site: Site) -> None:
    browser = staff(site)
    page = browser.post("/again", {"to": "/admin/send", "kept.name": "x" * (MOST_BYTES + 1)})
    assert (page.status, page.heading) == (400, "This page was open too long")

    most = {"to": "/admin/send", "kept.name": "å" * (MOST_BYTES // 2 - 2)}
    assert browser.post("/again", most).status == 200
    assert stranger(site).post("/send", name="x" * MOST_BYTES).heading == "You are not logged in any more"


@pytest.mark.parametrize("referer", [EVIL, f"{HOST}.evil.example/", "", "null"])
def test_another_site_gets_no_page_with_a_button(site: Site, referer: str) -> None:
    """Neither with its own form to the page, nor with one to the place itself."""
    for browser in (staff(site), stranger(site)):
        for path, data in (
            ("/again", {"to": "/admin/send", "kept.name": "evil"}),
            ("/send", {"name": "evil"}),
        ):
            page = browser.client.post(
                f"/admin{path}", data=data, base_url=HOST, headers={"Referer": referer}
            )
            assert page.status_code in (400, 401)
            assert "evil" not in page.text


@pytest.mark.parametrize("is_inside", [True, False])
@pytest.mark.parametrize(
    "to",
    [
        "",
        "/",
        EVIL,
        "//evil.example/admin/send",
        "/admin//evil.example",
        "/admin/../api/v1/invitations",
        "/administrator",
        "/admin/nowhere",
        "/admin/settings",
        "/admin/login",
        "/admin/logout",
        "/admin/setup",
        "/admin/again",
        "javascript:alert(1)",
        "/admin/send\\..\\x",
        "/s/token",
    ],
)
def test_it_leads_nowhere_but_to_forms_behind_the_login(site: Site, to: str, is_inside: bool) -> None:
    browser = staff(site) if is_inside else stranger(site)

    page = browser.post("/again", {"to": to, "kept.x": "1"})

    assert (page.status, page.heading) == (400, "This page was open too long")


def test_the_page_itself_changes_nothing_and_stands_in_no_frame(site: Site) -> None:
    browser = staff(site)
    n = len(site.rows(User))

    fields = {"kept.email": "a@b.example", "kept.name": "A", "kept.role": "admin", "kept.scope": "all"}
    page = browser.post("/again", {"to": "/admin/settings/users/new", **fields})

    assert page.status == 200 and len(site.rows(User)) == n
    assert "frame-ancestors 'none'" in page.response.headers["Content-Security-Policy"]
    assert page.response.headers["Cache-Control"] == "no-store"


def test_rights_are_looked_at_once_more_when_it_is_sent(site: Site) -> None:
    viewer = staff(site, Role.VIEWER)
    shown = viewer.post("/again", {"to": "/admin/settings/users/new", "kept.name": "A"})

    assert viewer.post("/settings/users/new", last_form(shown)).status == 403


def test_logging_out_is_not_offered_again(site: Site) -> None:
    browser = staff(site)
    expire(browser)

    page = browser.post("/logout")

    assert (page.status, page.heading) == (401, "You are not logged in any more")
    assert "/admin/again" not in page.text


def test_a_cookie_of_a_login_of_before_is_not_needed(site: Site) -> None:
    """The whole way in a browser that has lost its cookies."""
    browser = stranger(site)
    lost = browser.post("/send", invitation())
    with browser.client.session_transaction("/admin/", base_url=HOST) as kept:
        kept.clear()
    inside = logged_in(site, account(site))
    with inside.client.session_transaction("/admin/", base_url=HOST) as kept:
        token = kept[SIGNIN]
    with browser.client.session_transaction("/admin/", base_url=HOST) as kept:
        kept[SIGNIN] = token

    shown = browser.post("/again", hidden(lost))

    assert browser.post("/send", last_form(shown)).status == 303
