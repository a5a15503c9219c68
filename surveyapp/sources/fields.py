"""Where the fields of an event stand in a helpdesk's JSON, as data, and how they are read."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from surveyapp.sources.event import MAY_BE_EMPTY, Delivery, Event, Kind, MappingError
from surveyapp.sources.pointers import find, steps

MOST_CHARACTERS = 200

# What an admin may map, apart from `kind.<kind>` (words) and `property.<name>` (a pointer).
FIELDS = ("kind", "ticket_ref", "occasion", "at", *MAY_BE_EMPTY, "tags")

_KIND = "kind."
_PROPERTY = "property."
_KINDS = {kind.value: kind for kind in Kind if kind is not Kind.IGNORED}
_PROPERTY_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,3}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds since 1970 from 2000 to 2100; a thousand times as much are milliseconds.
_SECONDS = (946_684_800, 4_102_444_800)

Verdict = tuple[Kind, str]


def _as_is(_: Any, kind: Kind) -> Verdict:
    return kind, ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A helpdesk's JSON: for each field the pointers that are tried in turn, and what its words mean.

    `words` and `tags` are in lower case. `joined` fields are made of several texts. An admin's pointers begin
    at `root`. `delivery_header` names a delivery that tells no time. `judge` looks at what happened once more
    and gives the kind, with a note when it is IGNORED.
    """

    source: str
    pointers: Mapping[str, tuple[str, ...]]
    words: dict[str, Kind]
    tags: Mapping[str, Kind] = field(default_factory=lambda: {"spam": Kind.SPAM})
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    root: str = ""
    delivery_header: str = ""
    judge: Callable[[Any, Kind], Verdict] = _as_is


def check_mapping(mapping: Mapping[str, str]) -> None:
    """MappingError for the first field that is unknown and the first pointer that is none."""
    for name, value in mapping.items():
        if name.startswith(_KIND):
            _check_words(name, value)
        elif name in FIELDS or _is_property(name):
            _check_pointer(name, value)
        else:
            raise MappingError(f"{name!r} is no field that a mapping knows.")


def read(layout: Layout, delivery: Delivery, mapping: Mapping[str, str], document: Any) -> Event:
    """The event; whatever is missing or odd is None, and without a ticket or a known kind it is IGNORED."""
    look = _Look(layout, mapping, document)
    ticket = look.text("ticket_ref")
    kind, note = look.kind() if ticket else (Kind.IGNORED, "There is no ticket reference.")
    at = look.time(kind)
    return Event(
        kind=kind,
        note=note,
        ticket_ref=ticket,
        occasion=ticket and _occasion(layout, delivery, ticket, look.text("occasion"), at),
        at=_instant(at),
        address=look.text("address"),
        recipient_name=look.text("recipient_name"),
        customer_ref=look.text("customer_ref"),
        locale=_locale(look.text("locale")),
        agent_ref=look.text("agent_ref"),
        agent_name=look.text("agent_name"),
        agent_replies=_count(look.text("agent_replies")),
        team=look.text("team"),
        case_type=look.text("case_type"),
        channel=look.text("channel"),
        properties=look.properties(),
    )


def plain(value: Any) -> str | None:
    """One line of text, from a text or a whole number; None for all else, and for what stands for nothing.

    A lone dash is how Zammad writes nobody; doubled braces are a placeholder that a helpdesk did not know.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        # Longer numbers are no reference to anything, and Python refuses to write very long ones.
        return str(value) if abs(value) < 10**MOST_CHARACTERS // 10 else None
    line = " ".join("".join(c for c in value if unicodedata.category(c) != "Cf").split())
    if line in ("", "-") or "{{" in line or len(line) > MOST_CHARACTERS:
        return None
    return None if any(unicodedata.category(c) in ("Cc", "Cs") for c in line) else line


class _Look:
    """One document, looked at through a layout and an admin's mapping, which comes first."""

    def __init__(self, layout: Layout, mapping: Mapping[str, str], document: Any) -> None:
        self.layout, self.mapping, self.document = layout, mapping, document

    def text(self, name: str) -> str | None:
        found = next((text for value in self._all(name) if (text := plain(value)) is not None), None)
        if found is None and name not in self.mapping and name in self.layout.joined:
            parts = [plain(find(self.document, pointer)) for pointer in self.layout.joined[name]]
            return plain(" ".join(filter(None, parts)))
        return found

    def properties(self) -> dict[str, str]:
        names = {name for name in (*self.layout.pointers, *self.mapping) if _is_property(name)}
        found = {name.removeprefix(_PROPERTY): self.text(name) for name in sorted(names)}
        return {name: text for name, text in found.items() if text is not None}

    def time(self, kind: Kind) -> Any:
        """As told. What was solved may have an own time, which later changes of the ticket leave alone."""
        has_own = kind is Kind.ENDED and "at" not in self.mapping
        times = (*(self._all("ended_at") if has_own else ()), *self._all("at"))
        return next((value for value in times if plain(value) or _instant(value)), None)

    def kind(self) -> Verdict:
        word = (self.text("kind") or "").lower()
        if not word:
            return Kind.IGNORED, "It does not say what happened."
        kind = (self.layout.words | _own_words(self.mapping)).get(word)
        if kind is None:
            return Kind.IGNORED, "What happened asks for nothing."
        kind, note = self.layout.judge(self.document, kind)
        if kind in (Kind.ENDED, Kind.REOPENED):
            tags = self._tags()
            kind = next((meant for tag, meant in self.layout.tags.items() if tag in tags), kind)
        return kind, note

    def _tags(self) -> set[str]:
        """In lower case, from a list or from one text with commas or spaces."""
        parts: list[Any] = []
        for found in self._all("tags"):
            parts += re.split(r"[,\s]+", found) if isinstance(found, str) else _items(found)
        return {part.strip().lower() for part in parts if isinstance(part, str)}

    def _all(self, name: str) -> Iterable[Any]:
        if name in self.mapping:
            return [find(self.document, self.layout.root + self.mapping[name])]
        return (find(self.document, pointer) for pointer in self.layout.pointers.get(name, ()))


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _own_words(mapping: Mapping[str, str]) -> dict[str, Kind]:
    return {
        word: _KINDS[name.removeprefix(_KIND)]
        for name, words in mapping.items()
        if name.startswith(_KIND) and name.removeprefix(_KIND) in _KINDS
        for word in _words(words)
    }


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := " ".join(part.split()).lower())]


def _occasion(layout: Layout, delivery: Delivery, ticket: str, own: str | None, at: Any) -> str | None:
    """What the helpdesk itself calls it, else its time as exactly as told, else the name of the delivery."""
    instant = _instant(at)
    told = own or (instant.isoformat().replace("+00:00", "Z") if instant else plain(at))
    told = told or plain(delivery.headers.get(layout.delivery_header))
    if told is None:
        return None
    # A name that the helpdesk itself gave stays as it is: the same event may come through another door too.
    occasion = own or f"{layout.source}:{ticket}:{told}"
    if len(occasion) > MOST_CHARACTERS:
        return f"{layout.source}:{sha256(occasion.encode()).hexdigest()}"
    return occasion


def _instant(value: Any) -> datetime | None:
    """From ISO 8601 with a time zone, or seconds or milliseconds since 1970; None without a zone."""
    if isinstance(value, str):
        return _instant_from_number(int(value)) if _is_digits(value) else _instant_from_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _instant_from_number(value)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 13


def _instant_from_text(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip().replace(" UTC", "+00:00"))
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _instant_from_number(number: float) -> datetime | None:
    first, last = _SECONDS
    if first <= number < last:
        return _EPOCH + timedelta(seconds=number)
    if first * 1000 <= number < last * 1000:
        return _EPOCH + timedelta(milliseconds=number)
    return None


def _count(value: Any) -> int | None:
    text = plain(value)
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 6 else None


def _locale(text: str | None) -> str | None:
    """A language tag with hyphens; None for anything else, like the name of a language."""
    return text.replace("_", "-") if text and _LOCALE.fullmatch(text) else None


def _is_property(name: str) -> bool:
    return name.startswith(_PROPERTY) and bool(_PROPERTY_NAME.fullmatch(name.removeprefix(_PROPERTY)))


def _check_words(name: str, value: str) -> None:
    if name.removeprefix(_KIND) not in _KINDS:
        raise MappingError(f"{name!r} is no field that a mapping knows.")
    if not _words(value):
        raise MappingError(f"{name}: there is no word.")


def _check_pointer(name: str, value: str) -> None:
    try:
        steps(value)
    except MappingError as error:
        raise MappingError(f"{name}: {error}") from error
