"""Who is asking, and may they: every page behind the login says what it needs, or nobody gets it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast
from urllib.parse import quote

from flask import Blueprint, current_app, g, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect

from surveyapp import signins
from surveyapp.core.access import Permission, Viewer
from surveyapp.core.errors import NotAllowedError
from surveyapp.i18n import LANGUAGES, language, negotiated
from surveyapp.models import Signin, User
from surveyapp.names import in_our_words
from surveyapp.users import viewer_of
from surveyapp.web.wiring import chosen_language, parts

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

SIGNIN = "signin"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

csrf = CSRFProtect()


class LoggedOutError(Exception):
    """A form was sent by somebody who is not logged in any more."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is logged in, and in which browser."""

    user: User
    viewer: Viewer
    signin: Signin


def blueprint(name: str) -> Blueprint:
    """For pages below /admin; none of its views opens without `needs` or `open_to_all`."""
    bp = Blueprint(f"admin_{name}", __name__, url_prefix="/admin")
    bp.before_request(_guard)
    return bp


def needs(permission: Permission) -> Callable[[View], View]:
    """Let in those who are logged in and have the permission."""

    def mark(view: View) -> View:
        view.needs = permission  # type: ignore[attr-defined]
        return view

    return mark


def open_to_all(view: View) -> View:
    """Let in everybody: for the way in."""
    view.needs = None  # type: ignore[attr-defined]
    return view


def person() -> Person:
    """Who is asking; NotAllowedError on a page that is open to all when nobody is logged in."""
    found = visitor()
    if found is None:
        raise NotAllowedError("Nobody is logged in.")
    return found


def visitor() -> Person | None:
    """As `person`; None when nobody is logged in."""
    return cast("Person | None", g.get("person"))


def viewer() -> Viewer:
    """The permissions of who is asking."""
    return person().viewer


def _guard() -> ResponseReturnValue | None:
    g.person = _who()
    g.language = language(_tongue(g.person))
    view = current_app.view_functions[request.endpoint or ""]
    if not hasattr(view, "needs"):
        raise NotAllowedError("This page says of nobody that they may see it.")
    if view.needs is not None and g.person is None:
        return _to_login()
    if view.needs is not None and not g.person.viewer.may(view.needs):
        raise NotAllowedError("This role may not do this.")
    if request.method not in SAFE:
        # Checking the token reads the form, and so how much may be sent has to be known before.
        if largest := getattr(view, "largest", None):
            # Of a file, too, Werkzeug holds a piece in memory that may be as large as a whole form of ours.
            request.max_content_length = request.max_form_memory_size = largest
        if not getattr(view, "needs_no_token", False):
            csrf.protect()
    return None


def _who() -> Person | None:
    token = session.get(SIGNIN)
    if not isinstance(token, str):
        return None
    now = parts().clock()
    with parts().database.reading() as reading:
        found = signins.find(reading, token, now)
        if found is None:
            return None
        signin, user = found
        seen = in_our_words(reading, viewer_of(user))
    if signins.is_use_news(signin, now):
        with parts().database.transaction() as writing:
            signins.note_use(writing, signin, now)
    return Person(user, seen, signin)


def _tongue(found: Person | None) -> str:
    own = found.user.locale if found else None
    if chosen := chosen_language():
        return chosen
    if own in LANGUAGES:
        return str(own)
    return negotiated(request.headers.get("Accept-Language"), parts().settings.locale)


def _to_login() -> ResponseReturnValue:
    if request.method not in SAFE:
        raise LoggedOutError
    wanted = request.full_path.removesuffix("?")
    return redirect(f"/admin/login?next={quote(wanted, safe='/')}", 303)


__all__ = [
    "SIGNIN",
    "CSRFError",
    "LoggedOutError",
    "Person",
    "blueprint",
    "csrf",
    "needs",
    "open_to_all",
    "person",
    "viewer",
    "visitor",
]
