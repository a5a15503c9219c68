"""The organisation's colour and logo, for any page to load."""

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from surveyapp import look
from surveyapp.web.wiring import parts

bp = Blueprint("look", __name__)

# What an address with a digest leads to is never another.
FOR_GOOD = "public, max-age=31536000, immutable"


@bp.get("/look/<digest>.css")
def style(digest: str) -> ResponseReturnValue:
    """The style sheet of the brand's colour.

    Under a name of the past or, while another process is ahead, of the next seconds it is today's, and kept
    by nobody.
    """
    settings = parts().settings
    if not (css := look.style(settings)):
        abort(404)
    return _file(css, "text/css", is_kept=digest == look.style_name(settings))


@bp.get("/look/<digest>")
def logo(digest: str) -> ResponseReturnValue:
    """The logo."""
    with parts().database.reading() as session:
        found = look.logo(session, digest)
    if found is None:
        abort(404)
    return _file(found.content, found.media_type, is_kept=True)


def _file(content: str | bytes, media_type: str, *, is_kept: bool) -> Response:
    return Response(
        content, mimetype=media_type, headers={"Cache-Control": FOR_GOOD if is_kept else "no-store"}
    )
