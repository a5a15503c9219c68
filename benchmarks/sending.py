"""Let the worker and smtplib send the same mails in turn, and print how many a second each of them sent."""

import argparse
import shutil
import smtplib
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from itertools import count
from pathlib import Path

from sqlalchemy import select

from benchmarks.compare import KINDS, ROOT, WARM_UP, Clones, quartiles
from surveyapp import invitations, outbox, surveys
from surveyapp.core.status import Status
from surveyapp.db import Database
from surveyapp.invitations import Request
from surveyapp.mail import Sender, write
from surveyapp.models import Invitation
from surveyapp.worker import Worker, build, letter
from tests.support import postgres
from tests.support.databases import SqliteFiles
from tests.support.people import settings
from tests.support.processes import free_port, running

HOST = "127.0.0.1"
MOST_MAILS, MOST_ROUNDS, MOST_SECONDS = 1_000, 100, 900


@dataclass(frozen=True, slots=True)
class Mail:
    """A finished message, as smtplib takes it."""

    to: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Figures:
    """Mails a second, round by round."""

    worker: list[float]
    smtplib: list[float]

    @property
    def ratios(self) -> list[float]:
        """The worker's over smtplib's, round by round."""
        return [ours / bare for ours, bare in zip(self.worker, self.smtplib, strict=True)]


class Office:
    """A worker with its database, and a plain connection to the same mail server."""

    def __init__(self, database_url: str, port: int) -> None:
        self._settings = settings(database_url, MAIL_URL=f"smtp://{HOST}:{port}?tls=none")
        self.database = Database(database_url)
        self._worker: Worker = build(self._settings, self.database, senders=1)
        self._smtp = smtplib.SMTP(HOST, port, local_hostname="localhost")
        self._smtp.ehlo()
        self._customers = count()
        with self.database.transaction() as session:
            surveys.install_built_ins(session, datetime.now(UTC))

    def close(self) -> None:
        """Hang up and let go of the database."""
        self._worker.relay.close()
        self._smtp.quit()
        self.database.dispose()

    def invite(self, mails: int) -> list[Mail]:
        """Make so many invitations that are due now; returns their messages as the worker will write them."""
        now = datetime.now(UTC)
        requests = [
            Request("csat", ticket_ref=f"T-{each}", locale="sv", address=f"kund{each}@example{each % 100}.se")
            for each in (next(self._customers) for _ in range(mails))
        ]
        with self.database.transaction() as session:
            invitations.invite_many(session, self._settings, requests, now, "benchmark")
        return list(self._messages(now))

    def send(self, mails: int) -> float:
        """Let the worker send what is due; mails a second. AssertionError unless it sent them all."""
        began_at = time.perf_counter()
        sent = self._worker.send_due()
        taken = time.perf_counter() - began_at
        assert sent == mails, sent
        return mails / taken

    def send_plainly(self, mails: Sequence[Mail]) -> float:
        """Let smtplib send these; mails a second."""
        sender = parseaddr(self._settings.mail_from)[1]
        began_at = time.perf_counter()
        for mail in mails:
            self._smtp.sendmail(sender, [mail.to], mail.content)
        return len(mails) / (time.perf_counter() - began_at)

    def check(self) -> None:
        """Raise AssertionError unless every invitation was accepted by the mail server."""
        with self.database.reading() as session:
            assert set(session.scalars(select(Invitation.status).distinct())) == {Status.SENT}

    def _messages(self, now: datetime) -> Iterator[Mail]:
        sender = Sender(self._settings.company, self._settings.mail_from, self._settings.public_url)
        with self.database.reading() as session:
            for invitation in session.scalars(select(Invitation).where(Invitation.status == Status.QUEUED)):
                claimed = outbox.claimed(session, invitation)
                assert claimed
                message = write(letter(claimed, self._settings, self._worker.links), sender, now)
                yield Mail(claimed.address, message.as_bytes())


def main(arguments: Sequence[str]) -> None:
    """Compare on the databases that were asked for."""
    parser = argparse.ArgumentParser(prog="mail.py", description="Measure what sending a mail costs.")
    parser.add_argument("--mails", type=_number(MOST_MAILS), default=200, help="mails of a round")
    parser.add_argument("--rounds", type=_number(MOST_ROUNDS), default=12, help="rounds of each side")
    parser.add_argument(
        "--only", choices=KINDS, help="one database; SURVEYAPP_TEST_POSTGRES_URL names a server to use"
    )
    chosen = parser.parse_args(arguments)
    for kind in [chosen.only] if chosen.only else KINDS:
        with tempfile.TemporaryDirectory(prefix="surveyapp-mail-") as folder, ExitStack() as stack:
            clones: Clones = (
                SqliteFiles(Path(folder)) if kind == "sqlite" else stack.enter_context(postgres.server())
            )
            name, port = stack.enter_context(_sink(Path(folder)))
            office = Office(clones.clone(), port)
            stack.callback(office.close)
            figures = compare(office, chosen.mails, chosen.rounds)
            print(report(kind, figures, chosen.mails, name), flush=True)


def compare(office: Office, mails: int, rounds: int) -> Figures:
    """Warm both up, then let them take turns; whoever began a round is second in the next."""
    deadline = time.monotonic() + MOST_SECONDS
    office.send_plainly(office.invite(WARM_UP))
    office.send(WARM_UP)
    figures = Figures([], [])
    for round_ in range(rounds):
        if time.monotonic() > deadline:
            print(f"Stopped after {round_} rounds: {MOST_SECONDS} seconds are over.", file=sys.stderr)
            break
        messages = office.invite(mails)
        if round_ % 2 == 0:
            figures.worker.append(office.send(mails))
        figures.smtplib.append(office.send_plainly(messages))
        if round_ % 2 == 1:
            figures.worker.append(office.send(mails))
    office.check()
    return figures


def report(kind: str, figures: Figures, mails: int, server: str) -> str:
    """One line: mails a second of both, and the median of their ratios with its quartiles."""
    ours, bare = (statistics.median(each) for each in (figures.worker, figures.smtplib))
    low, middle, high = quartiles(figures.ratios)
    return (
        f"{kind:8}  ratio {middle:.3f} (quartiles {low:.3f} to {high:.3f})"
        f"   mails a second: worker {ours:.0f}, smtplib {bare:.0f}"
        f"   {len(figures.ratios)} rounds of {mails} mails into {server}"
    )


@contextmanager
def _sink(folder: Path) -> Iterator[tuple[str, int]]:
    """A mail server in a process of its own: its name and its port."""
    port = free_port()
    theirs = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    ours = [sys.executable, "-m", "tests.support.sink", str(port)]
    command = [theirs, f"{HOST}:{port}", "100"] if theirs else ours
    given = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    with running(command, answers=lambda: _accepts(port), log=folder / "sink.log", environment=given):
        yield "smtp-sink" if theirs else "our sink", port


def _number(most: int) -> Callable[[str], int]:
    """What argparse calls to read a number from 1 to `most`."""

    def read(text: str) -> int:
        if not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be from 1 to {most}")
        return int(text)

    return read


def _accepts(port: int) -> bool:
    socket.create_connection((HOST, port), timeout=5).close()
    return True
