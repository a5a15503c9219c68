"""The benchmarks run, and the one of the customer's click compares what may be compared."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from benchmarks.compare import quartiles
from benchmarks.dashboard import NOW, PAGES
from benchmarks.floor import Floor, create_floor, recorded
from benchmarks.flows import Flow, InProcess, prepare, run_flow
from benchmarks.year import fill
from surveyapp import reports
from surveyapp.app import create_app
from surveyapp.config import Settings, settings_from
from surveyapp.core.access import AgentFigures, operator
from surveyapp.core.scales import Metric
from surveyapp.db import Database, table_of
from surveyapp.links import Links, Purpose
from surveyapp.models import Answer, AnswerEvent, Invitation, Rating, Touch
from surveyapp.selecting import Filter
from tests.support.people import Clock, opened
from tests.support.served import environment

ROOT = Path(__file__).resolve().parents[1]
# What differs between two flows that are alike.
FLOWS_OWN = {"invitation_id", "at", "began_at", "day", "changed_at", "first_counted_at"}


@pytest.fixture
def settings(tmp_path: Path, own_database: Database) -> Settings:
    url = own_database.url.render_as_string(hide_password=False)
    return settings_from(environment(tmp_path, url, 8000, {}))


@pytest.fixture
def app(settings: Settings) -> Iterator[InProcess]:
    application = create_app(settings)
    yield InProcess(application)
    application.extensions["surveyapp"].database.dispose()


@pytest.fixture
def floor(settings: Settings) -> Iterator[Floor]:
    made = create_floor(settings)
    yield made
    made.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ("click.py", "--flows", "20", "--rounds", "2"),
        ("bulk.py", "--rows", "2000", "--rounds", "2"),
        ("mail.py", "--mails", "20", "--rounds", "2"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_each_benchmark_prints_a_ratio_for_both_databases(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, f"benchmarks/{arguments[0]}", *arguments[1:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    ratio = r"^(\w+) +ratio \d+\.\d+ \(quartiles \d+\.\d+ to \d+\.\d+[);]"
    assert re.findall(ratio, done.stdout, re.MULTILINE) == ["sqlite", "postgres"], done.stdout


def test_the_dashboards_benchmark_prints_seconds_and_their_growth_for_both_databases() -> None:
    sizes = ("--sizes", "100,300", "--rounds", "2")
    command = [sys.executable, "benchmarks/dashboard.py", *sizes]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    growth = (
        r"^(\w+) +([a-z0-9 ]+?) +300 answers +\d+\.\d+ s   growth \d+\.\d+ \(quartiles \d+\.\d+ to \d+\.\d+\)"
    )
    found = re.findall(growth, done.stdout, re.MULTILINE)
    assert found == [(kind, page) for kind in ("sqlite", "postgres") for page in PAGES], done.stdout


def test_the_synthetic_year_has_the_answers_that_it_says(database: Database) -> None:
    site = opened(database, Clock(NOW))
    fill(database, 700, NOW)
    with database.reading() as session:
        days = session.execute(select(func.min(Answer.day), func.max(Answer.day), func.count())).one()
        invited = session.execute(select(func.count(), func.count(Invitation.properties["plan"]))).one()
        found = reports.scores(session, site.settings, operator(AgentFigures.NAMED), Filter(), now=NOW)
    assert (days[1] - days[0]).days >= 360 and days[1] <= NOW.date()
    assert (days[2], *invited) == (700, 1400, 1400)
    people = {each.metric: each.n + each.held for each in found}
    assert set(people) == {Metric.CSAT, Metric.NPS, Metric.NKI}
    assert people[Metric.NKI] + people[Metric.CSAT] < 700 < sum(people.values())


def test_the_floor_replays_the_statements_of_any_flow(settings: Settings, floor: Floor) -> None:
    application = create_app(settings)
    database: Database = application.extensions["surveyapp"].database
    for token in prepare(database, settings, 2):
        with recorded(database.engine) as statements:
            run_flow(InProcess(application), token)
    replayed = [each.sql for method in ("GET", "POST") for each in floor.recipes[method].statements]
    assert [each.sql for each in statements] == replayed
    database.dispose()


def test_the_floor_leaves_the_same_rows_and_replies(
    settings: Settings, own_database: Database, app: InProcess, floor: Floor
) -> None:
    ours, bare = prepare(own_database, settings, 2)
    assert _sizes(run_flow(app, ours)) == _sizes(run_flow(InProcess(floor), bare))
    left = _rows(own_database, settings, ours)
    assert all(left.values())
    assert left == _rows(own_database, settings, bare)


def test_quartiles_lie_between_the_values_that_they_part() -> None:
    assert quartiles([3.0, 1.0, 2.0, 5.0, 4.0]) == (2.0, 3.0, 4.0)
    assert quartiles([7.0]) == (7.0, 7.0, 7.0)


def _sizes(flow: Flow) -> list[tuple[int, int]]:
    return [(reply.status, len(reply.body)) for reply in (flow.ask, flow.answer)]


def _rows(database: Database, settings: Settings, token: str) -> dict[str, list[dict[str, Any]]]:
    """Table -> what it holds of the token's invitation, but for what is of one flow alone."""
    invitation_id = Links(settings.link_keys).read(Purpose.ANSWER, token)
    with database.bare_reading() as connection:
        return {
            table.name: [
                {name: value for name, value in row.items() if name not in FLOWS_OWN}
                for row in connection.execute(
                    select(table).where(table.c.invitation_id == invitation_id)
                ).mappings()
            ]
            for table in map(table_of, (Touch, Answer, Rating, AnswerEvent))
        }
