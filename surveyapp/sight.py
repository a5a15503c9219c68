"""Whose invitations, answers and figures somebody sees: one filter for every query."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, false, select
from sqlalchemy.orm import Session

from surveyapp.core.access import AgentFigures, Role, Viewer
from surveyapp.core.errors import UnknownInvitationError
from surveyapp.models import Invitation


def visible_to(viewer: Viewer, mode: AgentFigures) -> Iterator[ColumnElement[bool]]:
    """What a query of invitations must hold to for this viewer; what may be seen of each is a permission.

    An agent sees the own ones, and only where agents are named. Everybody else sees those of the own teams.
    """
    if viewer.role is Role.AGENT:
        if mode is not AgentFigures.NAMED or viewer.agent_ref is None:
            yield false()
        else:
            yield Invitation.agent_ref == viewer.agent_ref
    elif viewer.teams is not None:
        yield Invitation.team.in_(sorted(viewer.teams))


def find_visible(session: Session, viewer: Viewer, mode: AgentFigures, invitation_id: str) -> Invitation:
    """UnknownInvitationError when there is none, and just so when it is none of this viewer's."""
    if not invitation_id.isprintable():
        raise UnknownInvitationError("There is no invitation of that id.")
    wanted: Any = select(Invitation).where(Invitation.id == invitation_id, *visible_to(viewer, mode))
    found: Invitation | None = session.scalars(wanted).one_or_none()
    if found is None:
        raise UnknownInvitationError("There is no invitation of that id.")
    return found
