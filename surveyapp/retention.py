"""Forget what was kept long enough: touches, comments, who customers are, and which agent it was."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select, update
from sqlalchemy.orm import Session

from surveyapp import answers, audit
from surveyapp.asked import rows
from surveyapp.config import Settings
from surveyapp.core.deeds import Actor, Deed
from surveyapp.core.policy import Refusal
from surveyapp.core.status import Cause
from surveyapp.db import table_of
from surveyapp.models import Answer, Invitation, InvitationEvent, Record

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)


@dataclass(slots=True)
class Purge:
    """One round through what is old enough, batch by batch; each batch goes on where the last one ended.

    So a round reads every old row once, however many batches it takes. `counts`: what was forgotten so far.
    """

    settings: Settings
    most: int = 1000
    counts: Counter[str] = field(default_factory=Counter)
    _reached: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def __call__(self, session: Session, now: datetime) -> int:
        """Forget one batch of each kind; returns how many rows, 0 when nothing is left."""
        own = self.settings.own
        kept = timedelta(days=own.touches_days)
        forgotten = {
            "touches": answers.purge_touches(session, now, kept=kept),
            "comments": self._comments(session, now - timedelta(days=own.comments_days)),
            "identities": self._identities(session, now - timedelta(days=own.identity_days)),
            "agents": self._agents(session, now - timedelta(days=own.agents_days)),
        }
        self.counts.update(forgotten)
        return sum(forgotten.values())

    def _comments(self, session: Session, before: datetime) -> int:
        columns = _ANSWERS.c
        place = columns.changed_at, columns.invitation_id
        ids = self._next(session, "comments", place, before, columns.comment.is_not(None))
        return _changed(session, update(_ANSWERS).where(columns.invitation_id.in_(ids)), {"comment": None})

    def _identities(self, session: Session, before: datetime) -> int:
        """Of mails that still wait to be sent the address is needed; their turn comes."""
        is_known = and_(_INVITATIONS.c.send_at.is_(None), _has_identity())
        ids = self._next(session, "identities", _MADE, before, is_known)
        details = update(_EVENTS).where(_EVENTS.c.invitation_id.in_(ids), _EVENTS.c.detail.not_in(_OWN_WORDS))
        session.execute(details.values(detail=None))
        reason = _INVITATIONS.c.reason
        values: dict[str, Any] = dict.fromkeys(_IDENTITY)
        values |= {"properties": {}, "reason": case((reason.in_(_OWN_WORDS), reason), else_=None)}
        return _changed(session, update(_INVITATIONS).where(_INVITATIONS.c.id.in_(ids)), values)

    def _agents(self, session: Session, before: datetime) -> int:
        columns = _INVITATIONS.c
        has_agent = or_(columns.agent_ref.is_not(None), columns.agent_name.is_not(None))
        ids = self._next(session, "agents", _MADE, before, has_agent)
        values = {"agent_ref": None, "agent_name": None}
        return _changed(session, update(_INVITATIONS).where(columns.id.in_(ids)), values)

    def _next(
        self,
        session: Session,
        kind: str,
        place: tuple[ColumnElement[datetime], ColumnElement[str]],
        before: datetime,
        wanted: ColumnElement[bool],
    ) -> list[str]:
        """The ids of the next batch, the oldest first, by an index on `place`."""
        at, key = place
        found = select(key, at).where(at < before, wanted)
        if kind in self._reached:
            last_at, last_key = self._reached[kind]
            found = found.where(at >= last_at, or_(at > last_at, key > last_key))
        batch = session.execute(found.order_by(at, key).limit(self.most)).all()
        if batch:
            self._reached[kind] = batch[-1][1], batch[-1][0]
        return [each[0] for each in batch]


def is_due(session: Session, now: datetime) -> bool:
    """Whether no round of any worker forgot something within the last day."""
    last = select(Record.id).where(
        Record.at > now - EVERY, Record.deed == Deed.PURGED, Record.actor == Actor.WORKER
    )
    return session.scalars(last.limit(1)).first() is None


def note(session: Session, counts: Mapping[str, int], now: datetime) -> None:
    """Record what a round has forgotten, in the audit log and the log; nothing when it was nothing."""
    forgotten = {kind: number for kind, number in sorted(counts.items()) if number}
    if not forgotten:
        return
    audit.record(session, None, Deed.PURGED, now, None, actor=Actor.WORKER, **forgotten)
    told = ", ".join(f"{kind} {number}" for kind, number in forgotten.items())
    log.info("kept long enough and forgotten: %s", told, extra={"count": sum(forgotten.values())})


_ANSWERS, _INVITATIONS, _EVENTS = table_of(Answer), table_of(Invitation), table_of(InvitationEvent)
_MADE = _INVITATIONS.c.created_at, _INVITATIONS.c.id
_IDENTITY = ("address", "recipient_name", "customer_ref", "address_hash", "domain")
_OWN_WORDS = frozenset({*map(str, Cause), *map(str, Refusal)})


def _has_identity() -> ColumnElement[bool]:
    known = (_INVITATIONS.c[name].is_not(None) for name in _IDENTITY)
    return or_(*known, _INVITATIONS.c.properties != {})


def _changed(session: Session, statement: Any, values: Mapping[str, Any]) -> int:
    return rows(session.execute(statement.values(**values)))
