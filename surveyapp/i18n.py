"""Languages: which there are, and the messages, numbers, dates and template environment of each."""

import datetime
import gettext
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from surveyapp.core.errors import SurveyappError
from surveyapp.core.scoring import rounded

LANGUAGES = ("sv", "ro", "de", "en")
SOURCE = "en"

_OWN_NAMES = {"sv": "svenska", "ro": "română", "de": "Deutsch", "en": "English"}
_LOCALES = {"en": "en_GB"}
_PACKAGE = Path(__file__).parent
_TRUE_MINUS = "\N{MINUS SIGN}"
_BOTH_GENDERS = re.compile(r"(\w+)\(ă\)")
# One entry of Accept-Language (RFC 9110, 12.5.4); what does not look like one is passed over.
_ACCEPTED = re.compile(
    r"(?P<tag>\*|[a-z]{1,8}(?:[-_][a-z0-9]{1,8})*)\s*(?:;\s*q=(?P<weight>0(?:\.[0-9]*)?|1(?:\.0*)?))?",
    re.IGNORECASE,
)


class MissingCatalogueError(SurveyappError):
    """A language has no compiled catalogue, so everything in it would silently be English."""


class Language:
    """One language: its code, its name for itself, and everything that is said in it.

    Values are put into a message by `str.format` after it was translated; a message without values is left as
    it is, braces and all. What comes back is plain text, so a template escapes it, values included.
    """

    def __init__(self, code: str, catalogue: gettext.NullTranslations) -> None:
        self.code = code
        self.own_name = _OWN_NAMES[code]
        self._catalogue = catalogue
        self._locale = Locale.parse(_LOCALES.get(code, code))
        self.environment = _environment(self)

    def gettext(self, message: str, /, **values: object) -> str:
        """The message in this language."""
        return _filled(self._catalogue.gettext(message), values)

    def pgettext(self, context: str, message: str, /, **values: object) -> str:
        """The message as it is said in this context, where the same English means different things."""
        return _filled(self._catalogue.pgettext(context, message), values)

    def ngettext(self, singular: str, plural: str, n: int, /, **values: object) -> str:
        """The form that fits n; `{n}` is filled with the number as this language writes it."""
        return _filled(self._catalogue.ngettext(singular, plural, n), {"n": self.number(n), **values})

    def plural_forms(self, singular: str, plural: str) -> dict[str, str]:
        """The unfilled forms by CLDR category ("one", "few", "other"), as `Intl.PluralRules` names them."""
        # The numbers up to 20 meet every category of our four languages.
        return {self._locale.plural_form(n): self._catalogue.ngettext(singular, plural, n) for n in range(21)}

    def spoken(self, text: str) -> str:
        """The text for a screen reader, which would read "mulțumit(ă)" letter by letter."""
        return _BOTH_GENDERS.sub(r"\1 sau \1ă", text) if self.code == "ro" else text

    def number(self, value: float, decimals: int = 0) -> str:
        """With exactly that many decimals, rounded half away from zero."""
        return _typeset(format_decimal(rounded(value, decimals), _pattern(decimals), self._locale))

    def signed(self, value: float, decimals: int = 0) -> str:
        """As `number`, with its sign; zero has none."""
        return ("+" if rounded(value, decimals) > 0 else "") + self.number(value, decimals)

    def percent(self, value: float, decimals: int = 0) -> str:
        """Of a value from 0 to 100, with the space before the sign that the language has."""
        pattern = self._locale.percent_formats[None].pattern.replace(_pattern(0), _pattern(decimals))
        return _typeset(format_percent(rounded(value, decimals).scaleb(-2), pattern, self._locale))

    def date(self, value: datetime.date) -> str:
        """In full: 5 March 2026."""
        return format_date(value, "long", self._locale)

    def moment(self, value: datetime.datetime) -> str:
        """Date and time of day, as the clock of its zone shows them."""
        time = format_time(value, "short", locale=self._locale)
        # i18n: A moment. {date}: 5 March 2026, {time}: 14:00
        return self.gettext("{date} at {time}", date=self.date(value), time=time)

    def short_moment(self, value: datetime.datetime) -> str:
        """As `short_date`, with the time of day: 5 Mar 2026, 14:00."""
        return f"{self.short_date(value)}, {format_time(value, 'short', locale=self._locale)}"

    def short_date(self, value: datetime.date) -> str:
        """For tables, yet with no doubt which is the month: 5 Mar 2026."""
        return format_date(value, "medium", self._locale)

    def language_name(self, code: str) -> str:
        """What this language calls another one of ours: Swedish."""
        return str(self._locale.languages[code])

    def day_and_month(self, value: datetime.date) -> str:
        """For an axis, where the year is known: 5 Mar."""
        return format_skeleton("MMMd", value, locale=self._locale)

    def month_and_year(self, value: datetime.date) -> str:
        """For an axis: Mar 2026."""
        return format_skeleton("yMMM", value, locale=self._locale)


@cache
def languages() -> Mapping[str, Language]:
    """Every language by its code, built once; MissingCatalogueError when one is not compiled."""
    folder = _folder()
    return MappingProxyType({code: Language(code, catalogue(code, folder)) for code in LANGUAGES})


def language(code: str) -> Language:
    """The language of one of our codes; `closest` makes one of any locale."""
    return languages()[code]


def catalogue(code: str, folder: Path) -> gettext.NullTranslations:
    """The compiled messages of a language; those of the source language are the messages themselves."""
    if code == SOURCE:
        return gettext.NullTranslations()
    try:
        return gettext.translation("messages", folder, [code])
    except FileNotFoundError as error:
        raise MissingCatalogueError(f"The catalogue of {code} is not compiled in {folder}.") from error


def closest(wanted: str | None, default: str) -> str:
    """Our code for a locale ("de-AT" is "de"), else for the default locale, else English."""
    return _known(wanted) or _known(default) or SOURCE


def negotiated(accept_language: str | None, default: str) -> str:
    """Our code for the first language of the header that we have, else as `closest` says; never raises."""
    for tag in _by_preference(accept_language or ""):
        if tag == "*":
            break
        if code := _known(tag):
            return code
    return closest(None, default)


def _by_preference(accept_language: str) -> list[str]:
    entries = [_ACCEPTED.fullmatch(entry.strip()) for entry in accept_language.split(",")]
    weighted = [(float(entry["weight"] or 1), entry["tag"]) for entry in entries if entry]
    return [tag for weight, tag in sorted(weighted, key=lambda each: -each[0]) if weight > 0]


@lru_cache(maxsize=256)
def _known(tag: str | None) -> str | None:
    code = re.split("[-_]", (tag or "").strip().lower(), maxsplit=1)[0]
    return code if code in LANGUAGES else None


def _folder() -> Path:
    """A wheel carries the catalogues in the package; in a checkout they lie beside it."""
    inside = _PACKAGE / "translations"
    return inside if inside.is_dir() else _PACKAGE.parent / "translations"


def _environment(language: Language) -> Environment:
    # One for each language and no overlays: an overlay leaks its translator into its parent.
    environment = Environment(
        loader=FileSystemLoader(_PACKAGE / "templates"),
        autoescape=select_autoescape(["html"], default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(
        _=language.gettext, ngettext=language.ngettext, pgettext=language.pgettext, language=language
    )
    return environment


def _filled(text: str, values: Mapping[str, object]) -> str:
    return text.format(**values) if values else text


def _pattern(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _typeset(number: str) -> str:
    # Only Swedish has the true minus in its data.
    return number.replace("-", _TRUE_MINUS)
