"""Chatwoot: an account's webhook posts a conversation whose status changed."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from surveyapp.sources import fields
from surveyapp.sources.event import Delivery, Event, Kind
from surveyapp.sources.fields import Layout, Verdict
from surveyapp.sources.pointers import find
from surveyapp.sources.signing import check_signature, check_time, header, moment

_CHANGED = "conversation_status_changed"


def verify(delivery: Delivery, secret: str, now: datetime) -> str | None:
    """As Source.verify; the id is the signature, because the delivery's own id is not signed."""
    signature = header(delivery, "x-chatwoot-signature")
    seconds = header(delivery, "x-chatwoot-timestamp")
    content = f"{seconds}.".encode(errors="replace") + delivery.body
    check_signature(signature, secret, lambda key: f"sha256={hmac.new(key, content, sha256).hexdigest()}")
    check_time(moment(seconds), now)
    return signature


def read(delivery: Delivery, mapping: Mapping[str, str]) -> Event:
    """As Source.read."""
    document = delivery.json()
    if find(document, "/meta/assignee_type") == "AgentBot":
        # A bot's number could be a person's too.
        document["meta"] = document["meta"] | {"assignee": None}
    return fields.read(_LAYOUT, delivery, mapping, document)


def _judge(document: Any, kind: Kind) -> Verdict:
    if document.get("event") == "conversation_updated" and _is_spam(document):
        return Kind.SPAM, ""
    if document.get("event") != _CHANGED:
        return Kind.IGNORED, "What happened asks for nothing."
    before = _status_before(document)
    if kind is Kind.REOPENED and before not in (None, "resolved"):
        return Kind.IGNORED, "The conversation was not resolved before."
    return kind, ""


def _is_spam(document: Any) -> bool:
    labels = document.get("labels")
    return isinstance(labels, list) and "spam" in labels


def _status_before(document: Any) -> Any:
    """None when the payload does not tell."""
    changes = document.get("changed_attributes")
    told = [find(change, "/status/previous_value") for change in changes] if isinstance(changes, list) else []
    return next((status for status in told if status), None)


_LAYOUT = Layout(
    source="chatwoot",
    pointers={
        "kind": ("/status",),
        "ticket_ref": ("/id",),
        "at": ("/updated_at", "/timestamp", "/last_activity_at"),
        "address": ("/meta/sender/email",),
        "recipient_name": ("/meta/sender/name",),
        "customer_ref": ("/meta/sender/identifier", "/meta/sender/id"),
        "locale": (
            "/custom_attributes/locale",
            "/meta/sender/custom_attributes/locale",
            "/additional_attributes/browser_language",
        ),
        "agent_ref": ("/meta/assignee/id",),
        "agent_name": ("/meta/assignee/name",),
        "team": ("/meta/team/name",),
        "case_type": ("/custom_attributes/case_type",),
        "channel": ("/channel",),
        "tags": ("/labels",),
        "property.inbox": ("/inbox_id",),
    },
    words={
        "resolved": Kind.ENDED,
        "open": Kind.REOPENED,
        "pending": Kind.REOPENED,
        "snoozed": Kind.REOPENED,
    },
    delivery_header="x-chatwoot-delivery",
    judge=_judge,
)
