"""Each language finds its words, writes its numbers and dates, and puts values safely into both."""

import datetime
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markupsafe import escape

from surveyapp.i18n import (
    LANGUAGES,
    Language,
    MissingCatalogueError,
    catalogue,
    closest,
    language,
    languages,
    negotiated,
)
from translations.update import template

ROOT = Path(__file__).parents[1]
MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
FIFTH_OF_MARCH = datetime.date(2026, 3, 5)

in_each_language = pytest.mark.parametrize("code", LANGUAGES)


# Which language


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("sv", "sv"),
        ("de-AT", "de"),
        ("ro_MD", "ro"),
        ("ro-MD", "ro"),
        ("EN-us", "en"),
        (" de ", "de"),
        ("sv_SE.UTF-8", "sv"),
        ("fr", "ro"),
        ("svenska", "ro"),
        ("", "ro"),
        (None, "ro"),
    ],
)
def test_a_locale_falls_back_to_its_language_and_then_to_the_default(wanted: str | None, code: str) -> None:
    assert closest(wanted, "ro") == code


def test_the_default_may_be_a_locale_too() -> None:
    assert closest("fr", "de-CH") == "de"


def test_when_the_default_is_unknown_english_remains() -> None:
    assert closest("fr", "fi") == "en"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("sv", "sv"),
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("en;q=0.5, sv;q=0.9", "sv"),
        ("en;q=0.5,ro ; q=0.8", "ro"),
        ("fr-FR, fr;q=0.9, de;q=0.3", "de"),
        ("DE-de;Q=1.000", "de"),
        ("sv;q=0, de;q=0.1", "de"),
        ("sv;q=0.0", "ro"),
        ("fr, *;q=0.5, de;q=0.1", "ro"),
        ("*", "ro"),
        ("", "ro"),
        (None, "ro"),
        ("de;q=high, sv;q=0.2", "sv"),
        ("de;q=nan, sv;q=0.2", "sv"),
        ("de;q=1e999, sv;q=0.2", "sv"),
        ("de;q=-1, sv;q=0.2", "sv"),
        ("de;q=2, sv;q=0.2", "sv"),
        ("de;q=\N{ARABIC-INDIC DIGIT ONE}, sv;q=0.2", "sv"),
        (";;;,,=, sv", "sv"),
        ("-, _, sv-", "ro"),
    ],
)
def test_the_best_language_of_the_header_that_we_have_is_taken(header: str | None, code: str) -> None:
    assert negotiated(header, "ro") == code


@given(st.one_of(st.text(), st.text(alphabet="svde-;q=0.19*, ")))
def test_no_header_is_an_error(header: str) -> None:
    assert negotiated(header, "fi") in LANGUAGES


@pytest.mark.parametrize(
    ("code", "own_name"), [("sv", "svenska"), ("ro", "română"), ("de", "Deutsch"), ("en", "English")]
)
def test_each_language_is_named_in_itself(code: str, own_name: str) -> None:
    assert language(code).own_name == own_name


def test_every_language_is_built_once() -> None:
    assert tuple(languages()) == LANGUAGES
    assert language("sv") is language("sv")


# Messages


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("sv", "Skicka svar"),
        ("ro", "Trimiteți răspunsul"),
        ("de", "Antwort absenden"),
        ("en", "Send answer"),
    ],
)
def test_a_message_is_said_in_the_language(code: str, text: str) -> None:
    assert language(code).gettext("Send answer") == text


@pytest.mark.parametrize(("code", "text"), [("sv", "Neutral"), ("ro", "Neutru"), ("de", "Neutral")])
def test_a_message_with_a_context_is_said_as_the_context_asks(code: str, text: str) -> None:
    assert language(code).pgettext("scale point", "Neutral") == text


@pytest.mark.parametrize("code", ["sv", "ro", "de"])
def test_a_language_without_its_catalogue_is_an_error_and_not_english(code: str, tmp_path: Path) -> None:
    with pytest.raises(MissingCatalogueError, match=f"catalogue of {code}"):
        catalogue(code, tmp_path)


def test_english_needs_no_catalogue(tmp_path: Path) -> None:
    english = Language("en", catalogue("en", tmp_path))
    assert english.gettext("Send answer") == "Send answer"
    assert english.pgettext("scale point", "Neutral") == "Neutral"


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        (
            "en",
            {
                0: "0 characters left",
                1: "1 character left",
                2: "2 characters left",
                19: "19 characters left",
                20: "20 characters left",
                101: "101 characters left",
            },
        ),
        (
            "sv",
            {
                0: "0 tecken kvar",
                1: "1 tecken kvar",
                2: "2 tecken kvar",
                19: "19 tecken kvar",
                20: "20 tecken kvar",
                101: "101 tecken kvar",
            },
        ),
        (
            "de",
            {
                0: "noch 0 Zeichen",
                1: "noch 1 Zeichen",
                2: "noch 2 Zeichen",
                19: "noch 19 Zeichen",
                20: "noch 20 Zeichen",
                101: "noch 101 Zeichen",
            },
        ),
        (
            "ro",
            {
                0: "au mai rămas 0 caractere",
                1: "a mai rămas 1 caracter",
                2: "au mai rămas 2 caractere",
                19: "au mai rămas 19 caractere",
                20: "au mai rămas 20 de caractere",
                101: "au mai rămas 101 caractere",
            },
        ),
    ],
)
def test_a_plural_fits_its_number(code: str, texts: dict[int, str]) -> None:
    assert {n: characters_left(code, n) for n in texts} == texts


def test_the_number_of_a_plural_is_written_as_the_language_writes_numbers() -> None:
    assert characters_left("ro", 2000) == "au mai rămas 2.000 de caractere"


def test_a_script_gets_the_forms_of_a_plural_by_category() -> None:
    forms = {
        code: language(code).plural_forms("{n} character left", "{n} characters left") for code in LANGUAGES
    }
    assert forms == {
        "sv": {"one": "{n} tecken kvar", "other": "{n} tecken kvar"},
        "de": {"one": "noch {n} Zeichen", "other": "noch {n} Zeichen"},
        "en": {"one": "{n} character left", "other": "{n} characters left"},
        "ro": {
            "one": "a mai rămas {n} caracter",
            "few": "au mai rămas {n} caractere",
            "other": "au mai rămas {n} de caractere",
        },
    }


def test_a_value_is_put_in_after_translating_and_its_braces_mean_nothing() -> None:
    assert language("sv").gettext("Your answer: {label}.", label="{0} {label} %s") == (
        "Ditt svar: {0} {label} %s."
    )


def test_a_message_without_values_keeps_its_placeholders() -> None:
    assert language("sv").gettext("Your answer: {label}.") == "Ditt svar: {label}."


def test_a_value_may_have_the_name_of_a_parameter() -> None:
    english = language("en")
    assert english.gettext("{self} {message}", self=1, message=2) == "1 2"
    assert english.pgettext("any", "{context} {message}", context=1, message=2) == "1 2"
    assert english.ngettext("{n} {singular}", "{n} {plural}", 2, n="two", plural=3) == "two 3"


@pytest.mark.parametrize(
    ("code", "written", "spoken"),
    [
        ("ro", "Foarte nemulțumit(ă)", "Foarte nemulțumit sau nemulțumită"),
        ("ro", "Cât de mulțumit(ă) sunteți?", "Cât de mulțumit sau mulțumită sunteți?"),
        ("ro", "Comentariul dumneavoastră (opțional)", "Comentariul dumneavoastră (opțional)"),
        ("sv", "Mycket nöjd", "Mycket nöjd"),
        ("de", "Sehr zufrieden", "Sehr zufrieden"),
        ("en", "Your comment (optional)", "Your comment (optional)"),
    ],
)
def test_a_screen_reader_is_given_both_genders_as_words(code: str, written: str, spoken: str) -> None:
    assert language(code).spoken(written) == spoken


# Numbers and dates


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("sv", ("5,70", f"12{NO_BREAK}346", f"{MINUS}7", "0")),
        ("ro", ("5,70", "12.346", f"{MINUS}7", "0")),
        ("de", ("5,70", "12.346", f"{MINUS}7", "0")),
        ("en", ("5.70", "12,346", f"{MINUS}7", "0")),
    ],
)
def test_a_number_is_written_as_the_language_writes_it(code: str, texts: tuple[str, ...]) -> None:
    number = language(code).number
    assert (number(5.7, 2), number(12345.678), number(-7), number(-0.2)) == texts


@pytest.mark.parametrize(
    ("value", "decimals", "text"), [(0.5, 0, "1"), (-2.5, 0, f"{MINUS}3"), (2.005, 2, "2.01")]
)
def test_a_tie_is_rounded_away_from_zero(value: float, decimals: int, text: str) -> None:
    assert language("en").number(value, decimals) == text


@in_each_language
def test_a_signed_number_has_its_sign_and_zero_has_none(code: str) -> None:
    signed = language(code).signed
    assert [signed(value) for value in (28.571, -28.571, 0, 0.4, -0.4)] == [
        "+29",
        f"{MINUS}29",
        "0",
        "0",
        "0",
    ]


def test_a_signed_number_may_have_decimals() -> None:
    assert language("de").signed(0.125, 2) == "+0,13"


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("sv", (f"83{NO_BREAK}%", f"83,4{NO_BREAK}%", f"0{NO_BREAK}%", f"{MINUS}5{NO_BREAK}%")),
        ("ro", (f"83{NO_BREAK}%", f"83,4{NO_BREAK}%", f"0{NO_BREAK}%", f"{MINUS}5{NO_BREAK}%")),
        ("de", (f"83{NO_BREAK}%", f"83,4{NO_BREAK}%", f"0{NO_BREAK}%", f"{MINUS}5{NO_BREAK}%")),
        ("en", ("83%", "83.4%", "0%", f"{MINUS}5%")),
    ],
)
def test_a_percentage_is_of_a_hundred_and_never_torn_apart(code: str, texts: tuple[str, ...]) -> None:
    percent = language(code).percent
    assert (percent(83.39), percent(83.39, 1), percent(0), percent(-5)) == texts


@pytest.mark.parametrize(
    ("code", "in_the_year", "month"),
    [
        ("sv", "5 mars", "mars 2026"),
        ("ro", "5 mar.", "mar. 2026"),
        ("de", "5. März", "März 2026"),
        ("en", "5 Mar", "Mar 2026"),
    ],
)
def test_a_date_on_an_axis_leaves_out_what_is_known(code: str, in_the_year: str, month: str) -> None:
    assert language(code).day_and_month(FIFTH_OF_MARCH) == in_the_year
    assert language(code).month_and_year(FIFTH_OF_MARCH) == month


@pytest.mark.parametrize(
    ("code", "in_full", "short"),
    [
        ("sv", "5 mars 2026", "5 mars 2026"),
        ("ro", "5 martie 2026", "5 mar. 2026"),
        ("de", "5. März 2026", "05.03.2026"),
        ("en", "5 March 2026", "5 Mar 2026"),
    ],
)
def test_a_date_is_written_as_the_language_writes_it(code: str, in_full: str, short: str) -> None:
    assert language(code).date(FIFTH_OF_MARCH) == in_full
    assert language(code).short_date(FIFTH_OF_MARCH) == short


# Templates


@in_each_language
@given(value=st.text())
def test_markup_in_a_value_is_escaped(code: str, value: str) -> None:
    source = """{{ _("Your answer: {label}.", label=value) }}"""
    expected = language(code).gettext("Your answer: {label}.", label=value)
    assert rendered(code, source, value=value) == escape(expected)


@in_each_language
def test_a_script_in_a_value_stays_text(code: str) -> None:
    source = """{{ _("Your answer: {label}.", label=value) }}"""
    assert "&lt;script&gt;" in rendered(code, source, value="<script>")
    assert "<script>" not in rendered(code, source, value="<script>")


@in_each_language
def test_an_html_template_escapes_and_a_text_template_does_not(code: str) -> None:
    autoescape = language(code).environment.autoescape
    assert callable(autoescape)
    assert autoescape("public/ask.html")
    assert not autoescape("email/invitation.txt")


def test_the_environments_of_two_languages_do_not_leak_into_each_other() -> None:
    source = """{{ _("Send answer") }}, {{ pgettext("scale point", "Neutral") }}, {{ language.code }}"""
    said = [rendered(code, source) for code in ("ro", "de", "ro", "en")]
    assert said == [
        "Trimiteți răspunsul, Neutru, ro",
        "Antwort absenden, Neutral, de",
        "Trimiteți răspunsul, Neutru, ro",
        "Send answer, Neutral, en",
    ]


def test_a_template_has_plurals() -> None:
    source = """{{ ngettext("{n} character left", "{n} characters left", 20) }}"""
    assert rendered("ro", source) == "au mai rămas 20 de caractere"


def test_a_name_that_a_template_was_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        rendered("en", "{{ nobody }}")


# What translators are given and give


@pytest.mark.static
def test_every_message_has_a_comment_with_an_example_for_each_placeholder() -> None:
    unexplained = [
        message.id
        for message in template()
        if message.id
        and not (
            message.auto_comments
            and all(f"{{{name}}}: " in " ".join(message.auto_comments) for name in placeholders(message.id))
        )
    ]
    assert unexplained == []


@pytest.mark.static
@pytest.mark.parametrize("path", ["translations/ro/LC_MESSAGES/messages.po", "docs/LABELS.md"])
def test_romanian_is_written_with_a_comma_below_and_never_a_cedilla(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert not set("şţŞŢ\N{COMBINING CEDILLA}") & set(text)
    assert {"ș", "ț"} <= set(text)


@pytest.mark.parametrize("month", range(1, 13))
def test_romanian_dates_have_no_cedilla_either(month: int) -> None:
    day = datetime.date(2026, month, 1)
    assert not set("şţŞŢ") & set(language("ro").date(day) + language("ro").short_date(day))


def characters_left(code: str, n: int) -> str:
    return language(code).ngettext("{n} character left", "{n} characters left", n)


def rendered(code: str, source: str, **values: object) -> str:
    return language(code).environment.from_string(source).render(**values)


def placeholders(message: str | tuple[str, ...] | list[str]) -> set[str]:
    forms = [message] if isinstance(message, str) else message
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name}
