"""A tiny IMAP server on 127.0.0.1: one account, one folder, the few commands that reading mails takes."""

import re
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

LOGIN = ("post@example.se", 'p@ss "w/ord" %20')


@dataclass(slots=True)
class Mailbox:
    """The mails by their number, which of them are seen, and what was said; all may change while it runs."""

    url: str
    mails: dict[int, bytes]
    seen: set[int] = field(default_factory=set)
    heard: list[str] = field(default_factory=list)
    hangs_up_at: str = ""
    """The command that gets no answer but the end of the connection."""
    refuses: str = ""
    """The command that is answered by NO."""


@contextmanager
def imap_server(mails: dict[int, bytes], url: str, certificate: Path | None = None) -> Iterator[Mailbox]:
    """Serve one connection after the other, by TLS if there is a certificate; `url` has {port} in it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        box = Mailbox(url.format(port=listener.getsockname()[1]), dict(mails))
        context = _tls(certificate) if certificate else None
        thread = threading.Thread(target=_serve, args=(listener, box, context), daemon=True)
        thread.start()
        yield box
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _serve(listener: socket.socket, box: Mailbox, context: ssl.SSLContext | None) -> None:
    # The listener is shut down when the test is over; a client may leave, or refuse the certificate.
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                secured = context.wrap_socket(connection, server_side=True) if context else connection
                with secured, secured.makefile("rb") as lines:
                    _converse(lines, secured, box)


def _converse(lines: Iterable[bytes], stream: socket.socket, box: Mailbox) -> None:
    _say(stream, b"* OK here")
    for line in lines:
        tag, _, command = line.decode().strip().partition(" ")
        box.heard.append(command)
        word = command.removeprefix("UID ").split()[0].upper()
        if word == box.hangs_up_at:
            return
        is_refused = word == box.refuses or (word == "LOGIN" and command != _login())
        if not is_refused:
            _answer(stream, box, word, command)
        _say(stream, f"{tag} {'NO secret words' if is_refused else 'OK done'}".encode())


def _login() -> str:
    user, password = LOGIN
    escaped = password.replace('"', r"\"")
    return f'LOGIN {user} "{escaped}"'


def _answer(stream: socket.socket, box: Mailbox, word: str, command: str) -> None:
    if word == "CAPABILITY":
        _say(stream, b"* CAPABILITY IMAP4rev1")
    elif word == "SELECT":
        _say(stream, b"* %d EXISTS" % len(box.mails))
    elif word == "SEARCH":
        _say(stream, b"* SEARCH" + b"".join(b" %d" % uid for uid in box.mails if uid not in box.seen))
    elif word == "FETCH":
        _fetch(stream, box, command)
    elif word == "STORE":
        box.seen.add(int(command.split()[2]))
    elif word == "LOGOUT":
        _say(stream, b"* BYE")


def _fetch(stream: socket.socket, box: Mailbox, command: str) -> None:
    asked = re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", command)
    if asked and (mail := box.mails.get(int(asked[1]))) is not None:
        part = mail[: int(asked[2])]
        _say(stream, b"* 1 FETCH (UID %s BODY[]<0> {%d}" % (asked[1].encode(), len(part)))
        stream.sendall(part)
        _say(stream, b")")


def _say(stream: socket.socket, line: bytes) -> None:
    stream.sendall(line + b"\r\n")
