"""Read the scores and what stands beside them; everything that shows figures asks here.

Pages, exports, the API and the command line call the same functions with the same reader and filter, and so
cannot disagree.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import agent_figures, bound_figures, choices, tallies
from surveyapp.asked import look
from surveyapp.config import Settings
from surveyapp.core import evidence
from surveyapp.core.access import AgentFigures, Reader
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.evidence import State
from surveyapp.core.periods import Grain, Period, parts, today
from surveyapp.core.scales import SCALES, Metric
from surveyapp.figures import Figures, compared, contrasted, figures_of, order
from surveyapp.models import Answer, Invitation
from surveyapp.selecting import By, Dimension, Filter, bucket, check_days, in_our_words
from surveyapp.tallies import Asked, Cell, Tally

GRAINS: Mapping[Grain, By] = {
    Grain.DAY: By(Dimension.DAY),
    Grain.WEEK: By(Dimension.WEEK),
    Grain.MONTH: By(Dimension.MONTH),
}
AROUND = timedelta(days=28)
"""So long before and after an event scores are compared: every weekday as often."""


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch of a trend; the first and the last may be cut by the period."""

    period: Period
    figures: Figures
    """With n = 0 where nobody answered."""


@dataclass(frozen=True, slots=True)
class Around:
    """What was answered before something happened, and what from that day on."""

    day: date
    before: Period
    after: Period
    """As long, but for what of it is still to come."""
    figures: tuple[Figures, ...]
    """Of the time after it, compared with the time before."""


@dataclass(frozen=True, slots=True)
class Overview:
    """All that is said of one filter at a glance."""

    figures: list[Figures]
    """As `scores`, with the period before."""
    trends: dict[Metric, list[Step]]
    """As `trend`."""
    asked: dict[Metric, Asked]
    """The cohorts of the period, by the metric of the mail's question: also where nobody has answered."""
    around: list[Around]
    """Of each event that has begun, without cohorts; none for readers who see whole periods alone."""


@dataclass(frozen=True, slots=True)
class Divided:
    """One metric by groups, each with the period before."""

    groups: list[Figures]
    whole: Figures


@dataclass(frozen=True, slots=True)
class Held:
    """An answer that does not count yet, and why."""

    id: str
    ticket_ref: str
    survey: str
    metric: Metric
    rating: int | None
    reason: str
    day: date


def scores(
    session: Session,
    settings: Settings,
    reader: Reader,
    chosen: Filter,
    by: By | None = None,
    *,
    now: datetime,
    is_compared: bool = False,
) -> list[Figures]:
    """The figures of each metric and group with answers or invitations, in the order of metrics and groups.

    So what was asked and never answered is there with n = 0, and the rows add up to the whole. A metric that
    the filter names is there even when it has neither. With `is_compared` each has the same of
    the period before, which needs a filter with two ends and no `by` of time. FieldError, naming the field of
    the filter or "by", for what this reader may not ask.
    """
    chosen = seen(session, reader, chosen, by)
    if reader.is_bound:
        return bound_figures.scores(session, settings, reader, chosen, by, now, is_compared=is_compared)
    if by is not None and by.dimension is Dimension.AGENT and reader.agents is not AgentFigures.NAMED:
        return agent_figures.scores(session, settings, chosen, now, is_compared=is_compared)
    is_compared = is_compared and not (by and by.dimension.is_time)
    earlier = _earlier(session, chosen, by) if is_compared else None
    return _counts(session, chosen, by).figures(chosen, smallest_of(settings, chosen, by), by, earlier)


def divided(
    session: Session, settings: Settings, reader: Reader, chosen: Filter, by: By, *, now: datetime
) -> Divided:
    """What `scores` says of `chosen.metric`, which must be given, by groups and of all together, compared.

    From one reading of the counts, where the whole is the sum of its groups. `by` is no time; FieldError as
    of `scores`.
    """
    is_summed = not reader.is_bound and (
        by.dimension is not Dimension.AGENT or reader.agents is AgentFigures.NAMED
    )
    if not is_summed:
        [whole] = scores(session, settings, reader, chosen, now=now, is_compared=True)
        return Divided(scores(session, settings, reader, chosen, by, now=now, is_compared=True), whole)
    wanted = seen(session, reader, chosen, by)
    counts, earlier = _counts(session, wanted, by), _earlier(session, wanted, by)
    groups = counts.figures(wanted, smallest_of(settings, wanted, by), by, earlier)
    earlier = earlier.together() if earlier else None
    [whole] = counts.together().figures(wanted, smallest_of(settings, wanted, None), None, earlier)
    return Divided(groups, whole)


def busiest(
    session: Session, settings: Settings, reader: Reader, chosen: Filter, *, now: datetime
) -> Metric | None:
    """The metric of ratings with the most answers, whichever the filter names; None when nobody was asked.

    Where several have as many it is the one with the most accepted invitations: the question of the mail
    before one of its further questions that everybody answered too. FieldError as of `scores`.
    """
    chosen = replace(chosen, metric=None)
    first = None if reader.is_bound else choices.busiest(session, seen(session, reader, chosen))
    if first is not None:
        return first
    found = [each for each in scores(session, settings, reader, chosen, now=now) if each.metric in SCALES]
    most = max(found, key=lambda each: (each.n, each.accepted), default=None)
    return most.metric if most else None


def trend(
    session: Session,
    settings: Settings,
    reader: Reader,
    chosen: Filter,
    grain: Grain,
    *,
    now: datetime,
) -> dict[Metric, list[Step]]:
    """`scores` by time without gaps, for each metric with answers or invitations; needs two ends."""
    period, by = chosen.period, GRAINS[grain]
    if period is None:
        raise FieldError("from", Problem.MISSING)
    found = scores(session, settings, reader, chosen, by, now=now)
    return _steps(found, period, grain, smallest_of(settings, chosen, by))


def overview(
    session: Session,
    settings: Settings,
    reader: Reader,
    chosen: Filter,
    grain: Grain,
    *,
    now: datetime,
    over: Period | None = None,
    events: Iterable[date] = (),
) -> Overview:
    """What `scores` and `trend` say, and how scores stand around events, from one reading of the counts.

    `over` is what the trend covers, without it the period. Needs a filter with two ends; FieldError as of
    `scores`.
    """
    period = chosen.period
    if period is None:
        raise FieldError("from", Problem.MISSING)
    over = over or period
    wanted = seen(session, reader, chosen)
    if reader.is_bound:
        figures = scores(session, settings, reader, chosen, now=now, is_compared=True)
        trends = trend(session, settings, reader, chosen.within(over), grain, now=now)
        return Overview(figures, trends, _asked(wanted, tallies.asked(session, wanted)), [])
    begun = [_stretches(day, now, settings) for day in events if day <= today(now, settings.timezone)]
    all_days = wanted.within(_span([period, period.previous, over, *_flat(begun)]))
    # Of no other time anybody says what became of the invitations, which cost most to count.
    cohorts = tallies.asked(session, wanted.within(_span([period, over])), _BY_DAY)
    rated = _Counts(
        tallies.tallies(session, all_days, _BY_DAY), tallies.states(session, all_days, _BY_DAY), {}
    )
    days = replace(rated, asked=cohorts)
    smallest, whole = smallest_of(settings, wanted, None), days.during(period)
    steps = days.during(over, GRAINS[grain]).figures(wanted, smallest, GRAINS[grain], None)
    return Overview(
        whole.figures(wanted, smallest, None, rated.during(period.previous)),
        _steps(steps, over, grain, smallest),
        _asked(wanted, whole.asked),
        [
            Around(
                after.first,
                before,
                after,
                tuple(rated.during(after).figures(wanted, smallest, None, rated.during(before))),
            )
            for before, after in begun
        ],
    )


def seen(session: Session, reader: Reader, chosen: Filter, by: By | None = None) -> Filter:
    """The filter in our words and within what the reader sees; FieldError for what is not to be had."""
    check_days(chosen)
    if chosen.agent is not None and reader.agents is not AgentFigures.NAMED:
        raise FieldError("agent", Problem.AGENTS_UNNAMED)
    if by is not None and by.dimension is Dimension.AGENT and reader.agents is AgentFigures.OFF:
        raise FieldError("by", Problem.AGENTS_OFF)
    return replace(in_our_words(session, chosen), teams=reader.teams)


def smallest_of(settings: Settings, chosen: Filter, by: By | None) -> int:
    """How many answers a score needs to be shown."""
    is_one_agent = (by is not None and by.dimension is Dimension.AGENT) or chosen.agent is not None
    return settings.smallest_n_agent if is_one_agent else settings.smallest_n


def held(session: Session, settings: Settings, now: datetime) -> list[Held]:
    """Every held answer, the newest first."""
    rows = session.execute(
        select(
            Invitation.id,
            Invitation.ticket_ref,
            Invitation.survey_key,
            Answer.metric,
            Answer.rating,
            Answer.reason,
            Answer.day,
            Answer.settle_at,
        )
        .join(Answer, Answer.invitation_id == Invitation.id)
        .where(Answer.state == State.HELD)
        .order_by(Answer.began_at.desc(), Invitation.id)
    )
    return [
        Held(
            id=row.id,
            ticket_ref=row.ticket_ref,
            survey=row.survey_key,
            metric=Metric(row.metric),
            rating=row.rating,
            reason=row.reason if row.settle_at is None else _reason(session, settings, row.id, now),
            day=row.day,
        )
        for row in rows.all()
    ]


def _reason(session: Session, settings: Settings, invitation_id: str, now: datetime) -> str:
    """Of an answer that is still to be judged: the touches since it was held are not in its row."""
    return evidence.reason(look(session, settings, invitation_id, now).case, settings.rules)


@dataclass(frozen=True, slots=True)
class _Counts:
    """All counts of one filter."""

    tallies: Mapping[Cell, Tally]
    states: Mapping[Cell, Mapping[str, int]]
    asked: Mapping[Cell, Asked]

    def figures(
        self, chosen: Filter, smallest: int, by: By | None, earlier: "_Counts | None"
    ) -> list[Figures]:
        wholes = self._wholes() if by is not None and not by.dimension.is_time else {}
        made = []
        for cell in sorted(self._cells(chosen, by), key=order):
            figures, tally = self.of(cell, smallest), self.tallies.get(cell, Tally())
            if earlier is not None:
                before = earlier.of(cell, smallest)
                figures = compared(figures, before, tally, earlier.tallies.get(cell, Tally()))
            if wholes and cell[0] in SCALES:
                figures = contrasted(figures, tally, wholes.get(cell[0], Tally()))
            made.append(figures)
        return made

    def during(self, period: Period, by: By | None = None) -> "_Counts":
        """What is counted by day here, of the days of a period together or by another dimension of time."""
        days = {day: _group(by, day) for day in self._groups() if day}
        return self._in({day: group for day, group in days.items() if date.fromisoformat(day) in period})

    def together(self) -> "_Counts":
        """What is counted by groups here, each answer in one of them, of all groups as one."""
        return self._in(dict.fromkeys(self._groups()))

    def of(self, cell: Cell, smallest: int) -> Figures:
        metric, group = cell
        return figures_of(
            metric,
            group,
            self.tallies.get(cell, {}),
            self.states.get(cell, {}),
            self.asked.get(cell, Asked()),
            smallest,
        )

    def _cells(self, chosen: Filter, by: By | None) -> list[Cell]:
        cells = {*self.tallies, *self.states, *self.asked}
        if chosen.metric and by is None:
            cells.add((chosen.metric, None))
        return [cell for cell in cells if chosen.metric in (None, cell[0])]

    def _groups(self) -> set[str | None]:
        return {group for _, group in {*self.tallies, *self.states, *self.asked}}

    def _in(self, groups: Mapping[str | None, str | None]) -> "_Counts":
        """By the groups that these ones become; without those that are not there."""
        ratings: dict[Cell, Tally] = defaultdict(Counter)
        states: dict[Cell, Counter[str]] = defaultdict(Counter)
        asked: dict[Cell, Asked] = defaultdict(Asked)
        for (metric, group), tally in self.tallies.items():
            if group in groups:
                ratings[metric, groups[group]].update(tally)
        for (metric, group), people in self.states.items():
            if group in groups:
                states[metric, groups[group]].update(people)
        for (metric, group), cohort in self.asked.items():
            if group in groups:
                asked[metric, groups[group]].add(cohort)
        return _Counts(ratings, states, asked)

    def _wholes(self) -> dict[Metric, Tally]:
        wholes: dict[Metric, Tally] = {}
        for (metric, _), tally in self.tallies.items():
            wholes[metric] = wholes.get(metric, Tally()) + tally
        return wholes


def _counts(session: Session, chosen: Filter, by: By | None) -> _Counts:
    return _Counts(
        tallies.tallies(session, chosen, by),
        tallies.states(session, chosen, by),
        tallies.asked(session, chosen, by),
    )


def _earlier(session: Session, chosen: Filter, by: By | None) -> _Counts | None:
    """What a comparison needs of the period before: ratings, and how many wrote who gave none."""
    if chosen.period is None:
        return None
    before = chosen.within(chosen.period.previous)
    is_written = chosen.metric in (None, Metric.OPEN)
    written = tallies.states(session, replace(before, metric=Metric.OPEN), by) if is_written else {}
    return _Counts(tallies.tallies(session, before, by), written, {})


_BY_DAY = By(Dimension.DAY)


def _group(by: By | None, day: str) -> str | None:
    return bucket(by, date.fromisoformat(day)) if by else None


def _asked(chosen: Filter, cohorts: Mapping[Cell, Asked]) -> dict[Metric, Asked]:
    return {metric: each for (metric, _), each in cohorts.items() if chosen.metric in (None, metric)}


def _stretches(day: date, now: datetime, settings: Settings) -> tuple[Period, Period]:
    """Before the day, and from it on."""
    last = min(day + AROUND - timedelta(days=1), today(now, settings.timezone))
    return Period(day - AROUND, day - timedelta(days=1)), Period(day, last)


def _flat(pairs: Sequence[tuple[Period, Period]]) -> list[Period]:
    return [period for pair in pairs for period in pair]


def _span(periods: Sequence[Period]) -> Period:
    return Period(min(each.first for each in periods), max(each.last for each in periods))


def _steps(found: Sequence[Figures], period: Period, grain: Grain, smallest: int) -> dict[Metric, list[Step]]:
    by = GRAINS[grain]
    cells = {(each.metric, each.group): each for each in found}
    return {
        metric: [
            _step(metric, piece, bucket(by, piece.first), cells, smallest) for piece in parts(period, grain)
        ]
        for metric in dict.fromkeys(each.metric for each in found)
    }


def _step(metric: Metric, period: Period, group: str, cells: Mapping[Cell, Figures], smallest: int) -> Step:
    found = cells.get((metric, group))
    return Step(period, found or figures_of(metric, group, {}, {}, Asked(), smallest))
