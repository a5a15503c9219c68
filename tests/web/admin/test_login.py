"""The way in: who gets in, who does not, and what is told to whom."""

from datetime import datetime
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher

from surveyapp import notes, passwords, second_step, setup_code, users
from surveyapp.core.access import Role
from surveyapp.core.deeds import Deed
from surveyapp.db import Database
from surveyapp.models import Note, Record, Signin, User
from surveyapp.web.admin.login import HALF_WAY_SECONDS
from tests.support.people import HOST, Page, Site, Visitor, opened
from tests.support.staff import PASSWORD, Staff, account, logged_in, staff, stranger

WRONG, ANOTHER = "fyra gula cyklar", "tre gröna paraplyer"
MAJA, NOBODY = "maja@nordlicht.example", "nobody@nordlicht.example"
SESSION, DEVICE = "surveyapp", "surveyapp_device"
INSIDE = "/admin/account"


class Counting(PasswordHasher):
    """Cheap, and counts how often a password was looked at."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.looked_at = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002
        self.looked_at += 1
        return super().verify(hash, password)


@pytest.fixture(autouse=True)
def hasher(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting


@pytest.fixture
def site(database: Database) -> Site:
    """An installation with Maja, an admin."""
    made = opened(database)
    account(made, Role.ADMIN, email=MAJA, name="Maja Lind", password=PASSWORD)
    return made


def maja(site: Site) -> User:
    with site.database.reading() as session:
        found = users.by_email(session, MAJA)
    assert found is not None
    return found


def enter(browser: Staff, password: str = PASSWORD, email: str = MAJA, way: str = "/login") -> Page:
    return browser.post(way, email=email, password=password)


def is_inside(browser: Staff) -> bool:
    return browser.get(INSIDE).status == 200


def cookie(browser: Staff, name: str = SESSION) -> str | None:
    found = browser.client.get_cookie(name, "survey.nordlicht.example", "/admin")
    return found.value if found else None


def put(browser: Staff, value: str, name: str = SESSION) -> None:
    browser.client.set_cookie(name, value, domain="survey.nordlicht.example", path="/admin")


def with_second_step(site: Site) -> tuple[pyotp.TOTP, list[str]]:
    """Maja's app and her recovery codes."""
    secret = second_step.new_secret()
    app = pyotp.TOTP(secret)
    code = app.at(site.clock())
    with site.database.transaction() as session:
        codes = second_step.switch_on(session, maja(site), secret, code, site.clock())
    site.clock.forward(minutes=5)
    return app, codes


def deeds(site: Site) -> list[str]:
    return [str(row["deed"]) for row in site.rows(Record)]


def mails(site: Site) -> list[str]:
    return sorted(str(row["kind"]) for row in site.rows(Note))


def link(site: Site) -> str:
    """A link as the worker mails it, to set Maja's password."""
    with site.database.transaction() as session:
        life = notes.LINK_LIVES[notes.NoteKind.RESET]
        return f"/link/{users.new_link(session, maja(site).id, life, site.clock())}"


# --- right and wrong -------------------------------------------------------------------------------


def test_who_has_the_password_gets_in_and_the_audit_log_says_so(site: Site) -> None:
    browser = stranger(site)

    page = enter(browser)

    assert (page.status, page.location) == (303, "/admin/")
    assert "Maja Lind" in browser.follow(page).heading
    assert deeds(site) == [Deed.LOGGED_IN]


def test_the_address_may_be_spelled_in_any_way(site: Site) -> None:
    assert enter(stranger(site), email="  MAJA@Nordlicht.Example ").status == 303


@pytest.mark.parametrize("password", [WRONG, "", PASSWORD.upper(), f"{PASSWORD} "])
def test_who_has_not_the_password_stays_outside_and_keeps_what_was_typed(site: Site, password: str) -> None:
    browser = stranger(site)

    page = enter(browser, password)

    assert page.status == (401 if password else 422)
    assert any(each.get("value") == MAJA for each in page.inputs)
    assert not password or f'value="{password}"' not in page.text
    assert not is_inside(browser)


def test_an_unknown_address_is_answered_as_a_wrong_password(site: Site) -> None:
    account(site, Role.VIEWER, email="gone@nordlicht.example", password=PASSWORD)
    account(site, Role.VIEWER, email="new@nordlicht.example")
    with site.database.transaction() as session:
        gone = users.by_email(session, "gone@nordlicht.example")
        assert gone is not None
        users.disable(session, gone.id, site.clock())

    told = {
        _told(enter(stranger(site), password, email), email)
        for email, password in (
            (MAJA, WRONG),
            (NOBODY, PASSWORD),
            ("gone@nordlicht.example", PASSWORD),
            ("new@nordlicht.example", PASSWORD),
        )
    }

    assert len(told) == 1
    assert "Address or password are not right." in told.pop()[1]


def _told(page: Page, email: str) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    token = next(each["value"] or "" for each in page.inputs if each.get("name") == "csrf_token")
    other = {"Set-Cookie", "X-Request-ID", "Content-Length"}
    headers = tuple((name, value) for name, value in page.headers if name not in other)
    return page.status, page.text.replace(email, "").replace(token, ""), headers


def test_a_password_is_looked_at_for_an_unknown_address_too(site: Site, hasher: Counting) -> None:
    enter(stranger(site), email=NOBODY)

    assert hasher.looked_at == 1


def test_what_went_wrong_is_said_in_the_language_of_the_browser(site: Site) -> None:
    assert enter(stranger(site, language="sv"), password="").language == "sv"


def test_whoever_is_disabled_is_outside_at_once(site: Site) -> None:
    inside, new = logged_in(site, maja(site)), stranger(site)
    account(site, Role.ADMIN)
    with site.database.transaction() as session:
        users.disable(session, maja(site).id, site.clock())

    assert not is_inside(inside)
    assert enter(new).status == 401


def test_another_role_and_other_teams_count_from_the_next_click_on(site: Site) -> None:
    berit = staff(site, Role.ADMIN)
    assert berit.get("/settings/users").status == 200
    assert berit.user is not None

    with site.database.transaction() as session:
        users.change_user(
            session,
            berit.user.id,
            site.clock(),
            name="Berit",
            role=Role.SUPPORT,
            teams=["Billing"],
            agent_ref=None,
            allowed={},
        )

    assert berit.get("/settings/users").status == 403
    assert "Billing" in berit.get("/account").words


# --- many tries ------------------------------------------------------------------------------------


def test_of_a_thousand_wrong_tries_from_everywhere_only_a_few_dozen_are_looked_at(
    site: Site, hasher: Counting
) -> None:
    mine = stranger(site, network="192.0.2.9")
    enter(mine)
    hasher.looked_at = 0
    crowd = [stranger(site, network=f"203.0.{number}.7") for number in range(20)]
    tokens = [each.token for each in crowd]

    seen = set()
    # On PostgreSQL the tests of the limits themselves try a thousand times.
    for number in range(1000 if site.database.engine.dialect.name == "sqlite" else 200):
        browser, token = crowd[number % 20], tokens[number % 20]
        page = browser.post("/login", {"csrf_token": token}, email=MAJA, password=f"{WRONG} {number}")
        seen.add(page.status)
        site.clock.forward(seconds=3)

    assert seen == {401, 429}
    assert hasher.looked_at <= 36
    # The right password opens nothing either, where nobody has looked at it.
    assert enter(crowd[0]).status == 429
    # She is no stranger in her own browser, even from the crowd's network.
    mine.post("/logout")
    mine.network = crowd[0].network
    assert enter(mine).status == 303


def test_the_way_back_in_for_who_is_locked_out_in_a_new_browser_is_a_mailed_link(site: Site) -> None:
    for _ in range(12):
        enter(stranger(site, network="203.0.113.1"), WRONG)
    browser = stranger(site, network="192.0.2.9")
    refused = enter(browser)
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "have a link mailed to you" in refused.words

    assert browser.post("/forgot", email=MAJA).status == 200
    assert mails(site) == ["reset"]
    page = browser.post(link(site), password=ANOTHER, again=ANOTHER)

    assert page.location == "/admin/login"
    assert enter(browser, ANOTHER).status == 303


def test_one_network_cannot_try_one_address_after_the_other(site: Site, hasher: Counting) -> None:
    for number in range(60):
        enter(stranger(site), WRONG, f"user{number}@nordlicht.example")

    assert hasher.looked_at == 20


# --- sessions and cookies --------------------------------------------------------------------------


def test_nothing_of_the_session_before_carries_over(site: Site) -> None:
    browser, planted = stranger(site), stranger(site)
    planted.get("/login")
    before = cookie(planted)
    assert before is not None
    put(browser, before)
    token = browser.token

    enter(browser)

    assert is_inside(browser)
    assert browser.token != token
    assert cookie(browser) != before
    assert not is_inside(planted)


def test_logging_in_anew_ends_the_sign_in_that_the_browser_had(site: Site) -> None:
    browser = stranger(site)
    enter(browser)
    before = cookie(browser)
    enter(browser)

    assert len(site.rows(Signin)) == 1
    put(browser, before or "")
    assert not is_inside(browser)


def test_the_cookie_of_who_logged_out_opens_nothing_any_more(site: Site) -> None:
    browser = stranger(site)
    enter(browser)
    before = cookie(browser)

    page = browser.post("/logout")

    assert "You are logged out." in browser.follow(page).words
    put(browser, before or "")
    assert not is_inside(browser)
    assert deeds(site)[-1] in (Deed.LOGGED_OUT, Deed.LOGGED_IN)
    assert Deed.LOGGED_OUT in deeds(site)


def test_cookies_are_for_our_pages_behind_the_login_alone(site: Site) -> None:
    cookies = enter(stranger(site)).headers.getlist("Set-Cookie")

    assert {each.partition("=")[0] for each in cookies} == {SESSION, DEVICE}
    for each in cookies:
        flags = {flag.strip() for flag in each.split(";")[1:]}
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/admin"} <= flags
        assert not any(flag.startswith("Domain") for flag in flags)


def test_customers_meet_no_cookie(site: Site) -> None:
    invited = site.invited()
    visitor = Visitor(site, invited)

    pages = [visitor.open(), visitor.press(4), visitor.visit(invited.privacy), visitor.visit("/nothing")]

    assert all("Set-Cookie" not in page.headers for page in pages)


def test_a_mark_of_another_persons_browser_spares_nobody_a_try(site: Site) -> None:
    other = account(site, Role.VIEWER, email="olle@nordlicht.example", password=PASSWORD)
    browser = stranger(site)
    enter(browser, email=other.email)
    browser.post("/logout")
    for _ in range(12):
        enter(stranger(site, network="203.0.113.1"), WRONG)

    assert enter(browser).status == 429


def test_a_form_without_its_token_or_with_a_foreign_one_is_refused(site: Site) -> None:
    browser = stranger(site)
    foreign = stranger(site).token
    values = {"email": MAJA, "password": PASSWORD}

    for token in (None, "", foreign, "made-up"):
        data = values if token is None else {**values, "csrf_token": token}
        sent = browser.client.post("/admin/login", data=data, base_url=HOST, headers={"Referer": HOST})
        assert sent.status_code == 400
    inside = staff(site)
    sent = inside.client.post("/admin/logout", base_url=HOST, headers={"Referer": HOST})

    assert sent.status_code == 400
    assert is_inside(inside)
    assert not is_inside(browser)


def test_a_form_from_another_site_is_refused(site: Site) -> None:
    browser = stranger(site)
    values = {"email": MAJA, "password": PASSWORD, "csrf_token": browser.token}

    sent = browser.client.post(
        "/admin/login", data=values, base_url=HOST, headers={"Referer": "https://evil.example/"}
    )

    assert sent.status_code == 400


def test_a_form_of_somebody_who_is_logged_out_is_refused_and_says_what_to_do(site: Site) -> None:
    page = stranger(site).post("/account/password", old=PASSWORD)

    assert page.status == 401
    assert "what you sent is kept on this page" in page.words
    assert PASSWORD not in page.text


@pytest.mark.parametrize("path", ["/admin/login", "/admin/forgot", "/admin/account", "/admin/setup"])
def test_a_forged_host_is_refused(site: Site, path: str) -> None:
    for host in ("evil.example", f"{HOST.removeprefix('https://')}.evil.example", "evil.example:443"):
        page = site.app.test_client().get(path, base_url="https://x.example", headers={"Host": host})
        assert page.status_code == 400
        assert "evil.example" not in page.text


# --- where to --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "way", ["/admin/tickets/T-17", "/admin/invitations?q=T-17&x=%2F", "/admin/tickets/Å 1"]
)
def test_who_was_asked_to_log_in_gets_where_they_wanted(site: Site, way: str) -> None:
    browser = stranger(site)

    asked = browser.get(way)
    page = enter(browser, way=asked.location)

    assert asked.location.startswith("/admin/login?next=")
    assert page.location == way.replace("Å 1", "%C3%85%201")


@pytest.mark.parametrize(
    "way",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/",
        "/s/token",
        "/administration",
        "/admin",
        "/admin//evil.example",
        "/admin/../evil",
        "/admin/..//evil.example",
        "/admin/%2e%2e//evil.example",
        "/admin/%2E%2E%2F%2Fevil.example",
        "/admin/%252e%252e/",
        "/admin/x/%5c..",
        "/admin/\\evil.example",
        "/admin/%5cevil.example",
        "/admin/x\r\nSet-Cookie: a=b",
        "/admin/x%0d%0aSet-Cookie:%20a=b",
        "/admin/\tx",
        "/admin/x\x00",
        "//[",
        "/admin/logout",
        "/admin/login",
        "/admin/login?next=//evil.example",
        "/admin/language/de",
        "/admin/link/token",
        "/admin/" + "a" * 2000,
    ],
)
def test_nobody_is_led_anywhere_else(site: Site, way: str) -> None:
    browser = stranger(site)
    values = {"email": MAJA, "password": PASSWORD, "csrf_token": browser.token}

    sent = browser.client.post(
        "/admin/login", query_string={"next": way}, data=values, base_url=HOST, headers={"Referer": HOST}
    )
    again = browser.client.get("/admin/login", query_string={"next": way}, base_url=HOST)

    assert [sent.status_code, again.status_code] == [303, 303]
    assert [sent.headers["Location"], again.headers["Location"]] == ["/admin/", "/admin/"]


# --- the second step -------------------------------------------------------------------------------


def test_with_a_second_step_the_password_alone_opens_nothing(site: Site) -> None:
    app, _ = with_second_step(site)
    browser = stranger(site)

    page = enter(browser, way="/login?next=/admin/account")
    assert page.location == "/admin/login/second-step"
    assert not is_inside(browser)
    assert site.rows(Signin) == []
    page = browser.post("/login/second-step", code=app.at(site.clock()))

    assert page.location == "/admin/account"
    assert is_inside(browser)


def test_a_code_opens_nothing_a_second_time(site: Site) -> None:
    app, _ = with_second_step(site)
    first, second = stranger(site), stranger(site)
    code = app.at(site.clock())
    enter(first)
    enter(second)
    assert first.post("/login/second-step", code=code).status == 303

    page = second.post("/login/second-step", code=code)

    assert page.status == 401
    assert page.alert == "This code is wrong or was used before."
    assert not is_inside(second)
    assert Deed.LOGIN_REFUSED in deeds(site)


def test_a_recovery_code_lets_in_once(site: Site) -> None:
    _, codes = with_second_step(site)
    first, second = stranger(site), stranger(site)
    enter(first)
    enter(second)

    assert first.post("/login/second-step", code=codes[3].upper()).status == 303
    assert second.post("/login/second-step", code=codes[3]).status == 401
    assert Deed.RECOVERY_CODE_USED in deeds(site)


def test_codes_cannot_be_guessed(site: Site) -> None:
    app, _ = with_second_step(site)
    browser = stranger(site)
    enter(browser)

    met = [browser.post("/login/second-step", code=f"{number:06}").status for number in range(7)]
    last = browser.post("/login/second-step", code=app.at(site.clock()))

    assert met == [401] * 5 + [429] * 2
    assert last.status == 429
    assert int(last.headers["Retry-After"]) > 0


def test_a_wrong_code_cannot_be_told_from_a_strange_one(site: Site) -> None:
    with_second_step(site)
    browser = stranger(site)
    enter(browser)

    for code in ("not a code", "１２３４５６", "<b>", "1" * 40):
        assert browser.post("/login/second-step", code=code).status == 401
    assert browser.post("/login/second-step", code="").status == 422


def test_half_of_the_way_ends_after_ten_minutes(site: Site) -> None:
    app, _ = with_second_step(site)
    browser = stranger(site)
    enter(browser)

    site.clock.forward(seconds=HALF_WAY_SECONDS + 1)
    page = browser.post("/login/second-step", code=app.at(site.clock()))

    assert page.location == "/admin/login"
    assert not is_inside(browser)


def test_half_of_the_way_ends_with_the_password_that_opened_it(site: Site) -> None:
    app, _ = with_second_step(site)
    browser = stranger(site)
    enter(browser)
    with site.database.transaction() as session:
        users.set_password(session, maja(site), ANOTHER, site.clock())

    page = browser.post("/login/second-step", code=app.at(site.clock()))

    assert page.status == 401
    assert not is_inside(browser)


def test_whoever_is_disabled_half_way_stays_outside(site: Site) -> None:
    app, _ = with_second_step(site)
    browser = stranger(site)
    enter(browser)
    account(site, Role.ADMIN)
    with site.database.transaction() as session:
        users.disable(session, maja(site).id, site.clock())

    assert browser.post("/login/second-step", code=app.at(site.clock())).status == 401


def test_whoever_knows_the_password_does_not_keep_a_known_browser_from_the_second_step(site: Site) -> None:
    app, _ = with_second_step(site)
    mine, thief = stranger(site), stranger(site, network="192.0.2.9")
    enter(mine)
    mine.post("/login/second-step", code=app.at(site.clock()))
    mine.post("/logout")
    site.clock.forward(seconds=31)
    enter(thief)
    tries = [thief.post("/login/second-step", code="wrong").status for _ in range(6)]
    assert tries == [401] * 5 + [429]

    enter(mine)

    assert mine.post("/login/second-step", code=app.at(site.clock())).status == 303


def test_neighbours_do_not_keep_a_known_browser_from_the_second_step(site: Site) -> None:
    app, _ = with_second_step(site)
    mine = stranger(site)
    enter(mine)
    mine.post("/login/second-step", code=app.at(site.clock()))
    mine.post("/logout")
    for number in range(25):
        enter(stranger(site), WRONG, f"user{number}@nordlicht.example")
    site.clock.forward(seconds=1)
    neighbour = stranger(site)
    assert enter(neighbour, WRONG, NOBODY).status == 429
    site.clock.forward(seconds=-1)

    enter(mine)
    site.clock.forward(seconds=31)
    for number in range(2):
        enter(stranger(site), WRONG, f"user{number}@nordlicht.example")

    assert mine.post("/login/second-step", code=app.at(site.clock())).status == 303


def test_nobody_sees_the_second_step_without_the_first(site: Site) -> None:
    browser = stranger(site)

    assert browser.get("/login/second-step").location == "/admin/login"
    assert browser.post("/login/second-step", code="123456").location == "/admin/login"


# --- links and passwords ---------------------------------------------------------------------------


def test_forgetting_is_answered_alike_for_every_address(site: Site) -> None:
    pages = [stranger(site).post("/forgot", email=email) for email in (MAJA, NOBODY)]

    assert [page.status for page in pages] == [200, 200]
    assert pages[0].words == pages[1].words
    assert mails(site) == ["reset"]


def test_a_disabled_user_gets_no_link(site: Site) -> None:
    account(site, Role.ADMIN)
    with site.database.transaction() as session:
        users.disable(session, maja(site).id, site.clock())

    assert "a link is on its way" in stranger(site).post("/forgot", email=MAJA).words
    assert mails(site) == []


def test_what_is_no_address_is_answered_as_any(site: Site) -> None:
    assert stranger(site).post("/forgot", email="not an address").status == 200
    assert stranger(site).post("/forgot", email="").status == 422
    assert stranger(site).post("/forgot", email="a\x00b").status == 422


def test_a_mailbox_is_not_flooded_with_links_from_everywhere(site: Site) -> None:
    told = set()
    for number in range(30):
        told.add(stranger(site, network=f"203.0.{number}.7").post("/forgot", email=MAJA).words)
        site.clock.forward(seconds=61)

    assert len(mails(site)) <= 7
    assert len(told) == 1


@pytest.mark.parametrize("email", [MAJA, NOBODY])
def test_one_network_cannot_ask_for_links_for_ever(site: Site, email: str) -> None:
    met = [stranger(site).post("/forgot", email=f"{number}{email}").status for number in range(12)]
    other = stranger(site, network="192.0.2.9").post("/forgot", email=email)

    assert met == [200] * 10 + [429] * 2
    assert stranger(site).post("/forgot", email=email).status == 429
    assert other.status == 200


def test_a_link_sets_the_password_once_and_ends_every_sign_in(site: Site) -> None:
    inside, browser, way = logged_in(site, maja(site)), stranger(site), link(site)
    assert MAJA in browser.get(way).words

    page = browser.post(way, password=ANOTHER, again=ANOTHER)

    assert "Your password is set." in browser.follow(page).words
    assert not is_inside(inside)
    assert enter(browser).status == 401
    assert enter(browser, ANOTHER).status == 303
    assert [browser.get(way).status, browser.post(way, password=WRONG, again=WRONG).status] == [410, 410]
    assert mails(site) == ["password_set"]
    assert Deed.PASSWORD_SET in deeds(site)


@pytest.mark.parametrize(
    ("password", "again"),
    [("short", "short"), (ANOTHER, WRONG), ("nordlicht nordlicht", "nordlicht nordlicht"), ("", "")],
)
def test_a_password_that_cannot_be_leaves_the_link_as_it_was(site: Site, password: str, again: str) -> None:
    browser, way = stranger(site), link(site)

    page = browser.post(way, password=password, again=again)

    assert page.status == 422
    assert 'role="alert"' in page.text
    assert browser.post(way, password=ANOTHER, again=ANOTHER).status == 303


def test_the_companys_name_is_no_password(database: Database) -> None:
    site = opened(database, COMPANY="Zwölfender Versand")
    account(site, Role.ADMIN, email=MAJA, password=PASSWORD)

    page = stranger(site).post(link(site), password="zwölfender versand", again="zwölfender versand")

    assert page.status == 422


def test_an_old_link_and_a_made_up_one_open_nothing(site: Site) -> None:
    way = link(site)
    site.clock.forward(hours=1, seconds=1)

    assert stranger(site).get(way).status == 410
    assert stranger(site).get("/link/made-up").status == 410


def test_a_new_browser_is_told_by_mail_and_a_known_one_is_not(site: Site) -> None:
    browser = stranger(site)
    enter(browser)
    assert mails(site) == []
    browser.post("/logout")
    enter(browser)
    assert mails(site) == []

    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0"
    other = stranger(site)
    other.client.environ_base["HTTP_USER_AGENT"] = agent
    enter(other)

    assert [(row["kind"], row["detail"]) for row in site.rows(Note)] == [
        ("new_device", {"browser": "Firefox, Windows", "spoken": "en"})
    ]


# --- the first admin -------------------------------------------------------------------------------


def first_admin(site: Site, browser: Staff, **changes: str) -> Page:
    values = {
        "code": setup_code.code(site.settings),
        "name": "Maja Lind",
        "email": MAJA,
        "password": ANOTHER,
        "again": ANOTHER,
    }
    return browser.post("/setup", values | changes)


def test_the_first_visit_to_an_empty_installation_makes_the_first_admin(database: Database) -> None:
    site = opened(database)
    browser = stranger(site)
    assert browser.get("/login").location == "/admin/setup"

    page = first_admin(site, browser)

    assert "Maja Lind" in browser.follow(page).heading
    assert maja(site).role == Role.ADMIN
    assert mails(site) == []
    assert stranger(site).get("/setup").location == "/admin/login"
    assert first_admin(site, stranger(site), email="eve@evil.example").location == "/admin/login"


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "AAAAA-AAAAA-AAAAA-AAAAA"},
        {"email": "maja"},
        {"password": "short", "again": "short"},
        {"again": WRONG},
        {"name": ""},
    ],
)
def test_without_the_code_and_what_else_is_needed_nobody_becomes_admin(
    database: Database, changes: dict[str, str]
) -> None:
    site = opened(database)

    page = first_admin(site, stranger(site), **{"name": '<b>"Maja"</b>', **changes})

    assert page.status == 422
    assert site.rows(User) == []
    assert "<b>" not in page.response.text
    if "email" not in changes:
        assert any(each.get("value") == MAJA for each in page.inputs)
    assert all(each.get("value") != ANOTHER for each in page.inputs)


def test_a_sign_in_ends_when_it_is_not_used_for_a_week(site: Site) -> None:
    browser = stranger(site)
    enter(browser)
    began: datetime = site.clock()

    site.clock.forward(days=6)
    assert is_inside(browser)
    site.clock.forward(days=6)
    assert is_inside(browser)
    site.clock.forward(days=8)

    assert not is_inside(browser)
    assert (site.clock() - began).days == 20


def test_the_mail_with_a_link_speaks_as_the_browser_that_asked(site: Site) -> None:
    stranger(site, language="de").post("/forgot", email=MAJA)

    with site.database.transaction() as session:
        found = notes.claim(session, site.clock())
    assert found is not None and found.locale == "de"
