"""Who may do what: every operation of the API names the scope that its key needs."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from flask import abort, current_app, g, json, request

from surveyapp import keys
from surveyapp.core.access import Reader, program
from surveyapp.core.errors import DatabaseFailedError, KeyRefusedError, ScopeMissingError
from surveyapp.keys import Scope
from surveyapp.models import ApiKey
from surveyapp.web.wiring import parts

log = logging.getLogger(__name__)

LARGEST_BODY = 8 * 1024 * 1024

View = TypeVar("View", bound=Callable[..., Any])


def needs(scope: Scope) -> Callable[[View], View]:
    """Mark an operation with its scope; an operation without one is refused to everybody."""

    def decorate(view: View) -> View:
        view.needed_scope = scope  # type: ignore[attr-defined]
        return view

    return decorate


def reader() -> Reader:
    """Whose figures this request's key reads: without `export` it is bound as people are."""
    mode = parts().settings.own.agent_figures
    return program(mode, opens_answers=Scope.EXPORT in g.scopes)


def check_key() -> None:
    """Let the request pass only with a key that opens something now and has the operation's scope."""
    request.max_content_length = LARGEST_BODY
    now = parts().clock()
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise KeyRefusedError
    with parts().database.reading() as session:
        key = keys.find_key(session, given.strip(), now)
        g.api_key = key.prefix
        g.scopes = frozenset(key.scopes)
        _check_scope(key)
        is_news = keys.is_use_news(key, now)
    if request.method == "POST" and request.content_length:
        _check_body()
    if is_news:
        _note_use(key.prefix, now)


def _check_body() -> None:
    """What no reader of JSON takes, such as brackets without end, is nobody's mistake but the sender's."""
    if not request.is_json:
        abort(415)
    try:
        json.loads(request.get_data())
    except (RecursionError, ValueError):
        abort(400)


def _note_use(prefix: str, now: datetime) -> None:
    try:
        with parts().database.transaction() as session:
            keys.note_use(session, prefix, now)
    except DatabaseFailedError:
        log.warning("the last use of key %s could not be noted", prefix)


def _check_scope(key: ApiKey) -> None:
    scope = getattr(current_app.view_functions[request.endpoint or ""], "needed_scope", None)
    if scope is None or scope not in key.scopes:
        raise ScopeMissingError(scope or "")
