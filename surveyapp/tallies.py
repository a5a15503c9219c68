"""Count ratings, answers and invitations in the database: how many of what, and nothing about percentages.

Only `surveyapp.reports` and its neighbours ask here, so that one module changes when counts are kept ready.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.evidence import Evidence, State
from surveyapp.core.periods import Period
from surveyapp.core.scales import SCALES, Metric
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
    VERSION = "version"
    """Of the survey, as "csat 3"."""
    PROPERTY = "property"
    """One that came with the invitations; as "property.plan" it has its name."""
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def is_time(self) -> bool:
        """Whether its groups are stretches of time."""
        return self in (Dimension.DAY, Dimension.WEEK, Dimension.MONTH)


@dataclass(frozen=True, slots=True)
class By:
    """One dimension; `name` is that of the property."""

    dimension: Dimension
    name: str = ""

    def __str__(self) -> str:
        """As addresses, options and files write it; `by_of` reads it."""
        return f"{self.dimension}.{self.name}" if self.name else str(self.dimension)


def by_of(said: str) -> By | None:
    """What `str(By)` wrote; None for anything else."""
    head, _, name = said.partition(".")
    if head not in set(Dimension) or (head == Dimension.PROPERTY) != bool(name):
        return None
    return By(Dimension(head), name)


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
    version: str | None = None
    """A survey and the number of its version: "csat 3"."""
    of_property: tuple[str, str] | None = None
    """Name and value of a property that came with the invitation."""
    is_pressed: bool = False
    """Only what a person pressed or chose, not what settled by itself, was released or brought along."""
    teams: frozenset[str] | None = None
    """What the reader sees at all."""
    fixed: tuple[tuple[Period, datetime], ...] | None = None
    """Of the days of each period only answers that counted before the instant; nothing of other days."""

    @property
    def period(self) -> Period | None:
        """None while one end is open."""
        return None if self.first is None or self.last is None else Period(self.first, self.last)

    def within(self, period: Period) -> "Filter":
        """The same for another time."""
        return replace(self, first=period.first, last=period.last)

    def only(self, by: By, value: str | None) -> "Filter":
        """The same for one group of the dimension; the ValueError of a dimension of time is a mistake."""
        if by.dimension.is_time:
            raise ValueError(f"{by.dimension} is no group to choose.")
        if by.dimension is Dimension.PROPERTY:
            return replace(self, of_property=(by.name, value or ""))
        given: dict[str, Any] = {by.dimension.value: value}
        return replace(self, **given)


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


EARLIEST, LATEST = date(1990, 1, 1), date(2199, 12, 31)
"""What lies outside is a slip of the pen, and too near to where Python's calendar ends."""

Cell = tuple[Metric, str | None]
"""A metric and a group; None: everything, or what has no such value."""
Tally = Counter[int]


def tallies(session: Session, chosen: Filter, by: By | None = None) -> dict[Cell, Tally]:
    """How many gave each rating; a metric of several questions is tallied by their sum."""
    found: dict[Cell, Tally] = defaultdict(Counter)
    for metric, *value, rating, people in _rows(session, chosen, _keys(by)):
        found[Metric(metric), _group(by, value)][rating] += people
    return found


def tallies_by_day(session: Session, chosen: Filter, by: By | None = None) -> dict[Cell, dict[date, Tally]]:
    """As `tallies`, for each day apart; `by` is no time."""
    found: dict[Cell, dict[date, Tally]] = defaultdict(lambda: defaultdict(Counter))
    for metric, day, *value, rating, people in _rows(session, chosen, [Answer.day, *_keys(by)]):
        found[Metric(metric), _group(by, value)][day][rating] += people
    return found


def tallies_of_two(
    session: Session, chosen: Filter, by: By, other: By
) -> dict[tuple[Metric, str | None, str | None], dict[date, Tally]]:
    """As `tallies_by_day`, by two dimensions at once, neither of which is a time."""
    found: dict[Any, dict[date, Tally]] = defaultdict(lambda: defaultdict(Counter))
    keys = [Answer.day, *_keys(by), *_keys(other)]
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
    keys = _keys(by)
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
    keys = _keys(by, Invitation.asked_on)
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


def busiest(session: Session, chosen: Filter) -> Metric | None:
    """The metric that most people rated, whichever the filter names; None where no single one is ahead."""
    chosen = replace(chosen, metric=None)
    keys: list[Any] = [Rating.metric]
    ratings = _counted(select(*keys, func.count()), chosen, []).group_by(*keys)
    people: Counter[Metric] = Counter()
    for metric, found in session.execute(ratings):
        # Of several questions not everybody answers all: so many at most.
        people[Metric(metric)] = found // SCALES[Metric(metric)].questions
    exact = {metric for metric in people if SCALES[metric].questions == 1}
    while people:
        [(metric, most), *others] = people.most_common(2)
        if metric in exact:
            return None if most in (0, *(other for _, other in others)) else metric
        found = tallies(session, replace(chosen, metric=metric))
        people[metric] = sum(tally.total() for tally in found.values())
        exact.add(metric)
    return None


def metrics_of(session: Session, teams: frozenset[str] | None) -> set[Metric]:
    """Those that were ever answered in these teams; None is every team."""
    found = select(Rating.metric).distinct()
    if teams is not None:
        asked_there = Invitation.team.in_(sorted(teams))
        found = found.join(Invitation, Invitation.id == Rating.invitation_id).where(asked_there)
    return {Metric(metric) for metric in session.scalars(found)}


def property_names(session: Session, chosen: Filter) -> list[str]:
    """The names of the properties that came with the invitations behind these answers, in order.

    Of the 1,000 youngest alone: so many have said what a helpdesk sends along. One with more than 30 values
    there, such as an order's number, divides nobody into groups and is left out, and so is one that a single
    answer has; of the others the 20 are named that most answers have. No address can hold one with "=".
    """
    # A page asks twice, for its filters and for its breakdown, of the same moment.
    known: dict[Filter, list[str]] = session.info.setdefault("property_names", {})
    if chosen not in known:
        known[chosen] = _property_names(session, chosen)
    return known[chosen]


def choices(session: Session, chosen: Filter, dimensions: Sequence[By]) -> dict[By, list[str]]:
    """What there is to choose from in each dimension within the period, in order; by one query for all.

    Of the 20,000 youngest answers alone: a group that is in none of them can still be asked for.
    """
    keys = [_keys(by)[0] for by in dimensions]
    if not keys:
        return {}
    during = Filter(first=chosen.first, last=chosen.last, teams=chosen.teams)
    labelled = [key.label(f"key{number}") for number, key in enumerate(keys)]
    young = (
        select(*labelled)
        .join(Answer, Answer.invitation_id == Invitation.id)
        .where(*conditions(during))
        .order_by(Answer.day.desc())
        .limit(_LOOKED_AT)
        .subquery()
    )
    found: dict[By, set[str]] = {by: set() for by in dimensions}
    for row in session.execute(select(*young.c).distinct()):
        for by, value in zip(dimensions, row, strict=True):
            if (group := read_group(by, value)) is not None:
                found[by].add(group)
    return {by: sorted(groups) for by, groups in found.items()}


def check_days(chosen: Filter) -> None:
    """FieldError for days that are none of this or the next century, or in the wrong order."""
    for name, day in (("from", chosen.first), ("to", chosen.last)):
        if day is not None and not EARLIEST <= day <= LATEST:
            raise FieldError(name, Problem.DATE)
    if chosen.first and chosen.last and chosen.last < chosen.first:
        raise FieldError("to", Problem.ORDER)


def in_our_words(session: Session, chosen: Filter) -> Filter:
    """The filter for `conditions`: one by a synonym means what the synonym stands for."""
    words = Words(session)
    said = {kind: getattr(chosen, kind) for kind in (Kind.TEAM, Kind.CASE_TYPE, Kind.CHANNEL)}
    given: dict[str, Any] = {kind: words.canonical(kind, word) for kind, word in said.items() if word}
    return replace(chosen, **given)


def conditions(chosen: Filter, day: Any = Answer.day) -> Iterator[ColumnElement[bool]]:
    """What the filter says of invitations and of the day, in SQL; the metric is for the caller.

    What it says of answers (`is_pressed`, `fixed`) is said where `day` is theirs.
    """
    if chosen.first is not None:
        yield day >= chosen.first
    if chosen.last is not None:
        yield day <= chosen.last
    for dimension in _COLUMNS:
        wanted = getattr(chosen, dimension)
        if wanted is not None:
            yield _COLUMNS[dimension] == (_code(wanted) if dimension is Dimension.LOCALE else wanted)
    if chosen.version is not None:
        yield _VERSION.in_([chosen.version])
    if chosen.of_property is not None:
        name, value = chosen.of_property
        yield _property(name).in_(_spellings(value)) if _is_askable(name) else literal(value=False)
    if chosen.teams is not None:
        yield Invitation.team.in_(sorted(chosen.teams))
    if day is Answer.day:
        yield from _of_answers(chosen)


def bucket(by: By, day: date) -> str:
    """The group of a dimension of time that a day lies in: 2026-03-02, 2026-W10, 2026-03."""
    match by.dimension:
        case Dimension.WEEK:
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        case Dimension.MONTH:
            return f"{day:%Y-%m}"
    return day.isoformat()


def read_group(by: By | None, value: Any) -> str | None:
    """A group's value as people know it, from what the database groups by."""
    if value is None or by is None:
        return None
    if by.dimension.is_time:
        return bucket(by, value)
    if by.dimension is Dimension.PROPERTY:
        found = json.loads(value)
        return found if isinstance(found, str) else None if found is None else str(value)
    return str(value)


_MOST_GROUPS = 30
_MOST_NAMES = 20
_LOOKED_AT = 20_000
_NOT_INVITED = (Status.REFUSED, Status.CANCELLED, Status.IMPORTED)
_PRESSED = (Evidence.PRESS, Evidence.PRESS_UNVERIFIED, Evidence.GESTURE)
_COLUMNS: Mapping[Dimension, Any] = {
    Dimension.AGENT: Invitation.agent_ref,
    Dimension.TEAM: Invitation.team,
    Dimension.CASE_TYPE: Invitation.case_type,
    Dimension.CHANNEL: Invitation.channel,
    Dimension.LOCALE: Invitation.locale,
}
_VERSION: Any = Invitation.survey_key + literal(" ") + cast(Invitation.survey_version, String)


def _keys(by: By | None, day: Any = Answer.day) -> list[Any]:
    if by is None:
        return []
    if by.dimension.is_time:
        return [day]
    if by.dimension is Dimension.VERSION:
        return [_VERSION]
    if by.dimension is Dimension.PROPERTY:
        return [_property(by.name) if _is_askable(by.name) else literal(None)]
    return [_COLUMNS[by.dimension]]


def _property(name: str) -> Any:
    """As JSON, in which true is not "true": one text on both databases."""
    # Through the text of the JSON: PostgreSQL cannot cast what it did not quote, SQLite quotes it itself.
    return cast(Invitation.properties[name], Text)


def _is_askable(name: str) -> bool:
    """SQLite's paths know no escape for a quotation mark."""
    return name.isprintable() and '"' not in name and "\\" not in name


def _spellings(value: str) -> list[str]:
    """A text, or the number or word of JSON that is written so."""
    return [json.dumps(value, ensure_ascii=False), value]


def _code(locale: str) -> str:
    """A customer's de-AT was stored as the language that was spoken."""
    return locale.replace("_", "-").split("-")[0].lower()


def _of_answers(chosen: Filter) -> Iterator[ColumnElement[bool]]:
    if chosen.is_pressed:
        yield Answer.evidence.in_(_PRESSED)
    if chosen.fixed is not None:
        yield or_(literal(value=False), *(_fixed(period, at) for period, at in chosen.fixed))


def _property_names(session: Session, chosen: Filter) -> list[str]:
    young = (
        select(Invitation.properties)
        .join(Answer, Answer.invitation_id == Invitation.id)
        .where(*conditions(chosen))
        .order_by(Answer.day.desc())
        .limit(1000)
    )
    said: dict[str, set[str]] = defaultdict(set)
    times: Counter[str] = Counter()
    for found in session.scalars(young):
        for name, value in found.items():
            said[name].add(str(value))
            times[name] += 1
    usual = [name for name in said if times[name] > 1 and "=" not in name and _is_askable(name)]
    groups = [name for name in usual if len(said[name]) <= _MOST_GROUPS]
    return sorted(sorted(groups, key=lambda name: (-times[name], name))[:_MOST_NAMES])


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


def _fixed(period: Period, at: datetime) -> ColumnElement[bool]:
    return and_(Answer.day >= period.first, Answer.day <= period.last, Answer.first_counted_at < at)


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
            _counted(single, chosen, keys).group_by(Rating.metric, Rating.rating, *keys)
        )
    for metric in several if chosen.metric is None else [chosen.metric] if chosen.metric in several else []:
        labelled = [key.label(f"key{number}") for number, key in enumerate(keys)]
        summed = select(*labelled, func.sum(Rating.rating).label("total")).where(Rating.metric == metric)
        complete = (
            _counted(summed, chosen, keys)
            .group_by(Rating.invitation_id, *keys)
            .having(func.count() == SCALES[metric].questions)
            .subquery()
        )
        groups = [complete.c[f"key{number}"] for number in range(len(keys))]
        sums = select(literal(metric.value), *groups, complete.c.total, func.count())
        yield from session.execute(sums.group_by(*groups, complete.c.total))


def _counted(statement: Select[Any], chosen: Filter, keys: Sequence[Any]) -> Select[Any]:
    answered = statement.join(Answer, Answer.invitation_id == Rating.invitation_id)
    return _about(answered, chosen, keys).where(Answer.state == State.COUNTED, *conditions(chosen))


def _about(statement: Select[Any], chosen: Filter, keys: Sequence[Any]) -> Select[Any]:
    """With the invitations, where the filter or the keys ask for something of them: no join costs more."""
    named = (*(getattr(chosen, dimension) for dimension in _COLUMNS), chosen.version, chosen.of_property)
    is_plain = all(each is None for each in (*named, chosen.teams))
    if is_plain and all(key is Answer.day for key in keys):
        return statement
    return statement.join(Invitation, Invitation.id == Answer.invitation_id)


def _stages(chosen: Filter) -> Iterable[ColumnElement[int]]:
    """In the order of the fields of Asked."""
    is_accepted = Invitation.accepted_at.is_not(None)
    pressed = [Answer.evidence.in_(_PRESSED)] if chosen.is_pressed else []
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
