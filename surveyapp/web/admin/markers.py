"""Dated markers: what happened on a day, to be seen in the trends."""

from datetime import date
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import StopValidation

from surveyapp import markers
from surveyapp.core.access import Permission
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.periods import today
from surveyapp.web.admin import forms, guard
from surveyapp.web.admin.forms import Form, line, needed
from surveyapp.web.admin.frame import render, say
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("markers")


def _is_day(_form: Any, field: Any) -> None:
    try:
        date.fromisoformat(field.data)
    except ValueError:
        raise StopValidation(forms.say(Problem.DATE)) from None


class AddForm(Form):
    """A day, and what happened."""

    day = line("", needed, _is_day)
    words = line("", needed, longest=markers.LONGEST)

    def __init__(self) -> None:
        super().__init__(day=today(parts().clock(), parts().settings.timezone).isoformat())
        tongue = spoken_language()
        # i18n: Label of a field: the day on which something happened
        self.day.label.text = tongue.gettext("Day")
        self.day.render_kw = {"type": "date"}
        # i18n: Label of a field: what happened on a day, to be seen in the trends
        self.words.label.text = tongue.gettext("What happened")
        self.words.render_kw = {"autocomplete": "off"}


@bp.get("/figures/markers")
@guard.needs(Permission.TARGETS)
def index() -> ResponseReturnValue:
    """All there are."""
    return _page(AddForm())


@bp.post("/figures/markers")
@guard.needs(Permission.TARGETS)
def add() -> ResponseReturnValue:
    """Add one."""
    form = AddForm()
    if not form.is_sent():
        return _page(form), 422
    day, words = date.fromisoformat(form.day.data or ""), form.words.data or ""
    try:
        with parts().database.transaction() as session:
            markers.add(session, parts().settings, guard.viewer(), day, words, parts().clock())
    except FieldError as error:
        form.blame(error)
        return _page(form), 422
    # i18n: Said after something that happened on a day was added to the trends
    say(spoken_language().gettext("The marker is in the trends."))
    return _back()


@bp.post("/figures/markers/<marker_id>/remove")
@guard.needs(Permission.TARGETS)
def remove(marker_id: str) -> ResponseReturnValue:
    """Remove one; the second time nothing happens."""
    with parts().database.transaction() as session:
        markers.remove(session, guard.viewer(), marker_id, parts().clock())
    # i18n: Said after something that happened on a day was removed from the trends
    say(spoken_language().gettext("The marker was removed."))
    return _back()


def _page(form: AddForm) -> str:
    with parts().database.reading() as session:
        found = list(reversed(markers.within(session)))
    return render("markers.html", form=form, markers=found, back="")


def _back() -> ResponseReturnValue:
    """To the overview with its filters, where the form names it, else to the list."""
    wanted = request.form.get("back", "")
    is_overview = wanted.partition("?")[0] == url_for("admin_figures.index")
    if is_overview and wanted.isascii() and wanted.isprintable():
        return redirect(wanted, 303)
    return redirect(url_for(".index"), 303)
