"""Many at once: one answer each, nothing lost, nothing sent twice."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier
from typing import TypeVar

import pytest

from surveyapp import invitations, surveys
from surveyapp.core.status import Status
from surveyapp.db import Database
from surveyapp.invitations import Request
from surveyapp.models import Answer, AnswerEvent, Invitation, Rating
from tests.support.people import START, Site, Visitor, opened
from tests.support.relays import Counting

T = TypeVar("T")


@pytest.fixture
def site(own_database: Database) -> Site:
    return opened(own_database)


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Do all of it in threads that start together."""
    barrier = Barrier(len(works))

    def start(work: Callable[[], T]) -> T:
        barrier.wait(60)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(start, works))


def history_is_whole(site: Site) -> bool:
    """Each revision of each answer has its event, and the last one is what the answer says."""
    for answer in site.rows(Answer):
        events = [row for row in site.rows(AnswerEvent) if row["invitation_id"] == answer["invitation_id"]]
        stored = {
            row["question"]: row["rating"]
            for row in site.rows(Rating)
            if row["invitation_id"] == answer["invitation_id"]
        }
        if events[-1]["revision"] != answer["revision"] or events[-1]["ratings"] != stored:
            return False
    return True


def test_100_threads_answering_one_token_leave_one_answer(site: Site) -> None:
    invited = site.invited()
    people = [Visitor(site, invited) for _ in range(100)]

    def press(number: int) -> Callable[[], int]:
        return lambda: people[number].press(number % 5 + 1).status

    assert at_once([press(number) for number in range(100)]) == [303] * 100
    [answer] = site.rows(Answer)
    assert site.ratings(invited) == {"csat": answer["rating"]}
    revisions = [row["revision"] for row in site.rows(AnswerEvent)]
    assert revisions == list(range(1, answer["revision"] + 1))
    ratings = [row["ratings"]["csat"] for row in site.rows(AnswerEvent)]
    assert ratings[-1] == answer["rating"]
    # Nobody wrote over somebody whom they had not seen: each event changed the one before it.
    assert all(before != after for before, after in pairwise(ratings))
    assert site.n() == 1


def test_100_threads_of_every_kind_leave_one_answer(site: Site) -> None:
    invited = site.invited()
    people = [Visitor(site, invited) for _ in range(100)]
    for person in people[:5]:
        person.open(5)

    def act(number: int) -> Callable[[], int]:
        person, rating = people[number], number % 5 + 1
        person.nonce = people[number % 5].nonce
        kinds: list[Callable[[], int]] = [
            lambda: person.press(rating).status,
            lambda: person.tell("gesture", rating),
            lambda: person.tell("seen", rating),
            lambda: person.open(rating).status,
        ]
        return kinds[number // 5 % 4]

    assert set(at_once([act(number) for number in range(100)])) <= {200, 204, 303}
    [answer] = site.rows(Answer)
    assert (answer["state"], answer["evidence"]) == ("counted", "press")
    assert history_is_whole(site)


def test_two_further_answers_at_once_are_both_kept(site: Site) -> None:
    for _ in range(10):
        person = Visitor(site, site.invited("nki"))
        person.press(8)
        statuses = at_once(
            [
                lambda person=person: person.press(8, further_nki2="7").status,  # type: ignore[misc]
                lambda person=person: person.press(8, further_nki3="6").status,  # type: ignore[misc]
            ]
        )
        assert statuses == [303, 303]
        assert site.ratings(person.invited) == {"nki1": 8, "nki2": 7, "nki3": 6}
    assert history_is_whole(site)


def test_a_comment_and_a_change_at_once_are_both_kept(site: Site) -> None:
    for _ in range(10):
        person = Visitor(site, site.invited())
        person.press(3)
        at_once(
            [
                lambda person=person: person.press(3, comment="Words"),  # type: ignore[misc]
                lambda person=person: person.tell("gesture", 1),  # type: ignore[misc]
                lambda person=person: person.press(5),  # type: ignore[misc]
            ]
        )
        row = site.answer(person.invited)
        assert row and row["comment"] == "Words" and row["rating"] in (3, 5)


def test_two_links_opened_at_once_are_both_noted_and_show_a_scanner(site: Site) -> None:
    for _ in range(15):
        machine = Visitor(site, site.invited())
        statuses = at_once(
            [
                lambda machine=machine: machine.open(1).status,  # type: ignore[misc]
                lambda machine=machine: machine.open(5).status,  # type: ignore[misc]
            ]
        )
        assert statuses == [200, 200]
        assert sorted(touch["rating"] for touch in site.touches(machine.invited)) == [1, 5]
        assert site.invitation(machine.invited)["scanned_at"] is not None


def test_a_press_while_the_worker_settles_is_kept(site: Site) -> None:
    for _ in range(10):
        invited = site.invited()
        site.clock.forward(minutes=11)
        person = Visitor(site, invited)
        person.stay(5)
        site.clock.forward(minutes=31)
        at_once([lambda: site.worker().settle_due(), lambda person=person: person.press(2).status])  # type: ignore[misc]
        assert site.state(invited) == ("counted", "press", 2)
    assert history_is_whole(site)


def test_20_requests_about_one_occasion_are_one_invitation(site: Site) -> None:
    request = Request(
        survey="csat", ticket_ref="T-1", occasion="solved-1", address="a@example.se", agent_ref="anna"
    )

    def invite() -> str:
        with site.database.transaction() as session:
            return invitations.invite(session, site.settings, request, site.clock()).id

    assert len(set(at_once([invite] * 20))) == 1
    assert len(site.rows(Invitation)) == 1


def test_machines_that_start_together_install_each_survey_once(own_database: Database) -> None:
    def install() -> int:
        with own_database.transaction() as session:
            return len(surveys.install_built_ins(session, START))

    assert sorted(at_once([install] * 8)) == [0] * 7 + [6]


def test_four_workers_send_every_mail_once(site: Site) -> None:
    invited = {site.invited(is_mailed=True).id for _ in range(24)}
    relays = [Counting() for _ in range(4)]
    sent = at_once([site.worker(each).send_due for each in relays])
    delivered = [identity for each in relays for identity in each.delivered]
    assert sum(sent) == len(delivered) == 24 and set(delivered) == invited
    assert {row["status"] for row in site.rows(Invitation)} == {Status.SENT}
