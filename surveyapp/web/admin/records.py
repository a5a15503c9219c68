"""The audit log, to read."""

from flask import request
from flask.typing import ResponseReturnValue

from surveyapp import audit, users
from surveyapp.audit import Entry
from surveyapp.core.access import Permission
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import UnknownThingError
from surveyapp.i18n import Language
from surveyapp.listing import cursor_of, read_cursor
from surveyapp.recorded import DEEDS, actor_words, deed_sentence, details
from surveyapp.web.admin import guard
from surveyapp.web.admin.frame import render, with_query
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("audit")

PAGE = 50


@bp.get("/settings/audit")
@guard.needs(Permission.AUDIT)
def index() -> ResponseReturnValue:
    """Who did what, the newest first; UnknownThingError for a deed that there is not."""
    tongue, deed, user_id = spoken_language(), _deed(), request.args.get("user") or None
    cursor = request.args.get("after")
    before = read_cursor(cursor) if cursor else None
    with parts().database.reading() as reading:
        everybody = users.all_users(reading)
        if user_id is not None:
            users.find_user(reading, user_id)
        found = audit.entries(reading, PAGE + 1, before=before, deed=deed, user_id=user_id)
    shown = found[:PAGE]
    more = with_query(after=cursor_of(shown[-1].at, shown[-1].id)) if len(found) > PAGE else None
    called = {user.id: user.name for user in everybody}
    return render(
        "audit.html",
        rows=[_row(tongue, entry, called) for entry in shown],
        deeds=sorted(((str(each), said(tongue)) for each, said in DEEDS.items()), key=lambda each: each[1]),
        users=everybody,
        deed=deed,
        user_id=user_id,
        more=more,
    )


def _deed() -> Deed | None:
    said = request.args.get("deed")
    try:
        return Deed(said) if said else None
    except ValueError as error:
        raise UnknownThingError("There is no such deed.") from error


def _row(tongue: Language, entry: Entry, called: dict[str, str]) -> dict[str, object]:
    """An entry as it is shown."""
    target = entry.target or ""
    return {
        "at": entry.at,
        "who": actor_words(tongue, entry),
        "what": deed_sentence(tongue, entry),
        "target": called.get(target, target),
        "user_id": target if target in called else None,
        "detail": details(tongue, entry),
    }
