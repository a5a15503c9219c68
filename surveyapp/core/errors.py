"""Everything that can go wrong, in our words."""

from enum import StrEnum


class SurveyappError(Exception):
    """The base of all our errors; its text is one plain sentence for the person who meets it."""


class SettingError(SurveyappError):
    """A setting is missing, weak or wrong; the text names it."""


class SchemaError(SurveyappError):
    """The database is not at the schema that this release needs."""


class DatabaseFailedError(SurveyappError):
    """The database is busy, full or gone; nothing of what was wanted was written."""


class InvalidLinkError(SurveyappError):
    """The token was not signed by us for this purpose, or nothing lies behind it."""


class ExpiredLinkError(SurveyappError):
    """The time in which this invitation could be answered is over, and nobody has answered."""


class EditWindowOverError(SurveyappError):
    """The answer stands: the time in which it could be changed is over."""


class ClosedSurveyError(SurveyappError):
    """The survey takes no answers any more, or the answer was withdrawn."""


class StaleNonceError(SurveyappError):
    """The page was not made by us for this invitation, or longer ago than a page lives."""


class RatingNotOnScaleError(SurveyappError):
    """The rating is not one of the question's ratings."""


class CommentMissingError(SurveyappError):
    """The question is answered by a comment, and none was written."""


class Problem(StrEnum):
    """What can be wrong with a field; surveyapp.problems says the same in four languages."""

    MISSING = "This is missing."
    UNKNOWN = "This is not known."
    TEXT = "This must be text."
    NO_TEXT = "This has characters that are no text."
    LONG = "This is longer than {n} characters."
    SHORT = "This is shorter than {n} characters."
    ADDRESS = "This is not an email address."
    NUMBER = "This must be a whole number from {low} to {high}."
    RANGE = "This must be a number from {low} to {high}."
    BOOLEAN = "This must be true or false."
    MOMENT = "This must be a date and time with its offset, such as 2026-03-02T09:00:00+01:00."
    DATE = "This must be a date such as 2026-03-02."
    FAR = "This is more than a year away."
    ZONE = "This is no time zone such as Europe/Stockholm."
    CHOICE = "This must be one of these: {choices}."
    MANY = "These are more than {n}."
    OBJECT = "This must be an object."
    LIST = "This must be a list."
    SURVEY = "There is no such survey."
    CLOSED = "The survey is closed."
    CURSOR = "This is no cursor of ours."
    COLOUR = "This is no colour such as #1f4b6e."
    TICKET_URL = "This must be an address that begins with https:// and holds {{ticket}} once."
    PAIR = "These two do not match."
    TAKEN = "This is already in use."
    WEAK = "This is too easy to guess."
    CODE = "This code is wrong or was used before."
    FILE = "This file cannot be used."
    AGENTS_OFF = "Figures about agents are not available here."
    AGENTS_UNNAMED = "Agents are not named here, so none can be chosen."
    WHOLE = "Choose a whole week, month, quarter or year that has ended."
    WHOLE_MONTHS = "Choose a whole month, quarter or year that has ended."
    ONE = "Choose only one of these at a time."
    ORDER = "The last day is before the first."
    PLACEHOLDER = "Curly brackets can hold nothing but {{company}}."


class FieldError(SurveyappError):
    """A field cannot be used; `values` fill the problem's placeholders."""

    def __init__(self, field: str, problem: Problem, **values: object) -> None:
        super().__init__(f"{field}: {problem.format(**values)}")
        self.field, self.problem, self.values = field, problem, values


class PolicyError(SurveyappError):
    """A rule of who is asked and when has a value that is no rule; the text names both."""


class UnknownSurveyError(SurveyappError):
    """There is no survey of that key."""


class UnknownInvitationError(SurveyappError):
    """There is no invitation of that id."""


class NotWaitingError(SurveyappError):
    """The invitation's mail is under way, gone or called off, so it cannot be changed any more."""


class UnknownHookError(SurveyappError):
    """There is no helpdesk connected under that name."""


class UnknownKeyError(SurveyappError):
    """There is no API key of that prefix."""


class KeyRefusedError(SurveyappError):
    """The key is none of ours, revoked or expired."""


class ScopeMissingError(SurveyappError):
    """The key is good, but not for this."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"The key lacks the scope {scope}.")
        self.scope = scope


class OtherRequestError(SurveyappError):
    """The same Idempotency-Key came with another request within a day."""


class RequestRunningError(SurveyappError):
    """The same request with the same Idempotency-Key is being answered at this moment."""


class MailRefusedError(SurveyappError):
    """The relay will never take this mail; trying again is useless."""

    def __init__(self, reason: str, *, is_address_gone: bool = False, is_policy: bool = False) -> None:
        """`is_address_gone`: no mail reaches the address. `is_policy`: the mail or its sender is unwanted."""
        super().__init__(reason)
        self.is_address_gone = is_address_gone
        self.is_policy = is_policy


class MailDelayedError(SurveyappError):
    """The relay does not take this mail now; nothing was sent, so trying again is safe.

    `is_general`: it would take no other mail either.
    """

    def __init__(self, reason: str, *, is_general: bool = False) -> None:
        super().__init__(reason)
        self.is_general = is_general


class MailUnknownError(SurveyappError):
    """The connection broke after the mail's last line; the relay may or may not have taken it."""


class LoginRefusedError(SurveyappError):
    """Address, password or code do not open anything; which of them is wrong is not said."""


class TooManyTriesError(SurveyappError):
    """Somebody has tried too often; `seconds` until the next try is worth it."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many tries; the next one is possible in {seconds} seconds.")
        self.seconds = seconds


class NotAllowedError(SurveyappError):
    """Whoever is logged in may not do this."""


class UsedLinkError(SurveyappError):
    """The link to set a password was used before, is too old, or none of ours."""


class UnknownThingError(SurveyappError):
    """There is no such user, file, helpdesk or other thing; or none that the person may know of."""


class LastAdminError(SurveyappError):
    """Nobody would be left who may administer the installation."""


class NotHeldError(SurveyappError):
    """The answer is not in a state in which this judgement can be made."""
