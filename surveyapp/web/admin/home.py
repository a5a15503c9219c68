"""The first page behind the login, and the choice of a language."""

from urllib.parse import urlsplit

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from surveyapp import overview, users
from surveyapp.core.access import Permission, Role
from surveyapp.core.errors import UnknownThingError
from surveyapp.i18n import LANGUAGES
from surveyapp.web.admin import guard
from surveyapp.web.admin.frame import go, render
from surveyapp.web.wiring import parts

bp = guard.blueprint("home")

READERS = (Role.LEADER, Role.VIEWER)
"""Who comes for the figures."""


@bp.get("/")
@guard.needs(Permission.ACCOUNT)
def start() -> ResponseReturnValue:
    """What waits, and the shortest ways to what people come for."""
    if guard.viewer().role in READERS:
        return go("admin_figures.index")
    with parts().database.reading() as session:
        waiting = overview.waiting(session, guard.viewer(), parts().settings, parts().clock())
    return render("start.html", waiting=waiting)


@bp.route("/<path:rest>", methods=["GET", "POST"])
@guard.open_to_all
def find_nothing(rest: str) -> ResponseReturnValue:
    """An address that leads nowhere, said inside the frame. UnknownThingError."""
    raise UnknownThingError(f"There is nothing at an address of {len(rest)} characters.")


@bp.get("/language/<code>")
@guard.open_to_all
def speak(code: str) -> ResponseReturnValue:
    """Go on in another language; whoever is logged in keeps it."""
    found = guard.visitor()
    back = _back()
    if code not in LANGUAGES:
        return redirect(back, 303)
    if found is None:
        return redirect(f"{back.partition('?')[0]}?lang={code}", 303)
    with parts().database.transaction() as session:
        users.set_locale(session, found.user.id, code)
    return redirect(back, 303)


def _back() -> str:
    """The page that somebody came from, when it is one of ours."""
    came = urlsplit(request.headers.get("Referer", ""))
    is_ours = came.netloc == request.host and came.path.startswith("/admin/")
    if not is_ours or came.path.startswith("/admin/language/"):
        return url_for("admin_home.start" if guard.visitor() else "admin_login.offer")
    return came.path + (f"?{came.query}" if came.query and guard.visitor() else "")
