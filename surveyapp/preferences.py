"""What was set in the browser: stored one by one, checked, and put before the environment's settings."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from math import inf
from threading import Lock
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from surveyapp.config import LOCALES, MODES, Own, Settings
from surveyapp.core.access import AgentFigures
from surveyapp.core.errors import DatabaseFailedError, FieldError, Problem
from surveyapp.db import INSERTS, Database, dialect_of, table_of
from surveyapp.models import Preference

REFRESH_SECONDS = 2.0
LINE_LENGTH = 200
TEXT_LENGTH = 10_000

Check = Callable[[str, Any], Any]
"""Name and value in, the value to store out; raises FieldError."""


@dataclass(slots=True)
class Cache:
    """The settings of one process, read anew from the database every two seconds at most."""

    _settings: Settings | None = None
    _read_at: float = -inf
    _lock: Lock = field(default_factory=Lock)

    def settings(self, installed: Settings, database: Database) -> Settings:
        """Those of the environment with what was set since; the last known while the database fails."""
        if not self._is_fresh():
            with self._lock:
                # Whoever had the lock before may have read them.
                if not self._is_fresh():
                    self._settings = read(installed, database, self._settings)
                    self._read_at = monotonic()
        return self._settings or installed

    def forget(self) -> None:
        """Read anew next time: something was set in this process, and what is being read may be older."""
        with self._lock:
            self._read_at = -inf

    def _is_fresh(self) -> bool:
        return self._settings is not None and monotonic() - self._read_at < REFRESH_SECONDS


def read(installed: Settings, database: Database, known: Settings | None = None) -> Settings:
    """The settings with what was set in the browser; `known`, or those of the environment, without it."""
    try:
        with database.bare_reading() as connection:
            values = {row.name: row.value for row in connection.execute(_ALL)}
    except (DatabaseFailedError, SQLAlchemyError):
        # Whoever needs the database says so; a page that does not can still be shown.
        return known or installed
    return applied(installed, values)


def stored(session: Session) -> dict[str, Any]:
    """What was set, by name; what is not there is as the environment says."""
    return {row.name: row.value for row in session.execute(_ALL)}


def save(session: Session, changes: Mapping[str, Any], now: datetime) -> list[str]:
    """Store these; None goes back to the environment's. Returns the names that really changed.

    Raises FieldError, naming the first one that cannot be used; then nothing is stored.
    """
    before = stored(session)
    checked = {name: None if value is None else _CHECKS[name](name, value) for name, value in changes.items()}
    news = [name for name, value in checked.items() if before.get(name) != value]
    for name in news:
        if checked[name] is None:
            session.execute(delete(Preference).where(Preference.name == name))
        else:
            insert = INSERTS[dialect_of(session)](table_of(Preference))
            insert = insert.on_conflict_do_update(
                index_elements=["name"],
                set_={"value": insert.excluded.value, "changed_at": insert.excluded.changed_at},
            )
            session.execute(insert, {"name": name, "value": checked[name], "changed_at": now})
    return news


def applied(installed: Settings, values: Mapping[str, Any]) -> Settings:
    """The settings with these before them; what this release does not know or take is passed over."""
    usable = dict(_usable(values))
    own = {name: value for name, value in usable.items() if name in _OWN}
    plain = {name: value for name, value in usable.items() if name in _PLAIN}
    if "timezone" in plain:
        plain["timezone"] = ZoneInfo(plain["timezone"])
    if "agent_figures" in own:
        own["agent_figures"] = AgentFigures(own["agent_figures"])
    return replace(installed, **plain, own=replace(installed.own, **own))


def _usable(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A value that another release stored, or a time zone that is gone, must not take every page away."""
    for name, value in values.items():
        if name in _CHECKS:
            with suppress(FieldError):
                yield name, _CHECKS[name](name, value)


def _line(name: str, value: Any) -> str:
    text = _text(name, value, LINE_LENGTH)
    if not text.isprintable():
        raise FieldError(name, Problem.NO_TEXT)
    return text


def _needed_line(name: str, value: Any) -> str:
    if not (line := _line(name, value)):
        raise FieldError(name, Problem.MISSING)
    return line


def _text(name: str, value: Any, longest: int = TEXT_LENGTH) -> str:
    if not isinstance(value, str):
        raise FieldError(name, Problem.TEXT)
    text = value.replace("\r\n", "\n").strip()
    if len(text) > longest:
        raise FieldError(name, Problem.LONG, n=longest)
    if not all(each.isprintable() or each in "\n\t" for each in text):
        raise FieldError(name, Problem.NO_TEXT)
    return text


def _per_language(check: Check) -> Check:
    def checked(name: str, value: Any) -> dict[str, str]:
        if not isinstance(value, Mapping) or not value.keys() <= set(LOCALES):
            raise FieldError(name, Problem.CHOICE, choices=", ".join(LOCALES))
        said = {code: check(f"{name}.{code}", each) for code, each in value.items()}
        return {code: each for code, each in said.items() if each}

    return checked


def _address(name: str, value: Any) -> str:
    line = _line(name, value)
    if line and not _ADDRESS.fullmatch(line):
        raise FieldError(name, Problem.ADDRESS)
    return line


def _sender(name: str, value: Any) -> str:
    line = _line(name, value)
    if line and not (_ADDRESS.fullmatch(line) or _NAMED_ADDRESS.fullmatch(line)):
        raise FieldError(name, Problem.ADDRESS)
    return line


def _number(lowest: int, highest: int) -> Check:
    def checked(name: str, value: Any) -> int:
        if type(value) is not int or not lowest <= value <= highest:
            raise FieldError(name, Problem.NUMBER, low=lowest, high=highest)
        return value

    return checked


def _choice(*choices: str) -> Check:
    def checked(name: str, value: Any) -> str:
        if value not in choices:
            raise FieldError(name, Problem.CHOICE, choices=", ".join(choices))
        return str(value)

    return checked


def _zone(name: str, value: Any) -> str:
    line = _needed_line(name, value)
    try:
        return ZoneInfo(line).key
    except (KeyError, OSError, ValueError) as error:
        raise FieldError(name, Problem.ZONE) from error


def _colour(name: str, value: Any) -> str:
    line = _line(name, value).lower()
    if line and not _COLOUR.fullmatch(line):
        raise FieldError(name, Problem.COLOUR)
    return line


def _ticket_url(name: str, value: Any) -> str:
    line = _line(name, value)
    if line and not (_TICKET_URL.fullmatch(line) and line.count("{ticket}") == 1):
        raise FieldError(name, Problem.TICKET_URL)
    return line


_ALL = select(Preference.name, Preference.value)
# In ASCII, which every mail server takes in From and Reply-To.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_NAMED_ADDRESS = re.compile(rf"[^<>@\"\\,;:]+ <{_ADDRESS.pattern}>")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_TICKET_URL = re.compile(r"https?://[!#-;=?-z|}~{]+")

DAYS = _number(1, 36_500)

_PLAIN: Mapping[str, Check] = {
    "company": _needed_line,
    "contact": _needed_line,
    "timezone": _zone,
    "locale": _choice(*LOCALES),
    "answer_mode": _choice(*MODES),
    "link_days": _number(1, 3650),
    "smallest_n": _number(1, 10_000),
    "smallest_n_agent": _number(1, 10_000),
}
_OWN: Mapping[str, Check] = {
    "agent_figures": _choice(*AgentFigures),
    "ticket_url": _ticket_url,
    "colour": _colour,
    "logo": _line,
    "senders": _per_language(_sender),
    "reply_to": _per_language(_address),
    "privacy": _per_language(_text),
    "touches_days": _number(1, 30),
    "comments_days": DAYS,
    "identity_days": DAYS,
    "agents_days": DAYS,
}
_CHECKS: Mapping[str, Check] = {**_PLAIN, **_OWN}

if unknown := set(_OWN) ^ {each.name for each in fields(Own)}:
    raise TypeError(f"Own and its checks differ: {unknown}")
