"""The audit log: who did what, when; it only grows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from surveyapp.core.deeds import Actor, Deed
from surveyapp.models import Record, User, new_id

Detail = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is read. `name` is of the user who did it, as they are called today; None: no user."""

    id: str
    at: datetime
    actor: Actor
    name: str | None
    deed: Deed
    target: str | None
    detail: Detail


def record(
    session: Session,
    user_id: str | None,
    deed: Deed,
    now: datetime,
    target: str | None = None,
    *,
    actor: Actor = Actor.USER,
    **detail: str | int | bool | None,
) -> None:
    """Add an entry. `user_id` None needs another actor. Nothing personal of customers may stand in it.

    It is never erased: so no names, addresses or comments, only keys, ids, counts and names of settings.
    """
    if (user_id is None) == (actor is Actor.USER):
        raise ValueError("An entry is a user's, or another actor's.")
    session.add(
        Record(
            id=new_id(), at=now, user_id=user_id, actor=actor, deed=deed, target=target, detail=dict(detail)
        )
    )
    session.flush()


def entries(
    session: Session,
    limit: int,
    *,
    before: tuple[datetime, str] | None = None,
    deed: Deed | None = None,
    user_id: str | None = None,
) -> Sequence[Entry]:
    """The newest first; `before`: the moment and id of the last one of the page before."""
    found = select(Record, User.name).outerjoin(User, User.id == Record.user_id)
    if before is not None:
        at, last_id = before
        found = found.where(or_(Record.at < at, and_(Record.at == at, Record.id < last_id)))
    if deed is not None:
        found = found.where(Record.deed == deed)
    if user_id is not None:
        found = found.where(Record.user_id == user_id)
    rows = session.execute(found.order_by(Record.at.desc(), Record.id.desc()).limit(limit))
    return [
        Entry(row.id, row.at, Actor(row.actor), name, Deed(row.deed), row.target, row.detail)
        for row, name in rows
    ]
