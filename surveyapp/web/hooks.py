"""Where helpdesks deliver their events."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from surveyapp import hooks
from surveyapp.sources.event import MOST_BYTES, Delivery
from surveyapp.web.wiring import parts

bp = Blueprint("hooks", __name__)


@bp.post("/hooks/<name>")
def receive(name: str) -> ResponseReturnValue:
    """Store the event as it came; what it asks for is done later, so that no helpdesk waits for us."""
    request.max_content_length = MOST_BYTES
    headers = {key.lower(): value for key, value in request.headers.items()}
    delivery = Delivery(request.get_data(), headers)
    with parts().database.transaction() as session:
        is_new = hooks.receive(session, name, delivery, parts().clock())
    return {"status": "accepted" if is_new else "known"}, 202 if is_new else 200
