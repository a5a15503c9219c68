"""Write an invitation as a mail in its reader's language."""

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from textwrap import fill
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from surveyapp.config import Settings
from surveyapp.core.colours import OURS, shades
from surveyapp.core.errors import MailRefusedError, SettingError
from surveyapp.core.scales import SCALES, Metric
from surveyapp.i18n import Language, closest, language
from surveyapp.look import Logo
from surveyapp.mail_headers import empty_message, encoded, mailbox, one_line
from surveyapp.mail_styles import styled
from surveyapp.texts import QuestionText

_NAME_LENGTH = 80
_REFERENCE_LENGTH = 60
_COMPANY_LENGTH = 120
_SUBJECT_LENGTH = 250

# As high as the initial that stands there without it, and as wide as leaves the link beside it its room.
_LOGO_WIDTH, _LOGO_HEIGHT = 200, 36
# What every mail program shows; Outlook knows no WebP.
_LOGO_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]+@[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]+")
_LINK = re.compile(r"https?://[!-;=?-~]+")
_IDENTITY = re.compile(r"[A-Za-z0-9_-]+")
# Mail programs turn "example.com" into a link: whoever opens a ticket in another's name could advertise.
_LINK_LIKE = re.compile(r"[@/\\<>]|www\.|\.\w\w", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Letter:
    """One invitation as its mail needs it.

    `rating_urls` has a link for each rating of the scale and is empty for an open question; `page_url`
    leads to the same page with nothing chosen. `notice` is a line above the greeting, in its own language;
    the usual subject takes the place of `{subject}` in `subject_form`.
    """

    invitation_id: str
    to_address: str
    to_name: str | None
    locale: str
    ticket_ref: str
    metric: Metric
    text: QuestionText
    page_url: str
    rating_urls: Mapping[int, str]
    unsubscribe_url: str
    privacy_url: str
    is_reminder: bool = False
    notice: str = ""
    notice_language: str = ""
    subject_form: str = "{subject}"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: the same for every mail in one language. `mail_from` is an address or "Name <address>"."""

    company: str
    mail_from: str
    public_url: str
    reply_to: str = ""
    """An address; "": replies go to the one of `mail_from`."""
    colour: str = ""
    """The brand's, as #rrggbb; "": ours."""
    logo: Logo | None = None
    """Goes along in every mail, so that nothing is loaded from elsewhere; one in WebP does not."""


@dataclass(frozen=True, slots=True)
class _Point:
    """One rating as the mail offers it; `words` is "" for a number between worded ends."""

    rating: int
    words: str
    spoken: str
    url: str


def sender_for(settings: Settings, locale: str, logo: Logo | None = None) -> Sender:
    """Who writes in the language of that locale; `logo` is what `look.shown_logo` gives."""
    code = closest(locale, "en")
    return Sender(
        company=settings.company,
        mail_from=settings.own.senders.get(code) or settings.mail_from,
        public_url=settings.public_url,
        reply_to=settings.own.reply_to.get(code, ""),
        colour=settings.own.colour,
        logo=logo,
    )


def write(letter: Letter, sender: Sender, now: datetime) -> EmailMessage:
    """The whole mail. The same letter again has the same Message-ID, so a mail sent twice can be told.

    Names and references are cut to one clean line. Raises MailRefusedError when no mail can go to this
    address, and SettingError when the sender's address or the public URL fits into no mail.
    """
    tongue = language(closest(letter.locale, "en"))
    values = _values(letter, sender, tongue)
    subject = letter.subject_form.replace("{subject}", _subject(tongue, values))
    return composed(
        sender,
        tongue,
        now,
        identity=_identity(letter),
        to_address=letter.to_address,
        to_name=letter.to_name,
        subject=subject,
        text=tongue.environment.get_template("email/invitation.txt").render(values),
        page=styled(tongue, "email/invitation.html").render(values, subject=subject),
        further={
            "List-Unsubscribe": f"<{letter.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def composed(
    sender: Sender,
    tongue: Language,
    now: datetime,
    *,
    identity: str,
    to_address: str,
    to_name: str | None,
    subject: str,
    text: str,
    page: str,
    further: Mapping[str, str],
) -> EmailMessage:
    """A mail of two views, with the headers that all of ours have and those `further` ones.

    `subject` is one clean line, `identity` has no other characters than our ids. Raises as `write`.
    """
    to_address = _recipient(to_address)
    from_name, from_address = _author(sender)
    message = empty_message(is_international=not to_address.isascii())
    message["From"] = mailbox("From", from_name, from_address)
    if sender.reply_to:
        message["Reply-To"] = _reply_address(sender)
    message["To"] = mailbox("To", greetable(to_name), to_address)
    message["Subject"] = encoded("Subject", subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{identity}@{_domain(sender, from_address)}>"
    message["Content-Language"] = tongue.code
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"  # Exchange does not know Auto-Submitted
    for name, value in further.items():
        message[name] = value
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = "multipart/alternative"
    message.attach(_part("plain", _wrapped(text)))
    message.attach(_with_logo(_part("html", page), sender))
    return message


def looks(sender: Sender) -> dict[str, object]:
    """What the page of every mail shows of its sender."""
    return {
        "company": one_line(sender.company, _COMPANY_LENGTH),
        "logo": _shown(sender),
        "shades": shades(sender.colour) if sender.colour else OURS,
    }


def greetable(name: str | None) -> str:
    """The name to greet with; "" when it is none, no real one or one that could be made a link of."""
    line = one_line(name or "", _NAME_LENGTH + 1)
    return "" if len(line) > _NAME_LENGTH or _LINK_LIKE.search(line) else line


def _values(letter: Letter, sender: Sender, tongue: Language) -> dict[str, object]:
    _check_links(letter)
    company = one_line(sender.company, _COMPANY_LENGTH)
    points = _points(letter, tongue)
    return {
        **looks(sender),
        "name": greetable(letter.to_name),
        "ticket": one_line(letter.ticket_ref, _REFERENCE_LENGTH),
        "metric": letter.metric,
        "is_reminder": letter.is_reminder,
        "notice": letter.notice,
        "notice_language": letter.notice_language,
        "lead_in": letter.text.lead_in.replace("{company}", company),
        "question": letter.text.question.replace("{company}", company),
        "points": points,
        "is_worded": all(point.words for point in points),
        "page_url": letter.page_url,
        "unsubscribe_url": letter.unsubscribe_url,
        "privacy_url": letter.privacy_url,
    }


def _points(letter: Letter, tongue: Language) -> list[_Point]:
    if not letter.rating_urls:
        return []
    ratings = SCALES[letter.metric].ratings
    labels = letter.text.labels
    return [
        _Point(rating, labels.get(rating, ""), _spoken(rating, letter, tongue), letter.rating_urls[rating])
        for rating in ratings
    ]


def _spoken(rating: int, letter: Letter, tongue: Language) -> str:
    if words := letter.text.labels.get(rating):
        return f"{rating}, {tongue.spoken(words)}"
    if letter.metric is Metric.NPS:
        # i18n: A rating as a screen reader says it, on the scale 0 to 10. {n}: 7
        return tongue.gettext("{n} on a scale from 0 to 10", n=rating)
    # i18n: A rating as a screen reader says it, on the scale 1 to 10. {n}: 7
    return tongue.gettext("{n} on a scale from 1 to 10", n=rating)


def _recipient(address: str) -> str:
    """The address as servers take it: the domain in ASCII, only the part before the @ as it is."""
    if not _ADDRESS.fullmatch(address):
        raise MailRefusedError("The customer's address is not one that mail can be sent to.")
    if address.isascii():
        return address
    try:
        valid = validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        raise MailRefusedError("The customer's address is not one that mail can be sent to.") from error
    return f"{valid.local_part}@{valid.ascii_domain}"


def _author(sender: Sender) -> tuple[str, str]:
    """Name and address; without a name of its own the address has the company's."""
    name, address = parseaddr(one_line(sender.mail_from, 320))
    if not (_ADDRESS.fullmatch(address) and address.isascii()):
        raise SettingError("SURVEYAPP_MAIL_FROM must be an address in ASCII such as surveys@example.com.")
    return one_line(name or sender.company, _NAME_LENGTH), address


def _reply_address(sender: Sender) -> str:
    if not (_ADDRESS.fullmatch(sender.reply_to) and sender.reply_to.isascii()):
        raise SettingError("The address for replies must be one in ASCII such as support@example.com.")
    return sender.reply_to


def _identity(letter: Letter) -> str:
    if not _IDENTITY.fullmatch(letter.invitation_id):
        raise MailRefusedError("The invitation's id has characters that no Message-ID can hold.")
    # A reminder is another mail: with the same name it would be taken for the first one come twice.
    return f"{letter.invitation_id}.reminder" if letter.is_reminder else letter.invitation_id


def _domain(sender: Sender, from_address: str) -> str:
    """The public host's name; the sender's domain where that is a bare machine or an address."""
    host = urlsplit(sender.public_url).hostname or ""
    is_name = host.isascii() and "." in host and not host.rpartition(".")[2].isdigit()
    return host if is_name else from_address.rpartition("@")[2]


def _check_links(letter: Letter) -> None:
    links = [letter.page_url, letter.unsubscribe_url, letter.privacy_url, *letter.rating_urls.values()]
    if not all(_LINK.fullmatch(link) for link in links):
        raise SettingError("SURVEYAPP_PUBLIC_URL makes links that a mail cannot carry (ASCII only).")


def _part(kind: str, text: str) -> EmailMessage:
    part = empty_message()
    part["Content-Type"] = f'text/{kind}; charset="utf-8"'
    # Any relay carries it, and it is ten times as fast as set_content(), which does the same in Python.
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(b2a_qp(text.encode()).decode("ascii"))
    return part


def _shown(sender: Sender) -> dict[str, object] | None:
    """The logo as the page of the mail needs it; None where the company's initial stands instead."""
    if sender.logo is None or sender.logo.media_type not in _LOGO_ENDINGS:
        return None
    width, height = sender.logo.within(_LOGO_WIDTH, _LOGO_HEIGHT)
    return {"id": _content_id(sender.logo), "width": width, "height": height}


def _with_logo(page: EmailMessage, sender: Sender) -> EmailMessage:
    """The page and its picture in one; the page alone when it shows none."""
    logo = sender.logo
    if logo is None or (ending := _LOGO_ENDINGS.get(logo.media_type)) is None:
        return page
    picture = empty_message()
    picture["Content-Type"] = logo.media_type
    picture["Content-Transfer-Encoding"] = "base64"
    picture["Content-ID"] = f"<{_content_id(logo)}>"
    picture["Content-Disposition"] = f'inline; filename="logo.{ending}"'
    picture.set_payload(_base64(logo))
    both = empty_message()
    both["Content-Type"] = 'multipart/related; type="text/html"'
    both.attach(page)
    both.attach(picture)
    return both


def _content_id(logo: Logo) -> str:
    return f"{logo.digest[:32]}@logo.invalid"


# Two, for the moment in which one logo follows another.
@lru_cache(maxsize=2)
def _base64(logo: Logo) -> str:
    return encodebytes(logo.content).decode("ascii")


def _wrapped(text: str) -> str:
    """Lines of at most 72 characters; links stay whole, each on a line of its own."""
    lines = [fill(line, 72, break_long_words=False, break_on_hyphens=False) for line in text.splitlines()]
    return "\n".join(lines).strip() + "\n"


def _subject(tongue: Language, values: Mapping[str, object]) -> str:
    text = tongue.environment.get_template("email/invitation.subject.txt").render(values)
    return one_line(text, _SUBJECT_LENGTH)
