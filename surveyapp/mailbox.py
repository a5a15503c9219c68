"""Take mails out of a mailbox: a Maildir, an mbox, a folder of .eml files, or one over IMAP."""

import imaplib
import mailbox
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from surveyapp.core.errors import SettingError
from surveyapp.notices import MOST_BYTES

_PATIENCE_SECONDS = 30
_PORTS = {"imap": 143, "imaps": 993}


@dataclass(frozen=True, slots=True)
class Message:
    """One mail; call `done` before asking for the next, or it comes again next time."""

    content: bytes
    """At most `MOST_BYTES`, the first ones."""
    done: Callable[[], None]


def messages(path: Path) -> Iterator[Message]:
    """The unread mails of a Maildir, an mbox file, or a folder of .eml files.

    What is done is marked as seen (Maildir), moved into the folder `read` (.eml), or taken out (mbox; once,
    after the last mail was asked for). Raises SettingError when the mailbox cannot be read or changed.
    """
    with _as_setting(f"The mailbox {path}"):
        if (path / "new").is_dir() and (path / "cur").is_dir():
            yield from _of_maildir(path)
        elif path.is_dir():
            yield from _of_folder(path)
        elif path.is_file():
            yield from _of_mbox(path)
        else:
            raise SettingError(f"The mailbox {path} does not exist.")


def imap_messages(url: str) -> Iterator[Message]:
    """The unseen mails of `imaps://user:password@host:port/FOLDER` (login percent-encoded; INBOX by default).

    `imap://`, without encryption, is for a server on this machine alone. What is done is marked as seen.
    Nothing is connected before the first mail is asked for. Raises SettingError, whose text never repeats
    the URL because it holds a password.
    """
    try:
        return _of_imap(_account(urlsplit(url)))
    except ValueError as error:
        raise _wrong("has an unusable host or port") from error


# --- files -----------------------------------------------------------------------------------------


def _of_maildir(path: Path) -> Iterator[Message]:
    for file in [*_files(path / "new"), *_files(path / "cur")]:
        name, _, flags = file.name.partition(":2,")
        seen = path / "cur" / f"{name}:2,{''.join(sorted({*flags, 'S'}))}"
        if "S" not in flags:
            yield from _message(file, seen)


def _of_folder(path: Path) -> Iterator[Message]:
    for file in _files(path):
        if file.suffix == ".eml":
            yield from _message(file, path / "read" / file.name)


def _files(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))


def _message(file: Path, afterwards: Path) -> Iterator[Message]:
    # Another program may have taken or marked the mail in between, which is fine.
    with suppress(FileNotFoundError):
        with file.open("rb") as lines:
            content = lines.read(MOST_BYTES)
        yield Message(content, partial(_move, file, afterwards))


def _move(file: Path, afterwards: Path) -> None:
    with _as_setting(f"The mailbox {file.parent}"):
        afterwards.parent.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            file.rename(afterwards)


def _of_mbox(path: Path) -> Iterator[Message]:
    finished: set[bytes] = set()
    try:
        for raw in _read_mbox(path):
            digest = sha256(raw).digest()
            yield Message(raw[:MOST_BYTES], partial(finished.add, digest))
    finally:
        if finished:
            _take_out(path, finished)


def _read_mbox(path: Path) -> Iterator[bytes]:
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.keys():  # noqa: SIM118
            yield box.get_bytes(key)
    finally:
        box.close()


def _take_out(path: Path, digests: set[bytes]) -> None:
    """Under the lock that mail servers respect, from the file as it is now: new mails may have come."""
    box = mailbox.mbox(path, create=False)
    try:
        box.lock()
        for key in [key for key in box.keys() if sha256(box.get_bytes(key)).digest() in digests]:  # noqa: SIM118
            box.remove(key)
    finally:
        box.close()  # writes what is left, then unlocks


@contextmanager
def _as_setting(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, mailbox.Error) as error:
        raise SettingError(f"{what} cannot be read or changed: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or type(error).__name__


# --- IMAP ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Account:
    host: str
    port: int
    is_encrypted: bool
    user: str
    password: str
    folder: str


def _account(parts: SplitResult) -> _Account:
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
        raise _wrong("must look like imaps://user:password@host:port/FOLDER")
    if parts.scheme == "imap" and not _is_here(parts.hostname):
        raise _wrong("must begin with imaps://, unless the server is on this machine")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if not user or not password:
        raise _wrong("needs a user and a password")
    if not re.fullmatch(r"[ -~]+", user + password + folder):
        raise _wrong("has characters in its login or folder that cannot be sent (ASCII only)")
    port = parts.port or _PORTS[parts.scheme]
    return _Account(parts.hostname, port, parts.scheme == "imaps", user, password, folder)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _of_imap(account: _Account) -> Iterator[Message]:
    with _as_trouble(account):
        imap = _connected(account)
    try:
        with _as_trouble(account):
            imap.login(_quoted(account.user), account.password)
            _checked(imap.select(_quoted(account.folder)))
            found = _checked(imap.uid("SEARCH", "UNSEEN"))
        for uid in (found[0] or b"").decode("ascii", "replace").split():
            with _as_trouble(account):
                content = _fetched(imap, uid)
            if content is not None:
                yield Message(content, partial(_see, account, imap, uid))
    finally:
        _leave(imap)


def _connected(account: _Account) -> imaplib.IMAP4:
    if account.is_encrypted:
        trust = ssl.create_default_context()
        return imaplib.IMAP4_SSL(account.host, account.port, ssl_context=trust, timeout=_PATIENCE_SECONDS)
    return imaplib.IMAP4(account.host, account.port, timeout=_PATIENCE_SECONDS)


def _leave(imap: imaplib.IMAP4) -> None:
    with suppress(OSError, imaplib.IMAP4.error):
        imap.logout()
    # Where the server has gone already, the goodbye fails before it closes anything.
    with suppress(OSError):
        imap.shutdown()


def _fetched(imap: imaplib.IMAP4, uid: str) -> bytes | None:
    """None when the mail is gone by now. PEEK: looking at a mail must not mark it."""
    for item in _checked(imap.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MOST_BYTES}>)")):
        if isinstance(item, tuple):
            return bytes(item[1])
    return None


def _see(account: _Account, imap: imaplib.IMAP4, uid: str) -> None:
    with _as_trouble(account):
        _checked(imap.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"))


def _checked(reply: tuple[str, list[Any]]) -> list[Any]:
    if reply[0] != "OK":
        raise imaplib.IMAP4.error("The server said no")
    return reply[1]


def _quoted(text: str) -> str:
    # What needs no quotes gets none, in case that imaplib adds its own one day.
    if re.fullmatch(r"[\w.@+=-]+", text):
        return text
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


@contextmanager
def _as_trouble(account: _Account) -> Iterator[None]:
    where = f"The mailbox on {account.host}:{account.port}"
    try:
        yield
    except imaplib.IMAP4.abort as error:
        raise SettingError(f"{where} hung up or spoke no IMAP.") from error
    except imaplib.IMAP4.error as error:
        # The words of the server are left out: they may repeat the login.
        raise SettingError(f"{where} refused the login, the folder or a command.") from error
    except OSError as error:
        raise SettingError(f"{where} cannot be reached: {_reason(error)}.") from error


def _wrong(problem: str) -> SettingError:
    return SettingError(f"The URL of the IMAP mailbox {problem}.")
