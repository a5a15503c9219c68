"""What readers see who may not open single answers: whole closed periods, one dimension at a time.

What is withheld is decided in the order in which periods end, from the first answer on (ADR 15), and so every
question reads the counts by day of all history: a few thousand rows a year, however many have answered.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import tallies
from surveyapp.config import Settings
from surveyapp.core.access import AgentFigures, Reader
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.evidence import State
from surveyapp.core.periods import Grain, Period, Whole, is_closed, parts, pieces_of_close, whole_of
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.withholding import Why, withheld_cells, withheld_totals
from surveyapp.figures import Figures, compared, contrasted, figures_of, order
from surveyapp.models import Answer, Invitation
from surveyapp.selecting import By, Dimension, Filter, bucket, conditions, language_code
from surveyapp.tallies import Asked, Cell, Tally


def scores(
    session: Session,
    settings: Settings,
    reader: Reader,
    chosen: Filter,
    by: By | None,
    now: datetime,
    *,
    is_compared: bool,
) -> list[Figures]:
    """As `reports.scores`, of answers that counted before their week was closed; `chosen` is in our words.

    Held and refused answers and the invitations are counted as they are at this moment: how many of what is
    no secret. FieldError for "pressed", "by", "from" or the name of a filter; "from" also where properties or
    agents of the calendar year are old enough to be forgotten. With a period before of such a year nothing is
    compared.
    """
    question = _question(settings, reader, chosen, by, now)
    kept = _Kept(session, settings, chosen, now)
    if not kept.has_all_of(question):
        raise FieldError("from", Problem.WHOLE_MONTHS)
    smallest = _smallest(settings, reader)
    before = question.earlier() if is_compared and not question.is_trend else None
    if before is not None and not kept.has_all_of(before):
        before = None
    shown = _Shown(session, settings, chosen, question, (before or question).period.first, smallest)
    found, earlier = shown.of(question), shown.of(before) if before else {}
    counts = _counts(session, settings, chosen, by)
    asked_before = _counts(session, settings, chosen.within(before.period), by) if before else _Counts()
    made = []
    for cell in sorted({*found, *counts.cells(chosen, by)}, key=order):
        here = found.get(cell, _NOTHING)
        figures = counts.figures(cell, here, smallest)
        if before:
            there = earlier.get(cell, _NOTHING)
            figures = compared(figures, asked_before.figures(cell, there, smallest), here.tally, there.tally)
        whole = shown.rest(question, cell[0], found)
        made.append(figures if whole is None else contrasted(figures, here.tally, whole))
    return made


@dataclass(frozen=True, slots=True)
class _Question:
    """One that may be asked. `dimension`: of the breakdown or of the only filter, which is for `value`."""

    period: Period
    pieces: Mapping[str | None, Period]
    """What each group of a trend covers; without a trend the period alone, under None."""
    dimension: By | None
    is_filtered: bool
    value: str | None

    @property
    def is_trend(self) -> bool:
        return None not in self.pieces

    def earlier(self) -> "_Question":
        """The same of the period before, which is closed as well."""
        period = self.period.previous
        return replace(self, period=period, pieces={None: period})


@dataclass(frozen=True, slots=True)
class _Kept:
    """Whether what retention forgets invitation by invitation is still there.

    From a closed period by property, or by named agent, the answers of a day would go each day, and two
    readings would tell of them.
    """

    session: Session
    settings: Settings
    chosen: Filter
    now: datetime

    def has_all_of(self, question: _Question) -> bool:
        """Of the whole calendar years, whose cells are decided together."""
        days = self._days_kept(question.dimension)
        if days is None:
            return True
        first = whole_of(Whole.YEAR, question.period.first).first
        last = whole_of(Whole.YEAR, question.period.last).last
        forgotten = self.now - timedelta(days=days)
        oldest = (self._oldest(each) for each in _by_year(self.settings, self._plain, first, last))
        return all(made is None or made > forgotten for made in oldest)

    @property
    def _plain(self) -> Filter:
        return Filter(teams=self.chosen.teams)

    def _days_kept(self, dimension: By | None) -> int | None:
        """None for what is kept for good."""
        if dimension is None:
            return None
        own = self.settings.own
        kept = {Dimension.PROPERTY: own.identity_days, Dimension.AGENT: own.agents_days}
        return kept.get(dimension.dimension)

    def _oldest(self, chosen: Filter) -> datetime | None:
        """When the first invitation behind these answers was made."""
        made = select(func.min(Invitation.created_at)).join(Answer, Answer.invitation_id == Invitation.id)
        return self.session.scalar(made.where(*conditions(chosen)))


@dataclass(frozen=True, slots=True)
class _Cell:
    tally: Tally
    why: Why | None


_NOTHING = _Cell(Tally(), None)
_FILTERS = (
    Dimension.AGENT,
    Dimension.TEAM,
    Dimension.CASE_TYPE,
    Dimension.CHANNEL,
    Dimension.LOCALE,
    Dimension.VERSION,
)
_GRAINS = {Dimension.WEEK: Grain.WEEK, Dimension.MONTH: Grain.MONTH}

_Days = Mapping[date, Tally]


def _smallest(settings: Settings, reader: Reader) -> int:
    """One number for all that a reader sees: where a period has one agent alone, its total is the agent's."""
    if reader.agents is AgentFigures.NAMED:
        return max(settings.smallest_n, settings.smallest_n_agent)
    return settings.smallest_n


def _question(settings: Settings, reader: Reader, chosen: Filter, by: By | None, now: datetime) -> _Question:
    if chosen.is_pressed:
        raise FieldError("pressed", Problem.ONE)
    is_of_agents = by is not None and by.dimension is Dimension.AGENT
    if is_of_agents and reader.agents is not AgentFigures.NAMED:
        raise FieldError("by", Problem.AGENTS_OFF)
    group = by if by is not None and not by.dimension.is_time else None
    limits = list(_limits(chosen))
    if len(limits) > (0 if group else 1):
        raise FieldError(limits[-1][0], Problem.ONE)
    dimension, value = (limits[0][1], limits[0][2]) if limits else (group, None)
    pieces = _pieces(chosen, by, has_dimension=dimension is not None)
    period = chosen.period
    if period is None or not is_closed(period, settings.timezone, now):
        raise FieldError("from", Problem.WHOLE_MONTHS if dimension else Problem.WHOLE)
    return _Question(period, pieces, dimension, bool(limits), value)


def _limits(chosen: Filter) -> Iterator[tuple[str, By, str]]:
    """The name, dimension and value of everything that the filter narrows, time and metric aside."""
    for dimension in _FILTERS:
        value = getattr(chosen, dimension)
        if value is not None:
            code = language_code(value) if dimension is Dimension.LOCALE else value
            yield dimension.value, By(dimension), code
    if chosen.of_property is not None:
        name, value = chosen.of_property
        yield "of_property", By(Dimension.PROPERTY, name), value


def _pieces(chosen: Filter, by: By | None, *, has_dimension: bool) -> dict[str | None, Period]:
    problem = Problem.WHOLE_MONTHS if has_dimension else Problem.WHOLE
    grain = None
    if by is not None and by.dimension.is_time:
        grain = _GRAINS.get(by.dimension)
        if grain is None or (has_dimension and grain is Grain.WEEK):
            raise FieldError("by", problem)
    period = chosen.period
    if period is None:
        raise FieldError("from", problem)
    if grain is None or by is None:
        pieces: dict[str | None, Period] = {None: period}
        allowed = set(Whole) - ({Whole.WEEK} if has_dimension else set())
    else:
        pieces = {bucket(by, piece.first): piece for piece in parts(period, grain)}
        allowed = {Whole(grain)}
        problem = Problem.WHOLE if grain is Grain.WEEK else Problem.WHOLE_MONTHS
    if not {piece.whole for piece in pieces.values()} <= allowed:
        raise FieldError("from", problem)
    return pieces


class _Shown:
    """What there is and what of it is shown, up to the end of the question's period; cells `since` a day."""

    def __init__(
        self,
        session: Session,
        settings: Settings,
        chosen: Filter,
        question: _Question,
        since: date,
        smallest: int,
    ) -> None:
        self._smallest = smallest
        self._last = question.period.last
        plain = Filter(metric=chosen.metric, teams=chosen.teams)
        first = _first_day(session, plain) or self._last
        self._first = min(first, self._last)
        self._days: dict[Metric, _Days] = {}
        self._cells: dict[Metric, dict[str | None, _Days]] = defaultdict(dict)
        # Later answers decide nothing of earlier periods, so the end of the period is far enough.
        for each in _by_year(settings, plain, self._first, self._last):
            for (metric, _), days in tallies.tallies_by_day(session, each).items():
                self._days[metric] = {**self._days.get(metric, {}), **days}
        if question.dimension is not None:
            # The cells of a calendar year are decided together.
            start = max(self._first, whole_of(Whole.YEAR, since).first)
            for each in _by_year(settings, plain, start, self._last):
                for (metric, value), days in tallies.tallies_by_day(
                    session, each, question.dimension
                ).items():
                    cells = self._cells[metric]
                    cells[value] = {**cells.get(value, {}), **days}
        self._totals = cache(self._decided_totals)
        self._withheld = cache(self._decided_cells)

    def of(self, question: _Question) -> dict[Cell, _Cell]:
        """What has answers in the question's period, with why it is withheld."""
        return {
            (metric, value if group is None else group): cell
            for group, piece in question.pieces.items()
            for metric, value, cell in self._in(piece, question)
            if cell.tally
        }

    def rest(self, question: _Question, metric: Metric, found: Mapping[Cell, _Cell]) -> Tally | None:
        """The whole that groups may be held against: only where the total and every group are shown."""
        is_broken_down = question.dimension is not None and not question.is_filtered
        if not is_broken_down or metric not in SCALES or question.period in self._totals(metric):
            return None
        if any(cell.why for (its, _), cell in found.items() if its is metric):
            return None
        return _sum(self._days.get(metric, {}), question.period)

    def _in(self, piece: Period, question: _Question) -> Iterator[tuple[Metric, str | None, _Cell]]:
        for metric in self._days:
            if question.dimension is None:
                yield metric, None, _Cell(_sum(self._days[metric], piece), self._totals(metric).get(piece))
                continue
            for value, days in self._cells[metric].items():
                if not question.is_filtered or value == question.value:
                    cell = _Cell(_sum(days, piece), self._withheld(metric).get((value, piece)))
                    yield metric, None if question.is_filtered else value, cell

    def _decided_totals(self, metric: Metric) -> Mapping[Period, Why]:
        counts = {day: tally.total() for day, tally in self._days.get(metric, {}).items()}
        return withheld_totals(counts, _wholes(self._first, self._last), self._smallest)

    def _decided_cells(self, metric: Metric) -> Mapping[tuple[str | None, Period], Why]:
        start = min((day for days in self._cells[metric].values() for day in days), default=self._last)
        year = whole_of(Whole.YEAR, start).first
        months: dict[Period, dict[str | None, int]] = {
            month: defaultdict(int) for month in _units(Whole.MONTH, year, self._last)
        }
        for value, days in self._cells[metric].items():
            for day, tally in days.items():
                months[whole_of(Whole.MONTH, day)][value] += tally.total()
        return withheld_cells(months, self._totals(metric), self._smallest)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Counts that are no secret, as they are at this moment; answers that count alone are the fixed ones."""

    states: Mapping[Cell, Mapping[str, int]] = field(default_factory=dict)
    asked: Mapping[Cell, Asked] = field(default_factory=dict)

    def cells(self, chosen: Filter, by: By | None) -> set[Cell]:
        cells = {cell for cell, states in self.states.items() if any(states.values())} | {*self.asked}
        if chosen.metric is not None and by is None:
            cells.add((chosen.metric, None))
        return {cell for cell in cells if chosen.metric in (None, cell[0])}

    def figures(self, cell: Cell, found: _Cell, smallest: int) -> Figures:
        states, asked = self.states.get(cell, {}), self.asked.get(cell, Asked())
        return figures_of(*cell, found.tally, states, asked, smallest, why=found.why)


def _counts(session: Session, settings: Settings, chosen: Filter, by: By | None) -> _Counts:
    now = tallies.states(session, chosen, by)
    # What has ratings counts them.
    is_needed = chosen.metric in (None, Metric.OPEN)
    then = tallies.states(session, _fixed(settings, chosen), by) if is_needed else {}
    none: Counter[str] = Counter()
    states: dict[Cell, Mapping[str, int]] = {
        cell: {
            State.HELD: now.get(cell, none)[State.HELD],
            State.REFUSED: now.get(cell, none)[State.REFUSED],
            State.COUNTED: then.get(cell, none)[State.COUNTED],
        }
        for cell in {*now, *then}
    }
    return _Counts(states, tallies.asked(session, chosen, by))


def _first_day(session: Session, chosen: Filter) -> date | None:
    statement = select(func.min(Answer.day)).join(Invitation, Invitation.id == Answer.invitation_id)
    return session.scalar(statement.where(*conditions(chosen)))


def _by_year(settings: Settings, chosen: Filter, first: date, last: date) -> Iterator[Filter]:
    """One question to the database for each year: SQLite takes no thousand weeks in one condition."""
    for year in _units(Whole.YEAR, first, whole_of(Whole.YEAR, last).last):
        period = Period(max(first, year.first), min(last, year.last))
        yield _fixed(settings, chosen.within(period))


def _fixed(settings: Settings, chosen: Filter) -> Filter:
    period = chosen.period
    return replace(chosen, fixed=tuple(pieces_of_close(period, settings.timezone)) if period else ())


def _wholes(first: date, last: date) -> list[Period]:
    return [period for kind in Whole for period in _units(kind, first, last)]


def _units(kind: Whole, first: date, last: date) -> Iterator[Period]:
    """Those that end from the first day on and not after the last."""
    period = whole_of(kind, last)
    while period.last >= first:
        if period.last <= last:
            yield period
        period = period.previous


def _sum(days: _Days, period: Period) -> Tally:
    whole = Tally()
    for day, tally in days.items():
        if day in period:
            whole += tally
    return whole
