"""The way out of the figures by mail, for those who get them without an account."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from surveyapp import summaries
from surveyapp.links import Purpose
from surveyapp.web import pages
from surveyapp.web.wiring import parts

bp = Blueprint("way_out", __name__)


@bp.get("/m/<token>")
def offer(token: str) -> ResponseReturnValue:
    """Ask whether the mails shall stop; opening the link alone, as machines do, stops nothing."""
    summary_id = parts().links.read(Purpose.SUMMARY, token)
    with parts().database.reading() as session:
        is_wanted = summaries.is_wanted(session, summary_id)
    return pages.way_out_page(is_done=not is_wanted)


@bp.post("/m/<token>")
def leave(token: str) -> ResponseReturnValue:
    """Stop them and forget the address: at a mail program's one-click request (RFC 8058) or at a press.

    Whoever holds the link got the mail, so no proof of a person is asked for; the second time says the same.
    """
    summary_id = parts().links.read(Purpose.SUMMARY, token)
    with parts().database.transaction() as session:
        summaries.leave(session, summary_id, parts().clock())
    return pages.way_out_page(is_done=True)
