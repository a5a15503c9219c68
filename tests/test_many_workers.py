"""Four worker processes share one PostgreSQL: 10,000 mails, each received once."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import func, select

from surveyapp import invitations
from surveyapp.core.status import Happening, Status
from surveyapp.db import Database
from surveyapp.invitations import Request
from surveyapp.models import Invitation, InvitationEvent
from surveyapp.worker import SENDERS
from tests.support.killed import worker_process
from tests.support.people import Site, opened
from tests.support.postgres import Server
from tests.support.sink import Sink, sink

MAILS = 10_000
BATCH = 1_000
WORKERS = 4
DOMAINS = 500
SECONDS = 300


@pytest.fixture
def post() -> Iterator[Sink]:
    with sink() as server:
        yield server


@pytest.fixture
def site(postgres: Server, post: Sink) -> Iterator[Site]:
    database = Database(postgres.clone())
    yield opened(database, MAIL_URL=post.url)
    database.dispose()


def invite(site: Site) -> None:
    for first in range(0, MAILS, BATCH):
        requests = [
            Request(survey="csat", ticket_ref=f"T-{each}", address=f"kund{each}@example{each % DOMAINS}.se")
            for each in range(first, first + BATCH)
        ]
        with site.database.transaction() as session:
            invitations.invite_many(session, site.settings, requests, site.clock(), "test")


def are_sent(site: Site) -> bool:
    with site.database.reading() as session:
        waiting = select(func.count()).where(Invitation.send_at.is_not(None))
        return session.scalar(waiting) == 0


def test_four_workers_send_10000_mails_once_each(site: Site, post: Sink) -> None:
    invite(site)
    deadline = time.monotonic() + SECONDS
    with ExitStack() as stack:
        for _ in range(WORKERS):
            stack.enter_context(worker_process(site.settings, site.clock(), SENDERS))
        while not are_sent(site):
            assert time.monotonic() < deadline, f"only {len(post.received)} in {SECONDS} s"
            time.sleep(0.2)
    rows = site.rows(Invitation)
    assert {row["status"] for row in rows} == {Status.SENT}
    received = Counter(post.received)
    assert received.keys() == {row["id"] for row in rows} and set(received.values()) == {1}
    assert {row["attempts"] for row in rows} == {1}
    noted = Counter((row["invitation_id"], row["what"]) for row in site.rows(InvitationEvent))
    assert noted == {(row["id"], Happening.ACCEPTED): 1 for row in rows}
    # Each sender of each worker kept its one connection.
    assert post.connections <= WORKERS * SENDERS
