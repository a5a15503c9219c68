"""Zammad: a trigger posts its default payload, a ticket and an article."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha1
from typing import Any

from surveyapp.sources import fields
from surveyapp.sources.event import Delivery, Event, Kind
from surveyapp.sources.fields import Layout, Verdict
from surveyapp.sources.pointers import find
from surveyapp.sources.signing import check_signature, header


def verify(delivery: Delivery, secret: str, now: datetime) -> str | None:
    """As Source.verify. Neither a time nor the delivery's id is signed, so the body alone tells replays."""
    # HMAC does not need a hash without collisions, and Zammad knows no other.
    check_signature(
        header(delivery, "x-hub-signature"),
        secret,
        lambda key: f"sha1={hmac.new(key, delivery.body, sha1).hexdigest()}",
    )
    return None


def read(delivery: Delivery, mapping: Mapping[str, str]) -> Event:
    """As Source.read."""
    return fields.read(_LAYOUT, delivery, mapping, delivery.json())


def _judge(document: Any, kind: Kind) -> Verdict:
    """The payload has no state before: an open ticket was reopened when it has once been closed."""
    ticket = find(document, "/ticket")
    known = ticket if isinstance(ticket, dict) else {}
    told = [known[name] for name in ("close_at", "last_close_at") if name in known]
    if kind is Kind.REOPENED and told and not any(told):
        return Kind.IGNORED, "The ticket has never been closed."
    return kind, ""


_LAYOUT = Layout(
    source="zammad",
    pointers={
        "kind": ("/ticket/state", "/ticket/state/name"),
        "ticket_ref": ("/ticket/id",),
        # Every change of the ticket moves updated_at, also between two tries of one delivery.
        "ended_at": ("/ticket/last_close_at",),
        "at": ("/ticket/updated_at",),
        "address": ("/ticket/customer/email",),
        "customer_ref": ("/ticket/customer/id",),
        "locale": ("/ticket/customer/locale", "/ticket/customer/language", "/ticket/locale"),
        "agent_ref": ("/ticket/owner/email", "/ticket/owner/login"),
        "team": ("/ticket/group/name", "/ticket/group"),
        "case_type": ("/ticket/case_type", "/ticket/category"),
        "channel": ("/ticket/create_article_type",),
        "tags": ("/ticket/tags",),
        "property.number": ("/ticket/number",),
    },
    joined={
        "recipient_name": ("/ticket/customer/firstname", "/ticket/customer/lastname"),
        "agent_name": ("/ticket/owner/firstname", "/ticket/owner/lastname"),
    },
    words={
        "closed": Kind.ENDED,
        "new": Kind.REOPENED,
        "open": Kind.REOPENED,
        "pending reminder": Kind.REOPENED,
        "pending close": Kind.REOPENED,
        "merged": Kind.MERGED,
        "removed": Kind.DELETED,
    },
    delivery_header="x-zammad-delivery",
    judge=_judge,
)
