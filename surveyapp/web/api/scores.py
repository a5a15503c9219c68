"""Scores by program: the very figures of `surveyapp scores`."""

from typing import Any

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from surveyapp import exports
from surveyapp.figures import row_of
from surveyapp.keys import Scope
from surveyapp.selecting import by_of
from surveyapp.web.api import asked, schemas
from surveyapp.web.api.guard import check_key, needs, reader
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
    by, is_compared = by_of(query.pop("by", "")), query.pop("compare", None) is not None
    chosen, settings = asked.filter_of(query), parts().settings
    with asked.naming_parameters(), parts().database.reading() as session:
        figures = exports.figures(
            session, settings, reader(), chosen, by, now=parts().clock(), is_compared=is_compared
        )
    return {"scores": [row_of(each) for each in figures]}
