"""How much of the mail to each recipients' domain is opened by scanners, and which domains are marked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, case, delete, func, select
from sqlalchemy.orm import Session

from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.evidence import Evidence, State
from surveyapp.db import INSERTS, dialect_of, table_of
from surveyapp.models import Answer, Domain, Invitation

SPAN = timedelta(days=30)
SMALLEST = 3
MOST = 100
NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class DomainTraffic:
    """What came of the invitations to one domain that were accepted in the last 30 days.

    `domain` None: all those together that had fewer than 3, because such a domain can be a person, and those
    without an address.
    """

    domain: str | None
    accepted: int
    opened: int
    """Of these, with a link that was opened by anything."""
    scanned: int
    """Of these, with scanner behaviour."""
    answered: int
    """Of these, with an answer that counts."""
    pressed: int
    """Of these, with one that somebody sent by pressing."""
    marked_until: datetime | None = None
    """None: not marked now."""

    @property
    def scanned_share(self) -> float | None:
        """Percent of the accepted ones; None when there are none."""
        return 100 * self.scanned / self.accepted if self.accepted else None

    @property
    def unpressed_share(self) -> float | None:
        """Percent of the answers that count, which nobody pressed; None when none counts."""
        return 100 * (self.answered - self.pressed) / self.answered if self.answered else None


def domains(session: Session, now: datetime) -> list[DomainTraffic]:
    """The hundred domains with the greatest share of scanners, the worst first; the small ones come last."""
    return [*_large(session, now), *_small(session, now)]


def marked(session: Session, now: datetime) -> dict[str, datetime]:
    """Every domain that is marked now and until when; there, no visit alone settles an answer."""
    found = select(Domain).where(Domain.marked_until > now).order_by(Domain.domain)
    return {row.domain: row.marked_until for row in session.scalars(found)}


def mark(session: Session, domain: str, until: datetime) -> str:
    """Treat a domain as scanning until then, by hand; a mark that is there gets this end.

    Returns the name as it is stored. Raises FieldError for what is no domain.
    """
    name = _name(domain)
    insert = INSERTS[dialect_of(session)](table_of(Domain))
    insert = insert.on_conflict_do_update(
        index_elements=["domain"], set_={"marked_until": insert.excluded.marked_until}
    )
    session.execute(insert, {"domain": name, "marked_until": until})
    return name


def unmark(session: Session, domain: str) -> None:
    """Trust a domain again; the next scanner marks it anew. The second time changes nothing."""
    session.execute(delete(Domain).where(Domain.domain == _name(domain)))


_IS_COUNTED = Answer.state == State.COUNTED
_IS_PRESSED = and_(_IS_COUNTED, Answer.evidence.in_([Evidence.PRESS, Evidence.PRESS_UNVERIFIED]))
_ACCEPTED = func.count()
_SCANNED = func.count(Invitation.scanned_at)


def _number(condition: Any) -> Any:
    return func.count(case((condition, 1)))


def _per_domain(now: datetime) -> Select[Any]:
    """One row a domain, NULL included."""
    return (
        select(
            Invitation.domain.label("domain"),
            _ACCEPTED.label("accepted"),
            _number(Invitation.touch_count > 0).label("opened"),
            _SCANNED.label("scanned"),
            _number(_IS_COUNTED).label("answered"),
            _number(_IS_PRESSED).label("pressed"),
        )
        .outerjoin(Answer, Answer.invitation_id == Invitation.id)
        .where(Invitation.accepted_at >= now - SPAN)
        .group_by(Invitation.domain)
    )


def _large(session: Session, now: datetime) -> Iterator[DomainTraffic]:
    share = 1.0 * _SCANNED / _ACCEPTED
    found = (
        _per_domain(now)
        .where(Invitation.domain.is_not(None))
        .having(_ACCEPTED >= SMALLEST)
        .order_by(share.desc(), _ACCEPTED.desc(), Invitation.domain)
        .limit(MOST)
    )
    rows = session.execute(found).all()
    marks = select(Domain.domain, Domain.marked_until).where(
        Domain.domain.in_([row.domain for row in rows]), Domain.marked_until > now
    )
    until = {row.domain: row.marked_until for row in session.execute(marks)}
    for row in rows:
        yield replace(DomainTraffic(*row), marked_until=until.get(row.domain))


def _small(session: Session, now: datetime) -> Iterator[DomainTraffic]:
    every = _per_domain(now).subquery()
    columns = (every.c.accepted, every.c.opened, every.c.scanned, every.c.answered, every.c.pressed)
    found = select(*(func.coalesce(func.sum(column), 0) for column in columns)).where(
        (every.c.accepted < SMALLEST) | every.c.domain.is_(None)
    )
    accepted, opened, scanned, answered, pressed = (int(number) for number in session.execute(found).one())
    if accepted:
        yield DomainTraffic(None, accepted, opened, scanned, answered, pressed)


def _name(domain: str) -> str:
    """As it stands on invitations: in ASCII and small letters."""
    name = domain.strip().rpartition("@")[2].rstrip(".").lower()
    try:
        name = name.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise FieldError("domain", Problem.UNKNOWN) from error
    if not name:
        raise FieldError("domain", Problem.MISSING)
    if len(name) > NAME_LENGTH:
        raise FieldError("domain", Problem.LONG, n=NAME_LENGTH)
    if not all(part and part.replace("-", "").isalnum() for part in name.split(".")):
        raise FieldError("domain", Problem.UNKNOWN)
    return name
