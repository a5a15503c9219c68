"""Passwords."""

from typing import Any

import pytest
from argon2 import PasswordHasher

from surveyapp import passwords
from surveyapp.core.errors import FieldError, Problem

GOOD = "tre gröna paraplyer"
ABOUT = ("maja.lind@nordlicht.example", "Maja Lind", "Nordlicht Energie")


class Counting(PasswordHasher):
    """Cheap, and remembers against what it was asked to verify."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[str | bytes] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002
        self.verified.append(hash)
        return super().verify(hash, password)


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting


def test_a_password_is_right_and_every_other_is_wrong(
    real_hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_hasher", real_hasher)
    stored = passwords.hashed(GOOD)
    assert stored.startswith("$argon2id$") and len(stored) <= 200 and GOOD not in stored
    assert not PasswordHasher().check_needs_rehash(stored)
    assert passwords.is_right(stored, GOOD)
    for other in (GOOD + " ", GOOD.upper(), GOOD[:-1], ""):
        assert not passwords.is_right(stored, other)


def test_the_same_password_is_stored_differently_each_time(hasher: Counting) -> None:
    assert passwords.hashed(GOOD) != passwords.hashed(GOOD)


def test_it_does_not_matter_how_a_keyboard_composes_letters(hasher: Counting) -> None:
    assert passwords.is_right(passwords.hashed("tre gro\u0308na ﬁskar"), "tre gr\u00f6na fiskar")


def test_where_there_is_no_password_just_as_much_is_verified(hasher: Counting) -> None:
    stored = passwords.hashed(GOOD)
    for given in (stored, None):
        hasher.verified.clear()
        assert not passwords.is_right(given, "wrong")
        [verified] = hasher.verified
        assert str(verified).startswith("$argon2id$")
    assert not passwords.is_right(None, "nobody has this password")


@pytest.mark.parametrize("password", ["\x00", "\ud800", "x" * 100_000, "\u0315\u0300" * 50_000])
def test_whatever_is_typed_is_only_wrong(hasher: Counting, password: str) -> None:
    assert not passwords.is_right(passwords.hashed(GOOD), password)


def test_a_hash_of_older_parameters_is_made_anew(hasher: Counting) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(GOOD)
    assert passwords.needs_rehash(old) and not passwords.needs_rehash(passwords.hashed(GOOD))
    assert passwords.is_right(old, GOOD)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "korrekt häst batteri",
        "Tm7!qz#Lw2vK",
        "!%&/()=?#abc",
        "пароль из семи слов",
        "majas katt äter lax",
    ],
)
def test_a_password_that_is_hard_to_guess_is_taken(password: str) -> None:
    passwords.check_new(password, ABOUT)


@pytest.mark.parametrize(
    ("password", "problem", "values"),
    [
        ("elva tecken", Problem.SHORT, {"n": 12}),
        ("", Problem.SHORT, {"n": 12}),
        ("e\u0301" * 11, Problem.SHORT, {"n": 12}),
        ("abc åäö " * 26, Problem.LONG, {"n": 200}),
        ("abc åäö " * 100_000, Problem.LONG, {"n": 200}),
        ("aaaaaaaaaaaaaaaa", Problem.WEAK, {}),
        ("abababababababab", Problem.WEAK, {}),
        ("123456789012", Problem.WEAK, {}),
        ("qwertyuiopas", Problem.WEAK, {}),
        ("QwertyuiopAsdf!", Problem.WEAK, {}),
        ("abcdefghijklmnop", Problem.WEAK, {}),
        ("Password123!!!!", Problem.WEAK, {}),
        ("Lösenord2026!", Problem.WEAK, {}),
        ("Sommar2026!!x", Problem.WEAK, {}),
        ("NordlichtEnergie1", Problem.WEAK, {}),
        ("maja.lind@nordlicht", Problem.WEAK, {}),
        ("Maja Lind 1987!", Problem.WEAK, {}),
        ("hej1hej1hej1hej1", Problem.WEAK, {}),
    ],
)
def test_a_password_that_anybody_would_try_is_refused(
    password: str, problem: Problem, values: dict[str, int]
) -> None:
    with pytest.raises(FieldError) as caught:
        passwords.check_new(password, ABOUT)
    assert (caught.value.field, caught.value.problem, caught.value.values) == ("password", problem, values)
