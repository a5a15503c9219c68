"""What figures are counted in, how they are written and how an axis of them may run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from surveyapp.core.scales import Metric
from surveyapp.i18n import Language


class Unit(StrEnum):
    """What a figure is counted in."""

    NPS = "nps"
    PERCENT = "percent"
    MEAN7 = "mean7"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Rule:
    """How the axis of a unit may run: never below `least` wide, so that noise does not look like news.

    `fine` is the number of decimals of a difference.
    """

    lowest: float
    highest: float
    least: float
    steps: tuple[float, ...]
    shown: Callable[[Language, float], str]
    tick: Callable[[Language, float], str]
    fine: int = 1


_TENTHS = (0.1, 0.2, 0.5, 1.0)
_WHOLE = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)

RULES: Mapping[Unit, Rule] = {
    Unit.NPS: Rule(-100, 100, 20, _WHOLE, Language.signed, Language.signed),
    Unit.PERCENT: Rule(0, 100, 10, _WHOLE, Language.percent, Language.percent),
    Unit.MEAN7: Rule(
        1,
        7,
        1,
        _TENTHS,
        shown=lambda language, value: language.number(value, 2),
        tick=lambda language, value: language.number(value, 0 if value == int(value) else 1),
        fine=2,
    ),
    Unit.INDEX: Rule(0, 100, 10, _WHOLE, Language.number, Language.number),
}

_UNITS: Mapping[Metric, Unit] = {
    Metric.NPS: Unit.NPS,
    Metric.CSAT: Unit.PERCENT,
    Metric.CES: Unit.MEAN7,
    Metric.CES_EASE: Unit.MEAN7,
    Metric.NKI: Unit.INDEX,
    Metric.SOLVED: Unit.PERCENT,
    Metric.TREATMENT: Unit.PERCENT,
    Metric.COMPETENCE: Unit.PERCENT,
}


def unit_of(metric: Metric) -> Unit:
    """The unit of its headline; KeyError for OPEN, which has none."""
    return _UNITS[metric]


def figure(unit: Unit, value: float, language: Language) -> str:
    """A score as people read it."""
    return RULES[unit].shown(language, value)
