"""Hand a finished mail to a mail server, and know what became of it."""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from typing import Self

from surveyapp.core.errors import MailDelayedError, MailRefusedError, MailUnknownError
from surveyapp.notices import first_status, is_address_gone, is_policy, readable

_GOODBYE_SECONDS = 5
_RECIPIENT = "the recipient"
# 554 also means "no service for you", so that without a status it says nothing of the address.
_BARE_CODES = (550, 551, 553)


class Tls(StrEnum):
    """How a connection is protected; the value is what the setting says."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True)
class Server:
    """Where mails go. `login` is user and password; both times are seconds of silence."""

    host: str
    port: int
    tls: Tls
    login: tuple[str, str] | None
    trust: ssl.SSLContext
    patience: float = 30
    # A server reads and judges a whole mail before it answers its last line.
    last_patience: float = 120


class SmtpRelay:
    """Speaks SMTP over one connection that is kept for the next mail."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._smtp: smtplib.SMTP | None = None

    def deliver(self, message: EmailMessage, mark: Callable[[], None], sender: str | None = None) -> None:
        """As Relay.deliver; `mark` is called between the server's go-ahead and the body."""
        content = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
        try:
            smtp = self._ready()
            _announce(smtp, *_envelope(message, sender))
            mark()
            self._hand_over(smtp, content)
        except MailRefusedError:
            raise
        except BaseException:
            # The server may be waiting for a body: only the end of the connection tells it that none comes.
            self._drop()
            raise

    def greet(self) -> None:
        """Connect, with TLS and login, and hand over nothing; MailDelayedError says what stood in the way."""
        self._ready()

    def close(self) -> None:
        """Say goodbye if the server still listens."""
        if self._smtp is None:
            return
        try:
            _wait_at_most(self._smtp, _GOODBYE_SECONDS)
            self._smtp.quit()
        except OSError:
            pass  # it has gone already, and nothing is under way
        self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def _ready(self) -> smtplib.SMTP:
        if self._smtp is not None and _is_alive(self._smtp):
            return self._smtp
        self._drop()
        with _as_delay(f"No connection to the mail server {self.server.host}:{self.server.port}"):
            self._smtp = _connected(self.server)
        return self._smtp

    def _hand_over(self, smtp: smtplib.SMTP, content: bytes) -> None:
        try:
            _wait_at_most(smtp, self.server.last_patience)
            smtp.send(_framed(content))
            code, text = smtp.getreply()
            _wait_at_most(smtp, self.server.patience)
        except OSError as error:
            raise MailUnknownError(f"The connection broke before the mail was confirmed: {error}") from error
        if code // 100 not in (2, 4, 5):
            raise MailUnknownError(
                f"The mail server gave an answer of no known kind: {_readable(code, text)}"
            )
        _expect((code, text), 2, "the mail")


def _connected(server: Server) -> smtplib.SMTP:
    # The own name is given because smtplib would otherwise ask the network for it, without a time-out.
    own_name = socket.gethostname() if "." in socket.gethostname() else "[127.0.0.1]"
    address, patience = (server.host, server.port, own_name), server.patience
    if server.tls is Tls.IMPLICIT:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(*address, timeout=patience, context=server.trust)
    else:
        smtp = smtplib.SMTP(*address, timeout=patience)
    try:
        if server.tls is Tls.STARTTLS:
            smtp.starttls(context=server.trust)
        smtp.ehlo_or_helo_if_needed()
        if server.login:
            smtp.login(*server.login)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _is_alive(smtp: smtplib.SMTP) -> bool:
    """Also makes the server forget whatever a refused mail left half announced."""
    try:
        return smtp.rset()[0] == 250
    except OSError:
        return False


def _envelope(message: EmailMessage, sender: str | None) -> tuple[str, str]:
    return sender or message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec


def _announce(smtp: smtplib.SMTP, sender: str, recipient: str) -> None:
    """MAIL, RCPT, DATA: everything that can be refused before the mail itself goes out."""
    options = []
    if not (sender + recipient).isascii():
        if not smtp.has_extn("smtputf8"):
            raise MailRefusedError("The mail server takes no addresses outside ASCII (SMTPUTF8).")
        options = ["SMTPUTF8", "BODY=8BITMIME"]
    with _as_delay("The mail server hung up"):
        _expect(smtp.mail(sender, options), 2, "the sender", is_final=False)
        _expect(smtp.rcpt(recipient), 2, _RECIPIENT)
        _expect(smtp.docmd("DATA"), 3, "the mail")


def _expect(reply: tuple[int, bytes], wanted: int, what: str, is_final: bool = True) -> None:
    """Check a reply by its first digit.

    A refusal that `is_final` concerns this mail alone. A refused sender is a wrong setting and would
    refuse every mail until somebody puts it right: that must cost no mail.
    """
    code, text = reply
    if code // 100 == wanted:
        return
    reason = f"The mail server refused {what}: {_readable(code, text)}"
    if not is_final or code // 100 != 5:
        # A refused sender and 421 (the server closes) are no judgement on this one mail.
        raise MailDelayedError(reason, is_general=not is_final or code == 421)
    raise _refusal(reason, code, text.decode("utf-8", "replace"), is_recipient=what == _RECIPIENT)


def _refusal(reason: str, code: int, text: str, *, is_recipient: bool) -> MailRefusedError:
    """A reply without an enhanced status speaks of the address only where it answers the address."""
    status = first_status(text)
    is_about_address = bool(status) or (is_recipient and code in _BARE_CODES)
    return MailRefusedError(
        reason,
        is_address_gone=is_about_address and is_address_gone(status, text),
        is_policy=is_policy(status, text),
    )


@contextmanager
def _as_delay(what: str) -> Iterator[None]:
    """Whatever goes wrong inside leaves the mail unsent (smtplib's errors are OSErrors too)."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise MailDelayedError(f"{what}: {_readable(error.smtp_code, error.smtp_error)}") from error
    except OSError as error:
        raise MailDelayedError(f"{what}: {error}") from error


def _framed(content: bytes) -> bytes:
    """The mail as DATA carries it: a leading dot doubled, the end marked by a line with one dot."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"^\.", b"..", ended, flags=re.MULTILINE) + b".\r\n"


def _wait_at_most(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)


def _readable(code: int, text: bytes | str) -> str:
    """A server's reply fit for a log: on one line, short, without the addresses and links it quotes."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {readable(words)}".strip()
