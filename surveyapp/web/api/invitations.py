"""Invitations by program: one, many, a list, one's timeline, and calling one off."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint
from marshmallow import ValidationError

from surveyapp import invitations, listing
from surveyapp.core.errors import FieldError, Problem, SurveyappError
from surveyapp.core.status import Status
from surveyapp.db import Session
from surveyapp.invitations import Invited, Request
from surveyapp.keys import Scope
from surveyapp.listing import Which
from surveyapp.models import Invitation
from surveyapp.timeline import timeline
from surveyapp.web import problem
from surveyapp.web.api import asked, said, schemas
from surveyapp.web.api.guard import check_key, needs
from surveyapp.web.api.once import PARAMETER, once
from surveyapp.web.errors import PROGRAMS
from surveyapp.web.wiring import parts

SOURCE = "api"

bp = Blueprint("invitations", __name__, url_prefix="/api/v1/invitations", description="Ask customers")
bp.before_request(check_key)


@bp.post("")
@bp.doc(operationId="invite", parameters=[PARAMETER])
@bp.arguments(schemas.InvitationRequestSchema)
@bp.response(201, schemas.InvitedSchema, description="Stored: queued, linked, or refused with its reason")
@bp.alt_response(200, schema=schemas.InvitedSchema, description="The same occasion was invited before")
@needs(Scope.INVITE)
def invite(body: dict[str, Any]) -> Response:
    """Invite a customer to answer about one ticket."""

    def act(session: Session) -> tuple[dict[str, Any], int]:
        [outcome] = invitations.invite_many(
            session, parts().settings, [_request(body)], parts().clock(), SOURCE
        )
        if isinstance(outcome, SurveyappError):
            raise outcome
        return _invited(session, outcome, body.get("agent_ref")), 201 if outcome.is_new else 200

    return once(act)


@bp.post("/batch")
@bp.doc(operationId="inviteMany", parameters=[PARAMETER])
@bp.arguments(schemas.BatchRequestSchema)
@bp.response(200, schemas.BatchSchema, description="What became of each")
@needs(Scope.INVITE)
def invite_many(body: dict[str, Any]) -> Response:
    """Invite up to 1,000 customers; each has its own outcome, and none spoils another's."""
    bodies = body["invitations"]
    if not bodies:
        raise FieldError("invitations", Problem.MISSING)
    if len(bodies) > schemas.MOST_IN_BATCH:
        raise FieldError("invitations", Problem.MANY, n=schemas.MOST_IN_BATCH)

    # Before the transaction, which on SQLite keeps every other writer waiting.
    read = [_read(each) for each in bodies]
    requests = [each for each in read if isinstance(each, Request)]

    def act(session: Session) -> tuple[dict[str, Any], int]:
        outcomes = invitations.invite_many(session, parts().settings, requests, parts().clock(), SOURCE)
        rows = invitations.find_all(session, [each.id for each in outcomes if isinstance(each, Invited)])
        rest = iter(outcomes)
        told = [next(rest) if isinstance(each, Request) else each for each in read]
        agents = [each.agent_ref if isinstance(each, Request) else None for each in read]
        found = zip(told, agents, strict=True)
        return {"outcomes": [_outcome(session, rows, n, *each) for n, each in enumerate(found)]}, 200

    return once(act)


@bp.get("")
@bp.doc(operationId="listInvitations")
@bp.arguments(schemas.InvitationQuerySchema, location="query")
@bp.response(200, schemas.InvitationPageSchema)
@needs(Scope.READ)
def list_invitations(query: dict[str, Any]) -> ResponseReturnValue:
    """List invitations, the newest first."""
    which = Which(
        query.pop("survey", None),
        query.pop("ticket_ref", None),
        query.pop("customer_ref", None),
        Status(query.pop("status")) if "status" in query else None,
    )
    cursor, limit = query.pop("cursor", None), query.pop("limit")
    chosen = asked.filter_of(query)
    with parts().database.reading() as session:
        page, following = listing.invitations(session, chosen, which, cursor, limit)
        told = [said.invitation_said(each) for each in page]
    return {"invitations": told, "next": following}


@bp.get("/<invitation_id>")
@bp.doc(operationId="showInvitation")
@bp.response(200, schemas.InvitationWithTimelineSchema)
@needs(Scope.READ)
def show(invitation_id: str) -> ResponseReturnValue:
    """Show an invitation with everything that happened to it."""
    with parts().database.reading() as session:
        invitation = invitations.find_invitation(session, invitation_id)
        entries = [
            {"at": entry.at, "what": entry.what, "detail": entry.detail}
            for entry in timeline(session, invitation)
        ]
        return said.invitation_said(invitation) | {"timeline": entries}


@bp.post("/<invitation_id>/cancel")
@bp.doc(operationId="cancelInvitation", parameters=[PARAMETER])
@bp.response(200, schemas.InvitationSchema)
@needs(Scope.INVITE)
def cancel(invitation_id: str) -> Response:
    """Call off an invitation whose mail still waits; the second time changes nothing."""

    def act(session: Session) -> tuple[dict[str, Any], int]:
        invitation = invitations.cancel(session, invitation_id, parts().clock())
        return _dumped(schemas.InvitationSchema, said.invitation_said(invitation)), 200

    return once(act)


def _read(body: Any) -> Request | dict[str, Any]:
    """A request, or the problem with it."""
    try:
        return _request(schemas.InvitationRequestSchema().load(body))
    except ValidationError as error:
        return problem.of_fields(error.messages)


def _request(body: dict[str, Any]) -> Request:
    recipient = body["recipient"] or {}
    return Request(
        survey=body["survey"],
        ticket_ref=body["ticket_ref"],
        address=recipient.get("email"),
        recipient_name=recipient.get("name"),
        is_mailed=body["send"],
        properties=body["properties"] or {},
        **{name: body.get(name) for name in _SAME},
    )


_SAME = (
    "occasion",
    "agent_ref",
    "agent_name",
    "agent_replies",
    "team",
    "case_type",
    "channel",
    "locale",
    "timezone",
    "customer_ref",
    "send_at",
)


def _outcome(
    session: Session,
    rows: Mapping[str, Invitation],
    index: int,
    told: Invited | SurveyappError | dict[str, Any],
    agent_ref: str | None,
) -> dict[str, Any]:
    if isinstance(told, Invited):
        return {
            "index": index,
            "status": 201 if told.is_new else 200,
            "invitation": _dumped(
                schemas.InvitedSchema, said.invited_said(session, rows[told.id], agent_ref=agent_ref)
            ),
        }
    body = problem.body_of(told, PROGRAMS[type(told)]) if isinstance(told, SurveyappError) else told
    return {"index": index, "status": body["status"], "problem": body}


def _invited(session: Session, outcome: Invited, agent_ref: str | None) -> dict[str, Any]:
    invitation = session.get_one(Invitation, outcome.id)
    return _dumped(schemas.InvitedSchema, said.invited_said(session, invitation, agent_ref=agent_ref))


def _dumped(schema: type[Any], values: dict[str, Any]) -> dict[str, Any]:
    dumped: dict[str, Any] = schema().dump(values)
    return dumped
