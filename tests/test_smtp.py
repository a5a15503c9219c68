"""Mails over a real SMTP server, and over a few that misbehave."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from email import policy
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pytest

from surveyapp.core.errors import MailDelayedError, MailRefusedError, MailUnknownError
from surveyapp.relay import relay
from surveyapp.smtp import SmtpRelay
from tests.support.post import Marks, message, no_mark, send
from tests.support.smtp import MailServer, mail_server

Encrypted = Literal["starttls", "implicit"]
LOGIN = ("post@example.se", "p@ss:w/ord%20 &?#")
SILENCE = b"(silence)"
ANSWERS = {
    b"HELLO": b"220 here\r\n",
    b"EHLO": b"250-here\r\n250 8BITMIME\r\n",
    b"HELO": b"421 closing\r\n",
    b"MAIL": b"250 ok\r\n",
    b"RCPT": b"250 ok\r\n",
    b"DATA": b"354 go on\r\n",
    b".": b"250 ok\r\n",
    b"RSET": b"250 ok\r\n",
    b"QUIT": b"221 bye\r\n",
}


@pytest.fixture
def marks() -> Marks:
    return Marks()


@contextmanager
def scripted(
    changes: Mapping[str, bytes] = MappingProxyType({}), connections: int = 1
) -> Iterator[tuple[str, list[bytes]]]:
    """A server that says what ANSWERS says, but for these commands; b"" hangs up, SILENCE says nothing.

    Gives its URL and the list of the lines it heard.
    """
    answers = ANSWERS | {name.encode(): answer for name, answer in changes.items()}
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        for _ in range(connections):
            connection, _ = listener.accept()
            with connection:
                converse(connection, answers, heard)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}?tls=none", heard
        thread.join(timeout=10)


def converse(connection: socket.socket, answers: dict[bytes, bytes], heard: list[bytes]) -> None:
    if not (greeting := answers[b"HELLO"]):
        return
    connection.sendall(greeting)
    in_body = False
    with connection.makefile("rb") as lines:
        for line in lines:
            heard.append(line)
            word = line.strip() if in_body else line.strip()[:4].upper()
            if in_body and word != b".":
                continue
            answer = answers[word]
            if not answer:
                return
            connection.sendall(answer.replace(SILENCE, b""))
            in_body = answer.startswith(b"354")


def test_a_mail_arrives_as_it_was_written(marks: Marks) -> None:
    with mail_server() as server, relay(server.url) as post:
        post.deliver(message(), marks)
    (mail,) = server.mails
    assert (mail.sender, mail.recipients) == ("enkat@nordvik.example", ["kund@example.se"])
    assert mail.content == message().as_bytes()
    assert marks == ["mark"]


def test_lines_that_begin_with_a_dot_arrive_with_it_and_end_nothing() -> None:
    body = ".\n..\n.hidden\nMAIL FROM:<x@example.se>\n.\n"
    with mail_server() as server, relay(server.url) as post:
        post.deliver(message(body=body), no_mark)
    (mail,) = server.mails
    assert mail.message.get_content().replace("\r\n", "\n") == body


def test_several_mails_go_over_one_connection() -> None:
    with mail_server() as server, relay(server.url) as post:
        for number in range(3):
            post.deliver(message(f"inv-{number}"), no_mark)
    assert [mail.message["Message-ID"].split("@")[0] for mail in server.mails] == [
        "<inv-0",
        "<inv-1",
        "<inv-2",
    ]


def test_a_server_that_hung_up_in_between_is_called_again() -> None:
    with scripted({"RSET": b""}, connections=2) as (url, heard), relay(url) as post:
        post.deliver(message("inv-1"), no_mark)
        post.deliver(message("inv-2"), no_mark)
    assert [line for line in heard if line.startswith(b"Message-ID")] == [
        b"Message-ID: <inv-1@nordvik.example>\r\n",
        b"Message-ID: <inv-2@nordvik.example>\r\n",
    ]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_login_and_the_mail_travel_encrypted(tls: Encrypted, certificate: Path) -> None:
    with mail_server(tls=tls, login=LOGIN, certificate=certificate) as server:
        send(f"{server.url}&ca={certificate}", no_mark)
    (mail,) = server.mails
    assert mail.encrypted


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_certificate_of_a_stranger_sends_nothing(tls: Encrypted, certificate: Path, marks: Marks) -> None:
    with mail_server(tls=tls, certificate=certificate) as server:
        with pytest.raises(MailDelayedError, match="CERTIFICATE_VERIFY_FAILED"):
            send(server.url, marks)
        assert (server.mails, marks) == ([], [])


def test_a_wrong_password_only_delays_and_is_not_repeated(marks: Marks) -> None:
    with mail_server(login=LOGIN) as server:
        url = server.url.replace("p%40ss", "wrong")
        with pytest.raises(MailDelayedError, match="535") as error:
            send(url, marks)
        assert (server.mails, marks) == ([], [])
    assert "wrong" not in str(error.value)


def test_a_server_that_wants_a_login_only_delays_who_has_none(marks: Marks) -> None:
    with mail_server(login=LOGIN) as server:
        url = "smtp://" + server.url.partition("@")[2]
        with pytest.raises(MailDelayedError, match="530"):
            send(url, marks)
        assert (server.mails, marks) == ([], [])


def test_a_refused_recipient_is_refused_and_the_next_mail_goes_out(marks: Marks) -> None:
    with mail_server() as server, relay(server.url) as post:
        server.refused_recipients["gone@example.se"] = "550 5.1.1 <gone@example.se> does not exist"
        with pytest.raises(MailRefusedError, match=r"550 5\.1\.1") as refusal:
            post.deliver(message(to="gone@example.se"), marks)
        post.deliver(message(), no_mark)
    assert "gone@example.se" not in str(refusal.value), "Reasons are logged, addresses are not"
    assert marks == []
    assert [mail.recipients for mail in server.mails] == [["kund@example.se"]]


GONE, UNWANTED, UNTOLD = (True, False), (False, True), (False, False)


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        ("550 5.1.1 <kund@example.se> does not exist", GONE),
        ("550 5.1.1 Sorry", GONE),
        ("550 5.1.10 Recipient not found", GONE),
        ("550 5.1.2 Bad domain", GONE),
        ("550 5.2.1 The account is disabled", GONE),
        ("550 User unknown", GONE),
        ("551 No such user", GONE),
        ("553 That mailbox does not exist", GONE),
        ("550 5.7.1 User unknown to our policy", UNWANTED),
        ("550 5.1.1 Blocked: too much spam", UNWANTED),
        ("550 Blocked by a list of spam senders, user unknown", UNWANTED),
        ("550 5.7.26 Unauthenticated mail is not accepted", UNWANTED),
        ("550 DMARC check failed", UNWANTED),
        ("554 User unknown", UNTOLD),
        ("552 5.2.2 Mailbox full", UNTOLD),
        ("550 Not today", UNTOLD),
    ],
)
def test_a_refused_recipient_is_gone_or_does_not_want_us_or_neither(
    reply: str, meaning: tuple[bool, bool], smtp_server: Callable[..., MailServer]
) -> None:
    server = smtp_server()
    server.refused_recipients["kund@example.se"] = reply
    with pytest.raises(MailRefusedError) as refusal:
        send(server.url, no_mark)
    assert (refusal.value.is_address_gone, refusal.value.is_policy) == meaning


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        ("550 5.1.1 No such user", GONE),
        ("550 No such user", UNTOLD),
        ("554 5.7.1 Looks like spam", UNWANTED),
        ("550 Looks like spam", UNWANTED),
        ("552 5.3.4 Too big", UNTOLD),
    ],
)
def test_after_the_body_only_a_status_tells_that_the_address_is_gone(
    reply: str, meaning: tuple[bool, bool], smtp_server: Callable[..., MailServer]
) -> None:
    server = smtp_server()
    server.refused_content = reply
    with pytest.raises(MailRefusedError) as refusal:
        send(server.url, no_mark)
    assert (refusal.value.is_address_gone, refusal.value.is_policy) == meaning


def test_a_reply_of_several_lines_is_judged_as_one() -> None:
    reply = b"550-5.1.1 The account that you tried to reach\r\n550 5.1.1 does not exist\r\n"
    with scripted({"RCPT": reply}) as (url, _), pytest.raises(MailRefusedError) as refusal:
        send(url, no_mark)
    assert refusal.value.is_address_gone


def test_bounces_go_where_the_sender_says_and_the_customer_sees_the_usual_from(
    smtp_server: Callable[..., MailServer], marks: Marks
) -> None:
    server = smtp_server()
    with relay(server.url) as post:
        post.deliver(message(), marks, "bounces+abc@nordvik.example")
        post.deliver(message(), marks)
    assert [mail.sender for mail in server.mails] == ["bounces+abc@nordvik.example", "enkat@nordvik.example"]
    assert {mail.message["From"] for mail in server.mails} == {"Nordvik Energi <enkat@nordvik.example>"}


def test_a_mail_in_a_folder_says_where_its_bounces_would_go(tmp_path: Path, marks: Marks) -> None:
    with relay(tmp_path.as_uri()) as post:
        post.deliver(message(), marks, "bounces+abc@nordvik.example")
    content = (tmp_path / "inv-1.eml").read_bytes()
    assert content == b"Return-Path: <bounces+abc@nordvik.example>\r\n" + message().as_bytes()


def test_a_temporary_refusal_of_the_recipient_delays(marks: Marks) -> None:
    with mail_server() as server, relay(server.url) as post:
        server.refused_recipients["kund@example.se"] = "451 4.7.1 Greylisted, come back later"
        with pytest.raises(MailDelayedError, match=r"451 4\.7\.1 Greylisted"):
            post.deliver(message(), marks)
        server.refused_recipients.clear()
        post.deliver(message(), no_mark)
    assert (len(server.mails), marks) == (1, [])


@pytest.mark.parametrize(
    ("reply", "error"),
    [("451 4.3.0 Disk full", MailDelayedError), ("554 5.7.1 Looks like spam", MailRefusedError)],
)
def test_the_reply_to_the_last_dot_decides(reply: str, error: type[Exception], marks: Marks) -> None:
    with mail_server() as server, relay(server.url) as post:
        server.refused_content = reply
        with pytest.raises(error, match=reply):
            post.deliver(message(), marks)
    assert (server.mails, marks) == ([], ["mark"])


def test_a_connection_that_breaks_after_the_last_dot_is_unknown(marks: Marks) -> None:
    with mail_server() as server, relay(server.url) as post:
        server.hangs_up = True
        with pytest.raises(MailUnknownError):
            post.deliver(message(), marks)
        server.hangs_up = False
        post.deliver(message("inv-2"), no_mark)
    assert (len(server.mails), marks) == (2, ["mark"])


def test_a_mark_that_fails_sends_nothing_and_says_its_own_error() -> None:
    def failing() -> None:
        raise OSError("The disk is full")

    with mail_server() as server, relay(server.url) as post:
        with pytest.raises(OSError, match="The disk is full"):
            post.deliver(message("inv-1"), failing)
        post.deliver(message("inv-2"), no_mark)
    assert [mail.message["Message-ID"] for mail in server.mails] == ["<inv-2@nordvik.example>"]


def test_an_address_outside_ascii_travels_where_the_server_can(marks: Marks) -> None:
    mail = message(to="kund@example.se")
    mail.policy = policy.SMTPUTF8
    mail.replace_header("To", "jörg@example.se")
    with mail_server() as server, relay(server.url) as post:
        post.deliver(mail, marks)
    assert [each.recipients for each in server.mails] == [["jörg@example.se"]]


def test_the_mark_comes_after_the_go_ahead_and_before_the_first_line_of_the_body() -> None:
    heard_at_mark: list[bytes] = []

    def look() -> None:
        time.sleep(0.1)  # long enough for a body sent too early to be heard
        heard_at_mark.extend(heard)

    with scripted() as (url, heard):
        send(url, look)
    assert commands(heard_at_mark) == ["EHLO", "MAIL", "RCPT", "DATA"]
    assert commands(heard)[:5] == ["EHLO", "MAIL", "RCPT", "DATA", "FROM"]


def commands(lines: list[bytes]) -> list[str]:
    return [line[:4].decode().upper() for line in lines]


def test_when_starttls_was_stripped_nothing_is_said_in_plain_text(marks: Marks) -> None:
    with scripted() as (url, heard), pytest.raises(MailDelayedError, match="STARTTLS"):
        send(login_at(url, "starttls"), marks)
    assert (commands(heard), marks) == (["EHLO"], [])


def test_when_starttls_is_refused_nothing_is_said_in_plain_text(marks: Marks) -> None:
    offer = b"250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"
    refusal = b"454 not now\r\n"
    with (
        scripted({"EHLO": offer, "STAR": refusal}) as (url, heard),
        pytest.raises(MailDelayedError, match="454 not now"),
    ):
        send(login_at(url, "starttls"), marks)
    assert (commands(heard), marks) == (["EHLO", "STAR"], [])


def login_at(url: str, tls: str) -> str:
    return url.replace("smtp://", "smtp://user:secret@").replace("tls=none", f"tls={tls}")


@pytest.mark.parametrize("step", ["HELLO", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [b"421 closing\r\n", b""])
def test_whatever_breaks_before_the_body_delays(step: str, answer: bytes, marks: Marks) -> None:
    with scripted({step: answer}) as (url, _), pytest.raises(MailDelayedError):
        send(url, marks)
    assert marks == []


def test_a_refused_sender_is_a_wrong_setting_and_only_delays(marks: Marks) -> None:
    refusal = b"553 5.7.1 sender not owned\r\n"
    with scripted({"MAIL": refusal}) as (url, _), pytest.raises(MailDelayedError, match="sender: 553"):
        send(url, marks)
    assert marks == []


@pytest.mark.parametrize("answer", [b"", b"yes\r\n", b"354 more\r\n"])
def test_no_clear_word_after_the_body_is_unknown(answer: bytes, marks: Marks) -> None:
    with scripted({".": answer}) as (url, _), pytest.raises(MailUnknownError):
        send(url, marks)
    assert marks == ["mark"]


@pytest.mark.parametrize("step", ["HELLO", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_server_that_falls_silent_before_the_body_delays(step: str, marks: Marks) -> None:
    with (
        scripted({step: SILENCE}) as (url, _),
        impatient(url, patience=0.1) as post,
        pytest.raises(MailDelayedError),
    ):
        post.deliver(message(), marks)
    assert marks == []


def test_a_server_that_falls_silent_after_the_body_is_unknown(marks: Marks) -> None:
    with (
        scripted({".": SILENCE}) as (url, _),
        impatient(url, last_patience=0.1) as post,
        pytest.raises(MailUnknownError),
    ):
        post.deliver(message(), marks)
    assert marks == ["mark"]


def impatient(url: str, patience: float = 30, last_patience: float = 30) -> SmtpRelay:
    usual = relay(url)
    assert isinstance(usual, SmtpRelay)
    return SmtpRelay(replace(usual.server, patience=patience, last_patience=last_patience))


def test_an_address_outside_ascii_is_refused_where_the_server_cannot(marks: Marks) -> None:
    mail = message()
    mail.policy = policy.SMTPUTF8
    mail.replace_header("To", "jörg@example.se")
    with scripted() as (url, heard), relay(url) as post, pytest.raises(MailRefusedError, match="SMTPUTF8"):
        post.deliver(mail, marks)
    assert (commands(heard)[:2], marks) == (["EHLO", "QUIT"], [])


def test_a_port_where_nobody_listens_delays(marks: Marks) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with (
        relay(f"smtp://127.0.0.1:{port}") as post,
        pytest.raises(MailDelayedError, match=f"127.0.0.1:{port}"),
    ):
        post.deliver(message(), marks)
    assert marks == []


def test_what_a_server_says_is_shown_on_one_short_line_without_addresses_or_links() -> None:
    words = "550-<kund@example.se> see\r\n550 \x1b[31m https://nordvik.example/s/secret " + "x" * 900 + "\r\n"
    with scripted({"RCPT": words.encode()}) as (url, _), pytest.raises(MailRefusedError) as refusal:
        send(url, no_mark)
    assert re.search(r"550 \(address\) see \?\[31m", str(refusal.value))
    assert "secret" not in str(refusal.value)
    assert len(str(refusal.value)) < 300
