"""The words of the built-in questions, in every language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from surveyapp.core.scales import Group, Metric
from surveyapp.i18n import Language


@dataclass(frozen=True, slots=True)
class QuestionText:
    """What a customer reads of one question; `{company}` is still to be filled in.

    `lead_in` is "" when there is none. `labels` has the ratings that have words (of NPS and NKI the ends
    alone), `prompts` the comment's prompt for each group ("unfavourable", ...). An open question has
    neither: it is the prompt itself.
    """

    lead_in: str
    question: str
    labels: dict[int, str]
    prompts: dict[str, str]


QUESTIONS: Mapping[str, Metric] = {
    "nps": Metric.NPS,
    "csat": Metric.CSAT,
    "ces": Metric.CES,
    "ces_ease": Metric.CES_EASE,
    "nki1": Metric.NKI,
    "nki2": Metric.NKI,
    "nki3": Metric.NKI,
    "solved": Metric.SOLVED,
    "treatment": Metric.TREATMENT,
    "competence": Metric.COMPETENCE,
    "open": Metric.OPEN,
}


def built_in_text(question_key: str, language: Language) -> QuestionText:
    """The text of one of QUESTIONS in that language."""
    return _TEXTS[question_key](language)


def _nps(language: Language) -> QuestionText:
    _, pgettext = language.gettext, language.pgettext
    return QuestionText(
        lead_in="",
        # i18n: The question of NPS, 0 to 10. {company}: Nordvik Energi
        question=_("How likely are you to recommend {company} to a friend or colleague?"),
        labels={
            # i18n: NPS, the answer 0; as strong as its opposite "Very likely"
            0: pgettext("scale point", "Not at all likely"),
            # i18n: NPS, the answer 10; as strong as its opposite "Not at all likely"
            10: pgettext("scale point", "Very likely"),
        },
        prompts={
            # i18n: Prompt for a comment after NPS 0 to 6
            Group.UNFAVOURABLE: _("What would we need to improve for you to recommend us?"),
            # i18n: Prompt for a comment after NPS 7 or 8
            Group.NEUTRAL: _("What could we do better?"),
            # i18n: Prompt for a comment after NPS 9 or 10
            Group.FAVOURABLE: _("What do you value most about us?"),
        },
    )


def _csat(language: Language) -> QuestionText:
    _, pgettext = language.gettext, language.pgettext
    return QuestionText(
        lead_in="",
        # i18n: The question of CSAT, 1 to 5. {company}: Nordvik Energi
        question=_("How satisfied are you with the help you received from {company}?"),
        labels={
            # i18n: CSAT, the answer 1
            1: pgettext("scale point", "Very dissatisfied"),
            # i18n: CSAT, the answer 2
            2: pgettext("scale point", "Dissatisfied"),
            # i18n: CSAT, the answer 3
            3: pgettext("scale point", "Neutral"),
            # i18n: CSAT, the answer 4
            4: pgettext("scale point", "Satisfied"),
            # i18n: CSAT, the answer 5, and NKI's first question, the answer 10
            5: pgettext("scale point", "Very satisfied"),
        },
        prompts=_satisfaction_prompts(language),
    )


def _satisfaction_prompts(language: Language) -> dict[str, str]:
    _ = language.gettext
    return {
        # i18n: Prompt for a comment after CSAT 1 or 2, or NKI 1 to 4
        Group.UNFAVOURABLE: _("What did not go well, and what can we do better?"),
        # i18n: Prompt for a comment after CSAT 3, or NKI 5 or 6
        Group.NEUTRAL: _("What could have gone better?"),
        # i18n: Prompt for a comment after CSAT 4 or 5, or NKI 7 to 10
        Group.FAVOURABLE: _("What did we do well?"),
    }


def _ces(language: Language) -> QuestionText:
    _, pgettext = language.gettext, language.pgettext
    return QuestionText(
        lead_in="",
        # i18n: The question of CES, 1 (very easy) to 7 (very difficult). {company}: Nordvik Energi
        question=_("How easy or difficult was it to get help from {company} with your issue?"),
        labels={
            # i18n: CES, the answer 1
            1: pgettext("scale point", "Very easy"),
            # i18n: CES, the answer 2
            2: pgettext("scale point", "Easy"),
            # i18n: CES, the answer 3
            3: pgettext("scale point", "Fairly easy"),
            # i18n: CES, the answer 4
            4: pgettext("scale point", "Neither easy nor difficult"),
            # i18n: CES, the answer 5
            5: pgettext("scale point", "Fairly difficult"),
            # i18n: CES, the answer 6
            6: pgettext("scale point", "Difficult"),
            # i18n: CES, the answer 7
            7: pgettext("scale point", "Very difficult"),
        },
        prompts=_effort_prompts(language),
    )


def _ces_ease(language: Language) -> QuestionText:
    _, pgettext = language.gettext, language.pgettext
    return QuestionText(
        # i18n: Stands before the statement of CES 2.0
        lead_in=_("How much do you agree with this statement?"),
        # i18n: The statement of CES 2.0, agreed with from 1 to 7. {company}: Nordvik Energi
        question=_("{company} made it easy for me to get help with my issue."),
        labels={
            # i18n: CES 2.0, the answer 1; as strong as its opposite "Strongly agree"
            1: pgettext("scale point", "Strongly disagree"),
            # i18n: CES 2.0, the answer 2
            2: pgettext("scale point", "Disagree"),
            # i18n: CES 2.0, the answer 3
            3: pgettext("scale point", "Somewhat disagree"),
            # i18n: CES 2.0, the answer 4
            4: pgettext("scale point", "Neither agree nor disagree"),
            # i18n: CES 2.0, the answer 5
            5: pgettext("scale point", "Somewhat agree"),
            # i18n: CES 2.0, the answer 6
            6: pgettext("scale point", "Agree"),
            # i18n: CES 2.0, the answer 7; as strong as its opposite "Strongly disagree"
            7: pgettext("scale point", "Strongly agree"),
        },
        prompts=_effort_prompts(language),
    )


def _effort_prompts(language: Language) -> dict[str, str]:
    _ = language.gettext
    return {
        # i18n: Prompt for a comment after CES 5 to 7, or CES 2.0 1 to 3
        Group.UNFAVOURABLE: _("What was difficult?"),
        # i18n: Prompt for a comment after CES or CES 2.0 4
        Group.NEUTRAL: _("What could have been easier?"),
        # i18n: Prompt for a comment after CES 1 to 3, or CES 2.0 5 to 7
        Group.FAVOURABLE: _("What made it easy?"),
    }


def _nki1(language: Language) -> QuestionText:
    _, pgettext = language.gettext, language.pgettext
    return QuestionText(
        lead_in="",
        # i18n: The first question of NKI, 1 to 10. {company}: Nordvik Energi
        question=_("Overall, how satisfied are you with customer service at {company}?"),
        labels={
            # i18n: NKI's first question, the answer 1
            1: pgettext("scale point", "Not at all satisfied"),
            # i18n: CSAT, the answer 5, and NKI's first question, the answer 10
            10: pgettext("scale point", "Very satisfied"),
        },
        prompts=_satisfaction_prompts(language),
    )


def _nki2(language: Language) -> QuestionText:
    _, pgettext = language.gettext, language.pgettext
    return QuestionText(
        lead_in="",
        # i18n: The second question of NKI, 1 to 10; "it" is the customer service of the first
        question=_("How well does it meet your expectations?"),
        labels={
            # i18n: NKI's second question, the answer 1: it does not meet my expectations at all
            1: pgettext("scale point", "Not at all"),
            # i18n: NKI's second question, the answer 10: it meets my expectations completely
            10: pgettext("scale point", "Completely"),
        },
        prompts=_satisfaction_prompts(language),
    )


def _nki3(language: Language) -> QuestionText:
    _, pgettext = language.gettext, language.pgettext
    return QuestionText(
        lead_in="",
        # i18n: The third question of NKI, 1 to 10. {company}: Nordvik Energi
        question=_("Imagine ideal customer service. How close does {company} come to it?"),
        labels={
            # i18n: NKI's third question, the answer 1: very far from the ideal
            1: pgettext("scale point", "Very far"),
            # i18n: NKI's third question, the answer 10: very close to the ideal
            10: pgettext("scale point", "Very close"),
        },
        prompts=_satisfaction_prompts(language),
    )


def _solved(language: Language) -> QuestionText:
    _ = language.gettext
    return QuestionText(
        lead_in="",
        # i18n: A further question after a support case
        question=_("Was your issue solved?"),
        labels={
            # i18n: An answer to "Was your issue solved?"
            1: _("No"),
            # i18n: An answer to "Was your issue solved?"
            2: _("Partly"),
            # i18n: An answer to "Was your issue solved?"
            3: _("Yes"),
        },
        prompts=_satisfaction_prompts(language),
    )


def _treatment(language: Language) -> QuestionText:
    _, pgettext = language.gettext, language.pgettext
    return QuestionText(
        lead_in="",
        # i18n: A further question, 1 (very badly) to 5 (very well): were we polite, attentive, respectful
        question=_("How well did we treat you?"),
        labels={
            # i18n: How well we treated the customer, the answer 1; as strong as its opposite "Very well"
            1: pgettext("scale point", "Very badly"),
            # i18n: How well we treated the customer, the answer 2
            2: pgettext("scale point", "Badly"),
            # i18n: How well we treated the customer, the answer 3
            3: pgettext("scale point", "Neither well nor badly"),
            # i18n: How well we treated the customer, the answer 4
            4: pgettext("scale point", "Well"),
            # i18n: How well we treated the customer, the answer 5; as strong as its opposite "Very badly"
            5: pgettext("scale point", "Very well"),
        },
        prompts=_satisfaction_prompts(language),
    )


def _competence(language: Language) -> QuestionText:
    _, pgettext = language.gettext, language.pgettext
    return QuestionText(
        lead_in="",
        # i18n: A further question, 1 (very incompetent) to 5 (very competent); "we" are those who helped
        question=_("How competent did we seem?"),
        labels={
            # i18n: How competent we seemed, the answer 1; of several people, as strong as "Very competent"
            1: pgettext("scale point", "Very incompetent"),
            # i18n: How competent we seemed, the answer 2; of several people
            2: pgettext("scale point", "Incompetent"),
            # i18n: How competent we seemed, the answer 3; of several people
            3: pgettext("scale point", "Neither competent nor incompetent"),
            # i18n: How competent we seemed, the answer 4; of several people
            4: pgettext("scale point", "Competent"),
            # i18n: How competent we seemed, the answer 5; of several people, as strong as "Very incompetent"
            5: pgettext("scale point", "Very competent"),
        },
        prompts=_satisfaction_prompts(language),
    )


def _open(language: Language) -> QuestionText:
    # i18n: The question of a survey that asks for a comment alone. {company}: Nordvik Energi
    question = language.gettext("What would you like to tell us about the help you received from {company}?")
    return QuestionText(lead_in="", question=question, labels={}, prompts={})


_TEXTS: Mapping[str, Callable[[Language], QuestionText]] = {
    "nps": _nps,
    "csat": _csat,
    "ces": _ces,
    "ces_ease": _ces_ease,
    "nki1": _nki1,
    "nki2": _nki2,
    "nki3": _nki3,
    "solved": _solved,
    "treatment": _treatment,
    "competence": _competence,
    "open": _open,
}
