"""What a survey's pages show: the list, the texts beside each other, the preview."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response, request, url_for

from surveyapp import previews, survey_edits, surveys
from surveyapp.core.errors import FieldError
from surveyapp.core.scales import SCALES
from surveyapp.db import Session
from surveyapp.i18n import LANGUAGES, Language, language
from surveyapp.look import shown_logo
from surveyapp.metric_names import metric_name
from surveyapp.models import Survey
from surveyapp.survey_edits import Draft
from surveyapp.texts import QUESTIONS, built_in_text
from surveyapp.web.admin import survey_sheet
from surveyapp.web.admin.frame import render
from surveyapp.web.admin.framing import framed, framing
from surveyapp.web.admin.survey_forms import TrialForm, mode_words
from surveyapp.web.wiring import parts, spoken_language


@dataclass(frozen=True, slots=True)
class Row:
    """One survey in the list."""

    key: str
    question: str
    measures: str
    further: Sequence[str]
    mode: str
    is_closed: bool
    version: int
    invited: int
    lagging: int


def row(session: Session, survey: Survey, invited: Mapping[str, int], now: datetime) -> Row:
    """One survey as the list shows it; `invited` says how many were, by survey."""
    tongue, draft = spoken_language(), survey_edits.draft_of(session, survey.key)
    choices = survey_edits.further_choices(draft)
    return Row(
        key=survey.key,
        question=question(draft, draft.questions[0], tongue),
        measures=metric_name(tongue, QUESTIONS[draft.questions[0]]),
        further=[metric_name(tongue, QUESTIONS[each]) for each in draft.questions if each in choices],
        mode=mode_words(tongue)[survey.mode or parts().settings.answer_mode],
        is_closed=_is_closed(survey, now),
        version=survey.current_version,
        invited=invited.get(survey.key, 0),
        lagging=len(survey_edits.lagging(session, survey.key)),
    )


def top(session: Session, survey: Survey, tab: str) -> dict[str, object]:
    """What stands above each of a survey's pages."""
    draft, tongue = survey_edits.draft_of(session, survey.key), spoken_language()
    return {
        "key": survey.key,
        "version": survey.current_version,
        "title": question(draft, draft.questions[0], tongue),
        "measures": metric_name(tongue, QUESTIONS[draft.questions[0]]),
        "is_closed": _is_closed(survey, parts().clock()),
        "tab": tab,
    }


def texts_page(
    session: Session,
    key: str,
    draft: Draft,
    problems: Sequence[FieldError] = (),
    *,
    is_overtaken: bool = False,
) -> Response:
    """The draft's texts in their fields, with what is wrong with them.

    `is_overtaken`: another version was saved since the fields were filled.
    """
    tongue, only = spoken_language(), only_language()
    survey = surveys.find_survey(session, key)
    page = render(
        "survey.html",
        **top(session, survey, "texts"),
        only=only,
        names={code: language(code).own_name for code in LANGUAGES},
        sheets=survey_sheet.sheets(draft, tongue, [only] if only else LANGUAGES, problems),
        wrong=survey_sheet.wrong(problems, tongue),
        lagging=_lagging(session, key, tongue),
        form=TrialForm(locale=only or tongue.code),
        is_overtaken=is_overtaken,
        shown=only or tongue.code,
    )
    return framing(page)


def preview(key: str, draft: Draft, view: str, code: str, rating: str = "") -> Response:
    """The draft's mail or, unless `view` is "mail", its page with this rating chosen, where there is one."""
    settings, database = parts().settings, parts().database
    logo = shown_logo(settings, database)
    if view == "mail":
        page_url = url_for("admin_surveys.preview", key=key, lang=code)
        made = previews.mail_preview(
            settings, draft, code, parts().clock(), logo=logo, page_url=settings.public_url + page_url
        )
        return framed(render("survey_mail.html", mail=made))
    scale = SCALES.get(QUESTIONS[draft.questions[0]])
    chosen = next((each for each in (scale.ratings if scale else ()) if str(each) == rating), None)
    return framed(
        previews.page_preview(
            settings,
            draft,
            code,
            parts().style,
            rating=chosen,
            logo=logo,
            has_switches=request.method == "GET",
        )
    )


def question(draft: Draft, key: str, tongue: Language) -> str:
    """As the reader's own language has it; one that is not asked yet in the words that ship."""
    if key in draft.questions:
        words = survey_edits.preview_text(draft, tongue.code, key).question
    else:
        words = built_in_text(key, tongue).question
    return words.replace("{company}", parts().settings.company)


def only_language() -> str | None:
    """The one language whose texts are shown; None for all."""
    wanted = request.args.get("only")
    return wanted if wanted in LANGUAGES else None


def _lagging(session: Session, key: str, tongue: Language) -> list[dict[str, object]]:
    found = survey_edits.lagging(session, key)
    return [
        {
            "code": code,
            "language": language(code).own_name,
            "fields": [
                (f"{code}.{each}.question", survey_sheet.question_name(tongue, each)) for each in keys
            ],
        }
        for code, keys in found.items()
    ]


def _is_closed(survey: Survey, now: datetime) -> bool:
    return survey.closed_at is not None and survey.closed_at <= now
