"""What a program says of tickets."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from surveyapp import invitations
from surveyapp.core.status import Cause
from surveyapp.db import Session
from surveyapp.keys import Scope
from surveyapp.web.api import schemas
from surveyapp.web.api.guard import check_key, needs
from surveyapp.web.api.once import PARAMETER, once
from surveyapp.web.wiring import parts

bp = Blueprint("tickets", __name__, url_prefix="/api/v1/tickets", description="Say what became of a ticket")
bp.before_request(check_key)


@bp.post("/<path:ticket_ref>/reopened")
@bp.doc(operationId="reopenTicket", parameters=[PARAMETER])
@bp.response(200, schemas.ReopenedSchema)
@needs(Scope.INVITE)
def reopened(ticket_ref: str) -> Response:
    """Say that a ticket was opened again: what is not sent yet is called off."""

    def act(session: Session) -> tuple[dict[str, Any], int]:
        now = parts().clock()
        return {"cancelled": invitations.reopen_ticket(session, ticket_ref, Cause.REOPENED, now, now)}, 200

    return once(act)
