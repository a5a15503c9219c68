"""Databases for tests: a SQLite file cloned from a migrated one, and one whose commits are thrown away."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from surveyapp.db import Database, _our_errors


class SqliteFiles:
    """Clones of one migrated file, all in the given folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.sqlite"
        self._cloned = 0
        migrated = Database(_url(self._template))
        migrated.upgrade()
        # The last connection to close folds the write-ahead log into the file.
        migrated.dispose()

    def clone(self) -> str:
        """The URL of a new database with every migration applied and no rows."""
        self._cloned += 1
        path = self._folder / f"{self._cloned}.sqlite"
        shutil.copyfile(self._template, path)
        return _url(path)

    def drop(self, url: str) -> None:
        """Nothing: the folder is a temporary one of pytest's."""


class ThrownAway(Database):
    """Everything runs on one connection, in one transaction that `discard` rolls back.

    The code under test still commits: its commit releases a savepoint. One thread only.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._connection = self.engine.connect().execution_options(surveyapp_writes=True)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with _our_errors(), self._session() as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with _our_errors(), self._session() as session:
            yield session

    @contextmanager
    def bare_transaction(self) -> Iterator[Connection]:
        self._begin()
        with _our_errors(), self._connection.begin_nested():
            yield self._connection

    @contextmanager
    def bare_reading(self) -> Iterator[Connection]:
        self._begin()
        with _our_errors():
            yield self._connection

    def _session(self) -> Session:
        self._begin()
        return Session(self._connection, expire_on_commit=False, join_transaction_mode="create_savepoint")

    def _begin(self) -> None:
        if not self._connection.in_transaction():
            self._connection.begin()

    def clean(self) -> bool:
        """Nothing: what is not committed for good lies in no file for good."""
        return True

    def discard(self) -> None:
        """Undo everything since the last time."""
        transaction = self._connection.get_transaction()
        if transaction:
            transaction.rollback()

    def dispose(self) -> None:
        self._connection.close()
        super().dispose()


def _url(path: Path) -> str:
    return f"sqlite:///{path}"
