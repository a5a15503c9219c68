"""The database: engine, transactions, the schema's state and the types that both databases share."""

import hashlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import Any, cast

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Table,
    TypeDecorator,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import (
    ArgumentError,
    InterfaceError,
    InternalError,
    InvalidatePoolError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Session as Session  # for those who may not know the library
from sqlalchemy.pool import ConnectionPoolEntry

from surveyapp.core.errors import DatabaseFailedError, SchemaError, SettingError

log = logging.getLogger(__name__)

PACKAGE = Path(__file__).parent

# How long a writer waits for another one before it gives up; a customer will not wait longer.
LOCK_WAIT_SECONDS = 10

# How long after its last use a server's connection is taken to be alive; then it is asked, which is a trip.
TRUSTED_SECONDS = 1


class Base(DeclarativeBase):
    """The tables' base; the convention gives every constraint the same name on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


Json = JSON().with_variant(JSONB(), "postgresql")


def table_of(model: type[Base]) -> Table:
    """The bare table: statements on it skip the mapper, which the hot path has no use for."""
    return cast(Table, model.__table__)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in, aware UTC out, also on SQLite, which drops time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


AnySession = Session | Connection
"""What runs statements on bare tables: a session, or on the hot path a connection alone."""


def dialect_of(session: AnySession) -> str:
    """`sqlite` or `postgresql`."""
    return (session if isinstance(session, Connection) else session.get_bind()).dialect.name


def serialise(session: Session, what: str) -> None:
    """Let no other transaction that asks for the same go on until this one ends."""
    if dialect_of(session) == "postgresql":
        # SQLite lets one transaction write at a time anyway.
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": what})


def try_serialise(session: Session, what: str) -> bool:
    """As `serialise`, without waiting: False while another transaction has it."""
    if dialect_of(session) != "postgresql":
        return True
    statement = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:what, 0))")
    return bool(session.scalar(statement, {"what": what}))


INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""Dialect -> its own INSERT, which can say what happens on a conflict; the two are used alike."""


class Database:
    """One database, SQLite or PostgreSQL by its URL, and the two ways to work with it."""

    def __init__(self, url: str) -> None:
        """Nothing is connected yet. Raises SettingError for what is no URL of a database."""
        try:
            self.url = make_url(url)
            is_sqlite = self.url.get_backend_name() == "sqlite"
            self.engine = _sqlite_engine(url) if is_sqlite else _server_engine(url)
        except (ArgumentError, ValueError):
            # Without the cause, which may repeat the password.
            raise SettingError("SURVEYAPP_DATABASE_URL is not the URL of a database.") from None
        self._writing = self.engine.execution_options(surveyapp_writes=True)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that will write: committed at the end, thrown away by an exception.

        On SQLite it takes the write lock at once: a transaction that reads first and then wants to
        write fails without waiting when another one wrote in between.
        """
        with _our_errors(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads; nothing it does is kept."""
        with _our_errors(), Session(self.engine) as session:
            yield session

    @contextmanager
    def bare_transaction(self) -> Iterator[Connection]:
        """As `transaction`, for the hot path: a session costs more than the few statements of a click."""
        with _our_errors(), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def bare_reading(self) -> Iterator[Connection]:
        """As `reading`, for the hot path."""
        with _our_errors(), self.engine.connect() as connection:
            yield connection

    def upgrade(self) -> None:
        """Bring the schema to this release's; does nothing the second time. One process at a time."""
        with _our_errors(), self._writing.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _UPGRADE_LOCK})
                connection.commit()
            config = Config()
            config.set_main_option("script_location", str(_migrations()))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _UPGRADE_LOCK})
            connection.commit()

    def check(self) -> None:
        """Raise SchemaError unless the database answers and is at this release's schema."""
        with _our_errors(), self.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        if current != self.head:
            raise SchemaError(
                f"The database is at schema {current or 'none'}, this release needs {self.head}: "
                "run `surveyapp db upgrade`."
            )

    def problem(self) -> str:
        """In a sentence why the database cannot be used; '' when it can."""
        try:
            self.check()
        except (SchemaError, DatabaseFailedError) as error:
            return str(error)
        return ""

    @cached_property
    def head(self) -> str | None:
        """The newest migration of this release."""
        return ScriptDirectory(str(_migrations())).get_current_head()

    def clean(self) -> bool:
        """Leave no byte of what was deleted in SQLite's files; False when that could not be done now.

        To be called after the commit. The file is written anew, while nobody else can write; somebody who
        reads or writes for longer than LOCK_WAIT_SECONDS is in the way. PostgreSQL cleans up by itself, in
        its own time: nothing happens.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        with _our_errors(), closing(self.engine.raw_connection()) as connection:
            try:
                # Pages that were split or merged hold copies that no pragma overwrites.
                connection.cursor().execute("VACUUM")
                checkpoint = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
                is_busy = checkpoint.fetchone()[0]
            except self.engine.dialect.loaded_dbapi.OperationalError as error:
                log.warning("the database's file could not be cleaned", exc_info=error)
                return False
        return not is_busy

    def dispose(self) -> None:
        """Close the pooled connections; the next use opens new ones."""
        self.engine.dispose()


@contextmanager
def _our_errors() -> Iterator[None]:
    """What is nobody's mistake becomes our error; a statement that is wrong stays the bug that it is.

    PostgreSQL's internal errors are among them: a standby that takes no writes answers with one.
    """
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, PoolTimeoutError) as error:
        log.warning("the database failed", exc_info=error)
        if isinstance(error, OperationalError) and "disk" in str(error.orig):
            raise DatabaseFailedError("The database's disk is full or cannot be written.") from error
        raise DatabaseFailedError("The database does not answer; try again in a moment.") from error


_UPGRADE_LOCK = int.from_bytes(hashlib.sha256(b"surveyapp db upgrade").digest()[:7], "big")


def _migrations() -> Path:
    """In a wheel the migrations lie inside the package, in a checkout beside it."""
    inside = PACKAGE / "migrations"
    return inside if inside.is_dir() else PACKAGE.parent / "migrations"


def _server_engine(url: str) -> Engine:
    engine = create_engine(url, pool_size=8, max_overflow=8, hide_parameters=True)

    @event.listens_for(engine, "checkin")
    def note(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["used_at"] = monotonic()

    @event.listens_for(engine, "checkout")
    def check(connection: Any, record: ConnectionPoolEntry, _user: object) -> None:
        # What `pool_pre_ping` does, but not for every click; one just opened was not used before.
        if monotonic() - record.info.get("used_at", monotonic()) > TRUSTED_SECONDS:
            _ping(engine, connection)

    return engine


def _ping(engine: Engine, connection: Any) -> None:
    """Have the pool open its connections anew when this one no longer answers."""
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, pool_size=8, max_overflow=8, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver would begin transactions by its own rules, which breaks savepoints; we begin them below.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={LOCK_WAIT_SECONDS * 1000}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            # What is deleted is overwritten, as far as a page still knows of it; the rest is for `clean`.
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("surveyapp_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
