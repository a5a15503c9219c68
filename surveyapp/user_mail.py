"""Write the mails that users get: about their account, and a survey's mail to try it out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from urllib.parse import quote

from surveyapp.config import Settings
from surveyapp.core.errors import MailRefusedError
from surveyapp.i18n import Language, closest
from surveyapp.look import Logo
from surveyapp.mail import Letter, composed, greetable, looks, sender_for
from surveyapp.mail import write as write_letter
from surveyapp.mail_headers import one_line
from surveyapp.mail_styles import styled
from surveyapp.notes import ClaimedNote, NoteKind

EXAMPLE_TICKET = "T-1042"

_COMPANY_LENGTH = 120
_CONTACT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class _Words:
    """What a mail says; the button stands between the two, and is "" in a mail without a link."""

    subject: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    button: str = ""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the words are filled with, each one clean line; "" for what is not known."""

    company: str
    contact: str
    colleague: str
    browser: str
    provider: str
    moment: str


def write(
    claimed: ClaimedNote,
    settings: Settings,
    tongue: Language,
    link: str | None,
    now: datetime,
    logo: Logo | None = None,
) -> EmailMessage:
    """The whole mail in the user's language; a test in the survey's, under a line in the user's.

    `link` is what the kinds of notes.LINK_LIVES need. The same note again has the same Message-ID. Raises
    MailRefusedError and SettingError as mail.write.
    """
    if claimed.kind is NoteKind.TEST:
        return _test(claimed, settings, tongue, logo, now)
    sender = sender_for(settings, tongue.code, logo)
    facts = _facts(claimed, settings, tongue)
    words = _WORDS[claimed.kind](tongue, facts)
    if bool(words.button) != bool(link):
        raise MailRefusedError("The mail lacks its link, or has one that it has no words for.")
    values = {**looks(sender), "words": words, "link": link, "name": greetable(claimed.name)}
    return composed(
        sender,
        tongue,
        now,
        identity=claimed.id,
        to_address=claimed.email,
        to_name=claimed.name,
        subject=words.subject,
        text=tongue.environment.get_template("email/user_note.txt").render(values),
        page=styled(tongue, "email/user_note.html").render(values),
        further={},
    )


def _facts(claimed: ClaimedNote, settings: Settings, tongue: Language) -> _Facts:
    return _Facts(
        company=one_line(settings.company, _COMPANY_LENGTH),
        contact=one_line(settings.contact, _CONTACT_LENGTH),
        # Typed by others: neither may become a link in the mail.
        colleague=greetable(claimed.detail.get("by")),
        browser=greetable(claimed.detail.get("browser")),
        provider=one_line(claimed.detail.get("provider", ""), _COMPANY_LENGTH),
        moment=tongue.moment(claimed.asked_at.astimezone(settings.timezone)),
    )


def _test(
    claimed: ClaimedNote, settings: Settings, tongue: Language, logo: Logo | None, now: datetime
) -> EmailMessage:
    """The survey's mail as it would go out now; its links lead to the preview, which counts nothing."""
    if claimed.version is None:
        raise MailRefusedError("There is no survey to test.")
    question = claimed.version.main
    locale = closest(claimed.detail["locale"], settings.locale)
    key = quote(claimed.version.survey_key, safe="")
    preview = f"{settings.public_url}/admin/surveys/{key}/preview?lang={locale}"
    letter = Letter(
        invitation_id=claimed.id,
        to_address=claimed.email,
        to_name=claimed.name,
        locale=locale,
        ticket_ref=EXAMPLE_TICKET,
        metric=question.metric,
        text=claimed.version.text(locale, question),
        page_url=preview,
        rating_urls={n: f"{preview}&rating={n}" for n in (question.scale.ratings if question.scale else ())},
        unsubscribe_url=preview,
        privacy_url=preview,
        # i18n: Subject of a mail that somebody tries out. {subject}: Would you recommend Nordvik?
        subject_form=tongue.gettext("Test: {subject}"),
        # i18n: First line of a survey's mail that somebody tries out
        notice=tongue.gettext(
            "This is a test, sent to you alone. Its links lead to a preview, and nothing counts there."
        ),
        notice_language=tongue.code,
    )
    message = write_letter(letter, sender_for(settings, locale, logo), now)
    # Whoever tries a mail out asked for it and unsubscribes nobody.
    del message["List-Unsubscribe"], message["List-Unsubscribe-Post"]
    return message


def _invited(tongue: Language, facts: _Facts) -> _Words:
    _ = tongue.gettext
    if facts.colleague:
        # i18n: Email to a new colleague. {colleague}: Anna Bell, {company}: Nordvik Energi
        opening = _(
            "{colleague} has made an account for you, so that you can work with the surveys at {company}.",
            colleague=facts.colleague,
            company=facts.company,
        )
    else:
        # i18n: Email to a new colleague. {company}: Nordvik Energi
        opening = _(
            "There is now an account for you, so that you can work with the surveys at {company}.",
            company=facts.company,
        )
    return _Words(
        # i18n: Subject of the email to a new colleague. {company}: Nordvik Energi
        subject=_("Your account for the surveys at {company}", company=facts.company),
        # i18n: Email to a new colleague, above the button
        before=(opening, _("Choose a password to log in for the first time.")),
        # i18n: Button in an email
        button=_("Choose a password"),
        # i18n: Email to a new colleague, below the button
        after=(_("The link works once, within 7 days. After that, please ask for a new one."),),
    )


def _reset(tongue: Language, facts: _Facts) -> _Words:
    _ = tongue.gettext
    # i18n: Email to somebody who forgot their password. {company}: Nordvik Energi
    opening = _(
        "Somebody, most likely you, asked for a new password for your account for the surveys at {company}.",
        company=facts.company,
    )
    # i18n: Email to somebody who forgot their password, below the button
    life = _("The link works once, within one hour.")
    # i18n: Email to somebody who forgot their password, at the end. {contact}: support@nordvik.example
    not_you = _(
        "If this was not you, ignore this email: your password stays as it is. "
        "Please tell us if it happens again: {contact}",
        contact=facts.contact,
    )
    return _Words(
        # i18n: Subject of an email and button in it
        subject=_("Choose a new password"),
        before=(opening,),
        # i18n: Subject of an email and button in it
        button=_("Choose a new password"),
        after=(life, not_you),
    )


def _password_set(tongue: Language, facts: _Facts) -> _Words:
    _ = tongue.gettext
    # i18n: Email about an account. {company}: Nordvik Energi
    opening = _("Your account for the surveys at {company} has a new password.", company=facts.company)
    return _Words(
        # i18n: Subject of an email
        subject=_("Your password was changed"),
        before=(opening, _when(tongue, facts)),
        after=(_not_you(tongue, facts),),
    )


def _new_device(tongue: Language, facts: _Facts) -> _Words:
    _ = tongue.gettext
    # i18n: Email about an account. {company}: Nordvik Energi
    opening = _(
        "Somebody logged in to your account for the surveys at {company} in a browser that is new to us.",
        company=facts.company,
    )
    # i18n: Email about a login. {browser}: Firefox, Windows
    browser = (_("Browser: {browser}", browser=facts.browser),) if facts.browser else ()
    return _Words(
        # i18n: Subject of an email
        subject=_("New login to your account"),
        before=(opening, *browser, _when(tongue, facts)),
        after=(_not_you(tongue, facts),),
    )


def _second_step_off(tongue: Language, facts: _Facts) -> _Words:
    _ = tongue.gettext
    # i18n: Email about an account whose second step was switched off. {company}: Nordvik Energi
    opening = _(
        "Your account for the surveys at {company} no longer asks for a code at login, "
        "only for your password.",
        company=facts.company,
    )
    return _Words(
        # i18n: Subject of an email; the second step of a login is a code from an app, after the password
        subject=_("The second step of your login was switched off"),
        before=(opening, _when(tongue, facts)),
        after=(_not_you(tongue, facts),),
    )


def _identity_linked(tongue: Language, facts: _Facts) -> _Words:
    _ = tongue.gettext
    # i18n: Email about an account. {name}: a company's login service, such as Entra ID, {company}: Nordvik
    opening = _(
        "Your account for the surveys at {company} can now be used with {name}.",
        name=facts.provider,
        company=facts.company,
    )
    # i18n: End of an email. {name}: a company's login service, {contact}: support@nordvik.example
    not_you = _(
        "If this was not you, ask for a new password on the login page right away, remove the login by "
        "{name} under My account and tell us: {contact}",
        name=facts.provider,
        contact=facts.contact,
    )
    return _Words(
        # i18n: Subject of an email: a company's login service now opens an account
        subject=_("Your account has a new way to log in"),
        before=(opening, _when(tongue, facts)),
        after=(not_you,),
    )


def _when(tongue: Language, facts: _Facts) -> str:
    # i18n: When something happened, in an email. {moment}: 5 March 2026 at 14:00
    return tongue.gettext("Time: {moment}", moment=facts.moment)


def _not_you(tongue: Language, facts: _Facts) -> str:
    # i18n: End of an email about a change of an account. {contact}: support@nordvik.example
    return tongue.gettext(
        "If you know about this, there is nothing to do. If not, ask for a new password on the login page "
        "right away and tell us: {contact}",
        contact=facts.contact,
    )


_WORDS: Mapping[NoteKind, Callable[[Language, _Facts], _Words]] = {
    NoteKind.INVITED: _invited,
    NoteKind.RESET: _reset,
    NoteKind.PASSWORD_SET: _password_set,
    NoteKind.NEW_DEVICE: _new_device,
    NoteKind.SECOND_STEP_OFF: _second_step_off,
    NoteKind.IDENTITY_LINKED: _identity_linked,
}
