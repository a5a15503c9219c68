"""Fields of requests, which say what is wrong in our words and take exactly what the description says."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import Schema, ValidationError
from marshmallow import fields as ma

from surveyapp.core.errors import FieldError, Problem

TEXT_LENGTH = 200
ADDRESS_LENGTH = 320

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6}\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)


class Strict(Schema):
    """A body or query that takes no field it does not know."""

    # The library declares it so.
    error_messages = {"unknown": Problem.UNKNOWN, "type": Problem.OBJECT}  # noqa: RUF012


class Text(ma.String):
    """Text of at most so many characters; what else makes it unusable is for the use case to say."""

    def __init__(self, *, longest: int = TEXT_LENGTH, **options: Any) -> None:
        super().__init__(**_with(options, Problem.TEXT, maxLength=longest))
        self._longest = longest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value):
            raise ValidationError([FieldError("", Problem.NO_TEXT)])
        if len(value) > self._longest:
            raise ValidationError([FieldError("", Problem.LONG, n=self._longest)])
        return value


class Number(ma.Integer):
    """A whole number, in JSON also as 3.0, in a query as digits."""

    def __init__(self, low: int, high: int, **options: Any) -> None:
        super().__init__(**_with(options, Problem.NUMBER, minimum=low, maximum=high))
        self._low, self._high = low, high

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        number = _whole(value)
        if number is None or not self._low <= number <= self._high:
            error = FieldError("", Problem.NUMBER, low=self._low, high=self._high)
            raise ValidationError([error])
        return number


class Flag(ma.Boolean):
    """JSON's true or false, nothing that resembles them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**_with(options, Problem.BOOLEAN))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Moment(ma.AwareDateTime):
    """Date and time with offset, as RFC 3339 writes them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**_with(options, Problem.MOMENT))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> datetime:
        if not isinstance(value, str) or not _MOMENT.fullmatch(value):
            raise self.make_error("invalid")
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.make_error("invalid") from error


class Day(ma.Date):
    """A date as ISO 8601 writes it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**_with(options, Problem.DATE))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> date:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise self.make_error("invalid")
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise self.make_error("invalid") from error


class Choice(ma.String):
    """One of some words."""

    def __init__(self, choices: type[Any], **options: Any) -> None:
        words = [str(each) for each in choices]
        super().__init__(**_with(options, Problem.CHOICE, enum=words))
        self._words = words

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if not isinstance(value, str) or value not in self._words:
            error = FieldError("", Problem.CHOICE, choices=", ".join(self._words))
            raise ValidationError([error])
        return value


class FlatMap(ma.Dict):
    """Names with texts, numbers or truth values, kept as texts."""

    def __init__(self, **options: Any) -> None:
        values = {"type": ["string", "number", "boolean"], "maxLength": TEXT_LENGTH}
        super().__init__(**_with(options, Problem.OBJECT, additionalProperties=values))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> dict[Any, Any]:
        if not isinstance(value, Mapping):
            raise self.make_error("invalid")
        return {name: _as_text(name, each) for name, each in value.items()}


def _as_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | str):
        return str(value)
    raise ValidationError({name: [Problem.TEXT]})


def _whole(value: Any) -> int | None:
    if isinstance(value, str):
        return int(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == value // 1 else None


def _with(options: dict[str, Any], invalid: Problem, **described: Any) -> dict[str, Any]:
    """A field's options with our words for what is wrong, and with more in the description of the API."""
    return {
        **options,
        "error_messages": {"required": Problem.MISSING, "null": Problem.MISSING, "invalid": invalid},
        "metadata": {**options.get("metadata", {}), **described},
    }
