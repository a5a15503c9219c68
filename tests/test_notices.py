"""Bounces and complaints as mail servers write them, and as nobody should write them."""

from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.notices import Notice, NoticeKind, first_status, is_address_gone, is_policy, read, readable

RETURN = "bounces+abcdefghij234567@nordvik.example"
RETURNED = f"""\
Return-Path: <{RETURN}>
From: Nordvik Energi <enkat@nordvik.example>
To: anna.svensson@kund.example
Message-ID: <inv-1@nordvik.example>
Subject: Hej
"""


def report(recipients: str, *, kind: str = "delivery-status", returned: str = RETURNED) -> bytes:
    """A notice as RFC 3462 lays it out: words for people, fields for us, and the mail it is about."""
    return f"""\
Return-Path: <>
Delivered-To: {RETURN}
From: Mail Delivery System <MAILER-DAEMON@mx.nordvik.example>
To: {RETURN}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary="limit"

--limit
Content-Type: text/plain

I am sorry. 550 5.9.9 stands in the words for people only.
--limit
Content-Type: message/{kind}

{recipients}
--limit
Content-Type: message/rfc822

{returned}
Hej
--limit--
""".encode()


def delivery(action: str, status: str, diagnostic: str, recipient: str = "anna.svensson@kund.example") -> str:
    return f"""\
Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}
"""


def of_postfix(*recipients: str) -> bytes:
    about = "Reporting-MTA: dns; mx.nordvik.example\nArrival-Date: Mon, 2 Nov 2026 10:00:00 +0100\n"
    return report("\n".join([about, *recipients]))


POSTFIX = of_postfix(
    delivery(
        "failed",
        "5.1.1",
        "smtp; 550 5.1.1 <anna.svensson@kund.example>:\n    Recipient address rejected: User unknown in "
        'local table "anna.svensson"',
    )
)
COMPLAINT = report(
    f"""\
Feedback-Type: abuse
User-Agent: Mailbox/1.0
Version: 1
Original-Mail-From: <{RETURN}>
Original-Rcpt-To: <anna.svensson@kund.example>
""",
    kind="feedback-report",
    returned=RETURNED.partition("\n")[2],
)
EXIM_WORDS = f"""\
From: Mail Delivery System <Mailer-Daemon@mx.nordvik.example>
To: {RETURN}
X-Failed-Recipients: anna.svensson@kund.example
Auto-Submitted: auto-replied
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.
The following address failed:

  anna.svensson@kund.example
    SMTP error from remote mail server after RCPT TO:<anna.svensson@kund.example>:
    host mx.kund.example [192.0.2.7]: 550 no such user here

------ This is a copy of the message, including all the headers. ------

{RETURNED}
Hej
""".encode()


def notice(raw: bytes) -> Notice:
    found = read(raw)
    assert found is not None
    return found


# --- bounces ---------------------------------------------------------------------------------------


def test_a_bounce_says_what_why_and_of_which_mail() -> None:
    assert notice(POSTFIX) == Notice(
        kind=NoticeKind.BOUNCED,
        status="5.1.1",
        recipient="anna.svensson@kund.example",
        addressed_to=(RETURN, "enkat@nordvik.example"),
        message_ids=("inv-1@nordvik.example",),
        diagnostic='550 5.1.1 (address): Recipient address rejected: User unknown in local table "(name)"',
    )


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "kind"),
    [
        ("failed", "5.1.1", "", NoticeKind.BOUNCED),
        ("failed", "5.1.10", "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found", NoticeKind.BOUNCED),
        ("failed", "5.1.2", "X-Postfix; unknown host", NoticeKind.BOUNCED),
        ("failed", "5.2.1", "smtp; 550-5.2.1 The account is inactive", NoticeKind.BOUNCED),
        ("failed", "5.4.4", "X-Postfix; Host or domain name not found", NoticeKind.BOUNCED),
        ("failed", "5.4.310", "smtp;550 5.4.310 DNS domain kund.example does not exist", NoticeKind.BOUNCED),
        ("failed", "5.4.1", "smtp;550 5.4.1 Recipient rejected: Access denied", NoticeKind.REFUSED),
        ("failed", "5.0.0", "smtp; 550 Unknown user", NoticeKind.BOUNCED),
        ("failed", "5.0.0", "smtp; 550 5.1.1 sorry", NoticeKind.BOUNCED),
        ("failed", "5.1.1", "smtp; 550 5.1.1 host spam.example said: user unknown", NoticeKind.BOUNCED),
        ("Failed (for good)", "5.1.1 (bad address)", "", NoticeKind.BOUNCED),
        ("failed", "5.7.1", "smtp; 550 5.7.1 user unknown to our policy", NoticeKind.REFUSED),
        ("failed", "5.1.1", "smtp; 550 5.1.1 blocked as spam", NoticeKind.REFUSED),
        ("failed", "5.0.0", "smtp; 554 Looks like spam", NoticeKind.REFUSED),
        ("failed", "5.3.4", "smtp; 552 5.3.4 Too big", NoticeKind.REFUSED),
        ("failed", "", "", NoticeKind.REFUSED),
        ("failed", "5.2.2", "smtp; 552 5.2.2 mailbox full", NoticeKind.TEMPORARY),
        ("failed", "5.0.0", "smtp; 550 The recipient is over quota", NoticeKind.TEMPORARY),
        ("failed", "4.4.7", "smtp; 451 4.4.7 given up after 5 days", NoticeKind.TEMPORARY),
        ("delayed", "4.4.1", "X-Postfix; connection timed out", NoticeKind.TEMPORARY),
        ("delayed", "", "", NoticeKind.TEMPORARY),
        ("", "5.1.1", "", NoticeKind.BOUNCED),
    ],
)
def test_the_action_the_status_and_the_words_decide(
    action: str, status: str, diagnostic: str, kind: NoticeKind
) -> None:
    assert notice(of_postfix(delivery(action, status, diagnostic))).kind == kind


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_mail_that_arrived_is_no_notice_but_an_automatic_answer(action: str) -> None:
    assert notice(of_postfix(delivery(action, "2.0.0", ""))).kind == NoticeKind.AUTO_REPLY


def test_of_several_recipients_the_worst_is_told() -> None:
    found = notice(
        of_postfix(
            delivery("delayed", "4.4.1", "", "one@kund.example"),
            delivery("failed", "5.1.1", "smtp; 550 no such user", "two@kund.example"),
            delivery("failed", "5.7.1", "smtp; 550 spam", "three@kund.example"),
        )
    )
    assert (found.kind, found.status) == (NoticeKind.BOUNCED, "5.1.1")
    assert (found.recipient, found.diagnostic) == ("two@kund.example", "550 no such user")


def test_a_forwarded_mail_is_told_of_the_address_that_we_wrote_to() -> None:
    fields = "Original-Recipient: rfc822;anna@kund.example\n" + delivery(
        "failed", "5.1.1", "", "b@new.example"
    )
    assert notice(of_postfix(fields)).recipient == "anna@kund.example"


def test_the_headers_alone_may_come_back() -> None:
    raw = POSTFIX.replace(b"message/rfc822", b"text/rfc822-headers")
    assert notice(raw).message_ids == ("inv-1@nordvik.example",)
    assert "enkat@nordvik.example" in notice(raw).addressed_to


def test_nothing_at_all_may_come_back() -> None:
    found = notice(report(delivery("failed", "5.1.1", ""), returned=""))
    assert (found.kind, found.message_ids, found.addressed_to) == (NoticeKind.BOUNCED, (), (RETURN,))


def test_the_signed_address_is_found_wherever_a_server_leaves_it() -> None:
    for header in ("Delivered-To", "X-Original-To", "Envelope-To"):
        raw = f"To: <postmaster@nordvik.example>\n{header}: {RETURN}\n".encode()
        raw += POSTFIX.partition(b"Subject: Und")[2].join([b"Subject: Und", b""])
        assert RETURN in notice(raw).addressed_to


def test_an_exim_that_sends_no_report_is_read_by_its_words() -> None:
    found = notice(EXIM_WORDS)
    assert (found.kind, found.recipient) == (NoticeKind.BOUNCED, "anna.svensson@kund.example")
    assert found.message_ids == ("inv-1@nordvik.example",)
    assert found.addressed_to == (RETURN, "enkat@nordvik.example")
    assert found.diagnostic == "550 no such user here"


def test_an_exim_that_found_no_route_says_so_without_a_code() -> None:
    raw = EXIM_WORDS[: EXIM_WORDS.index(b"    SMTP error")] + b"    Unrouteable address\n"
    assert (notice(raw).kind, notice(raw).status) == (NoticeKind.BOUNCED, None)
    assert notice(raw).diagnostic == "(address) Unrouteable address"


def test_an_exim_with_a_report_is_read_by_its_report() -> None:
    raw = b"X-Failed-Recipients: anna.svensson@kund.example\n" + POSTFIX.replace(b"5.1.1", b"5.7.1")
    assert notice(raw).kind == NoticeKind.REFUSED


def test_a_report_for_addresses_outside_ascii_is_read_alike() -> None:
    raw = POSTFIX.replace(b"message/delivery-status", b"message/global-delivery-status")
    raw = raw.replace(b"message/rfc822", b"message/global").replace(b"rfc822; anna", "utf-8; jörg".encode())
    assert (notice(raw).kind, notice(raw).message_ids) == (NoticeKind.BOUNCED, ("inv-1@nordvik.example",))


def test_lines_may_end_as_on_the_wire() -> None:
    for source in (POSTFIX, EXIM_WORDS, COMPLAINT):
        assert read(source.replace(b"\n", b"\r\n")) == read(source)


def test_a_blank_line_too_many_hides_nothing() -> None:
    raw = POSTFIX.replace(b"Action: failed\n", b"\nAction: failed\n")
    assert notice(raw).kind == NoticeKind.BOUNCED


def test_a_bounce_that_somebody_forwards_as_an_attachment_is_no_notice() -> None:
    letter = EmailMessage()
    letter["From"] = "anna.svensson@kund.example"
    letter.set_content("What is this?")
    letter.add_attachment(POSTFIX, maintype="application", subtype="octet-stream")
    raw = letter.as_bytes().replace(b"application/octet-stream", b"message/rfc822")
    assert read(raw) is None


# --- complaints and the rest -----------------------------------------------------------------------


def test_a_complaint_names_the_mail_by_its_return_address() -> None:
    assert notice(COMPLAINT) == Notice(
        kind=NoticeKind.COMPLAINT,
        status=None,
        recipient="anna.svensson@kund.example",
        addressed_to=(RETURN, "enkat@nordvik.example"),
        message_ids=("inv-1@nordvik.example",),
        diagnostic="abuse",
    )


@pytest.mark.parametrize("kind", ["abuse", "Fraud", "other", "opt-out", "something-new"])
def test_a_press_on_this_is_spam_is_a_complaint(kind: str) -> None:
    raw = COMPLAINT.replace(b"abuse", kind.encode())
    assert notice(raw).kind == NoticeKind.COMPLAINT


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", ""])
def test_a_press_on_not_spam_and_what_machines_report_is_none(kind: str) -> None:
    raw = COMPLAINT.replace(b"abuse", kind.encode()).replace(b"Auto-Submitted: auto-replied\n", b"")
    assert read(raw) is None


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: auto-replied (vacation)", "X-Autoreply: yes", "Precedence: auto_reply"],
)
def test_somebody_on_holiday_asks_for_nothing(header: str) -> None:
    found = notice(f"To: {RETURN}\n{header}\nSubject: Borta\n\nBack on Monday, 550 5.1.1.\n".encode())
    assert (found.kind, found.addressed_to, found.diagnostic) == (NoticeKind.AUTO_REPLY, (RETURN,), "")


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"Auto-Submitted: no\n\nHej", b"From: a@b.example\n\n550 5.1.1 gone"]
)
def test_a_letter_is_no_notice(raw: bytes) -> None:
    assert read(raw) is None


# --- what anybody may send -------------------------------------------------------------------------


@given(raw=st.binary(max_size=300))
@settings(max_examples=60)
def test_any_bytes_are_read(raw: bytes) -> None:
    read(raw)


@given(data=st.data(), source=st.sampled_from([POSTFIX, COMPLAINT, EXIM_WORDS]))
@settings(max_examples=120)
def test_a_damaged_notice_is_read(data: st.DataObject, source: bytes) -> None:
    raw = source
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw)))
        cut = data.draw(st.sampled_from([0, 1, 5, 60]))
        raw = raw[:place] + data.draw(st.binary(max_size=8)) + raw[place + cut :]
    found = read(raw)
    if found is not None:
        assert len(found.diagnostic) <= 200 and "@" not in found.diagnostic
        assert found.diagnostic.isprintable()


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\nContent-Type: message/rfc822\n\n" * 3000,
        b"Content-Type: message/delivery-status\n\n" * 3000,
        b"To: " + b"a" * 100_000 + b"\nAuto-Submitted: auto-replied\n\n",
        POSTFIX.replace(b"Status: ", b"Status: \xff\xfe"),
        POSTFIX.replace(b"boundary=", b"boundary*0*=utf-8''"),
        POSTFIX.replace(b"User unknown", b"user " + b"of the " * 5000),
    ],
)
def test_a_trap_is_read(raw: bytes) -> None:
    read(raw)


# --- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "User unknown",
        "<anna@kund.example>: Recipient address rejected: User unknown in relay recipient table",
        "The email account that you tried to reach does not exist. Please try again",
        "No such user here",
        "Mailbox not found",
        "invalid recipient",
        "Sorry, no mailbox here by that name. (#5.1.1)",
        "delivery error: dd This user doesn't have a post.example account (anna@post.example)",
        "Requested action not taken: mailbox has been disabled",
    ],
)
def test_words_tell_that_an_address_is_gone(words: str) -> None:
    assert is_address_gone(None, words) and not is_policy(None, words)


@pytest.mark.parametrize(
    "words",
    [
        "Blocked by Spamhaus: spam",
        "Sender address rejected: Domain not found",
        "Client host rejected: cannot find your reverse host, host not found",
        "Rejected, the user unknown policy applies",
        "SPF check failed",
    ],
)
def test_words_tell_that_a_mail_is_unwanted(words: str) -> None:
    assert is_policy(None, words) and not is_address_gone(None, words)


@pytest.mark.parametrize(
    "words", ["", "Requested action not taken", "Message too big", "mailbox unavailable"]
)
def test_other_words_tell_neither(words: str) -> None:
    assert not is_policy(None, words) and not is_address_gone(None, words)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("5.1.1 no such user", "5.1.1"),
        ("5.7.26 unauthenticated", "5.7.26"),
        ("no such user 5.1.1", None),
        ("5.1.1.20 is listed", None),
        ("5.1.12.20 is listed", None),
        ("15.1.1", None),
    ],
)
def test_a_status_stands_at_the_beginning_and_is_no_network_address(text: str, status: str | None) -> None:
    assert first_status(text) == status


def test_words_for_a_log_are_short_and_name_nobody() -> None:
    text = "<anna@kund.example>\r\n see https://x.example/a?b www.x.example/c \x1b[31m" + "x" * 900
    assert readable(text).startswith("(address) see (link) (link) ?[31mxxx")
    assert len(readable(text)) == 200
