"""What a customer would get, for somebody who does not exist."""

import re
from dataclasses import replace

import pytest

from surveyapp import previews
from surveyapp.config import Settings
from surveyapp.core.errors import RatingNotOnScaleError
from surveyapp.core.scales import Metric
from surveyapp.i18n import LANGUAGES, language
from surveyapp.look import Logo
from surveyapp.mail import Letter, sender_for, write
from surveyapp.previews import Preview
from surveyapp.survey_edits import Draft, with_words
from surveyapp.surveys import BUILT_IN
from surveyapp.texts import built_in_text
from tests.support.logos import PNG
from tests.support.people import START, settings

PAGE = "https://survey.nordlicht.example/admin/surveys/csat/preview?lang=sv"
LOGO = Logo("a" * 64, "image/png", 120, 40, PNG)


def draft(*questions: str) -> Draft:
    texts = {code: {key: built_in_text(key, language(code)) for key in questions} for code in LANGUAGES}
    return Draft(questions, texts)


def mail(*questions: str, locale: str = "sv", **about: str) -> Preview:
    return previews.mail_preview(settings(), draft(*questions), locale, START, **about)  # type: ignore[arg-type]


def page(*questions: str, locale: str = "en", rating: int | None = None) -> str:
    return previews.page_preview(settings(), draft(*questions), locale, "v", rating=rating)


def test_a_previewed_mail_is_the_one_that_would_go_out() -> None:
    shown = mail("csat", name="Ada", ticket_ref="T-7", page_url=PAGE)
    ours = Letter(
        invitation_id="abc",
        to_address="ada@example.se",
        to_name="Ada",
        locale="sv",
        ticket_ref="T-7",
        metric=Metric.CSAT,
        text=built_in_text("csat", language("sv")),
        page_url=PAGE,
        rating_urls={n: f"{PAGE}&rating={n}" for n in range(1, 6)},
        unsubscribe_url=PAGE,
        privacy_url=PAGE,
    )
    sent = write(ours, sender_for(settings(), "sv"), START)
    bodies = [part.get_payload(decode=True) for part in sent.walk() if not part.is_multipart()]
    assert [shown.text.encode(), shown.html.encode()] == bodies
    assert shown.sender == "Nordlicht <feedback@nordlicht.example>"
    assert "T-7" in shown.subject
    assert "Hej Ada," in shown.text


def test_each_language_has_its_own_sender() -> None:
    own = replace(settings().own, senders={"sv": "Norrsken Åre <sv@nordlicht.example>"})
    ours: Settings = replace(settings(), own=own)
    shown = [previews.mail_preview(ours, draft("csat"), code, START).sender for code in ("sv", "de")]
    assert shown == ["Norrsken Åre <sv@nordlicht.example>", "Nordlicht <feedback@nordlicht.example>"]


def test_links_lead_to_the_preview_with_their_rating() -> None:
    shown = mail("csat", page_url=PAGE)
    links = {link.replace("&amp;", "&") for link in re.findall(r'href="([^"]*)"', shown.html)}
    assert links == {PAGE, *(f"{PAGE}&rating={n}" for n in range(1, 6))}


@pytest.mark.parametrize("key", ["nps", "csat", "open"])
def test_without_a_page_links_lead_nowhere(key: str) -> None:
    shown = mail(key)
    assert "href" not in shown.html
    assert "<a " in shown.html


def test_a_previewed_mail_has_its_logo_in_itself() -> None:
    shown = previews.mail_preview(settings(), draft("csat"), "sv", START, logo=LOGO)
    assert "cid:" not in shown.html
    assert shown.html.count('src="data:image/png;base64,') == 1


def test_a_logo_that_no_mail_shows_is_not_in_its_preview() -> None:
    webp = replace(LOGO, media_type="image/webp")
    shown = previews.mail_preview(settings(), draft("csat"), "sv", START, logo=webp)
    assert "<img" not in shown.html


@pytest.mark.parametrize("questions", BUILT_IN.values())
@pytest.mark.parametrize("code", LANGUAGES)
def test_every_survey_has_a_page_in_every_language(questions: tuple[str, ...], code: str) -> None:
    shown = page(*questions, "solved", locale=code)
    for key in (*questions, "solved"):
        words = built_in_text(key, language(code)).question.replace("{company}", "Nordlicht")
        assert words.replace("'", "&#39;") in shown
    assert "<form" not in shown
    assert "<script" not in shown


def test_a_page_without_a_rating_shows_how_a_comment_is_asked_for_after_each() -> None:
    shown = page("nps")
    assert [f"After {ratings}:" in shown for ratings in ("0–6", "7–8", "9–10")] == [True] * 3


def test_a_page_with_a_rating_has_it_chosen_and_shows_what_follows_it() -> None:
    shown = page("nps", rating=3)
    assert len(re.findall(r"\bchecked\b", shown)) == 1
    assert "What would we need to improve for you to recommend us?" in shown
    assert "What do you value most about us?" not in shown


@pytest.mark.parametrize(("key", "rating"), [("nps", 11), ("csat", 0), ("open", 1)])
def test_a_rating_that_there_is_not_cannot_be_chosen(key: str, rating: int) -> None:
    with pytest.raises(RatingNotOnScaleError):
        page(key, rating=rating)


def test_the_company_stands_in_every_text_that_may_name_it() -> None:
    changed = {f"en.csat.{field}": "Ask {company}" for field in ("lead_in", "question", "prompts.neutral")}
    edited = with_words(draft("csat"), changed)
    shown = previews.page_preview(settings(), edited, "en", "v")
    assert shown.count("Ask Nordlicht") == 3
    assert "{company}" not in shown
    assert "Ask Nordlicht" in previews.mail_preview(settings(), edited, "en", START).text
