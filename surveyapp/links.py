"""Sign and read the tokens of links and pages."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from itsdangerous import BadSignature, Signer

from surveyapp.core.errors import InvalidLinkError, StaleNonceError

NONCE_LIFE = timedelta(hours=24)


class Purpose(StrEnum):
    """What a token opens; a token of one purpose opens nothing else."""

    ANSWER = "answer"
    UNSUBSCRIBE = "unsubscribe"
    PRIVACY = "privacy"


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


def _signer(keys: Sequence[str], purpose: str) -> Signer:
    return Signer(list(keys), salt=f"surveyapp.{purpose}.v1", digest_method=sha256)
