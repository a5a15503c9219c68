"""Why a customer was asked, or was not, in a sentence that support can read out."""

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Protocol

from surveyapp.core.evidence import Evidence, Reason, Verdict
from surveyapp.core.policy import Refusal
from surveyapp.core.status import Cause, Happening, Status
from surveyapp.i18n import Language

Sentence = Callable[[Language], str]


class Happened(Protocol):
    """An entry of a timeline, which this module may not know."""

    @property
    def what(self) -> Happening: ...
    @property
    def detail(self) -> str | None: ...


def explanation(
    tongue: Language,
    zone: tzinfo,
    status: Status,
    reason: str | None,
    *,
    allowed_from: datetime | None = None,
    send_at: datetime | None = None,
    accepted_at: datetime | None = None,
) -> str:
    """What became of an invitation, in a sentence or two; never a mail server's own words."""
    match status:
        case Status.REFUSED:
            return _refused(tongue, reason, allowed_from, zone)
        case Status.CANCELLED:
            return _of(CAUSES, Cause, reason, tongue)
        case Status.QUEUED if send_at:
            at = tongue.moment(send_at.astimezone(zone))
            # i18n: Why a customer has no survey yet. {moment}: 5 March 2026 at 14:00
            return tongue.gettext("The survey goes out on {moment}.", moment=at)
        case Status.SENT if accepted_at:
            at = tongue.moment(accepted_at.astimezone(zone))
            # i18n: What became of a survey. {moment}: 5 March 2026 at 14:00
            return tongue.gettext("The survey was sent on {moment}.", moment=at)
        case Status.LINKED if accepted_at:
            at = tongue.moment(accepted_at.astimezone(zone))
            # i18n: What became of a survey without an email. {moment}: 5 March 2026 at 14:00
            return tongue.gettext("Links to the survey were handed out on {moment}.", moment=at)
    return STATES[status](tongue)


REFUSALS: Mapping[Refusal, Sentence] = {
    # i18n: Why a customer gets no survey
    Refusal.UNSUBSCRIBED: lambda tongue: tongue.gettext("The customer does not want any more surveys."),
    # i18n: Why a customer gets no survey
    Refusal.DO_NOT_SURVEY: lambda tongue: tongue.gettext("The customer is on the do-not-survey list."),
    # i18n: Why a customer gets no survey
    Refusal.BOUNCED: lambda tongue: tongue.gettext("Mail to the customer's address comes back."),
    # i18n: Why a customer gets no survey: the address is one like no-reply@ or postmaster@
    Refusal.ROLE_ADDRESS: lambda tongue: tongue.gettext("Nobody reads mail to this address in person."),
    # i18n: Why a customer gets no survey
    Refusal.REOPENED: lambda tongue: tongue.gettext("The ticket was opened again."),
    # i18n: Why a customer gets no survey
    Refusal.ALREADY_ANSWERED: lambda tongue: tongue.gettext("The customer has already answered."),
    # i18n: Why a customer gets no survey
    Refusal.ALREADY_ASKED: lambda tongue: tongue.gettext("The customer was already asked about this ticket."),
    # i18n: Why a customer gets no survey
    Refusal.CASE_TYPE: lambda tongue: tongue.gettext("No surveys are sent for this case type."),
    # i18n: Why a customer gets no survey: the channel is email, phone, chat ...
    Refusal.CHANNEL: lambda tongue: tongue.gettext("No surveys are sent for this channel."),
    # i18n: Why a customer gets no survey
    Refusal.TEAM: lambda tongue: tongue.gettext("No surveys are sent for this team."),
    # i18n: Why a customer gets no survey
    Refusal.NO_AGENT_REPLY: lambda tongue: tongue.gettext("No agent has replied to this ticket."),
    # i18n: Why a customer gets no survey
    Refusal.FEW_REPLIES: lambda tongue: tongue.gettext("An agent has replied to this ticket too few times."),
    # i18n: Why a customer gets no survey: only a share of all customers, drawn by lot, is asked
    Refusal.NOT_SAMPLED: lambda tongue: tongue.gettext("Only some customers are asked, and this one is not."),
    # i18n: Why a customer gets no survey
    Refusal.QUIET_PERIOD: lambda tongue: tongue.gettext("The customer was asked only recently."),
    # i18n: Why a customer gets no survey: the domain is the part of an email address after the @
    Refusal.DOMAIN_CAP: lambda tongue: tongue.gettext(
        "Enough surveys had gone to this email domain that day."
    ),
}

CAUSES: Mapping[Cause, Sentence] = {
    Cause.REOPENED: REFUSALS[Refusal.REOPENED],
    # i18n: Why a survey was called off
    Cause.MERGED: lambda tongue: tongue.gettext("The ticket was merged with another one."),
    # i18n: Why a survey was called off
    Cause.SPAM: lambda tongue: tongue.gettext("The ticket was marked as spam."),
    # i18n: Why a survey was called off
    Cause.DELETED: lambda tongue: tongue.gettext("The ticket was deleted."),
    # i18n: Why a survey was called off
    Cause.BY_HAND: lambda tongue: tongue.gettext("Somebody called the survey off."),
    # i18n: Why a survey was called off
    Cause.ERASED: lambda tongue: tongue.gettext("The customer's data was erased."),
    # i18n: Why a survey was called off
    Cause.SURVEY_CLOSED: lambda tongue: tongue.gettext("The survey was closed before it went out."),
}

STATES: Mapping[Status, Sentence] = {
    # i18n: What became of a survey
    Status.QUEUED: lambda tongue: tongue.gettext("The survey waits to be sent."),
    # i18n: What became of a survey
    Status.SENDING: lambda tongue: tongue.gettext("The survey is being sent at this moment."),
    # i18n: What became of a survey
    Status.SENT: lambda tongue: tongue.gettext("The survey was sent."),
    # i18n: What became of a survey without an email
    Status.LINKED: lambda tongue: tongue.gettext("Links to the survey were handed out."),
    # i18n: Why a customer gets no survey
    Status.REFUSED: lambda tongue: tongue.gettext("No survey was sent."),
    # i18n: What became of a survey
    Status.CANCELLED: lambda tongue: tongue.gettext("The survey was called off."),
    # i18n: What became of a survey
    Status.FAILED: lambda tongue: tongue.gettext("The survey could not be delivered."),
    # i18n: What became of a survey: the connection broke in the middle
    Status.UNKNOWN: lambda tongue: tongue.gettext("Nobody can tell whether the survey arrived."),
    # i18n: What became of a survey: the answer comes from an older system
    Status.IMPORTED: lambda tongue: tongue.gettext("The answer was brought along from an older system."),
}


HELD: Mapping[Reason, Sentence] = {
    # i18n: Why an answer does not count yet
    Reason.WAITING: lambda tongue: tongue.gettext(
        "Nothing speaks against the answer; it counts by itself after a while."
    ),
    # i18n: Why an answer does not count yet
    Reason.LEFT_EARLY: lambda tongue: tongue.gettext(
        "The page was closed so soon that perhaps nobody read it."
    ),
    # i18n: Why an answer does not count yet: machines that check mail open all links
    Reason.SEVERAL_RATINGS: lambda tongue: tongue.gettext(
        "Links with different ratings were opened, as mail scanners do."
    ),
    # i18n: Why an answer does not count yet
    Reason.OTHER_LINK: lambda tongue: tongue.gettext(
        "Other links in the email were opened within the same minute, as mail scanners do."
    ),
    # i18n: Why an answer does not count yet
    Reason.TOO_EARLY: lambda tongue: tongue.gettext(
        "The link was opened within minutes of the email's arrival, as mail scanners do."
    ),
    # i18n: Why an answer does not count yet: networks of the internet
    Reason.SEVERAL_NETWORKS: lambda tongue: tongue.gettext(
        "The link was opened from several networks almost at once."
    ),
    # i18n: Why an answer does not count yet
    Reason.PREFETCH: lambda tongue: tongue.gettext("A program fetched the page in advance."),
    # i18n: Why an answer does not count yet
    Reason.AUTOMATED: lambda tongue: tongue.gettext("The browser said that a program was using it."),
    # i18n: Why an answer does not count yet: the domain is the part of an email address after the @
    Reason.SCANNING_DOMAIN: lambda tongue: tongue.gettext(
        "Scanners open the mail to this email domain at present."
    ),
    # i18n: Why an answer does not count yet: the button on the customer's page is called Send
    Reason.CONFIRM_MODE: lambda tongue: tongue.gettext(
        "In this survey an answer counts only once the customer has pressed Send."
    ),
    # i18n: Why an answer does not count yet
    Reason.UNVERIFIED: lambda tongue: tongue.gettext("The form was sent without proof that a person did it."),
}

VERDICTS: Mapping[Verdict, Sentence] = {
    # i18n: Why support let an answer count
    Verdict.PERSON_CONFIRMED: lambda tongue: tongue.gettext("The customer confirmed the answer."),
    # i18n: Why support let an answer count
    Verdict.LOOKS_GENUINE: lambda tongue: tongue.gettext("Everything suggests that a person answered."),
    # i18n: Why an answer was refused
    Verdict.KNOWN_SCANNER: lambda tongue: tongue.gettext("The answer came from a mail scanner."),
    # i18n: Why an answer was refused or withdrawn
    Verdict.TEST: lambda tongue: tongue.gettext("The answer was only a test."),
    # i18n: Why an answer was refused or withdrawn
    Verdict.WRONG_PERSON: lambda tongue: tongue.gettext("Somebody other than the customer answered."),
    # i18n: Why an answer was refused or withdrawn
    Verdict.DUPLICATE: lambda tongue: tongue.gettext(
        "The customer had answered about the same matter before."
    ),
    # i18n: Why an answer was refused or withdrawn
    Verdict.SPAM: lambda tongue: tongue.gettext("The answer is spam."),
    # i18n: Why an answer was withdrawn
    Verdict.CUSTOMERS_WISH: lambda tongue: tongue.gettext("The customer asked for it."),
    # i18n: Why an answer was judged, when no other choice fits
    Verdict.OTHER: lambda tongue: tongue.gettext("There is another reason."),
}

HAPPENINGS: Mapping[Happening, Sentence] = {
    # i18n: An entry of a timeline
    Happening.QUEUED: lambda tongue: tongue.gettext("The survey was put in line to be sent."),
    Happening.LINKED: STATES[Status.LINKED],
    Happening.IMPORTED: STATES[Status.IMPORTED],
    Happening.REFUSED: STATES[Status.REFUSED],
    # i18n: An entry of a timeline: it would have gone out at night, or one day too many to this domain
    Happening.MOVED: lambda tongue: tongue.gettext("The survey was put off to a later time."),
    # i18n: An entry of a timeline
    Happening.DELAYED: lambda tongue: tongue.gettext("The delivery of the email is delayed."),
    # i18n: An entry of a timeline
    Happening.ACCEPTED: lambda tongue: tongue.gettext("The mail server accepted the email."),
    Happening.FAILED: STATES[Status.FAILED],
    Happening.UNKNOWN: STATES[Status.UNKNOWN],
    Happening.CANCELLED: STATES[Status.CANCELLED],
    # i18n: An entry of a timeline
    Happening.RESENT: lambda tongue: tongue.gettext("Somebody had the email sent once more."),
    # i18n: An entry of a timeline
    Happening.BOUNCED: lambda tongue: tongue.gettext("The email came back."),
    # i18n: An entry of a timeline
    Happening.COMPLAINED: lambda tongue: tongue.gettext("The customer reported the email as spam."),
    # i18n: An entry of a timeline
    Happening.REMINDED: lambda tongue: tongue.gettext("The reminder was sent."),
    # i18n: An entry of a timeline
    Happening.NOT_REMINDED: lambda tongue: tongue.gettext("The reminder was not sent."),
    # i18n: An entry of a timeline: by a person or by a machine
    Happening.OPENED: lambda tongue: tongue.gettext("A link to the survey was opened for the first time."),
    # i18n: An entry of a timeline; why it was held follows
    Happening.HELD: lambda tongue: tongue.gettext("An answer came in and was held."),
    # i18n: An entry of a timeline
    Happening.COUNTED: lambda tongue: tongue.gettext("The answer counted."),
    # i18n: An entry of a timeline
    Happening.CHANGED: lambda tongue: tongue.gettext("The customer changed or confirmed the answer."),
    # i18n: An entry of a timeline: somebody in support let a held answer count; why follows
    Happening.RELEASED: lambda tongue: tongue.gettext("Somebody released the answer."),
    # i18n: An entry of a timeline: somebody in support decided that an answer does not count; why follows
    Happening.ANSWER_REFUSED: lambda tongue: tongue.gettext("Somebody refused the answer."),
    # i18n: An entry of a timeline: somebody in support took an answer out of the scores; why follows
    Happening.WITHDRAWN: lambda tongue: tongue.gettext("Somebody withdrew the answer."),
    # i18n: An entry of a timeline: a withdrawn answer counts again
    Happening.RESTORED: lambda tongue: tongue.gettext("Somebody let the answer count again."),
}

COUNTED: Mapping[Evidence, Sentence] = {
    # i18n: An entry of a timeline
    Evidence.SETTLED: lambda tongue: tongue.gettext("The answer counted because nothing spoke against it."),
    # i18n: An entry of a timeline
    Evidence.GESTURE: lambda tongue: tongue.gettext(
        "The answer counted because a rating was chosen on the page."
    ),
    # i18n: An entry of a timeline: Send is a button. Some browsers do not say that a person pressed it
    Evidence.PRESS_UNVERIFIED: lambda tongue: tongue.gettext(
        "The answer counted because Send was pressed, in a browser that cannot prove it."
    ),
    # i18n: An entry of a timeline: Send is a button
    Evidence.PRESS: lambda tongue: tongue.gettext("The answer counted because the customer pressed Send."),
    Evidence.IMPORTED: STATES[Status.IMPORTED],
    Evidence.RELEASED: HAPPENINGS[Happening.RELEASED],
}


def held_sentence(tongue: Language, reason: str | None) -> str:
    """Why an answer does not count yet; of a reason that this release does not know, only that."""
    known: dict[str, Sentence] = {str(key): sentence for key, sentence in HELD.items()}
    if reason in known:
        return known[reason](tongue)
    # i18n: Of an answer, where the reason is not known any more
    return tongue.gettext("The answer does not count yet.")


def verdict_sentence(tongue: Language, verdict: Verdict) -> str:
    """Why somebody of ours judged an answer so; also what is chosen from when judging."""
    return VERDICTS[verdict](tongue)


def happening_sentence(tongue: Language, entry: Happened) -> str:
    """What happened, and why where it is known in our words; never a mail server's own, and not when."""
    detail = entry.detail or ""
    match entry.what:
        case Happening.CANCELLED:
            return _of(CAUSES, Cause, detail, tongue)
        case Happening.COUNTED if detail in set(Evidence):
            return COUNTED[Evidence(detail)](tongue)
    sentence = HAPPENINGS[entry.what](tongue)
    why = _WHY.get(entry.what, {}).get(detail)
    return f"{sentence} {why(tongue)}" if why else sentence


def nothing_known(tongue: Language, ticket: str) -> str:
    """For a ticket that nobody was ever asked about."""
    # i18n: Answer to the question why a customer got no survey. {ticket}: T-1042
    return tongue.gettext("Nobody has asked for a survey about ticket {ticket}.", ticket=ticket)


def _refused(tongue: Language, reason: str | None, allowed_from: datetime | None, zone: tzinfo) -> str:
    sentence = _of(REFUSALS, Refusal, reason, tongue)
    if allowed_from is None:
        return sentence
    at = tongue.moment(allowed_from.astimezone(zone))
    # i18n: After a sentence why a customer gets no survey. {moment}: 5 March 2026 at 14:00
    from_when = tongue.gettext("A new survey may be sent from {moment} on.", moment=at)
    return f"{sentence} {from_when}"


def _of(
    sentences: Mapping[Refusal, Sentence] | Mapping[Cause, Sentence],
    kind: type[Refusal] | type[Cause],
    reason: str | None,
    tongue: Language,
) -> str:
    known: dict[str, Sentence] = {str(key): sentence for key, sentence in sentences.items()}
    fallback = STATES[Status.REFUSED if kind is Refusal else Status.CANCELLED]
    return known.get(reason or "", fallback)(tongue)


_VERDICTS: dict[str, Sentence] = {str(key): sentence for key, sentence in VERDICTS.items()}
_NO_SURVEY: dict[str, Sentence] = {
    str(key): sentence for key, sentence in (*REFUSALS.items(), *CAUSES.items())
}
_WHY: Mapping[Happening, Mapping[str, Sentence]] = {
    Happening.REFUSED: _NO_SURVEY,
    Happening.NOT_REMINDED: _NO_SURVEY,
    Happening.HELD: {str(key): sentence for key, sentence in HELD.items()},
    Happening.RELEASED: _VERDICTS,
    Happening.ANSWER_REFUSED: _VERDICTS,
    Happening.WITHDRAWN: _VERDICTS,
}
