"""A real SMTP server on 127.0.0.1 that keeps what it receives, and refuses or hangs up on request."""

import asyncio
import ssl
from asyncio import Transport
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from surveyapp.relay import relay
from surveyapp.smtp import SmtpRelay
from tests.support.processes import free_port

HOST = "127.0.0.1"
Tls = Literal["none", "starttls", "implicit"]


class Fault(StrEnum):
    """What the server does to a mail instead of answering."""

    SILENT = "says nothing to RCPT"
    RESET = "resets the connection inside the body"
    SILENT_AT_THE_END = "says nothing to the last line, but has the mail"
    DROPPED = "has the mail and hangs up without a reply"


@dataclass(frozen=True, slots=True)
class Received:
    """One mail as it came over the wire."""

    sender: str
    recipients: list[str]
    content: bytes
    encrypted: bool

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)

    @property
    def identity(self) -> str:
        """Of the invitation, as its Message-ID has it; quicker than to read the whole mail."""
        return self.content.partition(b"\nMessage-ID: <")[2].partition(b"@")[0].decode()


@dataclass(slots=True)
class MailServer:
    """What the server received, and how it treats what comes next; all of it may change while it runs."""

    url: str
    mails: list[Received] = field(default_factory=list)
    refused_recipients: dict[str, str] = field(default_factory=dict)
    """Address -> the whole reply to its RCPT, such as "550 5.1.1 No such user" or "451 Later"."""
    refused_sender: str | None = None
    """The whole reply to every MAIL."""
    refused_content: str | None = None
    """The whole reply to the final dot instead of 250."""
    hangs_up: bool = False
    """Take the mail and close the connection without a reply: the sender cannot know what happened."""
    refused_contents: dict[str, str] = field(default_factory=dict)
    """As refused_content, for mails to this address."""
    faults: dict[str, Fault] = field(default_factory=dict)
    """Address -> what happens to mails to it."""
    connections: int = 0
    silences: int = 0
    """How many senders wait for an answer to RCPT that does not come."""
    most_silences: int = 0


# No test waits so long: it is the sender who loses patience.
_FOREVER_SECONDS = 600


class _Handler:
    def __init__(self, server: MailServer, login_required: bool) -> None:
        self._server = server
        self._login_required = login_required

    async def handle_MAIL(
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        # aiosmtpd can ask for the login itself, but warns about it on a plain connection.
        if self._login_required and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self._server.refused_sender:
            return self._server.refused_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._server.refused_recipients.get(address)
        if self._server.faults.get(address) is Fault.SILENT:
            await self._be_silent()
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:
        [recipient] = envelope.rcpt_tos
        refusal = self._server.refused_content or self._server.refused_contents.get(recipient)
        if refusal:
            return refusal
        mail = Received(
            sender=envelope.mail_from or "",
            recipients=list(envelope.rcpt_tos),
            content=bytes(envelope.original_content or b""),
            encrypted=_is_encrypted(smtp),
        )
        self._server.mails.append(mail)
        fault = self._server.faults.get(recipient)
        if fault is Fault.SILENT_AT_THE_END:
            await asyncio.sleep(_FOREVER_SECONDS)
        if self._server.hangs_up or fault is Fault.DROPPED:
            _reset(smtp)
        return "250 OK"

    async def _be_silent(self) -> None:
        server = self._server
        server.silences += 1
        server.most_silences = max(server.silences, server.most_silences)
        try:
            # Ends when the sender hangs up, which cancels this.
            await asyncio.sleep(_FOREVER_SECONDS)
        finally:
            server.silences -= 1


class _Smtp(SMTP):
    """aiosmtpd's server, which counts its connections and can break off inside a body."""

    def __init__(self, server: MailServer, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._faulty = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._faulty.connections += 1
        super().connection_made(transport)

    async def smtp_DATA(self, arg: str) -> None:
        recipients = self.envelope.rcpt_tos if self.envelope else []
        if any(self._faulty.faults.get(recipient) is Fault.RESET for recipient in recipients):
            await self.push("354 Go on")
            _reset(self)
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    def __init__(self, server: MailServer, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._faulty = server

    def factory(self) -> SMTP:
        return _Smtp(self._faulty, self.handler, **self.SMTP_kwargs)


@contextmanager
def mail_server(
    *, tls: Tls = "none", login: tuple[str, str] | None = None, certificate: Path | None = None
) -> Iterator[MailServer]:
    """Serve until the block ends; `login` (user, password) is then required, `certificate` a PEM of ours
    that TLS needs."""
    port = free_port()
    server = MailServer(url=_url(port, tls, login))
    context = _tls_context(certificate) if certificate else None
    options: dict[str, Any] = {"auth_require_tls": tls == "starttls"}
    if tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if login:
        options["authenticator"] = _authenticator(login)
    controller = _Controller(
        server,
        _Handler(server, login_required=login is not None),
        hostname=HOST,
        port=port,
        ssl_context=context if tls == "implicit" else None,
        **options,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def impatient(url: str, patience: float = 30, last_patience: float = 30) -> SmtpRelay:
    """The relay of this URL that waits so many seconds for a reply, and for the one to the last line."""
    usual = relay(url)
    assert isinstance(usual, SmtpRelay)
    return SmtpRelay(replace(usual.server, patience=patience, last_patience=last_patience))


def write_certificate(path: Path) -> None:
    """Write a key and a certificate that it signs itself, for 127.0.0.1 and localhost, as one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address(HOST))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))


def _reset(smtp: SMTP) -> None:
    if isinstance(smtp.transport, Transport):
        smtp.transport.abort()


def _is_encrypted(smtp: SMTP) -> bool:
    return smtp.transport is not None and smtp.transport.get_extra_info("sslcontext") is not None


def _url(port: int, tls: Tls, login: tuple[str, str] | None) -> str:
    who = f"{quote(login[0], safe='')}:{quote(login[1], safe='')}@" if login else ""
    return f"smtp://{who}{HOST}:{port}?tls={tls}"


def _tls_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _authenticator(login: tuple[str, str]) -> Any:
    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        expected = LoginPassword(login[0].encode(), login[1].encode())
        return AuthResult(success=data == expected, handled=False)

    return authenticate
