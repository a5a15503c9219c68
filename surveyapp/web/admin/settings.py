"""What is set once for the whole organisation, and the way to everything else that is."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask.typing import ResponseReturnValue

from surveyapp import audit, preferences
from surveyapp.core.access import AgentFigures, Permission
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, UnknownThingError
from surveyapp.i18n import LANGUAGES, language
from surveyapp.web.admin import guard
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.admin.settings_forms import (
    ORGANISATION,
    RETENTION,
    AgentsForm,
    OrganisationForm,
    RetentionForm,
)
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("settings")

ZONES = (
    "Europe/Stockholm",
    "Europe/Bucharest",
    "Europe/Berlin",
    "Europe/Vienna",
    "Europe/Zurich",
    "Europe/Helsinki",
    "Europe/Copenhagen",
    "Europe/Oslo",
    "Europe/Chisinau",
    "Europe/London",
    "UTC",
)
"""A few to choose from; every zone can be typed."""


# --- the hub ---------------------------------------------------------------------------------------


@bp.get("/settings")
@guard.needs(Permission.ORGANISATION)
def index() -> ResponseReturnValue:
    """Where everything is set."""
    return render("settings.html")


@bp.get("/settings/papers/<lang>")
@guard.needs(Permission.ORGANISATION)
def paper(lang: str) -> ResponseReturnValue:
    """What works councils, unions and lawyers want to know, to print; UnknownThingError."""
    if lang not in LANGUAGES:
        raise UnknownThingError("There is no paper in that language.")
    return render(
        f"papers/{lang}.html",
        printed_on=language(lang).date(parts().clock().astimezone(parts().settings.timezone).date()),
    )


# --- the organisation ------------------------------------------------------------------------------


@bp.route("/settings/organisation", methods=["GET", "POST"])
@guard.needs(Permission.ORGANISATION)
def organisation() -> ResponseReturnValue:
    """Who asks, how answers count and what figures hide."""
    before = _in_force(ORGANISATION)
    form = OrganisationForm(**before)
    if form.is_sent():
        # What stays as it is must not hide the environment's value from then on.
        changes = {name: form[name].data for name in ORGANISATION if form[name].data != before[name]}
        try:
            changed = _save(changes)
        except FieldError as error:
            form.blame(error)
        else:
            _say_saved(changed)
            return go(".organisation")
    with parts().database.reading() as session:
        own = [form[name].label.text for name in ORGANISATION if name in preferences.stored(session)]
    page = render("settings_organisation.html", form=form, zones=ZONES, own=own)
    return page, 422 if form.errors else 200


@bp.post("/settings/organisation/reset")
@guard.needs(Permission.ORGANISATION)
def reset() -> ResponseReturnValue:
    """Go back to what the server's environment says."""
    _say_saved(_save(dict.fromkeys(ORGANISATION)))
    return go(".organisation")


def _say_saved(changed: Iterable[str]) -> None:
    tongue = spoken_language()
    if "timezone" in changed:
        # i18n: Said after the time zone was changed
        say(tongue.gettext("Saved. Answers that are there already keep the day they have."))
        return
    # i18n: Said after settings were saved
    say(tongue.gettext("Saved."))


# --- how long --------------------------------------------------------------------------------------


@bp.route("/settings/retention", methods=["GET", "POST"])
@guard.needs(Permission.ORGANISATION)
def retention() -> ResponseReturnValue:
    """How long what is kept; to keep it shorter is asked once, because the worker deletes for good."""
    before, shortened = _in_force(RETENTION), []
    form = RetentionForm(**before)
    if form.is_sent():
        shortened = form.shortened(before)
        if form.sure.data or not shortened:
            _say_saved(
                _save({name: form[name].data for name in RETENTION if form[name].data != before[name]})
            )
            return go(".retention")
    page = render("settings_retention.html", form=form, shortened=shortened)
    return page, 422 if form.errors or shortened else 200


# --- agents ----------------------------------------------------------------------------------------


@bp.route("/settings/agents", methods=["GET", "POST"])
@guard.needs(Permission.ORGANISATION)
def agents() -> ResponseReturnValue:
    """How figures name agents; that they do is one deliberate step, which the audit log keeps."""
    before = parts().settings.own.agent_figures
    form = AgentsForm(mode=before)
    if form.is_sent():
        is_named = form.mode.data == AgentFigures.NAMED and before is not AgentFigures.NAMED
        if form.was_asked.data or not is_named:
            deed = Deed.AGENTS_NAMED if is_named else Deed.SETTING_CHANGED
            _say_saved(_save({"agent_figures": form.mode.data}, deed))
            return go(".agents")
        # i18n: What is wrong with a box that was not ticked
        words = spoken_language().gettext(
            "Figures name agents only after the works council or union was asked."
        )
        form.was_asked.errors = [words]
    return render("settings_agents.html", form=form), 422 if form.errors else 200


# --- how -------------------------------------------------------------------------------------------


def _in_force(names: Iterable[str]) -> dict[str, Any]:
    """As a form shows them: what was set, else what the environment says."""
    settings = parts().settings
    found = {name: getattr(settings, name, None) or getattr(settings.own, name, "") for name in names}
    return found | ({"timezone": settings.timezone.key} if "timezone" in found else {})


def _save(changes: Mapping[str, Any], deed: Deed = Deed.SETTING_CHANGED) -> list[str]:
    """The names that changed; they are logged, and every page of this process knows them at once."""
    now = parts().clock()
    with parts().database.transaction() as session:
        changed = preferences.save(session, changes, now)
        if changed:
            audit.record(session, guard.person().user.id, deed, now, names=", ".join(changed))
    parts().preferences.forget()
    return changed
