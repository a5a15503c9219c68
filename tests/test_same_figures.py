"""The page's file, the API and the command show the same rows of the same filter."""

import csv
import json
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveyapp import figure_commands, preferences, shell
from surveyapp.core.access import AgentFigures, Role
from surveyapp.db import Database
from surveyapp.figures import KEYS
from surveyapp.keys import Scope
from tests.support.databases import ThrownAway
from tests.support.people import START, Site, opened
from tests.support.programs import program
from tests.support.staff import Staff, staff
from tests.test_exports import give

TEAMS = ("north", "Å b", "=x", None)
ANSWERS = st.lists(
    st.fixed_dictionaries(
        {
            "survey": st.sampled_from(["csat", "nps", "ces"]),
            "rating": st.integers(1, 5),
            "day": st.integers(0, 40),
            "about": st.fixed_dictionaries(
                {
                    "team": st.sampled_from(TEAMS),
                    "agent_ref": st.sampled_from(["anna", "erik"]),
                    "locale": st.sampled_from(["sv", "de"]),
                    "properties": st.sampled_from([{}, {"plan": "gold"}, {"plan": "a=b"}]),
                }
            ),
        }
    ),
    max_size=14,
)
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "metric": st.sampled_from(["csat", "nps"]),
        "team": st.sampled_from(["north", "Å b"]),
        "agent": st.just("anna"),
        "locale": st.just("sv"),
        "version": st.just("csat 1"),
        "property": st.sampled_from(["plan=gold", "plan=a=b"]),
        "pressed": st.just("true"),
    },
)
BY = st.sampled_from(
    [None, "agent", "team", "case_type", "locale", "version", "day", "week", "month", "property.plan"]
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    some=ANSWERS,
    limits=LIMITS,
    by=BY,
    first=st.integers(0, 20),
    length=st.integers(0, 40),
    is_compared=st.booleans(),
    smallest=st.integers(1, 3),
)
def test_everybody_reads_the_same_figures(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    some: list[dict[str, Any]],
    limits: dict[str, str],
    by: str | None,
    first: int,
    length: int,
    is_compared: bool,
    smallest: int,
) -> None:
    assert isinstance(database, ThrownAway)
    database.discard()
    site = opened(database, SMALLEST_N=str(smallest), SMALLEST_N_AGENT=str(smallest))
    with database.transaction() as session:
        preferences.save(session, {"agent_figures": AgentFigures.NAMED}, site.clock())
    for each in sorted(some, key=lambda each: int(each["day"])):
        site.clock.at = START + timedelta(days=each["day"])
        give(site, each["rating"], survey=each["survey"], **each["about"])
    site.clock.at = START + timedelta(days=50)
    start = START.date() + timedelta(days=first)
    query = {"from": f"{start}", "to": f"{start + timedelta(days=length)}", **limits}
    query |= {"by": by} if by else {}
    if is_compared and by not in ("day", "week", "month"):
        query["compare"] = "previous"

    page = of_page(site, query)
    assert of_file(site, query) == [{key: as_cell(row[key]) for key in KEYS} for row in page]
    assert program(site).get(f"/scores?{urlencode(query)}")["scores"] == page
    assert of_command(site, monkeypatch, query) == page


ONE = st.one_of(
    st.builds(
        lambda by: {"by": by}, st.sampled_from(["team", "locale", "case_type", "week", "property.plan"])
    ),
    st.sampled_from([{}, {"team": "north"}, {"locale": "sv"}, {"property": "plan=gold"}]),
)
CLOSED = st.sampled_from(
    [
        {"from": "2026-03-01", "to": "2026-03-31"},
        {"from": "2026-03-09", "to": "2026-03-15"},
        {"from": "2026-01-01", "to": "2026-03-31"},
    ]
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=ANSWERS, one=ONE, closed=CLOSED, is_compared=st.booleans(), smallest=st.integers(1, 3))
def test_whoever_may_not_open_answers_reads_the_same_figures_everywhere(
    database: Database,
    some: list[dict[str, Any]],
    one: dict[str, str],
    closed: dict[str, str],
    is_compared: bool,
    smallest: int,
) -> None:
    site = held_apart(database, some, AgentFigures.OFF, smallest)
    query = closed | one
    if is_compared and one.get("by") != "week":
        query["compare"] = "previous"
    address = f"/scores?{urlencode(query)}"
    viewer, api = staff(site, Role.VIEWER), program(site, Scope.READ)
    page, reply = viewer.get(f"/export/scores.jsonl?{urlencode(query)}"), api.call("GET", address)
    # What one of them may not ask, neither may.
    assert page.status == reply.status_code
    if page.status == 200:
        rows = [json.loads(line) for line in page.response.text.splitlines()]
        assert rows == api.get(address)["scores"]
        assert of_file(site, query, viewer) == [{key: as_cell(row[key]) for key in KEYS} for row in rows]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=ANSWERS, is_compared=st.booleans(), smallest=st.integers(1, 3))
def test_everybody_reads_the_same_figures_of_pseudonyms(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    some: list[dict[str, Any]],
    is_compared: bool,
    smallest: int,
) -> None:
    site = held_apart(database, some, AgentFigures.PSEUDONYMOUS, smallest)
    query = {"from": "2026-03-01", "to": "2026-03-31", "by": "agent"}
    query |= {"compare": "previous"} if is_compared else {}
    page = of_page(site, query)
    assert of_file(site, query) == [{key: as_cell(row[key]) for key in KEYS} for row in page]
    assert program(site).get(f"/scores?{urlencode(query)}")["scores"] == page
    assert of_command(site, monkeypatch, query) == page
    assert not {row["group"] for row in page} & {"anna", "erik"}
    # The table of the page of agents has the same answers behind it.
    for metric in {row["metric"] for row in page}:
        found = (
            staff(site, Role.ADMIN)
            .get(f"/export/agents.jsonl?{urlencode(query | {'metric': metric})}")
            .response.text
        )
        counts = {(row["group"], row["n"]) for row in map(json.loads, found.splitlines())}
        assert counts == {(row["group"], row["n"]) for row in page if row["metric"] == metric}


def held_apart(database: Database, some: list[dict[str, Any]], mode: AgentFigures, smallest: int) -> Site:
    """An installation of its own with these answers, after March is closed."""
    assert isinstance(database, ThrownAway)
    database.discard()
    site = opened(database, SMALLEST_N=str(smallest), SMALLEST_N_AGENT=str(smallest))
    with database.transaction() as session:
        preferences.save(session, {"agent_figures": mode}, site.clock())
    # Several of each, or hardly a figure would be shown.
    for each in sorted(some, key=lambda each: int(each["day"])):
        for _ in range(2):
            site.clock.at = START + timedelta(days=each["day"])
            give(site, each["rating"], survey=each["survey"], **each["about"])
    site.clock.at = START + timedelta(days=50)
    return site


def of_page(site: Site, query: dict[str, str]) -> list[dict[str, Any]]:
    found = staff(site, Role.ADMIN).get(f"/export/scores.jsonl?{urlencode(query)}")
    assert found.status == 200, found.text
    rows = [json.loads(line) for line in found.response.text.splitlines()]
    assert all(tuple(row) == KEYS for row in rows)
    return rows


def of_file(site: Site, query: dict[str, str], by: Staff | None = None) -> list[dict[str, str]]:
    found = (by or staff(site, Role.ADMIN)).get(f"/export/scores.csv?{urlencode(query)}")
    return list(csv.DictReader(StringIO(found.response.data.decode("utf-8-sig"), newline="")))


def of_command(site: Site, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]) -> Any:
    own = site.app.extensions["surveyapp"].settings
    monkeypatch.setattr(shell, "settings", lambda: own)
    monkeypatch.setattr(shell, "ready", lambda _: site.database)
    monkeypatch.setattr(shell, "now", site.clock)
    arguments = []
    for name, value in query.items():
        if name in ("pressed", "compare"):
            arguments.append(f"--{name}")
        else:
            arguments += [f"--{name.replace('_', '-')}", value]
    result = CliRunner().invoke(figure_commands.scores, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def as_cell(value: Any) -> str:
    """As a CSV file writes what JSON says."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith("=") else value
    return "" if value is None else json.dumps(value)
