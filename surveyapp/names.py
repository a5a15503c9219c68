"""What people call case types, teams, channels and agents, and which words of support systems mean one."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, func, literal, null, select, union_all, update
from sqlalchemy.orm import Session

from surveyapp.config import LOCALES
from surveyapp.core.access import Viewer
from surveyapp.core.errors import FieldError, Problem
from surveyapp.db import serialise, table_of
from surveyapp.models import Invitation, Name, Synonym

LENGTH = 200
MOST_SYNONYMS = 100
RECENT = timedelta(days=365)
LATEST = timedelta(days=365)


class Kind(StrEnum):
    """What has a name. An agent has no synonyms and one name in all languages, under ''."""

    CASE_TYPE = "case_type"
    TEAM = "team"
    CHANNEL = "channel"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class NameRow:
    """One value as it stands on invitations, and what is set for it."""

    value: str
    labels: Mapping[str, str]
    synonyms: Sequence[str]
    left_on: date | None
    """An agent's last day; it marks them and changes nothing else."""
    n: int
    """Invitations of the last 365 days."""
    told: str | None
    """An agent's name as the support system tells it; None: it tells none, or this is no agent."""


class Words:
    """The words that mean the same, read once and only when one is asked for: one for each transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._read: dict[tuple[str, str], str] | None = None
        self._found: dict[tuple[Kind, str], str] = {}

    def canonical(self, kind: Kind, said: str) -> str:
        """The one value that stands for this word; the word itself when nothing is set for it."""
        if kind is Kind.AGENT:
            return said
        found = self._found.get((kind, said))
        if found is None:
            found = self._found[kind, said] = self._all().get((kind, _key(said)), said)
        return found

    def told(self, kind: Kind, said: str | None) -> tuple[str | None, str | None]:
        """The value to store, and the word to store beside it; that is None when it is the same."""
        if said is None:
            return None, None
        value = self.canonical(kind, said)
        return value, None if value == said else said

    def each(self, kind: Kind, said: Iterable[str]) -> list[str]:
        """The values that stand for these words, each once and in order."""
        return sorted({self.canonical(kind, word) for word in said})

    def _all(self) -> dict[tuple[str, str], str]:
        if self._read is None:
            # Names come before synonyms: a value that was named and then became a synonym is one.
            rows = sorted(tuple(row) for row in self._session.execute(_WORDS))
            self._read = {(kind, _key(said)): value for _, kind, said, value in rows}
        return self._read


class Labels:
    """How everything is called, read once."""

    def __init__(self, session: Session) -> None:
        found = session.execute(select(Name.kind, Name.value, Name.labels, Name.left_on))
        self._names = {(kind, value): (labels, left_on) for kind, value, labels, left_on in found}

    def of(self, kind: Kind, value: str, language: str) -> str:
        """What people who read this language call it; the value itself when nobody has said."""
        labels, _ = self._names.get((kind, value), ({}, None))
        return str(labels.get(language) or labels.get("") or value)

    def left_on(self, agent_ref: str) -> date | None:
        """An agent's last day; None while they are here."""
        return self._names.get((Kind.AGENT, agent_ref), ({}, None))[1]


def save_name(
    session: Session,
    kind: Kind,
    value: str,
    labels: Mapping[str, str],
    synonyms: Sequence[str],
    left_on: date | None,
    now: datetime,
) -> list[str]:
    """Set all of it; what was set before and is not among it goes. Returns the names of what changed.

    Past invitations follow: a new synonym becomes the value, with the word that was said kept beside it, and
    of one that is taken away the word comes back. Saving the same again mends what was written meanwhile.
    Case and white space make no other word. FieldError for "value", "labels.<language>",
    "synonyms.<number from 0>" or "left_on"; TAKEN for a word that belongs to another value.
    """
    serialise(session, "names")
    value = _needed("value", value)
    called = _labels(kind, labels)
    said = _synonyms(kind, value, synonyms)
    _check_left_on(kind, left_on, now)
    _check_free(session, kind, value, said)
    changed = _store(session, kind, value, called, left_on, is_needed=bool(said))
    if _set_synonyms(session, kind, value, list(said.values())):
        changed.append("synonyms")
    if kind is not Kind.AGENT:
        follow(session, kind)
    return changed


def follow(session: Session, kind: Kind) -> int:
    """Bring the invitations to the words as they are set now; returns how many were changed."""
    words, (column, said_column) = Words(session), _COLUMNS[kind]
    pairs = session.execute(select(column, said_column).where(column.is_not(None)).distinct()).all()
    changed = 0
    for value, said in pairs:
        spoken = value if said is None else said
        wanted, kept = words.told(kind, spoken)
        if (wanted, kept) != (value, said):
            these = and_(column == value, said_column.is_(None) if said is None else said_column == said)
            values = {column.name: wanted, said_column.name: kept}
            changed += _rows(session, update(_INVITATIONS).where(these).values(values))
    return changed


def all_names(session: Session, kind: Kind, today: date, *only: ColumnElement[bool]) -> list[NameRow]:
    """Every value that has a name or stands on an invitation, those of the most invitations first.

    With `only`, those alone that stand on an invitation for which all of it holds, counted among these.
    """
    names = {row.value: row for row in session.scalars(select(Name).where(Name.kind == kind))}
    synonyms: dict[str, list[str]] = {}
    for said, value in _synonyms_set(session, kind):
        synonyms.setdefault(value, []).append(said)
    used = _used(session, kind, today, *only)
    merged = {_key(said) for words in synonyms.values() for said in words}
    unused = set() if only else {value for value in names if _key(value) not in merged}
    values = unused | used.keys()
    found = [_row(names.get(value), value, synonyms.get(value, []), used.get(value)) for value in values]
    return sorted(found, key=lambda row: (-row.n, _key(row.value), row.value))


def in_our_words(session: Session, viewer: Viewer) -> Viewer:
    """The viewer with the teams as invitations name them, whatever word each was given by."""
    if not viewer.teams:
        return viewer
    return replace(viewer, teams=frozenset(Words(session).each(Kind.TEAM, viewer.teams)))


_INVITATIONS = table_of(Invitation)
_COLUMNS: Mapping[Kind, tuple[Any, Any]] = {
    Kind.CASE_TYPE: (_INVITATIONS.c.case_type, _INVITATIONS.c.said_case_type),
    Kind.TEAM: (_INVITATIONS.c.team, _INVITATIONS.c.said_team),
    Kind.CHANNEL: (_INVITATIONS.c.channel, _INVITATIONS.c.said_channel),
}
# Of agents there may be many, and none has a synonym.
_WORDS: Any = union_all(
    select(literal(0).label("rank"), Name.kind, Name.value.label("said"), Name.value).where(
        Name.kind != Kind.AGENT
    ),
    select(literal(1), Synonym.kind, Synonym.said, Synonym.value),
)


def _rows(session: Session, statement: Any) -> int:
    found: Any = session.execute(statement)
    return int(found.rowcount)


def _key(text: str) -> str:
    """What two spellings of one word share."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _needed(field: str, text: str) -> str:
    if not (line := _line(field, text)):
        raise FieldError(field, Problem.MISSING)
    return line


def _line(field: str, text: str) -> str:
    """As an invitation stores it: one line, white space folded, without what nobody sees."""
    line = " ".join("".join(c for c in text if unicodedata.category(c) != "Cf").split())
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in line):
        raise FieldError(field, Problem.NO_TEXT)
    if len(line) > LENGTH:
        raise FieldError(field, Problem.LONG, n=LENGTH)
    return line


def _labels(kind: Kind, labels: Mapping[str, str]) -> dict[str, str]:
    known = ("",) if kind is Kind.AGENT else LOCALES
    for language in labels:
        if language not in known:
            raise FieldError("labels", Problem.CHOICE, choices=", ".join(known))
    lines = {language: _line(f"labels.{language}", text) for language, text in labels.items()}
    return {language: line for language, line in lines.items() if line}


def _synonyms(kind: Kind, value: str, synonyms: Sequence[str]) -> dict[int, str]:
    """By their number as given, without empty ones, other spellings of the value, and twins."""
    most = 0 if kind is Kind.AGENT else MOST_SYNONYMS
    lines = {number: _line(f"synonyms.{number}", said) for number, said in enumerate(synonyms)}
    found: dict[int, str] = {}
    seen = {_key(""), _key(value)}
    for number, line in lines.items():
        if _key(line) not in seen:
            seen.add(_key(line))
            found[number] = line
    if len(found) > most:
        raise FieldError("synonyms", Problem.MANY, n=most)
    return found


def _check_left_on(kind: Kind, left_on: date | None, now: datetime) -> None:
    if left_on is not None and kind is not Kind.AGENT:
        raise FieldError("left_on", Problem.UNKNOWN)
    if left_on is not None and left_on > now.date() + LATEST:
        raise FieldError("left_on", Problem.FAR)


def _check_free(session: Session, kind: Kind, value: str, said: Mapping[int, str]) -> None:
    """No word means two values, and none that stands for others is a synonym itself."""
    if kind is Kind.AGENT:
        return
    others = [(_key(word), _key(other)) for word, other in _synonyms_set(session, kind) if other != value]
    taken = {word for word, _ in others}
    named = session.scalars(select(Name.value).where(Name.kind == kind, Name.value != value))
    spelled = {_key(each) for each in named}
    if _key(value) in taken | spelled | {other for _, other in others}:
        raise FieldError("value", Problem.TAKEN)
    for number, word in said.items():
        if _key(word) in taken or _key(word) in {other for _, other in others}:
            raise FieldError(f"synonyms.{number}", Problem.TAKEN)


def _store(
    session: Session,
    kind: Kind,
    value: str,
    labels: dict[str, str],
    left_on: date | None,
    *,
    is_needed: bool,
) -> list[str]:
    """What changed. A row that says nothing stays only where it `is_needed` by synonyms."""
    row = session.get(Name, (kind, value))
    before: dict[str, Any] = {"labels": row.labels if row else {}, "left_on": row.left_on if row else None}
    after: dict[str, Any] = {"labels": labels, "left_on": left_on}
    changed = [name for name in after if after[name] != before[name]]
    if labels or left_on or is_needed:
        session.merge(Name(kind=kind, value=value, **after))
    elif row is not None:
        session.delete(row)
    session.flush()
    return changed


def _set_synonyms(session: Session, kind: Kind, value: str, said: Sequence[str]) -> bool:
    """Whether that changed anything."""
    before = {word for word, other in _synonyms_set(session, kind) if other == value}
    if before == set(said):
        return False
    session.execute(delete(Synonym).where(Synonym.kind == kind, Synonym.value == value))
    session.add_all(Synonym(kind=kind, said=word, value=value) for word in said)
    session.flush()
    return True


def _synonyms_set(session: Session, kind: Kind) -> list[tuple[str, str]]:
    """Word and value."""
    found = select(Synonym.said, Synonym.value).where(Synonym.kind == kind).order_by(Synonym.said)
    return [(said, value) for said, value in session.execute(found)]


def _used(
    session: Session, kind: Kind, today: date, *only: ColumnElement[bool]
) -> dict[str, tuple[int, str | None]]:
    """Value -> how many of late, and an agent's name."""
    is_agent = kind is Kind.AGENT
    column = _INVITATIONS.c.agent_ref if is_agent else _COLUMNS[kind][0]
    late = func.sum(case((_INVITATIONS.c.day > today - RECENT, 1), else_=0))
    told = func.max(_INVITATIONS.c.agent_name) if is_agent else null()
    rows = session.execute(select(column, late, told).where(column.is_not(None), *only).group_by(column))
    return {value: (int(n), name) for value, n, name in rows}


def _row(
    row: Name | None, value: str, synonyms: Sequence[str], used: tuple[int, str | None] | None
) -> NameRow:
    n, told = used or (0, None)
    return NameRow(
        value=value,
        labels=row.labels if row else {},
        synonyms=synonyms,
        left_on=row.left_on if row else None,
        n=n,
        told=told,
    )
