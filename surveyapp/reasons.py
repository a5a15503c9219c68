"""Why a customer was asked, or was not, in a sentence that support can read out."""

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo

from surveyapp.core.policy import Refusal
from surveyapp.core.status import Cause, Status
from surveyapp.i18n import Language

Sentence = Callable[[Language], str]


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
