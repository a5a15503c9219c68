"""Where finished mails go: a mail server or a folder, as SURVEYAPP_MAIL_URL says."""

import os
import re
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from surveyapp.core.errors import MailDelayedError, SettingError
from surveyapp.smtp import Server, SmtpRelay, Tls

_PORTS = {Tls.NONE: 25, Tls.STARTTLS: 587, Tls.IMPLICIT: 465}


class Relay(Protocol):
    """Takes mails, one after the other; not for two threads at once. A `with` block closes it."""

    def deliver(self, message: EmailMessage, mark: Callable[[], None], sender: str | None = None) -> None:
        """Hand over one mail and call `mark` once, just before the step that cannot be taken back.

        Bounces go to `sender`; None: to the address in From.
        Returns when the mail was accepted. MailDelayedError: surely not sent, try again later.
        MailRefusedError: this mail will never be taken. MailUnknownError: nobody can know. An error
        of `mark` itself goes through, and nothing is sent.
        """

    def close(self) -> None:
        """Let go of the connection; the next mail opens a new one."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def relay(mail_url: str) -> Relay:
    """Read SURVEYAPP_MAIL_URL; nothing is connected or written before the first mail.

    `smtp://user:password@host:port?tls=none|starttls|implicit&ca=/path/of/ca.pem` (login
    percent-encoded; STARTTLS by default; port 25, 587 or 465 by the kind of TLS; with `ca` only these
    authorities are trusted) or `file:///folder`.
    Raises SettingError, whose text never repeats the URL because it may hold a password.
    """
    try:
        parts = urlsplit(mail_url)
        if parts.scheme == "smtp":
            return SmtpRelay(_server(parts))
        if parts.scheme == "file":
            return FolderRelay(_folder(parts))
    except ValueError as error:
        raise _wrong("has an unusable host or port") from error
    raise _wrong("must begin with smtp:// or file:///")


class FolderRelay:
    """Puts each mail into a folder as an .eml file, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, message: EmailMessage, mark: Callable[[], None], sender: str | None = None) -> None:
        """As Relay.deliver; the same mail again replaces its file. `sender` becomes its Return-Path."""
        name = re.sub(r"[^A-Za-z0-9_-]", "_", message["Message-ID"].strip("<>").partition("@")[0])
        unfinished = self._folder / f".{name}.{os.getpid()}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write_through(unfinished, _return_path(message, sender) + message.as_bytes())
        except OSError as error:
            raise _unwritable(error) from error
        try:
            mark()
        except BaseException:
            unfinished.unlink()
            raise
        try:
            unfinished.replace(self._folder / f"{name}.eml")
            _flush_names(self._folder)
        except OSError as error:
            raise _unwritable(error) from error

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _return_path(message: EmailMessage, sender: str | None) -> bytes:
    """The line that a mail server puts on top of a mail that it hands to a mailbox."""
    return f"Return-Path: <{sender}>{message.policy.linesep}".encode() if sender else b""


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_names(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritable(error: OSError) -> MailDelayedError:
    return MailDelayedError(f"The mail folder cannot be written: {error.strerror}")


def _server(parts: SplitResult) -> Server:
    if not parts.hostname or parts.path not in ("", "/") or parts.fragment:
        raise _wrong("must look like smtp://user:password@host:port?tls=starttls")
    options = _options(parts.query)
    if options.get("tls", "starttls") not in list(Tls):
        raise _wrong("has a tls= other than none, starttls or implicit")
    tls = Tls(options.get("tls", "starttls"))
    return Server(parts.hostname, parts.port or _PORTS[tls], tls, _login(parts), _trust(options.get("ca")))


def _options(query: str) -> dict[str, str]:
    options = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
    if unknown := sorted(options.keys() - {"tls", "ca"}):
        raise _wrong(f"has the unknown option {unknown[0]}=")
    return options


def _login(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None:
        return None
    user, password = unquote(parts.username), unquote(parts.password or "")
    if not user or not password:
        raise _wrong("needs both a user and a password, or neither")
    if not re.fullmatch(r"[ -~]+", user + password):
        raise _wrong("has characters in its login that mail servers do not take (ASCII only)")
    return user, password


def _trust(authorities: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:
        raise _wrong("has a ca= that is not a readable file of certificates") from error


def _folder(parts: SplitResult) -> Path:
    folder = Path(unquote(parts.path))
    if parts.netloc or parts.query or not folder.is_absolute():
        raise _wrong("must have three slashes and a whole path, as file:///var/mail")
    return folder


def _wrong(problem: str) -> SettingError:
    return SettingError(f"SURVEYAPP_MAIL_URL {problem}.")
