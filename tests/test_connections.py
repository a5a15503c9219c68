"""Connections that the database server closed while nobody used them."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import make_url, text

from surveyapp.db import TRUSTED_SECONDS, Database
from tests.support.postgres import Server


@pytest.fixture
def pooled(postgres: Server) -> Iterator[Database]:
    url = postgres.clone()
    database = Database(url)
    yield database
    database.dispose()
    postgres.drop(url)


def _close_from_the_servers_side(database: Database) -> None:
    with psycopg.connect(make_url(database.url).render_as_string(hide_password=False)) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def _backend(database: Database) -> int:
    with database.bare_transaction() as connection:
        return int(connection.scalar(text("SELECT pg_backend_pid()")))


def test_a_connection_that_was_closed_while_idle_is_replaced_without_an_error(pooled: Database) -> None:
    before = _backend(pooled)
    _close_from_the_servers_side(pooled)
    time.sleep(TRUSTED_SECONDS + 0.1)
    assert _backend(pooled) != before


def test_all_connections_of_the_pool_are_replaced_with_it(pooled: Database) -> None:
    with pooled.bare_transaction() as one, pooled.bare_transaction() as two:
        pids = {int(each.scalar(text("SELECT pg_backend_pid()"))) for each in (one, two)}
    _close_from_the_servers_side(pooled)
    time.sleep(TRUSTED_SECONDS + 0.1)
    with pooled.bare_transaction() as one, pooled.bare_transaction() as two:
        assert pids.isdisjoint(int(each.scalar(text("SELECT pg_backend_pid()"))) for each in (one, two))


def test_a_connection_that_is_alive_is_kept(pooled: Database) -> None:
    before = _backend(pooled)
    time.sleep(TRUSTED_SECONDS + 0.1)
    assert _backend(pooled) == before
