"""Limits on tries."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from surveyapp import limits
from surveyapp.core.errors import TooManyTriesError
from surveyapp.db import Database
from surveyapp.limits import Limit
from surveyapp.models import Bucket
from tests.support.people import Clock, settings

THREE = Limit("tries", 3, 60)
SETTINGS = settings()


def wait(database: Database, clock: Clock, who: str = "a@example.se", limit: Limit = THREE) -> int:
    """0: a try is possible."""
    with database.transaction() as session:
        try:
            limits.check(session, SETTINGS, limit, who, clock())
        except TooManyTriesError as error:
            return error.seconds
    return 0


def spend(database: Database, clock: Clock, who: str = "a@example.se", times: int = 1) -> None:
    for _ in range(times):
        with database.transaction() as session:
            limits.spend(session, SETTINGS, THREE, who, clock())


def keys(database: Database) -> list[str]:
    with database.reading() as session:
        return sorted(session.scalars(select(Bucket.key)))


def test_a_burst_is_possible_and_then_one_try_each_minute(database: Database) -> None:
    clock = Clock()
    for _ in range(3):
        assert wait(database, clock) == 0
        spend(database, clock)
    assert wait(database, clock) == 60
    clock.forward(seconds=59)
    assert wait(database, clock) == 1
    clock.forward(seconds=1)
    assert wait(database, clock) == 0
    spend(database, clock)
    assert wait(database, clock) == 60


def test_checking_takes_nothing(database: Database) -> None:
    clock = Clock()
    assert [wait(database, clock) for _ in range(9)] == [0] * 9
    assert keys(database) == []


def test_an_empty_bucket_stays_empty_and_a_full_one_does_not_overflow(database: Database) -> None:
    clock = Clock()
    spend(database, clock, times=9)
    assert wait(database, clock) == 60
    clock.forward(days=2)
    spend(database, clock, times=3)
    assert wait(database, clock) == 60


def test_what_was_spent_can_be_given_back_and_no_more(database: Database) -> None:
    clock = Clock()
    spend(database, clock, times=3)
    for _ in range(9):
        with database.transaction() as session:
            limits.give_back(session, SETTINGS, THREE, "a@example.se", clock())
    spend(database, clock, times=2)
    assert wait(database, clock) == 0
    spend(database, clock)
    assert wait(database, clock) == 60


def test_others_and_other_limits_have_buckets_of_their_own(database: Database) -> None:
    clock = Clock()
    spend(database, clock, times=3)
    assert wait(database, clock, "b@example.se") == 0
    assert wait(database, clock, limit=Limit("other", 3, 60)) == 0


def test_machines_whose_clocks_differ_give_nothing_away(database: Database) -> None:
    clock = Clock()
    spend(database, clock, times=2)
    clock.forward(minutes=-2)
    assert wait(database, clock) == 0
    spend(database, clock)
    assert wait(database, clock) == 60
    clock.forward(minutes=2)
    assert wait(database, clock) == 60


def test_the_table_does_not_say_who_it_was(database: Database) -> None:
    spend(database, Clock())
    [key] = keys(database)
    assert key.startswith("tries:") and "example" not in key and len(key) <= 80
    other = settings(HASH_KEY="another key for hashes, 0123456789abcdef")
    assert limits._key(other, THREE, "a@example.se") != key == limits._key(SETTINGS, THREE, "a@example.se")


def test_buckets_that_are_full_again_are_purged_a_few_at_a_time(database: Database) -> None:
    clock = Clock()
    for who in "abc":
        spend(database, clock, who)
    clock.forward(hours=25)
    spend(database, clock, "d")
    with database.transaction() as session:
        assert [limits.purge(session, clock(), 2) for _ in range(3)] == [2, 1, 0]
    assert len(keys(database)) == 1


def test_a_limit_that_a_purge_would_fill_too_early_is_none() -> None:
    with pytest.raises(ValueError, match="no limit"):
        Limit("slow", 3, 30_000)


def test_a_network_is_counted_as_one_and_what_is_none_as_it_is() -> None:
    one, same, other = (
        limits.network_of(SETTINGS, each) for each in ("192.0.2.1", "192.0.2.99", "198.51.100.1")
    )
    assert one == same != other and "192" not in one
    assert limits.network_of(SETTINGS, "2001:db8::1") == limits.network_of(SETTINGS, "2001:db8:0:9::2")
    assert limits.network_of(SETTINGS, "unix") == "unix"


def test_of_many_tries_at_once_no_more_than_the_burst_pass(own_database: Database) -> None:
    clock, barrier = Clock(), Barrier(12)

    def attempt(_: int) -> bool:
        barrier.wait(60)
        with own_database.transaction() as session:
            try:
                limits.check(session, SETTINGS, THREE, "a@example.se", clock())
            except TooManyTriesError:
                return False
            limits.spend(session, SETTINGS, THREE, "a@example.se", clock())
            return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(attempt, range(12))) == 3
