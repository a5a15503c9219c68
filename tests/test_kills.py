"""Workers killed at every step of a send: no mail is lost, none comes twice, and what is unknown is shown."""

import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
from sqlalchemy import func, select

from surveyapp import invitations, outbox
from surveyapp.core.status import Cause, Status
from surveyapp.db import Database
from surveyapp.invitations import Request
from surveyapp.models import Invitation
from surveyapp.outbox import LEASE
from surveyapp.worker import SENDERS
from tests.support.killed import Step, worker_process
from tests.support.people import Site, opened
from tests.support.served import COMMAND, environment
from tests.support.sink import Sink, sink

# On each database.
MAILS = 1000
# Enough for several mails to be behind and before each kill.
FURTHEST = 30
SECONDS = 120


@pytest.fixture
def post() -> Iterator[Sink]:
    with sink() as server:
        yield server


@pytest.fixture
def site(own_database: Database, post: Sink) -> Site:
    return opened(own_database, MAIL_URL=post.url)


def invite(site: Site, number: int) -> set[str]:
    """So many customers at a hundred domains; returns the ids."""
    requests = [
        Request(survey="csat", ticket_ref=f"T-{each}", address=f"kund{each}@example{each % 100}.se")
        for each in range(number)
    ]
    with site.database.transaction() as session:
        invitations.invite_many(session, site.settings, requests, site.clock(), "test")
    return {row["id"] for row in site.rows(Invitation)}


def waiting(site: Site) -> int:
    """How many have no outcome yet."""
    open_ = Invitation.status.in_([Status.QUEUED, Status.SENDING])
    with site.database.reading() as session:
        return session.scalar(select(func.count()).where(open_)) or 0


def work_to_the_end(site: Site, senders: int = 1) -> None:
    """Let a worker finish everything, when the leases of those before it are over."""
    site.clock.at += LEASE
    deadline = time.monotonic() + SECONDS
    with worker_process(site.settings, site.clock(), senders):
        while waiting(site):
            assert time.monotonic() < deadline, f"{waiting(site)} mails still wait"
            time.sleep(0.05)


def work_until_killed(site: Site, post: Sink, step: Step | None, nth: int, senders: int = 1) -> None:
    """One worker that dies at its nth time at the step; None: while the server owes it the reply."""
    site.clock.at += LEASE
    with worker_process(site.settings, site.clock(), senders, step, nth) as worker:
        if step is None:
            kill_at_mail(post, worker.pid, nth)
        worker.join(SECONDS)
        assert worker.exitcode == -signal.SIGKILL
    post.on_mail = lambda: None


def kill_at_mail(post: Sink, pid: int | None, nth: int) -> None:
    assert pid is not None
    last = len(post.received) + nth

    def kill() -> None:
        if len(post.received) == last:
            os.kill(pid, signal.SIGKILL)

    post.on_mail = kill


def assert_promises(site: Site, post: Sink, invited: set[str], most_unknown: int) -> set[str]:
    """No mail lost, none twice, few unknown and all of them shown; returns the unknown ones."""
    received = post.received
    by_status = {
        status: {row["id"] for row in site.rows(Invitation) if row["status"] == status} for status in Status
    }
    sent, unknown = by_status[Status.SENT], by_status[Status.UNKNOWN]
    assert sent | unknown == invited, "lost"
    assert len(received) == len(set(received)), "twice"
    assert sent <= set(received) <= invited
    assert len(unknown) <= most_unknown
    with site.database.reading() as session:
        assert {each.id for each in outbox.unknown(session)} == unknown
    return unknown


def resolve(site: Site, post: Sink, unknown: set[str]) -> None:
    """Send one half once more and give the other up, as the operator may."""
    again = set(sorted(unknown)[::2])
    before = len(post.received)
    with site.database.transaction() as session:
        for each in sorted(unknown):
            (outbox.resend if each in again else outbox.give_up)(session, each, site.clock())
    work_to_the_end(site)
    assert sorted(post.received[before:]) == sorted(again)
    rows = {
        row["id"]: (row["status"], row["reason"]) for row in site.rows(Invitation) if row["id"] in unknown
    }
    assert {rows[each] for each in again} <= {(Status.SENT, None)}
    assert {rows[each] for each in unknown - again} <= {(Status.FAILED, Cause.GIVEN_UP)}


def test_no_mail_is_lost_or_comes_twice_when_workers_are_killed_at_every_step(site: Site, post: Sink) -> None:
    chance = random.Random(20260302)
    invited = invite(site, MAILS)
    steps = [*Step, None]
    for step in steps:
        work_until_killed(site, post, step, chance.randint(2, FURTHEST))
    work_to_the_end(site)
    # Only these three steps lie between the mark and the outcome.
    doubtful = {Step.MARKED, Step.CONFIRMED, Step.NOTING, None}
    unknown = assert_promises(site, post, invited, len(doubtful))
    assert len(unknown) == len(doubtful)
    resolve(site, post, unknown)


@pytest.mark.parametrize("step", [*Step, None], ids=lambda step: step or "after the body, before its reply")
def test_a_kill_costs_a_mail_its_certainty_only_between_the_mark_and_the_outcome(
    site: Site, post: Sink, step: Step | None
) -> None:
    invited = invite(site, 5)
    work_until_killed(site, post, step, 3)
    at_the_kill = len(post.received)
    work_to_the_end(site)
    is_doubtful = step in {Step.MARKED, Step.CONFIRMED, Step.NOTING, None}
    unknown = assert_promises(site, post, invited, 1)
    assert len(unknown) == is_doubtful
    assert len(post.received) == len(invited) - (step is Step.MARKED)
    assert at_the_kill in (2, 3)
    if unknown:
        resolve(site, post, unknown)


def test_workers_of_two_senders_killed_at_any_moment_lose_nothing_and_send_nothing_twice(
    site: Site, post: Sink
) -> None:
    chance = random.Random(20260302)
    kills, senders = 8, 2
    invited = invite(site, 150)
    for _ in range(kills):
        site.clock.at += LEASE
        with worker_process(site.settings, site.clock(), senders) as worker:
            before = len(post.received)
            while worker.is_alive() and len(post.received) == before:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.05))
            worker.kill()
            worker.join(SECONDS)
    work_to_the_end(site, senders)
    # Each sender may be between the mark and the outcome of its mail.
    resolve(site, post, assert_promises(site, post, invited, kills * senders))


def test_the_command_killed_again_and_again_loses_nothing_and_sends_nothing_twice(
    site: Site, post: Sink, own_database_url: str, tmp_path: Path
) -> None:
    invited = invite(site, 50)
    given = environment(tmp_path, own_database_url, 8000, {"SURVEYAPP_MAIL_URL": post.url})
    kills = 2
    for _ in range(kills):
        before = len(post.received)
        process = Popen([COMMAND, "worker"], env=given, stdout=DEVNULL, stderr=DEVNULL)
        try:
            deadline = time.monotonic() + SECONDS
            while len(post.received) < before + 10 and process.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.001)
        finally:
            process.kill()
            assert process.wait() == -signal.SIGKILL
    site.clock.at = datetime.now(UTC) + timedelta(minutes=1)
    work_to_the_end(site)
    assert_promises(site, post, invited, kills * SENDERS)
