"""Our rows as the API says them."""

from typing import Any

from surveyapp.core.access import AgentFigures
from surveyapp.core.status import Status
from surveyapp.db import Session
from surveyapp.links import links_of
from surveyapp.models import Invitation
from surveyapp.reasons import explanation
from surveyapp.surveys import version_of_invitation
from surveyapp.web.wiring import parts, spoken_language


def are_agents_named() -> bool:
    """Whether agents stand beside tickets: elsewhere who fetches both could add up an agent's ratings."""
    return parts().settings.own.agent_figures is AgentFigures.NAMED


def invitation_said(invitation: Invitation, *, agent_ref: str | None = None) -> dict[str, Any]:
    """Without links, which would let their reader answer in the customer's place, and without the address.

    The agent stands in it only where agents are named; elsewhere it is `agent_ref`, which the caller told.
    """
    return {
        "id": invitation.id,
        "survey": invitation.survey_key,
        "ticket_ref": invitation.ticket_ref,
        "occasion": invitation.occasion,
        "status": invitation.status,
        "reason": invitation.reason,
        "explanation": explanation(
            spoken_language(),
            parts().settings.timezone,
            Status(invitation.status),
            invitation.reason,
            allowed_from=invitation.allowed_from,
            send_at=invitation.send_at,
            accepted_at=invitation.accepted_at,
        ),
        "allowed_from": invitation.allowed_from,
        "send_at": invitation.send_at if invitation.status == Status.QUEUED else None,
        "accepted_at": invitation.accepted_at,
        "created_at": invitation.created_at,
        "agent_ref": invitation.agent_ref if are_agents_named() else agent_ref,
        "team": invitation.team,
        "case_type": invitation.case_type,
        "channel": invitation.channel,
        "locale": invitation.locale,
        "customer_ref": invitation.customer_ref,
    }


def invited_said(session: Session, invitation: Invitation, *, agent_ref: str | None = None) -> dict[str, Any]:
    """With its links, for whoever invites; a refused one has none that could be answered."""
    scale = version_of_invitation(session, invitation).main.scale
    urls = links_of(parts().links, parts().settings.public_url, invitation.id, scale.ratings if scale else ())
    is_refused = invitation.status == Status.REFUSED
    return invitation_said(invitation, agent_ref=agent_ref) | {
        "page_url": None if is_refused else urls.page,
        "rating_urls": {} if is_refused else {str(rating): url for rating, url in urls.ratings.items()},
        "unsubscribe_url": urls.unsubscribe if invitation.address_hash else None,
    }
