"""The mail with the figures of a week or month as it is read at its destination."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from surveyapp.core.access import Role, Viewer
from surveyapp.core.periods import Period, Whole
from surveyapp.core.scales import Metric
from surveyapp.figures import Figures, compared, figures_of
from surveyapp.i18n import LANGUAGES, language
from surveyapp.links import Links, Purpose
from surveyapp.metric_names import metric_name
from surveyapp.questions import label_of
from surveyapp.summaries import ClaimedSummary, Comment, Contents
from surveyapp.summary_mail import COMMENT_LENGTH, period_words, write
from surveyapp.surveys import BUILT_IN, Question, Version
from surveyapp.tallies import Asked
from surveyapp.texts import QUESTIONS, built_in_text
from tests.support.letters import NOW, content_of, links_of, page_of, text_of
from tests.support.mail_page import shown
from tests.support.people import HOST, settings

SETTINGS = settings(MAIL_FROM="enkat@nordvik.example", COMPANY="Nordvik Energi", TIMEZONE="Europe/Stockholm")
LINKS = Links(SETTINGS.link_keys)
ID = "Q2s1bXpXN2RkUjJ4Q2s1bQ"
WEEK = Period(date(2026, 2, 23), date(2026, 3, 1))
LEADER = Viewer("leader", Role.LEADER, None)
OVERVIEW = f"{HOST}/admin/figures?from=2026-02-23&to=2026-03-01"
CHOICE = f"{HOST}/admin/account/summaries"

every_language = pytest.mark.parametrize("code", LANGUAGES)


def csat(tally: dict[int, int], before: dict[int, int] | None = None, smallest: int = 5) -> Figures:
    now, then = (
        figures_of(Metric.CSAT, None, Counter(each), {}, Asked(), smallest) for each in (tally, before or {})
    )
    return compared(now, then, tally, before or {})


def version(survey: str = "csat") -> Version:
    texts = {
        code: {key: built_in_text(key, language(code)) for key in BUILT_IN[survey]} for code in LANGUAGES
    }
    return Version(survey, 1, tuple(Question(key, QUESTIONS[key]) for key in BUILT_IN[survey]), texts)


def comment(text: str, rating: int = 2) -> Comment:
    return Comment(text, rating, version(), "sv")


TOLD = Contents(
    figures=(
        figures_of(Metric.NPS, None, Counter({10: 2, 3: 1}), {}, Asked(), 5),
        csat({5: 200, 4: 40, 1: 49}, {5: 180, 4: 30, 1: 90}),
        figures_of(Metric.OPEN, None, {}, {"counted": 1234}, Asked(), 5),
    ),
    asked=Asked(invited=1400, accepted=1380, opened=700, answered=414, commented=120),
    comments=(comment("Det tog för lång tid."), comment("Tack!", 5)),
    held=3,
)


def claimed(
    viewer: Viewer | None = LEADER, every: Whole = Whole.WEEK, period: Period = WEEK
) -> ClaimedSummary:
    return ClaimedSummary(
        id=ID,
        claim="claim",
        every=every,
        period=period,
        email="anna@nordvik.example",
        name="Anna Bell" if viewer else "",
        locale=None,
        viewer=viewer,
    )


def sent(of: ClaimedSummary | None = None, told: Contents = TOLD, code: str = "en") -> EmailMessage:
    content = write(of or claimed(), told, SETTINGS, LINKS, language(code), NOW).as_bytes()
    return message_from_bytes(content, policy=policy.default)


def words(message: EmailMessage) -> str:
    """The text view on one line."""
    return " ".join(text_of(message).split())


def leave_url(code: str) -> str:
    return f"{HOST}/m/{LINKS.sign(Purpose.SUMMARY, ID)}?lang={code}"


@every_language
@pytest.mark.parametrize("viewer", [LEADER, None], ids=["user", "outsider"])
def test_both_views_say_the_same_without_a_defect(viewer: Viewer | None, code: str) -> None:
    message = sent(claimed(viewer), code=code)
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [each.defects for each in (message, *parts)] == [[], [], []]
    page = page_of(message)
    if code == "en":
        assert "Scores go by the day of the answer, response rates by the day on which" in words(message)
    for tag in ("p", "h2", "h3"):
        for paragraph in (each.text for each in page.all(tag)):
            assert paragraph and paragraph in words(message)
    for view in (text_of(message), next(page.all("body")).text):
        assert not re.search(r"[{}]|jinja|None|%%", view)
    raw = write(claimed(viewer), TOLD, SETTINGS, LINKS, language(code), NOW).as_bytes()
    assert raw.isascii() and max(len(line) for line in raw.splitlines() if b"/m/" not in line) <= 78
    lines = text_of(message).splitlines()
    assert max(len(line) for line in lines if "://" not in line) <= 72


@every_language
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_and_nothing_is_loaded(scheme: str, code: str) -> None:
    message = sent(code=code)
    told = replace(TOLD, figures=(csat({5: 50, 1: 250}, {5: 280, 1: 20}),))
    for each in (message, sent(told=told, code=code)):
        assert [each for each in shown(page_of(each), scheme) if each.contrast < 4.5] == []  # type: ignore[arg-type]
        assert not re.search(r"(?i)<img|<script|<link|@import|url\(|src=", content_of(each, "html"))


def test_every_header_says_what_it_should() -> None:
    message = sent(code="de")
    assert str(message["From"]) == "Nordvik Energi <enkat@nordvik.example>"
    assert str(message["To"]) == "Anna Bell <anna@nordvik.example>"
    assert message["Message-ID"] == f"<{ID}.20260223@survey.nordlicht.example>"
    assert message["Content-Language"] == "de" and message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None and message["List-Unsubscribe-Post"] is None
    assert message["Subject"] == next(page_of(message).all("title")).text


@every_language
def test_the_subject_is_the_figure_that_most_people_gave_and_its_days(code: str) -> None:
    subject, tongue = sent(code=code)["Subject"], language(code)
    # What keeps a number and its sign together in a text is a plain space in a header.
    wanted = f"{metric_name(tongue, Metric.CSAT)}: {tongue.percent(83)}, {period_words(tongue, WEEK)}"
    assert subject == wanted.replace("\N{NO-BREAK SPACE}", " ")
    assert sent(told=replace(TOLD, figures=()), code="en")["Subject"] == "Your figures: 23 Feb – 1 Mar 2026"


def test_a_month_is_called_by_its_name_and_a_week_across_years_by_both() -> None:
    tongue = language("en")
    assert period_words(tongue, Period(date(2026, 2, 1), date(2026, 2, 28))) == "Feb 2026"
    assert period_words(tongue, Period(date(2025, 12, 29), date(2026, 1, 4))) == "29 Dec 2025 – 4 Jan 2026"


def test_each_metric_has_its_figure_or_why_there_is_none() -> None:
    said = words(sent())
    assert (
        "Customer satisfaction (CSAT) 83% satisfied 289 answers, 95% confidence interval 78% to 87%" in said
    )
    assert "Since the week before: better: +13.0 percentage points" in said
    assert "not shown (3 of 5 answers)" in said
    assert "Open comment 1,234 answers" in said
    assert (
        "Invited: 1,400, accepted by their mail server: 1,380, answered: 414 (30%), with a comment: 120."
        in said
    )
    assert "3 answers wait for your decision." in said


def test_a_change_that_may_be_chance_is_called_none() -> None:
    told = replace(TOLD, figures=(csat({5: 80, 1: 20}, {5: 78, 1: 22}),))
    month = claimed(every=Whole.MONTH, period=Period(date(2026, 2, 1), date(2026, 2, 28)))
    assert "Since the month before: no demonstrable change" in words(sent(month, told))


def test_without_answers_the_mail_says_so() -> None:
    nothing = Contents((), Asked())
    said = words(sent(told=nothing))
    assert "Nobody answered in this time." in said and "Nobody was invited in this time." in said
    few = Contents((csat({5: 2}, {5: 300}),), Asked(invited=3))
    said = words(sent(told=few))
    assert "There are answers, but too few to show a figure." in said
    assert "answered: 0 (–)" in said and "Since the week before" not in said


def test_comments_stand_with_their_rating_and_in_their_language() -> None:
    message = sent(code="de")
    label = label_of(2, version().text("de", version().main))
    assert label in words(message) and "Det tog för lång tid." in words(message)
    said = [each for each in page_of(message).all("p") if "said" in each.classes]
    assert [(each.attributes["lang"], each.text) for each in said] == [
        ("sv", "Det tog för lång tid."),
        ("sv", "Tack!"),
    ]


def test_no_mail_program_makes_a_link_of_what_a_customer_wrote() -> None:
    hostile = comment("See https://evil.example/x, www.evil.example or me@evil.example: 3.50 kr. <b>Now</b>")
    message = sent(told=replace(TOLD, comments=(hostile,)))
    for view in (text_of(message), next(page_of(message).all("body")).text):
        assert not re.search(r"evil\.example|//evil|@evil", view) and "3.50 kr." in view
    assert "&lt;b&gt;" in content_of(message, "html")
    assert links_of(message) == [OVERVIEW, CHOICE]


def test_a_long_comment_is_cut_between_words() -> None:
    message = sent(told=replace(TOLD, comments=(comment("länge " * 200),)))
    [said] = [each.text for each in page_of(message).all("p") if "said" in each.classes]
    assert said.endswith("länge …") and len(said) <= COMMENT_LENGTH + 2


def test_a_user_is_led_to_the_overview_of_these_days_and_to_the_own_choice() -> None:
    message = sent()
    assert links_of(message) == [OVERVIEW, CHOICE]
    assert re.findall(r"https?://\S+", text_of(message)) == [OVERVIEW, CHOICE]


@every_language
def test_without_an_account_the_way_out_needs_no_login(code: str) -> None:
    told = replace(TOLD, comments=(), held=None)
    message = sent(claimed(None), told, code)
    assert links_of(message) == [f"{HOST}/admin", leave_url(code)]
    assert message["List-Unsubscribe"] == f"<{leave_url(code)}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.findall(r"https?://\S+", text_of(message)) == links_of(message)
    assert "Anna" not in str(message["To"])


def test_a_hostile_name_advertises_nothing() -> None:
    message = sent(replace(claimed(), name="Buy at evil.example\r\nBcc: x@y.z"))
    assert "evil" not in text_of(message) and message["Bcc"] is None


@pytest.mark.parametrize(
    ("tally", "before", "tone"),
    [
        ({5: 280, 1: 20}, {5: 50, 1: 250}, "good"),
        ({5: 50, 1: 250}, {5: 280, 1: 20}, "bad"),
        ({5: 50, 1: 50}, {5: 49, 1: 51}, ""),
    ],
)
def test_good_and_bad_news_have_a_colour_of_their_own_beside_their_words(
    tally: dict[int, int], before: dict[int, int], tone: str
) -> None:
    page = page_of(sent(told=replace(TOLD, figures=(csat(tally, before),))))
    [change] = [each for each in page.all("p") if each.text.startswith("Since the week before")]
    assert change.classes == ["basis", *filter(None, [tone])]
    assert ("color" in change.style) == bool(tone)
