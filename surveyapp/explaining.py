"""Explain scores: which groups move one or keep it from its target, and who is satisfied but unconvinced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from surveyapp.config import Settings
from surveyapp.core.access import Permission, Reader, Viewer, reader_of
from surveyapp.core.decomposition import Distance, Explained, Part, change_by_group, distance_by_group, shown
from surveyapp.core.errors import FieldError, NotAllowedError, Problem
from surveyapp.core.evidence import State
from surveyapp.core.scales import SCALES, Group, Metric
from surveyapp.core.scoring import Tallies, is_withheld, plus
from surveyapp.listing import cursor_of, is_before, read_cursor
from surveyapp.models import Answer, Invitation, Rating
from surveyapp.reports import seen, smallest_of
from surveyapp.selecting import By, Dimension, Filter, conditions
from surveyapp.sight import visible_to
from surveyapp.surveys import all_surveys, current_version
from surveyapp.tallies import pairs, tallies

GROUPS = (Group.FAVOURABLE, Group.NEUTRAL, Group.UNFAVOURABLE)
"""In the order in which the cross-table shows them."""


@dataclass(frozen=True, slots=True)
class FromTarget:
    """How far a score lies above its target, and the parts of that, which add up to it exactly."""

    score: Fraction
    target: Fraction
    parts: tuple[Distance, ...]

    @property
    def distance(self) -> Fraction:
        """The score less the target."""
        return self.score - self.target


@dataclass(frozen=True, slots=True)
class Line:
    """What one group adds to a change, rounded."""

    mix: Decimal
    within: Decimal

    @property
    def total(self) -> Decimal:
        """Both together."""
        return self.mix + self.within


@dataclass(frozen=True, slots=True)
class WrittenOut:
    """An explained change as it is printed: every row and every column adds up to the last digit."""

    lines: tuple[Line, ...]
    """In the order of the parts."""
    mix: Decimal
    within: Decimal

    @property
    def change(self) -> Decimal:
        """The rounded change."""
        return self.mix + self.within


@dataclass(frozen=True, slots=True)
class Cross:
    """CSAT and NPS of those who gave both in one answer."""

    n: int
    smallest: int
    """With so many a table is shown."""
    counts: Mapping[tuple[Group, Group], int] | None
    """(group of CSAT, group of NPS) -> people; None while there are fewer than `smallest`."""
    is_asked: bool
    """Whether an open survey asks both today."""


@dataclass(frozen=True, slots=True)
class Unconvinced:
    """An answer of somebody who is satisfied but would not recommend us; never with customer or agent."""

    id: str
    ticket_ref: str
    day: date
    """On which it counts."""
    csat: int
    nps: int
    comment: str | None
    """None as well where the viewer may not read it."""
    locale: str
    case_type: str | None


def by_change(
    session: Session, settings: Settings, reader: Reader, chosen: Filter, by: By
) -> Explained | None:
    """Which groups explain how the metric's score moved since the period before.

    None while fewer than the smallest number have answered in one of the two. Raises NotAllowedError for a
    reader who may not open single answers, and FieldError, naming the field of the filter or "by".
    """
    metric, chosen = _asked(session, reader, chosen, by)
    if chosen.period is None:
        raise FieldError("from", Problem.MISSING)
    smallest = smallest_of(settings, chosen, by)
    after = _by_group(session, metric, chosen, by)
    before = _by_group(session, metric, chosen.within(chosen.period.previous), by)
    if any(is_withheld(_people(side), smallest) for side in (before, after)):
        return None
    before, after = _folded(smallest, before, after)
    explained = change_by_group(metric, before, after, smallest)
    return explained and replace(explained, parts=_rest_last(explained.parts))


def by_target(
    session: Session, settings: Settings, reader: Reader, chosen: Filter, by: By, target: Fraction
) -> FromTarget | None:
    """Which groups explain how far the score lies from the target; None and errors as `by_change`."""
    metric, chosen = _asked(session, reader, chosen, by)
    smallest = smallest_of(settings, chosen, by)
    groups = _by_group(session, metric, chosen, by)
    if is_withheld(_people(groups), smallest):
        return None
    found = distance_by_group(metric, _folded(smallest, groups)[0], target, smallest)
    return found and FromTarget(found[0] + target, target, _rest_last(found[1]))


def written_out(explained: Explained, decimals: int) -> WrittenOut:
    """The parts rounded so that rows and columns add up (controlled rounding, Cox 1987).

    Rows and columns are rounded by `decomposition.shown`, and the cells within them to one of their two
    neighbours. Where that cannot be, which takes odd parts, the two columns give way and the rows stay.
    """
    cells = [(part.mix * 10**decimals, part.within * 10**decimals) for part in explained.parts]
    whole = shown([part.total for part in explained.parts], decimals, explained.change)
    mix, _ = shown([explained.mix, explained.within], decimals, explained.change)
    digits = [floor(cell) for cell, _ in cells]
    # How many of a row's two cells are rounded up: none, one or both.
    ups = [
        _digits(total, decimals) - floor(one) - floor(other)
        for total, (one, other) in zip(whole, cells, strict=True)
    ]
    # Of one alone it is the cell that lost more, but never one that lost nothing.
    lost = [(one - floor(one), other - floor(other)) for one, other in cells]
    certain = [number for number, up in enumerate(ups) if up == 2 or (up == 1 and not lost[number][1])]
    open_ = [number for number, up in enumerate(ups) if up == 1 and all(lost[number])]
    open_.sort(key=lambda number: lost[number][1] - lost[number][0])
    wanted = _digits(mix, decimals) - sum(digits) - len(certain)
    for number in [*certain, *open_[: max(wanted, 0)]]:
        digits[number] += 1
    mixes = [Decimal(each).scaleb(-decimals) for each in digits]
    lines = tuple(Line(one, total - one) for one, total in zip(mixes, whole, strict=True))
    zero = Decimal().scaleb(-decimals)
    return WrittenOut(
        lines, sum((line.mix for line in lines), zero), sum((line.within for line in lines), zero)
    )


def cross(session: Session, settings: Settings, reader: Reader, chosen: Filter) -> Cross:
    """How CSAT and NPS of the same people go together; the filter's metric says nothing here.

    Raises NotAllowedError and FieldError as `by_change`.
    """
    _check(reader)
    chosen = seen(session, reader, replace(chosen, metric=None))
    found = pairs(session, chosen, Metric.CSAT, Metric.NPS)
    counts = dict.fromkeys(((one, other) for one in GROUPS for other in GROUPS), 0)
    for (csat, nps), people in found.items():
        one, other = SCALES[Metric.CSAT].group(csat), SCALES[Metric.NPS].group(nps)
        if one is not None and other is not None:
            counts[one, other] += people
    n, smallest = sum(counts.values()), smallest_of(settings, chosen, None)
    return Cross(n, smallest, None if is_withheld(n, smallest) else counts, _is_asked(session))


def satisfied_but(
    session: Session,
    settings: Settings,
    viewer: Viewer,
    chosen: Filter,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[Unconvinced], str | None]:
    """A page of the answers with CSAT 4 or 5 and NPS 0 to 6, the newest first, and the cursor of the next.

    The cursor is None when there is no more. Raises NotAllowedError without ANSWERS and FIGURES, FieldError
    as `by_change`, and for a cursor that is none of ours.
    """
    if not (viewer.may(Permission.ANSWERS) and viewer.may(Permission.FIGURES)):
        raise NotAllowedError("Single answers are not for you to see.")
    mode = settings.own.agent_figures
    chosen = seen(session, reader_of(viewer, mode), replace(chosen, metric=None))
    csat, nps = aliased(Rating), aliased(Rating)
    found = (
        select(Answer, Invitation, csat.rating.label("csat"), nps.rating.label("nps"))
        .join(Invitation, Invitation.id == Answer.invitation_id)
        .join(csat, csat.invitation_id == Answer.invitation_id)
        .join(nps, nps.invitation_id == Answer.invitation_id)
        .where(
            Answer.state == State.COUNTED,
            csat.metric == Metric.CSAT,
            csat.rating.in_(SCALES[Metric.CSAT].favourable),
            nps.metric == Metric.NPS,
            nps.rating.in_(SCALES[Metric.NPS].unfavourable),
            *visible_to(viewer, mode),
            *conditions(chosen),
        )
    )
    if cursor is not None:
        found = found.where(is_before(Answer.began_at, Answer.invitation_id, *read_cursor(cursor)))
    found = found.order_by(Answer.began_at.desc(), Answer.invitation_id.desc()).limit(limit + 1)
    rows = session.execute(found).all()
    page = [_unconvinced(row, may_read=viewer.may(Permission.COMMENTS)) for row in rows[:limit]]
    if len(rows) <= limit:
        return page, None
    last = rows[limit - 1].Answer
    return page, cursor_of(last.began_at, last.invitation_id)


_REST = "\0"
"""No group is called so: what comes from outside is printable."""

Share = TypeVar("Share", Part, Distance)


def _asked(session: Session, reader: Reader, chosen: Filter, by: By) -> tuple[Metric, Filter]:
    """The metric and what the reader sees of the filter."""
    _check(reader)
    # Nobody is to act upon agents: their figures stand on a page of their own, with what they call for.
    if by.dimension is Dimension.AGENT:
        raise FieldError("by", Problem.AGENTS_OFF)
    if by.dimension.is_time:
        raise FieldError("by", Problem.UNKNOWN)
    metric = chosen.metric
    if metric is None or metric not in SCALES:
        raise FieldError("metric", Problem.UNKNOWN if metric else Problem.MISSING)
    return metric, seen(session, reader, chosen, by)


def _check(reader: Reader) -> None:
    if reader.is_bound:
        raise NotAllowedError("This takes several dimensions at once, which withholding cannot hold against.")


def _by_group(session: Session, metric: Metric, chosen: Filter, by: By) -> Tallies:
    return {group: tally for (of, group), tally in tallies(session, chosen, by).items() if of is metric}


def _people(side: Tallies) -> int:
    return sum(sum(tally.values()) for tally in side.values())


def _folded(smallest: int, *sides: Tallies) -> list[Tallies]:
    """With the small groups put together as one, which is not small itself.

    The decomposition would put them together as well, but one small group alone would be a withheld figure:
    the smallest of the others then joins it.
    """
    others = sorted(
        {group for side in sides for group in side},
        key=lambda group: (sum(_in(side, group) for side in sides), group or ""),
    )
    small = [group for group in others if any(0 < _in(side, group) < smallest for side in sides)]
    others = [group for group in others if group not in small]
    while others and any(0 < sum(_in(side, group) for group in small) < smallest for side in sides):
        small.append(others.pop(0))
    if not small:
        return list(sides)
    return [
        {
            **{group: tally for group, tally in side.items() if group in others},
            _REST: plus(*(side.get(group, {}) for group in small)),
        }
        for side in sides
    ]


def _in(side: Tallies, group: str | None) -> int:
    return sum(side.get(group, {}).values())


def _rest_last(parts: Sequence[Share]) -> tuple[Share, ...]:
    """As the decomposition leaves them, with the groups that were put together as its rest."""
    named = [replace(part, group=None, is_rest=True) if part.group == _REST else part for part in parts]
    return tuple(sorted(named, key=lambda part: part.is_rest))


def _digits(value: Decimal, decimals: int) -> int:
    return int(value.scaleb(decimals))


def _is_asked(session: Session) -> bool:
    asked = (
        {question.metric for question in current_version(session, survey).questions}
        for survey in all_surveys(session)
        if survey.closed_at is None
    )
    return any({Metric.CSAT, Metric.NPS} <= metrics for metrics in asked)


def _unconvinced(row: Any, *, may_read: bool) -> Unconvinced:
    answer: Answer = row.Answer
    invitation: Invitation = row.Invitation
    return Unconvinced(
        id=invitation.id,
        ticket_ref=invitation.ticket_ref,
        day=answer.day,
        csat=row.csat,
        nps=row.nps,
        comment=(answer.comment or None) if may_read else None,
        locale=invitation.locale,
        case_type=invitation.case_type,
    )
