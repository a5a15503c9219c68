"""What the overview costs a leader: seconds of its page over more and more answers, and how they grow.

    python benchmarks/dashboard.py [--sizes 10000,100000] [--rounds 5] [--databases sqlite,postgres]
                                   [--statements]

The page is asked for as by a leader's browser, of the last 30 days and of the whole year over which the
answers lie; every second invitation was answered. The sizes take turns, and growth is that of one round.
A million answers (--sizes 100000,1000000) take some minutes to make. `--statements` adds the slowest
statements of the largest size and how the database runs them.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # Run as a script, this folder would come first on the path, and click.py in it would hide the package.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from sqlalchemy import event

from benchmarks.compare import KINDS, Clones, quartiles
from benchmarks.year import fill
from surveyapp.core.access import Role
from surveyapp.db import Database
from tests.support import postgres
from tests.support.databases import SqliteFiles
from tests.support.people import Clock, opened
from tests.support.staff import Staff, staff

SIZES = (10_000, 100_000)
LEAST, MOST, MOST_ROUNDS, MOST_SECONDS = 100, 1_000_000, 50, 900
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TODAY = NOW.date()
PAGES: Mapping[str, str] = {
    "last 30 days": "/figures?period=30d",
    "whole year": f"/figures?from={TODAY - timedelta(days=364)}&to={TODAY}",
}
"""What is asked for, and its address."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a request, with what it was given and how long it takes."""

    sql: str
    parameters: Any
    seconds: float = 0.0


class Bench:
    """One database with so many answers, and a leader who reads it."""

    def __init__(self, database_url: str, answers: int) -> None:
        self.answers = answers
        self.database = Database(database_url)
        site = opened(self.database, Clock(NOW))
        fill(self.database, answers, NOW)
        self._leader: Staff = staff(site, Role.LEADER)
        for page in PAGES:
            self.seconds(page)

    def seconds(self, page: str) -> float:
        """How long the page takes once."""
        before = time.perf_counter()
        reply = self._leader.get(PAGES[page])
        taken = time.perf_counter() - before
        assert reply.status == 200, reply.text
        return taken

    def slowest(self, page: str, most: int = 3) -> list[Statement]:
        """The statements of one request that take longest to the last row, each run once more by itself."""
        with self._recorded() as statements:
            self.seconds(page)
        timed = [replace(each, seconds=self._again(each)) for each in statements if _reads(each)]
        return sorted(timed, key=lambda each: -each.seconds)[:most]

    def plan(self, statement: Statement) -> list[str]:
        """How the database runs it."""
        explain = "EXPLAIN QUERY PLAN" if self.database.engine.dialect.name == "sqlite" else "EXPLAIN ANALYZE"
        with self.database.bare_reading() as connection:
            found = connection.exec_driver_sql(f"{explain} {statement.sql}", statement.parameters)
            return [str(row[-1]) for row in found]

    def close(self) -> None:
        """Let go of the database."""
        self.database.dispose()

    def _again(self, statement: Statement) -> float:
        with self.database.bare_reading() as connection:
            before = time.perf_counter()
            connection.exec_driver_sql(statement.sql, statement.parameters).fetchall()
            return time.perf_counter() - before

    @contextmanager
    def _recorded(self) -> Iterator[list[Statement]]:
        statements: list[Statement] = []

        def note(_connection: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
            statements.append(Statement(sql, parameters))

        event.listen(self.database.engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(self.database.engine, "before_cursor_execute", note)


def main(arguments: Sequence[str]) -> None:
    """Measure on the databases that were asked for."""
    parser = argparse.ArgumentParser(prog="dashboard.py", description="Measure what the overview costs.")
    parser.add_argument("--sizes", type=_sizes, default=SIZES, help="numbers of answers, with commas")
    parser.add_argument("--rounds", type=int, choices=range(1, MOST_ROUNDS + 1), metavar="N", default=5)
    parser.add_argument("--databases", type=_databases, default=KINDS, help="sqlite, postgres or both")
    parser.add_argument("--statements", action="store_true", help="say where the time goes, too")
    chosen = parser.parse_args(arguments)
    for kind in chosen.databases:
        with tempfile.TemporaryDirectory(prefix="surveyapp-dashboard-") as folder, ExitStack() as stack:
            clones: Clones = (
                SqliteFiles(Path(folder)) if kind == "sqlite" else stack.enter_context(postgres.server())
            )
            benches = [_bench(stack, clones, size) for size in chosen.sizes]
            for page, rounds in measure(benches, chosen.rounds).items():
                print("\n".join(report(kind, page, chosen.sizes, rounds)), flush=True)
            if chosen.statements:
                print("\n".join(told(kind, benches[-1])), flush=True)


def measure(benches: Sequence[Bench], rounds: int) -> dict[str, list[list[float]]]:
    """Page -> for each round the seconds of each size; every second round begins with the largest one."""
    deadline = time.monotonic() + MOST_SECONDS
    found: dict[str, list[list[float]]] = {page: [] for page in PAGES}
    for number in range(rounds):
        if time.monotonic() > deadline:
            print(f"Stopped after {number} rounds: {MOST_SECONDS} seconds are over.", file=sys.stderr)
            break
        for page, taken in found.items():
            turns = benches if number % 2 == 0 else benches[::-1]
            seconds = {each.answers: each.seconds(page) for each in turns}
            taken.append([seconds[each.answers] for each in benches])
    return found


def report(kind: str, page: str, sizes: Sequence[int], rounds: Sequence[Sequence[float]]) -> Iterator[str]:
    """A line for each size: the median of its seconds, and how many times those of the size before."""
    for place, size in enumerate(sizes):
        seconds = statistics.median(each[place] for each in rounds)
        line = f"{kind:8}  {page:12}  {size:>9,} answers  {seconds:7.3f} s"
        if place:
            low, middle, high = quartiles([each[place] / each[place - 1] for each in rounds])
            line += f"   growth {middle:.2f} (quartiles {low:.2f} to {high:.2f})"
        yield f"{line}   {len(rounds)} rounds"


def told(kind: str, bench: Bench) -> Iterator[str]:
    """The slowest statements of each page with their plans."""
    for page in PAGES:
        for statement in bench.slowest(page):
            yield f"\n{kind}, {page}, {bench.answers:,} answers: {statement.seconds:.3f} s"
            yield " ".join(statement.sql.split())
            yield from (f"    {line}" for line in bench.plan(statement))


def _bench(stack: ExitStack, clones: Clones, size: int) -> Bench:
    bench = Bench(clones.clone(), size)
    stack.callback(bench.close)
    return bench


def _reads(statement: Statement) -> bool:
    return statement.sql.startswith("SELECT")


def _sizes(said: str) -> tuple[int, ...]:
    """What argparse calls to read the numbers, in their order."""
    found = tuple(int(each) for each in said.split(","))
    if sorted(set(found)) != list(found) or not all(LEAST <= each <= MOST for each in found):
        raise argparse.ArgumentTypeError(f"must be rising numbers from {LEAST:,} to {MOST:,}")
    return found


def _databases(said: str) -> tuple[str, ...]:
    found = tuple(said.split(","))
    if not set(found) <= set(KINDS):
        raise argparse.ArgumentTypeError(f"must be of {', '.join(KINDS)}")
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
