"""Answers by program."""

from typing import Any

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from surveyapp import exports, listing
from surveyapp.core.evidence import State
from surveyapp.keys import Scope
from surveyapp.web.api import asked, schemas
from surveyapp.web.api.guard import check_key, needs
from surveyapp.web.wiring import parts

bp = Blueprint("answers", __name__, url_prefix="/api/v1/answers", description="Read answers")
bp.before_request(check_key)


@bp.get("")
@bp.doc(operationId="listAnswers")
@bp.arguments(schemas.AnswerQuerySchema, location="query")
@bp.response(200, schemas.AnswerPageSchema)
@needs(Scope.EXPORT)
def list_answers(query: dict[str, Any]) -> ResponseReturnValue:
    """List answers in the order in which they last changed, so that a program can keep a copy."""
    cursor, limit = query.pop("cursor", None), query.pop("limit")
    state = State(query.pop("state", State.COUNTED))
    since = query.pop("updated_since", None)
    chosen, seen = asked.filter_of(query), exports.sees_all(parts().settings.own.agent_figures)
    with parts().database.reading() as session:
        page, following = listing.answers(session, chosen, state, since, cursor, limit)
        told = [exports.answer_row(each, seen) for each in page]
    return {"answers": told, "next": following}
