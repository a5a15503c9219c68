"""Count ratings, answers and invitations in the database: how many of what, and nothing about percentages.

Only `surveyapp.reports` and its neighbours ask here, so that one module changes when counts are kept ready.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from surveyapp.core.evidence import State
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.status import Status
from surveyapp.models import Answer, Invitation, Rating, SurveyVersion
from surveyapp.selecting import PRESSED, By, Filter, asks_of_invitations, conditions, keys_of, read_group
from surveyapp.surveys import version_of


@dataclass(slots=True)
class Asked:
    """One cohort: the invitations whose mail was accepted on the filter's days, and what became of them.

    One that was not accepted yet, or could not be delivered, belongs to the day on which it was made. Each
    stage is part of the one before: invited, accepted, answered, commented.
    """

    invited: int = 0
    """Neither refused by the rules nor called off."""
    accepted: int = 0
    opened: int = 0
    """Of the accepted ones, those with a link that was opened, by a person or a machine."""
    answered: int = 0
    """Of the accepted ones, those whose answer counts."""
    commented: int = 0
    """Of the answered ones."""
    held: int = 0
    refused: int = 0

    def add(self, other: "Asked") -> None:
        """Put another cohort's people to these."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


Cell = tuple[Metric, str | None]
"""A metric and a group; None: everything, or what has no such value."""


Tally = Counter[int]


def tallies(session: Session, chosen: Filter, by: By | None = None) -> dict[Cell, Tally]:
    """How many gave each rating; a metric of several questions is tallied by their sum."""
    found: dict[Cell, Tally] = defaultdict(Counter)
    for metric, *value, rating, people in _rows(session, chosen, keys_of(by)):
        found[Metric(metric), _group(by, value)][rating] += people
    return found


def tallies_by_day(session: Session, chosen: Filter, by: By | None = None) -> dict[Cell, dict[date, Tally]]:
    """As `tallies`, for each day apart; `by` is no time."""
    found: dict[Cell, dict[date, Tally]] = defaultdict(lambda: defaultdict(Counter))
    for metric, day, *value, rating, people in _rows(session, chosen, [Answer.day, *keys_of(by)]):
        found[Metric(metric), _group(by, value)][day][rating] += people
    return found


def tallies_of_two(
    session: Session, chosen: Filter, by: By, other: By
) -> dict[tuple[Metric, str | None, str | None], dict[date, Tally]]:
    """As `tallies_by_day`, by two dimensions at once, neither of which is a time."""
    found: dict[Any, dict[date, Tally]] = defaultdict(lambda: defaultdict(Counter))
    keys = [Answer.day, *keys_of(by), *keys_of(other)]
    for metric, day, first, second, rating, people in _rows(session, chosen, keys):
        found[Metric(metric), read_group(by, first), read_group(other, second)][day][rating] += people
    return found


def pairs(session: Session, chosen: Filter, one: Metric, other: Metric) -> Counter[tuple[int, int]]:
    """(rating of one metric, of the other) -> people who gave both in one answer that counts."""
    first, second = select(Rating).where(Rating.metric == one), select(Rating).where(Rating.metric == other)
    left, right = first.subquery(), second.subquery()
    statement = (
        select(left.c.rating, right.c.rating, func.count())
        .join(right, right.c.invitation_id == left.c.invitation_id)
        .join(Answer, Answer.invitation_id == left.c.invitation_id)
        .join(Invitation, Invitation.id == left.c.invitation_id)
        .where(Answer.state == State.COUNTED, *conditions(chosen))
        .group_by(left.c.rating, right.c.rating)
    )
    return Counter({(a, b): people for a, b, people in session.execute(statement)})


def states(session: Session, chosen: Filter, by: By | None = None) -> dict[Cell, Counter[str]]:
    """Metric of the mail's question and group -> state -> how many answers."""
    keys = keys_of(by)
    counts = _about(select(Answer.metric, *keys, Answer.state, func.count()), chosen, keys)
    if chosen.metric is not None:
        counts = counts.where(Answer.metric == chosen.metric)
    # A withdrawn answer leaves no row behind, not even one of zeros.
    standing = counts.where(Answer.state != State.VOID, *conditions(chosen))
    found: dict[Cell, Counter[str]] = defaultdict(Counter)
    for metric, *value, state, people in session.execute(
        standing.group_by(Answer.metric, *keys, Answer.state)
    ):
        found[Metric(metric), _group(by, value)][state] += people
    return found


def asked(session: Session, chosen: Filter, by: By | None = None) -> dict[Cell, Asked]:
    """Metric of the mail's question and group -> what became of the cohort.

    Where only pressed answers are chosen, no other is counted as answered.
    """
    keys = keys_of(by, Invitation.asked_on)
    version = (Invitation.survey_key, Invitation.survey_version)
    counted = (
        select(*version, *(key.label(f"key{number}") for number, key in enumerate(keys)), *_stages(chosen))
        .outerjoin(Answer, Answer.invitation_id == Invitation.id)
        .where(
            Invitation.status.not_in(_NOT_INVITED),
            *conditions(chosen, Invitation.asked_on),
            *_asking(session, chosen.metric),
        )
        .group_by(*version, *keys)
        .subquery()
    )
    # Counted first: what is joined to every single invitation costs more than the counting.
    statement = select(SurveyVersion.digest, counted).join(
        counted,
        and_(
            SurveyVersion.survey_key == counted.c.survey_key,
            SurveyVersion.number == counted.c.survey_version,
        ),
    )
    found: dict[Cell, Asked] = defaultdict(Asked)
    for digest, key, number, *rest in session.execute(statement).all():
        value, counts = rest[: len(keys)], rest[len(keys) :]
        metric = version_of(session, key, number, digest).main.metric
        found[metric, _group(by, value)].add(Asked(*map(int, counts)))
    return found


_NOT_INVITED = (Status.REFUSED, Status.CANCELLED, Status.IMPORTED)


def _asking(session: Session, metric: Metric | None) -> Iterator[ColumnElement[bool]]:
    """By the versions of surveys whose mail asks for the metric."""
    if metric is None:
        return
    versions = select(SurveyVersion.survey_key, SurveyVersion.number, SurveyVersion.digest)
    asking = [
        (key, number)
        for key, number, digest in session.execute(versions).all()
        if version_of(session, key, number, digest).main.metric is metric
    ]
    yield tuple_(Invitation.survey_key, Invitation.survey_version).in_(asking)


def _group(by: By | None, value: Sequence[Any]) -> str | None:
    return read_group(by, value[0]) if value else None


def _rows(session: Session, chosen: Filter, keys: Sequence[Any]) -> Iterator[Any]:
    """(metric, the keys, rating, people)."""
    several = [metric for metric, scale in SCALES.items() if scale.questions > 1]
    single = select(Rating.metric, *keys, Rating.rating, func.count()).where(Rating.metric.not_in(several))
    if chosen.metric is not None:
        single = single.where(Rating.metric == chosen.metric)
    if chosen.metric not in several:
        yield from session.execute(
            counted(single, chosen, keys).group_by(Rating.metric, Rating.rating, *keys)
        )
    for metric in several if chosen.metric is None else [chosen.metric] if chosen.metric in several else []:
        labelled = [key.label(f"key{number}") for number, key in enumerate(keys)]
        summed = select(*labelled, func.sum(Rating.rating).label("total")).where(Rating.metric == metric)
        complete = (
            counted(summed, chosen, keys)
            .group_by(Rating.invitation_id, *keys)
            .having(func.count() == SCALES[metric].questions)
            .subquery()
        )
        groups = [complete.c[f"key{number}"] for number in range(len(keys))]
        sums = select(literal(metric.value), *groups, complete.c.total, func.count())
        yield from session.execute(sums.group_by(*groups, complete.c.total))


def counted(statement: Select[Any], chosen: Filter, keys: Sequence[Any]) -> Select[Any]:
    """The statement of ratings, of answers that count and that the filter lets through."""
    answered = statement.join(Answer, Answer.invitation_id == Rating.invitation_id)
    return _about(answered, chosen, keys).where(Answer.state == State.COUNTED, *conditions(chosen))


def _about(statement: Select[Any], chosen: Filter, keys: Sequence[Any]) -> Select[Any]:
    """With the invitations, where the filter or the keys ask for something of them: no join costs more."""
    if not asks_of_invitations(chosen) and all(key is Answer.day for key in keys):
        return statement
    return statement.join(Invitation, Invitation.id == Answer.invitation_id)


def _stages(chosen: Filter) -> Iterable[ColumnElement[int]]:
    """In the order of the fields of Asked."""
    is_accepted = Invitation.accepted_at.is_not(None)
    pressed = [Answer.evidence.in_(PRESSED)] if chosen.is_pressed else []
    is_answered = and_(is_accepted, Answer.state == State.COUNTED, *pressed)
    return (
        func.count().label("stage"),
        *(
            func.sum(case((each, 1), else_=0)).label(f"stage{number}")
            for number, each in enumerate(
                (
                    is_accepted,
                    and_(is_accepted, Invitation.touch_count > 0),
                    is_answered,
                    and_(is_answered, Answer.comment.is_not(None), Answer.comment != ""),
                    and_(is_accepted, Answer.state == State.HELD),
                    and_(is_accepted, Answer.state == State.REFUSED),
                )
            )
        ),
    )
