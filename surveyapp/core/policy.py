"""May this customer be asked, when, and if not, why and from when on."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from surveyapp.core.errors import PolicyError


class Refusal(StrEnum):
    """Why no invitation was sent, in the order in which it is asked: the person's wish, then our rules."""

    UNSUBSCRIBED = "unsubscribed"
    DO_NOT_SURVEY = "do_not_survey"
    BOUNCED = "bounced"
    ROLE_ADDRESS = "role_address"
    REOPENED = "reopened"
    ALREADY_ANSWERED = "already_answered"
    ALREADY_ASKED = "already_asked"
    CASE_TYPE = "case_type"
    CHANNEL = "channel"
    TEAM = "team"
    NO_AGENT_REPLY = "no_agent_reply"
    FEW_REPLIES = "few_replies"
    NOT_SAMPLED = "not_sampled"
    QUIET_PERIOD = "quiet_period"
    DOMAIN_CAP = "domain_cap"


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one survey. None is no rule."""

    quiet_days: int = 30
    """Least time between two mails to one person; 0 asks after each interaction."""
    is_quiet_across_surveys: bool = True
    delay_minutes: int = 60
    """Between a ticket's end and the mail, where a helpdesk tells of the end."""
    window_from: str | None = None
    window_to: str | None = None
    """Local times "HH:MM" between which mails go out; both or neither."""
    share: float = 1.0
    """Of the people: who is in the sample stays in it."""
    most_per_domain: int | None = None
    """Mails to one recipients' domain in a local day."""
    case_types: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    teams: tuple[str, ...] | None = None
    least_replies: int = 0
    """Replies by an agent that an interaction must have had; 1 means that an agent must have replied."""
    is_once_per_ticket: bool = False
    allows_role_addresses: bool = False
    remind_after_days: int | None = None
    """One reminder, so long after the mail was accepted, while nobody has answered."""

    def __post_init__(self) -> None:
        """Raise PolicyError for a value that is no rule."""
        _check(0 <= self.quiet_days <= 3650, "quiet_days", "a number of days from 0 to 3650")
        _check(0 <= self.delay_minutes <= 43_200, "delay_minutes", "a number of minutes from 0 to 43200")
        _check(0 <= self.share <= 1, "share", "a share from 0 to 1")
        _check(self.most_per_domain is None or self.most_per_domain >= 1, "most_per_domain", "at least 1")
        _check(0 <= self.least_replies <= 1000, "least_replies", "a number from 0 to 1000")
        remind = self.remind_after_days
        _check(remind is None or 1 <= remind <= 365, "remind_after_days", "a number of days from 1 to 365")
        window = (self.window_from, self.window_to)
        is_window = (
            all(each is not None and _TIME.fullmatch(each) for each in window) and window[0] != window[1]
        )
        _check(window == (None, None) or is_window, "window_from", 'two different times such as "08:00"')


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one customer and one ticket at the moment of asking."""

    is_mailed: bool = True
    """False: the helpdesk hands out the links, so that quiet period, window, sample and caps are its own."""
    address: str | None = None
    suppressed: Refusal | None = None
    last_asked_at: datetime | None = None
    draw: float = 0.0
    """The person's own number from 0 to below 1, always the same."""
    asked_in_domain_today: int = 0
    case_type: str | None = None
    channel: str | None = None
    team: str | None = None
    agent_replies: int | None = None
    """None: nobody said."""
    is_ticket_asked: bool = False
    is_answered: bool = False
    is_reopened: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Either when to send, or why not and from when on it would be allowed (None: not by waiting)."""

    send_at: datetime | None = None
    refusal: Refusal | None = None
    allowed_from: datetime | None = None


def decide(policy: Policy, facts: Facts, earliest: datetime, zone: tzinfo) -> Decision:
    """The first reason against asking at `earliest`, or the first moment from then on inside the window."""
    send_at = next_in_window(policy, earliest, zone) if facts.is_mailed else earliest
    for refusal, applies in _reasons(policy, facts, send_at):
        if applies:
            return Decision(
                refusal=refusal, allowed_from=_allowed_from(refusal, policy, facts, send_at, zone)
            )
    return Decision(send_at=send_at)


def reminds_at(policy: Policy, accepted_at: datetime, expires_at: datetime, zone: tzinfo) -> datetime | None:
    """When the one reminder is due; None when there is none, or when the links would be over by then."""
    if policy.remind_after_days is None:
        return None
    due = next_in_window(policy, accepted_at + timedelta(days=policy.remind_after_days), zone)
    return due if due < expires_at else None


def next_in_window(policy: Policy, earliest: datetime, zone: tzinfo) -> datetime:
    """The first moment from `earliest` on at which the local clock is inside the window; UTC."""
    if policy.window_from is None or policy.window_to is None:
        return earliest
    opens, closes = time.fromisoformat(policy.window_from), time.fromisoformat(policy.window_to)
    local = earliest.astimezone(zone)
    if _is_between(local.time(), opens, closes):
        return earliest
    days = (local.date() + timedelta(days=later) for later in range(3))
    # In spring the clock leaves an hour out, in autumn it shows one twice: `fold` names each of the two.
    openings = (datetime.combine(day, opens, zone).replace(fold=fold) for day in days for fold in (0, 1))
    return min(
        instant
        for instant in (opening.astimezone(UTC) for opening in openings)
        if instant >= earliest and _is_between(instant.astimezone(zone).time(), opens, closes)
    )


def is_role_address(address: str) -> bool:
    """Whether nobody in person reads this address, as far as its name tells."""
    return bool(_ROLES.fullmatch(address.partition("@")[0].partition("+")[0]))


def policy_from(values: Mapping[str, Any]) -> Policy:
    """A policy from stored or sent values; PolicyError names what is unknown or wrong."""
    known = {field.name for field in fields(Policy)}
    for name in values:
        _check(name in known, name, f"one of {', '.join(sorted(known))}")
    lists = ("case_types", "channels", "teams")
    clean: dict[str, Any] = {
        name: tuple(value) if name in lists and value is not None else value for name, value in values.items()
    }
    try:
        return Policy(**clean)
    except TypeError as error:
        raise PolicyError("The policy has a value of the wrong type.") from error


def as_values(policy: Policy) -> dict[str, Any]:
    """What `policy_from` reads, for JSON."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in asdict(policy).items()
    }


_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_ROLES = re.compile(
    r"(do[-_.]?)?no[-_.]?reply|do[-_.]?not[-_.]?reply|no[-_.]?answer|postmaster|mailer[-_.]?daemon|daemon|abuse"
    r"|root|hostmaster|webmaster|bounces?|noc|security|spam|nobody|devnull",
    re.IGNORECASE,
)


def _reasons(policy: Policy, facts: Facts, send_at: datetime) -> Iterator[tuple[Refusal, bool]]:
    for refusal in (Refusal.UNSUBSCRIBED, Refusal.DO_NOT_SURVEY, Refusal.BOUNCED):
        yield refusal, facts.suppressed is refusal
    is_role = facts.address is not None and is_role_address(facts.address)
    yield Refusal.ROLE_ADDRESS, is_role and not policy.allows_role_addresses
    yield Refusal.REOPENED, facts.is_reopened
    yield Refusal.ALREADY_ANSWERED, facts.is_answered
    yield Refusal.ALREADY_ASKED, policy.is_once_per_ticket and facts.is_ticket_asked
    yield Refusal.CASE_TYPE, policy.case_types is not None and facts.case_type not in policy.case_types
    yield Refusal.CHANNEL, policy.channels is not None and facts.channel not in policy.channels
    yield Refusal.TEAM, policy.teams is not None and facts.team not in policy.teams
    if facts.agent_replies is not None and facts.agent_replies < policy.least_replies:
        yield Refusal.FEW_REPLIES if facts.agent_replies else Refusal.NO_AGENT_REPLY, True
    if facts.is_mailed:
        yield from _limits(policy, facts, send_at)


def _limits(policy: Policy, facts: Facts, send_at: datetime) -> Iterator[tuple[Refusal, bool]]:
    """What limits mails of ours; a helpdesk that hands out links decides that itself."""
    yield Refusal.NOT_SAMPLED, facts.draw >= policy.share
    quiet_until = _quiet_until(policy, facts)
    yield Refusal.QUIET_PERIOD, quiet_until is not None and send_at < quiet_until
    cap = policy.most_per_domain
    yield Refusal.DOMAIN_CAP, cap is not None and facts.asked_in_domain_today >= cap


def _quiet_until(policy: Policy, facts: Facts) -> datetime | None:
    if facts.last_asked_at is None or not policy.quiet_days:
        return None
    return facts.last_asked_at + timedelta(days=policy.quiet_days)


def _allowed_from(
    refusal: Refusal, policy: Policy, facts: Facts, send_at: datetime, zone: tzinfo
) -> datetime | None:
    match refusal:
        case Refusal.QUIET_PERIOD:
            until = _quiet_until(policy, facts)
            return None if until is None else next_in_window(policy, until, zone)
        case Refusal.DOMAIN_CAP:
            tomorrow = send_at.astimezone(zone).date() + timedelta(days=1)
            midnight = datetime.combine(tomorrow, time.min, zone).astimezone(UTC)
            return next_in_window(policy, midnight, zone)
    return None


def _is_between(local: time, opens: time, closes: time) -> bool:
    """A window may span midnight."""
    if opens < closes:
        return opens <= local < closes
    return local >= opens or local < closes


def _check(is_fine: bool, name: str, wanted: str) -> None:
    if not is_fine:
        raise PolicyError(f"{name} must be {wanted}.")
