"""Connect helpdesks, and see what they have told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask.typing import ResponseReturnValue

from surveyapp import audit, connecting, hooks, surveys
from surveyapp.core.access import Permission
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, Problem, UnknownHookError
from surveyapp.db import Session
from surveyapp.models import Hook
from surveyapp.sources.event import UnverifiedError
from surveyapp.web.admin import guard
from surveyapp.web.admin.connect_events import told
from surveyapp.web.admin.connect_forms import ChangeForm, ConnectForm, as_lines, field_names, source_name
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("connect")


@dataclass(frozen=True, slots=True)
class Row:
    """One helpdesk of the list."""

    name: str
    source: str
    survey: str
    last_at: datetime | None
    is_open: bool


# --- all -------------------------------------------------------------------------------------------


@bp.get("/settings/helpdesks")
@guard.needs(Permission.CONNECT)
def index() -> ResponseReturnValue:
    """Those that are or were connected, and the form for another one."""
    with parts().database.reading() as session:
        return _list(session, ConnectForm(_surveys(session)))


@bp.post("/settings/helpdesks")
@guard.needs(Permission.CONNECT)
def add() -> ResponseReturnValue:
    """Connect one; a name that is in use stays with whom it belongs to."""
    with parts().database.reading() as session:
        form = ConnectForm(_surveys(session))
    if form.is_sent():
        try:
            with parts().database.transaction() as session:
                return go(".show", name=_connected(session, form).name)
        except FieldError as error:
            form.blame(error)
    with parts().database.reading() as session:
        return _list(session, form), 422


# --- one -------------------------------------------------------------------------------------------


@bp.get("/settings/helpdesks/<name>")
@guard.needs(Permission.CONNECT)
def show(name: str) -> ResponseReturnValue:
    """What to do in the helpdesk, and what came from there; UnknownHookError."""
    with parts().database.reading() as session:
        hook = _found(session, name)
        return _page(session, hook, _change_form(session, hook))


@bp.post("/settings/helpdesks/<name>")
@guard.needs(Permission.CONNECT)
def change(name: str) -> ResponseReturnValue:
    """Another survey, secret or mapping; for the events from now on."""
    with parts().database.reading() as session:
        form = _change_form(session, hooks.find_hook(session, name))
    if form.is_sent():
        try:
            with parts().database.transaction() as session:
                _changed(session, hooks.find_hook(session, name), form)
            # i18n: Said after the settings of a connected helpdesk were saved
            say(spoken_language().gettext("Saved. It holds for the next event."))
            return go(".show", name=name)
        except FieldError as error:
            form.blame(error)
    with parts().database.reading() as session:
        return _page(session, _found(session, name), form), 422


@bp.post("/settings/helpdesks/<name>/test")
@guard.needs(Permission.CONNECT)
def try_out(name: str) -> ResponseReturnValue:
    """Take in an event of our own, as if the helpdesk had sent it."""
    tongue = spoken_language()
    try:
        with parts().database.transaction() as session:
            connecting.test_event(session, parts().settings, name, parts().clock())
    except UnverifiedError:
        # i18n: Said when a test event was to be sent and the secret is none
        problem = tongue.gettext("No test event was sent: the secret cannot be used. Save another one.")
        with parts().database.reading() as session:
            hook = hooks.find_hook(session, name)
            return _page(session, hook, _untouched(_change_form(session, hook), hook), problem), 422
    # i18n: Said after a test event was sent; a table of the events is on the page
    say(tongue.gettext("The test event is here. Load the page anew to see what was made of it."))
    return go(".show", name=name)


@bp.post("/settings/helpdesks/<name>/close")
@guard.needs(Permission.CONNECT)
def close(name: str) -> ResponseReturnValue:
    """Take no more events of it."""
    now = parts().clock()
    with parts().database.transaction() as session:
        hook = _found(session, name)
        if hook.closed_at is None:
            hooks.close(session, name, now)
            audit.record(session, guard.person().user.id, Deed.HOOK_CLOSED, now, name)
    # i18n: Said after a helpdesk was disconnected. {name}: zendesk
    say(spoken_language().gettext("Events of {name} are refused from now on.", name=name))
    return go(".index")


# --- how -------------------------------------------------------------------------------------------


def _list(session: Session, form: ConnectForm) -> str:
    rows = [
        Row(
            name=hook.name,
            source=source_name(spoken_language(), hook.source),
            survey=hook.survey_key,
            last_at=next((event.received_at for event in hooks.last_events(session, hook.name)), None),
            is_open=hook.closed_at is None,
        )
        for hook in hooks.all_hooks(session)
    ]
    return render("connect.html", form=form, rows=rows, least=hooks.SHORTEST_SECRET)


def _connected(session: Session, form: ConnectForm) -> Hook:
    now, name = parts().clock(), form.name.data or form.source.data
    if any(hook.name == name and hook.closed_at is None for hook in hooks.all_hooks(session)):
        raise FieldError("name", Problem.TAKEN)
    secret = form.secret.data or None
    hook = hooks.add(session, form.source.data, form.survey.data, name, secret, {}, now)
    _record(session, Deed.HOOK_ADDED, hook, now)
    return hook


def _changed(session: Session, hook: Hook, form: ChangeForm) -> None:
    now = parts().clock()
    secret = None if form.is_fresh.data else form.secret.data or hook.secret
    hooks.add(session, hook.source, form.survey.data, hook.name, secret, form.pointers(), now)
    _record(session, Deed.HOOK_CHANGED, hook, now)


def _record(session: Session, deed: Deed, hook: Hook, now: datetime) -> None:
    user_id = guard.person().user.id
    audit.record(session, user_id, deed, now, hook.name, source=hook.source, survey=hook.survey_key)


def _found(session: Session, name: str) -> Hook:
    """The closed ones, too."""
    # An address may hold what no database takes; what we know of is compared here.
    hook = next((hook for hook in hooks.all_hooks(session) if hook.name == name), None)
    if hook is None:
        raise UnknownHookError("There is no such helpdesk.")
    return hook


def _change_form(session: Session, hook: Hook) -> ChangeForm:
    offered = _surveys(session, hook.survey_key)
    return ChangeForm(offered, **_in_force(hook))


def _untouched(form: ChangeForm, hook: Hook) -> ChangeForm:
    """As it is stored, whatever other form of the page was sent."""
    form.process(None, **_in_force(hook))
    return form


def _in_force(hook: Hook) -> dict[str, Any]:
    return {"survey": hook.survey_key, "mapping": as_lines(hook.mapping)}


def _surveys(session: Session, own: str = "") -> list[tuple[str, str]]:
    """Those that are open, and the one in use, as choices."""
    now, tongue, found = parts().clock(), spoken_language(), []
    for survey in surveys.all_surveys(session):
        if survey.key == own or survey.closed_at is None or survey.closed_at > now:
            version = surveys.current_version(session, survey)
            question = version.text(tongue.code, version.main).question
            company = parts().settings.company
            found.append((survey.key, f"{survey.key} – {question.replace('{company}', company)}"))
    return found


def _page(session: Session, hook: Hook, form: ChangeForm, problem: str = "") -> str:
    tongue = spoken_language()
    is_whole = _sees_values()
    return render(
        "connect_one.html",
        hook=hook,
        source=source_name(tongue, hook.source),
        guide=connecting.guide(hook.source, hook, parts().settings, tongue),
        form=form,
        fields=field_names(tongue),
        told=[told(event, is_whole=is_whole) for event in hooks.last_events(session, hook.name)],
        is_whole=is_whole,
        least=hooks.SHORTEST_SECRET,
        problem=problem,
    )


def _sees_values() -> bool:
    """An event says who the customer is and who the agent; whoever may not see both sees its names alone."""
    viewer, mode = guard.viewer(), parts().settings.own.agent_figures
    return viewer.may(Permission.CUSTOMERS) and viewer.sees_agents(mode)
