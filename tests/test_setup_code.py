"""The set-up code and the first admin."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from surveyapp import passwords, setup_code, users
from surveyapp.core.access import Role
from surveyapp.core.errors import FieldError, Problem
from surveyapp.db import Database
from surveyapp.models import User
from tests.support.people import START, settings

SETTINGS = settings(COMPANY="Nordlicht Energie")
GOOD = "tre gröna paraplyer"


def made(
    database: Database, typed: str | None = None, email: str = "maja@example.se", password: str = GOOD
) -> User:
    typed = setup_code.code(SETTINGS) if typed is None else typed
    with database.transaction() as session:
        return setup_code.make_first_admin(session, SETTINGS, typed, email, "Maja Lind", password, START)


def test_the_code_is_the_installations_own_and_always_the_same() -> None:
    code = setup_code.code(SETTINGS)
    assert re.fullmatch("([A-HJKMNP-Z2-9]{5}-){3}[A-HJKMNP-Z2-9]{5}", code)
    assert code == setup_code.code(SETTINGS)
    assert code != setup_code.code(settings(SECRET_KEY="another secret 0123456789abcdefgh"))


def test_it_does_not_matter_how_it_is_typed() -> None:
    code = setup_code.code(SETTINGS)
    for typed in (code, code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')}\n"):
        assert setup_code.is_code(SETTINGS, typed)
    for wrong in ("", "-", code[:-1], code + "A", code[::-1], "ß" * 20, "\ud800", "\x00"):
        assert not setup_code.is_code(SETTINGS, wrong)


def test_the_first_visit_makes_an_admin_and_the_second_nobody(database: Database) -> None:
    user = made(database)
    with database.reading() as session:
        found = users.find_user(session, user.id)
    assert (found.role, found.email) == (Role.ADMIN, "maja@example.se")
    assert passwords.is_right(found.password, GOOD)
    with pytest.raises(FieldError) as caught:
        made(database, email="bo@example.se")
    assert (caught.value.field, caught.value.problem) == ("code", Problem.CODE)


def test_after_the_first_user_the_code_opens_nothing_whoever_that_was(database: Database) -> None:
    with database.transaction() as session:
        users.add_user(session, "bo@example.se", "Bo", Role.VIEWER, START)
    with pytest.raises(FieldError):
        made(database)


@pytest.mark.parametrize(
    ("typed", "email", "password", "field"),
    [
        ("ABCDE-ABCDE-ABCDE-ABCDE", "maja@example.se", GOOD, "code"),
        (None, "nobody", GOOD, "email"),
        (None, "maja@example.se", "kort", "password"),
        (None, "maja@example.se", "NordlichtEnergie1", "password"),
    ],
)
def test_what_cannot_be_makes_nobody(
    database: Database, typed: str | None, email: str, password: str, field: str
) -> None:
    with pytest.raises(FieldError) as caught:
        made(database, typed, email, password)
    assert caught.value.field == field
    with database.reading() as session:
        assert users.is_empty(session)


def test_of_several_first_visits_at_once_one_makes_an_admin(own_database: Database) -> None:
    barrier = Barrier(4)

    def visit(number: int) -> bool:
        barrier.wait(60)
        try:
            made(own_database, email=f"{number}@example.se")
        except FieldError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(visit, range(4))) == 1
    with own_database.reading() as session:
        assert len(users.all_users(session)) == 1
