"""Everything that can go wrong, in our words."""


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


class FieldError(SurveyappError):
    """A field of an invitation cannot be used; the text says which and why."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class UnknownSurveyError(SurveyappError):
    """There is no survey of that key."""


class MailRefusedError(SurveyappError):
    """The relay will never take this mail; trying again is useless."""


class MailDelayedError(SurveyappError):
    """The relay does not take this mail now; nothing was sent, so trying again is safe."""


class MailUnknownError(SurveyappError):
    """The connection broke after the mail's last line; the relay may or may not have taken it."""
