"""Where to act first: which groups explain a change of the score, or its distance from the target."""

import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField
from wtforms.validators import StopValidation

from surveyapp import choices, explaining, reports, targets
from surveyapp.core.access import Permission
from surveyapp.core.errors import FieldError, NotAllowedError, Problem
from surveyapp.core.scales import SCALES, Metric
from surveyapp.db import Session
from surveyapp.figure_words import (
    PERCENTAGES,
    Moved,
    changed,
    dimension_name,
    figure,
    raised,
    title,
)
from surveyapp.figures import Figures
from surveyapp.metric_names import metric_name
from surveyapp.names import Labels
from surveyapp.selecting import By, Dimension
from surveyapp.targets import Aim
from surveyapp.web.admin import filters, guard
from surveyapp.web.admin.act_rows import (
    ChangeTold,
    Naming,
    TargetTold,
    change_told,
    days,
    target_told,
)
from surveyapp.web.admin.breakdown import with_metric
from surveyapp.web.admin.filters import Chosen, Download, Tab
from surveyapp.web.admin.forms import Form, line, needed
from surveyapp.web.admin.forms import say as what_is_wrong
from surveyapp.web.admin.frame import render, say
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("act")

TARGET = "target"


class ScoreField(StringField):
    """A score as people type it: 85, −10, 5.7 or 5,7; None for nothing."""

    def process_formdata(self, valuelist: Any) -> None:
        """What was typed, as a number where it is one."""
        typed = (valuelist[0] if valuelist else "").strip()
        self.raw = typed
        try:
            number = Decimal(unicodedata.normalize("NFKC", typed).replace("−", "-").replace(",", "."))
        except InvalidOperation:
            self.data: Any = typed or None
        else:
            self.data = float(number) if number.is_finite() and len(typed) < 10 else typed

    def _value(self) -> str:
        return str(getattr(self, "raw", "") or self.data or "")

    def pre_validate(self, _form: Any) -> None:
        """Something that is no number cannot be one of the metric's scores."""
        if self.data is None:
            raise StopValidation(what_is_wrong(Problem.MISSING))
        if not isinstance(self.data, float):
            # i18n: What is wrong with a field for a score
            raise StopValidation(spoken_language().gettext("This is no number."))


class TargetForm(Form):
    """What to reach, and what for."""

    value = ScoreField("")
    purpose = line("", needed, longest=targets.LONGEST)

    def __init__(self, metric: Metric, **values: Any) -> None:
        super().__init__(**values)
        tongue, (self.low, self.high) = spoken_language(), targets.BOUNDS[metric]
        self.decimals = targets.DECIMALS.get(metric, 0)
        # i18n: Label of a field: the score that is to be reached
        self.value.label.text = tongue.gettext("Target")
        self.value.flags.required = True
        self.value.render_kw = {"class": "number", "autocomplete": "off", "maxlength": 9}
        # i18n: Label of a field: why this score is to be reached
        self.purpose.label.text = tongue.gettext("What for")
        self.purpose.render_kw = {"autocomplete": "off"}

    @property
    def hint(self) -> str:
        """Which numbers there are."""
        tongue = spoken_language()
        ends = {"low": tongue.number(self.low), "high": tongue.number(self.high)}
        if self.decimals:
            # i18n: What can stand in a field. {low}: 1, {high}: 7
            return tongue.gettext("A number from {low} to {high} with up to two decimals.", **ends)
        # i18n: What can stand in a field. {low}: −100, {high}: 100
        return tongue.gettext("A whole number from {low} to {high}.", **ends)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to say; what does not apply is None or ""."""

    figures: Figures | None = None
    moved: Moved | None = None
    withheld: str = ""
    """Why nothing can be explained."""
    change: ChangeTold | None = None
    target: TargetTold | None = None


@bp.get("/figures/act")
@guard.needs(Permission.FIGURES)
def index() -> ResponseReturnValue:
    """Against the period before, or against the target."""
    about = _about()
    return _page(about, TARGET if request.args.get("view") == TARGET else "")


@bp.post("/figures/act/target")
@guard.needs(Permission.TARGETS)
def set_target() -> ResponseReturnValue:
    """Set the target of the metric that the address names."""
    about = _about()
    try:
        metric = _named_metric()
    except FieldError as error:
        return _page(filters.error_in(about, error), TARGET), 422
    form = TargetForm(metric)
    if not form.is_sent():
        return _page(about, TARGET, form), 422
    try:
        with parts().database.transaction() as session:
            targets.set_target(
                session,
                guard.viewer().id,
                metric,
                form.value.data,
                form.purpose.data or "",
                parts().clock(),
            )
    except FieldError as error:
        form.blame(error)
        return _page(about, TARGET, form), 422
    # i18n: Said after the score that is to be reached was entered
    say(spoken_language().gettext("The target is set."))
    return redirect(filters.address(".index", about, view=TARGET), 303)


@bp.post("/figures/act/target/remove")
@guard.needs(Permission.TARGETS)
def remove_target() -> ResponseReturnValue:
    """Take the target of the metric away."""
    about = _about()
    try:
        metric = _named_metric()
    except FieldError as error:
        return _page(filters.error_in(about, error), TARGET), 422
    with parts().database.transaction() as session:
        targets.remove_target(session, guard.viewer().id, metric, parts().clock())
    # i18n: Said after the score that was to be reached was taken away
    say(spoken_language().gettext("There is no target any more."))
    return redirect(filters.address(".index", about, view=TARGET), 303)


def _about() -> Chosen:
    """What the address says, by case type and about the metric with the most answers where it is silent."""
    about = filters.chosen()
    if about.reader.is_bound:
        raise NotAllowedError("Who may not open single answers may not see what makes up a score.")
    about = replace(about, by=about.by or By(Dimension.CASE_TYPE))
    if about.filter.metric in SCALES:
        return about
    with parts().database.reading() as session:
        try:
            about, _ = with_metric(session, about)
        except FieldError as error:
            return filters.error_in(about, error)
        if about.filter.metric is None:
            # Nobody answered in this period: a target can be set all the same.
            found = choices.metrics_of(session, about.reader.teams)
            metric = next((metric for metric in SCALES if metric in found), None)
            about = replace(about, filter=replace(about.filter, metric=metric))
    return about


def _named_metric() -> Metric:
    """That of the address itself: where it names none that has targets, no other one's is touched."""
    said = request.args.get("metric", "")
    if said not in set(targets.BOUNDS):
        raise FieldError("metric", Problem.UNKNOWN if said else Problem.MISSING)
    return Metric(said)


def _page(about: Chosen, view: str, form: TargetForm | None = None) -> str:
    metric, found, aim = about.filter.metric, Found(), None
    with parts().database.reading() as session:
        labels = Labels(session)
        if metric is not None:
            aim = targets.all_targets(session).get(metric)
            try:
                found = _found(session, about, labels, view, aim)
            except FieldError as error:
                about = filters.error_in(about, error)
        bar = filters.bar(session, about, labels, view=view)
        dimensions = filters.dimensions(session, about)
    here = filters.address(".index", about, view=view)
    return render(
        "act.html",
        about=about,
        # After a form was sent, the bar belongs to the page and not to where it was sent.
        downloads=_downloads(about, found),
        bar=replace(bar, action=url_for(".index"), reset=bar.reset if request.method == "GET" else here),
        tabs=filters.tabs(about),
        view=view,
        views=_views(about, view),
        dimensions=_dimensions(about, dimensions, view),
        dimension=raised(dimension_name(spoken_language(), about.by)) if about.by else "",
        metric=metric and title(spoken_language(), metric),
        unit=metric and _unit(metric),
        periods=(days(spoken_language(), about.period.previous), days(spoken_language(), about.period)),
        found=found,
        aim=aim,
        aimed=aim and figure(spoken_language(), aim.metric, float(aim.value)),
        form=form or (_blank(aim, metric) if metric and guard.viewer().may(Permission.TARGETS) else None),
        to_set=filters.address(".set_target", about),
        to_remove=filters.address(".remove_target", about),
    )


def _found(session: Session, about: Chosen, labels: Labels, view: str, aim: Aim | None) -> Found:
    settings, reader, chosen, now = parts().settings, about.reader, about.filter, parts().clock()
    by = about.by or By(Dimension.CASE_TYPE)
    naming = Naming(spoken_language(), labels, about, by)
    figures = reports.scores(session, settings, reader, chosen, now=now, is_compared=not view)[0]
    if view and aim:
        distance = explaining.by_target(session, settings, reader, chosen, by, aim.value)
        groups = reports.scores(session, settings, reader, chosen, by, now=now)
        if distance is not None and figures.score is not None:
            told = target_told(naming, figures.score, distance, {each.group: each for each in groups})
            return Found(figures, target=told)
    elif not view:
        explained = explaining.by_change(session, settings, reader, chosen, by)
        if explained is not None:
            moved = changed(naming.tongue, figures)
            return Found(figures, moved, change=change_told(naming, figures, explained))
    return Found(figures, withheld=_why_none(figures) if aim or not view else "")


def _downloads(about: Chosen, found: Found) -> list[Download]:
    """The table that is there."""
    if found.change is None and found.target is None:
        return []
    return filters.downloads(about, "change" if found.change else "target")


def _why_none(figures: Figures) -> str:
    """Why nothing can be explained: too few answers now, or in the period before."""
    tongue, before = spoken_language(), figures.before
    if figures.n == 0:
        # i18n: In place of what explains a change of a score
        return tongue.gettext("Nobody has answered in this period.")
    if figures.score is None or before is None:
        # i18n: In place of what explains a change of a score. {n}: 7, {smallest}: 10
        return tongue.gettext(
            "There are too few answers in this period ({n} of {smallest}).",
            n=tongue.number(figures.n),
            smallest=tongue.number(figures.smallest),
        )
    if before.n == 0:
        # i18n: In place of what explains a change of a score
        return tongue.gettext("Nobody answered in the period before, so there is nothing to compare with.")
    # i18n: In place of what explains a change of a score. {n}: 7, {smallest}: 10
    return tongue.ngettext(
        "In the period before there was {n} answer; it takes {smallest} to compare.",
        "In the period before there were {n} answers; it takes {smallest} to compare.",
        before.n,
        smallest=tongue.number(figures.smallest),
    )


def _views(about: Chosen, view: str) -> list[Tab]:
    tongue = spoken_language()
    return [
        # i18n: A tab: what explains how a score has changed
        Tab(filters.address(".index", about), tongue.gettext("Against the period before"), not view),
        Tab(
            filters.address(".index", about, view=TARGET),
            # i18n: A tab: what explains how far a score lies from its target
            tongue.gettext("Against the target"),
            view == TARGET,
        ),
    ]


def _dimensions(about: Chosen, found: list[By], view: str) -> list[Tab]:
    """What the score can be taken apart by: not by agents, whom nobody is to act upon."""
    return [
        Tab(
            filters.address(".index", about, by=str(by), view=view),
            raised(dimension_name(spoken_language(), by)),
            by == about.by,
        )
        for by in found
        if by.dimension is not Dimension.AGENT
    ]


def _unit(metric: Metric) -> str:
    """What the parts are counted in."""
    tongue = spoken_language()
    if metric in PERCENTAGES:
        # i18n: Above a table: what its numbers are counted in
        return tongue.gettext("All parts are in percentage points.")
    # i18n: Above a table: what its numbers are counted in. {metric}: Willingness to recommend (NPS)
    return tongue.gettext("All parts are in points of {metric}.", metric=metric_name(tongue, metric))


def _blank(aim: Aim | None, metric: Metric) -> TargetForm:
    if aim is None:
        return TargetForm(metric)
    value = spoken_language().number(float(aim.value), 0 if aim.value.denominator == 1 else 2)
    return TargetForm(metric, value=value, purpose=aim.purpose)
