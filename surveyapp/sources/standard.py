"""Standard Webhooks 1.0.0: `type`, `timestamp` and `data`, where an admin's pointers begin."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from surveyapp.sources import fields, own
from surveyapp.sources.event import Delivery, Event
from surveyapp.sources.signing import check_standard

_FLAT = own.layout("standard", delivery_header="webhook-id")
_LAYOUT = replace(
    _FLAT,
    pointers={
        name: tuple(f"/data{pointer}" for pointer in pointers) for name, pointers in _FLAT.pointers.items()
    }
    | {"kind": ("/type",), "at": ("/timestamp",)},
    words=own.WORDS | {f"ticket.{word}": kind for word, kind in own.WORDS.items()},
    root="/data",
)


def verify(delivery: Delivery, secret: str, now: datetime) -> str | None:
    """As Source.verify; the id is part of what is signed."""
    return check_standard(delivery, secret, now)


def read(delivery: Delivery, mapping: Mapping[str, str]) -> Event:
    """As Source.read; `kind` and `at`, unless mapped, are the envelope's type and timestamp."""
    return fields.read(_LAYOUT, delivery, mapping, delivery.json())
