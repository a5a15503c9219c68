"""Logging in at an OpenID provider: code flow with PKCE, and what its signed word must hold."""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from threading import Lock
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from surveyapp.config import Oidc
from surveyapp.identities import Fault, Proven, ProviderLoginError

log = logging.getLogger(__name__)

# With a key that everybody may read nothing can be signed: so neither `none` nor HS256 and its like.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
KEY_TYPES = frozenset({"RSA", "EC"})
SCOPE = "openid email"

CONNECT_SECONDS, READ_SECONDS = 3.05, 5.0
FRESH_SECONDS = 3600.0
# A token with a key that we do not know may be signed with a new one; strangers cannot make us ask at will.
KEYS_AGAIN_SECONDS = 60.0
# While the provider is silent, requests fail at once instead of waiting one after the other.
SILENT_SECONDS = 10.0
LEEWAY_SECONDS = 60
LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Trip:
    """What one login at the provider begins with, and what must come back with it."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


def new_trip() -> Trip:
    """Random in all its parts."""
    return Trip(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))


class Provider:
    """The provider of the settings; what it says of itself is asked once an hour.

    Everything raises ProviderLoginError. Nothing of this belongs into a transaction: it waits on the network.
    """

    def __init__(self, oidc: Oidc, redirect_uri: str) -> None:
        self.oidc, self._redirect_uri = oidc, redirect_uri
        self._about: Mapping[str, Any] = {}
        self._keys = KeySet([])
        self._about_at = self._keys_at = self._failed_at = -inf
        self._lock = Lock()

    def way_there(self, trip: Trip) -> str:
        """Where the browser goes to log in."""
        about = self._described()
        with self._session(about) as session:
            url, _ = session.create_authorization_url(
                about["authorization_endpoint"],
                state=trip.state,
                nonce=trip.nonce,
                code_verifier=trip.verifier,
            )
        return str(url)

    def prove(self, code: str, trip: Trip, now: datetime) -> Proven:
        """Who it was that came back with this code, which works once."""
        token = self._redeemed(code, trip)
        claims = self._claims(token, trip, now)
        email = claims.get("email") if claims.get("email_verified") is True else None
        return Proven(self.oidc.issuer, claims["sub"], email if isinstance(email, str) else None)

    def _redeemed(self, code: str, trip: Trip) -> Mapping[str, Any]:
        about = self._described()
        try:
            with self._session(about) as session:
                token = session.fetch_token(
                    about["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=trip.verifier,
                    redirect_uri=self._redirect_uri,
                )
        except OAuthError as error:
            log.warning("the OpenID provider refused a code: %r", error.error)
            raise ProviderLoginError(Fault.BROKEN) from error
        # What is no JSON object fails somewhere in the library.
        except (requests.RequestException, ValueError, TypeError, AttributeError) as error:
            raise _silent(error) from error
        if not isinstance(token, Mapping):
            raise _silent(TypeError("no token"))
        return token

    def _claims(self, token: Mapping[str, Any], trip: Trip, now: datetime) -> Mapping[str, Any]:
        oidc, needed = self.oidc, {"essential": True}
        try:
            read = self._read(str(token.get("id_token") or ""))
            claims = CodeIDToken(
                read.claims,
                read.header,
                {
                    "iss": {"essential": True, "value": oidc.issuer},
                    "aud": {"essential": True, "value": oidc.client_id},
                    **dict.fromkeys(("sub", "exp", "iat"), needed),
                },
                {
                    "nonce": trip.nonce,
                    "client_id": oidc.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError) as error:
            log.warning("an ID token was refused: %s", type(error).__name__)
            raise ProviderLoginError(Fault.FORGED) from error
        subject = claims["sub"]
        if not subject.isprintable() or len(subject) > LONGEST_SUBJECT:
            raise ProviderLoginError(Fault.FORGED)
        return dict(claims)

    def _read(self, id_token: str) -> jwt.Token:
        try:
            return jwt.decode(id_token, self._known_keys(FRESH_SECONDS), algorithms=ALGORITHMS)
        except InvalidKeyIdError:
            return jwt.decode(id_token, self._known_keys(KEYS_AGAIN_SECONDS), algorithms=ALGORITHMS)

    def _described(self) -> Mapping[str, Any]:
        """What the provider says of itself, when it is who the settings mean."""
        with self._lock:
            if monotonic() - self._about_at > FRESH_SECONDS:
                about = self._asked(f"{self.oidc.issuer.rstrip('/')}/.well-known/openid-configuration")
                self._check(about)
                self._about, self._about_at = about, monotonic()
            return self._about

    def _known_keys(self, fresh_seconds: float) -> KeySet:
        about = self._described()
        with self._lock:
            if monotonic() - self._keys_at > fresh_seconds:
                self._keys, self._keys_at = _key_set(self._asked(about["jwks_uri"])), monotonic()
            return self._keys

    def _asked(self, url: str) -> Mapping[str, Any]:
        if monotonic() - self._failed_at < SILENT_SECONDS:
            raise ProviderLoginError(Fault.SILENT)
        try:
            return _get(url)
        except ProviderLoginError:
            self._failed_at = monotonic()
            raise

    def _check(self, about: Mapping[str, Any]) -> None:
        if about.get("issuer") != self.oidc.issuer:
            raise _silent(ValueError("another issuer"))
        scheme = urlsplit(self.oidc.issuer).scheme
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            url = about.get(name)
            # Plain HTTP only where the issuer itself is on this machine.
            if not isinstance(url, str) or urlsplit(url).scheme not in ("https", scheme):
                raise _silent(ValueError(f"no {name}"))

    def _session(self, about: Mapping[str, Any]) -> Any:
        ways = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        way = "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"
        session = OAuth2Session(
            self.oidc.client_id,
            self.oidc.client_secret,
            token_endpoint_auth_method=way,
            scope=SCOPE,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            default_timeout=(CONNECT_SECONDS, READ_SECONDS),
        )
        # The client's secret goes where the provider said and nowhere else.
        session.max_redirects = 0
        return session


def _get(url: str) -> Mapping[str, Any]:
    try:
        response = requests.get(url, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False)
        found = response.json() if response.status_code == requests.codes.ok else None
    except (requests.RequestException, ValueError) as error:
        raise _silent(error) from error
    if not isinstance(found, dict):
        raise _silent(ValueError(f"status {response.status_code}"))
    return found


def _key_set(found: Mapping[str, Any]) -> KeySet:
    """The keys with which somebody signs whom we can believe; others may stand beside them."""
    keys = found.get("keys")
    usable = [
        each
        for each in (keys if isinstance(keys, list) else [])
        if isinstance(each, dict) and each.get("kty") in KEY_TYPES and each.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": usable})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _silent(error) from error


def _silent(error: Exception) -> ProviderLoginError:
    log.warning("the OpenID provider does not answer as it should: %s: %s", type(error).__name__, error)
    return ProviderLoginError(Fault.SILENT)
