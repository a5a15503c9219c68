"""From our errors to HTTP: one table, and one plain page for each."""

import logging

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from surveyapp.core.errors import (
    ClosedSurveyError,
    CommentMissingError,
    DatabaseFailedError,
    EditWindowOverError,
    ExpiredLinkError,
    FieldError,
    InvalidLinkError,
    KeyRefusedError,
    NotWaitingError,
    OtherRequestError,
    RatingNotOnScaleError,
    RequestRunningError,
    ScopeMissingError,
    StaleNonceError,
    SurveyappError,
    UnknownHookError,
    UnknownInvitationError,
    UnknownSurveyError,
)
from surveyapp.sources.event import UnreadableError, UnverifiedError
from surveyapp.web import pages, problem

log = logging.getLogger(__name__)

STATUS: dict[type[SurveyappError], tuple[int, str]] = {
    InvalidLinkError: (404, "invalid"),
    ExpiredLinkError: (410, "expired"),
    EditWindowOverError: (410, "final"),
    ClosedSurveyError: (410, "closed"),
    RatingNotOnScaleError: (422, "rating"),
    CommentMissingError: (422, "rating"),
    StaleNonceError: (422, "stale"),
    DatabaseFailedError: (503, "busy"),
}
"""Error -> HTTP status and the message of the notice page."""

PROGRAMS: dict[type[SurveyappError], int] = {
    UnreadableError: 400,
    KeyRefusedError: 401,
    UnverifiedError: 401,
    ScopeMissingError: 403,
    UnknownInvitationError: 404,
    UnknownHookError: 404,
    NotWaitingError: 409,
    OtherRequestError: 409,
    RequestRunningError: 409,
    ClosedSurveyError: 422,
    FieldError: 422,
    UnknownSurveyError: 422,
    DatabaseFailedError: 503,
}
"""Error -> HTTP status where a program asks; there a closed survey is a field that cannot be used."""

HTTP = {404: "missing", 405: "method", 413: "large"}


def install(app: Flask) -> None:
    """Give every error its page; nothing reaches a customer as a traceback."""
    app.register_error_handler(SurveyappError, notice)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def notice(error: SurveyappError) -> ResponseReturnValue:
    """The page of one of our errors, or for a program its document, in the language of this request."""
    if problem.is_wanted():
        return problem.of_error(error, PROGRAMS[type(error)])
    status, kind = STATUS[type(error)]
    return pages.notice_page(kind), status, {"Retry-After": "5"} if status == 503 else {}


def _http(error: HTTPException) -> ResponseReturnValue:
    if problem.is_wanted():
        return problem.of_http(error)
    status = error.code or 500
    kind = HTTP.get(status, "malformed" if status < 500 else "broken")
    response = error.get_response()
    headers = {"Allow": response.headers["Allow"]} if "Allow" in response.headers else {}
    return pages.notice_page(kind), status, headers


def _unforeseen(error: Exception) -> ResponseReturnValue:
    log.error("an error nobody foresaw at %s", request.endpoint, exc_info=error)
    return problem.of_bug() if problem.is_wanted() else (pages.notice_page("broken"), 500)
