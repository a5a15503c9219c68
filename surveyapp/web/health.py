"""What a load balancer asks: does the process live, and is it ready."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from surveyapp.web.wiring import parts

bp = Blueprint("health", __name__)

PATHS = frozenset({"/healthz", "/readyz"})
"""These answer under any Host, because load balancers ask by address."""


@bp.get("/healthz")
def live() -> ResponseReturnValue:
    """200 while the process answers at all."""
    return {"status": "ok"}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """200 when the database answers and has this release's schema, else 503 with the part at fault.

    Late mails do not count: a page that is taken out of service for them sends none of them sooner.
    """
    problem = parts().database.problem()
    if problem:
        return {"status": "not ready", "part": "database", "problem": problem}, 503
    return {"status": "ok"}
