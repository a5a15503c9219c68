"""Do a request once: what `Idempotency-Key` asks for."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from flask import Response, current_app, g, json, request

from surveyapp import replies
from surveyapp.core.errors import FieldError, Problem
from surveyapp.db import Session
from surveyapp.replies import Given
from surveyapp.web.wiring import parts

HEADER = "Idempotency-Key"
LONGEST = 200

# For the API's description.
PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST},
    "description": "Name this request, and send it again safely for 24 hours",
}


def once(act: Callable[[Session], tuple[dict[str, Any], int]]) -> Response:
    """Act in a transaction and reply with its body and status; the same request again gets the same reply."""
    key = request.headers.get(HEADER)
    now = parts().clock()
    digest = sha256(b"\n".join((request.method.encode(), request.full_path.encode(), request.get_data())))
    with parts().database.transaction() as session:
        if key is None:
            return _reply(_given(*act(session)))
        _check(key)
        earlier = replies.given(session, g.api_key, key, digest.hexdigest(), now)
        if earlier is not None:
            return _reply(earlier, is_again=True)
        reply = _given(*act(session))
        replies.keep(session, g.api_key, key, digest.hexdigest(), reply, now)
    return _reply(reply)


def _check(key: str) -> None:
    if len(key) > LONGEST:
        raise FieldError(HEADER, Problem.LONG, n=LONGEST)
    if not key.strip() or not key.isprintable():
        raise FieldError(HEADER, Problem.NO_TEXT)


def _given(body: dict[str, Any], status: int) -> Given:
    return Given(status, json.dumps(body))


def _reply(given: Given, *, is_again: bool = False) -> Response:
    headers = {"Idempotency-Replayed": "true"} if is_again else {}
    return current_app.response_class(given.body, given.status, headers, content_type="application/json")
