"""What a program asks for in an address, as a filter of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_smorest import abort

from surveyapp.core.access import AgentFigures
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.scales import Metric
from surveyapp.selecting import Filter
from surveyapp.web.api.guard import reader


def filter_of(query: dict[str, Any]) -> Filter:
    """The filter of what is left in the query.

    Replies with the problem when an agent is chosen where agents are not named.
    """
    if "agent" in query and reader().agents is not AgentFigures.NAMED:
        _refuse(FieldError("agent", Problem.AGENTS_UNNAMED))
    said = dict(query)
    of_property = said.pop("property", None)
    metric = said.pop("metric", None)
    return Filter(
        **said,
        metric=Metric(metric) if metric else None,
        of_property=tuple(of_property.split("=", 1)) if of_property else None,
    )


@contextmanager
def naming_parameters() -> Iterator[None]:
    """A use case's complaint about a field becomes one about the parameter of that name."""
    try:
        yield
    except FieldError as error:
        _refuse(error)


def _refuse(error: FieldError) -> None:
    name = "property" if error.field == "of_property" else error.field
    abort(422, messages={"query": {name: [error]}})
