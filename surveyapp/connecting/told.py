"""What was made of a helpdesk's event, in a sentence."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC

from surveyapp.core.errors import Problem
from surveyapp.core.status import Cause, Status
from surveyapp.i18n import Language
from surveyapp.models import HookEvent
from surveyapp.problems import PROBLEMS
from surveyapp.reasons import CAUSES, explanation
from surveyapp.sources.event import Kind

Sentence = Callable[[Language], str]


def explain(tongue: Language, event: HookEvent) -> str:
    """For every outcome that surveyapp.hooks notes; what it does not know is an event of no use."""
    outcome = event.outcome or ""
    if outcome == _MISTAKE:
        return _mistake(tongue, is_tried_again=event.due_at is not None)
    if outcome in _PLAIN:
        return _PLAIN[outcome](tongue)
    if event.kind in _CALLED_OFF and (n := re.fullmatch(rf"{event.kind}: ([0-9]+) called off", outcome)):
        return _called_off(tongue, _CALLED_OFF[event.kind], int(n[1]))
    status, _, reason = outcome.partition(": ")
    if status in set(Status):
        return explanation(tongue, UTC, Status(status), reason or None)
    return _refused(tongue, outcome)


def _refused(tongue: Language, outcome: str) -> str:
    """By one of our errors."""
    for beginning, sentence in _BEGINNINGS.items():
        if outcome.startswith(beginning):
            return sentence(tongue)
    for problem, pattern in _FIELD_PROBLEMS.items():
        if found := pattern.fullmatch(outcome):
            values = found.groupdict()
            # i18n: What was made of a helpdesk's event; a sentence on what is wrong follows. {field}: email
            which = tongue.gettext(
                "The event has a field that cannot be used: {field}.", field=values.pop("field")
            )
            return f"{which} {PROBLEMS[problem](tongue, **values)}"
    # i18n: What was made of a helpdesk's event
    return tongue.gettext("The event could not be used.")


def _called_off(tongue: Language, cause: Cause, n: int) -> str:
    if n == 0:
        # i18n: After a sentence such as "The ticket was opened again."
        none = tongue.gettext("No survey was waiting.")
        return f"{CAUSES[cause](tongue)} {none}"
    # i18n: After a sentence such as "The ticket was opened again." {n}: 1
    some = tongue.ngettext("{n} survey was called off.", "{n} surveys were called off.", n)
    return f"{CAUSES[cause](tongue)} {some}"


def _mistake(tongue: Language, *, is_tried_again: bool) -> str:
    if is_tried_again:
        # i18n: What was made of a helpdesk's event
        return tongue.gettext("Something went wrong on our side; it is tried again shortly.")
    # i18n: What was made of a helpdesk's event
    return tongue.gettext("Something went wrong on our side; the server's log says what.")


_MISTAKE = "a mistake of ours; see the log"
_CALLED_OFF: Mapping[str | None, Cause] = {
    Kind.REOPENED: Cause.REOPENED,
    Kind.MERGED: Cause.MERGED,
    Kind.SPAM: Cause.SPAM,
    Kind.DELETED: Cause.DELETED,
}


def _no_ticket(tongue: Language) -> str:
    # i18n: What was made of a helpdesk's event
    return tongue.gettext("Nothing was done: the event names no ticket.")


_PLAIN: Mapping[str, Sentence] = {
    # i18n: What was made of a helpdesk's event
    "": lambda tongue: tongue.gettext("The event waits to be read."),
    # i18n: What was made of a helpdesk's event
    "test": lambda tongue: tongue.gettext("This was a test: it was read, and nobody was invited."),
    # i18n: What was made of a helpdesk's event
    "not invited: it names no address": lambda tongue: tongue.gettext(
        "Nobody was invited: the event names no email address."
    ),
    "ignored: it names no ticket": _no_ticket,
    "ignored: There is no ticket reference.": _no_ticket,
    # i18n: What was made of a helpdesk's event
    "ignored: It does not say what happened.": lambda tongue: tongue.gettext(
        "Nothing was done: the event does not say what happened."
    ),
    # i18n: What was made of a helpdesk's event: for example a ticket was assigned to somebody
    "ignored: What happened asks for nothing.": lambda tongue: tongue.gettext(
        "Nothing was done: no survey depends on what happened."
    ),
    # i18n: What was made of a helpdesk's event
    "ignored: The ticket has never been closed.": lambda tongue: tongue.gettext(
        "Nothing was done: the ticket has never been closed."
    ),
    # i18n: What was made of a helpdesk's event
    "ignored: The status changed, but the ticket was not reopened.": lambda tongue: tongue.gettext(
        "Nothing was done: the status changed, but the ticket was not opened again."
    ),
    # i18n: What was made of a helpdesk's event
    "ignored: The conversation was not resolved before.": lambda tongue: tongue.gettext(
        "Nothing was done: the conversation was not resolved before."
    ),
    # i18n: What was made of a helpdesk's event
    "The body is larger than any ticket.": lambda tongue: tongue.gettext(
        "The event could not be read: it is larger than any ticket."
    ),
    # i18n: What was made of a helpdesk's event; an object is JSON's {}
    "The body is JSON, but not an object.": lambda tongue: tongue.gettext(
        "The event could not be read: it is JSON, but no object."
    ),
}
_BEGINNINGS: Mapping[str, Sentence] = {
    # i18n: What was made of a helpdesk's event; JSON is a way to write data
    "The body is no readable JSON": lambda tongue: tongue.gettext(
        "The event could not be read: it is no valid JSON."
    ),
    # i18n: What was made of a helpdesk's event
    "The survey ": lambda tongue: tongue.gettext("Nobody was invited: the survey is closed."),
    # i18n: What was made of a helpdesk's event
    "There is no survey ": lambda tongue: tongue.gettext("Nobody was invited: there is no such survey."),
}


def _pattern(problem: Problem) -> re.Pattern[str]:
    """Of an error's text, with the names of its placeholders."""
    sentence = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(problem.value))
    return re.compile(rf"(?P<field>[^:]+): {sentence}")


_FIELD_PROBLEMS: Mapping[Problem, re.Pattern[str]] = {
    problem: _pattern(problem)
    for problem in (
        Problem.MISSING,
        Problem.NO_TEXT,
        Problem.LONG,
        Problem.ADDRESS,
        Problem.NUMBER,
        Problem.MOMENT,
        Problem.FAR,
        Problem.ZONE,
        Problem.MANY,
    )
}
"""What can be wrong with what a helpdesk says of a customer."""
