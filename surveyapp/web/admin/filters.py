"""What pages with figures are about: a period and a filter, which stand in the address and can be shared."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import request, url_for

from surveyapp import choices, selecting
from surveyapp.core.access import AgentFigures, Permission, Reader, reader_of
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.periods import (
    Grain,
    Period,
    Preset,
    Whole,
    grain_for,
    is_closed,
    newest_closed,
    period_of,
    today,
    whole_of,
)
from surveyapp.core.scales import SCALES, Metric
from surveyapp.db import Session
from surveyapp.figure_words import Running, dimension_name, group_name, raised
from surveyapp.i18n import Language
from surveyapp.metric_names import metric_name
from surveyapp.names import Labels
from surveyapp.problems import field_sentence
from surveyapp.selecting import By, Dimension, Filter, by_of
from surveyapp.web.admin import guard
from surveyapp.web.wiring import parts, spoken_language

GROUPS = (
    Dimension.TEAM,
    Dimension.CASE_TYPE,
    Dimension.CHANNEL,
    Dimension.LOCALE,
    Dimension.VERSION,
    Dimension.AGENT,
)
"""What can be chosen one of, in the order in which it is offered; properties come behind them."""
OF_BOUND = (Preset.LAST_WEEK, Preset.LAST_MONTH, Preset.LAST_QUARTER, Preset.LAST_YEAR)
_WHOLES: Mapping[Preset, Whole] = dict(zip(OF_BOUND, Whole, strict=True))
_THIS: Mapping[Preset, Whole] = {
    Preset.THIS_WEEK: Whole.WEEK,
    Preset.THIS_MONTH: Whole.MONTH,
    Preset.THIS_QUARTER: Whole.QUARTER,
    Preset.THIS_YEAR: Whole.YEAR,
}
LONGEST, LONGEST_PROPERTY = 200, 500
"""Characters of a group as addresses write it; a property has its name before it."""
FILES = (("xlsx", "Excel"), ("csv", "CSV"), ("jsonl", "JSON Lines"))
"""The formats of files and their own names."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a list: what stands in the address, and what people read."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One list of the filter bar."""

    name: str
    label: str
    any_words: str
    """Of the choice that limits nothing."""
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """The filter bar, as `admin/figures_filters.html` draws it."""

    action: str
    kept: tuple[tuple[str, str], ...]
    """What else stands in the page's address, and stays there."""
    presets: tuple[Option, ...]
    first: tuple[Field, ...]
    more: tuple[Field, ...]
    reset: str
    period_words: str
    chips: tuple[str, ...]
    """What is chosen, in words, so that paper says it too."""


@dataclass(frozen=True, slots=True)
class Download:
    """One table as files of several formats."""

    words: str
    files: tuple[tuple[str, str], ...]
    """The format's name and the address."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the pages with figures."""

    url: str
    words: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address says."""

    filter: Filter
    period: Period
    preset: Preset | None
    """None: two days were given."""
    grain: Grain
    by: By | None
    reader: Reader
    problem: str
    """What of the address could not be used, as a sentence; the page shows what it can without it."""

    @property
    def query(self) -> dict[str, str]:
        """As the address says it, without the page's own values."""
        found, chosen = _period_query(self), self.filter
        found |= {"metric": str(chosen.metric)} if chosen.metric else {}
        found |= {name: value for name in GROUPS if (value := getattr(chosen, name))}
        found |= {"property": "=".join(chosen.of_property)} if chosen.of_property else {}
        found |= {"pressed": "1"} if chosen.is_pressed else {}
        found |= {"by": str(self.by)} if self.by else {}
        return {str(name): str(value) for name, value in found.items()}

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the period and the metric is chosen."""
        return bool({*self.query} - {"period", "from", "to", "metric", "by"})


def chosen(*, metric: Metric | None = None, preset: Preset = Preset.LAST_30) -> Chosen:
    """What this request's address says; `metric` and `preset` where it says nothing of them."""
    settings, args = parts().settings, request.args
    reader = reader_of(guard.viewer(), settings.own.agent_figures)
    read = _Reading(args)
    now = today(parts().clock(), settings.timezone)
    wanted = read.preset(Preset.LAST_MONTH if reader.is_bound else preset, reader)
    period = read.period(wanted, now, reader)
    filter_ = Filter(
        metric=read.metric() or metric,
        first=period.first,
        last=period.last,
        **read.groups(reader),
        of_property=read.of_property(),
        is_pressed=args.get("pressed") in ("1", "true") and not reader.is_bound,
    )
    return Chosen(
        filter=filter_,
        period=period,
        preset=None if read.has_days else wanted,
        grain=read.grain(period, reader),
        by=read.by(),
        reader=reader,
        problem=read.problem,
    )


def address(endpoint: str, about: Chosen, **changes: str | None) -> str:
    """Another page, or this one, about the same; None takes a value out.

    A new period takes the old one's place, however that was said.
    """
    values: dict[str, str | None] = dict(about.query)
    if changes.keys() & {"period", "from", "to"}:
        for name in ("period", "from", "to"):
            values.pop(name, None)
    values |= changes
    said: dict[str, Any] = {name: value for name, value in values.items() if value}
    return url_for(endpoint, **said)


def of_group(about: Chosen, by: By, value: str | None) -> dict[str, str | None]:
    """Changes for `address` that choose one group; none where it cannot be chosen."""
    if value is None or by.dimension.is_time:
        return {}
    if by.dimension is Dimension.PROPERTY:
        said = f"{by.name}={value}"
        # The first "=" ends the name.
        return {"property": said} if "=" not in by.name and _fits(said, LONGEST_PROPERTY) else {}
    return {by.dimension.value: value} if _fits(value, LONGEST) else {}


def error_in(about: Chosen, error: FieldError) -> Chosen:
    """With what a use case said of the choice, in the language of this request."""
    return replace(about, problem=field_sentence(error, spoken_language()))


def bar(session: Session, about: Chosen, labels: Labels, **kept: str | None) -> Bar:
    """The filter bar of this request's page; `kept` is what else its address says."""
    groups = tuple(_group_fields(session, about, labels, spoken_language()))
    stays = {"by": str(about.by) if about.by else None, **kept}
    endpoint = request.endpoint or ""
    return Bar(
        action=request.path,
        kept=tuple((name, value) for name, value in stays.items() if value),
        presets=tuple(presets(about)),
        first=(_metric_field(session, about),),
        more=groups,
        reset=address(endpoint, replace(about, filter=_reset(about)), **kept),
        period_words=period_words(about),
        chips=tuple(_chips(about, groups)),
    )


def tabs(about: Chosen) -> list[Tab]:
    """The pages with figures that this reader may see, about the same."""
    reads_comments = guard.viewer().may(Permission.COMMENTS)
    bare = replace(about, by=None)
    return [
        Tab(address(endpoint, bare), words(spoken_language()), endpoint == request.endpoint)
        for endpoint, may_see, words in _TABS
        if may_see(about.reader) and (reads_comments or endpoint != "admin_comments.index")
    ]


def downloads(about: Chosen, *tables: str, drawn: Chosen | None = None) -> list[Download]:
    """The files of the same: these tables of `admin_exports.figures`, and the answers where they may be had.

    Without those that hold single answers, for who may not export these. `drawn` is what the page's trend is
    about, where that is something else.
    """
    tongue, made = spoken_language(), []
    words = {
        # i18n: A file to download: the scores of a page
        "scores": tongue.gettext("Scores"),
        # i18n: A file to download: scores by day, week or month
        "trend": tongue.gettext("Trend"),
        # i18n: A file to download: how many were asked and answered
        "response": tongue.gettext("Response"),
        # i18n: A file to download, and the heading of a table
        "change": tongue.gettext("What each group adds to the change"),
        # i18n: A file to download, and the heading of a table
        "target": tongue.gettext("What each group adds to the distance from the target"),
        # i18n: A file to download: a table of two ratings
        "both": tongue.gettext("CSAT and NPS of the same people"),
        # i18n: A file to download: answers with CSAT 4 or 5, NPS 0 to 6
        "unconvinced": tongue.gettext("Satisfied, but would not recommend us"),
        # i18n: A file to download: figures of agents
        "agents": tongue.gettext("Agents"),
        # i18n: A file to download: things that happened on a day and may explain a change
        "markers": tongue.gettext("Dated markers"),
        # i18n: A file to download: the answers in which customers wrote something
        "comments": tongue.gettext("Answers with a comment"),
    }
    gets_answers = not about.reader.is_bound and guard.viewer().may(Permission.EXPORT)
    for table in tables:
        if table in ("comments", "unconvinced") and not gets_answers:
            continue
        its = drawn or about if table == "trend" else about
        kept = {"scores": {"compare": "previous"}, "trend": {"grain": str(its.grain)}}.get(table, {})
        files = (
            (name, address("admin_exports.figures", its, table=table, form=form, **kept))
            for form, name in FILES
        )
        made.append(Download(words[table], tuple(files)))
    if gets_answers:
        bare = replace(about, by=None)
        files = ((name, address("admin_exports.answers", bare, form=form)) for form, name in FILES)
        # i18n: A file to download: the answers one by one
        made.append(Download(tongue.gettext("Answers"), tuple(files)))
    return made


def presets(about: Chosen) -> list[Option]:
    """The periods by name."""
    tongue, offered = spoken_language(), OF_BOUND if about.reader.is_bound else tuple(Preset)
    return [Option(str(each), preset_words(tongue, each), each is about.preset) for each in offered]


def preset_words(tongue: Language, preset: Preset) -> str:
    """A period by its name."""
    return {
        # i18n: A period, in a list
        Preset.LAST_7: tongue.gettext("Last 7 days"),
        # i18n: A period, in a list
        Preset.LAST_30: tongue.gettext("Last 30 days"),
        # i18n: A period, in a list
        Preset.LAST_90: tongue.gettext("Last 90 days"),
        # i18n: A period, in a list
        Preset.THIS_WEEK: tongue.gettext("This week"),
        # i18n: A period, in a list
        Preset.LAST_WEEK: tongue.gettext("Last week"),
        # i18n: A period, in a list
        Preset.THIS_MONTH: tongue.gettext("This month"),
        # i18n: A period, in a list
        Preset.LAST_MONTH: tongue.gettext("Last month"),
        # i18n: A period, in a list
        Preset.THIS_QUARTER: tongue.gettext("This quarter"),
        # i18n: A period, in a list
        Preset.LAST_QUARTER: tongue.gettext("Last quarter"),
        # i18n: A period, in a list
        Preset.THIS_YEAR: tongue.gettext("This year"),
        # i18n: A period, in a list
        Preset.LAST_YEAR: tongue.gettext("Last year"),
    }[preset]


def dimensions(session: Session, about: Chosen) -> list[By]:
    """By what this reader may break figures down."""
    named = [By(each) for each in GROUPS if each is not Dimension.AGENT or _may_see_agents(about.reader)]
    seen = replace(about.filter, teams=about.reader.teams)
    return [*named, *(By(Dimension.PROPERTY, name) for name in choices.property_names(session, seen))]


def period_words(about: Chosen) -> str:
    """The days, in full: 1 October 2026 to 31 October 2026."""
    tongue = spoken_language()
    # i18n: A period. {first}: 1 October 2026, {last}: 31 October 2026
    return tongue.gettext(
        "{first} to {last}", first=tongue.date(about.period.first), last=tongue.date(about.period.last)
    )


def running(about: Chosen) -> Running | None:
    """The days of a period that is still running; None when it is over, or moves along with the days."""
    now = today(parts().clock(), parts().settings.timezone)
    if about.preset is not None and about.preset in _THIS:
        # It ends today as a period, but goes on to the end of the calendar's unit.
        last = whole_of(_THIS[about.preset], now).last
    elif about.preset is None:
        last = about.period.last
    else:
        return None
    if not about.period.first <= now <= last:
        return None
    return Running((now - about.period.first).days + 1, (last - now).days)


class _Reading:
    """Reads one part of an address at a time and keeps the first thing that cannot be used."""

    def __init__(self, args: Mapping[str, str]) -> None:
        self._args = args
        self.problem = ""
        self.has_days = False

    def preset(self, default: Preset, reader: Reader) -> Preset:
        said = self._args.get("period", "")
        if not said:
            return default
        if said not in set(Preset) or (reader.is_bound and said not in OF_BOUND):
            self._refuse(FieldError("period", Problem.WHOLE if reader.is_bound else Problem.UNKNOWN))
            return default
        return Preset(said)

    def period(self, preset: Preset, now: date, reader: Reader) -> Period:
        first, last = self._day("from"), self._day("to")
        if first and last and first <= last:
            found = Period(first, last)
            if not reader.is_bound or self._is_whole(found):
                self.has_days = True
                return found
            self._refuse(FieldError("from", Problem.WHOLE))
        elif first and last:
            self._refuse(FieldError("to", Problem.ORDER))
        elif first or last:
            self._refuse(FieldError("from" if last else "to", Problem.MISSING))
        if reader.is_bound:
            return newest_closed(_WHOLES[preset], parts().settings.timezone, parts().clock())
        return period_of(preset, now)

    def metric(self) -> Metric | None:
        said = self._args.get("metric", "")
        if said and said not in set(Metric):
            self._refuse(FieldError("metric", Problem.UNKNOWN))
            return None
        return Metric(said) if said else None

    def groups(self, reader: Reader) -> dict[str, Any]:
        found = {each.value: self._text(each.value) for each in GROUPS}
        if found["agent"] and reader.agents is not AgentFigures.NAMED:
            self._refuse(FieldError("agent", Problem.AGENTS_UNNAMED))
            found["agent"] = None
        return found

    def of_property(self) -> tuple[str, str] | None:
        name, equals, value = (self._text("property", LONGEST_PROPERTY) or "").partition("=")
        return (name, value) if name and equals else None

    def by(self) -> By | None:
        said = self._args.get("by", "")
        found = by_of(said[:LONGEST])
        if said and found is None:
            self._refuse(FieldError("by", Problem.UNKNOWN))
        return found

    def grain(self, period: Period, reader: Reader) -> Grain:
        said = self._args.get("grain", "")
        if reader.is_bound:
            return Grain.WEEK if said == Grain.WEEK else Grain.MONTH
        return Grain(said) if said in set(Grain) else grain_for(period)

    def _is_whole(self, period: Period) -> bool:
        # The file of a trend holds many whole weeks or months, which is for those to see who count them.
        is_trend = (
            request.endpoint == "admin_exports.figures" and "trend" in (request.view_args or {}).values()
        )
        is_whole = is_trend or period.whole is not None
        return is_whole and is_closed(period, parts().settings.timezone, parts().clock())

    def _day(self, name: str) -> date | None:
        said = self._args.get(name, "")
        if not said:
            return None
        try:
            day = date.fromisoformat(said)
        except ValueError:
            day = None
        if day is None or not selecting.EARLIEST <= day <= selecting.LATEST:
            self._refuse(FieldError(name, Problem.DATE))
            return None
        return day

    def _text(self, name: str, longest: int = LONGEST) -> str | None:
        said = self._args.get(name, "")
        if not _fits(said, longest):
            self._refuse(FieldError(name, Problem.UNKNOWN))
            return None
        return said or None

    def _refuse(self, error: FieldError) -> None:
        self.problem = self.problem or field_sentence(error, spoken_language())


def _fits(said: str, longest: int) -> bool:
    return len(said) <= longest and said.isprintable()


def _period_query(about: Chosen) -> dict[str, str]:
    if about.preset:
        return {"period": str(about.preset)}
    return {"from": about.period.first.isoformat(), "to": about.period.last.isoformat()}


_TABS: tuple[tuple[str, Callable[[Reader], bool], Callable[[Language], str]], ...] = (
    # i18n: One of the pages with figures: all metrics at a glance
    ("admin_figures.index", lambda _: True, lambda tongue: tongue.gettext("Overview")),
    # i18n: One of the pages with figures: by team, case type and so on
    ("admin_breakdown.index", lambda _: True, lambda tongue: tongue.gettext("Breakdown")),
    (
        "admin_agents.index",
        lambda reader: reader.agents is not AgentFigures.OFF,
        # i18n: One of the pages with figures: those of agents
        lambda tongue: tongue.gettext("Agents"),
    ),
    (
        "admin_act.index",
        lambda reader: not reader.is_bound,
        # i18n: One of the pages with figures: which groups explain a change or a distance from the target
        lambda tongue: tongue.gettext("Where to act first"),
    ),
    (
        "admin_both.index",
        lambda reader: not reader.is_bound,
        # i18n: One of the pages with figures: who is satisfied and would recommend us
        lambda tongue: tongue.gettext("CSAT and NPS"),
    ),
    (
        "admin_comments.index",
        lambda reader: not reader.is_bound,
        # i18n: One of the pages with figures: what customers wrote
        lambda tongue: tongue.gettext("Comments"),
    ),
)


def _may_see_agents(reader: Reader) -> bool:
    return reader.agents is AgentFigures.NAMED


def _metric_field(session: Session, about: Chosen) -> Field:
    """The metrics that this reader's teams have answers to, and the one that is chosen."""
    tongue = spoken_language()
    found = choices.metrics_of(session, about.reader.teams) | {about.filter.metric}
    # i18n: In a list of metrics: all of them
    everything = tongue.gettext("all metrics")
    # i18n: Label of a list of metrics
    label = tongue.gettext("Metric")
    options = tuple(
        Option(str(each), metric_name(tongue, each), each is about.filter.metric)
        for each in SCALES
        if each in found
    )
    return Field("metric", label, everything, options)


def _reset(about: Chosen) -> Filter:
    return Filter(metric=about.filter.metric, first=about.filter.first, last=about.filter.last)


def _chips(about: Chosen, groups: Iterable[Field]) -> Iterator[str]:
    if about.filter.metric:
        yield metric_name(spoken_language(), about.filter.metric)
    for field in groups:
        yield from (f"{field.label}: {option.words}" for option in field.options if option.is_chosen)
    if about.filter.is_pressed:
        # i18n: Says that a filter is on: answers that were counted by themselves, or by staff, are left out
        yield spoken_language().gettext("only answers that a person confirmed")


def _group_fields(session: Session, about: Chosen, labels: Labels, tongue: Language) -> Iterator[Field]:
    offered = dimensions(session, about)
    seen = replace(about.filter, teams=about.reader.teams)
    for by, found in choices.groups(session, seen, offered).items():
        name = "property" if by.dimension is Dimension.PROPERTY else by.dimension.value
        current = _current(about, by)
        options = tuple(
            Option(said, group_name(tongue, labels, by, value), value == current)
            for value in dict.fromkeys([*found, *([current] if current else [])])
            for said in of_group(about, by, value).values()
            if said
        )
        if len(options) > 1 or current:
            # i18n: In a list of teams, case types and so on: no limit
            yield Field(name, raised(dimension_name(tongue, by)), tongue.gettext("all"), options)


def _current(about: Chosen, by: By) -> str | None:
    if by.dimension is Dimension.PROPERTY:
        name, value = about.filter.of_property or ("", "")
        return value if name == by.name else None
    found: str | None = getattr(about.filter, by.dimension.value)
    return found
