"""What mail servers say of a mail: refusals in their words, and the bounces and complaints they send back."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.policy import compat32
from enum import StrEnum

MOST_BYTES = 1 << 18
"""Of one notice; what is read of it stands before the end of the mail it returns."""

_LONGEST_WORDS = 2000
# We write to one recipient at a time; more groups of fields than this are no honest report.
_MOST_BLOCKS = 100
_LONGEST_DIAGNOSTIC = 200

_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@]+@[^\s<>()\[\]\",;:@]+")
_MESSAGE_ID = re.compile(r"<([^<>\s@]+@[^<>\s@]+)>")

# The mailbox or its whole domain is not there (RFC 3463, section 3.2; 5.1.10 is RFC 7505).
_GONE = {"5.1.1", "5.1.2", "5.1.10", "5.2.1"}
# Statuses that leave it to the words: undefined ones, a bad syntax, no route to the domain.
_VAGUE = {None, "5.0.0", "5.1.0", "5.1.3", "5.4.4", "5.4.310"}
_WHO = r"(?:user|recipient|mailbox|address|account|inbox|person|host|domain)(?: name)?"
_SAYS_GONE = re.compile(
    rf"\b(?:(?:unknown|no such|invalid|non-?existent) (?:local |email |e-mail )?{_WHO}"
    rf"|{_WHO}(?: [\w'()-]+){{0,8}}? (?:unknown|not found|not exist|doesn't exist|no longer exists?|not known"
    r"|disabled|deactivated|no longer available)"
    r"|doesn't have an? (?:\w+ )?account|no mailbox here|unrouteable address|null mx)\b",
    re.IGNORECASE,
)
_SAYS_POLICY = re.compile(
    r"\b(?:spam|junk|unsolicited|blocked|block ?list\w*|black ?list\w*|deny ?list\w*|dnsbl|rbl|banned|virus"
    r"|malware|phishing|polic(?:y|ies)|reputation|spf|dkim|dmarc|unauthenticated|authentication"
    r"|sender|helo|client host|reverse|ptr|relay(?:ing)? (?:access )?denied|rate limit\w*"
    r"|content rejected)\b",
    re.IGNORECASE,
)
_SAYS_FULL = re.compile(
    r"\b(?:mailbox (?:is |size )?(?:full|exceeded)|(?:over|exceeded)(?: \w+)? quota|quota exceeded)\b",
    re.IGNORECASE,
)

# Reports of a recipient's press on "this is spam" and its kin (RFC 5965, section 7.3); any type that is
# not known counts as "other". These are none: a press on "not spam", and what machines report.
_NO_COMPLAINT = {"", "not-spam", "auth-failure", "dmarc", "virus"}

# The email package is known to meet odd mails with these instead of a defect.
_PARSER_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class NoticeKind(StrEnum):
    """What a notice means for the address that a mail went to; the later, the worse."""

    AUTO_REPLY = "auto_reply"
    """Somebody is on holiday: nothing to do."""
    TEMPORARY = "temporary"
    """Late, given up after many tries, or the mailbox is full."""
    REFUSED = "refused"
    """Failed for good by policy or content, or for a reason that says nothing sure of the address."""
    BOUNCED = "bounced"
    """Failed for good: nothing reaches this address."""
    COMPLAINT = "complaint"
    """The recipient called the mail unwanted."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What one notice says. Its addresses are for matching and never for a log."""

    kind: NoticeKind
    status: str | None
    """The enhanced status, such as 5.1.1."""
    recipient: str | None
    addressed_to: tuple[str, ...]
    """Where the notice was sent to, and where the returned mail wanted it; one may be a signed address."""
    message_ids: tuple[str, ...]
    """Of the returned mail, without the angle brackets."""
    diagnostic: str
    """One line for a log, without addresses and links; may be empty."""


def read(raw: bytes) -> Notice | None:
    """The notice in a mail, the worst one if it speaks of several recipients; None when it holds none.

    Never raises, whatever the bytes are.
    """
    with suppress(*_PARSER_FAILURES):
        # The default policy parses every header while it is looked at, and fails on some bad ones.
        return _read(BytesParser(policy=compat32).parsebytes(raw[:MOST_BYTES]))
    return None


def first_status(text: str) -> str | None:
    """The enhanced status that an SMTP reply begins with (RFC 2034, section 4), or None."""
    found = _ENHANCED.match(text.strip())
    return found[1] if found else None


def is_address_gone(status: str | None, text: str) -> bool:
    """Whether a permanent refusal says that the address or its domain does not exist or takes no mail."""
    words = _judged(text)
    says_gone, says_policy = bool(_SAYS_GONE.search(words)), bool(_SAYS_POLICY.search(words))
    if status in _GONE:
        return says_gone or not says_policy
    return status in _VAGUE and says_gone and not says_policy


def is_policy(status: str | None, text: str) -> bool:
    """Whether a permanent refusal is about this mail or its sender: spam, a block list, authentication."""
    is_unwanted = (status or "").startswith("5.7.") or bool(_SAYS_POLICY.search(_judged(text)))
    return is_unwanted and not is_address_gone(status, text)


def readable(text: str) -> str:
    """A server's words fit for a log: on one line, short, without the addresses and links they quote."""
    return _clean(text)[:_LONGEST_DIAGNOSTIC]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What a notice says of one recipient."""

    kind: NoticeKind
    status: str | None
    recipient: str | None
    words: str


def _read(message: Message) -> Notice | None:
    parts = list(_parts(message))
    verdict = _worst(_verdicts(message, parts))
    if verdict is None:
        return _auto_reply(message)
    returned = list(_returned(message, parts))
    return Notice(
        kind=verdict.kind,
        status=verdict.status,
        recipient=verdict.recipient,
        addressed_to=_unique([*_sent_to(message), *_senders(parts, returned)]),
        message_ids=_unique(found for each in returned for found in _found(_MESSAGE_ID, each, "Message-ID")),
        diagnostic=_diagnostic(verdict),
    )


def _auto_reply(message: Message) -> Notice | None:
    submitted = _text(message, "Auto-Submitted").lower()
    precedence = _text(message, "Precedence").lower()
    is_marked = any(name in message for name in ("X-Autoreply", "X-Autorespond"))
    if submitted in ("", "no") and precedence != "auto_reply" and not is_marked:
        return None
    return Notice(NoticeKind.AUTO_REPLY, None, None, _unique(_sent_to(message)), (), "")


# --- what is said of each recipient ----------------------------------------------------------------


def _verdicts(message: Message, parts: list[Message]) -> Iterator[_Verdict]:
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            yield from _complaint(part)
        # The second type is for addresses outside ASCII (RFC 6533).
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
            yield from _deliveries(part)
    if "X-Failed-Recipients" in message and len(parts) == 1:
        yield _told_in_words(message)


def _complaint(part: Message) -> Iterator[_Verdict]:
    for fields in _blocks(part):
        if _text(fields, "Feedback-Type").lower() not in _NO_COMPLAINT:
            recipient = _first_address(fields, "Original-Rcpt-To", "Removal-Recipient")
            yield _Verdict(NoticeKind.COMPLAINT, None, recipient, _text(fields, "Feedback-Type"))


def _deliveries(part: Message) -> Iterator[_Verdict]:
    for fields in _blocks(part):
        words = _text(fields, "Diagnostic-Code").partition(";")[2].strip() or _text(fields, "Diagnostic-Code")
        status = _status(_text(fields, "Status"), words)
        kind = _kind((_text(fields, "Action").lower().split() or [""])[0], status, words)
        if kind:
            recipient = _first_address(fields, "Original-Recipient", "Final-Recipient")
            yield _Verdict(kind, status, recipient, words)


def _told_in_words(message: Message) -> _Verdict:
    """Of an Exim that sends no report: the reply it met stands in the text, above the returned mail."""
    text = re.split(r"^-{2,}", _body(message), maxsplit=1, flags=re.MULTILINE)[0]
    text = text.partition(" failed:")[2] or text
    reply = re.search(r"\b5\d\d[ -].*", text, re.DOTALL)
    words = " ".join((reply[0] if reply else text)[:_LONGEST_WORDS].split())
    status = _status("", words)
    kind = _kind("failed", status, words) or NoticeKind.REFUSED
    return _Verdict(kind, status, _first_address(message, "X-Failed-Recipients"), words)


def _kind(action: str, status: str | None, words: str) -> NoticeKind | None:
    """None: of this recipient there is nothing bad to say."""
    level = (status or "")[:1]
    if action in ("delivered", "relayed", "expanded") or (not action and level in ("", "2")):
        return None
    if action == "delayed" or level == "4" or status == "5.2.2" or _SAYS_FULL.search(words):
        return NoticeKind.TEMPORARY
    return NoticeKind.BOUNCED if is_address_gone(status, words) else NoticeKind.REFUSED


def _status(field: str, words: str) -> str | None:
    """Some servers report a bare 5.0.0 and leave the real status to the reply they quote."""
    told, quoted = _ENHANCED.search(field), _ENHANCED.search(words)
    if told and not (told[1].endswith(".0.0") and quoted and quoted[1][0] == told[1][0]):
        return told[1]
    return quoted[1] if quoted else None


def _worst(verdicts: Iterable[_Verdict]) -> _Verdict | None:
    order = list(NoticeKind)
    return max(verdicts, key=lambda verdict: order.index(verdict.kind), default=None)


# --- the mail and its parts ------------------------------------------------------------------------


def _parts(message: Message) -> Iterator[Message]:
    """The mail and what it is made of, but nothing of the mails that are attached to it."""
    yield message
    if message.get_content_maintype() == "multipart":
        for part in _children(message):
            yield from _parts(part)


def _children(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields in a report, with a blank line between them."""
    for block in (_children(part) or [part])[:_MOST_BLOCKS]:
        yield block
        # What follows a blank line too many, or a line that is no field, is a body to the parser.
        for text in re.split(r"\n\s*\n", _body(block).strip(), maxsplit=_MOST_BLOCKS)[:_MOST_BLOCKS]:
            yield _headers(text)


def _returned(message: Message, parts: list[Message]) -> Iterator[Message]:
    """The headers of the mail that the notice is about."""
    for part in parts:
        kind = part.get_content_type()
        if kind in ("message/rfc822", "message/global"):
            yield from _children(part)
        if kind in ("text/rfc822-headers", "message/global-headers"):
            yield from _children(part) or [_headers(_body(part))]
    if "X-Failed-Recipients" in message and len(parts) == 1:
        copy = re.split(r"^-{2,}.*$", _body(message), maxsplit=1, flags=re.MULTILINE)[1:]
        yield from (_headers(text) for text in copy)


def _senders(parts: list[Message], returned: list[Message]) -> Iterator[str]:
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            yield from (
                found for each in _blocks(part) for found in _found(_ADDRESS, each, "Original-Mail-From")
            )
    for each in returned:
        yield from _found(_ADDRESS, each, "Return-Path", "From")


def _sent_to(message: Message) -> Iterator[str]:
    return _found(_ADDRESS, message, "To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")


def _found(pattern: re.Pattern[str], message: Message, *names: str) -> Iterator[str]:
    for name in names:
        for value in message.get_all(name, []):
            yield from pattern.findall(str(value)[:_LONGEST_WORDS])


def _first_address(message: Message, *names: str) -> str | None:
    return next(_found(_ADDRESS, message, *names), None)


def _text(message: Message, name: str) -> str:
    return " ".join(str(message.get(name, ""))[:_LONGEST_WORDS].split())


def _headers(text: str) -> Message:
    return HeaderParser(policy=compat32).parsestr(text.lstrip())


def _body(message: Message) -> str:
    content = message.get_payload(decode=True)
    return content.decode("utf-8", "replace").replace("\r\n", "\n") if isinstance(content, bytes) else ""


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


# --- words -----------------------------------------------------------------------------------------


def _judged(text: str) -> str:
    """Without the names of hosts and addresses, which may hold any word."""
    words = re.sub(r"(?<![\w-])[\w-]++(?:\.[\w-]*[a-z][\w-]*)+", "", _clean(text), flags=re.IGNORECASE)
    return " ".join(words.split())


def _clean(text: str) -> str:
    words = " ".join(text[:_LONGEST_WORDS].split())
    words = re.sub(r"\w+://\S+|\bwww\.\S+", "(link)", words)
    words = re.sub(r"<?(?<![^\s<>])[^\s<>@]*+@[^\s<>]*>?", "(address)", words)
    return "".join(letter if letter.isprintable() else "?" for letter in words)


def _diagnostic(verdict: _Verdict) -> str:
    words, name = _clean(verdict.words), (verdict.recipient or "").partition("@")[0]
    if len(name) > 2:
        # A server may quote what stands before the @ alone, which is often a person's name.
        words = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "(name)", words, flags=re.IGNORECASE)
    return words[:_LONGEST_DIAGNOSTIC]
