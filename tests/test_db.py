"""The database: instants, failures that become ours, and an upgrade that several start at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from surveyapp.core.errors import DatabaseFailedError, SettingError
from surveyapp.db import Base, Database
from surveyapp.models import Domain
from tests.support.served import environment, surveyapp

SUMMER = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=ZoneInfo("Europe/Stockholm"))


@pytest.mark.parametrize(
    "at", [SUMMER, SUMMER.astimezone(UTC), SUMMER.astimezone(timezone(timedelta(hours=-9)))]
)
def test_an_instant_comes_back_as_the_same_instant_in_utc(database: Database, at: datetime) -> None:
    with database.transaction() as session:
        session.add(Domain(domain="example.se", marked_until=at))
    with database.reading() as session:
        found = session.get_one(Domain, "example.se").marked_until
    assert found == at and found.tzinfo is UTC


def test_an_instant_without_a_time_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a time zone"), database.transaction() as session:
        session.add(Domain(domain="example.se", marked_until=SUMMER.replace(tzinfo=None)))
        session.flush()


def test_instants_are_compared_as_instants(database: Database) -> None:
    with database.transaction() as session:
        session.add(Domain(domain="example.se", marked_until=SUMMER))
        session.flush()
        for seconds, found in ((-1, 1), (0, 0), (1, 0)):
            at = (SUMMER + timedelta(seconds=seconds)).astimezone(ZoneInfo("Asia/Tokyo"))
            assert session.query(Domain).where(Domain.marked_until > at).count() == found


def test_a_transaction_is_kept_whole_or_not_at_all(own_database: Database) -> None:
    with pytest.raises(ZeroDivisionError), own_database.transaction() as session:
        session.add(Domain(domain="a.example", marked_until=SUMMER))
        session.flush()
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), own_database.bare_transaction() as connection:
        connection.execute(text("INSERT INTO domains VALUES ('b.example', '2026-01-01')"))
        raise ZeroDivisionError
    with own_database.reading() as session:
        assert session.query(Domain).count() == 0


def test_reading_keeps_nothing(own_database: Database) -> None:
    with own_database.reading() as session:
        session.add(Domain(domain="a.example", marked_until=SUMMER))
        session.flush()
    with own_database.bare_reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM domains")) == 0


def test_a_database_that_cannot_be_reached_is_our_error() -> None:
    for url in ("sqlite:////nowhere/at/all/x.db", "postgresql://u:hunter2@/x?host=/nowhere"):
        database = Database(url)
        with pytest.raises(DatabaseFailedError) as error, database.reading() as session:
            session.execute(text("SELECT 1"))
        assert "hunter2" not in str(error.value)
        assert database.problem() == str(error.value)
        database.dispose()


@pytest.mark.parametrize(
    "url", ["postgresql://u:hunter2@db:port/x", "hunter2", "", "nosuch://u:hunter2@db/x"]
)
def test_what_is_no_url_of_a_database_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingError, match="SURVEYAPP_DATABASE_URL") as error:
        Database(url)
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_full_disk_is_told_and_nothing_of_what_was_wanted_stays(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'full.db'}")
    with database.transaction() as session:
        session.execute(text("CREATE TABLE t (words TEXT)"))
    with pytest.raises(DatabaseFailedError, match="full"), database.transaction() as session:
        # What SQLite says of this limit is what it says of a disk.
        session.execute(text("PRAGMA max_page_count = 3"))
        session.execute(text("INSERT INTO t VALUES ('small')"))
        session.execute(text("INSERT INTO t VALUES (:words)"), {"words": "x" * 100_000})
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM t")).scalar() == 0
    database.dispose()


def test_a_database_that_fails_is_one_sentence_at_the_terminal(tmp_path: Path) -> None:
    given = environment(tmp_path, f"sqlite:///{tmp_path}", 8000, {})  # a folder is no database
    done = surveyapp("scores", environment=given)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def test_two_upgrades_at_once_make_one_schema(
    own_database: Database, own_database_url: str, tmp_path: Path
) -> None:
    Base.metadata.drop_all(own_database.engine)
    with own_database.transaction() as session:
        session.execute(text("DROP TABLE alembic_version"))
    assert "db upgrade" in own_database.problem()
    given = environment(tmp_path, own_database_url, 8000, {})
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(surveyapp, "db", "upgrade", environment=given) for _ in range(2)]
    assert [(run.result().returncode, run.result().stderr) for run in runs] == [(0, "")] * 2
    own_database.check()


def test_sqlite_flushes_an_answer_before_it_is_thanked_for(own_database: Database) -> None:
    if own_database.engine.dialect.name == "sqlite":
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
        with own_database.reading() as session:
            assert {name: session.scalar(text(f"PRAGMA {name}")) for name in wanted} == wanted
    else:
        with own_database.reading() as session:
            assert session.scalar(text("SHOW default_transaction_isolation")) == "read committed"
