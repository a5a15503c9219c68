"""What mail servers send back, handed over by HTTP."""

import hmac

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from surveyapp import bounces
from surveyapp.core.errors import KeyRefusedError
from surveyapp.notices import MOST_BYTES
from surveyapp.web.wiring import parts

bp = Blueprint("bounces", __name__)


@bp.post("/bounces")
def take() -> ResponseReturnValue:
    """Act on one mail, whole as it came; 200 says what was made of it, 202 that it is none of ours."""
    _check_token(parts().settings.bounce_token)
    if request.mimetype != "message/rfc822":
        abort(400)
    request.max_content_length = MOST_BYTES
    raw, part = request.get_data(), parts()
    with part.database.transaction() as session:
        taken = bounces.take(session, part.links, raw, part.clock())
    if taken is None:
        return {"invitation": None, "kind": None, "proven": False, "done": bounces.Deed.NOTHING}, 202
    return {
        "invitation": taken.invitation_id,
        "kind": taken.kind,
        "proven": taken.is_proven,
        "done": taken.deed,
    }


def _check_token(token: str | None) -> None:
    """Without a token in the settings there is nothing here."""
    if token is None:
        abort(404)
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    is_right = hmac.compare_digest(given.strip().encode(), token.encode())
    if kind.lower() != "bearer" or not is_right:
        raise KeyRefusedError
