"""Users, and the links that set their passwords."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from surveyapp import passwords, signins, users
from surveyapp.core.access import Permission, Role
from surveyapp.core.errors import (
    FieldError,
    LastAdminError,
    Problem,
    SurveyappError,
    UnknownThingError,
    UsedLinkError,
)
from surveyapp.db import Database
from surveyapp.models import Identity, User
from tests.support.people import START

GOOD = "tre gröna paraplyer"
LATER = START + timedelta(hours=1)
WEEK = timedelta(days=7)


def added(database: Database, email: str = "maja@example.se", role: Role = Role.ADMIN, **about: Any) -> User:
    with database.transaction() as session:
        return users.add_user(session, email, "Maja Lind", role, START, **about)


def again(database: Database, user: User) -> User:
    with database.reading() as session:
        return users.find_user(session, user.id)


def linked(database: Database, user: User) -> str:
    with database.transaction() as session:
        return users.new_link(session, user.id, WEEK, START)


def use(database: Database, token: str, password: str = GOOD, hours: float = 1) -> User:
    with database.transaction() as session:
        return users.use_link(session, token, password, START + timedelta(hours=hours))


def opens(database: Database, token: str, hours: float = 1) -> bool:
    with database.reading() as session:
        try:
            users.user_of_link(session, token, START + timedelta(hours=hours))
        except UsedLinkError:
            return False
    return True


def logged_in(database: Database, user: User) -> str:
    with database.transaction() as session:
        return signins.begin(session, user, "Firefox", START)


def is_in(database: Database, token: str) -> bool:
    with database.reading() as session:
        return signins.find(session, token, LATER) is not None


def change(database: Database, user: User, **values: Any) -> list[str]:
    now = {
        "name": user.name,
        "role": Role(user.role),
        "teams": user.teams,
        "agent_ref": user.agent_ref,
        "allowed": {},
        **values,
    }
    with database.transaction() as session:
        return users.change_user(session, user.id, LATER, **now)


# --- who there is ----------------------------------------------------------------------------------


def test_somebody_new_has_no_password_and_is_found_however_the_address_is_spelled(database: Database) -> None:
    with database.reading() as session:
        assert users.is_empty(session)
    made = added(
        database, " Maja.Lind@Example.SE ", Role.LEADER, teams=["Nord", "nord ", "Nord"], locale="sv"
    )
    assert (made.email, made.password, made.locale) == ("maja.lind@example.se", None, "sv")
    assert made.teams == ["Nord", "nord"]
    with database.reading() as session:
        assert not users.is_empty(session)
        for spelled in ("maja.lind@example.se", "MAJA.LIND@EXAMPLE.SE ", "maja.lind@example.se\n"):
            found = users.by_email(session, spelled)
            assert found is not None and found.id == made.id
        for other in ("", "maja", "maja.lind@example.com", "\x00@example.se", "maja.lind@example.se\x00"):
            assert users.by_email(session, other) is None


def test_a_domain_with_umlauts_is_one_address_in_both_spellings(database: Database) -> None:
    made = added(database, "maja@Åre.example.se")
    with database.reading() as session:
        found = users.by_email(session, f"maja@{'åre'.encode('idna').decode()}.example.se")
        assert found is not None and found.id == made.id


def test_users_come_by_name(database: Database) -> None:
    with database.transaction() as session:
        for name in ("Örjan", "anna", "Bo"):
            users.add_user(session, f"{len(name)}{name[0].isascii()}@example.se", name, Role.VIEWER, START)
        assert [user.name for user in users.all_users(session)] == ["anna", "Bo", "Örjan"]


@pytest.mark.parametrize(
    ("values", "field", "problem"),
    [
        ({"email": "maja@example.se"}, "email", Problem.TAKEN),
        ({"email": "MAJA@example.se"}, "email", Problem.TAKEN),
        ({"email": "nobody"}, "email", Problem.ADDRESS),
        ({"email": "a\x00b@example.se"}, "email", Problem.ADDRESS),
        ({"email": " "}, "email", Problem.MISSING),
        ({"name": " \n"}, "name", Problem.MISSING),
        ({"name": "x" * 201}, "name", Problem.LONG),
        ({"name": "a\x00b"}, "name", Problem.NO_TEXT),
        ({"agent_ref": "x" * 201}, "agent_ref", Problem.LONG),
        ({"role": Role.AGENT}, "agent_ref", Problem.MISSING),
        ({"role": Role.AGENT, "agent_ref": " \n"}, "agent_ref", Problem.MISSING),
        ({"teams": ["x" * 201]}, "teams", Problem.LONG),
        ({"teams": [str(number) for number in range(201)]}, "teams", Problem.MANY),
        ({"locale": "fi"}, "locale", Problem.CHOICE),
    ],
)
def test_what_cannot_be_is_named(
    database: Database, values: dict[str, Any], field: str, problem: Problem
) -> None:
    added(database)
    usual: dict[str, Any] = {"email": "b@example.se", "name": "Bo", "role": Role.LEADER}
    with pytest.raises(FieldError) as caught, database.transaction() as session:
        users.add_user(session, **usual | values, now=START)
    assert (caught.value.field, caught.value.problem) == (field, problem)


def test_an_agent_sees_by_reference_alone_and_has_no_teams(database: Database) -> None:
    anna = added(database, role=Role.AGENT, agent_ref="anna", teams=["Nord"])
    assert (anna.teams, users.viewer_of(anna).agent_ref) == (None, "anna")
    with pytest.raises(FieldError) as caught:
        change(database, anna, agent_ref=" ")
    assert (caught.value.field, caught.value.problem) == ("agent_ref", Problem.MISSING)
    assert change(database, anna, role=Role.VIEWER, agent_ref=None) == ["role", "agent_ref"]


def test_somebody_is_new_until_a_password_a_provider_or_a_login(database: Database) -> None:
    ways = {
        name: added(database, f"{name}@example.se") for name in ("nobody", "password", "login", "provider")
    }
    with database.transaction() as session:
        users.set_password(session, users.find_user(session, ways["password"].id), GOOD, START)
        session.add(
            Identity(
                issuer="https://login.example", subject="x", user_id=ways["provider"].id, created_at=START
            )
        )
    logged_in(database, ways["login"])
    with database.reading() as session:
        assert users.newcomers(session) == {ways["nobody"].id}


def test_of_two_who_add_the_same_address_at_once_one_is_told(own_database: Database) -> None:
    barrier = Barrier(4)

    def add(_: int) -> str:
        barrier.wait(60)
        try:
            return added(own_database).email
        except FieldError as error:
            return error.problem.name

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, range(4))) == ["TAKEN"] * 3 + ["maja@example.se"]


@pytest.mark.parametrize("user_id", ["nobody", "\x00", ""])
def test_nobody_is_found_where_there_is_nobody(database: Database, user_id: str) -> None:
    works: list[Callable[[Any], object]] = [
        lambda session: users.find_user(session, user_id),
        lambda session: users.disable(session, user_id, START),
        lambda session: users.enable(session, user_id, START),
        lambda session: users.set_locale(session, user_id, "sv"),
        lambda session: users.new_link(session, user_id, WEEK, START),
    ]
    for work in works:
        with pytest.raises(UnknownThingError), database.transaction() as session:
            work(session)


# --- what somebody sees ----------------------------------------------------------------------------


def test_a_viewer_is_told_from_the_row(database: Database) -> None:
    made = added(database, role=Role.LEADER, teams=["Nord"], agent_ref="A-1")
    viewer = users.viewer_of(made)
    assert (viewer.id, viewer.role, viewer.teams) == (made.id, Role.LEADER, frozenset({"Nord"}))
    assert viewer.agent_ref == "A-1" and viewer.may(Permission.COMMENTS)
    change(database, made, allowed={Permission.COMMENTS: False, Permission.CUSTOMERS: True})
    viewer = users.viewer_of(again(database, made))
    assert not viewer.may(Permission.COMMENTS) and viewer.may(Permission.CUSTOMERS)


def test_no_team_at_all_is_not_all_teams(database: Database) -> None:
    nowhere = added(database, "a@example.se", Role.SUPPORT, teams=[])
    everywhere = added(database, "b@example.se", Role.SUPPORT)
    assert users.viewer_of(again(database, nowhere)).teams == frozenset()
    assert users.viewer_of(again(database, everywhere)).teams is None


def test_an_admins_teams_are_all_there_are(database: Database) -> None:
    made = added(database, teams=["Nord"])
    assert made.teams is None and users.viewer_of(made).teams is None


# --- changing --------------------------------------------------------------------------------------


def test_a_change_names_what_changed_and_the_same_again_nothing(database: Database) -> None:
    added(database)
    made = added(database, "bo@example.se", Role.SUPPORT, teams=["Nord"])
    values: dict[str, Any] = {
        "name": "Bo Ek", "role": Role.LEADER, "teams": ["Syd"], "allowed": {Permission.COMMENTS: False},
    }  # fmt: skip
    assert change(database, made, **values) == ["name", "role", "teams", "allowed"]
    assert change(database, made, **values) == []
    found = again(database, made)
    assert (found.name, found.role, found.teams) == ("Bo Ek", "leader", ["Syd"])


def test_what_the_role_has_anyway_or_never_is_not_stored(database: Database) -> None:
    made = added(database, "bo@example.se", Role.LEADER)
    given = {Permission.COMMENTS: True, Permission.CUSTOMERS: True, Permission.USERS: True}
    change(database, made, allowed=given)
    assert again(database, made).allowed == {"customers": True}
    change(database, made, role=Role.VIEWER, allowed=given)
    assert again(database, made).allowed == {}


def test_somebody_is_always_left_who_administers(database: Database) -> None:
    maja, bo = added(database), added(database, "bo@example.se")
    change(database, bo, role=Role.LEADER)
    with pytest.raises(LastAdminError):
        change(database, maja, role=Role.LEADER)
    with pytest.raises(LastAdminError), database.transaction() as session:
        users.disable(session, maja.id, LATER)
    assert change(database, maja, name="Maja Ek") == ["name"]
    change(database, bo, role=Role.ADMIN)
    with database.transaction() as session:
        users.disable(session, bo.id, LATER)
    with pytest.raises(LastAdminError):
        change(database, maja, role=Role.LEADER)
    with database.transaction() as session:
        users.enable(session, bo.id, LATER)
    change(database, maja, role=Role.LEADER)


def test_of_two_admins_who_disable_each_other_at_once_one_stays(own_database: Database) -> None:
    pair = [added(own_database), added(own_database, "bo@example.se")]
    barrier = Barrier(2)

    def disable(user: User) -> bool:
        barrier.wait(60)
        try:
            with own_database.transaction() as session:
                users.disable(session, user.id, LATER)
        except LastAdminError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(disable, pair)) == [False, True]


def test_a_disabled_user_is_logged_out_and_links_open_nothing(database: Database) -> None:
    added(database)
    bo = added(database, "bo@example.se", Role.LEADER)
    token, link = logged_in(database, bo), linked(database, bo)
    assert is_in(database, token) and opens(database, link)
    for hours in (1, 2):
        with database.transaction() as session:
            users.disable(session, bo.id, START + timedelta(hours=hours))
    assert again(database, bo).disabled_at == LATER
    assert not is_in(database, token) and not opens(database, link)
    later = linked(database, bo)
    assert not opens(database, later)
    with pytest.raises(UsedLinkError):
        use(database, later)
    for _ in range(2):
        with database.transaction() as session:
            users.enable(session, bo.id, LATER)
    assert again(database, bo).disabled_at is None
    assert not is_in(database, token) and not opens(database, link) and opens(database, later)


def test_a_language_is_set_and_given_back_to_the_browser(database: Database) -> None:
    made = added(database)
    for locale in ("de", None):
        with database.transaction() as session:
            users.set_locale(session, made.id, locale)
        assert again(database, made).locale == locale
    with pytest.raises(FieldError), database.transaction() as session:
        users.set_locale(session, made.id, "fi")


# --- passwords and links ---------------------------------------------------------------------------


def test_a_new_password_ends_every_signin_and_voids_links(database: Database) -> None:
    made, other = added(database), added(database, "bo@example.se")
    mine, theirs, link = logged_in(database, made), logged_in(database, other), linked(database, made)
    with database.transaction() as session:
        users.set_password(session, made, GOOD, LATER)
    assert passwords.is_right(again(database, made).password, GOOD)
    assert not is_in(database, mine) and is_in(database, theirs) and not opens(database, link)


@pytest.mark.parametrize("password", ["kort", "Maja Lind 1987!", "Nordlicht 2026!"])
def test_a_password_that_others_would_try_is_not_set(database: Database, password: str) -> None:
    made = added(database)
    with pytest.raises(FieldError), database.transaction() as session:
        users.set_password(session, made, password, LATER, about=["Nordlicht AG"])
    assert again(database, made).password is None


def test_a_link_sets_a_password_once(database: Database) -> None:
    made = added(database)
    token, other = linked(database, made), linked(database, made)
    assert opens(database, token) and opens(database, token)
    assert use(database, token).id == made.id
    assert passwords.is_right(again(database, made).password, GOOD)
    for each in (token, other):
        assert not opens(database, each)
        with pytest.raises(UsedLinkError):
            use(database, each, "ett annat långt ord")
    assert passwords.is_right(again(database, made).password, GOOD)


def test_a_password_that_cannot_be_leaves_the_link_good(database: Database) -> None:
    token = linked(database, added(database))
    with pytest.raises(FieldError):
        use(database, token, "kort")
    assert opens(database, token)


def test_a_link_is_good_for_its_time_and_stored_as_a_hash(database: Database) -> None:
    made = added(database)
    token = linked(database, made)
    assert opens(database, token, 24 * 7 - 0.01) and not opens(database, token, 24 * 7)
    with pytest.raises(UsedLinkError):
        use(database, token, hours=24 * 7)
    for wrong in (token + "x", token[:-1], "", "\ud800", "\x00"):
        assert not opens(database, wrong)


def test_of_many_uses_of_one_link_at_once_one_counts(own_database: Database) -> None:
    made = added(own_database)
    token = linked(own_database, made)
    barrier = Barrier(6)

    def attempt(number: int) -> bool:
        barrier.wait(60)
        try:
            use(own_database, token, f"lösning med nummer {number}")
        except UsedLinkError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(attempt, range(6)))
    assert sum(won) == 1
    stored = again(own_database, made).password
    assert passwords.is_right(stored, f"lösning med nummer {won.index(True)}")


def test_links_whose_time_is_over_are_purged_a_few_at_a_time(database: Database) -> None:
    made = added(database)
    tokens = [linked(database, made) for _ in range(3)]
    with database.transaction() as session:
        users.new_link(session, made.id, WEEK, LATER)
        assert users.purge_links(session, LATER) == 0
        assert [users.purge_links(session, START + WEEK, 2) for _ in range(3)] == [2, 1, 0]
    assert not opens(database, tokens[0])


def test_every_error_is_a_sentence(database: Database) -> None:
    with pytest.raises(SurveyappError, match=r"^This link .*\.$"):
        use(database, "none of ours")
