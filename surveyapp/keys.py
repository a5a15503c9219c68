"""Keys to the API: made, shown once, recognised, revoked."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from surveyapp.core.errors import KeyRefusedError, UnknownKeyError
from surveyapp.models import ApiKey

_MARK = "surveyapp"
# A key that is in steady use need not cause a write for every request.
_USE_IS_NEWS_AFTER = timedelta(minutes=1)
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


class Scope(StrEnum):
    """What a key may do."""

    INVITE = "invite"
    """Invite, cancel, say that a ticket was opened again; the replies hold the links."""
    READ = "read"
    """Invitations and their timelines without links and addresses; scores."""
    EXPORT = "export"
    """Single answers with their comments."""


def add_key(
    session: Session, name: str, scopes: Sequence[Scope], expires_at: datetime | None, now: datetime
) -> tuple[ApiKey, str]:
    """The key's row and the key itself, which is not stored and cannot be shown again."""
    prefix = "".join(secrets.choice(_LETTERS) for _ in range(8))
    key = f"{_MARK}_{prefix}_{secrets.token_urlsafe(32)}"
    row = ApiKey(
        prefix=prefix,
        hash=_hash(key),
        name=name,
        scopes=sorted(set(scopes)),
        created_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return row, key


def all_keys(session: Session) -> Sequence[ApiKey]:
    """Every key, the oldest first, the revoked and expired ones too."""
    return session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.prefix)).all()


def revoke_key(session: Session, prefix: str, now: datetime) -> ApiKey:
    """From now on it opens nothing; the second time changes nothing. UnknownKeyError when there is none."""
    row = session.get(ApiKey, prefix)
    if row is None:
        raise UnknownKeyError(f"There is no key {prefix!r}; `surveyapp key list` shows them.")
    row.revoked_at = row.revoked_at or now
    return row


def find_key(session: Session, key: str, now: datetime) -> ApiKey:
    """The row of a key that opens something now; KeyRefusedError for any other."""
    prefix = key.split("_", 2)[1] if key.startswith(f"{_MARK}_") and key.count("_") >= 2 else ""
    row = session.get(ApiKey, prefix) if prefix.isascii() and prefix.isalnum() else None
    # The comparison takes as long for a key that is none of ours.
    is_known = hmac.compare_digest(row.hash if row else _hash(""), _hash(key))
    if row is None or not is_known or row.revoked_at is not None:
        raise KeyRefusedError
    if row.expires_at is not None and row.expires_at <= now:
        raise KeyRefusedError
    return row


def is_use_news(row: ApiKey, now: datetime) -> bool:
    """Whether this use is worth a write."""
    return row.last_used_at is None or now - row.last_used_at >= _USE_IS_NEWS_AFTER


def note_use(session: Session, prefix: str, now: datetime) -> None:
    """Remember when the key was last used, to the minute."""
    session.execute(update(ApiKey).where(ApiKey.prefix == prefix).values(last_used_at=now))


def _hash(key: str) -> str:
    # A key is 256 random bits, so that a slow hash would protect nothing more.
    return sha256(key.encode()).hexdigest()
