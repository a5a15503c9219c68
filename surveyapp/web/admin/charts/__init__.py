"""Charts as plain geometry: what the macros of charts.html draw, on a wide and on a narrow sheet of paper."""

from surveyapp.web.admin.charts.axes import Tick, axis
from surveyapp.web.admin.charts.contribution_chart import Contribution, ContributionChart, contributions
from surveyapp.web.admin.charts.drawing import (
    Box,
    Chart,
    Key,
    Line,
    Outline,
    Part,
    Picture,
    Point,
    Sheet,
    Words,
)
from surveyapp.web.admin.charts.funnel import FunnelPlot, FunnelPoint, Outside, Standing, funnel_plot
from surveyapp.web.admin.charts.interval_line import IntervalLine, interval
from surveyapp.web.admin.charts.limits import LimitPoint
from surveyapp.web.admin.charts.stack_chart import Piece, StackChart, Tone, stack
from surveyapp.web.admin.charts.stages_chart import Stage, StagesChart, stages
from surveyapp.web.admin.charts.trend_chart import Mark, TrendChart, TrendPoint, trend
from surveyapp.web.admin.charts.units import Unit, figure, unit_of

__all__ = [
    "Box",
    "Chart",
    "Contribution",
    "ContributionChart",
    "FunnelPlot",
    "FunnelPoint",
    "IntervalLine",
    "Key",
    "LimitPoint",
    "Line",
    "Mark",
    "Outline",
    "Outside",
    "Part",
    "Picture",
    "Piece",
    "Point",
    "Sheet",
    "StackChart",
    "Stage",
    "StagesChart",
    "Standing",
    "Tick",
    "Tone",
    "TrendChart",
    "TrendPoint",
    "Unit",
    "Words",
    "axis",
    "contributions",
    "figure",
    "funnel_plot",
    "interval",
    "stack",
    "stages",
    "trend",
    "unit_of",
]
