"""Targets: the score that the leaders want to reach in a metric, and what for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.audit import record
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.scales import Metric
from surveyapp.models import Target, User

LONGEST = 200
"""Characters of a purpose."""

BOUNDS: Mapping[Metric, tuple[int, int]] = {
    Metric.NPS: (-100, 100),
    Metric.CSAT: (0, 100),
    Metric.CES: (1, 7),
    Metric.CES_EASE: (1, 7),
    Metric.NKI: (0, 100),
    Metric.SOLVED: (0, 100),
    Metric.TREATMENT: (0, 100),
    Metric.COMPETENCE: (0, 100),
}
"""The lowest and the highest score, in the headline's unit."""

DECIMALS: Mapping[Metric, int] = {Metric.CES: 2, Metric.CES_EASE: 2}
"""How many decimals a target may have, as its score has; where it is not said, it is a whole number."""


@dataclass(frozen=True, slots=True)
class Aim:
    """A target as it is read."""

    metric: Metric
    value: Fraction
    """In the headline's unit."""
    purpose: str
    by: str
    """The name of the user who set it, as they are called today."""
    changed_at: datetime


def all_targets(session: Session) -> dict[Metric, Aim]:
    """Every target there is."""
    rows = session.execute(select(Target, User.name).join(User, User.id == Target.user_id))
    return {
        Metric(row.metric): Aim(Metric(row.metric), _exact(row.value), row.purpose, name, row.changed_at)
        for row, name in rows
    }


def set_target(
    session: Session, user_id: str, metric: Metric, value: float, purpose: str, now: datetime
) -> None:
    """Set the metric's target, or another one in its place; the same again changes nothing.

    `value` is in the headline's unit. Raises FieldError for "metric", "value" (beyond BOUNDS, or finer than
    DECIMALS) and "purpose", which is one line of up to LONGEST characters.
    """
    exact, purpose = _checked(metric, value), _one_line(purpose)
    found = session.get(Target, metric)
    if found is not None and (_exact(found.value), found.purpose) == (exact, purpose):
        return
    before = None if found is None else _said(_exact(found.value))
    if found is None:
        found = Target(metric=metric)
        session.add(found)
    found.value, found.purpose, found.user_id, found.changed_at = float(exact), purpose, user_id, now
    session.flush()
    # Not what for: it is free text, and what is logged is never erased.
    record(session, user_id, Deed.TARGET_SET, now, metric, score=_said(exact), score_before=before)


def remove_target(session: Session, user_id: str, metric: Metric, now: datetime) -> None:
    """Have none any more; that there was none is fine."""
    found = session.get(Target, metric)
    if found is None:
        return
    before = _said(_exact(found.value))
    session.delete(found)
    session.flush()
    record(session, user_id, Deed.TARGET_REMOVED, now, metric, score_before=before)


def _checked(metric: Metric, value: float) -> Fraction:
    if metric not in BOUNDS:
        raise FieldError("metric", Problem.UNKNOWN)
    low, high = BOUNDS[metric]
    # What is no number compares with nothing.
    if not low <= value <= high or not _is_whole(_exact(value) * 10 ** DECIMALS.get(metric, 0)):
        raise FieldError("value", Problem.RANGE if metric in DECIMALS else Problem.NUMBER, low=low, high=high)
    return _exact(value)


def _one_line(purpose: str) -> str:
    purpose = purpose.strip()
    if not purpose:
        raise FieldError("purpose", Problem.MISSING)
    if not purpose.isprintable():
        raise FieldError("purpose", Problem.NO_TEXT)
    if len(purpose) > LONGEST:
        raise FieldError("purpose", Problem.LONG, n=LONGEST)
    return purpose


def _exact(value: float) -> Fraction:
    """5.7 as it was meant, not as the nearest binary number."""
    return Fraction(str(value))


def _said(value: Fraction) -> str:
    """As the log holds it: 85, 5.7; a text, as it would leave out a 0."""
    return str(value.numerator if _is_whole(value) else float(value))


def _is_whole(value: Fraction) -> bool:
    return value.denominator == 1
