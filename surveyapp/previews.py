"""Show what a customer would get of a survey: the mail and the page, for somebody who does not exist."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy

from surveyapp.config import Settings
from surveyapp.core.errors import RatingNotOnScaleError
from surveyapp.core.scales import SCALES, Metric, prompt_group
from surveyapp.i18n import LANGUAGES, Language, closest, language
from surveyapp.look import Logo, style_name
from surveyapp.mail import Letter, sender_for, write
from surveyapp.questions import Asking, asking, label_of
from surveyapp.survey_edits import Draft, preview_text
from surveyapp.texts import QUESTIONS, QuestionText

EXAMPLE_NAME = "Maria Berg"
EXAMPLE_TICKET = "T-1042"


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail to look at: its headers as people read them, and its two views.

    `html` is a whole document that loads nothing: the logo stands in it. It needs `unsafe-inline` styles.
    """

    subject: str
    sender: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What asks for a comment, and after which ratings: the words of each group stand together."""

    ratings: str
    words: str


def mail_preview(
    settings: Settings,
    draft: Draft,
    locale: str,
    now: datetime,
    *,
    logo: Logo | None = None,
    ticket_ref: str = EXAMPLE_TICKET,
    name: str = EXAMPLE_NAME,
    page_url: str = "",
) -> Preview:
    """The mail in the language of that locale, as `mail.write` makes it; raises SettingError as that does.

    `page_url` is where its links lead, with a query that `&rating=` can follow; "": they lead nowhere.
    `logo` is what `look.shown_logo` gives.
    """
    letter = _letter(
        settings, draft, locale, page_url or f"{settings.public_url}/{_NOWHERE}", ticket_ref, name
    )
    message = write(letter, sender_for(settings, locale, logo), now)
    sent = message.as_bytes(policy=message.policy.clone(linesep="\n"))
    read = message_from_bytes(sent, policy=policy.default)
    views = {part.get_content_type(): part.get_content() for part in read.walk() if not part.is_multipart()}
    html = _with_picture(str(views["text/html"]), logo)
    return Preview(
        subject=str(read["Subject"]),
        sender=str(read["From"]),
        html=html if page_url else _LINK_TO_NOWHERE.sub("", html),
        text=str(views["text/plain"]),
    )


def page_preview(
    settings: Settings,
    draft: Draft,
    locale: str,
    style: str,
    *,
    rating: int | None = None,
    logo: Logo | None = None,
    has_switches: bool = False,
) -> str:
    """The page in the language of that locale, with what follows the answer below it, marked as a preview.

    Nothing on it can be sent. `style` is the version of our style sheets. With `has_switches` it links to
    itself in the other languages (?lang=). Raises RatingNotOnScaleError.
    """
    tongue = language(closest(locale, "en"))
    first = draft.questions[0]
    text, scale = preview_text(draft, tongue.code, first), SCALES.get(QUESTIONS[first])
    if rating is not None and (scale is None or rating not in scale):
        raise RatingNotOnScaleError(f"{rating} is not a rating of this question.")
    return tongue.environment.get_template("admin/survey_preview.html").render(
        company=settings.company,
        style=style,
        own_style=style_name(settings),
        logo=logo,
        ticket=EXAMPLE_TICKET,
        links={},
        languages=_switches(tongue, LANGUAGES if has_switches else (tongue.code,)),
        asking=_asking(settings, draft, first, tongue),
        chosen=rating,
        chosen_label="" if rating is None else label_of(rating, text),
        further=[_asking(settings, draft, key, tongue) for key in draft.questions[1:]],
        prompts=_prompts(QUESTIONS[first], text, rating, settings.company),
    )


_NOWHERE = "preview"
_LINK_TO_NOWHERE = re.compile(rf' href="[^"]*/{_NOWHERE}(\?[^"]*)?"')
_PICTURE = re.compile(r'src="cid:[^"]*"')


def _letter(
    settings: Settings, draft: Draft, locale: str, page_url: str, ticket_ref: str, name: str
) -> Letter:
    key = draft.questions[0]
    scale = SCALES.get(QUESTIONS[key])
    mark = "&" if "?" in page_url else "?"
    return Letter(
        invitation_id="preview",
        to_address="preview@example.com",
        to_name=name,
        locale=locale,
        ticket_ref=ticket_ref,
        metric=QUESTIONS[key],
        text=preview_text(draft, locale, key),
        page_url=page_url,
        rating_urls={n: f"{page_url}{mark}rating={n}" for n in (scale.ratings if scale else ())},
        unsubscribe_url=page_url,
        privacy_url=page_url,
    )


def _with_picture(html: str, logo: Logo | None) -> str:
    """A mail brings its picture along; a page that loads nothing has it in the address."""
    if logo is None:
        return html
    content = b64encode(logo.content).decode("ascii")
    return _PICTURE.sub(f'src="data:{logo.media_type};base64,{content}"', html)


def _asking(settings: Settings, draft: Draft, key: str, tongue: Language) -> Asking:
    text = preview_text(draft, tongue.code, key)
    return asking(text, SCALES.get(QUESTIONS[key]), tongue, settings.company, key)


def _prompts(metric: Metric, text: QuestionText, rating: int | None, company: str) -> list[Prompt]:
    """The one after this rating, or each of them; none where the question itself asks for a comment."""
    if metric not in SCALES:
        return []
    groups: dict[str, list[int]] = {}
    for each in SCALES[metric].ratings if rating is None else (rating,):
        groups.setdefault(prompt_group(metric, each), []).append(each)
    return [Prompt(_span(found), _filled(text.prompts, group, company)) for group, found in groups.items()]


def _span(ratings: list[int]) -> str:
    return str(ratings[0]) if len(ratings) == 1 else f"{ratings[0]}–{ratings[-1]}"


def _filled(prompts: Mapping[str, str], group: str, company: str) -> str:
    return prompts[group].replace("{company}", company)


def _switches(tongue: Language, codes: tuple[str, ...]) -> list[dict[str, object]]:
    return [
        {"code": code, "name": language(code).own_name, "is_current": code == tongue.code} for code in codes
    ]
