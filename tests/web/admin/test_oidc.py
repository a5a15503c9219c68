"""Logging in through an OpenID provider: who gets in, and who does not whatever they bring."""

import base64
import hmac
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from surveyapp import users
from surveyapp.core.access import Permission, Role
from surveyapp.db import Database
from surveyapp.models import Identity, Note, Record, Signin, User
from tests.support.people import HOST, Clock, Page, Site, opened
from tests.support.provider import CLIENT_ID, EMAIL, NAME, SUBJECT, Provider, provider, rightly
from tests.support.staff import PASSWORD, Staff, account, logged_in, staff, stranger

FORGED = "This login could not be checked"
BROKEN = "This login was not finished"
STRANGER = "No account here belongs to this login"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def idp(clock: Clock) -> Iterator[Provider]:
    with provider(clock) as served:
        yield served


@pytest.fixture
def site(database: Database, idp: Provider, clock: Clock) -> Site:
    return opened(database, clock, **idp.settings)


def sent(browser: Staff, **headers: str) -> str:
    """To the provider, by the button of the login page; the address that it leads to."""
    page = browser.get("/oidc/login", **headers)
    assert page.status == 303, page.text
    return page.location


def came_back(browser: Staff, url: str) -> Page:
    """What the browser meets when the provider sends it back."""
    assert url.startswith(f"{HOST}/admin/oidc/back?")
    return browser.get(url.removeprefix(HOST), Referer=url)


def logs_in(browser: Staff, idp: Provider) -> Page:
    return came_back(browser, idp.log_in(sent(browser)))


def links(browser: Staff, idp: Provider) -> Page:
    page = browser.post("/oidc/link", password=PASSWORD)
    [url] = re.findall(r'class="button" href="([^"]+)"', page.text)
    return came_back(browser, idp.log_in(url))


def linked(site: Site, idp: Provider, **about: Any) -> User:
    """Somebody who has linked their login."""
    anna = staff(site, Role.SUPPORT, password=PASSWORD, email=EMAIL, **about)
    assert links(anna, idp).status == 303
    assert anna.user is not None
    return anna.user


def untouched(site: Site) -> bool:
    """Nobody was logged in, and nobody linked."""
    return not site.rows(Signin) and not site.rows(Identity)


# --- in --------------------------------------------------------------------------------------------


def test_a_linked_user_logs_in_and_comes_to_the_page_they_wanted(site: Site, idp: Provider) -> None:
    user = linked(site, idp)
    browser = stranger(site)
    offer = browser.get("/login?next=/admin/account")
    assert f"Log in with {NAME}" in offer.words
    begun = browser.get("/oidc/login", Referer=f"{HOST}/admin/login?next=/admin/account")
    there = browser.follow(begun)
    page = came_back(browser, idp.log_in(there.location))
    assert (page.status, page.location) == (303, "/admin/account")
    assert user.email in browser.follow(page).text


def test_a_page_that_is_none_of_ours_is_not_gone_to(site: Site, idp: Provider) -> None:
    linked(site, idp)
    browser = stranger(site)
    there = browser.get("/oidc/login?next=https://evil.example/").location
    assert came_back(browser, idp.log_in(there)).location == "/admin/"


def test_what_is_asked_of_the_provider_has_a_challenge_and_nothing_secret(site: Site, idp: Provider) -> None:
    asked = parse_qs(urlsplit(sent(stranger(site), Host="localhost")).query)
    assert asked["redirect_uri"] == [f"{HOST}/admin/oidc/back"]
    assert asked["code_challenge_method"] == ["S256"] and len(asked["code_challenge"][0]) == 43
    assert len({asked["state"][0], asked["nonce"][0], asked["code_challenge"][0]}) == 3
    assert "client_secret" not in asked and "code_verifier" not in asked


def test_an_invited_user_without_a_password_is_linked_by_the_address(site: Site, idp: Provider) -> None:
    user = account(site, Role.LEADER, email=EMAIL)
    page = logs_in(stranger(site), idp)
    assert (page.status, page.location) == (303, "/admin/")
    [row] = site.rows(Identity)
    assert (row["issuer"], row["subject"], row["user_id"]) == (idp.url, SUBJECT, user.id)
    deeds = [(row["deed"], row["user_id"]) for row in site.rows(Record)]
    assert sorted(deeds) == [("identity_linked", user.id), ("logged_in", user.id)]
    assert EMAIL not in str(site.rows(Record)) and SUBJECT not in str(site.rows(Record))


def test_the_subject_counts_and_no_address(site: Site, idp: Provider) -> None:
    user = linked(site, idp)
    idp.claims = {"email": "renamed@nordlicht.example"}
    assert logs_in(stranger(site), idp).status == 303
    idp.claims = {"sub": "somebody else"}  # with the same address
    browser = stranger(site)
    page = logs_in(browser, idp)
    assert (page.status, page.heading) == (401, STRANGER)
    assert browser.get("/").status == 303  # to the login
    assert {row["user_id"] for row in site.rows(Identity)} == {user.id}


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": None},
        {"email": "anna2@nordlicht.example"},
        {"email": ["anna@nordlicht.example"]},
    ],
)
def test_an_address_that_is_not_vouched_for_links_nobody(
    site: Site, idp: Provider, claims: dict[str, Any]
) -> None:
    account(site, email=EMAIL)
    idp.claims = claims
    page = logs_in(stranger(site), idp)
    assert (page.status, page.heading) == (401, STRANGER) and untouched(site)
    [record] = site.rows(Record)
    assert (record["deed"], record["actor"], record["user_id"]) == ("login_refused", "nobody", None)


def test_who_has_a_password_is_not_linked_by_the_address(site: Site, idp: Provider) -> None:
    account(site, email=EMAIL, password=PASSWORD)
    assert logs_in(stranger(site), idp).heading == STRANGER and untouched(site)


def test_who_is_linked_already_is_not_linked_with_another_login(site: Site, idp: Provider) -> None:
    account(site, email=EMAIL)
    assert logs_in(stranger(site), idp).status == 303
    idp.claims = {"sub": "an imposter"}
    assert logs_in(stranger(site), idp).heading == STRANGER
    assert [row["subject"] for row in site.rows(Identity)] == [SUBJECT]


def test_a_disabled_user_stays_out(site: Site, idp: Provider) -> None:
    staff(site)
    user = linked(site, idp)
    with site.database.transaction() as session:
        users.disable(session, user.id, site.clock())
    assert logs_in(stranger(site), idp).heading == STRANGER
    idp.claims = {"sub": "another", "email": "invited@nordlicht.example"}
    invited = account(site, email="invited@nordlicht.example")
    with site.database.transaction() as session:
        users.disable(session, invited.id, site.clock())
    assert logs_in(stranger(site), idp).heading == STRANGER
    assert len(site.rows(Identity)) == 1


def test_the_session_of_before_is_not_gone_on_with(site: Site, idp: Provider) -> None:
    linked(site, idp)
    bob = staff(site, email="bob@nordlicht.example")
    before = bob.token
    assert logs_in(bob, idp).status == 303
    assert EMAIL in bob.get("/account").text and bob.token != before
    ids = [row["user_id"] for row in site.rows(Signin)]
    assert bob.user is not None and bob.user.id not in ids


# --- linking ---------------------------------------------------------------------------------------


def test_linking_needs_a_form_of_ours_and_somebody_logged_in(site: Site, idp: Provider) -> None:
    anna = staff(site)
    assert anna.get("/oidc/link").status == 404
    assert anna.client.post("/admin/oidc/link", base_url=HOST).status_code == 400
    assert stranger(site).post("/oidc/link").status == 401
    assert not site.rows(Identity)


def test_whoever_links_says_so_on_the_account_page_and_it_is_recorded(site: Site, idp: Provider) -> None:
    anna = staff(site, password=PASSWORD)
    page = links(anna, idp)
    assert (page.status, page.location) == (303, "/admin/account")
    assert f"From now on you can log in with {NAME}." in anna.follow(page).words
    assert [row["deed"] for row in site.rows(Record)] == ["identity_linked"]
    assert links(anna, idp).status == 303 and len(site.rows(Identity)) == 1


def test_a_login_that_is_somebody_elses_cannot_be_linked(site: Site, idp: Provider) -> None:
    user = linked(site, idp)
    page = links(staff(site, password=PASSWORD, email="bob@nordlicht.example"), idp)
    assert (page.status, page.heading) == (409, "This login belongs to another account here")
    assert [row["user_id"] for row in site.rows(Identity)] == [user.id]


def test_whoever_comes_back_as_another_user_links_nothing(site: Site, idp: Provider) -> None:
    anna = staff(site, password=PASSWORD)
    page = anna.post("/oidc/link", password=PASSWORD)
    [url] = re.findall(r'class="button" href="([^"]+)"', page.text)
    back = idp.log_in(url)
    anna.post("/logout")
    assert came_back(anna, back).status == 400 and not site.rows(Identity)


@pytest.mark.parametrize("way", ["link", "unlink"])
@pytest.mark.parametrize("given", ["", "not hers at all"])
def test_a_minute_at_an_unlocked_browser_links_and_unlinks_nothing(
    site: Site, idp: Provider, way: str, given: str
) -> None:
    anna = staff(site, password=PASSWORD)
    if way == "unlink":
        assert links(anna, idp).status == 303
    n = len(site.rows(Identity))
    page = anna.post(f"/oidc/{way}", password=given)
    assert (page.status, page.heading) == (422, "My account")
    assert ("This is not your password." in page.words) is bool(given)
    assert "state=" not in page.text and len(site.rows(Identity)) == n


def test_tries_at_the_own_password_run_out_as_at_the_login(site: Site) -> None:
    anna = staff(site, password=PASSWORD)
    pages = [anna.post("/oidc/link", password="guess") for _ in range(11)]
    assert "not your password" in pages[9].words and "too many tries" in pages[10].words
    assert anna.post("/oidc/link", password=PASSWORD).status == 422


def test_who_has_no_password_has_one_way_in_and_keeps_it(site: Site, idp: Provider) -> None:
    anna = stranger(site)
    account(site, email=EMAIL)
    assert logs_in(anna, idp).status == 303
    page = anna.get("/account")
    assert "Set a password here before you link or unlink" in page.words
    assert not [each for each in page.inputs if each.get("name") == "password"]
    for way in ("link", "unlink"):
        assert anna.post(f"/oidc/{way}", password=PASSWORD).status == 422
    assert len(site.rows(Identity)) == 1


def test_a_second_login_of_the_same_provider_is_not_linked(site: Site, idp: Provider) -> None:
    user = linked(site, idp)
    idp.claims = {"sub": "somebody else"}
    page = links(logged_in(site, user), idp)
    assert (page.status, page.heading) == (409, "Your account is linked with another login")
    assert [row["subject"] for row in site.rows(Identity)] == [SUBJECT]


def test_whoever_is_linked_is_told_by_mail_once(site: Site, idp: Provider) -> None:
    user = linked(site, idp)
    assert links(logged_in(site, user), idp).status == 303
    [note] = site.rows(Note)
    told = (note["user_id"], note["kind"], note["detail"])
    assert told == (user.id, "identity_linked", {"provider": NAME, "spoken": "en"})


def test_unlinking_takes_the_password_and_ends_the_other_browsers(site: Site, idp: Provider) -> None:
    user = linked(site, idp)
    other = stranger(site)
    assert logs_in(other, idp).status == 303
    anna = logged_in(site, user)
    page = anna.post("/oidc/unlink", password=PASSWORD)
    assert f"{NAME} no longer opens your account." in anna.follow(page).words
    assert not site.rows(Identity) and other.get("/account").status == 303
    assert logs_in(stranger(site), idp).heading == STRANGER
    again = anna.post("/oidc/unlink", password=PASSWORD)
    assert again.status == 303
    assert [row["deed"] for row in site.rows(Record)].count("identity_unlinked") == 1


def test_an_admin_removes_a_login_and_whoever_came_by_it_is_out(site: Site, idp: Provider) -> None:
    user = linked(site, idp)
    theirs = logged_in(site, user)
    boss = staff(site, email="boss@nordlicht.example")
    assert f"Remove the login by {NAME}" in boss.get(f"/settings/users/{user.id}").words
    page = boss.follow(boss.post(f"/settings/users/{user.id}/unlink"))
    assert f"{NAME} no longer opens this account" in page.words
    assert "Remove the login by" not in page.words
    assert not site.rows(Identity) and theirs.get("/account").status == 303
    deeds = [(row["deed"], row["user_id"], row["target"]) for row in site.rows(Record)]
    assert boss.user is not None
    assert ("identity_unlinked", boss.user.id, user.id) in deeds
    assert boss.post(f"/settings/users/{user.id}/unlink").status == 409


def test_an_admin_removes_the_own_login_under_my_account_alone(site: Site, idp: Provider) -> None:
    boss = staff(site, password=PASSWORD)
    assert links(boss, idp).status == 303 and boss.user is not None
    assert "Remove the login by" not in boss.get(f"/settings/users/{boss.user.id}").words
    assert boss.post(f"/settings/users/{boss.user.id}/unlink").location == "/admin/account"
    assert len(site.rows(Identity)) == 1


def test_only_linking_needs_somebody_logged_in(site: Site) -> None:
    views = site.app.view_functions
    needs = {name: getattr(view, "needs", "nobody") for name, view in views.items() if "_oidc." in name}
    assert needs == {
        "admin_oidc.begin": None,
        "admin_oidc.come_back": None,
        "admin_oidc.link": Permission.ACCOUNT,
        "admin_oidc.unlink": Permission.ACCOUNT,
    }


# --- what does not hold ----------------------------------------------------------------------------


def test_another_state_or_none_ends_there_and_the_right_one_is_used_up(site: Site, idp: Provider) -> None:
    linked(site, idp)
    n, asked = len(site.rows(Signin)), idp.asked.count("/token")
    for bad in (
        {"state": "another"},
        {"state": ""},
        {"error": "access_denied"},
        {"iss": "https://evil.example"},
    ):
        browser = stranger(site)
        url = sent(browser)
        page = came_back(browser, idp.log_in(url, **bad))
        assert (page.status, page.heading) == (400, BROKEN), bad
        assert came_back(browser, idp.log_in(url)).status == 400
    assert (len(site.rows(Signin)), idp.asked.count("/token")) == (n, asked)


def test_what_another_browser_began_is_not_gone_on_with(site: Site, idp: Provider) -> None:
    linked(site, idp)
    attacker, victim = stranger(site), stranger(site)
    back = idp.log_in(sent(attacker))
    assert came_back(victim, back).heading == BROKEN
    sent(victim)
    assert came_back(victim, back).heading == BROKEN
    assert victim.get("/").status == 303


def test_a_login_that_took_too_long_is_begun_anew(site: Site, idp: Provider) -> None:
    linked(site, idp)
    browser = stranger(site)
    back = idp.log_in(sent(browser))
    site.clock.forward(minutes=11)
    assert came_back(browser, back).heading == BROKEN


def test_a_code_that_was_used_opens_nothing_in_a_restored_session(site: Site, idp: Provider) -> None:
    linked(site, idp)
    browser = stranger(site)
    back = idp.log_in(sent(browser))
    with browser.client.session_transaction("/admin/", base_url=HOST) as kept:
        of_before = dict(kept)
    assert came_back(browser, back).status == 303
    n = len(site.rows(Signin))
    again = stranger(site)
    with again.client.session_transaction("/admin/", base_url=HOST) as kept:
        kept.update(of_before)
    page = came_back(again, back)
    assert (page.status, page.heading) == (400, BROKEN) and len(site.rows(Signin)) == n


def plain(*parts: dict[str, Any]) -> str:
    texts = (base64.urlsafe_b64encode(json.dumps(each).encode()) for each in parts)
    return b".".join(each.rstrip(b"=") for each in texts).decode()


def unsigned(claims: dict[str, Any], _: Provider) -> str:
    return plain({"alg": "none", "typ": "JWT"}, claims) + "."


def with_the_public_key(claims: dict[str, Any], idp: Provider) -> str:
    said = plain({"alg": "HS256", "kid": idp.key.kid}, claims)
    digest = hmac.digest(idp.key.as_pem(private=False), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def with_a_strange_key(claims: dict[str, Any], idp: Provider) -> str:
    key = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "kid": idp.key.kid}, claims, key, ["RS256"])


def with_an_unknown_key(claims: dict[str, Any], idp: Provider) -> str:
    key = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "kid": "unheard-of"}, claims, key, ["RS256"])


def with_its_own_key(claims: dict[str, Any], idp: Provider) -> str:
    key = RSAKey.generate_key(2048)
    header = {"alg": "RS256", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, claims, key, ["RS256"])


def changed(claims: dict[str, Any], idp: Provider) -> str:
    head, _, signature = rightly(claims, idp).split(".")
    return f"{head}.{plain({**claims, 'sub': 'admin'})}.{signature}"


def no_token(_: dict[str, Any], __: Provider) -> str:
    return "neither.token.nor-anything"


@pytest.mark.parametrize(
    "sign",
    [
        unsigned,
        with_the_public_key,
        with_a_strange_key,
        with_an_unknown_key,
        with_its_own_key,
        changed,
        no_token,
    ],
)
@pytest.mark.filterwarnings("ignore:.*:joserfc.errors.SecurityWarning")
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(site: Site, idp: Provider, sign: Any) -> None:
    account(site, email=EMAIL)
    idp.sign = sign
    page = logs_in(stranger(site), idp)
    assert (page.status, page.heading) == (401, FORGED)
    assert untouched(site) and not site.rows(Record)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": None},
        {"aud": []},
        {"aud": [CLIENT_ID, "another client"]},
        {"aud": [CLIENT_ID, "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"nonce": "of another login"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "never"},
        {"iat": 32503680000},
        {"iat": None},
        {"nbf": 32503680000},
        {"sub": None},
        {"sub": ""},
        {"sub": 17},
        {"sub": "x" * 256},
        {"sub": "two\nlines"},
        {"at_hash": "of another token"},
    ],
)
def test_a_token_for_somebody_or_something_else_lets_nobody_in(
    site: Site, idp: Provider, claims: dict[str, Any]
) -> None:
    account(site, email=EMAIL)
    idp.claims = claims
    page = logs_in(stranger(site), idp)
    assert (page.status, page.heading) == (401, FORGED)
    assert untouched(site) and not site.rows(Record)


def test_a_token_that_has_just_run_out_is_too_old(site: Site, idp: Provider) -> None:
    account(site, email=EMAIL)
    now = int(site.clock().timestamp())
    idp.claims = {"exp": now - 61}
    assert logs_in(stranger(site), idp).heading == FORGED
    idp.claims = {"exp": now - 59}  # clocks are not exact
    assert logs_in(stranger(site), idp).status == 303


@pytest.mark.parametrize("token", [[], "text", 17, {}, {"id_token": 17}, {"id_token": "a.b.c"}])
def test_an_answer_that_is_no_token_lets_nobody_in(site: Site, idp: Provider, token: Any) -> None:
    account(site, email=EMAIL)
    idp.token = token
    page = logs_in(stranger(site), idp)
    assert page.status in (401, 503) and untouched(site)


def test_errors_of_the_provider_are_told_plainly(site: Site, idp: Provider) -> None:
    idp.token = {"error": "server_error", "error_description": "<b>bold</b>"}
    page = logs_in(stranger(site), idp)
    assert (page.status, page.heading) == (400, BROKEN) and "bold" not in page.text


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://elsewhere.example:1/token", "issuer": "x"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
    ],
)
def test_a_provider_that_is_not_itself_is_not_gone_to(
    site: Site, idp: Provider, about: dict[str, Any]
) -> None:
    idp.about = about
    page = stranger(site).get("/oidc/login")
    assert (page.status, page.heading) == (503, f"{NAME} does not answer")


def test_tries_from_one_network_run_out(site: Site, idp: Provider) -> None:
    idp.claims = {"nonce": "of another login"}
    browser = stranger(site)
    statuses = [logs_in(browser, idp).status for _ in range(21)]
    assert statuses == [401] * 20 + [429]


def test_without_a_provider_there_is_neither_a_button_nor_a_way(database: Database) -> None:
    browser = stranger(opened(database))
    account(browser.site)
    assert "Log in with" not in browser.get("/login").words
    assert browser.get("/oidc/login").status == 404 and browser.get("/oidc/back").status == 404


def test_a_providers_name_is_shown_as_text(database: Database, idp: Provider, clock: Clock) -> None:
    site = opened(database, clock, **idp.settings | {"OIDC_NAME": '<b>"ID"</b>'})
    anna = staff(site, password=PASSWORD)
    pages = [stranger(site).get("/login"), anna.get("/account"), anna.post("/oidc/link", password=PASSWORD)]
    pages.append(anna.post("/oidc/link", password="not hers"))
    pages.append(stranger(site).get("/oidc/back"))
    assert all("<b>" not in page.response.text for page in pages)
    assert "&lt;b&gt;&#34;ID&#34;&lt;/b&gt;" in pages[0].response.text
