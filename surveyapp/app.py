"""Put the web parts together."""

import logging
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from string import punctuation
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Flask, Request, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from surveyapp import logs, signins
from surveyapp.config import Settings, settings_from
from surveyapp.db import Database
from surveyapp.i18n import languages
from surveyapp.links import Links
from surveyapp.web import admin, api, bounces, errors, health, hooks, look, metrics, public, way_out
from surveyapp.web.admin.cookies import AdminSessions
from surveyapp.web.wiring import Parts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

access = logging.getLogger("surveyapp.access")

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


REQUEST_ID = "surveyapp.request_id"
# A method may be any word that somebody sends.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RatingConverter(BaseConverter):
    """A whole number of one or two ASCII digits; the scale is checked where the survey is known."""

    regex = "[0-9]{1,2}"
    part_isolating = True

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)


class TolerantRequest(Request):
    """Encodes the bytes of a query that are no text, which browsers do and Werkzeug relies on."""

    _trusted_hosts: list[str] | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As Flask's."""
        super().__init__(*arguments, **options)
        if not self.query_string.isascii():
            self.query_string = quote(self.query_string, safe=punctuation).encode()

    @property
    def trusted_hosts(self) -> list[str] | None:
        """Any host for what load balancers ask by address; these pages tell and write nothing of a host."""
        return None if self.path in health.PATHS else self._trusted_hosts

    @trusted_hosts.setter
    def trusted_hosts(self, hosts: list[str] | None) -> None:
        self._trusted_hosts = hosts


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] | None = None) -> Flask:
    """The web application; without settings those of the environment, which may raise SettingError.

    An application from the environment is a server's process of its own, and so starts the log.
    """
    if settings is None:
        settings = settings_from(os.environ)
        logs.start(settings.log_format, settings.log_level)
    app = Flask("surveyapp", static_folder=str(STATIC), template_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        TRUSTED_HOSTS=[settings.public_host, "localhost", "127.0.0.1", "[::1]"],
        WTF_CSRF_CHECK_DEFAULT=False,
        # A form may stay open as long as its session lasts.
        WTF_CSRF_TIME_LIMIT=None,
        SESSION_COOKIE_NAME="surveyapp",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https:"),
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=signins.LIFE,
    )
    app.request_class = TolerantRequest
    app.session_interface = AdminSessions()
    app.url_map.converters["rating"] = RatingConverter
    app.extensions["surveyapp"] = Parts(
        installed=settings,
        database=Database(settings.database_url),
        links=Links(settings.link_keys),
        clock=clock or _now,
        style=_version_of_static_files(),
    )
    app.before_request(_begin)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    languages()
    app.register_blueprint(public.bp)
    app.register_blueprint(way_out.bp)
    app.register_blueprint(look.bp)
    app.register_blueprint(hooks.bp)
    app.register_blueprint(bounces.bp)
    app.register_blueprint(health.bp)
    if settings.metrics_token:
        app.register_blueprint(metrics.bp)
    api.install(app)
    admin.install(app)
    errors.install(app)
    app.after_request(_log)
    app.after_request(_secure)
    app.wsgi_app = _identified(app.wsgi_app)  # type: ignore[assignment, method-assign]
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


def _identified(inner: "WSGIApplication") -> "WSGIApplication":
    """Every record of a request carries its id, also those before and after Flask's own part."""

    def call(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ[REQUEST_ID] = request_id = logs.request_id_from(environ.get("HTTP_X_REQUEST_ID"))
        with logs.bound(request_id=request_id):
            return inner(environ, start_response)

    return call


def _begin() -> None:
    g.began_at = perf_counter()
    g.request_id = request.environ[REQUEST_ID]


def _log(response: Response) -> Response:
    """One record for each request: the route's name, never the path or the query, which hold tokens."""
    response.headers["X-Request-ID"] = g.request_id
    method = request.method if request.method in METHODS else "OTHER"
    ms = round((perf_counter() - g.began_at) * 1000, 1)
    known = {"endpoint": request.endpoint, "method": method, "status": response.status_code, "ms": ms}
    if "invitation_id" in g:
        known["invitation_id"] = g.invitation_id
    access.info("request", extra=known)
    return response


def _secure(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
