"""Put the web parts together."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from string import punctuation
from typing import Any
from urllib.parse import quote

from flask import Flask, Request, Response, request
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from surveyapp.config import Settings, settings_from
from surveyapp.db import Database
from surveyapp.i18n import languages
from surveyapp.links import Links
from surveyapp.web import errors, health, public
from surveyapp.web.wiring import Parts

STATIC = Path(__file__).parent / "static"

# A comment of 2,000 characters is 24 kB at most when a form encodes it.
LARGEST_FORM = 64 * 1024

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not `no-referrer`: the form's own check of where it came from needs the origin.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


class RatingConverter(BaseConverter):
    """A whole number of one or two ASCII digits; the scale is checked where the survey is known."""

    regex = "[0-9]{1,2}"
    part_isolating = True

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)


class TolerantRequest(Request):
    """Encodes the bytes of a query that are no text, which browsers do and Werkzeug relies on."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As Flask's."""
        super().__init__(*arguments, **options)
        if not self.query_string.isascii():
            self.query_string = quote(self.query_string, safe=punctuation).encode()


class NoSession(SessionInterface):
    """The customers' pages set no cookie, and looking for one would cost as much as finding the view."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        """A session that says so when somebody wants to write to it."""
        return self.make_null_session(app)


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] | None = None) -> Flask:
    """The web application; without settings those of the environment, which may raise SettingError."""
    settings = settings or settings_from(os.environ)
    app = Flask("surveyapp", static_folder=str(STATIC), template_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        TRUSTED_HOSTS=[settings.public_host, "localhost", "127.0.0.1", "[::1]"],
        WTF_CSRF_ENABLED=False,
    )
    app.request_class = TolerantRequest
    app.session_interface = NoSession()
    app.url_map.converters["rating"] = RatingConverter
    app.extensions["surveyapp"] = Parts(
        settings=settings,
        database=Database(settings.database_url),
        links=Links(settings.link_keys),
        clock=clock or _now,
        style=_version_of_static_files(),
    )
    languages()
    app.register_blueprint(public.bp)
    app.register_blueprint(health.bp)
    errors.install(app)
    app.after_request(_secure)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    return app


def _now() -> datetime:
    return datetime.now(UTC)


def _version_of_static_files() -> str:
    digest = sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _secure(response: Response) -> Response:
    response.headers.extend(HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
