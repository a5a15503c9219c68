"""What everybody may see and change of their own account."""

import re

import pyotp
import pytest

from surveyapp import second_step, users
from surveyapp.core.access import Permission, Role
from surveyapp.core.deeds import Deed
from surveyapp.db import Database
from surveyapp.i18n import LANGUAGES
from surveyapp.models import Note, Record, RecoveryCode, Signin, User
from surveyapp.web.admin.browsers import plain_name
from tests.support.people import CHROMIUM, FIREFOX, SAFARI, TEXT_BROWSER, Page, Site, opened
from tests.support.staff import PASSWORD, Staff, account, logged_in, staff, stranger

ANOTHER = "tre gröna paraplyer"
CODE = re.compile(r"<code>([a-z2-9]{5}-[a-z2-9]{5}-[a-z2-9]{5})</code>")
MISTAKEN = "fyra gula cyklar"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def maja(site: Site) -> Staff:
    """An admin with a password, logged in."""
    return staff(site, Role.ADMIN, name="Maja Lind", password=PASSWORD)


def user_of(browser: Staff) -> User:
    assert browser.user is not None
    with browser.site.database.reading() as session:
        return users.find_user(session, browser.user.id)


def secret_of(page: Page) -> str:
    return next(each["value"] or "" for each in page.inputs if each.get("name") == "secret")


def switched_on(browser: Staff) -> tuple[pyotp.TOTP, list[str]]:
    """The person's app and recovery codes, in time for the next code."""
    secret = secret_of(browser.get("/account/second-step"))
    app = pyotp.TOTP(secret)
    page = browser.post("/account/second-step/on", secret=secret, code=app.at(browser.site.clock()))
    assert page.status == 200, page.words
    browser.site.clock.forward(minutes=2)
    return app, CODE.findall(page.text)


def deeds(site: Site) -> list[str]:
    return [str(row["deed"]) for row in site.rows(Record)]


def mails(site: Site) -> list[str]:
    return [str(row["kind"]) for row in site.rows(Note)]


# --- who and what ----------------------------------------------------------------------------------


def test_everybody_reads_who_they_are_and_what_they_may_do(site: Site) -> None:
    about = {"name": "Nils <b>'Ny'</b>", "teams": ["R&D"], "allowed": {Permission.CUSTOMERS: False}}
    page = staff(site, Role.SUPPORT, **about).get("/account")

    assert "Name Nils <b>'Ny'</b> Email address" in page.words
    assert "<b>" not in page.response.text
    assert "Role Support Teams R&D" in page.words
    assert "Send surveys to customers" in page.words
    assert "See who a customer is" not in page.words
    assert "Read the audit log" not in page.words


@pytest.mark.parametrize("role", list(Role))
def test_the_page_opens_for_every_role(site: Site, role: Role) -> None:
    assert staff(site, role).get("/account").heading == "My account"


def test_nobody_else_sees_it(site: Site) -> None:
    for path in ("/account", "/account/password", "/account/second-step"):
        assert stranger(site).get(path).location.startswith("/admin/login?next=")


def test_who_chooses_a_language_reads_it_from_then_on(maja: Staff) -> None:
    maja.follow(maja.post("/account/language", locale="de"))
    assert maja.get("/account").language == "de"

    maja.post("/account/language", locale="")

    assert maja.get("/account").language == "en"
    assert user_of(maja).locale is None


@pytest.mark.parametrize("locale", ["xx", "<b>", "sv-SE"])
def test_there_are_no_other_languages(maja: Staff, locale: str) -> None:
    assert maja.post("/account/language", locale=locale).status == 422
    assert user_of(maja).locale is None


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_page_is_read_in_every_language(site: Site, code: str) -> None:
    page = staff(site, Role.VIEWER, language=code).get("/account")

    assert (page.status, page.language) == (200, code)


# --- password --------------------------------------------------------------------------------------


def test_another_password_ends_every_other_browser_and_keeps_this_one(site: Site, maja: Staff) -> None:
    other, token = logged_in(site, user_of(maja)), maja.token

    page = maja.post("/account/password", old=PASSWORD, password=ANOTHER, again=ANOTHER)

    assert "Your password is changed." in maja.follow(page).words
    assert maja.token != token
    assert other.get("/account").status == 303
    assert len(site.rows(Signin)) == 1
    assert deeds(site) == [Deed.PASSWORD_SET]
    assert mails(site) == ["password_set"]
    email = user_of(maja).email
    assert stranger(site).post("/login", email=email, password=PASSWORD).status == 401
    assert stranger(site).post("/login", email=email, password=ANOTHER).status == 303


@pytest.mark.parametrize(
    ("old", "password", "again", "said"),
    [
        (MISTAKEN, ANOTHER, ANOTHER, "This is not your password."),
        ("", ANOTHER, ANOTHER, "This is missing."),
        (PASSWORD, "short", "short", "This is shorter than 12 characters."),
        (PASSWORD, "Maja Lind Maja Lind", "Maja Lind Maja Lind", "This is too easy to guess."),
        (PASSWORD, ANOTHER, ANOTHER + "!", "These two do not match."),
    ],
)
def test_a_password_that_cannot_be_changes_nothing(
    site: Site, maja: Staff, old: str, password: str, again: str, said: str
) -> None:
    before = user_of(maja).password

    page = maja.post("/account/password", old=old, password=password, again=again)

    assert page.status == 422
    assert said in page.words
    assert all(value not in page.text for value in (PASSWORD, ANOTHER, MISTAKEN))
    assert user_of(maja).password == before
    assert maja.get("/account").status == 200


def test_the_old_password_cannot_be_guessed(site: Site, maja: Staff) -> None:
    for _ in range(10):
        maja.post("/account/password", old=MISTAKEN, password=ANOTHER, again=ANOTHER)

    page = maja.post("/account/password", old=PASSWORD, password=ANOTHER, again=ANOTHER)

    assert page.status == 422
    assert "There were too many tries." in page.words
    assert deeds(site) == [Deed.LOGIN_REFUSED] * 10


def test_who_has_no_password_is_shown_the_way_to_one(site: Site) -> None:
    page = staff(site, Role.VIEWER).get("/account")

    assert "You have no password here yet." in page.words
    assert 'href="/admin/forgot"' in page.text


# --- the second step -------------------------------------------------------------------------------


def test_the_second_step_is_switched_on_with_a_code_of_the_app(site: Site, maja: Staff) -> None:
    shown = maja.get("/account/second-step")
    secret = secret_of(shown)
    assert secret in shown.words.replace(" ", "")
    page = maja.post("/account/second-step/on", secret=secret, code=pyotp.TOTP(secret).at(site.clock()))

    assert len(set(CODE.findall(page.text))) == 10
    assert user_of(maja).totp_secret == secret
    assert deeds(site) == [Deed.SECOND_STEP_ON]
    assert "10 recovery codes are unused" in maja.get("/account").words
    assert secret not in maja.get("/account/second-step").text


def test_the_picture_holds_nothing_that_the_browser_would_refuse(maja: Staff) -> None:
    svg = maja.get("/account/second-step").response.text.partition("<svg")[2].partition("</svg>")[0]

    assert svg
    assert all(word not in svg for word in ("style", "script", "href", "onload"))


def test_a_wrong_code_switches_nothing_on_and_keeps_the_key(maja: Staff) -> None:
    secret = secret_of(maja.get("/account/second-step"))

    page = maja.post("/account/second-step/on", secret=secret, code="000000")

    assert page.status == 422
    assert "This code is wrong or was used before." in page.words
    assert secret_of(page) == secret
    assert user_of(maja).totp_secret is None


@pytest.mark.parametrize("secret", ["", "short", "A" * 5000, "<b>", "0" * 32])
def test_a_key_that_is_none_of_ours_is_refused(maja: Staff, secret: str) -> None:
    assert maja.post("/account/second-step/on", secret=secret, code="000000").status == 422
    assert user_of(maja).totp_secret is None


def test_a_second_step_is_not_replaced_without_its_code(maja: Staff) -> None:
    app, _ = switched_on(maja)
    secret = second_step.new_secret()

    page = maja.post("/account/second-step/on", secret=secret, code=pyotp.TOTP(secret).at(maja.site.clock()))

    assert page.status == 409
    assert user_of(maja).totp_secret == app.secret


def test_new_recovery_codes_take_the_place_of_the_old_ones(site: Site, maja: Staff) -> None:
    app, old = switched_on(maja)

    page = maja.post("/account/second-step/codes", code=app.at(site.clock()))

    new = CODE.findall(page.text)
    assert len(new) == 10
    assert not set(new) & set(old)
    assert maja.post("/account/second-step/off", code=old[0]).status == 422
    assert maja.post("/account/second-step/off", code=new[0]).status == 303


def test_switching_off_takes_a_code_and_is_told_by_mail(site: Site, maja: Staff) -> None:
    app, _ = switched_on(maja)
    wrong = maja.post("/account/second-step/off", code="000000")
    assert wrong.status == 422
    assert "This code is wrong or was used before." in wrong.words
    assert user_of(maja).totp_secret is not None

    page = maja.post("/account/second-step/off", code=app.at(site.clock()))

    assert "The second step is switched off." in maja.follow(page).words
    assert user_of(maja).totp_secret is None
    assert site.rows(RecoveryCode) == []
    assert deeds(site)[-1] in (Deed.SECOND_STEP_ON, Deed.SECOND_STEP_OFF)
    assert Deed.SECOND_STEP_OFF in deeds(site)
    assert mails(site) == ["second_step_off"]


def test_codes_cannot_be_guessed_from_inside_either(maja: Staff) -> None:
    app, _ = switched_on(maja)

    met = [maja.post("/account/second-step/off", code=f"{number:06}").status for number in range(6)]

    assert met == [422] * 5 + [429]
    assert maja.post("/account/second-step/codes", code=app.at(maja.site.clock())).status == 429


def test_without_a_second_step_there_is_nothing_to_switch_off(maja: Staff) -> None:
    assert maja.post("/account/second-step/off", code="000000").status == 409
    assert maja.post("/account/second-step/codes", code="000000").status == 409


# --- browsers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX.own["User-Agent"], "Firefox, Linux"),
        (CHROMIUM.own["User-Agent"], "Chrome, Linux"),
        (SAFARI.own["User-Agent"], "Safari, macOS"),
        (IPHONE, "Safari, iOS"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28.0 Chrome/130.0", "Samsung Internet, Android"),
        ("Mozilla/5.0 (X11; CrOS x86_64) Chrome/140.0", "Chrome, ChromeOS"),
        (TEXT_BROWSER.own["User-Agent"], ""),
        ("", ""),
    ],
)
def test_browsers_are_called_as_people_call_them(agent: str, name: str) -> None:
    assert plain_name(agent) == name


def test_everybody_sees_where_they_are_logged_in(site: Site) -> None:
    user = account(site, Role.VIEWER, password=PASSWORD)
    for agent in (FIREFOX.own["User-Agent"], "<b>'\"&"):
        browser = stranger(site)
        browser.client.environ_base["HTTP_USER_AGENT"] = agent
        browser.post("/login", email=user.email, password=PASSWORD)

    page = browser.get("/account")

    assert "Firefox on Linux" in page.words
    assert "A browser without a name" in page.words
    assert page.words.count("This browser") == 1
    assert "<b>" not in page.response.text


def test_a_browser_can_be_logged_out_from_another_one(site: Site, maja: Staff) -> None:
    other = logged_in(site, user_of(maja))
    own = re.findall(r"/admin/account/browsers/([^/\"]+)/end\"", maja.get("/account").response.text)
    assert len(own) == 1

    page = maja.post(f"/account/browsers/{own[0]}/end")

    assert "The browser is logged out." in maja.follow(page).words
    assert other.get("/account").status == 303
    assert deeds(site) == [Deed.SIGNIN_ENDED]
    assert maja.post(f"/account/browsers/{own[0]}/end").status == 404


def test_all_other_browsers_can_be_logged_out_at_once(site: Site, maja: Staff) -> None:
    others = [logged_in(site, user_of(maja)) for _ in range(3)]

    maja.follow(maja.post("/account/browsers/end-others"))

    assert [each.get("/account").status for each in others] == [303] * 3
    assert maja.get("/account").status == 200
    assert [row["detail"] for row in site.rows(Record)] == [{"n": 3}]


def test_nobody_ends_a_strangers_browser(site: Site, maja: Staff) -> None:
    olle = staff(site, Role.VIEWER)
    foreign = next(row["id"] for row in site.rows(Signin) if row["user_id"] == user_of(olle).id)

    assert maja.post(f"/account/browsers/{foreign}/end").status == 404
    assert olle.get("/account").status == 200


def test_what_is_over_is_not_listed(site: Site, maja: Staff) -> None:
    logged_in(site, user_of(maja))
    site.clock.forward(days=6)
    maja.get("/account")
    site.clock.forward(days=2)

    assert maja.get("/account").words.count("A browser without a name") == 1
