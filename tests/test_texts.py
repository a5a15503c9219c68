"""The built-in questions have the words of their scale in every language."""

from string import Formatter

import pytest

from surveyapp.core.scales import SCALES, Group, Metric
from surveyapp.i18n import LANGUAGES, language
from surveyapp.texts import QUESTIONS, QuestionText, built_in_text

in_each_language = pytest.mark.parametrize("code", LANGUAGES)
of_each_question = pytest.mark.parametrize("key", QUESTIONS)
RATED = [key for key, metric in QUESTIONS.items() if metric is not Metric.OPEN]


def test_every_metric_has_its_questions() -> None:
    assert set(QUESTIONS.values()) == set(Metric)
    assert [key for key, metric in QUESTIONS.items() if metric is Metric.NKI] == ["nki1", "nki2", "nki3"]


@pytest.mark.parametrize(
    ("code", "question"),
    [
        ("en", "How satisfied are you with the help you received from {company}?"),
        ("sv", "Hur nöjd är du med hjälpen du fick av {company}?"),
        ("ro", "Cât de mulțumit(ă) sunteți de ajutorul primit de la {company}?"),
        ("de", "Wie zufrieden sind Sie mit der Hilfe, die Sie von {company} erhalten haben?"),
    ],
)
def test_the_question_is_asked_in_the_customer_s_language(code: str, question: str) -> None:
    assert built_in_text("csat", language(code)).question == question


@of_each_question
@in_each_language
def test_a_question_names_the_company_or_says_we_and_waits_for_nothing_else(key: str, code: str) -> None:
    text = built_in_text(key, language(code))
    named = {name for _, name, _, _ in Formatter().parse(text.question) if name is not None}
    speaks_of_us = ("nki2", "solved", "treatment", "competence")
    assert named == (set() if key in speaks_of_us else {"company"})


@of_each_question
@in_each_language
def test_nothing_but_the_question_waits_for_a_value(key: str, code: str) -> None:
    text = built_in_text(key, language(code))
    assert not any("{" in words for words in (text.lead_in, *text.labels.values(), *text.prompts.values()))


@pytest.mark.parametrize("key", ["csat", "ces", "ces_ease", "solved", "treatment", "competence"])
@in_each_language
def test_every_point_of_the_worded_scales_has_words_of_its_own(key: str, code: str) -> None:
    labels = built_in_text(key, language(code)).labels
    assert list(labels) == list(SCALES[QUESTIONS[key]].ratings)
    assert len(set(labels.values())) == len(labels)


@pytest.mark.parametrize("key", ["nps", "nki1", "nki2", "nki3"])
@in_each_language
def test_the_ends_of_nps_and_nki_have_words(key: str, code: str) -> None:
    scale = SCALES[QUESTIONS[key]]
    assert list(built_in_text(key, language(code)).labels) == [scale.lowest, scale.highest]


@pytest.mark.parametrize("key", RATED)
@in_each_language
def test_each_group_is_asked_for_a_comment_in_its_own_words(key: str, code: str) -> None:
    prompts = built_in_text(key, language(code)).prompts
    assert set(prompts) == {group.value for group in Group}
    assert len(set(prompts.values())) == len(prompts)


def test_who_found_it_difficult_is_asked_what_was_difficult_whichever_way_the_scale_runs() -> None:
    english = language("en")
    assert built_in_text("ces", english).prompts["unfavourable"] == "What was difficult?"
    assert built_in_text("ces_ease", english).prompts == built_in_text("ces", english).prompts


def test_ces_is_easy_at_1_and_ces_ease_is_agreed_with_at_7() -> None:
    english = language("en")
    assert (built_in_text("ces", english).labels[1], built_in_text("ces", english).labels[7]) == (
        "Very easy",
        "Very difficult",
    )
    assert built_in_text("ces_ease", english).labels[7] == "Strongly agree"


@pytest.mark.parametrize(
    ("key", "worst", "best"),
    [
        ("solved", "No", "Yes"),
        ("treatment", "Very badly", "Very well"),
        ("competence", "Very incompetent", "Very competent"),
    ],
)
def test_the_highest_rating_of_a_further_question_has_the_best_words(key: str, worst: str, best: str) -> None:
    labels = built_in_text(key, language("en")).labels
    assert (labels[min(labels)], labels[max(labels)]) == (worst, best)


@in_each_language
def test_only_the_statement_of_ces_ease_has_a_lead_in(code: str) -> None:
    assert [key for key in QUESTIONS if built_in_text(key, language(code)).lead_in] == ["ces_ease"]


@in_each_language
def test_an_open_question_is_its_own_prompt(code: str) -> None:
    text = built_in_text("open", language(code))
    assert (text.labels, text.prompts) == ({}, {})
    assert text.question


@of_each_question
@pytest.mark.parametrize("code", ["sv", "ro", "de"])
def test_no_text_stays_english(key: str, code: str) -> None:
    english, other = built_in_text(key, language("en")), built_in_text(key, language(code))
    same = [words for words in shown(english) if words in shown(other)]
    # "Neutral" is the same word in three of the languages.
    assert set(same) <= {"Neutral"}


def shown(text: QuestionText) -> list[str]:
    return [
        words
        for words in (text.lead_in, text.question, *text.labels.values(), *text.prompts.values())
        if words
    ]
