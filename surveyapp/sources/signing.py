"""Proofs that a delivery comes from the helpdesk, over its raw body and in constant time.

A secret may be several, one to a line: the old and the new one while a secret is changed.
"""

import base64
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from surveyapp.sources.event import Delivery, UnverifiedError

TOLERANCE = timedelta(minutes=5)
SECRET_HEADER = "x-surveyapp-secret"  # noqa: S105 - the name of a header

_MARK = "whsec_"


def check_signature(given: str, secret: str, sign: Callable[[bytes], str]) -> None:
    """UnverifiedError unless `sign` gives this signature with one of the secrets."""
    if not _is_any(given, [sign(key.encode()) for key in _each(secret)]):
        raise UnverifiedError("The signature does not fit the body and the secret.")


def check_shared(delivery: Delivery, secret: str) -> None:
    """UnverifiedError unless the delivery holds the secret: in our header, or as a Basic password."""
    given = delivery.headers.get(SECRET_HEADER) or _password(delivery.headers.get("authorization", ""))
    if not _is_any(given, _each(secret)):
        raise UnverifiedError("The delivery does not hold the secret.")


def check_standard(delivery: Delivery, secret: str, now: datetime) -> str:
    """Standard Webhooks 1.0.0, symmetric (v1) signatures; gives the delivery's signed id.

    UnverifiedError when a header is missing, no signature fits or the time is outside the tolerance.
    """
    own_id, seconds, given = (
        header(delivery, f"webhook-{name}") for name in ("id", "timestamp", "signature")
    )
    signed = f"{own_id}.{seconds}.".encode(errors="replace") + delivery.body
    fitting = [f"v1,{base64_hmac(key, signed)}" for key in map(_standard_key, _each(secret)) if key]
    # Every signature is looked at, so the time tells nothing about which one fits.
    results = [_is_any(one, fitting) for one in given.split()[:20]]
    if not any(results):
        raise UnverifiedError("No signature fits the body and the secret.")
    check_time(moment(seconds), now)
    return own_id


def check_time(signed_at: datetime | None, now: datetime) -> None:
    """UnverifiedError when the delivery was signed more than five minutes before or after now."""
    if signed_at is None:
        raise UnverifiedError("The delivery does not say when it was signed.")
    if abs(now - signed_at) > TOLERANCE:
        raise UnverifiedError("The delivery was not signed within five minutes of now.")


def moment(seconds: str) -> datetime | None:
    """Whole seconds since 1970, in digits; None for anything else."""
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 11):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


def header(delivery: Delivery, name: str) -> str:
    """A header that must be there; UnverifiedError names it when it is not."""
    value = delivery.headers.get(name, "").strip()
    if not value:
        raise UnverifiedError(f"The header {name} is missing.")
    return value


def base64_hmac(key: bytes, content: bytes) -> str:
    """HMAC-SHA256 in base64."""
    return base64.b64encode(hmac.new(key, content, sha256).digest()).decode()


def _each(secret: str) -> list[str]:
    """One to a line, because the words of a passphrase are no secrets of their own."""
    return [line.strip() for line in secret.splitlines() if line.strip()]


def _is_any(given: str, expected: list[str]) -> bool:
    """Compares with each, so the time tells nothing about which one fits; an empty text fits nothing."""
    found = [hmac.compare_digest(_bytes(one), _bytes(given)) for one in expected if one]
    return bool(given) and any(found)


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def _password(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _standard_key(secret: str) -> bytes:
    """The bytes behind a `whsec_` secret; empty, which signs nothing, when they are not base64."""
    encoded = secret.removeprefix(_MARK).rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        return b""
