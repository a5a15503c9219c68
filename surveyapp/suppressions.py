"""The do-not-survey list as people keep it: which addresses get no survey any more, by keyed hashes alone."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import invitations
from surveyapp.config import Settings
from surveyapp.core.errors import FieldError, PolicyError
from surveyapp.core.policy import Refusal
from surveyapp.models import Suppression


def wrong_lines(settings: Settings, lines: Sequence[str]) -> list[int]:
    """The numbers, from 1, of those that are neither empty nor an address."""
    return [number for number, line in enumerate(lines, 1) if line and not _is_address(settings, line)]


def add(session: Session, settings: Settings, addresses: Sequence[str], now: datetime) -> int:
    """Ask these no more; returns how many were not on the list. All of them, or FieldError for the first."""
    hashes = {invitations.hash_of(settings, address) for address in addresses}
    before = _number(session)
    for hashed in sorted(hashes):
        invitations.suppress_hash(session, hashed, Refusal.DO_NOT_SURVEY, now)
    return _number(session) - before


def find(session: Session, settings: Settings, address: str) -> Suppression | None:
    """Why and since when the address gets none; None when it gets surveys. FieldError when it is none."""
    return invitations.suppression_of(session, invitations.hash_of(settings, address))


def remove(session: Session, settings: Settings, address: str, *, at_their_wish: bool) -> bool:
    """Let the address be asked again; False when it was not on the list.

    PolicyError for a person who has unsubscribed, unless it is at that person's wish.
    """
    found = find(session, settings, address)
    if found is None:
        return False
    if found.reason == Refusal.UNSUBSCRIBED and not at_their_wish:
        raise PolicyError("This person has unsubscribed; only at their own wish are they asked again.")
    invitations.release(session, found.address_hash)
    return True


def counts(session: Session) -> Mapping[Refusal, int]:
    """How many addresses there are for each reason; every reason for which one can be on the list."""
    rows = session.execute(select(Suppression.reason, func.count()).group_by(Suppression.reason))
    found = {Refusal(reason): number for reason, number in rows}
    return {reason: found.get(reason, 0) for reason in _REASONS}


_REASONS = (Refusal.UNSUBSCRIBED, Refusal.DO_NOT_SURVEY, Refusal.BOUNCED)


def _is_address(settings: Settings, line: str) -> bool:
    with suppress(FieldError):
        return bool(invitations.hash_of(settings, line))
    return False


def _number(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Suppression)) or 0
