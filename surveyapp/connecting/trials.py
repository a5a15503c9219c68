"""A test event: made as the helpdesk would send it, and taken in by the same door."""

import base64
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha1, sha256
from typing import Any

from surveyapp import hooks
from surveyapp.config import Settings
from surveyapp.connecting.triggers import TRIGGERS
from surveyapp.db import Session
from surveyapp.models import Hook, HookEvent
from surveyapp.sources.event import Delivery
from surveyapp.sources.fields import FIELDS
from surveyapp.sources.pointers import find, steps
from surveyapp.sources.signing import SECRET_HEADER, base64_hmac

_VALUE = "test"


def test_event(session: Session, settings: Settings, hook_name: str, now: datetime) -> HookEvent:
    """Store an event of a solved ticket for the worker, which reads it and invites nobody.

    Every call is another event. It holds what the helpdesk's text asks for, at the places of the mapping.
    Raises UnknownHookError, and UnverifiedError when the secret proves nothing.
    """
    hook = hooks.find_hook(session, hook_name)
    body = json.dumps(_document(hook, settings, now), ensure_ascii=False).encode()
    headers = _SIGNED[hook.source](body, _first(hook.secret), now)
    hooks.receive(session, hook.name, Delivery(body, headers), now)
    return next(event for event in hooks.last_events(session, hook.name) if event.body == body)


def _document(hook: Hook, settings: Settings, now: datetime) -> dict[str, Any]:
    values = _values(hook.source, settings, now)
    document: dict[str, Any] = {}
    # What is mapped comes first, as it does when an event is read.
    for name, pointer in hook.mapping.items():
        if name in values or name.startswith("property."):
            _place(document, _ROOTS.get(hook.source, "") + pointer, values.get(name, _VALUE))
    for name, pointer in _places(hook.source).items():
        if name not in hook.mapping:
            _place(document, pointer, values[name])
    return document | _FIXED.get(hook.source, {})


def _values(source: str, settings: Settings, now: datetime) -> dict[str, Any]:
    """A value for each field but the tags, which could only say that the ticket is none to ask about."""
    ticket = f"TEST-{secrets.token_hex(4)}"
    values: dict[str, Any] = {name: _VALUE for name in FIELDS if name != "tags"}
    return values | {
        "kind": _SOLVED.get(source, "solved"),
        "ticket_ref": ticket,
        "occasion": ticket,
        "at": now.isoformat(),
        "address": hooks.TEST_ADDRESS,
        "locale": settings.locale,
        "agent_replies": 1,
    }


def _places(source: str) -> Mapping[str, str]:
    """Field -> where this source tells it, as far as its text does."""
    if source in _OWN_PLACES:
        return _OWN_PLACES[source]
    told = json.loads(TRIGGERS[source])
    root = _ROOTS.get(source, "")
    flat = {name: root + pointer for name, pointer in _FLAT.items()} | _ENVELOPES.get(source, {})
    return {name: pointer for name, pointer in flat.items() if find(told, pointer) is not None}


def _place(document: dict[str, Any], pointer: str, value: Any) -> None:
    """Put it there unless something else is in the way; an index is a name, too, as far as reading goes."""
    if not (way := steps(pointer)):
        return
    place = document
    for step in way[:-1]:
        below = place.setdefault(step, {})
        if not isinstance(below, dict):
            return
        place = below
    place.setdefault(way[-1], value)


def _first(secret: str) -> str:
    """Of several, one to a line."""
    return next((line.strip() for line in secret.splitlines() if line.strip()), "")


def _shared(_: bytes, secret: str, __: datetime) -> dict[str, str]:
    return {SECRET_HEADER: secret}


def _zammad(body: bytes, secret: str, _: datetime) -> dict[str, str]:
    # Zammad signs with nothing else.
    return {"x-hub-signature": f"sha1={hmac.new(secret.encode(), body, sha1).hexdigest()}"}


def _zendesk(body: bytes, secret: str, now: datetime) -> dict[str, str]:
    told = now.isoformat()
    return {
        "x-zendesk-webhook-signature": base64_hmac(secret.encode(), told.encode() + body),
        "x-zendesk-webhook-signature-timestamp": told,
    }


def _chatwoot(body: bytes, secret: str, now: datetime) -> dict[str, str]:
    seconds = f"{now.timestamp():.0f}"
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, sha256).hexdigest()
    return {"x-chatwoot-signature": f"sha256={digest}", "x-chatwoot-timestamp": seconds}


def _standard(body: bytes, secret: str, now: datetime) -> dict[str, str]:
    own_id, seconds = f"msg_{secrets.token_hex(12)}", f"{now.timestamp():.0f}"
    signature = base64_hmac(_key(secret), f"{own_id}.{seconds}.".encode() + body)
    return {
        "webhook-id": own_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{signature}",
    }


def _key(secret: str) -> bytes:
    """Of a secret that is none it is empty, and what is signed with it is refused."""
    encoded = secret.removeprefix("whsec_").rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        return b""


_SIGNED: Mapping[str, Callable[[bytes, str, datetime], dict[str, str]]] = {
    "generic": _shared,
    "freshdesk": _shared,
    "freshservice": _shared,
    "zammad": _zammad,
    "zendesk": _zendesk,
    "chatwoot": _chatwoot,
    "standard": _standard,
}
_SOLVED = {"zammad": "closed", "chatwoot": "resolved", "standard": "ticket.solved"}
_ROOTS = {"standard": "/data"}
_ENVELOPES = {"standard": {"kind": "/type", "at": "/timestamp"}}
_FIXED = {"chatwoot": {"event": "conversation_status_changed"}}
_FLAT = {
    "kind": "/event",
    "ticket_ref": "/ticket",
    "at": "/at",
    "address": "/address",
    "recipient_name": "/name",
    "customer_ref": "/customer",
    "locale": "/locale",
    "agent_ref": "/agent",
    "agent_name": "/agent_name",
    "agent_replies": "/agent_replies",
    "team": "/team",
    "case_type": "/case_type",
    "channel": "/channel",
}
# Without what somebody must first add to the tickets there.
_OWN_PLACES: Mapping[str, Mapping[str, str]] = {
    "zammad": {
        "kind": "/ticket/state",
        "ticket_ref": "/ticket/id",
        "at": "/ticket/last_close_at",
        "address": "/ticket/customer/email",
        "recipient_name": "/ticket/customer/firstname",
        "customer_ref": "/ticket/customer/id",
        "agent_ref": "/ticket/owner/email",
        "agent_name": "/ticket/owner/firstname",
        "team": "/ticket/group/name",
        "channel": "/ticket/create_article_type",
    },
    "chatwoot": {
        "kind": "/status",
        "ticket_ref": "/id",
        "at": "/updated_at",
        "address": "/meta/sender/email",
        "recipient_name": "/meta/sender/name",
        "customer_ref": "/meta/sender/identifier",
        "locale": "/additional_attributes/browser_language",
        "agent_ref": "/meta/assignee/id",
        "agent_name": "/meta/assignee/name",
        "team": "/meta/team/name",
        "channel": "/channel",
    },
}
