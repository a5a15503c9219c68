"""What forms behind the login are made of: fields that clean, check and say what is wrong."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from surveyapp.core.errors import FieldError, Problem
from surveyapp.problems import PROBLEMS, field_sentence
from surveyapp.web.wiring import spoken_language

LINE, TEXT = 200, 10_000

Check = Callable[[Any, Any], None]


class _Translations:
    """What WTForms says by itself: that a choice is none of those that were offered."""

    def gettext(self, _message: str) -> str:
        return say(Problem.UNKNOWN)

    def ngettext(self, _singular: str, _plural: str, _n: int) -> str:
        return say(Problem.UNKNOWN)


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form of a page behind the login. The guard has checked its token already."""

    class Meta:
        csrf = False

        def get_translations(self, _form: Any) -> _Translations:
            return _Translations()

    def __init__(self, **values: Any) -> None:
        """`values` fill the fields of a form that was not sent."""
        super().__init__(request.form if request.method == "POST" else None, **values)

    def is_sent(self) -> bool:
        """Whether it was sent and every field is fine."""
        return request.method == "POST" and bool(self.validate())

    def blame(self, error: FieldError) -> None:
        """Put what a use case said beside its field; beside the first one when the form has no such field."""
        field = self._fields.get(error.field) or next(iter(self._fields.values()))
        field.errors = [*field.errors, field_sentence(error, spoken_language())]


def say(problem: Problem, **values: object) -> str:
    """What is wrong, in the language of this request."""
    return PROBLEMS[problem](spoken_language(), **values)


def needed(_form: Any, field: Any) -> None:
    """Something must be given."""
    if not field.data:
        raise StopValidation(say(Problem.MISSING))


needed.field_flags = {"required": True}  # type: ignore[attr-defined]


def line(label: str, *checks: Check, longest: int = LINE, **options: Any) -> StringField:
    """One line of text, without spaces around it and of printable characters; "" for nothing."""
    return StringField(
        label, filters=[_clean], validators=[_length(longest), _printable, *_first(checks)], **options
    )


def text(label: str, *checks: Check, longest: int = TEXT, **options: Any) -> TextAreaField:
    """Several lines of text, with one kind of line end."""
    return TextAreaField(
        label, filters=[_clean_lines], validators=[_length(longest), *_first(checks)], **options
    )


def choice(label: str, choices: Iterable[tuple[str, str]], **options: Any) -> SelectField:
    """One of these (value, words)."""
    return SelectField(label, choices=list(choices), **options)


def choices(label: str, offered: Iterable[tuple[str, str]], **options: Any) -> SelectMultipleField:
    """Any of these, as boxes to tick."""
    return SelectMultipleField(
        label,
        choices=list(offered),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        **options,
    )


class WholeField(StringField):
    """A whole number; None for nothing."""

    def __init__(self, label: str, low: int, high: int, *, is_needed: bool = False, **options: Any) -> None:
        super().__init__(label, **options)
        self.low, self.high, self.is_needed = low, high, is_needed
        if is_needed:
            self.flags.required = True
        self.render_kw = {"inputmode": "numeric", "maxlength": len(str(high)), "class": "number"}

    def _value(self) -> str:
        return "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: Any) -> None:
        """What was typed, as a number where it is one."""
        typed = (valuelist[0] if valuelist else "").strip()
        is_number = typed.isascii() and typed.isdigit() and len(typed) < 10
        self.data: Any = int(typed) if is_number else (typed or None)

    def pre_validate(self, form: Any) -> None:
        """Say which numbers there are."""
        if self.data is None and not self.is_needed:
            return
        if not isinstance(self.data, int) or not self.low <= self.data <= self.high:
            raise StopValidation(say(Problem.NUMBER, low=self.low, high=self.high))


def pairs(words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Choices from a mapping of values to words."""
    return list(words.items())


def _first(checks: Iterable[Check]) -> list[Check]:
    # What is missing is said before anything else is looked at.
    return sorted(checks, key=lambda check: check is not needed)


def _length(longest: int) -> Check:
    def check(_form: Any, field: Any) -> None:
        if len(field.data or "") > longest:
            raise StopValidation(say(Problem.LONG, n=longest))

    check.field_flags = {"maxlength": longest}  # type: ignore[attr-defined]
    return check


def _printable(_form: Any, field: Any) -> None:
    if not (field.data or "").isprintable():
        raise StopValidation(say(Problem.NO_TEXT))


def _clean(value: str | None) -> str:
    return unicodedata.normalize("NFC", value or "").strip()


def _clean_lines(value: str | None) -> str:
    lines = unicodedata.normalize("NFC", value or "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        each for each in lines if each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cs")
    ).strip()
