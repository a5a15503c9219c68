"""The mail of an invitation, read back as a mail program reads it: headers, texts, names, lines."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.config import Own
from surveyapp.core.colours import shades
from surveyapp.core.errors import MailRefusedError, SettingError
from surveyapp.i18n import LANGUAGES
from surveyapp.look import Logo
from surveyapp.mail import Sender, sender_for, write
from surveyapp.relay import relay
from tests.support.letters import (
    ASKED,
    NAMES,
    NOW,
    SENDER,
    content_of,
    letter,
    links_of,
    page_of,
    read_back,
    text_of,
)
from tests.support.logos import PNG, WEBP
from tests.support.people import settings
from tests.support.smtp import mail_server

every_language = pytest.mark.parametrize("code", LANGUAGES)
every_question = pytest.mark.parametrize("key", ASKED)


@every_language
@every_question
def test_a_mail_is_two_views_of_one_text_without_a_defect(key: str, code: str) -> None:
    message = read_back(letter(key, code))
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [part.get_content_charset() for part in parts] == ["utf-8", "utf-8"]
    assert [each.defects for each in (message, *parts)] == [[], [], []]


@every_language
@every_question
def test_every_header_says_what_it_should(key: str, code: str) -> None:
    sent = letter(key, code)
    message = read_back(sent)
    assert str(message["From"]) == "Nordvik Energi <enkat@nordvik.example>"
    (to,) = message["To"].addresses
    assert (to.display_name, to.addr_spec) == (NAMES[code], "kund@example.se")
    assert "Nordvik Energi" in message["Subject"]
    assert "T-1042" in message["Subject"]
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == f"<{sent.invitation_id}@survey.nordvik.example>"
    assert message["Content-Language"] == code
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] == f"<{sent.unsubscribe_url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["MIME-Version"] == "1.0"
    assert len(set(message.keys())) == len(message.keys())


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("sv", "Hur var hjälpen du fick av Nordvik Energi? (ärende T-1042)"),
        ("ro", "Cum a fost ajutorul primit de la Nordvik Energi? (tichetul T-1042)"),
        ("de", "Wie war die Hilfe von Nordvik Energi? (Ticket T-1042)"),
        ("en", "How was the help you got from Nordvik Energi? (ticket T-1042)"),
    ],
)
def test_the_subject_is_the_question_in_short_and_the_title_too(code: str, subject: str) -> None:
    message = read_back(letter("csat", code))
    assert message["Subject"] == subject
    assert next(page_of(message).all("title")).text == message["Subject"]


def test_the_same_letter_has_the_same_message_id_on_every_try() -> None:
    again = write(letter(), SENDER, datetime(2026, 3, 6, tzinfo=UTC))
    other = write(replace(letter(), invitation_id="another"), SENDER, NOW)
    assert again["Message-ID"] == write(letter(), SENDER, NOW)["Message-ID"] != other["Message-ID"]


@pytest.mark.parametrize("public_url", ["http://127.0.0.1:8000", "http://localhost", "https://[::1]"])
def test_a_message_id_takes_the_senders_domain_where_the_public_url_has_none(public_url: str) -> None:
    message = read_back(letter(), Sender("Nordvik", "enkat@nordvik.example", public_url))
    assert message["Message-ID"].endswith("@nordvik.example>")


@pytest.mark.parametrize(
    ("mail_from", "name"),
    [
        ("enkat@nordvik.example", "Nordvik Energi"),
        ("Kundservice <enkat@nordvik.example>", "Kundservice"),
        ('"Öberg, Ström & Co" <enkat@nordvik.example>', "Öberg, Ström & Co"),
    ],
)
def test_the_sender_has_a_name_its_own_or_the_companys(mail_from: str, name: str) -> None:
    (author,) = read_back(letter(), Sender("Nordvik Energi", mail_from, SENDER.public_url))["From"].addresses
    assert (author.display_name, author.addr_spec) == (name, "enkat@nordvik.example")


@pytest.mark.parametrize("mail_from", ["", "Nordvik", "enkät@nordvik.example", "a b@nordvik.example", "<@>"])
def test_a_sender_that_is_no_address_names_its_setting(mail_from: str) -> None:
    with pytest.raises(SettingError, match="SURVEYAPP_MAIL_FROM"):
        write(letter(), Sender("Nordvik", mail_from, SENDER.public_url), NOW)


@every_language
@every_question
def test_both_views_ask_the_question_with_the_company_filled_in(key: str, code: str) -> None:
    sent = letter(key, code)
    message = read_back(sent)
    question = sent.text.question.replace("{company}", "Nordvik Energi")
    assert next(page_of(message).all("h2")).text == question
    assert question in text_of(message).replace("\n", " ")
    for view in (text_of(message), next(page_of(message).all("body")).text):
        assert sent.text.lead_in in view.replace("\n", " ")
        assert NAMES[code] in view
        assert "T-1042" in view
        assert not re.search(r"[{}%]|jinja", view)


@every_language
@every_question
def test_the_text_holds_one_link_to_answer_and_no_rating(key: str, code: str) -> None:
    sent = letter(key, code)
    lines = text_of(read_back(sent)).splitlines()
    links = [line for line in lines if "://" in line]
    assert links == [sent.page_url, sent.privacy_url, sent.unsubscribe_url]


@every_language
@every_question
def test_lines_of_the_text_are_short_but_for_whole_links(key: str, code: str) -> None:
    sent = replace(letter(key, code), ticket_ref="a reference " * 9)
    lines = text_of(read_back(sent, Sender("Energi och Värme " * 9, SENDER.mail_from, SENDER.public_url)))
    assert max(len(line) for line in lines.splitlines() if "://" not in line) <= 72


def test_without_a_name_or_a_ticket_the_mail_says_so_plainly() -> None:
    message = read_back(replace(letter("csat", "en"), to_name=None, ticket_ref=""))
    assert str(message["To"]) == "kund@example.se"
    assert message["Subject"] == "How was the help you got from Nordvik Energi?"
    assert text_of(message).startswith("Hello,\n\nYou were recently in touch with our support.\n")


@pytest.mark.parametrize(("locale", "code"), [("de-AT", "de"), ("ro_MD", "ro"), ("fi", "en"), ("", "en")])
def test_a_locale_falls_back_to_its_language_and_then_to_english(locale: str, code: str) -> None:
    assert read_back(replace(letter("csat", code), locale=locale))["Content-Language"] == code


@every_language
@every_question
def test_every_line_is_ascii_ends_properly_and_is_short(key: str, code: str) -> None:
    long_name = Sender("Ångström & Söner Energi " * 5, "enkat@nordvik.example", SENDER.public_url)
    content = write(letter(key, code), long_name, NOW).as_bytes()
    assert content.isascii()
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    lines = content.decode().split("\r\n")
    # A link in a header cannot be folded; the limit is 998.
    assert [line for line in lines if len(line) > 78] == [
        line for line in lines if line.startswith("List-Unsubscribe: ")
    ]


@every_language
def test_a_mail_comes_out_of_a_real_server_as_it_was_written(code: str) -> None:
    message = write(letter("nps", code), SENDER, NOW)
    with mail_server() as server, relay(server.url) as post:
        post.deliver(message, lambda: None)
    (received,) = server.mails
    assert received.content == message.as_bytes()
    assert (received.sender, received.recipients) == ("enkat@nordvik.example", ["kund@example.se"])
    assert text_of(received.message) == text_of(read_back(letter("nps", code)))


HOSTILE = [
    "Anna\r\nBcc: everyone@example.se",
    "Anna\x00\x1b[31m",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    'Anna "Ann" O\'Neill, Jr; (x) \\',
    "a, b" * 40,
    "😀 Ångström 👩‍👩‍👧" * 3,
    "x" * 300,
    "Åsa " * 75,
    "\u202egnorts\u202c \u2066x",
    "שלום עולם",
    "=?utf-8?q?Bcc=3A?=",
    "{company} {0} {name!r} %s {{ 7 * 7 }} {% raw %}",
    "\ud800 lone",
    "line\u2028separator",
]


def raw_name(message: EmailMessage, header: str) -> str:
    """The display name as a mail program decodes it; the standard parser leaves spaces between long words."""
    raw = re.sub(r"\r?\n ", " ", next(v for k, v in message.raw_items() if k == header))
    return str(make_header(decode_header(raw.rpartition(" <")[0])))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_name_breaks_out_of_its_place(hostile: str) -> None:
    sent = replace(letter("nps", "en"), to_name=hostile, ticket_ref=hostile)
    message = read_back(sent, Sender(hostile, "enkat@nordvik.example", SENDER.public_url))
    usual = read_back(letter("nps", "en"))
    assert message.keys() == usual.keys()
    assert [address.addr_spec for address in message["To"].addresses] == ["kund@example.se"]
    assert [address.addr_spec for address in message["From"].addresses] == ["enkat@nordvik.example"]
    assert [part.defects for part in message.walk()] == [[], [], []]
    assert links_of(message) == links_of(usual)
    assert [each.tag for each in page_of(message).all()].count("p") == [
        each.tag for each in page_of(usual).all()
    ].count("p")
    assert not re.search("[\x00-\x09\x0b-\x1f\u2028\u202a-\u202e\u2066-\u2069]", text_of(message))


@given(st.text(max_size=120))
def test_the_name_of_any_customer_arrives_whole_or_not_at_all(name: str) -> None:
    message = read_back(replace(letter(), to_name=name))
    (address,) = message["To"].addresses
    assert address.addr_spec == "kund@example.se"
    readable = " ".join(name.split())
    if readable and len(readable) <= 80 and readable.replace(" ", "").isalnum():
        assert raw_name(message, "To") == readable


def test_the_company_may_have_braces_and_signs_of_html() -> None:
    company = "Öl & {company} <Co> {0}"
    message = read_back(letter("csat", "en"), Sender(company, "enkat@nordvik.example", SENDER.public_url))
    assert next(page_of(message).all("h1")).text == company
    assert f"the help you received from {company}?" in text_of(message).replace("\n", " ")
    assert f"the help you got from {company}?" in message["Subject"]
    assert raw_name(message, "From") == company


@pytest.mark.parametrize("name", ["Win at evil.example", "www.evil", "http://x", "a@b", "<b>", "x" * 81])
def test_a_name_that_could_become_a_link_or_is_none_is_not_used(name: str) -> None:
    message = read_back(replace(letter("csat", "en"), to_name=name))
    assert str(message["To"]) == "kund@example.se"
    assert text_of(message).startswith("Hello,\n")


@pytest.mark.parametrize(
    "address",
    ["", "kund", "a@b@c.se", "a b@c.se", "a@c.se\r\nBcc: x@y.se", "<a@c.se>", "a@c.se, d@e.se", "ä@ö"],
)
def test_what_is_no_address_is_refused_before_any_server_sees_it(address: str) -> None:
    with pytest.raises(MailRefusedError, match="address"):
        write(replace(letter(), to_address=address), SENDER, NOW)


def test_a_domain_outside_ascii_goes_out_in_ascii_and_the_german_sharp_s_stays_one() -> None:
    message = read_back(replace(letter(), to_address="kund@straße.de"))
    assert message["To"].addresses[0].addr_spec == "kund@xn--strae-oqa.de"


def test_an_address_outside_ascii_makes_the_mail_international() -> None:
    content = write(replace(letter(), to_address="jörg@example.de"), SENDER, NOW).as_bytes()
    assert "<jörg@example.de>".encode() in content


@pytest.mark.parametrize(
    "changes",
    [
        {"page_url": "https://räksmörgås.se/s/x"},
        {"unsubscribe_url": "https://x.se/u/x>\r\nBcc: a@b.se"},
        {"privacy_url": "javascript:alert(1)"},
        {"rating_urls": dict.fromkeys(range(11), "https://x.se/s/ x")},
    ],
)
def test_links_that_no_mail_can_carry_name_their_setting(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="SURVEYAPP_PUBLIC_URL"):
        write(replace(letter("nps"), **changes), SENDER, NOW)


def test_an_invitation_id_that_fits_into_no_header_is_refused() -> None:
    with pytest.raises(MailRefusedError, match="id"):
        write(replace(letter(), invitation_id="a>\r\nBcc: x"), SENDER, NOW)


# --- the organisation's own look and sender ----------------------------------------------------------

LOGO = Logo("5eed" * 16, "image/png", 120, 40, PNG)
BRANDED = replace(SENDER, colour="#f2b705", logo=LOGO, reply_to="support@nordvik.example")


def test_replies_go_where_the_organisation_wants_them() -> None:
    assert str(read_back(letter(), BRANDED)["Reply-To"]) == "support@nordvik.example"
    assert read_back(letter())["Reply-To"] is None


@pytest.mark.parametrize(
    "reply_to", ["support", "a@b.se\r\nBcc: c@d.se", "a@b.se, c@d.se", "å@b.se", "a@ö.se"]
)
def test_replies_go_to_no_address_that_a_mail_cannot_carry(reply_to: str) -> None:
    with pytest.raises(SettingError, match="replies"):
        write(letter(), replace(SENDER, reply_to=reply_to), NOW)


def test_each_language_has_its_own_sender_or_the_one_of_all() -> None:
    own = Own(
        senders={"sv": "Nordvik kundservice <enkat@nordvik.example>"},
        reply_to={"de": "hilfe@nordvik.example"},
        colour="#f2b705",
    )
    chosen = replace(settings(), own=own)
    swedish, german = (sender_for(chosen, locale, LOGO) for locale in ("sv-FI", "de"))
    assert (swedish.mail_from, swedish.reply_to) == ("Nordvik kundservice <enkat@nordvik.example>", "")
    assert (german.mail_from, german.reply_to) == (chosen.mail_from, "hilfe@nordvik.example")
    assert {(each.company, each.public_url, each.colour, each.logo) for each in (swedish, german)} == {
        (chosen.company, chosen.public_url, "#f2b705", LOGO)
    }
    (author,) = read_back(letter("csat", "sv"), swedish)["From"].addresses
    assert (author.display_name, author.addr_spec) == ("Nordvik kundservice", "enkat@nordvik.example")


def test_without_anything_of_its_own_an_organisation_writes_as_its_settings_say() -> None:
    chosen = settings()
    assert sender_for(chosen, "ro") == Sender(chosen.company, chosen.mail_from, chosen.public_url)


@every_language
def test_a_logo_goes_along_in_the_mail_and_stands_in_the_place_of_the_initial(code: str) -> None:
    message = read_back(letter("csat", code), BRANDED)
    assert message.get_content_type() == "multipart/alternative"
    text, related = message.iter_parts()
    assert (text.get_content_type(), related.get_content_type()) == ("text/plain", "multipart/related")
    page, picture = related.iter_parts()
    assert (page.get_content_type(), picture.get_content_type()) == ("text/html", "image/png")
    assert picture.get_content() == PNG
    assert picture.get_content_disposition() == "inline"
    assert [each.defects for each in message.walk()] == [[]] * 5
    (image,) = page_of(message).all("img")
    assert f"<{image.attributes['src'].removeprefix('cid:')}>" == picture["Content-ID"]
    assert (image.attributes["width"], image.attributes["height"]) == ("108", "36")
    # The heading beside it says whose it is.
    assert image.attributes["alt"] == ""
    assert [each.text for each in page_of(message).all("h1")] == ["Nordvik Energi"]
    assert not any("initial" in each.classes for each in page_of(message).all())


def test_a_logo_that_outlook_cannot_show_leaves_the_initial() -> None:
    branded = replace(SENDER, logo=Logo("5eed" * 16, "image/webp", 120, 40, WEBP))
    message, plain = (read_back(letter(), each) for each in (branded, SENDER))
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert content_of(message, "html") == content_of(plain, "html")


def test_a_branded_mail_loads_nothing_and_says_the_same() -> None:
    plain, branded = read_back(letter()), read_back(letter(), BRANDED)
    assert text_of(plain) == text_of(branded)
    assert links_of(plain) == links_of(branded)
    sources = [each.attributes["src"] for each in page_of(branded).all() if "src" in each.attributes]
    assert [source.partition(":")[0] for source in sources] == ["cid"]


def test_the_brands_colour_takes_the_place_of_ours() -> None:
    ours, branded = (content_of(read_back(letter("open"), each), "html") for each in (SENDER, BRANDED))
    found = shades("#f2b705")
    for colour in (found.accent, found.dark_accent):
        assert colour in branded and colour not in ours
    assert "#1f4b6e" in ours and "#1f4b6e" not in branded
    assert "#a8cdea" in ours and "#a8cdea" not in branded


def test_a_mail_with_a_logo_comes_out_of_a_real_server_as_it_was_written() -> None:
    message = write(letter("nps"), BRANDED, NOW)
    with mail_server() as server, relay(server.url) as post:
        post.deliver(message, lambda: None)
    (received,) = server.mails
    assert received.content == message.as_bytes()
    lines = received.content.split(b"\r\n")
    assert received.content.isascii() and b"\n" not in b"".join(lines)
    assert [line for line in lines if len(line) > 78] == [
        line for line in lines if line.startswith(b"List-Unsubscribe: ")
    ]


def test_the_same_logo_is_encoded_once() -> None:
    payloads = [list(write(letter(), BRANDED, NOW).walk())[-1].get_payload() for _ in range(2)]
    assert payloads[0] is payloads[1]
