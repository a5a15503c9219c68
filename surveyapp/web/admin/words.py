"""What case types, teams, channels and agents are called, and which words mean the same."""

import hmac
from collections.abc import Sequence
from datetime import date

from flask import request
from flask.typing import ResponseReturnValue

from surveyapp import audit, names, renaming
from surveyapp.core.access import AgentFigures, Permission
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, NotAllowedError, Problem, UnknownThingError
from surveyapp.names import Kind, NameRow
from surveyapp.renaming import Renamed
from surveyapp.web.admin import guard
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.admin.words_forms import AgentForm, MergeForm, NameForm, shown
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("names")


# --- all of them -----------------------------------------------------------------------------------


@bp.get("/settings/names")
@guard.needs(Permission.ORGANISATION)
def index() -> ResponseReturnValue:
    """Those of the case types."""
    return _table(Kind.CASE_TYPE)


@bp.get("/settings/names/<kind>")
@guard.needs(Permission.ORGANISATION)
def of_kind(kind: str) -> ResponseReturnValue:
    """Those of teams, channels or agents; UnknownThingError."""
    return _table(_kind(kind))


def _table(kind: Kind) -> ResponseReturnValue:
    tongue = spoken_language()
    rows = [(row, shown(row, tongue), mark_of(row.value)) for row in _rows(kind)]
    return render("names.html", kind=kind, rows=rows, is_counted=_is_counted(kind))


# --- one of them -----------------------------------------------------------------------------------


@bp.get("/settings/names/<kind>/one")
@guard.needs(Permission.ORGANISATION)
def edit(kind: str) -> ResponseReturnValue:
    """What one value is called; without a value the form for a new one. UnknownThingError."""
    chosen, mark = _kind(kind), request.args.get("of")
    rows = _rows(chosen)
    row = next((each for each in rows if mark_of(each.value) == mark), None)
    if mark and row is None:
        raise UnknownThingError("Nothing is called so.")
    return _page(chosen, _form(chosen, row), row, rows)


@bp.post("/settings/names/<kind>/one")
@guard.needs(Permission.ORGANISATION)
def save(kind: str) -> ResponseReturnValue:
    """Set what a value is called; past invitations follow."""
    chosen = _kind(kind)
    form = _form(chosen, None)
    if form.is_sent():
        try:
            renamed = _save(chosen, form)
        except FieldError as error:
            form.blame(error)
        else:
            _say_moved(renamed.moved)
            return _to(chosen)
    rows = _rows(chosen)
    row = next((each for each in rows if each.value == form.value.data), None)
    return _page(chosen, form, row, rows), 422


@bp.post("/settings/names/<kind>/merge")
@guard.needs(Permission.ORGANISATION)
def merge(kind: str) -> ResponseReturnValue:
    """Make one value a word for another, with all words that meant it; FieldError for none of ours."""
    chosen, now = _kind(kind), parts().clock()
    form = MergeForm(None, _rows(chosen))
    if not form.is_sent():
        raise FieldError("same_as", Problem.UNKNOWN)
    with parts().database.transaction() as session:
        renamed = renaming.merge(session, chosen, form.value.data or "", form.same_as.data, _today(), now)
        audit.record(session, _user_id(), Deed.NAME_CHANGED, now, chosen, names=", ".join(renamed.changed))
    _say_moved(renamed.moved)
    return _to(chosen)


# --- how -------------------------------------------------------------------------------------------


def mark_of(value: str) -> str:
    """Stands for a value in an address: an agent's may be a mail address, which must not stand there."""
    key = parts().settings.hash_key.encode()
    return hmac.new(key, f"name:{value}".encode(), "sha256").hexdigest()[:20]


def _kind(kind: str) -> Kind:
    """UnknownThingError for none; NotAllowedError for agents where those are not this person's to see."""
    if kind not in list(Kind):
        raise UnknownThingError("There is nothing of that kind that has names.")
    if kind == Kind.AGENT and not guard.viewer().may(Permission.AGENT_NAMES):
        raise NotAllowedError("This person may not see who agents are.")
    return Kind(kind)


def _is_counted(kind: Kind) -> bool:
    """A number of invitations beside a name would tell whose a pseudonymous figure is."""
    return kind is not Kind.AGENT or parts().settings.own.agent_figures is AgentFigures.NAMED


def _rows(kind: Kind) -> Sequence[NameRow]:
    with parts().database.reading() as session:
        rows = names.all_names(session, kind, _today())
    if _is_counted(kind):
        return rows
    # Their order would tell as much as the number.
    tongue = spoken_language()
    return sorted(rows, key=lambda row: (shown(row, tongue).casefold(), row.value))


def _form(kind: Kind, row: NameRow | None) -> NameForm | AgentForm:
    if kind is Kind.AGENT:
        left_on = row.left_on.isoformat() if row and row.left_on else ""
        return AgentForm(
            value=row.value if row else "", name=row.labels.get("", "") if row else "", left_on=left_on
        )
    labels = row.labels if row else {}
    synonyms = "\n".join(row.synonyms) if row else ""
    return NameForm(**{**labels, "value": row.value if row else "", "synonyms": synonyms})


def _page(kind: Kind, form: NameForm | AgentForm, row: NameRow | None, rows: Sequence[NameRow]) -> str:
    return render(
        "name.html",
        kind=kind,
        form=form,
        row=row,
        heading=shown(row, spoken_language()) if row else "",
        merging=MergeForm(row, rows) if row and kind is not Kind.AGENT and len(rows) > 1 else None,
    )


def _save(kind: Kind, form: NameForm | AgentForm) -> Renamed:
    now = parts().clock()
    value, labels, words, left_on = form.value.data or "", form.labels(), form.words(), form.last_day()
    with parts().database.transaction() as session:
        renamed = renaming.rename(session, kind, value, labels, words, left_on, _today(), now)
        if renamed.changed:
            audit.record(session, _user_id(), Deed.NAME_CHANGED, now, kind, names=", ".join(renamed.changed))
    return renamed


def _say_moved(moved: int) -> None:
    tongue = spoken_language()
    if not moved:
        # i18n: Said after settings were saved
        say(tongue.gettext("Saved."))
        return
    # i18n: Said after words were declared to mean the same, or no more. {n}: 12
    sentence = tongue.ngettext(
        "Saved. {n} invitation of the last year has moved with it.",
        "Saved. {n} invitations of the last year have moved with it.",
        moved,
    )
    say(sentence)


def _to(kind: Kind) -> ResponseReturnValue:
    return go(".index") if kind is Kind.CASE_TYPE else go(".of_kind", kind=kind)


def _today() -> date:
    return parts().clock().astimezone(parts().settings.timezone).date()


def _user_id() -> str:
    return guard.person().user.id
