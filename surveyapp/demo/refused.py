"""Tickets that nobody is asked about, one for each common reason, refused by the real rules."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import invitations, surveys
from surveyapp.config import Settings
from surveyapp.core.policy import Refusal
from surveyapp.core.status import Cause, Status
from surveyapp.demo.company import CASE_TYPES, NOT_ASKED_AFTER, TEAMS
from surveyapp.invitations import Request
from surveyapp.models import Invitation, Suppression

TICKETS: Mapping[Refusal, str] = {
    Refusal.QUIET_PERIOD: "T-70101",
    Refusal.UNSUBSCRIBED: "T-70102",
    Refusal.DO_NOT_SURVEY: "T-70103",
    Refusal.BOUNCED: "T-70104",
    Refusal.ROLE_ADDRESS: "T-70105",
    Refusal.REOPENED: "T-70106",
    Refusal.ALREADY_ASKED: "T-70107",
    Refusal.CASE_TYPE: "T-70108",
    Refusal.NO_AGENT_REPLY: "T-70109",
}
"""The same in every demo, so that they can be told beforehand."""

SUPPRESSED: Mapping[Refusal, str] = {
    Refusal.UNSUBSCRIBED: "petra.roth@postfach.example",
    Refusal.DO_NOT_SURVEY: "vlad.toma@cutie.example",
    Refusal.BOUNCED: "karin.dahl@mejl.example",
}
_BEFORE = timedelta(days=2)
_ENDED = timedelta(hours=2)


def set_rules(session: Session) -> None:
    """Whom the company does not ask."""
    for survey, never in NOT_ASKED_AFTER.items():
        asked = [kind for kind in CASE_TYPES if kind not in never]
        rules: dict[str, Any] = {"case_types": asked, "least_replies": 1, "is_once_per_ticket": True}
        surveys.set_policy(session, survey, rules)


def ask(session: Session, settings: Settings, now: datetime) -> None:
    """Ask about the tickets; needs the rules, and the history before `now`."""
    for reason, address in SUPPRESSED.items():
        hashed = invitations.hash_of(settings, address)
        invitations.suppress_hash(session, hashed, reason, now - _BEFORE)
    invitations.reopen_ticket(session, TICKETS[Refusal.REOPENED], Cause.REOPENED, now - _ENDED / 2, now)
    asked = list(_requests(_asked_lately(session), now - _ENDED))
    for number, request in enumerate(asked):
        # One at a time and not at one instant: the list of invitations keeps their order.
        at = now - timedelta(minutes=len(asked) - number)
        invitations.invite(session, settings, request, at, source="api")


def _requests(lately: Invitation, ended_at: datetime) -> Iterator[Request]:
    yield _request(
        Refusal.QUIET_PERIOD,
        ended_at,
        agent="anna",
        address=lately.address,
        recipient_name=lately.recipient_name,
        customer_ref=lately.customer_ref,
        locale=lately.locale,
    )
    for number, (reason, agent, locale) in enumerate(_UNWANTED):
        yield _request(
            reason,
            ended_at,
            agent=agent,
            address=SUPPRESSED[reason],
            customer_ref=f"C-{9101 + number}",
            locale=locale,
        )
    yield _request(Refusal.ROLE_ADDRESS, ended_at, agent="miriam", address="noreply@briefkasten.example")
    yield _request(Refusal.REOPENED, ended_at, agent="sara", address="emma.shah@mail.example")
    again: dict[str, Any] = {"survey": "ces", "agent": "jonas", "address": "ruth.evans@inbox.example"}
    yield _request(Refusal.ALREADY_ASKED, ended_at, **again, is_mailed=False)
    yield _request(Refusal.ALREADY_ASKED, ended_at, **again, occasion="solved again")
    complaint: dict[str, Any] = {
        "case_type": "complaint",
        "agent": "johan",
        "address": "nils.wallin@hemma.example",
    }
    yield _request(Refusal.CASE_TYPE, ended_at, survey="ces", **complaint)
    alone: dict[str, Any] = {"agent": "elena", "address": "dan.lungu@acasa.example", "agent_replies": 0}
    yield _request(Refusal.NO_AGENT_REPLY, ended_at, survey="ces", **alone)


# Reason, agent and the customer's language.
_UNWANTED = (
    (Refusal.UNSUBSCRIBED, "lena", "de"),
    (Refusal.DO_NOT_SURVEY, "ioana", "ro"),
    (Refusal.BOUNCED, "erik", "sv"),
)
_TEAM_OF = {agent.ref: (team.key, agent.name) for team in TEAMS for agent in team.agents}


def _request(reason: Refusal, ended_at: datetime, *, agent: str, **about: Any) -> Request:
    team, name = _TEAM_OF[agent]
    usual: dict[str, Any] = {
        "survey": "csat",
        "occasion": "solved",
        "case_type": "billing",
        "channel": "email",
        "locale": "en",
        "agent_replies": 2,
    }
    return Request(
        ticket_ref=TICKETS[reason],
        agent_ref=agent,
        agent_name=name,
        team=team,
        ended_at=ended_at,
        **{**usual, **about},
    )


def _asked_lately(session: Session) -> Invitation:
    """The last one whose customer may be asked again, only not so soon."""
    sent = (
        select(Invitation)
        .where(Invitation.status == Status.SENT)
        .where(Invitation.address_hash.not_in(select(Suppression.address_hash)))
        .order_by(Invitation.accepted_at.desc(), Invitation.id)
        .limit(1)
    )
    return session.scalars(sent).one()
