"""The mails to users as they are read at their destination: headers, words, the one link, names."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from surveyapp.config import Settings
from surveyapp.core.errors import MailRefusedError
from surveyapp.core.scales import Metric
from surveyapp.i18n import LANGUAGES, language
from surveyapp.look import Logo
from surveyapp.notes import LINK_LIVES, ClaimedNote, NoteKind
from surveyapp.surveys import BUILT_IN, Question, Version
from surveyapp.texts import QUESTIONS, built_in_text
from surveyapp.user_mail import EXAMPLE_TICKET, write
from tests.support.letters import NAMES, NOW, content_of, links_of, page_of, text_of
from tests.support.mail_page import Scheme, shown
from tests.support.people import HOST, settings

LINK = f"{HOST}/admin/link/Yk3nq0fX1mPz7Vd2uB8sWc4tLrEjHgA6oNiKxTbCvMy"
SETTINGS = settings(
    MAIL_FROM="enkat@nordvik.example",
    COMPANY="Nordvik Energi",
    CONTACT="support@nordvik.example",
    TIMEZONE="Europe/Stockholm",
)
KINDS = tuple(kind for kind in NoteKind if kind is not NoteKind.TEST)

every_language = pytest.mark.parametrize("code", LANGUAGES)
every_kind = pytest.mark.parametrize("kind", KINDS)


def note(kind: NoteKind, **detail: str) -> ClaimedNote:
    return ClaimedNote(
        id="Q2s1bXpXN2RkUjJ4",
        claim="claim",
        user_id="user",
        kind=kind,
        detail=detail,
        email="anna@nordvik.example",
        name=NAMES["en"],
        locale=None,
        asked_at=NOW,
        version=None,
    )


def version(survey: str) -> Version:
    texts = {
        code: {key: built_in_text(key, language(code)) for key in BUILT_IN[survey]} for code in LANGUAGES
    }
    return Version(survey, 1, tuple(Question(key, QUESTIONS[key]) for key in BUILT_IN[survey]), texts)


def tried_out(survey: str = "csat", locale: str = "ro") -> ClaimedNote:
    return replace(note(NoteKind.TEST, survey=survey, locale=locale), version=version(survey))


def sent(claimed: ClaimedNote, code: str = "en", chosen: Settings = SETTINGS) -> EmailMessage:
    link = LINK if claimed.kind in LINK_LIVES else None
    content = write(claimed, chosen, language(code), link, NOW).as_bytes()
    return message_from_bytes(content, policy=policy.default)


def words(message: EmailMessage) -> str:
    """The text view on one line."""
    return " ".join(text_of(message).split())


# --- every mail ------------------------------------------------------------------------------------


@every_language
@every_kind
def test_a_mail_is_two_views_of_one_text_without_a_defect(kind: NoteKind, code: str) -> None:
    message = sent(note(kind, by="Maria Öberg", browser="Firefox, Windows"), code)
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [each.defects for each in (message, *parts)] == [[], [], []]
    for paragraph in (each.text for each in page_of(message).all("p")):
        assert paragraph in words(message)
    for view in (text_of(message), next(page_of(message).all("body")).text):
        assert not re.search(r"[{}%]|jinja|None", view)


@every_language
@every_kind
def test_every_header_says_what_it_should(kind: NoteKind, code: str) -> None:
    message = sent(note(kind), code)
    assert str(message["From"]) == "Nordvik Energi <enkat@nordvik.example>"
    assert str(message["To"]) == "Anna Bell <anna@nordvik.example>"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == "<Q2s1bXpXN2RkUjJ4@survey.nordlicht.example>"
    assert message["Content-Language"] == code
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None
    assert message["Subject"] == next(page_of(message).all("title")).text
    assert len(set(message.keys())) == len(message.keys())


@every_language
def test_each_kind_has_a_subject_of_its_own(code: str) -> None:
    assert len({sent(note(kind), code)["Subject"] for kind in KINDS}) == len(KINDS)


@every_kind
def test_a_mail_holds_its_link_and_loads_nothing(kind: NoteKind) -> None:
    message = sent(note(kind))
    expected = [LINK] if kind in LINK_LIVES else []
    assert links_of(message) == expected
    assert re.findall(r"\S+://\S+", text_of(message)) == expected
    html = content_of(message, "html")
    assert not re.search(r"(?i)<img|<script|<link|@import|url\(|src=", html)
    assert re.findall(r"https?://[^\s\"<]+", html) == expected


@every_kind
def test_a_mail_without_its_link_or_with_one_too_many_never_goes_out(kind: NoteKind) -> None:
    with pytest.raises(MailRefusedError):
        write(note(kind), SETTINGS, language("en"), None if kind in LINK_LIVES else LINK, NOW)


@every_language
@every_kind
def test_lines_end_properly_and_are_short_but_for_the_link(kind: NoteKind, code: str) -> None:
    content = write(
        note(kind), SETTINGS, language(code), LINK if kind in LINK_LIVES else None, NOW
    ).as_bytes()
    assert content.isascii() and content.count(b"\n") == content.count(b"\r\n")
    assert max(map(len, content.splitlines())) <= 78
    lines = text_of(sent(note(kind), code)).splitlines()
    assert max(len(line) for line in lines if "://" not in line) <= 72


@every_language
@pytest.mark.parametrize("scheme", ["light", "dark"])
@every_kind
def test_all_text_stands_out_from_what_is_behind_it(kind: NoteKind, scheme: Scheme, code: str) -> None:
    page = page_of(sent(note(kind), code))
    assert [each for each in shown(page, scheme) if each.contrast < 4.5] == []


@pytest.mark.parametrize(
    "kind",
    [
        NoteKind.RESET,
        NoteKind.PASSWORD_SET,
        NoteKind.NEW_DEVICE,
        NoteKind.SECOND_STEP_OFF,
        NoteKind.IDENTITY_LINKED,
    ],
)
@every_language
def test_whoever_did_not_do_it_reads_whom_to_tell(kind: NoteKind, code: str) -> None:
    assert "support@nordvik.example" in words(sent(note(kind), code))


def test_when_it_happened_is_told_in_the_organisations_time() -> None:
    assert "Time: 5 March 2026 at 10:30" in words(sent(note(NoteKind.PASSWORD_SET)))


def test_what_the_mails_say_of_their_links_is_true() -> None:
    said = {kind: words(sent(note(kind))) for kind in LINK_LIVES}
    assert "within 7 days" in said[NoteKind.INVITED] and LINK_LIVES[NoteKind.INVITED].days == 7
    assert "within one hour" in said[NoteKind.RESET] and LINK_LIVES[NoteKind.RESET].seconds == 3600


def test_whoever_was_linked_reads_by_which_provider_and_what_to_do() -> None:
    told = words(sent(note(NoteKind.IDENTITY_LINKED, provider="Nordvik ID")))
    assert "Your account for the surveys at Nordvik Energi can now be used with Nordvik ID." in told
    assert "remove the login by Nordvik ID under My account" in told


def test_a_new_colleague_reads_who_made_the_account_where_that_is_known() -> None:
    assert "Maria Öberg has made an account for you" in words(sent(note(NoteKind.INVITED, by="Maria Öberg")))
    assert "There is now an account for you" in words(sent(note(NoteKind.INVITED)))


# --- what somebody typed ---------------------------------------------------------------------------

HOSTILE = [
    "Anna\r\nBcc: everyone@example.se",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    'Anna "Ann" O\'Neill, Jr; (x) \\',
    "Win at evil.example",
    "https://evil.example/admin",
    "x" * 300,
    "\u202egnorts\u202c \u2066x",
    "=?utf-8?q?Bcc=3A?=",
    "{company} {0} {name!r} %s {{ 7 * 7 }} {% raw %}",
    "\ud800 lone",
    "line\u2028separator",
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("kind", [*KINDS, NoteKind.TEST])
def test_nothing_that_somebody_typed_breaks_out_of_its_place(kind: NoteKind, hostile: str) -> None:
    usual = tried_out() if kind is NoteKind.TEST else note(kind, by="Maria", browser="Firefox")
    detail = usual.detail | {name: hostile for name in ("by", "browser") if name in usual.detail}
    message = sent(replace(usual, name=hostile, detail=detail))
    assert message.keys() == sent(usual).keys()
    assert [address.addr_spec for address in message["To"].addresses] == ["anna@nordvik.example"]
    assert [part.defects for part in message.walk()] == [[], [], []]
    assert links_of(message) == links_of(sent(usual))
    assert {each.tag for each in page_of(message).all()} == {each.tag for each in page_of(sent(usual)).all()}
    assert "evil" not in words(message) and "evil" not in content_of(message, "html")
    assert not re.search("[\x00-\x09\x0b-\x1f\u2028\u202a-\u202e\u2066-\u2069]", text_of(message))


@pytest.mark.parametrize("locale", ["<script>", "\r\nBcc: x@y.se", "fi", ""])
def test_a_test_in_no_language_of_ours_is_in_the_organisations(locale: str) -> None:
    message = sent(tried_out(locale=locale))
    assert message["Content-Language"] == "en" and "Bcc" not in message
    assert {link.partition("&")[0] for link in links_of(message)} == {
        f"{HOST}/admin/surveys/csat/preview?lang=en"
    }


# --- a survey's mail to try it out -----------------------------------------------------------------


@every_language
@pytest.mark.parametrize("survey", BUILT_IN)
def test_a_test_is_the_surveys_mail_and_its_links_lead_to_the_preview(survey: str, code: str) -> None:
    claimed = tried_out(survey, code)
    message = sent(claimed, "sv")
    assert claimed.version
    question = claimed.version.main
    preview = f"{HOST}/admin/surveys/{survey}/preview?lang={code}"
    ratings = [f"{preview}&rating={n}" for n in (question.scale.ratings if question.scale else ())]
    assert (question.metric is Metric.OPEN) == (not ratings)
    assert [link for link in links_of(message) if "rating" in link] == ratings
    assert set(links_of(message)) == {preview, *ratings}
    asked = claimed.version.text(code, question).question.replace("{company}", "Nordvik Energi")
    assert next(page_of(message).all("h2")).text == asked and asked in words(message)
    assert message["Content-Language"] == code and EXAMPLE_TICKET in message["Subject"]
    assert message["List-Unsubscribe"] is None and message["List-Unsubscribe-Post"] is None


def test_a_test_says_above_all_that_it_is_one_in_the_language_of_whoever_reads_it() -> None:
    reader = language("sv")
    notice = reader.gettext(
        "This is a test, sent to you alone. Its links lead to a preview, and nothing counts there."
    )
    message = sent(tried_out(locale="de"), "sv")
    assert words(message).startswith(notice)
    first = next(page_of(message).all("p"))
    assert (first.text, first.attributes["lang"]) == (notice, "sv")
    plain = "Wie war die Hilfe von Nordvik Energi? (Ticket T-1042)"
    assert message["Subject"] == reader.gettext("Test: {subject}", subject=plain)
    assert next(page_of(message).all("title")).text == message["Subject"]


def test_a_test_goes_to_the_users_own_address() -> None:
    assert str(sent(tried_out())["To"]) == "Anna Bell <anna@nordvik.example>"


# --- how the organisation looks --------------------------------------------------------------------


def looking(**own: Any) -> Settings:
    return replace(SETTINGS, own=replace(SETTINGS.own, **own))


def test_each_language_has_the_sender_that_was_set_for_it() -> None:
    chosen = looking(
        senders={"sv": "Kundservice <sv@nordvik.example>"}, reply_to={"sv": "svar@nordvik.example"}
    )
    swedish, german = (sent(note(NoteKind.RESET), code, chosen) for code in ("sv", "de"))
    assert (swedish["From"], swedish["Reply-To"]) == (
        "Kundservice <sv@nordvik.example>",
        "svar@nordvik.example",
    )
    assert (german["From"], german["Reply-To"]) == ("Nordvik Energi <enkat@nordvik.example>", None)
    # A test comes from whom its customers would get it.
    assert sent(tried_out(locale="sv"), "de", chosen)["From"] == "Kundservice <sv@nordvik.example>"


@pytest.mark.parametrize("colour", ["#ffee00", "#101010", "#e4572e"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_brands_colour_never_makes_the_button_unreadable(scheme: Scheme, colour: str) -> None:
    message = sent(note(NoteKind.INVITED), "en", looking(colour=colour))
    assert "#1f4b6e" not in content_of(message, "html")
    assert [each for each in shown(page_of(message), scheme) if each.contrast < 4.5] == []


@pytest.mark.parametrize("claimed", [note(NoteKind.RESET), tried_out()], ids=["a note", "a test"])
def test_the_logo_comes_along_in_the_mail(claimed: ClaimedNote) -> None:
    logo = Logo("ab" * 32, "image/png", 400, 100, b"its bytes")
    link = LINK if claimed.kind in LINK_LIVES else None
    content = write(claimed, SETTINGS, language("en"), link, NOW, logo).as_bytes()
    message = message_from_bytes(content, policy=policy.default)
    [picture] = [each for each in message.walk() if each.get_content_type() == "image/png"]
    [image] = page_of(message).all("img")
    assert picture.get_content() == b"its bytes"
    assert image.attributes["src"] == f"cid:{picture['Content-ID'].strip('<>')}"
