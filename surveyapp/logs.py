"""The log: one record is one line, or a JSON object, with the ids it belongs to and without personal data."""

import json
import logging
import re
import secrets
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

IDS = ("request_id", "invitation_id")

FIELDS = ("endpoint", "method", "status", "ms", "outcome", "reason", "count")
"""What a record may carry as `extra`; anything else stays out, because nobody has judged what it holds."""

LONGEST = 2000
"""Of a message, in characters: looking for addresses in a long one takes time."""


# Where no log was started, such as in a short command, a failure is told in one sentence and no traceback.
logging.getLogger("surveyapp").addHandler(logging.NullHandler())


@contextmanager
def bound(*, request_id: str | None = None, invitation_id: str | None = None) -> Iterator[None]:
    """Give every record of this thread these ids until the block ends; None leaves the outer block's."""
    given = {"request_id": request_id, "invitation_id": invitation_id}
    token = _ids.set({**_ids.get(), **{name: value for name, value in given.items() if value}})
    try:
        yield
    finally:
        _ids.reset(token)


def request_id_from(given: str | None) -> str:
    """The id that a proxy gave the request when it looks like one, else a new one."""
    return given if given and _REQUEST_ID.fullmatch(given) else secrets.token_urlsafe(12)


def start(form: str, level: str = "info") -> None:
    """Write the log of this process to standard error, as `text` or `json`; the second time changes both.

    Ours begins at the level; of the libraries, whose words may hold a path and so a token, only warnings
    are kept.
    """
    _output.setFormatter(_FORMATTERS[form]())
    root = logging.getLogger()
    if _output not in root.handlers:
        root.addHandler(_output)
    logging.getLogger("surveyapp").setLevel(level.upper())


def stop() -> None:
    """Undo `start`, for a process that goes on after its command."""
    logging.getLogger().removeHandler(_output)
    logging.getLogger("surveyapp").setLevel(logging.NOTSET)


class JsonFormatter(logging.Formatter):
    """One JSON object a line; a name without a value is left out."""

    def format(self, record: logging.LogRecord) -> str:
        """Times are UTC; `exception` is one string."""
        told = {
            "at": _at(record),
            "level": record.levelname,
            "logger": record.name,
            "message": _clean(record.getMessage()),
            **_known(record),
        }
        if exception := _exception(record):
            told["exception"] = exception
        # Only ASCII, so that no stream and no reader of one can fail on a character.
        return json.dumps(told, default=str)


class TextFormatter(logging.Formatter):
    """One line for people, and below it the exception if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Times are UTC."""
        message = " ".join(_clean(record.getMessage()).split())
        known = "".join(f" {name}={value}" for name, value in _known(record).items())
        line = f"{_at(record)} {record.levelname} {record.name}: {message}{known}"
        exception = _exception(record)
        return f"{line}\n{exception}" if exception else line


class _Output(logging.Handler):
    """Writes to what standard error is at the moment: whoever runs commands in a process exchanges it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except (ArithmeticError, LookupError, OSError, TypeError, ValueError):
            # A message that does not fit its arguments, or a closed stream: never the caller's failure. The
            # library's own word of it would show the arguments as they are.
            with suppress(OSError, ValueError):
                sys.stderr.write(f"a record of {record.name}, line {record.lineno}, could not be written\n")


_ids: ContextVar[dict[str, str]] = ContextVar("surveyapp_log_ids", default={})  # noqa: B039 - never changed
_output = _Output()
_FORMATTERS: dict[str, type[logging.Formatter]] = {"text": TextFormatter, "json": JsonFormatter}

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ADDRESS = re.compile(r"[^\s<>]+(?:@|%40)[^\s<>]+")
# Whatever has the signature of `links`, and the keys to the API.
_TOKEN = re.compile(
    r"[A-Za-z0-9_/-]{20,}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])|surveyapp_[a-z0-9]{8}_[A-Za-z0-9_-]{43}"
)


def _at(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _known(record: logging.LogRecord) -> dict[str, Any]:
    values = {**_ids.get(), **{name: vars(record)[name] for name in IDS + FIELDS if name in vars(record)}}
    return {
        name: _clean(value) if isinstance(value, str) else value
        for name, value in values.items()
        if value is not None
    }


def _clean(text: str) -> str:
    """The last line of defence: no message is meant to hold an address or a token."""
    if len(text) > LONGEST:
        # At a space, so that half an address, which is not known for one, does not stay.
        text = f"{text[:LONGEST].rpartition(' ')[0]} (cut)"
    return _TOKEN.sub("(token)", _ADDRESS.sub("(address)", text))


def _exception(record: logging.LogRecord) -> str:
    """The frames and first lines of an exception and of those behind it, the innermost first."""
    error = record.exc_info[1] if record.exc_info else None
    told: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        told.insert(0, _told(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nwhich led to:\n".join(told)


def _told(error: BaseException) -> str:
    # Databases put the values of the row that they refused on the lines below the first.
    words = next(iter(str(error).splitlines()), "")
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{frames}{type(error).__module__}.{type(error).__qualname__}: {_clean(words)}"
