"""Limits on tries, as token buckets: each try costs a token, and tokens come back with time."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveyapp.config import Settings
from surveyapp.core.errors import TooManyTriesError
from surveyapp.core.hashes import network_hash
from surveyapp.db import INSERTS, dialect_of, serialise, table_of
from surveyapp.models import Bucket

LONGEST_NAME = 40
_FULL_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries at once, and another one every `seconds`; the name stands in the bucket's key."""

    name: str
    burst: int
    seconds: float

    def __post_init__(self) -> None:
        """ValueError for one whose bucket is not full within a day: `purge` would fill it too early."""
        if self.burst * self.seconds > _FULL_AFTER.total_seconds() or len(self.name) > LONGEST_NAME:
            raise ValueError(f"{self.name!r} is no limit that buckets can keep.")


NETWORK = Limit("network", 20, 30)
"""Wrong passwords and codes from one network."""


def network_of(settings: Settings, address: str) -> str:
    """Whom a limit on networks counts: the network of an internet address; anything else as it is."""
    return network_hash(settings.hash_key, address) or address


def check(session: Session, settings: Settings, limit: Limit, who: str, now: datetime) -> None:
    """Raise TooManyTriesError when no token is left; nothing is taken.

    Whoever asks for the same `who` at the same time waits until this transaction ends, so that what is
    spent after the check was really there. Needs a transaction that writes.
    """
    left, _ = _state(session, limit, _key(settings, limit, who), now)
    if left < 1:
        raise TooManyTriesError(max(1, ceil(round((1 - left) * limit.seconds, 3))))


def spend(session: Session, settings: Settings, limit: Limit, who: str, now: datetime) -> None:
    """Take a token; an empty bucket stays empty."""
    _add(session, limit, _key(settings, limit, who), -1, now)


def give_back(session: Session, settings: Settings, limit: Limit, who: str, now: datetime) -> None:
    """Put a token back that was spent on what turned out right; a full bucket stays full."""
    _add(session, limit, _key(settings, limit, who), 1, now)


def purge(session: Session, now: datetime, most: int = 1000) -> int:
    """Delete at most so many buckets that are full again, as if they had never been; how many it were."""
    over = select(Bucket.key).where(Bucket.at < now - _FULL_AFTER).order_by(Bucket.at).limit(most)
    return len(session.scalars(delete(Bucket).where(Bucket.key.in_(over)).returning(Bucket.key)).all())


def _add(session: Session, limit: Limit, key: str, tokens: int, now: datetime) -> None:
    left, at = _state(session, limit, key, now)
    insert = INSERTS[dialect_of(session)](table_of(Bucket))
    insert = insert.on_conflict_do_update(
        index_elements=["key"], set_={"tokens": insert.excluded.tokens, "at": insert.excluded.at}
    )
    kept = min(float(limit.burst), max(0.0, left + tokens))
    session.execute(insert, {"key": key, "tokens": kept, "at": at})


def _state(session: Session, limit: Limit, key: str, now: datetime) -> tuple[float, datetime]:
    """The tokens that are left, and the moment of which this is true."""
    serialise(session, f"bucket {key}")
    row = session.execute(select(Bucket.tokens, Bucket.at).where(Bucket.key == key)).one_or_none()
    if row is None:
        return limit.burst, now
    tokens, at = row
    # The clock of the machine that wrote this may be ahead of ours.
    passed = max(0.0, (now - at).total_seconds())
    return min(float(limit.burst), tokens + passed / limit.seconds), max(now, at)


def _key(settings: Settings, limit: Limit, who: str) -> str:
    """Nobody who reads the table learns who it was, not even by trying addresses."""
    said = f"bucket:{limit.name}:{who}".encode("utf-8", "surrogatepass")
    return f"{limit.name}:{hmac.new(settings.hash_key.encode(), said, sha256).hexdigest()[:32]}"
