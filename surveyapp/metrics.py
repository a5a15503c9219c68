"""The figures that an operator watches, counted in the database at the moment of asking."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, func, null, select

from surveyapp.core.evidence import Reason, State
from surveyapp.core.policy import Refusal
from surveyapp.core.status import Status
from surveyapp.db import AnySession, table_of
from surveyapp.models import Answer, Domain, HookEvent, Invitation

# No index knows an invitation's status: what is counted by it is counted among the youngest.
RECENT = timedelta(hours=24)
UNKNOWN_WITHIN = timedelta(days=30)

LATENCIES = 1000
# Where those are looked for, so that a great many mails that wait cost no more than this.
LATENCIES_AMONG = 10_000

QUANTILES = (0.5, 0.95, 0.99)

OTHER = "other"
"""A stored reason that this release does not know."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one look at the database found; each known status, state and reason has its number, 0 included."""

    queue_depth: int
    queue_due: int
    oldest_due_seconds: float
    """How long the mail that is due longest has waited; 0 when none is due."""
    unknown: int
    hook_events_waiting: int
    domains_marked: int
    invitations: Mapping[str, int]
    refused: Mapping[str, int]
    answers: Mapping[str, int]
    held: Mapping[str, int]
    smtp_seconds: Mapping[float, float]
    """Quantile -> from a mail's last line to the relay's yes; empty when there was none of late."""


def figures(session: AnySession, now: datetime) -> Figures:
    """Count in four statements, none of which reads a whole table of invitations or answers."""
    queue = session.execute(_queue(now)).one()
    invitations = session.execute(_invitations(now)).all()
    answers = session.execute(_answers(now)).all()
    latencies = session.execute(_latencies()).all()
    return Figures(
        queue_depth=queue.depth,
        queue_due=queue.due,
        oldest_due_seconds=(now - queue.oldest).total_seconds() if queue.oldest else 0.0,
        unknown=queue.unknown,
        hook_events_waiting=queue.hook_events,
        domains_marked=queue.domains,
        invitations=_sums([str(each) for each in Status], invitations),
        refused=_reasons([str(each) for each in Refusal], invitations),
        answers=_sums([str(each) for each in State], answers),
        held=_reasons([str(each) for each in Reason], answers),
        smtp_seconds=quantiles([(row.accepted_at - row.marked_at).total_seconds() for row in latencies]),
    )


def quantiles(values: list[float]) -> dict[float, float]:
    """Each of QUANTILES by the nearest rank, so that it is a value that was measured; {} of no values."""
    ranked = sorted(values)
    return {each: ranked[ceil(each * len(ranked)) - 1] for each in QUANTILES} if ranked else {}


_invited = table_of(Invitation).c
_answered = table_of(Answer).c
_hooked = table_of(HookEvent).c
_domain = table_of(Domain).c


def _queue(now: datetime) -> Select[Any]:
    is_due = _invited.send_at <= now
    unknown = and_(_invited.status == Status.UNKNOWN, _invited.created_at >= now - UNKNOWN_WITHIN)
    return select(
        _number(_invited.send_at.is_not(None)).label("depth"),
        _number(is_due).label("due"),
        select(func.min(_invited.send_at)).where(is_due).scalar_subquery().label("oldest"),
        _number(unknown).label("unknown"),
        _number(_hooked.due_at.is_not(None)).label("hook_events"),
        _number(_domain.marked_until > now).label("domains"),
    )


def _number(condition: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).where(condition).scalar_subquery()


def _invitations(now: datetime) -> Select[Any]:
    # Other statuses have words of a mail server for a reason.
    reason = case((_invited.status == Status.REFUSED, _invited.reason), else_=null())
    counted = select(_invited.status, reason, func.count())
    return counted.where(_invited.created_at >= now - RECENT).group_by(_invited.status, reason)


def _answers(now: datetime) -> Select[Any]:
    reason = case((_answered.state == State.HELD, _answered.reason), else_=null())
    counted = select(_answered.state, reason, func.count())
    return counted.where(_answered.changed_at >= now - RECENT).group_by(_answered.state, reason)


def _latencies() -> Select[Any]:
    """A planned reminder clears the mark of the mail before it, so that those mails are not among them."""
    youngest = (
        select(_invited.accepted_at, _invited.marked_at, _invited.created_at)
        .order_by(_invited.created_at.desc(), _invited.id.desc())
        .limit(LATENCIES_AMONG)
        .subquery()
    )
    # Of a reminder under way the mark is newer than the yes, which was the first mail's.
    is_known = youngest.c.marked_at <= youngest.c.accepted_at
    return select(youngest).where(is_known).order_by(youngest.c.created_at.desc()).limit(LATENCIES)


def _sums(known: Sequence[str], rows: Iterable[Any]) -> dict[str, int]:
    return _tally(known, ((kind, number) for kind, _, number in rows))


def _reasons(known: Sequence[str], rows: Iterable[Any]) -> dict[str, int]:
    return _tally(known, ((reason, number) for _, reason, number in rows if reason is not None))


def _tally(known: Sequence[str], counted: Iterable[tuple[str, int]]) -> dict[str, int]:
    tally = dict.fromkeys(known, 0)
    for key, number in counted:
        name = key if key in tally else OTHER
        tally[name] = tally.get(name, 0) + number
    return tally
