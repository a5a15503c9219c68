"""Scores by program: the very figures of `surveyapp scores`."""

from typing import Any

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from surveyapp import reports
from surveyapp.core.scales import Metric
from surveyapp.keys import Scope
from surveyapp.reports import Dimension, Filter
from surveyapp.web.api import schemas
from surveyapp.web.api.guard import check_key, needs
from surveyapp.web.wiring import parts

bp = Blueprint("scores", __name__, url_prefix="/api/v1/scores", description="Read scores")
bp.before_request(check_key)


@bp.get("")
@bp.doc(operationId="listScores")
@bp.arguments(schemas.ScoreQuerySchema, location="query")
@bp.response(200, schemas.ScoresSchema)
@needs(Scope.READ)
def list_scores(query: dict[str, Any]) -> ResponseReturnValue:
    """Scores with their number of answers and their 95 % intervals."""
    by = Dimension(query.pop("by")) if "by" in query else None
    if "metric" in query:
        query["metric"] = Metric(query["metric"])
    with parts().database.reading() as session:
        figures = reports.scores(session, parts().settings, Filter(**query), by)
    return {"scores": [reports.row_of(each) for each in figures]}
