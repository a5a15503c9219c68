"""Give names and join words as people do it on a page, and say how many past invitations moved with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from surveyapp import names
from surveyapp.core.errors import UnknownThingError
from surveyapp.names import Kind, NameRow


@dataclass(frozen=True, slots=True)
class Renamed:
    """What changed, by its name, and how many invitations of the last 365 days have another value now."""

    changed: Sequence[str]
    moved: int


def rename(
    session: Session,
    kind: Kind,
    value: str,
    labels: Mapping[str, str],
    synonyms: Sequence[str],
    left_on: date | None,
    today: date,
    now: datetime,
) -> Renamed:
    """As `names.save_name`, with its FieldErrors."""
    before = _numbers(names.all_names(session, kind, today))
    changed = names.save_name(session, kind, value, labels, synonyms, left_on, now)
    after = _numbers(names.all_names(session, kind, today))
    came = sum(before[each] for each in before.keys() - after)
    # The value itself may be new as well: what came to it is counted once.
    went = sum(after[each] for each in after.keys() - before - {value})
    return Renamed(changed, came + went)


def merge(session: Session, kind: Kind, value: str, same_as: str, today: date, now: datetime) -> Renamed:
    """Make a value, with all words that meant it, mean another; what it was called itself is given up.

    UnknownThingError for agents, for a value that there is not, and for the same one twice.
    """
    rows = {row.value: row for row in names.all_names(session, kind, today)}
    if kind is Kind.AGENT or value == same_as or not {value, same_as} <= rows.keys():
        raise UnknownThingError("There are no two such words.")
    row, other = rows[value], rows[same_as]
    # A word that stands for others is no synonym, so it gives its own away first.
    names.save_name(session, kind, value, {}, (), None, now)
    words = [*other.synonyms, value, *row.synonyms]
    changed = names.save_name(session, kind, same_as, other.labels, words, None, now)
    return Renamed(changed, row.n)


def _numbers(rows: Sequence[NameRow]) -> dict[str, int]:
    return {row.value: row.n for row in rows}
