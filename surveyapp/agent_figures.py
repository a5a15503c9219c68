"""Figures of agents, under their names or under pseudonyms, which nobody can tie to a ticket.

Who reads figures under pseudonyms may open every answer: its ticket and its rating, without the agent. So a
pseudonym has figures of whole closed months and quarters alone, and only such that two tickets of two agents
could be swapped without any of them changing (ADR 16). That is why a ticket is in the figures of one metric,
that of the question in the mail: two tickets of one rating may differ in a further one, and then their swap
would show. And that is why the figures stay as they were when the week closed, whatever is edited or
withdrawn later: the pseudonym whose figures moved would be that of the ticket.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Text, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from surveyapp import bound_figures, tallies
from surveyapp.config import Settings
from surveyapp.core import casemix, control
from surveyapp.core.access import AgentFigures, Reader
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.evidence import State
from surveyapp.core.periods import (
    Grain,
    Period,
    Whole,
    is_closed,
    newest_closed,
    parts,
    pieces_of_close,
    whole_of,
)
from surveyapp.core.pseudonyms import AgentMonth, Seen, may_show_expected, pseudonym, withheld_agents
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.scoring import plus
from surveyapp.figures import Figures, compared, contrasted, figures_of, order
from surveyapp.models import Answer, AnswerEvent, Invitation
from surveyapp.names import Labels
from surveyapp.selecting import By, Dimension, Filter, check_days, conditions, in_our_words
from surveyapp.surveys import questions_of
from surveyapp.tallies import Asked, Tally

MONTHS, QUARTERS = 24, 8
"""How many closed ones there are to choose from."""


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent, or whoever answered without one (`figures.group` is None)."""

    figures: Figures
    expected: casemix.Expected | None
    """What the agent's case types lead one to expect; None where that or the score may not be told."""
    place: control.Place | None
    """Where the score lies in the funnel; None for what is no agent's, and without a score."""
    left_on: date | None
    """The agent's last day, where agents are named."""


@dataclass(frozen=True, slots=True)
class Agents:
    """All agents in one metric."""

    metric: Metric
    rows: tuple[AgentRow, ...]
    everybody: Tally
    """All answers of the selection; empty for readers who may not open single answers."""
    limits: tuple[control.Limits, ...]
    """The funnel around everybody, from the smallest n that shows a score to the largest there is."""
    periods: tuple[Period, ...]
    """What may be chosen; empty where any period may."""


def scores(
    session: Session, settings: Settings, chosen: Filter, now: datetime, *, is_compared: bool
) -> list[Figures]:
    """As `reports.scores` by agent, under pseudonyms; `chosen` is in our words.

    Of one month or quarter and nothing narrower: else FieldError for "from" or the name of the filter. Held
    and refused answers and invitations are all 0, as if there were none: how many of them an agent has would
    lead to the agent in a list of tickets. Open comments have no figures, and what has no agent has its n.
    """
    period = _check(settings, chosen, now)
    world = _world(session, settings, chosen, period, now, is_compared=is_compared)
    found = [figures for metric in world.metrics for _, figures in world.figures(settings, metric)]
    return sorted(found, key=lambda each: order((each.metric, each.group)))


def agents(session: Session, settings: Settings, reader: Reader, chosen: Filter, *, now: datetime) -> Agents:
    """All agents in `chosen.metric`, which must be given, with what their case types lead one to expect.

    Named ones as `reports.scores` by agent of any filter; under pseudonyms as `scores`, which see also for
    what is refused; FieldError for "by" where agents have no figures, for "metric" where it has no ratings.
    Compared with the period before, when there is one.
    """
    check_days(chosen)
    if chosen.agent is not None and reader.agents is not AgentFigures.NAMED:
        raise FieldError("agent", Problem.AGENTS_UNNAMED)
    if reader.agents is AgentFigures.OFF:
        raise FieldError("by", Problem.AGENTS_OFF)
    metric = chosen.metric
    if metric is None or metric not in SCALES:
        raise FieldError("metric", Problem.MISSING if metric is None else Problem.UNKNOWN)
    chosen = replace(in_our_words(session, chosen), teams=reader.teams)
    if reader.agents is AgentFigures.PSEUDONYMOUS:
        return _unnamed(session, settings, chosen, metric, now)
    if reader.is_bound:
        return _bound(session, settings, reader, chosen, metric, now)
    return _named(session, settings, chosen, metric)


def periods(settings: Settings, now: datetime) -> tuple[Period, ...]:
    """Of what figures under pseudonyms can be asked: closed months, then quarters, the newest first."""
    return tuple(_newest(Whole.MONTH, MONTHS, settings, now)) + tuple(
        _newest(Whole.QUARTER, QUARTERS, settings, now)
    )


_BY = By(Dimension.AGENT)
_CASE_TYPE = By(Dimension.CASE_TYPE)
_REFUSED = ("agent", "team", "case_type", "channel", "locale", "version", "of_property")
_STEPS = 60


@dataclass(slots=True)
class _Agent:
    """One agent's answers of a period."""

    tally: Tally = field(default_factory=Tally)
    mix: defaultdict[str | None, Tally] = field(default_factory=lambda: defaultdict(Tally))

    def add(self, case_type: str | None, tally: Mapping[int, int]) -> None:
        self.tally.update(tally)
        self.mix[case_type].update(tally)


_Agents = Mapping[str | None, _Agent]


@dataclass(frozen=True, slots=True)
class _World:
    """The answers behind the figures under pseudonyms: those of all months of the quarters involved."""

    period: Period
    before: Period | None
    months: Mapping[Metric, Mapping[Period, _Agents]]

    @property
    def metrics(self) -> list[Metric]:
        return list(self.months)

    def of(self, metric: Metric, period: Period) -> dict[str | None, _Agent]:
        """The answers of a month or quarter."""
        found: defaultdict[str | None, _Agent] = defaultdict(_Agent)
        for its in self._within(metric, period):
            for agent, answers in its.items():
                for case_type, tally in answers.mix.items():
                    found[agent].add(case_type, tally)
        return dict(found)

    def figures(self, settings: Settings, metric: Metric) -> Iterator[tuple[str | None, Figures]]:
        """Each agent who may be listed, and None, with their figures; in no order.

        Where there are agents and none may be listed, the period has no figures at all.
        """
        seen = self._seen(settings, metric)
        here = self._listing(metric, self.period, seen)
        there = self._listing(metric, self.before, seen) if self.before else {}
        whole = Tally(plus(*(each.tally for each in here.values())))
        for agent, answers in here.items():
            if agent is not None and seen.get((agent, self.period)) is Seen.ALONE:
                continue
            figures = _figures(settings, metric, agent, answers.tally, seen, self.period)
            if self.before is not None:
                # Whoever must not be listed there is as somebody without answers.
                is_listed = agent is None or seen.get((agent, self.before)) is not Seen.ALONE
                earlier = there[agent].tally if is_listed and agent in there else Tally()
                past = _figures(settings, metric, agent, earlier, seen, self.before)
                figures = compared(figures, past, answers.tally, earlier)
            yield agent, contrasted(figures, answers.tally, whole)

    def _listing(
        self, metric: Metric, period: Period, seen: Mapping[tuple[str, Period], Seen]
    ) -> Mapping[str | None, _Agent]:
        found = self.of(metric, period)
        agents = [agent for agent, answers in found.items() if agent is not None and answers.tally]
        is_empty = bool(agents) and all(seen.get((agent, period)) is Seen.ALONE for agent in agents)
        return {} if is_empty else found

    def may_show_expected(self, metric: Metric, agent: str) -> bool:
        months = [_months_of(its) for its in self._within(metric, self.period) if agent in its]
        return all(may_show_expected(metric, month, agent) for month in months)

    def _within(self, metric: Metric, period: Period) -> Iterator[_Agents]:
        for month, its in self.months.get(metric, {}).items():
            if period.contains(month):
                yield its

    def _seen(self, settings: Settings, metric: Metric) -> Mapping[tuple[str, Period], Seen]:
        months = {month: _months_of(its) for month, its in self.months[metric].items()}
        key = settings.hash_key
        # By a name that only we can work out: who is left out beside whom says nothing of who they are.
        return withheld_agents(
            metric, months, settings.smallest_n_agent, order=lambda agent: pseudonym(key, agent)
        )


def _months_of(its: _Agents) -> dict[str | None, AgentMonth]:
    return {agent: AgentMonth(answers.tally, answers.mix) for agent, answers in its.items()}


def _figures(
    settings: Settings,
    metric: Metric,
    agent: str | None,
    tally: Tally,
    seen: Mapping[tuple[str, Period], Seen],
    period: Period,
) -> Figures:
    group = None if agent is None else pseudonym(settings.hash_key, agent)
    why = Seen.ALONE if agent is None else seen.get((agent, period))
    figures = figures_of(metric, group, tally, {}, Asked(), settings.smallest_n_agent, why=why)
    if figures.score is None or metric in _HEADLINE_IS_MEAN:
        return figures
    # Two tickets of one group that were swapped would move it, though they move nothing else.
    return replace(figures, score=replace(figures.score, mean=None))


_HEADLINE_IS_MEAN = frozenset({Metric.CES, Metric.CES_EASE, Metric.NKI})


def _check(settings: Settings, chosen: Filter, now: datetime) -> Period:
    if chosen.is_pressed:
        raise FieldError("pressed", Problem.ONE)
    for name in _REFUSED:
        if getattr(chosen, name) is not None:
            raise FieldError(name, Problem.ONE)
    period = chosen.period
    if period is None or period.whole not in (Whole.MONTH, Whole.QUARTER):
        raise FieldError("from", Problem.WHOLE_MONTHS)
    if not is_closed(period, settings.timezone, now):
        raise FieldError("from", Problem.WHOLE_MONTHS)
    return period


def _world(
    session: Session, settings: Settings, chosen: Filter, period: Period, now: datetime, *, is_compared: bool
) -> _World:
    before = period.previous if is_compared else None
    quarters = {whole_of(Whole.QUARTER, each.first) for each in (period, before) if each is not None}
    months = [
        month
        for quarter in sorted(quarters)
        for month in parts(quarter, Grain.MONTH)
        if is_closed(month, settings.timezone, now)
    ]
    reading = _Reading(session, settings, chosen, now)
    found: defaultdict[Metric, dict[Period, dict[str | None, _Agent]]] = defaultdict(
        lambda: {month: defaultdict(_Agent) for month in months}
    )
    for quarter in sorted(quarters):
        inside = [month for month in months if quarter.contains(month)]
        for metric, day, agent, case_type, tally in reading(Period(inside[0].first, inside[-1].last)):
            found[metric][whole_of(Whole.MONTH, day)][agent].add(case_type, tally)
    return _World(period, before, {metric: found[metric] for metric in sorted(found, key=list(Metric).index)})


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads answers as they were when their week closed."""

    session: Session
    settings: Settings
    chosen: Filter
    now: datetime

    def __call__(self, period: Period) -> Iterator[tuple[Metric, date, str | None, str | None, Tally]]:
        """Metric, day, agent, case type and a tally, several of the same."""
        # The history tells it: rating and state are those of the last change before the week closed.
        change = (
            select(AnswerEvent.invitation_id, func.max(AnswerEvent.revision).label("revision"))
            .join(Answer, Answer.invitation_id == AnswerEvent.invitation_id)
            .where(
                or_(
                    *(
                        and_(Answer.day >= piece.first, Answer.day <= piece.last, AnswerEvent.at < at)
                        for piece, at in pieces_of_close(period, self.settings.timezone)
                    )
                )
            )
            .group_by(AnswerEvent.invitation_id)
            .subquery()
        )
        keys = (Answer.metric, Answer.day, Invitation.agent_ref, Invitation.case_type)
        ratings = cast(AnswerEvent.ratings, Text)
        statement = (
            select(*keys, ratings, func.count(), func.min(Invitation.created_at))
            .join(Invitation, Invitation.id == Answer.invitation_id)
            .join(change, change.c.invitation_id == Answer.invitation_id)
            .join(
                AnswerEvent,
                and_(
                    AnswerEvent.invitation_id == change.c.invitation_id,
                    AnswerEvent.revision == change.c.revision,
                ),
            )
            .where(AnswerEvent.state == State.COUNTED, *conditions(self.chosen.within(period)))
            .group_by(*keys, ratings)
        )
        if self.chosen.metric is not None:
            statement = statement.where(Answer.metric == self.chosen.metric)
        if self.chosen.teams is not None:
            # A synonym that is set or taken away later would move a ticket in or out between two readings.
            statement = statement.where(Invitation.said_team.is_(None))
        rows = self.session.execute(statement).all()
        forgotten = self.now - timedelta(days=self.settings.own.agents_days)
        if any(made <= forgotten for *_, made in rows):
            # Agents are forgotten ticket by ticket: figures that fall day by day would tell whose each was.
            return
        for metric, day, agent, case_type, said, people, _ in rows:
            rating = _rating(Metric(metric), json.loads(said))
            if rating is not None:
                yield Metric(metric), day, agent, case_type, Tally({rating: people})


def _rating(metric: Metric, ratings: Mapping[str, int]) -> int | None:
    """The rating of the question in the mail, the sum where it is several; None unless all are rated."""
    keys = questions_of(metric)
    if metric not in SCALES or not all(key in ratings for key in keys):
        return None
    return sum(ratings[key] for key in keys)


def _unnamed(session: Session, settings: Settings, chosen: Filter, metric: Metric, now: datetime) -> Agents:
    period = _check(settings, chosen, now)
    world = _world(session, settings, chosen, period, now, is_compared=True)
    here = world.of(metric, period)
    rows = []
    if metric in world.metrics:
        for agent, figures in world.figures(settings, metric):
            is_told = agent is not None and world.may_show_expected(metric, agent)
            rows.append((figures, here[agent] if agent is not None else None, is_told, None))
    return _agents(settings, metric, rows, here, periods(settings, now))


def _named(session: Session, settings: Settings, chosen: Filter, metric: Metric) -> Agents:
    here = _read(session, chosen)
    facts = tallies.states(session, chosen, _BY), tallies.asked(session, chosen, _BY)
    before = chosen.within(chosen.period.previous) if chosen.period else None
    there = _read(session, before) if before else {}
    past = (tallies.states(session, before, _BY), tallies.asked(session, before, _BY)) if before else None
    whole = Tally(plus(*(each.tally for each in here.values())))
    labels, smallest, rows = Labels(session), settings.smallest_n_agent, []
    for _, agent in sorted(((metric, agent) for agent in _listed(metric, here, facts[0])), key=order):
        answers, cell = here.get(agent, _Agent()), (metric, agent)

        def made(tally: Tally, facts: _Facts, cell: tallies.Cell = cell) -> Figures:
            states, asked = facts
            return figures_of(*cell, tally, states.get(cell, {}), asked.get(cell, Asked()), smallest)

        figures = made(answers.tally, facts)
        if past is not None:
            earlier = there.get(agent, _Agent()).tally
            figures = compared(figures, made(earlier, past), answers.tally, earlier)
        left_on = labels.left_on(agent) if agent is not None else None
        rows.append((contrasted(figures, answers.tally, whole), answers, agent is not None, left_on))
    return _agents(settings, metric, rows, here, ())


_Facts = tuple[Mapping[tallies.Cell, Mapping[str, int]], Mapping[tallies.Cell, Asked]]


def _listed(
    metric: Metric, here: _Agents, states: Mapping[tallies.Cell, Mapping[str, int]]
) -> set[str | None]:
    return {*here, *(agent for its, agent in states if its is metric)}


def _read(session: Session, chosen: Filter) -> dict[str | None, _Agent]:
    found: defaultdict[str | None, _Agent] = defaultdict(_Agent)
    for (_, agent, case_type), days in tallies.tallies_of_two(session, chosen, _BY, _CASE_TYPE).items():
        for tally in days.values():
            found[agent].add(case_type, tally)
    return dict(found)


def _bound(
    session: Session, settings: Settings, reader: Reader, chosen: Filter, metric: Metric, now: datetime
) -> Agents:
    """Without what would need the ratings that are withheld."""
    found = bound_figures.scores(session, settings, reader, chosen, _BY, now, is_compared=True)
    labels = Labels(session)
    rows = tuple(
        AgentRow(each, None, None, labels.left_on(each.group) if each.group else None) for each in found
    )
    return Agents(metric, rows, Tally(), (), ())


_Row = tuple[Figures, _Agent | None, bool, date | None]
"""Figures, the answers behind them, whether what is expected may be told, and the last day."""


def _agents(
    settings: Settings, metric: Metric, rows: Iterable[_Row], here: _Agents, chosen_from: tuple[Period, ...]
) -> Agents:
    everybody = Tally(plus(*(each.tally for each in here.values())))
    mix: defaultdict[str | None, Tally] = defaultdict(Tally)
    for each in here.values():
        for case_type, tally in each.mix.items():
            mix[case_type].update(tally)
    made = []
    for figures, answers, is_told, left_on in sorted(rows, key=lambda row: order((metric, row[0].group))):
        is_shown = figures.score is not None and figures.group is not None and answers is not None
        expected = place = None
        if is_shown and answers is not None:
            place = control.place(metric, everybody, answers.tally)
            expected = casemix.expected(metric, answers.mix, mix) if is_told else None
        made.append(AgentRow(figures, expected, place, left_on))
    largest = max((row.figures.n for row in made if row.figures.score is not None), default=0)
    limits = control.limits(metric, everybody, _grid(settings.smallest_n_agent, largest))
    return Agents(metric, tuple(made), everybody, tuple(limits), chosen_from)


def _grid(smallest: int, largest: int) -> list[int]:
    if largest < smallest:
        return []
    step = max(1, (largest - smallest) // _STEPS)
    return sorted({*range(smallest, largest, step), largest})


def _newest(kind: Whole, number: int, settings: Settings, now: datetime) -> Iterator[Period]:
    period = newest_closed(kind, settings.timezone, now)
    for _ in range(number):
        yield period
        period = period.previous
