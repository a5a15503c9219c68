"""The overview: how we are doing, whether that is a real change, and what is waiting."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from flask import request
from flask.typing import ResponseReturnValue

from surveyapp import markers, overview, reports
from surveyapp.core.access import Permission
from surveyapp.core.errors import FieldError
from surveyapp.core.periods import Grain, Period, Whole, is_closed, whole_of
from surveyapp.core.scales import Metric
from surveyapp.db import Session
from surveyapp.models import Marker
from surveyapp.names import Labels
from surveyapp.reports import Overview, Step
from surveyapp.selecting import Filter
from surveyapp.web.admin import cards, filters, guard
from surveyapp.web.admin.filters import Chosen
from surveyapp.web.admin.frame import render
from surveyapp.web.admin.markers import AddForm
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("figures")

CLOSED_STEPS = 12
"""So many steps has a trend of whole periods: a year of months."""
MOST_MARKERS = 20
"""The newest ones: with more no trend can be read. The list of all is a page of its own."""
MOST_DAYS = {Grain.DAY: 92, Grain.WEEK: 2 * 366}
"""A finer trend over more days would be a smear."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to draw the trends."""

    url: str
    words: str
    is_chosen: bool


@bp.get("/figures")
@guard.needs(Permission.FIGURES)
def index() -> ResponseReturnValue:
    """Everything at a glance, of the period and the filter in the address."""
    about, tongue, now = filters.chosen(), spoken_language(), parts().clock()
    grain, over = _trend_of(about)
    with parts().database.reading() as session:
        waiting = overview.waiting(session, guard.viewer(), parts().settings, now)
        bar = filters.bar(session, about, Labels(session), grain=request.args.get("grain"))
        events = markers.within(session, over)[-MOST_MARKERS:]
        found, about = _found(session, about, grain, over, events)
    asked = cards.together(found.asked.values()) if found else None
    return render(
        "figures.html",
        about=about,
        bar=bar,
        tabs=filters.tabs(about),
        downloads=filters.downloads(
            about, "scores", "trend", "response", "markers", drawn=_drawn(about, grain, over, found)
        ),
        waiting=waiting,
        found=found,
        # Where nobody has ever answered, the page says how answers come in.
        cards=_cards(about, found, events) if bar.first[0].options else [],
        grains=list(_choices(about, grain)),
        grain_words=cards.grain_words(tongue, grain),
        asked=asked,
        funnel=cards.funnel(tongue, asked) if asked and asked.invited else None,
        events=cards.marked(tongue, events, found.around) if found else [],
        form=AddForm(),
        address=filters.address,
        days=lambda period: cards.days(tongue, period),
        has_answers=bool(bar.first[0].options),
        everything=filters.address("admin_figures.index", replace(about, filter=Filter())),
        back=filters.address("admin_figures.index", about, grain=request.args.get("grain")),
    )


def _found(
    session: Session, about: Chosen, grain: Grain, over: Period, events: Sequence[Marker]
) -> tuple[Overview | None, Chosen]:
    """What is known; or None, with what is wrong with the question."""
    try:
        found = reports.overview(
            session,
            parts().settings,
            about.reader,
            about.filter,
            grain,
            now=parts().clock(),
            over=over,
            events=[each.day for each in events],
        )
    except FieldError as error:
        return None, filters.error_in(about, error)
    if about.reader.is_bound:
        found = replace(found, trends=_since_the_first(found.trends))
    return found, about


def _since_the_first(trends: Mapping[Metric, Sequence[Step]]) -> dict[Metric, list[Step]]:
    """Without the steps, of a length that nobody chose, before anybody had answered."""
    begun = [index for steps in trends.values() for index, step in enumerate(steps) if step.figures.n]
    start = min(begun, default=0)
    return {metric: list(steps[min(start, len(steps) - 2) :]) for metric, steps in trends.items()}


def _drawn(about: Chosen, grain: Grain, over: Period, found: Overview | None) -> Chosen:
    """What the trends are about: as finely and of the days that they are drawn."""
    drawn = replace(about, grain=grain)
    if not about.reader.is_bound:
        return drawn
    trends = found.trends.values() if found else []
    first = min((steps[0].period.first for steps in trends), default=over.first)
    return replace(drawn, preset=None, period=Period(first, over.last))


def _cards(about: Chosen, found: Overview | None, events: Sequence[Marker]) -> list[cards.Card]:
    if found is None:
        return []
    return cards.cards(spoken_language(), found, events, about.period, filters.running(about))


def _trend_of(about: Chosen) -> tuple[Grain, Period]:
    """How finely the trends are drawn, and what they cover."""
    if about.reader.is_bound:
        return _closed_trend(about)
    grain, number = about.grain, about.period.days
    # Unless somebody wants to see the days: on most of them few answer, and weekdays differ by themselves.
    if grain is Grain.DAY and number > (366 if "grain" in request.args else 14):
        grain = Grain.WEEK
    return (Grain.MONTH if grain is Grain.WEEK and number > 5 * 366 else grain), about.period


def _closed_trend(about: Chosen) -> tuple[Grain, Period]:
    """A period of their choice is one step: it is shown among those before it."""
    said = request.args.get("grain", Grain.WEEK if about.period.whole is Whole.WEEK else Grain.MONTH)
    grain = Grain.WEEK if said == Grain.WEEK and not about.is_narrowed else Grain.MONTH
    last = whole_of(Whole(grain), about.period.last)
    while not is_closed(last, parts().settings.timezone, parts().clock()):
        last = last.previous
    first = last
    for _ in range(CLOSED_STEPS - 1):
        first = first.previous
    return grain, Period(first.first, last.last)


def _choices(about: Chosen, chosen: Grain) -> Iterator[Choice]:
    for grain in Grain:
        if grain is chosen or _may_choose(about, grain):
            url = filters.address("admin_figures.index", about, grain=str(grain))
            yield Choice(url, cards.grain_words(spoken_language(), grain), grain is chosen)


def _may_choose(about: Chosen, grain: Grain) -> bool:
    if about.reader.is_bound:
        return grain is Grain.MONTH or (grain is Grain.WEEK and not about.is_narrowed)
    least = {Grain.DAY: 2, Grain.WEEK: 8, Grain.MONTH: 32}[grain]
    return least <= about.period.days <= MOST_DAYS.get(grain, about.period.days)
