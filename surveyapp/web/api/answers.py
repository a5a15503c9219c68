"""Answers by program."""

from typing import Any

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from surveyapp import listing
from surveyapp.core.evidence import State
from surveyapp.core.scales import Metric
from surveyapp.keys import Scope
from surveyapp.reports import Filter
from surveyapp.web.api import said, schemas
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
    if "metric" in query:
        query["metric"] = Metric(query["metric"])
    with parts().database.reading() as session:
        page, following = listing.answers(session, Filter(**query), state, since, cursor, limit)
        told = [said.answer_said(each) for each in page]
    return {"answers": told, "next": following}
