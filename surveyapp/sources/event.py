"""What a helpdesk told us: a delivery as it came, and the event read from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Never

from surveyapp.core.errors import SurveyappError

# A ticket with all its custom fields has a few ten thousand bytes.
MOST_BYTES = 1_000_000

# What an invitation could hold, and a delivery need not say.
MAY_BE_EMPTY = (
    "address",
    "recipient_name",
    "customer_ref",
    "locale",
    "agent_ref",
    "agent_name",
    "agent_replies",
    "team",
    "case_type",
    "channel",
)


class UnverifiedError(SurveyappError):
    """Nothing proves that a delivery comes from the helpdesk, or it is too old or from the future."""


class UnreadableError(SurveyappError):
    """The body of a delivery is not one JSON object that can be read in one way only."""


class MappingError(SurveyappError):
    """An admin's mapping names an unknown field or holds a pointer that is none; the text names the field."""


class Kind(StrEnum):
    """What happened to a ticket, as far as it matters to us; IGNORED asks for nothing."""

    ENDED = "ended"
    REOPENED = "reopened"
    MERGED = "merged"
    SPAM = "spam"
    DELETED = "deleted"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Event:
    """What a delivery says about one ticket; None is what it did not say.

    `note` is one sentence on why an event is IGNORED. `occasion` names this one solving of this ticket: the
    same when it is told again, another when the ticket is solved again; None when the delivery tells the two
    apart by nothing. `at` is aware UTC, by the helpdesk's clock.
    """

    kind: Kind
    note: str = ""
    ticket_ref: str | None = None
    occasion: str | None = None
    at: datetime | None = None
    agent_ref: str | None = None
    agent_name: str | None = None
    agent_replies: int | None = None
    team: str | None = None
    case_type: str | None = None
    channel: str | None = None
    locale: str | None = None
    address: str | None = None
    recipient_name: str | None = None
    customer_ref: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> tuple[str, ...]:
        """The names of what an invitation could hold and the delivery did not say."""
        return tuple(name for name in MAY_BE_EMPTY if getattr(self, name) is None)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request as it came: the untouched body, and the headers by their names in lower case."""

    body: bytes
    headers: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        """The body's JSON object; UnreadableError for everything else, however large or deep."""
        if len(self.body) > MOST_BYTES:
            raise UnreadableError("The body is larger than any ticket.")
        try:
            found = json.loads(
                self.body.decode(), object_pairs_hook=_without_twins, parse_constant=_refuse_constant
            )
        except (ValueError, RecursionError) as error:
            # The cause quotes the body, which holds people's names: it is not passed on.
            raise UnreadableError(f"The body is no readable JSON ({type(error).__name__}).") from None
        if not isinstance(found, dict):
            raise UnreadableError("The body is JSON, but not an object.")
        return found


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Helpdesks paste names into JSON as they are: a name with a quote in it must not replace a field."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name appears twice")
    return found


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")
