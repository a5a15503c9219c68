"""Further tables of figures as rows: what explains a score, two ratings of one person, agents, markers."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

from surveyapp import agent_figures, explaining, markers, reports, targets
from surveyapp.agent_figures import AgentRow
from surveyapp.config import Settings
from surveyapp.core.access import AgentFigures, Reader
from surveyapp.core.decomposition import shown
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.periods import Grain, today
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.scoring import rounded
from surveyapp.db import Session
from surveyapp.explaining import FromTarget
from surveyapp.export_files import Row
from surveyapp.figure_words import decimals_of
from surveyapp.figures import Figures, row_of
from surveyapp.reports import Around
from surveyapp.selecting import By, Filter

GROUP, REST, ALL = "group", "rest", "all"
"""What a row is of: one group, the groups that are too few to stand alone, or all of them together."""

CHANGE_KEYS = (
    "metric",
    "row",
    "group",
    "previous_n",
    "n",
    "previous_share",
    "share",
    "previous_score",
    "score",
    "mix",
    "within",
    "together",
    "withheld",
)
TARGET_KEYS = (
    "metric",
    "row",
    "group",
    "n",
    "share",
    "score",
    "low",
    "high",
    "target",
    "distance_part",
    "withheld",
)
BOTH_KEYS = ("csat_group", "nps_group", "n", "share")
AGENT_KEYS = (
    "metric",
    "group",
    "left_on",
    "n",
    "score",
    "low",
    "high",
    "withheld",
    "place",
    "expected",
    "explained",
    "change",
    "change_low",
    "change_high",
    "change_demonstrable",
)
_OF_BOTH = (
    "metric",
    "n",
    "score",
    "low",
    "high",
    "withheld",
    "previous_n",
    "previous_score",
    "change",
    "change_low",
    "change_high",
    "change_demonstrable",
)
MARKER_KEYS = ("day", "event", "previous_from", "previous_to", "from", "to", *_OF_BOTH)


def change(
    session: Session, settings: Settings, reader: Reader, chosen: Filter, by: By, now: datetime
) -> list[Row]:
    """What each group adds to the change, and the sum of all as the last row; the parts as the page has them.

    The parts are rounded so that rows and columns add up. Where too few have answered there is the last row
    alone, withheld. Errors as of `explaining.by_change`.
    """
    found = explaining.by_change(session, settings, reader, chosen, by)
    metric = _metric(chosen)
    if found is None:
        figures = reports.scores(session, settings, reader, chosen, now=now, is_compared=True)[0]
        before = figures.before
        return [_withheld(CHANGE_KEYS, figures) | {"previous_n": before and before.n}]
    written = explaining.written_out(found, _decimals(metric))
    rows: list[Row] = [
        {
            "metric": metric,
            "row": REST if part.is_rest else GROUP,
            "group": part.group,
            "previous_n": part.n_before,
            "n": part.n_after,
            "previous_share": part.share_before,
            "share": part.share_after,
            "previous_score": part.score_before,
            "score": part.score_after,
            "mix": float(line.mix),
            "within": float(line.within),
            "together": float(line.total),
            "withheld": False,
        }
        for part, line in zip(found.parts, written.lines, strict=True)
    ]
    whole = {
        "metric": metric,
        "row": ALL,
        "group": None,
        "previous_n": sum(part.n_before for part in found.parts),
        "n": sum(part.n_after for part in found.parts),
        "previous_share": 100.0,
        "share": 100.0,
        "previous_score": float(found.before),
        "score": float(found.after),
        "mix": float(written.mix),
        "within": float(written.within),
        "together": float(written.change),
        "withheld": False,
    }
    return [*rows, whole]


def target(
    session: Session, settings: Settings, reader: Reader, chosen: Filter, by: By, now: datetime
) -> list[Row]:
    """What each group adds to the distance from the target, as `change`; no row without a target."""
    aim = targets.all_targets(session).get(_metric(chosen))
    value = aim.value if aim else Fraction()
    # Asked without a target too, so that what may not be asked is refused all the same.
    found = explaining.by_target(session, settings, reader, chosen, by, value)
    if aim is None:
        return []
    whole = reports.scores(session, settings, reader, chosen, now=now)[0]
    if found is None:
        return [_withheld(TARGET_KEYS, whole) | {"target": float(value)}]
    groups = reports.scores(session, settings, reader, chosen, by, now=now)
    return list(_of_target(found, whole, {each.group: each for each in groups}))


def both(
    session: Session, settings: Settings, reader: Reader, chosen: Filter, _by: By, _now: datetime
) -> list[Row]:
    """Nine pairs of groups, the share in percent; no row while too few have given both ratings."""
    found = explaining.cross(session, settings, reader, chosen)
    return [
        {"csat_group": csat, "nps_group": nps, "n": n, "share": 100 * n / found.n}
        for (csat, nps), n in (found.counts or {}).items()
    ]


def agents(
    session: Session, settings: Settings, reader: Reader, chosen: Filter, _by: By, now: datetime
) -> list[Row]:
    """As the page shows them: changes alone that are more than chance.

    Under pseudonyms every number is rounded as it is there. Errors as of `agent_figures.agents`.
    """
    found = agent_figures.agents(session, settings, reader, chosen, now=now)
    is_named = reader.agents is AgentFigures.NAMED
    return [_agent(row, is_named=is_named) for row in found.rows]


def around_markers(
    session: Session, settings: Settings, reader: Reader, chosen: Filter, _by: By, now: datetime
) -> list[Row]:
    """Each marker of the period's days by metric, the scores from its day on beside those before it.

    One row without figures for what has not begun, for what nobody has answered around, and for readers who
    see whole periods alone.
    """
    period = chosen.period
    if period is None:
        raise FieldError("from", Problem.MISSING)
    noted = markers.within(session, period)
    begun = {each.day for each in noted if each.day <= today(now, settings.timezone)}
    around: dict[Any, Around] = {}
    if begun and not reader.is_bound:
        found = reports.overview(
            session, settings, reader, chosen, Grain.MONTH, now=now, events=sorted(begun)
        )
        around = {each.day: each for each in found.around}
    rows: list[Row] = []
    for marker in noted:
        said = {"day": marker.day, "event": marker.words}
        known = list(_around(around[marker.day])) if marker.day in around else []
        rows += [said | each for each in known or [{}]]
    return rows


def _metric(chosen: Filter) -> Metric:
    if chosen.metric is None:
        raise FieldError("metric", Problem.MISSING)
    return chosen.metric


def _decimals(metric: Metric) -> int:
    """Of differences."""
    return decimals_of(metric) or 1


def _withheld(keys: tuple[str, ...], whole: Figures) -> dict[str, Any]:
    """All together, without anything that is computed from ratings."""
    row: dict[str, Any] = dict.fromkeys(keys)
    return row | {"metric": whole.metric, "row": ALL, "n": whole.n, "withheld": True}


def _of_target(found: FromTarget, whole: Figures, groups: dict[str | None, Figures]) -> Iterator[Row]:
    decimals = _decimals(whole.metric)
    parts = shown([part.part for part in found.parts], decimals, found.distance)
    for part, number in zip(found.parts, parts, strict=True):
        figures = None if part.is_rest else groups.get(part.group)
        score = figures.score if figures else None
        yield {
            "metric": whole.metric,
            "row": REST if part.is_rest else GROUP,
            "group": part.group,
            "n": part.n,
            "share": part.share,
            "score": part.score,
            "low": score and score.low,
            "high": score and score.high,
            "target": float(found.target),
            "distance_part": float(number),
            "withheld": False,
        }
    yield {
        "metric": whole.metric,
        "row": ALL,
        "group": None,
        "n": sum(part.n for part in found.parts),
        "share": 100.0,
        "score": float(found.score),
        "low": whole.score and whole.score.low,
        "high": whole.score and whole.score.high,
        "target": float(found.target),
        "distance_part": float(rounded(float(found.distance), decimals)),
        "withheld": False,
    }


def _agent(row: AgentRow, *, is_named: bool) -> Row:
    figures, moved = row.figures, row.figures.change
    told = row_of(figures)
    is_moved = moved is not None and moved.is_demonstrable
    if not is_moved:
        told |= dict.fromkeys(("change", "change_low", "change_high"))
    elif not is_named:
        # The page names the change and no interval.
        told |= dict.fromkeys(("change_low", "change_high"))
    told |= {
        "left_on": row.left_on,
        "place": row.place,
        "expected": row.expected and row.expected.expected,
        "explained": row.expected and row.expected.is_explained,
    }
    made = {key: told[key] for key in AGENT_KEYS}
    return made if is_named else _as_shown(figures.metric, made)


def _as_shown(metric: Metric, row: dict[str, Any]) -> Row:
    """With the decimals of the page."""
    decimals = dict.fromkeys(("score", "low", "high", "expected"), decimals_of(metric))
    decimals["change"] = _decimals(metric)
    less = {key: float(rounded(row[key], n)) for key, n in decimals.items() if row[key] is not None}
    return row | less


def _around(found: Around) -> Iterator[dict[str, Any]]:
    for figures in found.figures:
        if figures.metric not in SCALES:
            continue
        row = row_of(figures)
        yield {
            "previous_from": found.before.first,
            "previous_to": found.before.last,
            "from": found.after.first,
            "to": found.after.last,
        } | {key: row[key] for key in _OF_BOTH}
