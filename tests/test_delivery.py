"""Mail servers that refuse, hang, reset and lie: each mail has its state and next try, the others go out."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from surveyapp import outbox
from surveyapp.core.policy import Refusal
from surveyapp.core.status import Status
from surveyapp.db import Database
from surveyapp.models import Invitation, Suppression
from surveyapp.outbox import GIVEN_UP_AFTER, JITTER, RETRIES
from surveyapp.relay import Relay, relay
from surveyapp.worker import REMEMBERED_SECONDS, Lanes, Worker, run_once
from tests.support.people import Invited, Site, Visitor, opened
from tests.support.processes import free_port
from tests.support.relays import Counting
from tests.support.smtp import Fault, MailServer, impatient, mail_server

PATIENCE = 0.3
POOR = "poor@trouble.example"


@pytest.fixture
def post() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def site(database: Database, post: MailServer) -> Site:
    return opened(database, MAIL_URL=post.url)


@pytest.fixture
def busy_site(own_database: Database, post: MailServer) -> Site:
    """One that several threads use."""
    return opened(own_database, MAIL_URL=post.url)


def mailed(site: Site, *addresses: str) -> list[Invited]:
    """In this order."""
    invited = []
    for address in addresses:
        invited.append(site.invited(is_mailed=True, address=address))
        site.clock.forward(milliseconds=1)
    return invited


def recipients(post: MailServer) -> list[str]:
    return [mail.recipients[0] for mail in post.mails]


def is_within_jitter(wait: timedelta, planned: timedelta) -> bool:
    return planned <= wait <= planned * (1 + JITTER)


# --- one mail meets a fault ------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """What the server does to one address, and what must come of it."""

    status: Status
    reason: str
    recipient: str = ""
    """The reply to RCPT."""
    content: str = ""
    """The reply to the last line."""
    fault: Fault | None = None
    is_suppressed: bool = False
    is_alert: bool = False

    def happens_at(self, server: MailServer) -> None:
        if self.recipient:
            server.refused_recipients[POOR] = self.recipient
        if self.content:
            server.refused_contents[POOR] = self.content
        if self.fault:
            server.faults[POOR] = self.fault


LATER, LOST, FAILED = Status.QUEUED, Status.UNKNOWN, Status.FAILED

CASES = {
    "421 to RCPT": Case(LATER, "421", recipient="421 4.3.2 Closing"),
    "450 to RCPT": Case(LATER, "450", recipient="450 4.2.1 Mailbox busy"),
    "451 to RCPT": Case(LATER, "451", recipient="451 4.7.1 Greylisted"),
    "452 to RCPT": Case(LATER, "452", recipient="452 4.2.2 Mailbox full"),
    "421 to the end": Case(LATER, "421", content="421 4.3.2 Closing"),
    "450 to the end": Case(LATER, "450", content="450 4.7.0 Try again"),
    "452 to the end": Case(LATER, "452", content="452 4.3.1 No storage"),
    "gone": Case(FAILED, "550 5.1.1", recipient="550 5.1.1 No such user", is_suppressed=True),
    "gone without a status": Case(FAILED, "550 User", recipient="550 User unknown", is_suppressed=True),
    "gone at the end": Case(FAILED, "550 5.1.1", content="550 5.1.1 No such user", is_suppressed=True),
    "policy": Case(FAILED, "550 5.7.1", recipient="550 5.7.1 Sender is on a block list", is_alert=True),
    "policy at the end": Case(FAILED, "554 5.7.1", content="554 5.7.1 Looks like spam", is_alert=True),
    "full for good": Case(FAILED, "552 5.2.2", recipient="552 5.2.2 Mailbox full"),
    "silent": Case(LATER, "timed out", fault=Fault.SILENT),
    "reset": Case(LOST, "before the mail was confirmed", fault=Fault.RESET),
    "silent at the end": Case(LOST, "timed out", fault=Fault.SILENT_AT_THE_END),
    "dropped": Case(LOST, "before the mail was confirmed", fault=Fault.DROPPED),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_fault_is_one_mails_own_and_has_its_state_and_next_try(
    site: Site, post: MailServer, case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    case.happens_at(post)
    poor, good = mailed(site, POOR, "kund@example.se")
    now = site.clock()
    with impatient(post.url, PATIENCE, PATIENCE) as ours, caplog.at_level(logging.ERROR):
        assert site.worker(ours).send_due() == 2
    assert site.invitation(good)["status"] == Status.SENT and "kund@example.se" in recipients(post)
    row = site.invitation(poor)
    assert row["status"] == case.status and case.reason in row["reason"]
    if case.status is LATER:
        assert is_within_jitter(row["send_at"] - now, RETRIES[0])
    else:
        assert row["send_at"] is None
    assert [each["reason"] for each in site.rows(Suppression)] == [Refusal.BOUNCED] * case.is_suppressed
    assert [poor.id in line for line in caplog.messages] == [True] * case.is_alert
    assert POOR not in caplog.text


@pytest.mark.parametrize(
    "case", [each for each in CASES.values() if each.status is LOST], ids=lambda c: c.fault
)
def test_what_is_unknown_is_listed_and_goes_out_again_only_when_somebody_says_so(
    site: Site, post: MailServer, case: Case
) -> None:
    case.happens_at(post)
    [poor] = mailed(site, POOR)
    with impatient(post.url, PATIENCE, PATIENCE) as ours:
        site.worker(ours).send_due()
        post.faults.clear()
        before = len(post.mails)
        site.clock.forward(days=4)
        assert site.worker(ours).send_due() == 0
        with site.database.transaction() as session:
            assert [each.id for each in outbox.unknown(session)] == [poor.id]
            outbox.resend(session, poor.id, site.clock())
        assert site.worker(ours).send_due() == 1
    assert site.invitation(poor)["status"] == Status.SENT
    assert len(post.mails) == before + 1 and {mail.identity for mail in post.mails} == {poor.id}


def test_a_mail_that_is_never_taken_comes_at_its_times_and_is_given_up_after_three_days(
    site: Site, post: MailServer
) -> None:
    post.refused_recipients[POOR] = "450 4.2.1 Mailbox busy"
    [poor] = mailed(site, POOR)
    waits = []
    with relay(post.url) as ours:
        while site.worker(ours).send_due() and (row := site.invitation(poor))["send_at"]:
            waits.append(row["send_at"] - site.clock())
            site.clock.at = row["send_at"] - timedelta(seconds=1)
            assert site.worker(ours).send_due() == 0
            site.clock.at = row["send_at"]
    row = site.invitation(poor)
    assert row["status"] == Status.FAILED and "450" in row["reason"]
    # The last wait comes twice before three days are over.
    assert all(is_within_jitter(*each) for each in zip(waits, (*RETRIES, RETRIES[-1]), strict=True))
    assert sum(waits, timedelta()) <= GIVEN_UP_AFTER < sum(waits, RETRIES[-1])
    assert row["attempts"] == len(waits) + 1


def test_retries_of_what_failed_together_are_spread(site: Site, post: MailServer) -> None:
    poor = mailed(site, *(f"poor{number}@trouble.example" for number in range(5)))
    post.refused_recipients = {f"poor{number}@trouble.example": "451 Later" for number in range(5)}
    with relay(post.url) as ours:
        site.worker(ours).send_due()
    assert len({site.invitation(each)["send_at"] for each in poor}) == 5


def test_all_mails_go_over_one_connection(site: Site, post: MailServer) -> None:
    mailed(site, *(f"kund{number}@example.se" for number in range(10)))
    before = post.connections
    run_once(site.worker())
    assert (len(post.mails), post.connections - before) == (10, 1)


# --- the relay itself fails ------------------------------------------------------------------------


@contextmanager
def nobody() -> Iterator[MailServer]:
    yield MailServer(f"smtp://127.0.0.1:{free_port()}?tls=none")


@contextmanager
def unprotected(wanted: str) -> Iterator[MailServer]:
    with mail_server() as server:
        server.url = server.url.replace("tls=none", f"tls={wanted}")
        yield server


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "connection refused": (lambda _: nobody(), "refused"),
    "STARTTLS stripped": (lambda _: unprotected("starttls"), "STARTTLS"),
    "a stranger's certificate": (lambda pem: mail_server(tls="starttls", certificate=pem), "CERTIFICATE"),
    "no TLS at all behind the port": (
        lambda pem: mail_server(tls="implicit", certificate=pem),
        "CERTIFICATE",
    ),
}


@pytest.mark.parametrize(("broken", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_a_relay_that_cannot_be_used_costs_two_mails_one_try_and_the_others_none(
    database: Database, certificate: Path, broken: Callable[[Path], Any], reason: str
) -> None:
    with broken(certificate) as server:
        site = opened(database, MAIL_URL=server.url, MAIL_FROM="a@nordlicht.example")
        *tried, other = mailed(site, *(f"kund{number}@example{number}.se" for number in range(3)))
        assert site.worker().send_due() == 2
        assert server.mails == []
    for each in tried:
        row = site.invitation(each)
        assert (row["status"], row["attempts"]) == (Status.QUEUED, 1) and reason in row["reason"]
        assert is_within_jitter(row["send_at"] - site.clock(), RETRIES[0])
    row = site.invitation(other)
    assert (row["status"], row["attempts"], row["reason"]) == (Status.QUEUED, 0, None)
    site.clock.forward(minutes=2)
    with mail_server() as server, relay(server.url) as ours:
        assert site.worker(ours).send_due() == 3
        assert sorted(mail.identity for mail in server.mails) == sorted(
            row["id"] for row in site.rows(Invitation)
        )


def test_a_relay_that_is_down_is_called_less_and_less_often_but_at_least_once_a_minute(site: Site) -> None:
    seconds = 0.0
    lanes = Lanes(clock=lambda: seconds)
    mailed(site, *(f"kund{number}@example.se" for number in range(20)))
    tried_at = []
    with relay(f"smtp://127.0.0.1:{free_port()}?tls=none") as dead:
        worker = replace(site.worker(dead), lanes=lanes)
        while seconds < 300:
            tried_at += [seconds] * worker.send_due()
            seconds += 1
    assert tried_at == [0, 0, 1, 3, 7, 15, 31, 63, 123, 183, 243]
    assert [row["attempts"] for row in site.rows(Invitation)].count(0) == 20 - len(tried_at)


def test_a_relay_that_is_back_gets_everything_at_once(site: Site, post: MailServer) -> None:
    seconds = 0.0
    lanes = Lanes(clock=lambda: seconds)
    mailed(site, *(f"kund{number}@example.se" for number in range(20)))
    with relay(f"smtp://127.0.0.1:{free_port()}?tls=none") as dead, relay(post.url) as back:
        assert replace(site.worker(dead), lanes=lanes).send_due() == 2
        assert replace(site.worker(back), lanes=lanes).send_due() == 0
        seconds += 1
        assert replace(site.worker(back), lanes=lanes).send_due() == 18


def test_a_wrong_setting_costs_two_mails_one_try_and_the_others_none(database: Database) -> None:
    site = opened(database)
    mailed(site, *(f"kund{number}@example.se" for number in range(5)))
    wrong = replace(site.worker(Counting()), installed=replace(site.settings, mail_from="Nobody"))
    assert wrong.send_due() == 2
    assert {row["status"] for row in site.rows(Invitation)} == {Status.QUEUED}


def test_a_relay_that_swallows_every_mail_without_a_word_makes_two_unknowns_and_then_pauses(
    site: Site, post: MailServer
) -> None:
    post.hangs_up = True
    mailed(site, *(f"kund{number}@example.se" for number in range(10)))
    run_once(site.worker())
    assert [row["status"] for row in site.rows(Invitation)].count(Status.UNKNOWN) == 2 == len(post.mails)


# --- several senders in one process ----------------------------------------------------------------


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in 30 s"
        time.sleep(0.01)


@contextmanager
def running(worker: Worker) -> Iterator[Event]:
    """The worker in a thread; told to stop at the end of the block, and waited for."""
    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(worker.run, stop)
        try:
            yield stop
        finally:
            stop.set()
            done.result(60)


def with_senders(site: Site, *relays: Relay, slow_seconds: float = 0.1) -> Worker:
    first, *further = relays
    return replace(site.worker(first), further=tuple(further), lanes=Lanes(slow_seconds))


def test_a_domain_that_hangs_takes_one_sender_and_the_other_sends_the_rest(
    busy_site: Site, post: MailServer
) -> None:
    dead = [f"kund{number}@dead.example" for number in range(2)]
    well = [f"kund{number}@example{number % 3}.se" for number in range(12)]
    mailed(busy_site, *dead, *well)
    post.faults = dict.fromkeys(dead, Fault.SILENT)
    # On a busy machine a mail takes a while; one that took slow_seconds would wait behind the dead one.
    worker = with_senders(busy_site, impatient(post.url, 4), impatient(post.url, 4), slow_seconds=2)
    with running(worker):
        eventually(lambda: len(post.mails) == len(well))
        # The first mail that hung is not even over, and the other one waits behind it.
        assert post.silences == 1
        assert [row["attempts"] for row in busy_site.rows(Invitation)].count(0) == 1
        eventually(lambda: all(row["attempts"] for row in busy_site.rows(Invitation)))
    assert post.most_silences == 1
    assert sorted(recipients(post)) == sorted(well)


def test_a_slow_domain_comes_last_while_it_is_remembered(site: Site, post: MailServer) -> None:
    seconds = 0.0
    lanes = Lanes(clock=lambda: seconds)
    slow = Counting()
    worker = replace(site.worker(slow), lanes=lanes)

    def take(duration: float) -> None:
        nonlocal seconds
        seconds += duration

    slow.before = lambda: take(6)
    mailed(site, "a@slow.example")
    assert worker.send_due() == 1
    slow.before = lambda: None
    late, early = mailed(site, "b@slow.example", "c@example.se")
    assert worker.send_due() == 2 and slow.delivered[1:] == [early.id, late.id]
    slow.before = lambda: take(6)
    mailed(site, "d@slow.example")
    assert worker.send_due() == 1
    slow.before = lambda: None
    seconds += REMEMBERED_SECONDS
    first, second = mailed(site, "e@slow.example", "f@example.se")
    assert worker.send_due() == 2 and slow.delivered[4:] == [first.id, second.id]


def test_a_domain_that_is_well_is_served_by_all_senders_at_once(busy_site: Site) -> None:
    met = Event()
    waiting: list[str] = []

    def meet() -> None:
        waiting.append("here")
        if len(waiting) > 1:  # the first mail shows that the domain is well
            if len(waiting) == 3:
                met.set()
            assert met.wait(20)

    mailed(busy_site, *(f"kund{number}@example.se" for number in range(3)))
    first, second = Counting(before=meet), Counting(before=meet)
    with running(with_senders(busy_site, first, second, slow_seconds=60)):
        eventually(lambda: len(first.delivered + second.delivered) == 3)


def test_when_told_to_stop_every_sender_finishes_the_mail_it_is_in(busy_site: Site) -> None:
    entered, go = [Event(), Event()], Event()
    relays = []
    for each in entered:

        def hold(each: Event = each) -> None:
            each.set()
            assert go.wait(20)

        relays.append(Counting(after=hold))
    mailed(busy_site, *(f"kund@example{number}.se" for number in range(6)))
    with running(with_senders(busy_site, *relays)) as stop:
        assert all(each.wait(20) for each in entered)
        stop.set()
        go.set()
    assert [len(each.delivered) for each in relays] == [1, 1]
    statuses = [row["status"] for row in busy_site.rows(Invitation)]
    assert sorted(statuses) == [Status.QUEUED] * 4 + [Status.SENT] * 2


def test_a_sender_that_dies_ends_the_whole_worker(busy_site: Site) -> None:
    def die() -> None:
        raise SystemExit("out of memory")

    mailed(busy_site, "kund@example.se")
    ended: list[str] = []

    def run() -> None:
        with pytest.raises(SystemExit, match="out of memory"):
            with_senders(busy_site, Counting(before=die), Counting(before=die)).run(Event())
        ended.append("it did")

    thread = Thread(target=run)
    thread.start()
    thread.join(20)
    assert ended == ["it did"]


def test_customers_answer_while_the_worker_sends(busy_site: Site, post: MailServer) -> None:
    mailed(busy_site, *(f"kund@example{number}.se" for number in range(40)))
    asked = [busy_site.invited() for _ in range(40)]
    with running(with_senders(busy_site, relay(post.url), relay(post.url))):
        with ThreadPoolExecutor(8) as people:
            pressed = list(people.map(lambda each: Visitor(busy_site, each).press(4).status, asked))
        eventually(lambda: len(post.mails) == 40)
    assert pressed == [303] * 40 and busy_site.n() == 40
    assert len({mail.identity for mail in post.mails}) == 40
