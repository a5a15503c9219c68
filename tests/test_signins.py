"""Logging in, and being logged in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from argon2 import PasswordHasher

from surveyapp import passwords, signins, users
from surveyapp.core.access import Role
from surveyapp.db import Database
from surveyapp.models import Signin, User
from surveyapp.signins import IDLE, LIFE, Attempt, Refused
from tests.support.people import START, Clock, settings

GOOD, WRONG = "tre gröna paraplyer", "fyra gula cyklar"
MAJA, NOBODY = "maja@example.se", "nobody@example.se"
HOME = "192.0.2.7"
SETTINGS = settings()


class Counting(PasswordHasher):
    """Cheap, and counts how often a password was looked at."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.looked_at = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002
        self.looked_at += 1
        return super().verify(hash, password)


@pytest.fixture(autouse=True)
def hasher(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting


@pytest.fixture
def clock() -> Clock:
    return Clock()


def added(database: Database, email: str = MAJA, password: str | None = GOOD) -> User:
    with database.transaction() as session:
        user = users.add_user(session, email, "Maja Lind", Role.ADMIN, START)
        if password is not None:
            users.set_password(session, user, password, START)
        return user


def attempt(
    database: Database,
    clock: Clock,
    password: str = WRONG,
    email: str = MAJA,
    network: str = HOME,
    device: str | None = None,
) -> User | Refused:
    with database.transaction() as session:
        tried = signins.begin_try(session, SETTINGS, email, network, device, clock())
    if isinstance(tried, Refused):
        return tried
    if not tried.is_right(password):
        return Refused()
    with database.transaction() as session:
        return signins.pass_try(session, SETTINGS, tried, password, clock())


def begin(database: Database, user: User, clock: Clock, browser: str = "Firefox") -> str:
    with database.transaction() as session:
        return signins.begin(session, user, browser, clock())


def found(database: Database, token: str, clock: Clock) -> Signin | None:
    with database.reading() as session:
        row = signins.find(session, token, clock())
        return row[0] if row else None


# --- logging in ------------------------------------------------------------------------------------


def test_the_right_password_logs_in_however_the_address_is_spelled(database: Database, clock: Clock) -> None:
    made = added(database)
    for email in (MAJA, " Maja@EXAMPLE.se "):
        user = attempt(database, clock, GOOD, email)
        assert isinstance(user, User) and user.id == made.id


def begun(database: Database, clock: Clock) -> Attempt:
    with database.transaction() as session:
        found = signins.begin_try(session, SETTINGS, MAJA, HOME, None, clock())
    assert isinstance(found, Attempt)
    return found


def test_the_password_is_looked_at_between_two_transactions(database: Database, clock: Clock) -> None:
    made = added(database)
    for _ in range(30):
        tried = begun(database, clock)
        assert tried.user_id == made.id and tried.is_right(GOOD) and GOOD not in repr(tried)
        with database.transaction() as session:
            user = signins.pass_try(session, SETTINGS, tried, GOOD, clock())
        assert isinstance(user, User) and user.id == made.id


def test_a_try_that_is_not_finished_is_spent(database: Database, clock: Clock) -> None:
    added(database)
    for _ in range(10):
        assert not begun(database, clock).is_right(WRONG)
    assert attempt(database, clock, GOOD) == Refused(300)


@pytest.mark.parametrize("happens", ["disabled", "changed"])
def test_what_changes_while_a_password_is_looked_at_counts(
    database: Database, clock: Clock, happens: str
) -> None:
    added(database, "bo@example.se")
    made = added(database)
    tried = begun(database, clock)
    assert tried.is_right(GOOD)
    with database.transaction() as session:
        if happens == "disabled":
            users.disable(session, made.id, clock())
        else:
            users.set_password(session, made, WRONG, clock())
    with database.transaction() as session:
        assert signins.pass_try(session, SETTINGS, tried, GOOD, clock()) == Refused()


def test_a_right_password_costs_nothing(database: Database, clock: Clock) -> None:
    added(database)
    assert all(isinstance(attempt(database, clock, GOOD), User) for _ in range(50))


def test_nothing_tells_whether_an_account_exists_or_why_it_is_shut(
    database: Database, clock: Clock, hasher: Counting
) -> None:
    added(database)
    added(database, "new@example.se", None)
    left = added(database, "left@example.se")
    with database.transaction() as session:
        users.disable(session, left.id, START)
    told = {}
    for number, email in enumerate((MAJA, NOBODY, "new@example.se", "left@example.se", "no address")):
        hasher.looked_at = 0
        password = GOOD if email == "left@example.se" else WRONG
        replies = [attempt(database, clock, password, email, f"10.0.{number}.1") for _ in range(15)]
        told[email] = (replies, hasher.looked_at)
    # Every one of them looked at a password ten times, and at none from then on.
    assert all(each == told[MAJA] for each in told.values())
    assert told[MAJA] == ([Refused()] * 10 + [Refused(300)] * 5, 10)


def test_a_thousand_wrong_tries_from_everywhere_look_at_few_passwords_and_shut_nobody_out(
    database: Database, clock: Clock, hasher: Counting
) -> None:
    made = added(database)
    mark = signins.device_mark(SETTINGS, made.id)
    networks = [f"203.0.{number}.5" for number in range(40)] + [HOME]
    for number in range(1000):
        reply = attempt(database, clock, f"guess {number}", MAJA, networks[number % len(networks)])
        assert isinstance(reply, Refused)
        clock.forward(seconds=3.6)
    # Ten at once and twelve in the hour.
    assert hasher.looked_at <= 24
    assert isinstance(attempt(database, clock, GOOD), Refused)
    assert isinstance(attempt(database, clock, GOOD, device=mark), User)


def test_all_spellings_of_an_address_share_its_tries(
    database: Database, clock: Clock, hasher: Counting
) -> None:
    added(database)
    spelled = ["maja@example.se", "MAJA@example.se", " maja@EXAMPLE.se", "Maja@Example.Se\t"]
    for number in range(40):
        attempt(database, clock, email=spelled[number % 4], network=f"10.1.{number}.1")
    assert hasher.looked_at == 10


def test_one_network_tries_few_passwords_at_many_accounts(
    database: Database, clock: Clock, hasher: Counting
) -> None:
    for number in range(100):
        attempt(database, clock, email=f"{number}@example.se", network=f"192.0.2.{number}")
    assert hasher.looked_at == 20
    assert attempt(database, clock) == Refused(30)
    assert attempt(database, clock, network="198.51.100.1") == Refused()


def test_neighbours_in_the_network_shut_no_known_browser_out(database: Database, clock: Clock) -> None:
    made = added(database)
    for number in range(30):
        attempt(database, clock, email=f"{number}@example.se")
    assert isinstance(attempt(database, clock, GOOD), Refused)
    mark = signins.device_mark(SETTINGS, made.id)
    assert isinstance(attempt(database, clock, GOOD, device=mark), User)


def test_a_known_browser_has_ten_tries_and_one_each_minute(
    database: Database, clock: Clock, hasher: Counting
) -> None:
    made = added(database)
    mark, other = (signins.device_mark(SETTINGS, made.id) for _ in range(2))
    replies = [attempt(database, clock, device=mark) for _ in range(12)]
    assert replies == [Refused()] * 10 + [Refused(60)] * 2 and hasher.looked_at == 10
    assert attempt(database, clock, device=other) == Refused()
    assert attempt(database, clock, network="198.51.100.1") == Refused()
    clock.forward(minutes=1)
    assert isinstance(attempt(database, clock, GOOD, device=mark), User)


def test_a_mark_is_of_one_user_and_cannot_be_made_up(database: Database, clock: Clock) -> None:
    made, other = added(database), added(database, "bo@example.se")
    mark = signins.device_mark(SETTINGS, made.id)
    assert signins.is_device_of(SETTINGS, mark, made.id)
    assert mark != signins.device_mark(SETTINGS, made.id)
    assert not signins.is_device_of(SETTINGS, mark, other.id)
    assert not signins.is_device_of(settings(SECRET_KEY="another secret 0123456789abcdefgh"), mark, made.id)
    nonce, _, proof = mark.partition(".")
    for wrong in (None, "", ".", nonce, f"x{mark}", mark[:-1], f".{proof}", f"å.{proof}", f"{nonce}.å"):
        assert not signins.is_device_of(SETTINGS, wrong, made.id)


def test_a_made_up_mark_gives_no_further_tries(database: Database, clock: Clock, hasher: Counting) -> None:
    added(database)
    for number in range(40):
        attempt(database, clock, network=f"10.2.{number}.1", device=f"mark{number}.00")
    assert hasher.looked_at == 10


def test_tries_at_the_same_moment_are_counted_one_by_one(
    own_database: Database, clock: Clock, hasher: Counting
) -> None:
    added(own_database)
    barrier = Barrier(14)

    def guess(number: int) -> User | Refused:
        barrier.wait(60)
        return attempt(own_database, clock, network=f"10.3.{number}.1")

    with ThreadPoolExecutor(14) as pool:
        replies = list(pool.map(guess, range(14)))
    assert hasher.looked_at == replies.count(Refused()) == 10


def test_a_hash_of_older_parameters_is_replaced_at_login(database: Database, clock: Clock) -> None:
    made = added(database)
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(GOOD)
    with database.transaction() as session:
        users.find_user(session, made.id).password = old
    attempt(database, clock, WRONG)
    with database.reading() as session:
        assert users.find_user(session, made.id).password == old
    assert isinstance(attempt(database, clock, GOOD), User)
    with database.reading() as session:
        stored = users.find_user(session, made.id).password
    assert stored is not None and stored != old and not passwords.needs_rehash(stored)
    assert isinstance(attempt(database, clock, GOOD), User)


@pytest.mark.parametrize("email", ["", "\x00", "\ud800@example.se", "x" * 100_000, "'; --"])
def test_whatever_is_typed_is_only_refused(database: Database, clock: Clock, email: str) -> None:
    assert attempt(database, clock, "\x00", email, "no network", "\x00") == Refused()


# --- being logged in -------------------------------------------------------------------------------


def test_a_signin_is_found_by_its_secret_which_is_not_stored(database: Database, clock: Clock) -> None:
    made = added(database)
    token = begin(database, made, clock, "Firefox\x00 142" + "x" * 300)
    with database.reading() as session:
        row = signins.find(session, token, clock())
        assert row is not None and row[1].id == made.id and row[1].last_seen_at == clock()
        assert token not in (row[0].hash, row[0].id) and len(row[0].hash) == 64
        assert row[0].browser.startswith("Firefox 142x") and len(row[0].browser) == 200
    for wrong in ("", token + "x", token[:-1], row[0].hash, row[0].id, "\x00", "\ud800"):
        assert found(database, wrong, clock) is None


def test_every_login_has_a_secret_of_its_own(database: Database, clock: Clock) -> None:
    made = added(database)
    assert begin(database, made, clock) != begin(database, made, clock)


def test_a_signin_that_is_used_lasts_thirty_days(database: Database, clock: Clock) -> None:
    token = begin(database, added(database), clock)
    for _ in range(5):
        clock.forward(days=6)
        signin = found(database, token, clock)
        if clock() >= START + LIFE:
            assert signin is None
            return
        assert signin is not None
        with database.transaction() as session:
            signins.note_use(session, signin, clock())
    pytest.fail("It never ended.")


def test_a_signin_that_is_not_used_lasts_a_week(database: Database, clock: Clock) -> None:
    token = begin(database, added(database), clock)
    clock.at += IDLE - timedelta(seconds=1)
    assert found(database, token, clock) is not None
    clock.forward(seconds=1)
    assert found(database, token, clock) is None


def test_use_is_noted_every_five_minutes(database: Database, clock: Clock) -> None:
    made = added(database)
    token = begin(database, made, clock)
    signin = found(database, token, clock)
    assert signin is not None
    clock.forward(minutes=4, seconds=59)
    assert not signins.is_use_news(signin, clock())
    clock.forward(seconds=1)
    assert signins.is_use_news(signin, clock())
    with database.transaction() as session:
        signins.note_use(session, signin, clock())
    seen = found(database, token, clock)
    assert seen is not None and seen.seen_at == clock() and not signins.is_use_news(seen, clock())
    with database.reading() as session:
        assert users.find_user(session, made.id).last_seen_at == clock()


def test_a_user_who_is_disabled_elsewhere_is_out_at_once(database: Database, clock: Clock) -> None:
    made = added(database)
    token = begin(database, made, clock)
    with database.transaction() as session:
        users.find_user(session, made.id).disabled_at = clock()
    assert found(database, token, clock) is None


def test_people_end_their_own_signins_and_nobody_elses(database: Database, clock: Clock) -> None:
    maja, bo = added(database), added(database, "bo@example.se")
    old = begin(database, maja, clock, "Firefox")
    clock.forward(minutes=1)
    new, theirs = begin(database, maja, clock, "Safari"), begin(database, bo, clock)
    with database.transaction() as session:
        listed = signins.of_user(session, maja.id)
        assert [each.browser for each in listed] == ["Safari", "Firefox"]
        first = listed[1].id
        assert not signins.end(session, bo.id, first) and not signins.end(session, maja.id, "\x00")
    assert found(database, old, clock) is not None
    with database.transaction() as session:
        assert signins.end(session, maja.id, first) and not signins.end(session, maja.id, first)
    assert found(database, old, clock) is None and found(database, new, clock) is not None
    for _ in range(2):
        with database.transaction() as session:
            signins.end_token(session, new)
    assert found(database, new, clock) is None and found(database, theirs, clock) is not None


def test_all_but_the_one_in_use_are_ended(database: Database, clock: Clock) -> None:
    maja, bo = added(database), added(database, "bo@example.se")
    tokens = [begin(database, maja, clock) for _ in range(3)]
    theirs = begin(database, bo, clock)
    mine = found(database, tokens[0], clock)
    assert mine is not None
    with database.transaction() as session:
        assert signins.end_all(session, maja.id, but=mine.id) == 2
    assert [found(database, each, clock) is not None for each in tokens] == [True, False, False]
    with database.transaction() as session:
        assert signins.end_all(session, maja.id) == 1
    assert found(database, tokens[0], clock) is None and found(database, theirs, clock) is not None


def test_what_is_over_is_purged_a_few_at_a_time(database: Database, clock: Clock) -> None:
    made = added(database)
    for _ in range(3):
        begin(database, made, clock)
    clock.at += IDLE
    token = begin(database, made, clock)
    with database.transaction() as session:
        assert [signins.purge(session, clock(), 2) for _ in range(3)] == [2, 1, 0]
        assert len(signins.of_user(session, made.id)) == 1
    assert found(database, token, clock) is not None


def test_what_is_over_is_not_among_those_that_are_active(database: Database, clock: Clock) -> None:
    user = added(database)
    begin(database, user, clock, "old")
    clock.forward(days=8)
    begin(database, user, clock, "new")

    with database.reading() as session:
        assert [each.browser for each in signins.active_of_user(session, user.id, clock())] == ["new"]
        assert len(signins.of_user(session, user.id)) == 2


@pytest.mark.parametrize("change", ["password", "disabled"])
def test_whoever_changed_since_they_were_read_is_told_from_who_did_not(
    database: Database, clock: Clock, change: str
) -> None:
    user = added(database)
    with database.transaction() as session:
        users.add_user(session, NOBODY, "Olle Ek", Role.ADMIN, START)
    with database.reading() as session:
        before = users.find_user(session, user.id)
        assert signins.is_unchanged(session, before)
    with database.transaction() as session:
        if change == "password":
            users.set_password(session, users.find_user(session, user.id), "fem blåa dörrar", clock())
        else:
            users.disable(session, user.id, clock())

    with database.reading() as session:
        assert not signins.is_unchanged(session, before)


def test_the_mark_of_a_password_ends_with_it_and_is_of_one_user(database: Database, clock: Clock) -> None:
    user, other = added(database), added(database, NOBODY, password=None)
    before = signins.password_mark(SETTINGS, user)
    assert before == signins.password_mark(SETTINGS, user)

    with database.transaction() as session:
        # The very same password, stored anew.
        users.set_password(session, users.find_user(session, user.id), GOOD, clock())
    with database.reading() as session:
        after = signins.password_mark(SETTINGS, users.find_user(session, user.id))

    assert len({before, after, signins.password_mark(SETTINGS, other)}) == 3
    assert str(user.password) not in before
