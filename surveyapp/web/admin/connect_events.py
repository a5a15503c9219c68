"""What a helpdesk told, as it is shown."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from surveyapp import connecting
from surveyapp.models import HookEvent
from surveyapp.sources.event import Delivery, UnreadableError
from surveyapp.web.admin.connect_forms import field_names
from surveyapp.web.wiring import spoken_language

LONGEST_BODY = 20_000
"""So many characters of an event are shown; a ticket with a long history has more."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event: what was made of it, and what was sent, which is "" when it cannot be shown."""

    at: datetime
    words: str
    ticket_ref: str
    invitation_id: str
    empty: Sequence[str]
    body: str
    is_cut: bool


def told(event: HookEvent, *, is_whole: bool) -> Told:
    """One event in the language of this request; where it is not shown as a whole, with its names alone."""
    names = field_names(spoken_language())
    body = sent_body(event.body, is_whole=is_whole)
    return Told(
        at=event.received_at,
        words=connecting.explain(spoken_language(), event),
        ticket_ref=event.ticket_ref or "",
        invitation_id=event.invitation_id or "",
        empty=[names.get(field, field) for field in event.empty],
        body=body[:LONGEST_BODY],
        is_cut=len(body) > LONGEST_BODY,
    )


def sent_body(raw: bytes, *, is_whole: bool) -> str:
    """What was sent, to read; else only the names of its fields, and "" for what has none."""
    try:
        found = Delivery(raw, {}).json()
        shown = json.dumps(found if is_whole else _outline(found), ensure_ascii=False, indent=2)
    except (UnreadableError, RecursionError):
        shown = raw.decode(errors="replace") if is_whole else ""
    # JSON can hold halves of characters, which no page can.
    return shown.encode(errors="backslashreplace").decode()


def _outline(found: Any) -> Any:
    """The names alone, and where something stands: enough to point at it."""
    if isinstance(found, dict):
        return {name: _outline(value) for name, value in found.items()}
    if isinstance(found, list):
        return [_outline(value) for value in found]
    return found if found in (None, "") else "…"
