"""What is known for and against asking a customer, for one invitation or for a thousand at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from surveyapp.config import Settings
from surveyapp.core.hashes import person_draw
from surveyapp.core.policy import Decision, Facts, Policy, Refusal, decide, next_in_window
from surveyapp.core.status import ASKED, Status
from surveyapp.db import UtcDateTime
from surveyapp.models import Answer, Invitation, Suppression, Ticket
from surveyapp.names import Kind, Words


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom to ask about what. `id` is None while there is no invitation yet."""

    id: str | None
    survey_key: str
    ticket_ref: str
    address: str | None
    address_hash: str | None
    domain: str | None
    customer_ref: str | None
    case_type: str | None
    channel: str | None
    team: str | None
    agent_replies: int | None
    timezone: str | None
    is_mailed: bool
    ended_at: datetime
    created_at: datetime


class Known:
    """What the database knows of some subjects, and what was decided of them since."""

    def __init__(
        self, session: Session, settings: Settings, subjects: Sequence[Subject], words: Words | None = None
    ) -> None:
        """Reads once for all of them; at most a thousand. `words` where they were read already."""
        self._session, self._settings = session, settings
        self._words, self._policies = words or Words(session), dict[Policy, Policy]()
        self._suppressed: dict[str, Refusal] = {}
        self._asked_at: defaultdict[str, list[tuple[str, datetime]]] = defaultdict(list)
        self._reopened_at: dict[str, datetime] = {}
        self._tickets: set[tuple[str, str]] = set()
        self._per_domain: dict[tuple[str, datetime], int] = {}
        if subjects:
            self.learn(subjects)

    def learn(self, subjects: Sequence[Subject]) -> None:
        """Read of these, too, at most a thousand; what was decided before stays noted."""
        hashes = {each.address_hash for each in subjects if each.address_hash}
        self._suppressed |= _suppressed(self._session, hashes)
        self._reopened_at |= _reopened_at(self._session, {each.ticket_ref for each in subjects})
        for hashed, asked in _asked_at(self._session, hashes, subjects).items():
            self._asked_at[hashed] += asked

    def decide(self, subject: Subject, policy: Policy, earliest: datetime) -> Decision:
        """May this subject be asked, when, and why not."""
        zone = ZoneInfo(subject.timezone) if subject.timezone else self._settings.timezone
        policy = self._in_our_words(policy)
        decision = decide(policy, self._facts(subject, policy, earliest, zone), earliest, zone)
        if decision.send_at is not None:
            self._note(subject, policy, decision.send_at, zone)
        return decision

    def _in_our_words(self, policy: Policy) -> Policy:
        """With its lists as invitations say it: one that names a synonym means what that stands for."""
        if (policy.case_types, policy.channels, policy.teams) == (None, None, None):
            return policy
        if policy not in self._policies:
            self._policies[policy] = replace(
                policy,
                case_types=self._each(Kind.CASE_TYPE, policy.case_types),
                channels=self._each(Kind.CHANNEL, policy.channels),
                teams=self._each(Kind.TEAM, policy.teams),
            )
        return self._policies[policy]

    def _each(self, kind: Kind, said: Sequence[str] | None) -> tuple[str, ...] | None:
        return None if said is None else tuple(self._words.each(kind, said))

    def _one(self, kind: Kind, said: str | None, listed: Sequence[str] | None) -> str | None:
        """What was written while its word became a synonym still has to be told by the other one."""
        return said if said is None or listed is None else self._words.canonical(kind, said)

    def _facts(self, subject: Subject, policy: Policy, earliest: datetime, zone: ZoneInfo) -> Facts:
        hashed = subject.address_hash or ""
        reopened_at = self._reopened_at.get(subject.ticket_ref)
        person = subject.address_hash or subject.customer_ref or subject.ticket_ref
        surveys = None if policy.is_quiet_across_surveys else subject.survey_key
        is_again = policy.is_once_per_ticket and self._is_ticket_asked(subject)
        send_at = next_in_window(policy, earliest, zone)
        today = 0
        if policy.most_per_domain is not None and subject.is_mailed and subject.domain:
            today = self._asked_in_domain(subject, send_at, zone)
        return Facts(
            is_mailed=subject.is_mailed,
            address=subject.address,
            suppressed=self._suppressed.get(hashed),
            last_asked_at=self._asked_near(hashed, surveys, policy, send_at),
            draw=person_draw(self._settings.hash_key, person),
            asked_in_domain_today=today,
            case_type=self._one(Kind.CASE_TYPE, subject.case_type, policy.case_types),
            channel=self._one(Kind.CHANNEL, subject.channel, policy.channels),
            team=self._one(Kind.TEAM, subject.team, policy.teams),
            agent_replies=subject.agent_replies,
            is_ticket_asked=is_again,
            is_answered=subject.id is not None and self._session.get(Answer, subject.id) is not None,
            is_reopened=reopened_at is not None and reopened_at >= subject.ended_at,
        )

    def _note(self, subject: Subject, policy: Policy, send_at: datetime, zone: ZoneInfo) -> None:
        if subject.address_hash:
            self._asked_at[subject.address_hash].append((subject.survey_key, send_at))
        if policy.is_once_per_ticket:
            self._tickets.add((subject.survey_key, subject.ticket_ref))
        if policy.most_per_domain is not None and subject.is_mailed and subject.domain:
            self._per_domain[subject.domain, _midnight(send_at, zone)] += 1

    def _asked_near(
        self, hashed: str, survey_key: str | None, policy: Policy, send_at: datetime
    ) -> datetime | None:
        """The last time in whose quiet period, before or after it, `send_at` lies."""
        quiet = timedelta(days=policy.quiet_days)
        asked = self._asked_at.get(hashed, [])
        return max(
            (at for key, at in asked if survey_key in (None, key) and abs(at - send_at) < quiet),
            default=None,
        )

    def _is_ticket_asked(self, subject: Subject) -> bool:
        if (subject.survey_key, subject.ticket_ref) in self._tickets:
            return True
        earlier = select(Invitation.id).where(
            Invitation.survey_key == subject.survey_key,
            Invitation.ticket_ref == subject.ticket_ref,
            Invitation.status.in_(ASKED),
        )
        if subject.id is not None:
            earlier = earlier.where(_is_before())
        return self._session.scalars(earlier.limit(1), _own(subject)).first() is not None

    def _asked_in_domain(self, subject: Subject, send_at: datetime, zone: ZoneInfo) -> int:
        midnight = _midnight(send_at, zone)
        key = (subject.domain or "", midnight)
        if key not in self._per_domain:
            tomorrow = _midnight(midnight + timedelta(hours=36), zone)
            mailed = select(func.count()).where(
                Invitation.domain == subject.domain,
                Invitation.status.in_(ASKED - {Status.LINKED}),
                _asked_at_column() >= midnight,
                _asked_at_column() < tomorrow,
            )
            if subject.id is not None:
                mailed = mailed.where(_is_before())
            self._per_domain[key] = self._session.scalar(mailed, _own(subject)) or 0
        return self._per_domain[key]


def subject_of(invitation: Invitation) -> Subject:
    """Of an invitation that is to be mailed."""
    return Subject(
        id=invitation.id,
        survey_key=invitation.survey_key,
        ticket_ref=invitation.ticket_ref,
        address=invitation.address,
        address_hash=invitation.address_hash,
        domain=invitation.domain,
        customer_ref=invitation.customer_ref,
        case_type=invitation.case_type,
        channel=invitation.channel,
        team=invitation.team,
        agent_replies=invitation.agent_replies,
        timezone=invitation.timezone,
        is_mailed=True,
        ended_at=invitation.ended_at,
        created_at=invitation.created_at,
    )


def _asked_at_column() -> ColumnElement[Any]:
    """When a customer was asked: the relay's 250, until then when the mail was meant to go out."""
    planned = func.coalesce(Invitation.accepted_at, Invitation.planned_at, Invitation.created_at)
    return type_coerce(planned, UtcDateTime())


def _is_before() -> ColumnElement[bool]:
    """Of two that wait for one person only the later one gives way, whoever looks first."""
    created_at = bindparam("own_created_at", type_=UtcDateTime())
    is_earlier = or_(
        Invitation.created_at < created_at,
        and_(Invitation.created_at == created_at, Invitation.id < bindparam("own_id")),
    )
    is_settled = or_(Invitation.status != Status.QUEUED, is_earlier)
    return and_(Invitation.id != bindparam("own_id"), is_settled)


# Built once: for a single mail the building would cost more than the asking.
_SUPPRESSED = select(Suppression.address_hash, Suppression.reason).where(
    Suppression.address_hash.in_(bindparam("hashes", expanding=True))
)
_REOPENED = select(Ticket.ticket_ref, Ticket.reopened_at).where(
    Ticket.ticket_ref.in_(bindparam("tickets", expanding=True))
)
_ALL_ASKED = select(Invitation.address_hash, Invitation.survey_key, _asked_at_column()).where(
    Invitation.address_hash.in_(bindparam("hashes", expanding=True)), Invitation.status.in_(sorted(ASKED))
)
_ASKED_BEFORE = _ALL_ASKED.where(_is_before())


def _own(subject: Subject) -> dict[str, Any]:
    return {"own_id": subject.id, "own_created_at": subject.created_at}


def _suppressed(session: Session, hashes: set[str]) -> dict[str, Refusal]:
    found = session.execute(_SUPPRESSED, {"hashes": list(hashes)}) if hashes else ()
    return {hashed: Refusal(reason) for hashed, reason in found}


def _asked_at(
    session: Session, hashes: set[str], subjects: Sequence[Subject]
) -> defaultdict[str, list[tuple[str, datetime]]]:
    """Address hash -> of which survey and when."""
    asked: defaultdict[str, list[tuple[str, datetime]]] = defaultdict(list)
    if not hashes:
        return asked
    values: dict[str, Any] = {"hashes": list(hashes)}
    if len(subjects) == 1 and subjects[0].id is not None:
        found = session.execute(_ASKED_BEFORE, values | _own(subjects[0]))
    else:
        found = session.execute(_ALL_ASKED, values)
    for hashed, survey_key, at in found:
        asked[hashed or ""].append((survey_key, at))
    return asked


def _reopened_at(session: Session, tickets: set[str]) -> dict[str, datetime]:
    found = session.execute(_REOPENED, {"tickets": list(tickets)})
    return {row.ticket_ref: row.reopened_at for row in found}


def _midnight(instant: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(instant.astimezone(zone).date(), time.min, zone)
