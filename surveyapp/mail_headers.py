"""Mail headers that arrive as they were meant, whatever a name or a link holds."""

import re
import textwrap
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import formataddr

_LINE = 76

# What would end a line, or turn the direction of the text that follows.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+"
)


class _AsWritten(EmailPolicy):
    """Headers go out as they were set; only line breaks are added, and only at spaces.

    The standard library would write them anew from what it understood: it makes several addresses of one
    long name (gh-121284) and encodes a long link beyond recognition.
    """

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        if re.search(r"[\r\n]", value):
            raise ValueError(f"{name} has a line break")
        return name, _folded(name, value)


def empty_message(is_international: bool = False) -> EmailMessage:
    """A message whose headers go out as written; an international one may hold UTF-8 addresses."""
    return EmailMessage(policy=_AsWritten(linesep="\r\n", refold_source="none", utf8=is_international))


def one_line(text: str, longest: int) -> str:
    """The text without control and direction characters, on one line, cut to `longest` characters."""
    line = " ".join(_UNSAFE.sub(" ", text).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def encoded(header: str, text: str) -> str:
    """One line of text as that header carries it: plain where it can be, else in words of RFC 2047."""
    if text.isascii() and "=?" not in text:
        return text
    words = Header(text, "utf-8", maxlinelen=_LINE - 1, header_name=header).encode()
    return " ".join(words.split())


def mailbox(header: str, name: str, address: str) -> str:
    """`name <address>` as that header carries it; the address alone when the name is empty."""
    words = encoded(header, name)
    if not words:
        return address
    if words == name:  # in quotes where it needs them; formataddr takes no address outside ASCII
        words = formataddr((words, "a@b")).removesuffix(" <a@b>")
    return f"{words} <{address}>"


def _folded(name: str, value: str) -> str:
    lead = " " * len(f"{name}: ")
    if len(lead) + len(value) <= _LINE:
        return value
    lines = textwrap.wrap(
        value,
        _LINE,
        initial_indent=lead,
        subsequent_indent=" ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\r\n".join(lines).removeprefix(lead)
