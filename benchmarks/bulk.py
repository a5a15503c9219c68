"""What bulk invitations cost: the time from a CSV file to the table over the driver's own `executemany`.

    python benchmarks/bulk.py [--rows 100000] [--rounds 5] [--only sqlite|postgres] [--profile]

Our side reads the file, decides about every row, stores it and writes the result file. The floor has the rows
ready in memory and hands them to the driver, a thousand in a transaction as we do. Both take turns, each time
on a fresh database; time is the wall's. Peak memory is that of a process of its own for each length of file.
"""

import argparse
import cProfile
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # Run as a script, this folder would come first on the path, and click.py in it would hide the package.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from sqlalchemy import func, select

from benchmarks.compare import KINDS, Clones, quartiles
from surveyapp import bulk, surveys
from surveyapp.bulk import CHUNK, Defaults, ResultFile, Summary
from surveyapp.config import Settings, settings_from
from surveyapp.db import Database, table_of
from surveyapp.models import Invitation
from surveyapp.sheets import Sheet
from tests.support import postgres
from tests.support.databases import SqliteFiles
from tests.support.served import environment

MOST_ROWS, MOST_ROUNDS = 1_000_000, 100
LENGTHS = (10_000, 100_000)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_INVITATIONS = table_of(Invitation)


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of each side, round by round."""

    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Our time over the floor's, round by round."""
        return [ours / floor for ours, floor in zip(self.ours, self.floor, strict=True)]


class Bench:
    """One kind of database, and the file whose rows go into it."""

    def __init__(self, clones: Clones, folder: Path, rows: int) -> None:
        self._clones, self._folder = clones, folder
        self.path = write_sheet(folder / "customers.csv", rows)
        self._rows = rows
        self._inserts = self._recorded()

    def ours(self) -> float:
        """Seconds from the file to the last row stored and written down."""
        database, settings = self._fresh()
        before = time.perf_counter()
        summary = invite(database, settings, self.path)
        taken = time.perf_counter() - before
        assert summary.statuses == {"queued": self._rows}, summary
        database.dispose()
        return taken

    def floor(self) -> float:
        """Seconds that the driver takes for the same rows."""
        database, _ = self._fresh()
        sql, rows = self._inserts
        pooled = database.engine.raw_connection()
        connection: Any = pooled.driver_connection
        before = time.perf_counter()
        for start in range(0, len(rows), CHUNK):
            cursor = connection.cursor()
            if database.engine.dialect.name == "sqlite":
                cursor.execute("BEGIN IMMEDIATE")
            cursor.executemany(sql, rows[start : start + CHUNK])
            connection.commit()
        taken = time.perf_counter() - before
        pooled.close()
        with database.reading() as session:
            assert session.scalar(select(func.count()).select_from(_INVITATIONS)) == self._rows
        database.dispose()
        return taken

    def profile(self, lines: int = 25) -> None:
        """Print where our side's time goes."""
        database, settings = self._fresh()
        profiler = cProfile.Profile()
        profiler.runcall(invite, database, settings, self.path)
        database.dispose()
        pstats.Stats(profiler).sort_stats("tottime").print_stats(lines)

    def _fresh(self) -> tuple[Database, Settings]:
        settings = settings_from(environment(self._folder, self._clones.clone(), 8000, {}))
        database = Database(settings.database_url)
        with database.transaction() as session:
            surveys.install_built_ins(session, NOW)
        return database, settings

    def _recorded(self) -> tuple[str, list[Any]]:
        """Our own INSERT with the rows as the driver takes them, as a first run left them."""
        database, settings = self._fresh()
        invite(database, settings, self.path)
        dialect = database.engine.dialect
        compiled = _INVITATIONS.insert().compile(dialect=dialect)
        processors = {
            column.name: column.type.dialect_impl(dialect).bind_processor(dialect)
            for column in _INVITATIONS.columns
        }

        def value(name: str, stored: Any) -> Any:
            process = processors[name]
            return stored if process is None else process(stored)

        with database.reading() as session:
            rows = [
                {name: value(name, stored) for name, stored in row.items()}
                for row in session.execute(select(_INVITATIONS)).mappings()
            ]
        database.dispose()
        names = compiled.positiontup
        return str(compiled), [tuple(row[name] for name in names) for row in rows] if names else rows


def main(arguments: Sequence[str]) -> None:
    """Compare on the databases that were asked for, then measure memory."""
    parser = argparse.ArgumentParser(prog="bulk.py", description="Measure what bulk invitations cost.")
    parser.add_argument("--rows", type=int, choices=range(1, MOST_ROWS + 1), metavar="N", default=100_000)
    parser.add_argument("--rounds", type=int, choices=range(1, MOST_ROUNDS + 1), metavar="N", default=5)
    parser.add_argument("--only", choices=KINDS, help="one database")
    parser.add_argument("--profile", action="store_true", help="say where the time goes, and no more")
    parser.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.peak:
        print(peak(chosen.rows))
        return
    for kind in [chosen.only] if chosen.only else KINDS:
        with tempfile.TemporaryDirectory(prefix="surveyapp-bulk-") as name, ExitStack() as stack:
            folder = Path(name)
            clones: Clones = (
                SqliteFiles(folder) if kind == "sqlite" else stack.enter_context(postgres.server())
            )
            bench = Bench(clones, folder, chosen.rows)
            if chosen.profile:
                bench.profile()
            else:
                print(report(kind, compare(bench, chosen.rounds), chosen.rows), flush=True)
    if not chosen.profile:
        print(memory_report(), flush=True)


def compare(bench: Bench, rounds: int) -> Times:
    """Let both take turns; whoever began a round is second in the next."""
    times = Times()
    for number in range(rounds):
        turns = [(bench.ours, times.ours), (bench.floor, times.floor)]
        for side, taken in turns if number % 2 == 0 else reversed(turns):
            taken.append(side())
    return times


def report(kind: str, times: Times, rows: int) -> str:
    """One line: the best and the median ratio with its quartiles, and rows a second of both."""
    low, middle, high = quartiles(times.ratios)
    best = min(times.ours) / min(times.floor)
    ours, floor = (rows / statistics.median(taken) for taken in (times.ours, times.floor))
    return (
        f"{kind:8}  ratio {middle:.2f} (quartiles {low:.2f} to {high:.2f}; of the best rounds {best:.2f})"
        f"   rows a second: ours {ours:,.0f}, floor {floor:,.0f}"
        f"   {len(times.ratios)} rounds of {rows:,} rows"
    )


def memory_report() -> str:
    """One line: the peak for each length of file."""
    peaks = []
    for rows in LENGTHS:
        command = [sys.executable, __file__, "--peak", "--rows", str(rows)]
        taken = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        peaks.append(f"{rows:,} rows {int(taken) / 1024:.1f} MiB")
    return f"memory    peak of the process: {', '.join(peaks)}"


def peak(rows: int) -> int:
    """The most KiB that this process ever held, after it invited so many."""
    with tempfile.TemporaryDirectory(prefix="surveyapp-bulk-") as name:
        folder = Path(name)
        settings = settings_from(environment(folder, SqliteFiles(folder).clone(), 8000, {}))
        database = Database(settings.database_url)
        with database.transaction() as session:
            surveys.install_built_ins(session, NOW)
        invite(database, settings, write_sheet(folder / "customers.csv", rows))
        database.dispose()
    # What getrusage says would be the peak of the process that started this one, where that is higher.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def invite(database: Database, settings: Settings, path: Path) -> Summary:
    """What `surveyapp invite --csv` does with the file."""
    needed = ("ticket", "email")
    with Sheet(path, bulk.FIELDS, needed) as sheet:
        with ResultFile(path.with_suffix(".result.csv"), sheet.delimiter) as result:
            return bulk.invite_rows(
                database, settings, sheet.rows(), NOW, defaults=Defaults("csat"), progress=result.write
            )


def write_sheet(path: Path, rows: int) -> Path:
    """A helpdesk's export of so many tickets, each of another customer."""
    with path.open("w", encoding="utf-8") as file:
        file.write("ticket;email;name;agent;team;case type;channel;language;customer;property:plan\n")
        for n in range(rows):
            file.write(
                f"T-{n};kund.{n}@domain{n % 500}.example;Kund Åström {n};agent-{n % 40};team-{n % 8}"
                f";type-{n % 12};email;{('sv', 'ro', 'de', 'en')[n % 4]};C-{n};gold\n"
            )
    return path


if __name__ == "__main__":
    main(sys.argv[1:])
