"""What a page behind the login says when something cannot be done."""

from collections.abc import Callable, Mapping

from flask import url_for
from flask.typing import ResponseReturnValue

from surveyapp.core.errors import (
    ClosedSurveyError,
    DatabaseFailedError,
    FieldError,
    InvalidLinkError,
    LastAdminError,
    LoginRefusedError,
    NotAllowedError,
    NotHeldError,
    NotWaitingError,
    PolicyError,
    SurveyappError,
    TooManyTriesError,
    UnknownHookError,
    UnknownInvitationError,
    UnknownKeyError,
    UnknownSurveyError,
    UnknownThingError,
    UsedLinkError,
)
from surveyapp.i18n import Language
from surveyapp.web.admin.frame import render
from surveyapp.web.admin.guard import visitor
from surveyapp.web.wiring import spoken_language

STATUS: dict[type[SurveyappError], tuple[int, str]] = {
    LoginRefusedError: (401, "logged_out"),
    NotAllowedError: (403, "forbidden"),
    UnknownInvitationError: (404, "missing"),
    UnknownSurveyError: (404, "missing"),
    UnknownHookError: (404, "missing"),
    UnknownKeyError: (404, "missing"),
    UnknownThingError: (404, "missing"),
    InvalidLinkError: (404, "missing"),
    NotWaitingError: (409, "late"),
    NotHeldError: (409, "late"),
    ClosedSurveyError: (409, "closed"),
    LastAdminError: (409, "last_admin"),
    UsedLinkError: (410, "used_link"),
    FieldError: (422, "malformed"),
    PolicyError: (422, "malformed"),
    TooManyTriesError: (429, "tries"),
    DatabaseFailedError: (503, "busy"),
}
"""Error -> HTTP status and the notice behind the login."""

HTTP = {404: "missing", 405: "missing", 413: "large"}

Words = Callable[[Language], tuple[str, str]]

NOTICES: Mapping[str, Words] = {
    "logged_out": lambda tongue: (
        # i18n: Heading of a page: a form was sent after the login had ended
        tongue.gettext("You are not logged in any more"),
        # i18n: A form was sent after the login had ended
        tongue.gettext("Nothing was saved. Log in and do it once more."),
    ),
    "stale_form": lambda tongue: (
        # i18n: Heading of a page: a form was sent that is none of ours, or too old
        tongue.gettext("This page was open too long"),
        # i18n: A form was sent that is too old
        tongue.gettext("Nothing was saved. Go back, load the page anew and send it once more."),
    ),
    "forbidden": lambda tongue: (
        # i18n: Heading of a page
        tongue.gettext("You may not do this"),
        # i18n: Somebody's role does not allow what they tried
        tongue.gettext("Your account does not have this right. An admin can give it to you."),
    ),
    "missing": lambda tongue: (
        # i18n: Heading of a page that does not exist
        tongue.gettext("There is nothing here"),
        # i18n: On a page that does not exist
        tongue.gettext("The address is wrong, it was removed, or it belongs to another team."),
    ),
    "late": lambda tongue: (
        # i18n: Heading of a page
        tongue.gettext("This is not possible any more"),
        # i18n: Somebody pressed a button for something that has changed meanwhile
        tongue.gettext("It has changed in the meantime. Go back and load the page anew."),
    ),
    "closed": lambda tongue: (
        # i18n: Heading of a page
        tongue.gettext("This survey is closed."),
        # i18n: A survey was to be sent that is closed
        tongue.gettext("An admin can open it again under Surveys."),
    ),
    "last_admin": lambda tongue: (
        # i18n: Heading of a page
        tongue.gettext("One admin has to remain"),
        # i18n: The only admin was to be disabled or get another role
        tongue.gettext("Give somebody else the role of an admin first."),
    ),
    "used_link": lambda tongue: (
        # i18n: Heading of a page that a mailed link leads to
        tongue.gettext("This link does not work any more"),
        # i18n: A mailed link works once and for a while
        tongue.gettext("It was used before or is too old. On the login page you can ask for a new one."),
    ),
    "tries": lambda tongue: (
        # i18n: Heading of a page
        tongue.gettext("Too many tries"),
        # i18n: Somebody has tried too often
        tongue.gettext("Please wait a few minutes."),
    ),
    "malformed": lambda tongue: (
        # i18n: Heading of a page
        tongue.gettext("This could not be read"),
        # i18n: A form was sent that no page of ours makes
        tongue.gettext("Nothing was saved. Go back, load the page anew and send it once more."),
    ),
    "large": lambda tongue: (
        # i18n: Heading of a page
        tongue.gettext("This is too large"),
        # i18n: A file or text was sent that is larger than is taken
        tongue.gettext("Nothing was saved. Divide it and send it in parts."),
    ),
    "busy": lambda tongue: (
        # i18n: Heading of the page that says to come back
        tongue.gettext("One moment, please"),
        # i18n: The database did not answer
        tongue.gettext("Nothing was saved, because the database does not answer. Try again in a moment."),
    ),
    "broken": lambda tongue: (
        # i18n: Heading of the page for an error that nobody foresaw
        tongue.gettext("Something went wrong"),
        # i18n: An error that nobody foresaw
        tongue.gettext(
            "Nothing was saved. It is in the server's log, where whoever runs this can look it up."
        ),
    ),
}


def notice(kind: str, status: int, wait_seconds: int | None = None) -> ResponseReturnValue:
    """The page for one of NOTICES."""
    tongue = spoken_language()
    heading, words = NOTICES[kind](tongue)
    inside = visitor() is not None
    # i18n: Button on a page that says why something was not done
    inward = tongue.gettext("To the first page")
    # i18n: Button on a page that says why something was not done
    way = inward if inside else tongue.gettext("To the login")
    url = url_for("admin_home.start" if inside else "admin_login.offer")
    seconds = 5 if status == 503 else wait_seconds
    page = render("notice.html", heading=heading, words=words, url=url, way=way)
    return page, status, {"Retry-After": str(seconds)} if seconds else {}


def of_error(error: SurveyappError) -> ResponseReturnValue:
    """The page of one of our errors."""
    status, kind = STATUS.get(type(error), (500, "broken"))
    return notice(kind, status, getattr(error, "seconds", None))


def of_http(status: int) -> ResponseReturnValue:
    """The page of what the framework refuses."""
    return notice(HTTP.get(status, "malformed" if status < 500 else "broken"), status)
