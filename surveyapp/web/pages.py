"""What the customer's pages show."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from flask import g

from surveyapp.answers import COMMENT_LENGTH
from surveyapp.asked import Asked
from surveyapp.config import Settings
from surveyapp.core import evidence
from surveyapp.core.scales import Metric, prompt_group
from surveyapp.i18n import LANGUAGES, Language, language
from surveyapp.links import Nonce, Purpose
from surveyapp.look import shown_logo, style_name
from surveyapp.questions import Asking, asking, label_of
from surveyapp.surveys import Question
from surveyapp.web.forms import FURTHER
from surveyapp.web.wiring import chosen_language, parts, spoken_language


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What the organisation itself says on privacy, in the language of that code."""

    code: str
    paragraphs: tuple[str, ...]


def question_page(
    asked: Asked,
    token: str,
    chosen: int | None,
    nonce: Nonce,
    *,
    is_linked: bool = False,
    is_one_click: bool = False,
    comment: str = "",
    problem: str = "",
) -> str:
    """The question with the rating preselected; `is_linked` when a link of the mail brought it here."""
    speech = spoken_language()
    page = _page(asked, token, nonce)
    return render(
        "question.html",
        **page,
        ticket=asked.ticket_ref,
        asking=_asking(asked, asked.version.main, speech, "rating"),
        chosen=chosen,
        chosen_label=label(asked, speech, chosen),
        recorded_label=label(asked, speech, asked.case.rating) if asked.case.is_counted else "",
        is_linked=is_linked and chosen is not None and not asked.case.is_counted,
        is_one_click=is_one_click,
        takes_gestures=evidence.takes_gestures(asked.case),
        stay_ms=int(parts().settings.rules.stay / timedelta(milliseconds=1)),
        comment=comment,
        problem=problem,
        thanks=_thanks(asked, chosen, speech, page) if is_one_click else None,
    )


def thanks_page(asked: Asked, token: str, nonce: Nonce, *, done: str, after: str, may_change: bool) -> str:
    """What was recorded, with room for more; `done` names what was just stored, `after` what was skipped."""
    page = _page(asked, token, nonce)
    thanks = _thanks(asked, asked.case.rating, spoken_language(), page, after)
    return render(
        "thanks.html", **page, ticket=asked.ticket_ref, thanks=thanks, done=done, may_change=may_change
    )


def unsubscribe_page(asked: Asked, token: str, nonce: Nonce, *, is_done: bool, is_again: bool = False) -> str:
    """The form that stops all surveys to the address, or the word that it is done."""
    page = _page(asked, token, nonce)
    return render("unsubscribe.html", **page, is_done=is_done, is_again=is_again)


def privacy_page(asked: Asked, token: str, nonce: Nonce) -> str:
    """Who asks, what is stored, for how long, and how to have it erased."""
    settings = parts().settings
    return render(
        "privacy.html",
        **_page(asked, token, nonce),
        link_days=settings.link_days,
        edit_days=settings.rules.edit.days,
        kept=settings.own,
        own_words=_own_words(settings, spoken_language().code),
    )


def notice_page(kind: str, label_of_answer: str = "") -> str:
    """A page that only says something: `kind` names the message."""
    return render("notice.html", kind=kind, answer=label_of_answer, links={}, languages=_switches())


def way_out_page(*, is_done: bool) -> str:
    """The form that stops the figures by mail, or the word that it is done."""
    return render("summary.html", links={}, languages=_switches(), is_done=is_done)


def render(template: str, **values: object) -> str:
    """The template in the language of this request."""
    settings = parts().settings
    return (
        spoken_language()
        .environment.get_template(f"public/{template}")
        .render(
            company=settings.company,
            contact=settings.contact,
            style=parts().style,
            own_style=style_name(settings),
            logo=shown_logo(settings, parts().database),
            **values,
        )
    )


def label(asked: Asked, speech: Language, rating: int | None) -> str:
    """A rating as people read it: the number, and its words where it has some; '' for none."""
    if rating is None:
        return ""
    return label_of(rating, asked.version.text(speech.code, asked.version.main))


def _page(asked: Asked, token: str, nonce: Nonce) -> dict[str, object]:
    g.token = token
    return {
        "nonce": parts().links.sign_page(asked.id, nonce),
        "links": _links(asked),
        "languages": _switches(),
        "comment_length": COMMENT_LENGTH,
        "left": _left(spoken_language()),
    }


def _own_words(settings: Settings, code: str) -> OwnWords | None:
    """The organisation's on privacy, in its own language where it has none in the reader's; else None."""
    said = settings.own.privacy
    chosen = code if said.get(code) else settings.locale
    paragraphs = [each.strip() for each in re.split(r"\n\s*\n", said.get(chosen, ""))]
    return OwnWords(chosen, tuple(filter(None, paragraphs))) if any(paragraphs) else None


@cache
def _left(speech: Language) -> str:
    """What the script says of the room for a comment, by the plural categories of the language."""
    # i18n: Under the comment field. {n}: 1,873
    return json.dumps(speech.plural_forms("{n} character left", "{n} characters left"))


def _links(asked: Asked) -> dict[str, str]:
    """The addresses that a page needs; links of our own pages say that they are no links of the mail."""
    sign, lang = parts().links.sign, _lang()
    own = f"?from=page{lang and '&' + lang}"
    answer = f"/s/{sign(Purpose.ANSWER, asked.id)}"
    return {
        "answer": answer + (lang and "?" + lang),
        "question": f"{answer}{own}&change=1",
        "seen": f"{answer}/seen",
        "thanks": f"{answer}/thanks{own}",
        "privacy": f"/p/{sign(Purpose.PRIVACY, asked.id)}{own}",
        "unsubscribe": f"/u/{sign(Purpose.UNSUBSCRIBE, asked.id)}{own}" if asked.has_address else "",
    }


def _lang() -> str:
    chosen = chosen_language()
    return f"lang={chosen}" if chosen else ""


def _switches() -> list[dict[str, object]]:
    current = spoken_language().code
    return [
        {"code": code, "name": language(code).own_name, "is_current": code == current} for code in LANGUAGES
    ]


def _asking(asked: Asked, question: Question, speech: Language, field: str) -> Asking:
    text = asked.version.text(speech.code, question)
    return asking(text, question.scale, speech, parts().settings.company, field)


def _thanks(
    asked: Asked, rating: int | None, speech: Language, page: Mapping[str, object], after: str = ""
) -> dict[str, object]:
    """What stands below the thanks: the next question if there is one, else room for a comment."""
    question = _next_question(asked, after)
    settings = parts().settings
    first = asked.case.first_counted_at
    until = first + settings.rules.edit if first else None
    return {
        "rating": rating,
        "label": label(asked, speech, rating),
        "until": speech.date(until.astimezone(settings.timezone).date()) if until else "",
        "asking": _asking(asked, question, speech, FURTHER + question.key) if question else None,
        "skip": f"{_links(asked)['thanks']}&after={question.key}" if question else "",
        "number": asked.version.questions.index(question) + 1 if question else 0,
        "of": len(asked.version.questions),
        "prompt": _prompt(asked, rating, speech),
        "comment": asked.comment or "",
        "is_open": asked.version.main.metric is Metric.OPEN,
    }


def _next_question(asked: Asked, after: str) -> Question | None:
    """The first further question without a rating, behind the one that was skipped."""
    further = asked.version.further
    keys = [question.key for question in further]
    start = keys.index(after) + 1 if after in keys else 0
    return next((question for question in further[start:] if question.key not in asked.further), None)


def _prompt(asked: Asked, rating: int | None, speech: Language) -> str:
    question = asked.version.main
    text = asked.version.text(speech.code, question)
    if rating is None:
        return text.question.replace("{company}", parts().settings.company)
    return text.prompts[prompt_group(question.metric, rating)].replace("{company}", parts().settings.company)
