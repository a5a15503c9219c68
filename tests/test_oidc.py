"""What is asked of an OpenID provider, how often, and what is made of its word."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from surveyapp import identities, oidc
from surveyapp.config import Oidc
from surveyapp.core.access import Role
from surveyapp.db import Database
from surveyapp.identities import Fault, Proven, ProviderLoginError
from surveyapp.models import Identity
from surveyapp.oidc import Provider, Trip, new_trip
from tests.support.loopback import Handler, listening
from tests.support.people import START, Clock, Site, opened
from tests.support.provider import CLIENT_ID, CLIENT_SECRET, EMAIL, NAME, SUBJECT, provider
from tests.support.provider import Provider as Served
from tests.support.staff import account

BACK = "https://survey.example/admin/oidc/back"
PROVEN = Proven("https://login.example", SUBJECT, EMAIL)


@pytest.fixture
def idp() -> Iterator[Served]:
    with provider(Clock()) as served:
        yield served


@pytest.fixture
def asker(idp: Served) -> Provider:
    return Provider(Oidc(idp.url, CLIENT_ID, CLIENT_SECRET, NAME), BACK)


def code_of(url: str) -> str:
    return url.partition("code=")[2].partition("&")[0]


def logged_in(idp: Served, asker: Provider, trip: Trip | None = None) -> Proven:
    trip = trip or new_trip()
    return asker.prove(code_of(idp.log_in(asker.way_there(trip))), trip, START)


def fault_of(idp: Served, asker: Provider, trip: Trip | None = None) -> Fault:
    with pytest.raises(ProviderLoginError) as error:
        logged_in(idp, asker, trip)
    return error.value.fault


# --- the provider ----------------------------------------------------------------------------------


def test_a_right_login_proves_who_it_is(idp: Served, asker: Provider) -> None:
    assert logged_in(idp, asker) == Proven(idp.url, SUBJECT, EMAIL)


def test_the_provider_is_asked_about_itself_once_and_for_a_token_each_time(
    idp: Served, asker: Provider
) -> None:
    for _ in range(3):
        logged_in(idp, asker)
    assert sorted(idp.asked) == [
        "/.well-known/openid-configuration",
        "/keys",
        *3 * ["/token"],
    ]


def test_what_is_known_of_the_provider_is_asked_anew_after_an_hour(
    idp: Served, asker: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged_in(idp, asker)
    later = monotonic() + 3601
    monkeypatch.setattr(oidc, "monotonic", lambda: later)
    logged_in(idp, asker)
    assert [idp.asked.count(path) for path in ("/.well-known/openid-configuration", "/keys")] == [2, 2]


def test_a_new_key_is_fetched_once_it_is_used_but_not_for_everybody_who_says_so(
    idp: Served, asker: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged_in(idp, asker)
    idp.turn_keys()
    assert fault_of(idp, asker) is Fault.FORGED and idp.asked.count("/keys") == 1
    later = monotonic() + 61
    monkeypatch.setattr(oidc, "monotonic", lambda: later)
    assert logged_in(idp, asker).subject == SUBJECT and idp.asked.count("/keys") == 2


def test_another_verifier_than_that_of_the_challenge_redeems_nothing(idp: Served, asker: Provider) -> None:
    trip = new_trip()
    code = code_of(idp.log_in(asker.way_there(trip)))
    with pytest.raises(ProviderLoginError) as error:
        asker.prove(code, replace(trip, verifier="x" * 64), START)
    assert error.value.fault is Fault.BROKEN


def test_a_wrong_secret_is_no_way_in_and_in_no_log(idp: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "surveyapp")
    asker = Provider(Oidc(idp.url, CLIENT_ID, "canary-secret", NAME), BACK)
    assert fault_of(idp, asker) is Fault.BROKEN
    assert "invalid_client" in caplog.text and "canary-secret" not in caplog.text


def test_the_secret_goes_in_the_body_where_the_provider_takes_it_nowhere_else(
    idp: Served, asker: Provider
) -> None:
    idp.about = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert logged_in(idp, asker).subject == SUBJECT


def test_an_elliptic_key_will_do_and_others_beside_it_do_no_harm(
    idp: Served, asker: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ECKey.generate_key("P-256", {"kid": "elliptic"})
    published = {
        "keys": [{"kty": "oct", "k": "AAAA", "kid": "elliptic"}, {"kty": "new"}, key.as_dict(private=False)]
    }
    monkeypatch.setattr(KeySet, "as_dict", lambda _: published)
    idp.sign = lambda claims, _: jwt.encode({"alg": "ES256", "kid": "elliptic"}, claims, key, ["ES256"])
    assert logged_in(idp, asker).subject == SUBJECT


def test_a_provider_that_is_gone_silent_or_elsewhere_is_said_to_be_silent() -> None:
    class Elsewhere(Handler):
        def do_GET(self) -> None:
            self.reply(302, [("Location", "http://127.0.0.1:1/")], b"")

    class Page(Handler):
        def do_GET(self) -> None:
            self.reply(200, [("Content-Type", "text/html")], b"<html>")

    class Items(Handler):
        def do_GET(self) -> None:
            self.reply(200, [("Content-Type", "application/json")], b"[]")

    for handler in (Elsewhere, Page, Items):
        with listening(handler) as port:
            asker = Provider(Oidc(f"http://127.0.0.1:{port}", "c", "s", NAME), BACK)
            with pytest.raises(ProviderLoginError) as error:
                asker.way_there(new_trip())
            assert error.value.fault is Fault.SILENT
    # The last one's port is closed now.
    with pytest.raises(ProviderLoginError) as error:
        asker.way_there(new_trip())
    assert error.value.fault is Fault.SILENT


def test_a_silent_provider_is_left_alone_for_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Broken(Handler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.reply(500, [], b"")

    with listening(Broken) as port:
        asker = Provider(Oidc(f"http://127.0.0.1:{port}", "c", "s", NAME), BACK)
        for later in (0, 1, 9, 11):
            at = START.timestamp() + later
            monkeypatch.setattr(oidc, "monotonic", lambda at=at: at)
            with pytest.raises(ProviderLoginError):
                asker.way_there(new_trip())
    assert len(asked) == 2


def test_a_token_endpoint_that_leads_elsewhere_is_not_followed(idp: Served, asker: Provider) -> None:
    received = []

    class Thief(Handler):
        def do_POST(self) -> None:
            received.append(self.path)
            self.reply(200, [], b"{}")

    with listening(Thief) as port:

        class Leading(Handler):
            def do_POST(self) -> None:
                self.reply(307, [("Location", f"http://127.0.0.1:{port}/")], b"")

        with listening(Leading) as leading:
            idp.about = {"token_endpoint": f"http://127.0.0.1:{leading}/token"}
            assert fault_of(idp, asker) is Fault.SILENT
    assert received == []


def test_nothing_secret_is_shown_of_a_login_under_way() -> None:
    trip = new_trip()
    assert trip.verifier not in repr(trip) and trip.nonce not in repr(trip)
    assert SUBJECT not in repr(PROVEN) and EMAIL not in repr(PROVEN)


# --- whose login it is -----------------------------------------------------------------------------


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def test_a_login_leads_to_whoever_linked_it_and_to_nobody_else(site: Site) -> None:
    anna, bob = account(site), account(site, email=EMAIL)
    with site.database.transaction() as session:
        identities.link(session, anna.id, PROVEN, site.clock())
        identities.link(session, anna.id, PROVEN, site.clock())  # changes nothing
        found = identities.user_of(session, PROVEN, site.clock())
        assert found is not None and found.id == anna.id
        assert identities.is_linked(session, anna.id, PROVEN.issuer)
        assert not identities.is_linked(session, anna.id, "https://other.example")
        with pytest.raises(ProviderLoginError):
            identities.link(session, bob.id, PROVEN, site.clock())
    assert [row["user_id"] for row in site.rows(Identity)] == [anna.id]


def test_the_same_subject_of_another_issuer_is_somebody_else(site: Site) -> None:
    anna = account(site, Role.ADMIN)
    other = replace(PROVEN, issuer="https://other.example", email=None)
    with site.database.transaction() as session:
        identities.link(session, anna.id, PROVEN, site.clock())
        assert identities.user_of(session, other, site.clock()) is None


def test_an_invited_user_is_found_by_the_address_once(site: Site) -> None:
    anna = account(site, email=EMAIL)
    with site.database.transaction() as session:
        found = identities.user_of(session, replace(PROVEN, email=EMAIL.upper()), site.clock())
        assert found is not None and found.id == anna.id
        assert identities.user_of(session, replace(PROVEN, subject="another"), site.clock()) is None
        assert identities.user_of(session, PROVEN, datetime(2027, 1, 1, tzinfo=UTC)) is not None


def test_two_first_logins_at_once_make_one_link(own_database: Database) -> None:
    site = opened(own_database)
    anna = account(site, email=EMAIL)

    def first_login() -> str | None:
        with site.database.transaction() as session:
            found = identities.user_of(session, PROVEN, site.clock())
            return found.id if found else None

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: first_login(), range(8)))
    assert found == 8 * [anna.id] and len(site.rows(Identity)) == 1
