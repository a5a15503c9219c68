"""Measure the app and its floor in turn, and print what the one costs over the other."""

import argparse
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import func, select

from benchmarks.flows import Browser, Flow, prepare, run_flow
from surveyapp.config import Settings, settings_from
from surveyapp.db import Database, table_of
from surveyapp.models import Answer, AnswerEvent, Invitation, Rating, Touch
from tests.support import postgres
from tests.support.databases import SqliteFiles
from tests.support.processes import free_port, running
from tests.support.served import COMMAND, environment

WARM_UP = 50
MOST_FLOWS, MOST_ROUNDS, MOST_SECONDS = 5_000, 100, 900
KINDS = ("sqlite", "postgres")
ROOT = Path(__file__).resolve().parents[1]
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figures:
    """CPU seconds a flow, of the app and of its floor, round by round."""

    app: list[float]
    floor: list[float]

    @property
    def ratios(self) -> list[float]:
        """The app's CPU over the floor's, round by round."""
        return [app / floor for app, floor in zip(self.app, self.floor, strict=True)]


class Clones(Protocol):
    """Where a side gets a migrated, empty database of its own."""

    def clone(self) -> str:
        """The database's URL."""


class Side:
    """One of the two servers, its database and the invitations that are left."""

    def __init__(self, pid: int, port: int, settings: Settings, invitations: int) -> None:
        self._pid, self._port = pid, port
        self.database = Database(settings.database_url)
        self._tokens = iter(prepare(self.database, settings, invitations))

    def run(self, flows: int) -> float:
        """CPU seconds of the server's processes for each of so many flows."""
        before = cpu_seconds(self._pid)
        for _ in self.replies(flows):
            pass
        return (cpu_seconds(self._pid) - before) / flows

    def replies(self, flows: int) -> Iterator[Flow]:
        """Run so many flows over one new connection: the server drops one that waits for its next turn."""
        with closing(Browser(self._port)) as browser:
            for _ in range(flows):
                yield run_flow(browser, next(self._tokens))


def main(arguments: Sequence[str]) -> None:
    """Compare on the databases that were asked for."""
    parser = argparse.ArgumentParser(prog="click.py", description="Measure what a customer's click costs.")
    parser.add_argument("--flows", type=_number(MOST_FLOWS), default=400, help="flows of a round")
    parser.add_argument("--rounds", type=_number(MOST_ROUNDS), default=12, help="rounds of each side")
    parser.add_argument(
        "--only", choices=KINDS, help="one database; SURVEYAPP_TEST_POSTGRES_URL names a server to use"
    )
    chosen = parser.parse_args(arguments)
    for kind in [chosen.only] if chosen.only else KINDS:
        invitations = 1 + WARM_UP + chosen.flows * chosen.rounds
        with tempfile.TemporaryDirectory(prefix="surveyapp-click-") as folder:
            with _sides(kind, Path(folder), invitations) as (app, floor):
                figures = compare(app, floor, chosen.flows, chosen.rounds)
                print(report(kind, figures, chosen.flows), flush=True)


def compare(app: Side, floor: Side, flows: int, rounds: int) -> Figures:
    """Warm both up, then let them take turns; whoever began a round is second in the next."""
    deadline = time.monotonic() + MOST_SECONDS
    check_replies(*app.replies(1), *floor.replies(1))
    for side in (app, floor):
        side.run(min(WARM_UP, flows))
    figures = Figures([], [])
    for number in range(rounds):
        if time.monotonic() > deadline:
            print(f"Stopped after {number} rounds: {MOST_SECONDS} seconds are over.", file=sys.stderr)
            break
        turns = [(app, figures.app), (floor, figures.floor)]
        for side, taken in turns if number % 2 == 0 else reversed(turns):
            taken.append(side.run(flows))
    check_rows(app, floor)
    return figures


def check_replies(app: Flow, floor: Flow) -> None:
    """Raise AssertionError unless both sides' replies are of one size."""
    for ours, bare in ((app.ask, floor.ask), (app.answer, floor.answer)):
        assert (ours.status, len(ours.body)) == (bare.status, len(bare.body)), (ours, bare)


def check_rows(app: Side, floor: Side) -> None:
    """Raise AssertionError unless a flow wrote the same number of rows on both sides."""
    ours, bare = rows_of_a_flow(app.database), rows_of_a_flow(floor.database)
    assert ours == bare, (ours, bare)


def rows_of_a_flow(database: Database) -> dict[str, float]:
    """Table -> how many of its rows there are for each invitation that was opened."""
    with database.reading() as session:
        opened = session.scalar(select(func.count()).where(Invitation.touch_count > 0)) or 0
        return {
            table.name: (session.scalar(select(func.count()).select_from(table)) or 0) / opened
            for table in map(table_of, (Touch, Answer, Rating, AnswerEvent))
        }


def report(kind: str, figures: Figures, flows: int) -> str:
    """One line: CPU milliseconds of both, and the median of their ratios with its quartiles."""
    app, floor = (statistics.median(taken) * 1000 for taken in (figures.app, figures.floor))
    low, middle, high = quartiles(figures.ratios)
    return (
        f"{kind:8}  ratio {middle:.2f} (quartiles {low:.2f} to {high:.2f})"
        f"   CPU of a flow: app {app:.2f} ms, floor {floor:.2f} ms"
        f"   {len(figures.ratios)} rounds of {flows} flows"
    )


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper quartile; of one value, that value three times."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def cpu_seconds(pid: int) -> float:
    """User and system time so far of a process and all that descend from it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / _TICK
    children = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return own + sum(cpu_seconds(int(child)) for each in children for child in each)


@contextmanager
def _sides(kind: str, folder: Path, invitations: int) -> Iterator[tuple[Side, Side]]:
    """The app and its floor, each served from a migrated database of its own."""
    app = [str(COMMAND), "serve", "--workers", "1", "--threads", "1", "--port"]
    floor = [sys.executable, "-m", "benchmarks.floor"]
    with ExitStack() as stack:
        clones: Clones = SqliteFiles(folder) if kind == "sqlite" else stack.enter_context(postgres.server())
        yield (
            stack.enter_context(_side("app", app, folder, clones.clone(), invitations)),
            stack.enter_context(_side("floor", floor, folder, clones.clone(), invitations)),
        )


@contextmanager
def _side(
    name: str, command: Sequence[str], folder: Path, database_url: str, invitations: int
) -> Iterator[Side]:
    home = folder / name
    home.mkdir()
    port = free_port()
    given = {**environment(home, database_url, port, {}), "PYTHONPATH": str(ROOT)}
    log = home / "log"
    with running(
        [*command, str(port)], answers=lambda: _accepts(port), log=log, environment=given
    ) as process:
        side = Side(process.pid, port, settings_from(given), invitations)
        try:
            yield side
        finally:
            side.database.dispose()


def _accepts(port: int) -> bool:
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    return True


def _number(most: int) -> Callable[[str], int]:
    """What argparse calls to read a number from 1 to `most`."""

    def number(text: str) -> int:
        if not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be from 1 to {most}")
        return int(text)

    return number
