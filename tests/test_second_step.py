"""The second step of logging in."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from surveyapp import audit, second_step, signins, users
from surveyapp.core.access import Role
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, Problem, TooManyTriesError
from surveyapp.db import Database
from surveyapp.models import RecoveryCode, User
from tests.support.people import START, Clock, settings

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HOME = "192.0.2.7"
SETTINGS = settings()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def added(database: Database, email: str = "maja@example.se") -> User:
    with database.transaction() as session:
        return users.add_user(session, email, "Maja Lind", Role.ADMIN, START)


def code(clock: Clock, steps: int = 0, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(clock(), counter_offset=steps)


def switched_on(database: Database, user: User, clock: Clock, secret: str = SECRET) -> list[str]:
    with database.transaction() as session:
        return second_step.switch_on(session, user, secret, code(clock, 0, secret), clock())


def protected(database: Database, clock: Clock) -> tuple[User, list[str]]:
    """Somebody who switched it on ten minutes ago."""
    user = added(database)
    codes = switched_on(database, user, clock)
    clock.forward(minutes=10)
    return user, codes


def passes(
    database: Database,
    user: User,
    typed: str,
    clock: Clock,
    network: str = HOME,
    device: str | None = None,
) -> bool:
    with database.transaction() as session:
        return second_step.passes(session, SETTINGS, user, typed, network, device, clock())


def left(database: Database, user: User) -> int:
    with database.reading() as session:
        return second_step.codes_left(session, user)


def deeds(database: Database) -> Sequence[tuple[Deed, object]]:
    with database.reading() as session:
        return [(each.deed, each.detail.get("left")) for each in audit.entries(session, 50)]


# --- codes of an app -------------------------------------------------------------------------------


def test_an_app_reads_the_secret_from_the_qr_code(database: Database) -> None:
    secret = second_step.new_secret()
    assert re.fullmatch("[A-Z2-7]{32}", secret) and secret != second_step.new_secret()
    url = urlsplit(second_step.uri(added(database), secret, "Nordlicht & Söhne: Energie"))
    asked = parse_qs(url.query)
    assert (url.scheme, url.netloc) == ("otpauth", "totp")
    assert asked["secret"] == [secret] and asked["issuer"] == ["Nordlicht & Söhne: Energie"]
    assert url.path.endswith("maja%40example.se")


def test_it_is_switched_on_with_a_code_of_the_app(database: Database, clock: Clock) -> None:
    made = added(database)
    codes = switched_on(database, made, clock)
    assert len(set(codes)) == 10 == left(database, made)
    assert all(re.fullmatch("([a-z2-9]{5}-){2}[a-z2-9]{5}", each) for each in codes)
    with database.reading() as session:
        assert users.find_user(session, made.id).totp_secret == SECRET
        hashes = [row.hash for row in session.query(RecoveryCode)]
    assert not set(hashes) & set(codes)


@pytest.mark.parametrize(
    ("secret", "typed"),
    [(SECRET, "000000"), (SECRET, ""), (SECRET, "12345"), ("no secret", "123456"), ("", "123456")],
)
def test_it_is_not_switched_on_by_another_code(
    database: Database, clock: Clock, secret: str, typed: str
) -> None:
    made = added(database)
    assert code(clock) != typed
    with pytest.raises(FieldError) as caught, database.transaction() as session:
        second_step.switch_on(session, made, secret, typed, clock())
    assert (caught.value.field, caught.value.problem) == ("code", Problem.CODE)
    with database.reading() as session:
        assert users.find_user(session, made.id).totp_secret is None
    assert left(database, made) == 0


@pytest.mark.parametrize(("steps", "is_good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_of_now_of_just_before_and_of_just_after_passes(
    database: Database, clock: Clock, steps: int, is_good: bool
) -> None:
    user, _ = protected(database, clock)
    assert passes(database, user, code(clock, steps), clock) is is_good


def test_a_code_passes_once_and_an_earlier_one_never_after_it(database: Database, clock: Clock) -> None:
    user, _ = protected(database, clock)
    used, earlier, later = code(clock), code(clock, -1), code(clock, 1)
    assert passes(database, user, f"{used[:3]} {used[3:]}", clock)
    assert not passes(database, user, used, clock) and not passes(database, user, earlier, clock)
    clock.forward(seconds=30)
    assert not passes(database, user, used, clock)
    assert passes(database, user, later, clock)


def test_the_code_that_switched_it_on_does_not_log_in(database: Database, clock: Clock) -> None:
    user = added(database)
    switched_on(database, user, clock)
    assert not passes(database, user, code(clock), clock)
    assert passes(database, user, code(clock, 1), clock)


def test_of_two_requests_with_one_code_at_once_one_passes(own_database: Database, clock: Clock) -> None:
    user, _ = protected(own_database, clock)
    barrier = Barrier(4)

    def attempt(_: int) -> bool:
        barrier.wait(60)
        return passes(own_database, user, code(clock), clock)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "١٢٣٤٥٦", "\x00", "\ud800", "x" * 100_000])
def test_whatever_is_typed_is_only_wrong(database: Database, clock: Clock, typed: str) -> None:
    user, _ = protected(database, clock)
    assert not passes(database, user, typed, clock)


def test_without_a_second_step_no_code_passes(database: Database, clock: Clock) -> None:
    user = added(database)
    assert not passes(database, user, code(clock), clock) and not passes(database, user, "", clock)


def test_anothers_code_passes_nobody(database: Database, clock: Clock) -> None:
    user, codes = protected(database, clock)
    other = added(database, "bo@example.se")
    switched_on(database, other, clock, second_step.new_secret())
    clock.forward(minutes=10)
    assert not passes(database, other, code(clock), clock) and not passes(database, other, codes[0], clock)
    assert passes(database, user, code(clock), clock)


# --- recovery codes --------------------------------------------------------------------------------


def test_a_recovery_code_passes_once_and_is_recorded(database: Database, clock: Clock) -> None:
    user, codes = protected(database, clock)
    assert passes(database, user, codes[3], clock) and not passes(database, user, codes[3], clock)
    assert passes(database, user, f" {codes[4].upper().replace('-', ' ')}", clock)
    assert left(database, user) == 8
    assert sorted(deeds(database)) == [(Deed.RECOVERY_CODE_USED, 8), (Deed.RECOVERY_CODE_USED, 9)]


def test_a_recovery_code_passes_once_also_at_the_same_moment(own_database: Database, clock: Clock) -> None:
    user, codes = protected(own_database, clock)
    barrier = Barrier(4)

    def attempt(_: int) -> bool:
        barrier.wait(60)
        return passes(own_database, user, codes[0], clock)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1
    assert left(own_database, user) == 9


def test_new_recovery_codes_replace_the_old(database: Database, clock: Clock) -> None:
    user, old = protected(database, clock)
    with database.transaction() as session:
        new = second_step.new_recovery_codes(session, user)
    assert not passes(database, user, old[0], clock) and passes(database, user, new[0], clock)


def test_another_secret_replaces_the_first_with_its_codes(database: Database, clock: Clock) -> None:
    user, old = protected(database, clock)
    secret = second_step.new_secret()
    switched_on(database, user, clock, secret)
    clock.forward(minutes=1)
    assert not passes(database, user, code(clock), clock) and not passes(database, user, old[0], clock)
    assert passes(database, user, code(clock, 0, secret), clock)


def test_switched_off_nothing_passes(database: Database, clock: Clock) -> None:
    user, codes = protected(database, clock)
    for _ in range(2):
        with database.transaction() as session:
            second_step.switch_off(session, user)
    assert not passes(database, user, code(clock), clock) and not passes(database, user, codes[0], clock)
    with database.reading() as session:
        assert users.find_user(session, user.id).totp_secret is None


# --- limits ----------------------------------------------------------------------------------------


def test_after_five_wrong_codes_there_is_one_try_each_minute(database: Database, clock: Clock) -> None:
    user, _ = protected(database, clock)
    for number in range(5):
        assert not passes(database, user, "wrong", clock, f"10.0.{number}.1")
    for _ in range(2):
        with pytest.raises(TooManyTriesError) as caught:
            passes(database, user, code(clock), clock)
        assert caught.value.seconds == 60
    clock.forward(minutes=1)
    assert passes(database, user, code(clock), clock)


def test_a_known_browser_is_not_locked_out_by_whoever_knows_the_password(
    database: Database, clock: Clock
) -> None:
    user, _ = protected(database, clock)
    mark, other = (signins.device_mark(SETTINGS, user.id) for _ in range(2))
    for device in (signins.device_mark(SETTINGS, "somebody else"), mark):
        for _ in range(5):
            assert not passes(database, user, "wrong", clock, device=device)
        with pytest.raises(TooManyTriesError):
            passes(database, user, code(clock), clock, device=device)
    assert passes(database, user, code(clock), clock, device=other)


def test_right_codes_cost_nothing(database: Database, clock: Clock) -> None:
    user, codes = protected(database, clock)
    assert all(passes(database, user, each, clock) for each in codes)


def test_one_network_tries_few_codes_of_many_users(database: Database, clock: Clock) -> None:
    people = [added(database, f"{number}@example.se") for number in range(5)]
    for number in range(20):
        assert not passes(database, people[number // 5], "wrong", clock)
    with pytest.raises(TooManyTriesError):
        passes(database, people[4], "wrong", clock)
