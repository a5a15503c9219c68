"""What is said of one metric of one group: its score and how sure it is, or why none is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from surveyapp.core.evidence import State
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.scoring import Change, Score, change, contrast, is_withheld, score
from surveyapp.tallies import Asked

FEW = "few"
"""Why a score is withheld: fewer answers than the smallest number that is shown."""


@dataclass(frozen=True, slots=True)
class Before:
    """The same metric and group in the period before."""

    n: int
    score: Score | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """One metric of one group. `group` None: everything, or what has no such value."""

    metric: Metric
    group: str | None
    n: int
    held: int
    refused: int
    invited: int
    """Of the cohort whose mail was accepted on the filter's days (`tallies.Asked`)."""
    accepted: int
    opened: int
    answered: int
    commented: int
    score: Score | None
    """None when withheld, when nobody has answered, and for open comments, which have no score."""
    why: str | None
    """Why the score is withheld: "few" answers, one that "protects" another group or is "alone" enough to
    point at single tickets; None when it is not."""
    smallest: int
    """With so many answers a score is shown."""
    before: Before | None = None
    """None when no comparison was asked for."""
    change: Change | None = None
    """After less before; None when not asked for, or when a side is withheld or without answers."""
    contrast: Change | None = None
    """The group less all others; None as for `change`, and where there are no groups."""

    @property
    def is_withheld(self) -> bool:
        """Whether there are answers whose score is not shown."""
        return self.why is not None

    @property
    def response_rate(self) -> float | None:
        """Percent of the accepted ones that were answered (DOMAIN.md); None when none was accepted."""
        return 100 * self.answered / self.accepted if self.accepted else None


def figures_of(
    metric: Metric,
    group: str | None,
    tally: Mapping[int, int],
    states: Mapping[str, int],
    asked: Asked,
    smallest: int,
    *,
    why: str | None = None,
) -> Figures:
    """The figures of these counts; withheld for `why`, else when they are fewer than `smallest`."""
    n = sum(tally.values()) if metric in SCALES else states.get(State.COUNTED, 0)
    # Nobody's answers need no protection: no score is said as such.
    why = None if n == 0 else why or (FEW if is_withheld(n, smallest) else None)
    return Figures(
        metric=metric,
        group=group,
        n=n,
        held=states.get(State.HELD, 0),
        refused=states.get(State.REFUSED, 0),
        invited=asked.invited,
        accepted=asked.accepted,
        opened=asked.opened,
        answered=asked.answered,
        commented=asked.commented,
        score=None if why or metric not in SCALES else score(metric, tally),
        why=why,
        smallest=smallest,
    )


def compared(
    figures: Figures, before: Figures, tally: Mapping[int, int], tally_before: Mapping[int, int]
) -> Figures:
    """With the period before; of a side that is withheld no change is told."""
    found = Before(before.n, before.score, before.why)
    if figures.score is None or before.score is None:
        return replace(figures, before=found)
    return replace(figures, before=found, change=change(figures.metric, tally_before, tally))


def contrasted(figures: Figures, tally: Mapping[int, int], whole: Mapping[int, int]) -> Figures:
    """With the difference from everybody else in `whole`, when there is a score to compare."""
    if figures.score is None:
        return figures
    return replace(figures, contrast=contrast(figures.metric, whole, tally))


def order(cell: tuple[Metric, str | None]) -> tuple[int, bool, str]:
    """The metrics as they are listed, then the groups; what has no value comes last."""
    metric, group = cell
    return list(Metric).index(metric), group is None, group or ""


def row_of(figures: Figures) -> dict[str, Any]:
    """The figures as programs and files read them: unrounded, in the headline's unit, groups as counts."""
    found, scale = figures.score, SCALES.get(figures.metric)
    row: dict[str, Any] = {
        "metric": figures.metric,
        "group": figures.group,
        "n": figures.n,
        "score": found and found.value,
        "low": found and found.low,
        "high": found and found.high,
        "mean": found and found.mean,
        "favourable": found and found.favourable,
        "neutral": found and found.neutral,
        "unfavourable": found and found.unfavourable,
        "held": figures.held,
        "refused": figures.refused,
        "withheld": figures.is_withheld,
        "direction": scale and scale.better,
        "invited": figures.invited,
        "accepted": figures.accepted,
        "opened": figures.opened,
        "answered": figures.answered,
        "commented": figures.commented,
        "response_rate": figures.response_rate,
    }
    return row | _changes(figures)


def _changes(figures: Figures) -> dict[str, Any]:
    """Null throughout when no comparison was asked for or none can be made."""
    before, moved, other = figures.before, figures.change, figures.contrast
    return {
        "previous_n": before and before.n,
        "previous_score": before and before.score and before.score.value,
        "change": moved and moved.difference,
        "change_low": moved and moved.low,
        "change_high": moved and moved.high,
        "change_demonstrable": moved.is_demonstrable if moved else None,
        "difference": other and other.difference,
        "difference_low": other and other.low,
        "difference_high": other and other.high,
        "difference_demonstrable": other.is_demonstrable if other else None,
    }


KEYS = tuple(row_of(figures_of(Metric.OPEN, None, {}, {}, Asked(), smallest=1)))
"""What every row of figures holds, in order, wherever it is read."""
