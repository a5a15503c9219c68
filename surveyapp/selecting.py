"""Which answers are meant: a filter, and by what they are divided, in words and in SQL."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, Text, and_, cast, literal, or_
from sqlalchemy.orm import Session

from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.evidence import Evidence
from surveyapp.core.periods import Period
from surveyapp.core.scales import Metric
from surveyapp.models import Answer, Invitation
from surveyapp.names import Kind, Words


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


EARLIEST, LATEST = date(1990, 1, 1), date(2199, 12, 31)
"""What lies outside is a slip of the pen, and too near to where Python's calendar ends."""


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
            yield _COLUMNS[dimension] == (language_code(wanted) if dimension is Dimension.LOCALE else wanted)
    if chosen.version is not None:
        yield _VERSION.in_([chosen.version])
    if chosen.of_property is not None:
        name, value = chosen.of_property
        yield _property(name).in_(_spellings(value)) if is_askable(name) else literal(value=False)
    if chosen.teams is not None:
        yield Invitation.team.in_(sorted(chosen.teams))
    if day is Answer.day:
        yield from _of_answers(chosen)


def asks_of_invitations(chosen: Filter) -> bool:
    """Whether the filter says anything of invitations themselves, so that they have to be joined."""
    named = (*(getattr(chosen, dimension) for dimension in _COLUMNS), chosen.version, chosen.of_property)
    return any(each is not None for each in (*named, chosen.teams))


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


PRESSED = (Evidence.PRESS, Evidence.PRESS_UNVERIFIED, Evidence.GESTURE)


_COLUMNS: Mapping[Dimension, Any] = {
    Dimension.AGENT: Invitation.agent_ref,
    Dimension.TEAM: Invitation.team,
    Dimension.CASE_TYPE: Invitation.case_type,
    Dimension.CHANNEL: Invitation.channel,
    Dimension.LOCALE: Invitation.locale,
}


_VERSION: Any = Invitation.survey_key + literal(" ") + cast(Invitation.survey_version, String)


def keys_of(by: By | None, day: Any = Answer.day) -> list[Any]:
    """What the database groups by, in SQL; `read_group` reads it. [] for everything together."""
    if by is None:
        return []
    if by.dimension.is_time:
        return [day]
    if by.dimension is Dimension.VERSION:
        return [_VERSION]
    if by.dimension is Dimension.PROPERTY:
        return [_property(by.name) if is_askable(by.name) else literal(None)]
    return [_COLUMNS[by.dimension]]


def _property(name: str) -> Any:
    """As JSON, in which true is not "true": one text on both databases."""
    # Through the text of the JSON: PostgreSQL cannot cast what it did not quote, SQLite quotes it itself.
    return cast(Invitation.properties[name], Text)


def is_askable(name: str) -> bool:
    """Whether a property of this name can be asked for: SQLite's paths cannot escape a quotation mark."""
    return name.isprintable() and '"' not in name and "\\" not in name


def _spellings(value: str) -> list[str]:
    """A text, or the number or word of JSON that is written so."""
    return [json.dumps(value, ensure_ascii=False), value]


def language_code(locale: str) -> str:
    """A customer's de-AT was stored as the language that was spoken."""
    return locale.replace("_", "-").split("-")[0].lower()


def _of_answers(chosen: Filter) -> Iterator[ColumnElement[bool]]:
    if chosen.is_pressed:
        yield Answer.evidence.in_(PRESSED)
    if chosen.fixed is not None:
        yield or_(literal(value=False), *(_fixed(period, at) for period, at in chosen.fixed))


def _fixed(period: Period, at: datetime) -> ColumnElement[bool]:
    return and_(Answer.day >= period.first, Answer.day <= period.last, Answer.first_counted_at < at)
