"""Every route behind the login, every role, own and foreign team: as the checked-in table says."""

from collections.abc import Iterator

import pytest

from surveyapp.db import Database
from surveyapp.web.admin.cookies import is_below
from tests.support.databases import SqliteFiles, ThrownAway
from tests.support.matrix import TABLE, table
from tests.support.people import opened, web_app


@pytest.fixture
def database(sqlite: SqliteFiles) -> Iterator[Database]:
    """SQLite alone: what a role may do is decided above the database, and each page's own tests try both."""
    made = ThrownAway(sqlite.clone())
    yield made
    made.dispose()


def test_everybody_gets_in_where_the_table_says_and_nowhere_else(database: Database) -> None:
    assert list(table(opened(database))) == TABLE.read_text(encoding="utf-8").splitlines()


def test_every_route_has_a_row() -> None:
    rows = {line.split()[0] for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]}
    routes = {
        rule.endpoint.removeprefix("admin_") for rule in web_app().url_map.iter_rules() if is_below(rule.rule)
    }
    assert rows == routes
