"""Deliveries of every helpdesk, signed as its reference says, without the code under test."""

import base64
import copy
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from surveyapp.sources.event import Delivery

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STANDARD_KEY = b"a key of twenty-four byt"
SECRETS = {
    "generic": "generic-secret",
    "zammad": "zammad-token",
    "zendesk": "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==",
    "freshdesk": "freshdesk-secret",
    "freshservice": "freshservice-secret",
    "chatwoot": "chatwoot-secret",
    "standard": "whsec_" + base64.b64encode(STANDARD_KEY).decode(),
}
SIGNED = ("zammad", "zendesk", "chatwoot", "standard")
TIMED = ("zendesk", "chatwoot", "standard")

FLAT: dict[str, Any] = {
    "event": "solved",
    "ticket": 4711,
    "at": "2026-03-02T08:59:00Z",
    "address": "kund@example.se",
    "name": "Kim Kund",
    "customer": "c-17",
    "locale": "sv",
    "agent": "alva@example.se",
    "agent_name": "Alva Agent",
    "agent_replies": 2,
    "team": "Support",
    "case_type": "Invoice",
    "channel": "email",
    "tags": ["vip"],
}
STANDARD: dict[str, Any] = {
    "type": "ticket.solved",
    "timestamp": "2026-03-02T08:59:00Z",
    "data": {name: value for name, value in FLAT.items() if name not in ("event", "at")},
}
ZAMMAD: dict[str, Any] = {
    "ticket": {
        "id": 4711,
        "number": "10081",
        "state": "closed",
        "close_at": "2026-03-01T12:00:00.000Z",
        "last_close_at": "2026-03-02T08:59:00.000Z",
        "updated_at": "2026-03-02T08:59:30.333Z",
        "create_article_type": "email",
        "customer": {
            "id": 8,
            "email": "kund@example.se",
            "firstname": "Kim",
            "lastname": "Kund",
            "locale": "sv-se",
        },
        "owner": {
            "id": 5,
            "login": "alva",
            "email": "alva@example.se",
            "firstname": "Alva",
            "lastname": "Agent",
        },
        "group": {"id": 3, "name": "Support"},
        "case_type": "Invoice",
    },
    "article": {"id": 104, "internal": False},
}
CHATWOOT: dict[str, Any] = {
    "event": "conversation_status_changed",
    "id": 4711,
    "inbox_id": 3,
    "status": "resolved",
    "channel": "Channel::WebWidget",
    "labels": ["vip"],
    "updated_at": 1772441940.25,
    "custom_attributes": {"locale": "sv", "case_type": "Invoice"},
    "additional_attributes": {"browser_language": "en"},
    "changed_attributes": [{"status": {"previous_value": "open", "current_value": "resolved"}}],
    "meta": {
        "sender": {"id": 8, "identifier": "c-17", "name": "Kim Kund", "email": "kund@example.se"},
        "assignee": {"id": 5, "name": "Alva Agent"},
        "assignee_type": "User",
        "team": {"id": 2, "name": "Support"},
    },
}
BODIES = {
    "generic": FLAT,
    "zammad": ZAMMAD,
    "zendesk": FLAT,
    "freshdesk": FLAT,
    "freshservice": FLAT,
    "chatwoot": CHATWOOT,
    "standard": STANDARD,
}


def delivery(body: Any, headers: Mapping[str, str] | None = None) -> Delivery:
    """Unsigned, which is all that reading needs."""
    return Delivery(json.dumps(body).encode(), headers or {})


def changed(body: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    """A copy with this value there; None takes away what stands there."""
    copied = copy.deepcopy(body)
    *way, last = pointer.split("/")[1:]
    place = copied
    for step in way:
        if not isinstance(place.get(step), dict):
            place[step] = {}
        place = place[step]
    if value is None:
        place.pop(last, None)
    else:
        place[last] = value
    return copied


def signed(source: str, body: bytes, at: datetime = NOW, secret: str | None = None) -> Delivery:
    """As the helpdesk would send it at that time; `secret` is one secret."""
    chosen = SECRETS[source] if secret is None else secret
    return Delivery(body, _HEADERS[source](body, at, chosen))


def _shared(_: bytes, __: datetime, secret: str) -> dict[str, str]:
    return {"x-surveyapp-secret": secret}


def _zammad(body: bytes, _: datetime, secret: str) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return {"x-hub-signature": f"sha1={digest}", "x-zammad-delivery": "d-1"}


def _zendesk(body: bytes, at: datetime, secret: str) -> dict[str, str]:
    told = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hmac.new(secret.encode(), told.encode() + body, hashlib.sha256).digest()
    return {
        "x-zendesk-webhook-signature": base64.b64encode(digest).decode(),
        "x-zendesk-webhook-signature-timestamp": told,
        "x-zendesk-webhook-invocation-id": "8350205582",
    }


def _chatwoot(body: bytes, at: datetime, secret: str) -> dict[str, str]:
    seconds = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "x-chatwoot-signature": f"sha256={digest}",
        "x-chatwoot-timestamp": seconds,
        "x-chatwoot-delivery": "d-1",
    }


def _standard(body: bytes, at: datetime, secret: str) -> dict[str, str]:
    seconds = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"msg_1.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


_HEADERS = {
    "generic": _shared,
    "zammad": _zammad,
    "zendesk": _zendesk,
    "freshdesk": _shared,
    "freshservice": _shared,
    "chatwoot": _chatwoot,
    "standard": _standard,
}
