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
    InvalidLinkError,
    RatingNotOnScaleError,
    StaleNonceError,
    SurveyappError,
)
from surveyapp.web import pages

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

HTTP = {404: "missing", 405: "method", 413: "large"}


def install(app: Flask) -> None:
    """Give every error its page; nothing reaches a customer as a traceback."""
    app.register_error_handler(SurveyappError, notice)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def notice(error: SurveyappError) -> ResponseReturnValue:
    """The page of one of our errors, in the language of this request."""
    status, kind = STATUS[type(error)]
    return pages.notice_page(kind), status, {"Retry-After": "5"} if status == 503 else {}


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    kind = HTTP.get(status, "malformed" if status < 500 else "broken")
    response = error.get_response()
    headers = {"Allow": response.headers["Allow"]} if "Allow" in response.headers else {}
    return pages.notice_page(kind), status, headers


def _unforeseen(error: Exception) -> ResponseReturnValue:
    log.error("an error nobody foresaw at %s", request.endpoint, exc_info=error)
    return pages.notice_page("broken"), 500
