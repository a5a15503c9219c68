"""The page that shows the API's description, from files of a package that we serve ourselves."""

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, send_from_directory
from flask.typing import ResponseReturnValue

_VIEWER = Path(flask_swagger_ui.__file__).parent / "dist"

bp = Blueprint("docs", __name__, url_prefix="/api/v1/docs")


@bp.get("")
def page() -> ResponseReturnValue:
    """The page."""
    return _PAGE, {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _POLICY}


@bp.get("/start.js")
def start() -> ResponseReturnValue:
    """What makes the viewer show our description; a file, because the page may hold no script."""
    return _START, {"Content-Type": "text/javascript; charset=utf-8"}


@bp.get("/<any('swagger-ui.css', 'swagger-ui-bundle.js'):name>")
def viewer(name: str) -> ResponseReturnValue:
    """The viewer's own files."""
    return send_from_directory(_VIEWER, name, max_age=3600)


# The viewer draws its icons from data: addresses; everything else is as on our other pages.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>surveyapp API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/api/v1/docs/swagger-ui.css">
  </head>
  <body>
    <main id="description"></main>
    <noscript>The description itself is at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</noscript>
    <script src="/api/v1/docs/swagger-ui-bundle.js"></script>
    <script src="/api/v1/docs/start.js"></script>
  </body>
</html>
"""

_START = """\
SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#description",
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
});
"""
