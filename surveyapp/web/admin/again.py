"""Keep what was typed into a form whose login or token had ended, so that it can be sent once more."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import current_app, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from surveyapp.web.admin import guard
from surveyapp.web.admin.cookies import is_below
from surveyapp.web.admin.frame import render
from surveyapp.web.admin.notices import notice

bp = guard.blueprint("again")

MOST_BYTES = 512 * 1024
"""Of names and values together; what is larger is not kept."""
_TO, _KEPT = "to", "kept."
_NEVER = frozenset({"csrf_token", "password", "again", "old", "code", "secret"})
"""Fields that no page repeats; what people choose or are given in secret they type anew."""
_USELESS = frozenset({"admin_login.log_out"})

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that was sent in vain. `to` is an address of ours that takes forms."""

    to: str
    fields: Fields = field(repr=False)
    is_whole: bool
    """Nothing was left out but the token."""


@bp.post("/again")
@guard.open_to_all
def show() -> ResponseReturnValue:
    """What was typed, to look at and to send with one press; nothing is changed here."""
    sent = _carried() if _is_ours() else None
    if sent is None:
        return notice("stale_form", 400)
    return _offer(sent, 200) if guard.visitor() else _ask_to_log_in(sent)


# Its own token ended with the login. It only shows what our own page sent, and asks for a press.
show.needs_no_token = True  # type: ignore[attr-defined]
# What is carried grows by its names, and by being written for the way.
show.largest = 4 * MOST_BYTES  # type: ignore[attr-defined]


def of_logged_out() -> ResponseReturnValue:
    """For a form that was sent after the login had ended."""
    sent = _sent()
    return _ask_to_log_in(sent) if sent else notice("logged_out", 401)


def of_stale() -> ResponseReturnValue:
    """For a form without a token, or with one of before."""
    sent = _sent() if guard.visitor() else None
    return _offer(sent, 400) if sent else notice("stale_form", 400)


def _offer(sent: Sent, status: int) -> ResponseReturnValue:
    return render("again.html", sent=sent), status


def _ask_to_log_in(sent: Sent) -> ResponseReturnValue:
    return render("again_login.html", sent=sent, to_name=_TO, prefix=_KEPT), 401


def _sent() -> Sent | None:
    """The form of this request; None where there is nothing to keep, or where it is not from our pages."""
    to = _address(request.full_path)
    if to is None or not _is_ours():
        return None
    view = current_app.view_functions[request.endpoint or ""]
    if guard.visitor() is None and hasattr(view, "largest"):
        # The guard lets in more where somebody is logged in; of anybody else's this much is read.
        request.max_content_length = request.max_form_memory_size = MOST_BYTES
    try:
        found = tuple(request.form.items(multi=True))
        has_files = any(each.filename for each in request.files.values())
    except RequestEntityTooLarge:
        return None
    return _kept(to, found, is_whole=not has_files)


def _carried() -> Sent | None:
    """The form that our own page carried here."""
    to = _address(request.form.get(_TO, ""))
    pairs = request.form.items(multi=True)
    found = [(name.removeprefix(_KEPT), value) for name, value in pairs if name.startswith(_KEPT)]
    return _kept(to, found, is_whole="whole" in request.form) if to else None


def _kept(to: str, found: Iterable[tuple[str, str]], *, is_whole: bool) -> Sent | None:
    told = [(name, value) for name, value in found if name != "csrf_token"]
    fields = tuple((name, value) for name, value in told if name not in _NEVER)
    if sum(len(f"{name}{value}".encode("utf-8", "replace")) for name, value in fields) > MOST_BYTES:
        return None
    return Sent(to, fields, is_whole and len(fields) == len(told))


def _is_ours() -> bool:
    """Whether a page of ours sent it: no other site can say so in a visitor's browser."""
    return urlsplit(request.headers.get("Referer", "")).netloc == request.host


def _address(wanted: str) -> str | None:
    """The address, made anew; None when nothing of ours behind the login takes forms there."""
    path, _, query = wanted.partition("?")
    if not is_below(path):
        return None
    try:
        endpoint, values = current_app.create_url_adapter(request).match(path, method="POST")  # type: ignore[union-attr]
    except (HTTPException, RequestRedirect):
        return None
    # The way in has forms that are soon filled in again.
    if getattr(current_app.view_functions[endpoint], "needs", None) is None or endpoint in _USELESS:
        return None
    made = url_for(endpoint, **values)
    return f"{made}?{query}" if query else made
