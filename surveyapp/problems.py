"""What is wrong with a field or a request, in four languages."""

from collections.abc import Callable, Mapping

from surveyapp.core.errors import FieldError, Problem
from surveyapp.i18n import Language

Sentence = Callable[..., str]


def field_sentence(error: FieldError, tongue: Language) -> str:
    """What is wrong with the field, without its name."""
    return PROBLEMS[error.problem](tongue, **error.values)


PROBLEMS: Mapping[Problem, Sentence] = {
    # i18n: What is wrong with a field
    Problem.MISSING: lambda tongue: tongue.gettext("This is missing."),
    # i18n: What is wrong with a field: there is none of that name
    Problem.UNKNOWN: lambda tongue: tongue.gettext("This is not known."),
    # i18n: What is wrong with a field
    Problem.TEXT: lambda tongue: tongue.gettext("This must be text."),
    # i18n: What is wrong with a field
    Problem.NO_TEXT: lambda tongue: tongue.gettext("This has characters that are no text."),
    # i18n: What is wrong with a field. {n}: 200
    Problem.LONG: lambda tongue, n: tongue.gettext("This is longer than {n} characters.", n=n),
    # i18n: What is wrong with a field. {n}: 16
    Problem.SHORT: lambda tongue, n: tongue.gettext("This is shorter than {n} characters.", n=n),
    # i18n: What is wrong with a field
    Problem.ADDRESS: lambda tongue: tongue.gettext("This is not an email address."),
    # i18n: What is wrong with a field. {low}: 0, {high}: 100
    Problem.NUMBER: lambda tongue, low, high: tongue.gettext(
        "This must be a whole number from {low} to {high}.", low=low, high=high
    ),
    # i18n: What is wrong with a field: the number may have decimals. {low}: 1, {high}: 7
    Problem.RANGE: lambda tongue, low, high: tongue.gettext(
        "This must be a number from {low} to {high}.", low=low, high=high
    ),
    # i18n: What is wrong with a field; true and false are words of JSON and stay English
    Problem.BOOLEAN: lambda tongue: tongue.gettext("This must be true or false."),
    # i18n: What is wrong with a field; the offset is the time zone's distance from UTC
    Problem.MOMENT: lambda tongue: tongue.gettext(
        "This must be a date and time with its offset, such as 2026-03-02T09:00:00+01:00."
    ),
    # i18n: What is wrong with a field
    Problem.DATE: lambda tongue: tongue.gettext("This must be a date such as 2026-03-02."),
    # i18n: What is wrong with a field: a moment in the future
    Problem.FAR: lambda tongue: tongue.gettext("This is more than a year away."),
    # i18n: What is wrong with a field
    Problem.ZONE: lambda tongue: tongue.gettext("This is no time zone such as Europe/Stockholm."),
    # i18n: What is wrong with a field. {choices}: nps, csat, ces
    Problem.CHOICE: lambda tongue, choices: tongue.gettext(
        "This must be one of these: {choices}.", choices=choices
    ),
    # i18n: What is wrong with a list. {n}: 1000
    Problem.MANY: lambda tongue, n: tongue.gettext("These are more than {n}.", n=n),
    # i18n: What is wrong with a field; an object is JSON's {}
    Problem.OBJECT: lambda tongue: tongue.gettext("This must be an object."),
    # i18n: What is wrong with a field
    Problem.LIST: lambda tongue: tongue.gettext("This must be a list."),
    # i18n: What is wrong with a field
    Problem.SURVEY: lambda tongue: tongue.gettext("There is no such survey."),
    # i18n: What is wrong with a choice of figures
    Problem.AGENTS_OFF: lambda tongue: tongue.gettext("Figures about agents are not available here."),
    # i18n: What is wrong with a choice of figures: agents appear under pseudonyms, or not at all
    Problem.AGENTS_UNNAMED: lambda tongue: tongue.gettext(
        "Agents are not named here, so none can be chosen."
    ),
    # i18n: What is wrong with the period of figures
    Problem.WHOLE: lambda tongue: tongue.gettext(
        "Choose a whole week, month, quarter or year that has ended."
    ),
    # i18n: What is wrong with the period of figures
    Problem.WHOLE_MONTHS: lambda tongue: tongue.gettext(
        "Choose a whole month, quarter or year that has ended."
    ),
    # i18n: What is wrong with a choice of figures: they are either of one team, or by channel, and so on
    Problem.ONE: lambda tongue: tongue.gettext("Choose only one of these at a time."),
    # i18n: What is wrong with the period of figures
    Problem.ORDER: lambda tongue: tongue.gettext("The last day is before the first."),
    # i18n: What is wrong with a field
    Problem.COLOUR: lambda tongue: tongue.gettext("This is no colour such as #1f4b6e."),
    # i18n: What is wrong with a field. {ticket}: {ticket}, as it stands there
    Problem.TICKET_URL: lambda tongue: tongue.gettext(
        "This must be an address that begins with https:// and holds {ticket} once.", ticket="{ticket}"
    ),
    # i18n: What is wrong with a field: the password was to be typed twice
    Problem.PAIR: lambda tongue: tongue.gettext("These two do not match."),
    # i18n: What is wrong with a field: the address of a new user, a name
    Problem.TAKEN: lambda tongue: tongue.gettext("This is already in use."),
    # i18n: What is wrong with a new password
    Problem.WEAK: lambda tongue: tongue.gettext("This is too easy to guess."),
    # i18n: What is wrong with a field: a code of an authenticator app, or a recovery code
    Problem.CODE: lambda tongue: tongue.gettext("This code is wrong or was used before."),
    # i18n: What is wrong with a file that was chosen
    Problem.FILE: lambda tongue: tongue.gettext("This file cannot be used."),
    # i18n: What is wrong with a text of a survey. {company}: {company}, as it stands there
    Problem.PLACEHOLDER: lambda tongue: tongue.gettext(
        "Curly brackets can hold nothing but {company}.", company="{company}"
    ),
    # i18n: What is wrong with a request
    Problem.CLOSED: lambda tongue: tongue.gettext("The survey is closed."),
    # i18n: What is wrong with a field: a cursor marks where a list goes on
    Problem.CURSOR: lambda tongue: tongue.gettext("This is no cursor of ours."),
}

REQUESTS: Mapping[int, Callable[[Language], str]] = {
    # i18n: Why a program's request was refused
    400: lambda tongue: tongue.gettext("The request cannot be read."),
    # i18n: Why a program's request was refused
    401: lambda tongue: tongue.gettext("The API key is missing, wrong, revoked or expired."),
    # i18n: Why a program's request was refused
    403: lambda tongue: tongue.gettext("The API key may not do this."),
    # i18n: Why a program's request was refused
    404: lambda tongue: tongue.gettext("There is nothing at this address."),
    # i18n: Why a program's request was refused; the method is GET, POST ...
    405: lambda tongue: tongue.gettext("This address does not take this method."),
    # i18n: Why a program's request was refused
    409: lambda tongue: tongue.gettext("The request does not fit what is there."),
    # i18n: Why a program's request was refused
    413: lambda tongue: tongue.gettext("The request is too large."),
    # i18n: Why a program's request was refused
    415: lambda tongue: tongue.gettext("The request must be JSON."),
    # i18n: Why a program's request was refused
    422: lambda tongue: tongue.gettext("Some fields cannot be used."),
    # i18n: Why a program's request failed
    500: lambda tongue: tongue.gettext("Something went wrong on our side."),
    # i18n: Why a program's request failed
    503: lambda tongue: tongue.gettext("The service is busy. Try again in a moment."),
}
"""HTTP status -> what it means here."""


def other_request(tongue: Language) -> str:
    """Of an Idempotency-Key that was used before."""
    # i18n: Why a program's request was refused; Idempotency-Key is the name of a header
    return tongue.gettext("This Idempotency-Key was used for another request within the last 24 hours.")


def running_request(tongue: Language) -> str:
    """Of an Idempotency-Key that is in use."""
    # i18n: Why a program's request was refused; Idempotency-Key is the name of a header
    return tongue.gettext("A request with this Idempotency-Key is being answered at this moment.")


def not_waiting(tongue: Language) -> str:
    """Of an invitation that cannot be called off."""
    # i18n: Why a program's request was refused
    return tongue.gettext("Only a survey that still waits to be sent can be called off.")


def missing_scope(tongue: Language, scope: str) -> str:
    """Of a key."""
    # i18n: Why a program's request was refused; a scope says what a key may do. {scope}: invite
    return tongue.gettext("The API key lacks the scope {scope}.", scope=scope)
