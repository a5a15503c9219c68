"""Scores as the operator reads them, of an installation that names its agents."""

from typing import Any

from sqlalchemy.orm import Session

from surveyapp import reports
from surveyapp.config import Settings
from surveyapp.core.access import AgentFigures, operator
from surveyapp.figures import Figures
from surveyapp.selecting import By, Dimension, Filter
from tests.support.people import START

DIMENSIONS = tuple(each for each in Dimension if each is not Dimension.PROPERTY)
"""Those that need no name."""


def scores(
    session: Session,
    settings: Settings,
    chosen: Filter | None = None,
    by: Dimension | None = None,
    **more: Any,
) -> list[Figures]:
    """The figures of the filter."""
    return reports.scores(
        session,
        settings,
        operator(AgentFigures.NAMED),
        chosen or Filter(),
        By(by) if by else None,
        **{"now": START, **more},
    )
