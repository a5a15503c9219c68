"""Every outcome can be told to a customer, in four languages."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from surveyapp.core.errors import Problem
from surveyapp.core.evidence import Evidence, Reason, Verdict
from surveyapp.core.policy import Refusal
from surveyapp.core.status import Cause, Happening, Status
from surveyapp.i18n import LANGUAGES, Language, language
from surveyapp.problems import PROBLEMS, REQUESTS
from surveyapp.reasons import (
    CAUSES,
    COUNTED,
    HAPPENINGS,
    HELD,
    REFUSALS,
    STATES,
    VERDICTS,
    explanation,
    happening_sentence,
    held_sentence,
    nothing_known,
    verdict_sentence,
)

STOCKHOLM = ZoneInfo("Europe/Stockholm")
MOMENT = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)

# These are told in a mail server's or our own technical words, beside a sentence on the state.
WITHOUT_SENTENCE = {Cause.WORKER_STOPPED, Cause.GIVEN_UP}


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("status", list(Status))
def test_every_outcome_is_one_clean_sentence(code: str, status: Status) -> None:
    told = explanation(language(code), STOCKHOLM, status, None)
    assert told[0].isupper() and told.endswith(".") and "{" not in told


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_reason_has_a_sentence_of_its_own(code: str) -> None:
    tongue = language(code)
    refusals = [explanation(tongue, STOCKHOLM, Status.REFUSED, reason) for reason in Refusal]
    causes = [explanation(tongue, STOCKHOLM, Status.CANCELLED, cause) for cause in CAUSES]
    assert len(set(refusals)) == len(Refusal) and len(set(causes)) == len(CAUSES)
    assert set(Cause) - CAUSES.keys() == WITHOUT_SENTENCE


def test_no_reason_and_no_state_is_forgotten() -> None:
    assert REFUSALS.keys() == set(Refusal) and STATES.keys() == set(Status)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("en", ("The customer was asked only recently. "
                "A new survey may be sent from 1 April 2026 at 14:00 on.")),
        ("sv", ("Kunden har fått en enkät helt nyligen. "
                "En ny enkät kan skickas från och med 1 april 2026 kl. 14:00.")),
        ("ro", ("Clientul a primit recent un sondaj. "
                "Un nou sondaj poate fi trimis începând cu 1 aprilie 2026, ora 14:00.")),
        ("de", ("Die Person wurde erst vor Kurzem befragt. "
                "Eine neue Umfrage ist ab dem 1. April 2026 um 14:00 Uhr möglich.")),
    ],
)  # fmt: skip
def test_a_date_is_told_as_the_language_writes_it(code: str, told: str) -> None:
    assert explanation(language(code), STOCKHOLM, Status.REFUSED, "quiet_period", allowed_from=MOMENT) == told


@pytest.mark.parametrize("status", [Status.QUEUED, Status.SENT, Status.LINKED])
def test_it_is_said_when(status: Status) -> None:
    told = explanation(language("en"), STOCKHOLM, status, None, send_at=MOMENT, accepted_at=MOMENT)
    assert "1 April 2026 at 14:00" in told


def test_a_reason_of_an_older_release_is_no_error() -> None:
    assert explanation(language("en"), STOCKHOLM, Status.REFUSED, "full_moon") == "No survey was sent."


def test_a_ticket_nobody_asked_about_is_said_so() -> None:
    assert "T-1" in nothing_known(language("de"), "T-1")


# --- what happened ---------------------------------------------------------------------------------


PREFETCHED = "A program fetched the page in advance."


@dataclass(frozen=True)
class Happened:
    what: Happening
    detail: str | None = None


def is_clean(told: str) -> bool:
    return told[0].isupper() and told.endswith(".") and "{" not in told


def test_no_happening_no_reason_and_no_verdict_is_forgotten() -> None:
    assert HELD.keys() == set(Reason) and VERDICTS.keys() == set(Verdict)
    assert HAPPENINGS.keys() == set(Happening) and COUNTED.keys() == set(Evidence)


@pytest.mark.parametrize("happening", list(Happening))
def test_every_happening_has_a_sentence_in_four_languages(happening: Happening) -> None:
    told = {happening_sentence(language(code), Happened(happening)) for code in LANGUAGES}
    assert len(told) == 4 and all(is_clean(each) for each in told)


@pytest.mark.parametrize("kind", [Reason, Verdict, Evidence])
def test_why_an_answer_counts_or_not_is_said_in_four_languages(
    kind: type[Reason] | type[Verdict] | type[Evidence],
) -> None:
    for code in LANGUAGES:
        told = [why(language(code), word) for word in kind]
        assert len(set(told)) == len(kind) and all(is_clean(each) for each in told)
    for word in kind:
        assert len({why(language(code), word) for code in LANGUAGES}) == 4


def why(tongue: Language, word: Reason | Verdict | Evidence) -> str:
    match word:
        case Reason():
            return held_sentence(tongue, word)
        case Verdict():
            return verdict_sentence(tongue, word)
    return happening_sentence(tongue, Happened(Happening.COUNTED, word))


@pytest.mark.parametrize(
    ("what", "detail", "told"),
    [
        (Happening.HELD, "prefetch", "An answer came in and was held. " + PREFETCHED),
        (Happening.HELD, "full_moon", "An answer came in and was held."),
        (Happening.ANSWER_REFUSED, "test", "Somebody refused the answer. The answer was only a test."),
        (Happening.RELEASED, "other", "Somebody released the answer. There is another reason."),
        (Happening.WITHDRAWN, "spam", "Somebody withdrew the answer. The answer is spam."),
        (Happening.REFUSED, "quiet_period", "No survey was sent. The customer was asked only recently."),
        (Happening.NOT_REMINDED, "reopened", "The reminder was not sent. The ticket was opened again."),
        (Happening.CANCELLED, "merged", "The ticket was merged with another one."),
        (Happening.COUNTED, "press", "The answer counted because the customer pressed Send."),
        (Happening.FAILED, "550 5.1.1 <kund@example.se>", "The survey could not be delivered."),
    ],
)
def test_a_happening_is_told_with_its_reason_and_never_in_a_mail_servers_words(
    what: Happening, detail: str, told: str
) -> None:
    assert happening_sentence(language("en"), Happened(what, detail)) == told


def test_a_reason_to_hold_that_is_not_known_any_more_is_no_error() -> None:
    for reason in (None, "full_moon"):
        assert held_sentence(language("en"), reason) == "The answer does not count yet."


# --- what is wrong with a request ------------------------------------------------------------------

VALUES = {"n": 5, "low": 0, "high": 9, "choices": "a, b"}


def said(problem: Problem, code: str) -> str:
    names = [name for name in VALUES if f"{{{name}}}" in problem]
    return PROBLEMS[problem](language(code), **{name: VALUES[name] for name in names})


@pytest.mark.parametrize("problem", list(Problem))
def test_a_field_is_judged_in_four_languages(problem: Problem) -> None:
    assert said(problem, "en") == problem.format(**VALUES)
    assert len({said(problem, code) for code in LANGUAGES}) == 4


def test_every_status_has_a_title_in_four_languages() -> None:
    for title in REQUESTS.values():
        assert len({title(language(code)) for code in LANGUAGES}) == 4
