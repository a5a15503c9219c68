"""An OpenID provider on 127.0.0.1 that says what a test tells it to."""

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.support.loopback import Handler, listening

CLIENT_ID, CLIENT_SECRET, NAME = "surveyapp-client", "a secret of the client's : %", "Nordlicht ID"
SUBJECT, EMAIL = "subject-17", "anna@nordlicht.example"

_KEYS = [RSAKey.generate_key(2048, {"kid": f"key-{n}", "alg": "RS256", "use": "sig"}) for n in range(2)]

Signer = Callable[[dict[str, Any], "Provider"], str]


def rightly(claims: dict[str, Any], provider: "Provider") -> str:
    """As a provider signs."""
    return jwt.encode({"alg": "RS256", "kid": provider.key.kid}, claims, provider.key, ["RS256"])


@dataclass(slots=True)
class Provider:
    """What it says, to be changed at any time."""

    url: str
    clock: Callable[[], datetime]
    key: RSAKey = field(default_factory=lambda: _KEYS[0])
    sign: Signer = rightly
    claims: dict[str, Any] = field(default_factory=dict)
    """Put before what stands in an ID token otherwise; None leaves a claim out."""
    about: dict[str, Any] = field(default_factory=dict)
    """The same for what it says of itself."""
    token: Any = None
    """What its token endpoint answers instead of a token; None: a token."""
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for."""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """For an installation that trusts it."""
        return {
            "OIDC_ISSUER": self.url,
            "OIDC_CLIENT_ID": CLIENT_ID,
            "OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "OIDC_NAME": NAME,
        }

    def turn_keys(self) -> None:
        """Sign with another key from now on."""
        self.key = _KEYS[1]

    def log_in(self, url: str, **back: str) -> str:
        """What somebody does who was sent there: returns where their browser is sent back to."""
        at, asked = urlsplit(url), dict(parse_qsl(urlsplit(url).query))
        assert f"{at.scheme}://{at.netloc}{at.path}" == f"{self.url}/authorize"
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], **back})}"

    def description(self) -> dict[str, Any]:
        said = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        return said | self.about

    def redeem(self, authorization: str, form: dict[str, str]) -> tuple[int, Any]:
        """A code becomes a token, once, for the client that can prove to have asked for it."""
        if self.token is not None:
            return 200, self.token
        if not _is_client(authorization, form):
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(form["code"], None)
        if asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "opens nothing", "token_type": "Bearer", "id_token": self._token(asked)}

    def _token(self, asked: dict[str, str]) -> str:
        now = int(self.clock().timestamp())
        usual = {
            "iss": self.url,
            "sub": SUBJECT,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "email": EMAIL,
            "email_verified": True,
        }
        return self.sign({k: v for k, v in (usual | self.claims).items() if v is not None}, self)


def _is_client(authorization: str, form: dict[str, str]) -> bool:
    if not authorization:
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
    said = base64.b64decode(authorization.removeprefix("Basic ")).decode()
    name, _, secret = said.partition(":")
    # The standard says that both are encoded as in a form; many providers and clients do not.
    return name == CLIENT_ID and CLIENT_SECRET in (secret, unquote(secret))


@contextmanager
def provider(clock: Callable[[], datetime]) -> Iterator[Provider]:
    """Serve until the block ends."""
    served = Provider("", clock)

    class Answers(Handler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            if self.path == "/.well-known/openid-configuration":
                self._say(200, served.description())
            elif self.path == "/keys":
                self._say(200, KeySet([served.key]).as_dict())
            else:
                self._say(404, {})

        def do_POST(self) -> None:
            served.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._say(*served.redeem(self.headers.get("Authorization", ""), form))

        def _say(self, status: int, what: Any) -> None:
            self.reply(status, [("Content-Type", "application/json")], json.dumps(what).encode())

    with listening(Answers) as port:
        served.url = f"http://127.0.0.1:{port}"
        yield served
