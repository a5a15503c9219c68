"""What a load balancer asks: does the process live, and is it ready."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from surveyapp.web.wiring import parts

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def live() -> ResponseReturnValue:
    """200 while the process answers at all."""
    return {"status": "ok"}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """200 when the database answers and has this release's schema, else 503."""
    problem = parts().database.problem()
    return ({"status": "not ready", "problem": problem}, 503) if problem else {"status": "ok"}
