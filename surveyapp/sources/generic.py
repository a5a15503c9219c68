"""JSON of any program, whose fields an admin maps; it sends our secret, or signs by Standard Webhooks."""

from collections.abc import Mapping
from datetime import datetime

from surveyapp.sources import fields, own
from surveyapp.sources.event import Delivery, Event
from surveyapp.sources.signing import check_shared, check_standard

_LAYOUT = own.layout("generic", delivery_header="webhook-id")


def verify(delivery: Delivery, secret: str, now: datetime) -> str | None:
    """As Source.verify; a signature, when there is one, counts alone."""
    if "webhook-signature" in delivery.headers:
        return check_standard(delivery, secret, now)
    check_shared(delivery, secret)
    return None


def read(delivery: Delivery, mapping: Mapping[str, str]) -> Event:
    """As Source.read; what is not mapped stands where our own flat JSON has it."""
    return fields.read(_LAYOUT, delivery, mapping, delivery.json())
