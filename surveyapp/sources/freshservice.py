"""Freshservice: a workflow posts our flat JSON; unsigned, with our secret."""

from collections.abc import Mapping
from datetime import datetime

from surveyapp.sources import fields, own
from surveyapp.sources.event import Delivery, Event
from surveyapp.sources.signing import check_shared

_LAYOUT = own.layout("freshservice")


def verify(delivery: Delivery, secret: str, now: datetime) -> str | None:
    """As Source.verify; neither an id nor a time is sent that could be trusted."""
    check_shared(delivery, secret)
    return None


def read(delivery: Delivery, mapping: Mapping[str, str]) -> Event:
    """As Source.read."""
    return fields.read(_LAYOUT, delivery, mapping, delivery.json())
