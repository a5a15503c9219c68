"""What is set in the browser stands before the environment, everywhere and at once."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from surveyapp import preferences, shell
from surveyapp.config import Own
from surveyapp.core.access import AgentFigures
from surveyapp.core.errors import FieldError, Problem
from surveyapp.db import Database
from surveyapp.models import Preference
from surveyapp.preferences import Cache
from tests.support.people import START, opened, settings
from tests.support.terminal import Terminal

NOWHERE = "sqlite:////nowhere/at/all.db"


def put(database: Database, **changes: Any) -> list[str]:
    with database.transaction() as session:
        return preferences.save(session, changes, START)


def stored(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        return preferences.stored(session)


def put_raw(database: Database, name: str, value: Any) -> None:
    with database.transaction() as session:
        session.execute(insert(Preference), {"name": name, "value": value, "changed_at": START})


# --- what is set -----------------------------------------------------------------------------------


def test_without_anything_set_the_environment_decides(database: Database) -> None:
    installed = settings(COMPANY="Nordlicht", SMALLEST_N="7")
    found = preferences.read(installed, database)
    assert found == installed
    assert found.own == Own()
    assert found.own.agent_figures is AgentFigures.PSEUDONYMOUS


def test_what_is_set_stands_before_the_environment_and_leaves_the_rest(database: Database) -> None:
    installed = settings(COMPANY="Nordlicht", SMALLEST_N="7", TIMEZONE="Europe/Berlin")
    put(database, company="Südlicht", timezone="Europe/Stockholm", agent_figures="named", comments_days=90)
    found = preferences.read(installed, database)
    assert (found.company, found.timezone, found.smallest_n) == ("Südlicht", ZoneInfo("Europe/Stockholm"), 7)
    assert (found.own.agent_figures, found.own.comments_days) == (AgentFigures.NAMED, 90)
    assert (found.own.identity_days, found.secret_key) == (365, installed.secret_key)


def test_only_what_really_changed_is_named(database: Database) -> None:
    assert put(database, company="A", link_days=30) == ["company", "link_days"]
    assert put(database, company="A", link_days=31) == ["link_days"]
    assert put(database, company="A", link_days=31) == []


def test_none_goes_back_to_the_environment_and_the_second_time_changes_nothing(database: Database) -> None:
    put(database, company="A")
    assert put(database, company=None) == ["company"]
    assert put(database, company=None) == []
    assert preferences.read(settings(COMPANY="Nordlicht"), database).company == "Nordlicht"


def test_texts_per_language_lose_their_empty_ones(database: Database) -> None:
    put(database, privacy={"sv": " Hej.\r\n\r\nDå. ", "de": "  "}, senders={"de": "Hilfe <hilfe@example.de>"})
    assert stored(database)["privacy"] == {"sv": "Hej.\n\nDå."}
    assert preferences.read(settings(), database).own.senders == {"de": "Hilfe <hilfe@example.de>"}


@pytest.mark.parametrize(
    ("name", "value", "field", "problem"),
    [
        ("company", " ", "company", Problem.MISSING),
        ("company", "x" * 201, "company", Problem.LONG),
        ("company", "a\nb", "company", Problem.NO_TEXT),
        ("contact", 7, "contact", Problem.TEXT),
        ("timezone", "Mars/Olympus", "timezone", Problem.ZONE),
        ("timezone", "../etc/passwd", "timezone", Problem.ZONE),
        ("timezone", "", "timezone", Problem.MISSING),
        ("locale", "fr", "locale", Problem.CHOICE),
        ("answer_mode", "guess", "answer_mode", Problem.CHOICE),
        ("link_days", 0, "link_days", Problem.NUMBER),
        ("link_days", "30", "link_days", Problem.NUMBER),
        ("smallest_n", True, "smallest_n", Problem.NUMBER),
        ("touches_days", 31, "touches_days", Problem.NUMBER),
        ("agent_figures", "everybody", "agent_figures", Problem.CHOICE),
        ("ticket_url", "https://help.example/t/", "ticket_url", Problem.TICKET_URL),
        ("ticket_url", "https://help.example/{ticket}/{ticket}", "ticket_url", Problem.TICKET_URL),
        ("ticket_url", "javascript:alert({ticket})", "ticket_url", Problem.TICKET_URL),
        ("ticket_url", 'https://help.example/"onclick="{ticket}', "ticket_url", Problem.TICKET_URL),
        ("colour", "red", "colour", Problem.COLOUR),
        ("senders", {"de": "nobody"}, "senders.de", Problem.ADDRESS),
        ("senders", {"de": "A <a@b.example>, c@d.example"}, "senders.de", Problem.ADDRESS),
        ("reply_to", {"de": "Hilfe <hilfe@example.de>"}, "reply_to.de", Problem.ADDRESS),
        ("reply_to", {"fr": "a@b.example"}, "reply_to", Problem.CHOICE),
        ("privacy", "text", "privacy", Problem.CHOICE),
        ("privacy", {"sv": "a\x00b"}, "privacy.sv", Problem.NO_TEXT),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_stored(
    database: Database, name: str, value: Any, field: str, problem: Problem
) -> None:
    with pytest.raises(FieldError) as refused:
        put(database, comments_days=90, **{name: value})
    assert (refused.value.field, refused.value.problem) == (field, problem)
    assert stored(database) == {}


@pytest.mark.parametrize("name", ["ticket_url", "colour", "logo"])
def test_what_may_be_empty_can_be_emptied(database: Database, name: str) -> None:
    assert put(database, **{name: ""}) == [name]


# --- what another release stored -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("invented_later", {"a": 1}),
        ("secret_key", "mine now"),
        ("agent_figures", "some_new_way"),
        ("timezone", "Mars/Olympus"),
        ("senders", [1, 2]),
        ("link_days", None),
    ],
)
def test_what_this_release_does_not_know_or_take_is_passed_over(
    database: Database, name: str, value: Any
) -> None:
    installed = settings()
    put_raw(database, name, value)
    put(database, company="Südlicht")
    found = preferences.read(installed, database)
    assert found.company == "Südlicht"
    assert (found.own, found.secret_key, found.timezone) == (Own(), installed.secret_key, installed.timezone)
    assert found.link_days == installed.link_days


# --- a database that fails -------------------------------------------------------------------------


def test_without_a_database_the_environment_decides() -> None:
    installed = settings()
    assert preferences.read(installed, Database(NOWHERE)) is installed


def test_while_the_database_fails_what_was_known_stays(database: Database) -> None:
    installed, cache = settings(), Cache()
    put(database, agent_figures="off")
    assert cache.settings(installed, database).own.agent_figures is AgentFigures.OFF
    cache.forget()
    assert cache.settings(installed, Database(NOWHERE)).own.agent_figures is AgentFigures.OFF


def test_a_database_without_its_tables_has_nothing_set(tmp_path: Any) -> None:
    installed = settings()
    assert preferences.read(installed, Database(f"sqlite:///{tmp_path / 'empty.db'}")) is installed


# --- what is kept in a process ---------------------------------------------------------------------


def test_a_process_reads_them_anew_after_two_seconds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(preferences, "monotonic", lambda: now[0])
    installed, cache = settings(COMPANY="Nordlicht"), Cache()
    assert cache.settings(installed, database).company == "Nordlicht"
    put(database, company="Südlicht")
    now[0] += 1.9
    assert cache.settings(installed, database).company == "Nordlicht"
    now[0] += 0.2
    assert cache.settings(installed, database).company == "Südlicht"


def test_what_was_set_in_this_process_counts_at_once(database: Database) -> None:
    installed, cache = settings(COMPANY="Nordlicht"), Cache()
    assert cache.settings(installed, database).company == "Nordlicht"
    put(database, company="Südlicht")
    cache.forget()
    assert cache.settings(installed, database).company == "Südlicht"


# --- who sees it -----------------------------------------------------------------------------------


def test_the_worker_and_the_pages_see_what_was_set(database: Database) -> None:
    site = opened(database)
    put(database, company="Südlicht")
    assert site.worker().settings.company == "Südlicht"
    assert site.app.extensions["surveyapp"].settings.company == "Südlicht"


def test_the_command_line_sees_what_was_set(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in terminal.environment.items():
        monkeypatch.setenv(name, value)
    assert shell.settings().company == "Nordlicht"
    put(terminal.database, company="Südlicht")
    assert shell.settings().company == "Südlicht"
