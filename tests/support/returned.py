"""Bounces, complaints and other mails that come back, about an invitation of a test."""

from tests.support.people import HOST, Invited, Site

BASE = "bounces@nordlicht.example"
PERSON = "kund@example.se"
GONE = "smtp; 550 5.1.1 No such user here"
BLOCKED = "smtp; 550 5.7.1 Message blocked because of its sender's reputation"
FULL = "smtp; 552 5.2.2 Mailbox full"


def return_address(site: Site, invited: Invited) -> str:
    """Where its mail's bounces go."""
    return site.links.return_address(BASE, invited.id)


def message_id(invited: Invited, *, is_reminder: bool = False) -> str:
    """Of its mail."""
    return f"{invited.id}{'.reminder' if is_reminder else ''}@{HOST.removeprefix('https://')}"


def bounce(
    to: str, returned_id: str, status: str = "5.1.1", says: str = GONE, action: str = "failed"
) -> bytes:
    """A delivery status notification (RFC 3464)."""
    fields = f"Final-Recipient: rfc822; {PERSON}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: {says}"
    return _report("delivery-status", to, f"Reporting-MTA: dns; mx.example.se\n\n{fields}", returned_id)


def complaint(to: str, returned_id: str) -> bytes:
    """A report that somebody called the mail unwanted (RFC 5965)."""
    fields = f"Feedback-Type: abuse\nUser-Agent: Mailbox/1.0\nVersion: 1\nOriginal-Rcpt-To: <{PERSON}>"
    return _report("feedback-report", to, fields, returned_id)


def holiday(to: str) -> bytes:
    """What somebody's mail program answers by itself."""
    headers = f"From: {PERSON}\nTo: {to}\nSubject: On holiday\nAuto-Submitted: auto-replied"
    return f"{headers}\n\nI am away.\n".encode()


def _report(kind: str, to: str, fields: str, returned_id: str) -> bytes:
    return f"""\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.se>
To: {to}
Message-ID: <notice@mx.example.se>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary="limit"

--limit
Content-Type: text/plain

Your mail did not arrive.
--limit
Content-Type: message/{kind}

{fields}
--limit
Content-Type: message/rfc822

From: Nordlicht <feedback@nordlicht.example>
To: {PERSON}
Message-ID: <{returned_id}>
Subject: Hello

Hello
--limit--
""".encode()
