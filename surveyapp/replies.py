"""The same request with the same Idempotency-Key has one effect and one reply."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveyapp.core.errors import OtherRequestError, RequestRunningError
from surveyapp.db import try_serialise
from surveyapp.models import Reply

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Given:
    """A reply that was given: HTTP status and body."""

    status: int
    body: str


def given(session: Session, api_key: str, key: str, digest: str, now: datetime) -> Given | None:
    """The reply of the last 24 hours to this request; None when it is new, and then `keep` is due.

    To be asked in the transaction of the effect, before it. Raises OtherRequestError when the key came
    with another request, and RequestRunningError while the first one is still being answered (on SQLite
    the second one waits instead, because one transaction at a time writes there).
    """
    if not try_serialise(session, f"reply {api_key} {key}"):
        raise RequestRunningError
    row = session.get(Reply, (api_key, key))
    if row is None or row.at <= now - KEPT:
        return None
    if row.digest != digest:
        raise OtherRequestError
    return Given(row.status, row.body)


def keep(session: Session, api_key: str, key: str, digest: str, reply: Given, now: datetime) -> None:
    """Store the reply with its effect; both are committed, or neither is."""
    session.merge(
        Reply(api_key=api_key, key=key, digest=digest, status=reply.status, body=reply.body, at=now)
    )
    session.flush()


def purge(session: Session, now: datetime, most: int = 1000) -> int:
    """Delete replies that are repeated no more; returns how many, 0 when there are no more."""
    old = session.execute(select(Reply.api_key, Reply.key).where(Reply.at <= now - KEPT).limit(most)).all()
    for api_key, key in old:
        session.execute(delete(Reply).where(Reply.api_key == api_key, Reply.key == key))
    return len(old)
