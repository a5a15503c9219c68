"""Keys for programs."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask.typing import ResponseReturnValue

from surveyapp import audit, keys
from surveyapp.core.access import Permission
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import UnknownKeyError
from surveyapp.i18n import Language
from surveyapp.keys import Scope
from surveyapp.models import ApiKey
from surveyapp.web.admin import guard
from surveyapp.web.admin.forms import Form, WholeField, choices, line, needed, pairs
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("keys")

MOST_DAYS = 3650


class KeyForm(Form):
    """A new key."""

    name = line("", needed)
    scopes = choices("", (), validators=[needed])
    days = WholeField("", 1, MOST_DAYS)

    def __init__(self) -> None:
        super().__init__()
        tongue = spoken_language()
        # i18n: Label of a field: what a key to the API is for
        self.name.label.text = tongue.gettext("What the key is for")
        # i18n: Label of several boxes: what a key to the API may do
        self.scopes.label.text = tongue.gettext("What it may do")
        self.scopes.choices = pairs(_allowed(tongue))
        # i18n: Label of a field: after so many days a key to the API opens nothing
        self.days.label.text = tongue.gettext("Days until it expires")
        self.name.render_kw = {"autocomplete": "off"}


@bp.get("/settings/keys")
@guard.needs(Permission.CONNECT)
def index() -> ResponseReturnValue:
    """Every key that there is or was, and the form for another one."""
    return _page(KeyForm())


@bp.post("/settings/keys")
@guard.needs(Permission.CONNECT)
def add() -> ResponseReturnValue:
    """Make a key; only the page that answers shows it."""
    form = KeyForm()
    if not form.is_sent():
        return _page(form), 422
    now = parts().clock()
    expires_at = now + timedelta(days=int(form.days.data)) if form.days.data else None
    scopes = [Scope(each) for each in form.scopes.data or ()]
    with parts().database.transaction() as session:
        row, key = keys.add_key(session, form.name.data or "", scopes, expires_at, now)
        said = ", ".join(row.scopes)
        audit.record(session, guard.person().user.id, Deed.KEY_ADDED, now, row.prefix, scopes=said)
    return render("keys_made.html", row=row, key=key)


@bp.post("/settings/keys/<prefix>/revoke")
@guard.needs(Permission.CONNECT)
def revoke(prefix: str) -> ResponseReturnValue:
    """Let a key open nothing from now on."""
    now = parts().clock()
    with parts().database.transaction() as session:
        row = _known(keys.all_keys(session), prefix)
        is_news = row.revoked_at is None
        keys.revoke_key(session, row.prefix, now)
        if is_news:
            audit.record(session, guard.person().user.id, Deed.KEY_REVOKED, now, row.prefix)
    # i18n: After a key to the API was revoked. {name}: Nightly figures
    say(spoken_language().gettext("The key {name} opens nothing any more.", name=row.name))
    return go(".index")


def _page(form: KeyForm) -> str:
    with parts().database.reading() as session:
        rows = [_row(each) for each in reversed(keys.all_keys(session))]
    return render("keys.html", form=form, rows=rows)


def _row(row: ApiKey) -> dict[str, Any]:
    words = _scopes(spoken_language())
    state, tone = _state(row, spoken_language())
    known = [words[scope] for scope in Scope if scope in row.scopes]
    return {"row": row, "scopes": known, "state": state, "tone": tone, "is_good": tone == "good"}


def _state(row: ApiKey, tongue: Language) -> tuple[str, str]:
    """In a word, and the tone of its mark."""
    if row.revoked_at is not None:
        # i18n: State of a key to the API: it was taken back
        return tongue.gettext("Revoked"), "plain"
    if row.expires_at is not None and row.expires_at <= parts().clock():
        # i18n: State of a key to the API: its days are over
        return tongue.gettext("Expired"), "wait"
    # i18n: State of a key to the API: it can be used
    return tongue.gettext("Valid"), "good"


def _known(rows: Sequence[ApiKey], prefix: str) -> ApiKey:
    # An address may hold what no database takes; what we know of is compared here.
    found = next((row for row in rows if row.prefix == prefix), None)
    if found is None:
        raise UnknownKeyError("There is no such key.")
    return found


def _scopes(tongue: Language) -> Mapping[str, str]:
    """In a few words, for the list."""
    return {
        # i18n: What a key to the API may do, in a list
        Scope.INVITE: tongue.gettext("send surveys"),
        # i18n: What a key to the API may do, in a list
        Scope.READ: tongue.gettext("read states and scores"),
        # i18n: What a key to the API may do, in a list
        Scope.EXPORT: tongue.gettext("read answers and comments"),
    }


def _allowed(tongue: Language) -> Mapping[str, str]:
    """In a sentence, for the choice."""
    return {
        # i18n: What a key to the API may do; a box to tick
        Scope.INVITE: tongue.gettext(
            "Send surveys, call them off, and say that a ticket was opened again. "
            "The replies hold the customers' links."
        ),
        # i18n: What a key to the API may do; a box to tick
        Scope.READ: tongue.gettext(
            "Read what became of each survey, without links and addresses, and read the scores."
        ),
        # i18n: What a key to the API may do; a box to tick
        Scope.EXPORT: tongue.gettext("Read single answers with the customers' comments."),
    }
