"""The answers about an agent's own tickets, where agents are named."""

from flask import request
from flask.typing import ResponseReturnValue

from surveyapp import finding
from surveyapp.core.access import AgentFigures, Permission
from surveyapp.web.admin import guard
from surveyapp.web.admin.frame import render, with_query
from surveyapp.web.admin.wording import words_for
from surveyapp.web.wiring import parts

bp = guard.blueprint("mine")

ON_A_PAGE = 50


@bp.get("/mine")
@guard.needs(Permission.ANSWERS)
def index() -> ResponseReturnValue:
    """Those that count, the newest first; a sentence where agents are not named."""
    settings, cursor = parts().settings, request.args.get("cursor")
    with parts().database.reading() as session:
        page, more = finding.own_answers(session, settings, guard.viewer(), cursor=cursor, limit=ON_A_PAGE)
    return render(
        "mine.html",
        is_named=settings.own.agent_figures is AgentFigures.NAMED,
        rows=page,
        more=with_query(cursor=more) if more else "",
        **words_for(),
    )
