"""Sign and read the tokens of links and pages."""

import hmac
import re
import secrets
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from itsdangerous import BadSignature, Signer

from surveyapp.core.errors import InvalidLinkError, SettingError, StaleNonceError

NONCE_LIFE = timedelta(hours=24)

LONGEST_LOCAL_PART = 64
"""Of an address, in characters (RFC 5321, section 4.5.3.1.1)."""

_ID_BYTES, _PROOF_BYTES = 16, 10
# 16 bytes fill only two of the six bits of the last character.
_ID = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]")
_RETURN_TOKEN = re.compile(r"[a-z2-7]{42}")


class Purpose(StrEnum):
    """What a token opens; a token of one purpose opens nothing else."""

    ANSWER = "answer"
    UNSUBSCRIBE = "unsubscribe"
    PRIVACY = "privacy"
    SUMMARY = "summary"
    """The way out of the figures by mail; its id is a summary's, not an invitation's."""


@dataclass(frozen=True, slots=True)
class Nonce:
    """One load of a customer's page: which, when, by what kind of browser, and why."""

    page: str
    served_at: datetime
    can_prove: bool
    """The browser sends `Sec-Fetch-User` with a real press, so that its absence means a script."""
    is_second: bool = False
    """The page asked for one more press, because the first could not be verified."""


@dataclass(frozen=True, slots=True)
class Urls:
    """Every link of one invitation's mail."""

    page: str
    ratings: Mapping[int, str]
    unsubscribe: str
    privacy: str


class Links:
    """Signs with the newest key and reads with all of them, so that rotation needs no code.

    The token string is never an identity: several strings verify as one token. Use the id inside.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are oldest first, newest last."""
        self._signers = {purpose: _signer(keys, purpose.value) for purpose in Purpose}
        self._pages = _signer(keys, "page")
        self._return_keys = [_keyed(key.encode(), b"surveyapp.return.v1") for key in keys]

    def sign(self, purpose: Purpose, invitation_id: str) -> str:
        """The token for an invitation; about 66 characters that say nothing about the customer."""
        return self._signers[purpose].sign(invitation_id).decode()

    def read(self, purpose: Purpose, token: str) -> str:
        """The invitation's id. Raises InvalidLinkError for anything that we did not sign for this purpose."""
        try:
            return self._signers[purpose].unsign(token).decode()
        except (BadSignature, UnicodeError) as error:
            raise InvalidLinkError from error

    def sign_page(self, invitation_id: str, nonce: Nonce) -> str:
        """The nonce that a page carries and sends back."""
        flags = ("p" if nonce.can_prove else "") + ("s" if nonce.is_second else "")
        served = int(nonce.served_at.timestamp() * 1000)
        return self._pages.sign(f"{invitation_id}/{nonce.page}/{served}/{flags}").decode()

    def read_page(self, invitation_id: str, token: str, now: datetime) -> Nonce:
        """Raises StaleNonceError for a page of another invitation, of nobody, or older than 24 hours."""
        try:
            owner, page, served, flags = self._pages.unsign(token).decode().split("/")
        except (BadSignature, UnicodeError, ValueError) as error:
            raise StaleNonceError from error
        served_at = datetime.fromtimestamp(int(served) / 1000, UTC)
        if owner != invitation_id or not timedelta(0) <= now - served_at + timedelta(seconds=1) <= NONCE_LIFE:
            raise StaleNonceError
        return Nonce(page, served_at, "p" in flags, "s" in flags)

    def return_address(self, base: str, invitation_id: str) -> str:
        """Where the bounces of one invitation go: bounces@example.com becomes bounces+TOKEN@example.com.

        Raises SettingError when the base leaves no room for the token, and ValueError for what is no id.
        """
        local, _, domain = base.rpartition("@")
        address = f"{local}+{_return_token(self._return_keys[-1], _id_bytes(invitation_id))}"
        if not local or not domain or len(address) > LONGEST_LOCAL_PART:
            raise SettingError("The address for bounces needs 1 to 21 characters before its @.")
        return f"{address}@{domain}"

    def read_return_address(self, address: str) -> str:
        """The invitation's id, in whatever case the token comes back and whatever a forwarder put around it.

        Raises InvalidLinkError for an address that we did not make.
        """
        token = address.rpartition("@")[0].rpartition("+")[2].lower()
        if not _RETURN_TOKEN.fullmatch(token):
            raise InvalidLinkError
        raw = b32decode(token.upper() + "=" * 6)[:_ID_BYTES]
        if not any(hmac.compare_digest(_return_token(key, raw), token) for key in self._return_keys):
            raise InvalidLinkError
        return urlsafe_b64encode(raw).decode().rstrip("=")


def links_of(links: Links, public_url: str, invitation_id: str, ratings: Iterable[int]) -> Urls:
    """The links under the configured public URL, never under whatever host a request names."""
    page = f"{public_url}/s/{links.sign(Purpose.ANSWER, invitation_id)}"
    return Urls(
        page=page,
        ratings={rating: f"{page}/{rating}" for rating in ratings},
        unsubscribe=f"{public_url}/u/{links.sign(Purpose.UNSUBSCRIBE, invitation_id)}",
        privacy=f"{public_url}/p/{links.sign(Purpose.PRIVACY, invitation_id)}",
    )


def new_page() -> str:
    """A random name for one load of a page."""
    return secrets.token_urlsafe(9)


def _id_bytes(invitation_id: str) -> bytes:
    if not _ID.fullmatch(invitation_id):
        raise ValueError("This is no id of an invitation.")
    return urlsafe_b64decode(f"{invitation_id}==")


def _return_token(key: bytes, raw: bytes) -> str:
    # Base32, not base64: some mail servers write the part before the @ in lower case.
    return b32encode(raw + _keyed(key, raw)[:_PROOF_BYTES]).decode().rstrip("=").lower()


def _keyed(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, sha256).digest()


def _signer(keys: Sequence[str], purpose: str) -> Signer:
    return Signer(list(keys), salt=f"surveyapp.{purpose}.v1", digest_method=sha256)
