"""The pages behind the login."""

import logging

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from surveyapp.core.errors import SurveyappError
from surveyapp.web.admin import (
    account,
    act,
    again,
    agents,
    both,
    breakdown,
    comments,
    connect,
    exports,
    figures,
    held,
    home,
    invitations,
    keys,
    login,
    look,
    markers,
    mine,
    oidc,
    people,
    privacy,
    quiet,
    records,
    send,
    settings,
    summaries,
    surveys,
    tickets,
    words,
)
from surveyapp.web.admin.guard import CSRFError, LoggedOutError, csrf
from surveyapp.web.admin.notices import of_error, of_http

log = logging.getLogger(__name__)

MODULES = (
    account,
    act,
    again,
    agents,
    both,
    breakdown,
    comments,
    connect,
    exports,
    figures,
    held,
    home,
    invitations,
    keys,
    login,
    look,
    markers,
    mine,
    people,
    privacy,
    quiet,
    records,
    send,
    settings,
    summaries,
    surveys,
    tickets,
    words,
)


def install(app: Flask) -> None:
    """Everything below /admin."""
    csrf.init_app(app)
    for module in MODULES:
        app.register_blueprint(module.bp)
    oidc.install(app)


def _http(error: HTTPException) -> ResponseReturnValue:
    return of_http(error.code or 500)


def _unforeseen(error: Exception) -> ResponseReturnValue:
    log.error("an error nobody foresaw at %s", request.endpoint, exc_info=error)
    return of_http(500)


def _stale(_error: CSRFError) -> ResponseReturnValue:
    return again.of_stale()


def _logged_out(_error: LoggedOutError) -> ResponseReturnValue:
    return again.of_logged_out()


# A blueprint of Flask's serves every app of a process, and so gets its handlers once.
for _module in (*MODULES, oidc):
    _module.bp.register_error_handler(SurveyappError, of_error)
    _module.bp.register_error_handler(CSRFError, _stale)
    _module.bp.register_error_handler(LoggedOutError, _logged_out)
    _module.bp.register_error_handler(HTTPException, _http)
    _module.bp.register_error_handler(Exception, _unforeseen)
