"""Read the scores and what stands beside them; everything that shows figures asks here."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select
from sqlalchemy.orm import Session

from surveyapp.asked import look
from surveyapp.config import Settings
from surveyapp.core import evidence
from surveyapp.core.evidence import State
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.scoring import Score, is_withheld, score
from surveyapp.core.status import Status
from surveyapp.models import Answer, Invitation, Rating, SurveyVersion
from surveyapp.names import Kind, Words
from surveyapp.surveys import version_of


class Dimension(StrEnum):
    """By what a score can be broken down."""

    AGENT = "agent"
    TEAM = "team"
    CASE_TYPE = "case_type"
    CHANNEL = "channel"
    LOCALE = "locale"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which answers; None is no limit. `first` and `last` are both included, in the organisation's days."""

    metric: Metric | None = None
    first: date | None = None
    last: date | None = None
    agent: str | None = None
    team: str | None = None
    case_type: str | None = None
    channel: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """One metric of one group. `group` None: everything, or what has no such value."""

    metric: Metric
    group: str | None
    n: int
    held: int
    refused: int
    invited: int
    """Invitations of the same filter and group that were neither refused nor called off."""
    accepted: int
    """Of these, those whose mail was accepted or whose links were handed out."""
    answered: int
    """Of these, those with an answer that counts."""
    score: Score | None
    """None when withheld, when nobody has answered, and for open comments, which have no score."""
    is_withheld: bool

    @property
    def response_rate(self) -> float | None:
        """Percent of the accepted ones that were answered (DOMAIN.md); None when none was accepted."""
        return 100 * self.answered / self.accepted if self.accepted else None


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
    session: Session, settings: Settings, chosen: Filter, by: Dimension | None = None
) -> list[Figures]:
    """The figures of each metric and group that has answers, in the order of the metrics and the groups.

    A metric that is asked for is there even when it has no answers.
    """
    chosen = in_our_words(session, chosen)
    tallies = _tallies(session, chosen, by)
    states = _states(session, chosen, by)
    asked = _asked(session, chosen, by)
    cells = {(metric, group) for metric, group in (*tallies, *states)}
    if chosen.metric and by is None:
        cells.add((chosen.metric, None))
    smallest = _smallest(settings, chosen, by)
    return [
        _figures(
            metric,
            group,
            tallies.get((metric, group), {}),
            states[metric, group],
            asked[metric, group],
            smallest,
        )
        for metric, group in sorted(cells, key=_order)
        if chosen.metric in (None, metric)
    ]


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


def in_our_words(session: Session, chosen: Filter) -> Filter:
    """The filter for `conditions`: one by a synonym means what the synonym stands for."""
    words = Words(session)
    said = {kind: getattr(chosen, kind) for kind in (Kind.TEAM, Kind.CASE_TYPE, Kind.CHANNEL)}
    given: dict[str, Any] = {kind: words.canonical(kind, word) for kind, word in said.items() if word}
    return replace(chosen, **given)


def conditions(chosen: Filter, day: Any = Answer.day) -> Iterable[ColumnElement[bool]]:
    """What the filter says of invitations and of the day, in SQL; the metric is for the caller."""
    if chosen.first is not None:
        yield day >= chosen.first
    if chosen.last is not None:
        yield day <= chosen.last
    for dimension in (
        Dimension.AGENT,
        Dimension.TEAM,
        Dimension.CASE_TYPE,
        Dimension.CHANNEL,
        Dimension.LOCALE,
    ):
        wanted = getattr(chosen, dimension)
        if wanted is not None:
            yield _COLUMNS[dimension] == (_code(wanted) if dimension is Dimension.LOCALE else wanted)


def _code(locale: str) -> str:
    """A customer's de-AT was stored as the language that was spoken."""
    return locale.replace("_", "-").split("-")[0].lower()


Cell = tuple[Metric, str | None]

_COLUMNS: Mapping[Dimension, Any] = {
    Dimension.AGENT: Invitation.agent_ref,
    Dimension.TEAM: Invitation.team,
    Dimension.CASE_TYPE: Invitation.case_type,
    Dimension.CHANNEL: Invitation.channel,
    Dimension.LOCALE: Invitation.locale,
    Dimension.DAY: Answer.day,
}


def _smallest(settings: Settings, chosen: Filter, by: Dimension | None) -> int:
    is_one_agent = by is Dimension.AGENT or chosen.agent is not None
    return settings.smallest_n_agent if is_one_agent else settings.smallest_n


def _figures(
    metric: Metric,
    group: str | None,
    tally: Mapping[int, int],
    states: Mapping[str, int],
    asked: Mapping[str, int],
    smallest: int,
) -> Figures:
    n = sum(tally.values()) if metric in SCALES else states.get(State.COUNTED, 0)
    # Nobody's answers need no protection: no score is said as such.
    withheld = n > 0 and is_withheld(n, smallest)
    return Figures(
        metric=metric,
        group=group,
        n=n,
        held=states.get(State.HELD, 0),
        refused=states.get(State.REFUSED, 0),
        invited=asked["invited"],
        accepted=asked["accepted"],
        answered=asked["answered"],
        score=None if withheld or metric not in SCALES else score(metric, tally),
        is_withheld=withheld,
    )


def _order(cell: Cell) -> tuple[int, bool, str]:
    metric, group = cell
    return list(Metric).index(metric), group is None, group or ""


def _tallies(session: Session, chosen: Filter, by: Dimension | None) -> dict[Cell, Counter[int]]:
    """Metric and group -> rating -> how many; a metric of several questions is tallied by their sum."""
    tallies: dict[Cell, Counter[int]] = defaultdict(Counter)
    for metric, group, rating, people in _rows(session, chosen, by):
        tallies[Metric(metric), None if group is None else str(group)][rating] += people
    return tallies


def _rows(session: Session, chosen: Filter, by: Dimension | None) -> Iterator[Any]:
    group = _group(by)
    several = [metric for metric, scale in SCALES.items() if scale.questions > 1]
    single = select(Rating.metric, group, Rating.rating, func.count()).where(Rating.metric.not_in(several))
    yield from session.execute(_counted(single, chosen).group_by(Rating.metric, Rating.rating, *_keys(by)))
    for metric in several:
        summed = select(group.label("by"), func.sum(Rating.rating).label("total")).where(
            Rating.metric == metric
        )
        complete = (
            _counted(summed, chosen)
            .group_by(Rating.invitation_id, *_keys(by))
            .having(func.count() == SCALES[metric].questions)
            .subquery()
        )
        sums = select(literal(metric.value), complete.c.by, complete.c.total, func.count())
        yield from session.execute(sums.group_by(complete.c.by, complete.c.total))


def _states(session: Session, chosen: Filter, by: Dimension | None) -> dict[Cell, Counter[str]]:
    """Metric of the mail's question and group -> state -> how many answers."""
    group = _group(by)
    counts = select(Answer.metric, group, Answer.state, func.count()).join(
        Invitation, Invitation.id == Answer.invitation_id
    )
    # A withdrawn answer leaves no row behind, not even one of zeros.
    standing = counts.where(Answer.state != State.VOID, *conditions(chosen))
    grouped = standing.group_by(Answer.metric, Answer.state, *_keys(by))
    states: dict[Cell, Counter[str]] = defaultdict(Counter)
    for metric, value, state, people in session.execute(grouped):
        states[Metric(metric), None if value is None else str(value)][state] += people
    return states


def _asked(session: Session, chosen: Filter, by: Dimension | None) -> dict[Cell, Counter[str]]:
    """Metric of the mail's question and group -> how many were invited, accepted and answered.

    One cohort, the invitations made on the filter's days, so that no rate can be above 100 %.
    """
    group = Invitation.day if by is Dimension.DAY else _group(by)
    is_accepted = Invitation.accepted_at.is_not(None)
    is_answered = and_(is_accepted, Answer.state == State.COUNTED)
    counts = (
        select(
            Invitation.survey_key,
            Invitation.survey_version,
            SurveyVersion.digest,
            group,
            func.count(),
            func.sum(case((is_accepted, 1), else_=0)),
            func.sum(case((is_answered, 1), else_=0)),
        )
        .join(
            SurveyVersion,
            and_(
                SurveyVersion.survey_key == Invitation.survey_key,
                SurveyVersion.number == Invitation.survey_version,
            ),
        )
        .outerjoin(Answer, Answer.invitation_id == Invitation.id)
        .where(Invitation.status.not_in(_NOT_INVITED), *conditions(chosen, Invitation.day))
        .group_by(
            Invitation.survey_key,
            Invitation.survey_version,
            SurveyVersion.digest,
            *([group] if by else []),
        )
    )
    asked: dict[Cell, Counter[str]] = defaultdict(Counter)
    for key, number, digest, value, invited, accepted, answered in session.execute(counts).all():
        metric = version_of(session, key, number, digest).main.metric
        cell = asked[metric, None if value is None else str(value)]
        cell.update(invited=invited, accepted=accepted, answered=answered)
    return asked


_NOT_INVITED = (Status.REFUSED, Status.CANCELLED, Status.IMPORTED)


def row_of(figures: Figures) -> dict[str, Any]:
    """The figures as programs read them: unrounded, in the headline's unit, groups as counts."""
    found = figures.score
    scale = SCALES.get(figures.metric)
    return {
        "metric": figures.metric,
        "group": figures.group,
        "n": figures.n,
        "score": found and found.value,
        "low": found and found.low,
        "high": found and found.high,
        "mean": found and found.mean,
        "favourable": found and found.favourable,
        "neutral": found and found.neutral,
        "unfavourable": found and found.unfavourable,
        "held": figures.held,
        "refused": figures.refused,
        "withheld": figures.is_withheld,
        "direction": scale and scale.better,
        "invited": figures.invited,
        "accepted": figures.accepted,
        "response_rate": figures.response_rate,
    }


def _group(by: Dimension | None) -> ColumnElement[Any]:
    column: ColumnElement[Any] = _COLUMNS[by] if by else literal(None)
    return column


def _keys(by: Dimension | None) -> list[ColumnElement[Any]]:
    return [_COLUMNS[by]] if by else []


def _counted(statement: Select[Any], chosen: Filter) -> Select[Any]:
    return (
        statement.join(Answer, Answer.invitation_id == Rating.invitation_id)
        .join(Invitation, Invitation.id == Rating.invitation_id)
        .where(Answer.state == State.COUNTED, *conditions(chosen))
    )
