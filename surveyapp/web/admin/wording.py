"""How invitations and answers are worded on the pages behind the login."""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, urlsplit

from flask import request

from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.evidence import Evidence, State, Verdict
from surveyapp.core.scales import Metric
from surveyapp.core.status import ERASED, Happening, Status
from surveyapp.finding import OUR_WORDS, Found, Given, Own, Told
from surveyapp.i18n import Language
from surveyapp.judging import Listed
from surveyapp.metric_names import metric_name
from surveyapp.reasons import explanation, happening_sentence, held_sentence, verdict_sentence
from surveyapp.surveys import Question, Version
from surveyapp.timeline import Entry
from surveyapp.web.wiring import parts, spoken_language

Pill = tuple[Callable[[Language], str], str]
"""A state in a word, and its tone."""

STATES: Mapping[Status, Pill] = {
    # i18n: State of an invitation, in a word or two: its email is still to be sent
    Status.QUEUED: (lambda tongue: tongue.gettext("Waiting"), "wait"),
    # i18n: State of an invitation, in a word or two: its email is going out now
    Status.SENDING: (lambda tongue: tongue.gettext("Going out"), "wait"),
    # i18n: State of an invitation, in a word or two
    Status.SENT: (lambda tongue: tongue.gettext("Sent"), "plain"),
    # i18n: State of an invitation without an email, in a word or two
    Status.LINKED: (lambda tongue: tongue.gettext("Link handed out"), "plain"),
    # i18n: State of an invitation, in a word or two: the rules were against asking the customer
    Status.REFUSED: (lambda tongue: tongue.gettext("Not asked"), "plain"),
    # i18n: State of an invitation, in a word or two
    Status.CANCELLED: (lambda tongue: tongue.gettext("Called off"), "plain"),
    # i18n: State of an invitation, in a word or two
    Status.FAILED: (lambda tongue: tongue.gettext("Not delivered"), "bad"),
    # i18n: State of an invitation, in a word or two: nobody knows whether its email arrived
    Status.UNKNOWN: (lambda tongue: tongue.gettext("Uncertain"), "wait"),
    # i18n: State of an invitation, in a word or two: it comes from an older system
    Status.IMPORTED: (lambda tongue: tongue.gettext("Imported"), "plain"),
}

ANSWERS: Mapping[State, Pill] = {
    # i18n: State of an answer, in a word: it does not count yet
    State.HELD: (lambda tongue: tongue.gettext("Held"), "wait"),
    # i18n: State of an answer, in a word: it is part of the scores
    State.COUNTED: (lambda tongue: tongue.gettext("Counts"), "good"),
    # i18n: State of an answer, in a word: somebody decided that it does not count
    State.REFUSED: (lambda tongue: tongue.gettext("Refused"), "plain"),
    # i18n: State of an answer, in a word: somebody took it out of the scores
    State.VOID: (lambda tongue: tongue.gettext("Withdrawn"), "plain"),
}

SCHEMES = ("http", "https")


def words_for() -> dict[str, object]:
    """What templates call to word things in the language of this request."""
    return {
        "pill_of": pill_of,
        "became": became,
        "answer_pill": answer_pill,
        "answer_sentence": answer_sentence,
        "survey_name": survey_name,
        "question_of": question_of,
        "rating_of": rating_of,
        "main_rating": main_rating,
        "happened": lambda entry: happening_sentence(spoken_language(), entry),
        "servers_words": servers_words,
    }


def state_choices() -> list[tuple[str, str]]:
    """Every state of invitations, to choose from."""
    return [(str(status), words(spoken_language())) for status, (words, _) in STATES.items()]


def pill_of(found: Found) -> tuple[str, str]:
    """Words and tone; that there is an answer outweighs how it was asked for."""
    if found.is_answered and found.status is not Status.IMPORTED:
        # i18n: State of an invitation, in a word or two: there is an answer that counts
        return spoken_language().gettext("Answered"), "good"
    words, tone = STATES[found.status]
    return words(spoken_language()), tone


def became(found: Found) -> str:
    """What became of it, to read out."""
    return explanation(
        spoken_language(),
        parts().settings.timezone,
        found.status,
        found.reason,
        allowed_from=found.allowed_from,
        send_at=found.send_at,
        accepted_at=found.accepted_at,
    )


def answer_pill(state: State) -> tuple[str, str]:
    """Words and tone."""
    words, tone = ANSWERS[state]
    return words(spoken_language()), tone


def answer_sentence(told: Told | Listed) -> str:
    """Why the answer is in its state."""
    if told.state is State.HELD:
        return held_sentence(spoken_language(), told.reason)
    what, detail = _JUDGED.get(told.state, Happening.COUNTED), told.reason
    if what is Happening.COUNTED and isinstance(told, Told):
        is_released = told.evidence is Evidence.RELEASED
        what, detail = (Happening.RELEASED, told.reason) if is_released else (what, told.evidence)
    return happening_sentence(spoken_language(), Entry(parts().clock(), what, detail))


def survey_name(key: str) -> str:
    """By its metric; by its key where that is none."""
    return metric_name(spoken_language(), Metric(key)) if key in set(Metric) else key


def question_of(version: Version, given: Given) -> str:
    """As the customer read it, in the language of this request."""
    question = _question(version, given.question)
    text = version.text(spoken_language().code, question).question if question else given.question
    return text.replace("{company}", parts().settings.company)


def rating_of(version: Version, given: Given) -> str:
    """A rating as people read it: the number, and its words where it has some."""
    question = _question(version, given.question)
    return _rating(version, question, given.rating) if question else str(given.rating)


def main_rating(listed: Listed | Own) -> str:
    """Of the question in the mail; "" for a comment alone."""
    return "" if listed.rating is None else _rating(listed.version, listed.version.main, listed.rating)


def servers_words(entry: Entry) -> str:
    """What a mail server replied; "" where the entry says it in our words."""
    return entry.detail if entry.detail and entry.detail not in OUR_WORDS else ""


def helpdesk_url(ticket_ref: str) -> str:
    """Where the ticket is found in the helpdesk; "" when nobody has said, or not as an address of the web."""
    if ticket_ref.startswith(ERASED):
        return ""
    pattern = parts().settings.own.ticket_url
    url = pattern.replace("{ticket}", quote(ticket_ref, safe=""))
    return url if "{ticket}" in pattern and urlsplit(pattern).scheme in SCHEMES else ""


def verdicts(offered: Iterable[Verdict]) -> list[tuple[str, str]]:
    """Reasons to choose from."""
    return [(str(verdict), verdict_sentence(spoken_language(), verdict)) for verdict in offered]


def chosen_verdict(offered: Iterable[Verdict]) -> Verdict:
    """The reason that a form names; FieldError for one that it did not offer."""
    said = request.form.get("why", "")
    if said not in set(offered):
        raise FieldError("why", Problem.UNKNOWN)
    return Verdict(said)


_JUDGED: Mapping[State, Happening] = {
    State.REFUSED: Happening.ANSWER_REFUSED,
    State.VOID: Happening.WITHDRAWN,
}


def _question(version: Version, key: str) -> Question | None:
    return next((question for question in version.questions if question.key == key), None)


def _rating(version: Version, question: Question, rating: int) -> str:
    tongue = spoken_language()
    words = version.text(tongue.code, question).labels.get(rating, "")
    if words:
        return f"{rating} – {words}"
    scale = question.scale
    if scale is None or scale.highest != 10:
        return str(rating)
    if scale.lowest == 0:
        # i18n: A rating as a screen reader says it, on the scale 0 to 10. {n}: 7
        return tongue.gettext("{n} on a scale from 0 to 10", n=rating)
    # i18n: A rating as a screen reader says it, on the scale 1 to 10. {n}: 7
    return tongue.gettext("{n} on a scale from 1 to 10", n=rating)
