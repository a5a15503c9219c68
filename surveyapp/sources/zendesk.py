"""Zendesk: triggers post our flat JSON; a second webhook may tell of merged, spam and deleted tickets."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from surveyapp.sources import fields, own
from surveyapp.sources.event import Delivery, Event, Kind, UnverifiedError
from surveyapp.sources.fields import Layout, Verdict, plain
from surveyapp.sources.pointers import find
from surveyapp.sources.signing import base64_hmac, check_signature, check_time, header

_INVOCATION = "x-zendesk-webhook-invocation-id"
_EVENT = "zen:event-type:"
_OVER = ("SOLVED", "CLOSED")


def verify(delivery: Delivery, secret: str, now: datetime) -> str | None:
    """As Source.verify; the id is the signature, because the invocation's own id is not signed."""
    signature = header(delivery, "x-zendesk-webhook-signature")
    told = header(delivery, "x-zendesk-webhook-signature-timestamp")
    content = told.encode(errors="replace") + delivery.body
    check_signature(signature, secret, lambda key: base64_hmac(key, content))
    check_time(_time(told), now)
    return signature


def read(delivery: Delivery, mapping: Mapping[str, str]) -> Event:
    """As Source.read; an admin's mapping is about the triggers' JSON alone."""
    document = delivery.json()
    if (plain(document.get("type")) or "").startswith(_EVENT):
        return fields.read(_EVENTS, delivery, {}, document)
    return fields.read(_TRIGGERS, delivery, mapping, document)


def _time(told: str) -> datetime:
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        raise UnverifiedError("The delivery does not say when it was signed.") from None
    if found.tzinfo is None:
        raise UnverifiedError("The delivery does not say in which time zone it was signed.")
    return found


def _judge(document: Any, kind: Kind) -> Verdict:
    """An event has no address, so that a ticket was solved is the trigger's to tell."""
    before, after = (plain(find(document, f"/event/{name}")) for name in ("previous", "current"))
    if kind is Kind.REOPENED and ((before or "").upper() not in _OVER or (after or "").upper() in _OVER):
        return Kind.IGNORED, "The status changed, but the ticket was not reopened."
    return kind, ""


_TRIGGERS = own.layout("zendesk", delivery_header=_INVOCATION)
_EVENTS = Layout(
    source="zendesk",
    pointers={"kind": ("/type",), "ticket_ref": ("/detail/id",), "at": ("/time",)},
    words={
        f"{_EVENT}ticket.status_changed": Kind.REOPENED,
        f"{_EVENT}ticket.merged": Kind.MERGED,
        f"{_EVENT}ticket.marked_as_spam": Kind.SPAM,
        f"{_EVENT}ticket.soft_deleted": Kind.DELETED,
        f"{_EVENT}ticket.permanently_deleted": Kind.DELETED,
    },
    delivery_header=_INVOCATION,
    judge=_judge,
)
