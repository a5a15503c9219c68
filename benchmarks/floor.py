"""The least that a click can cost: a bare WSGI function that replays the app's statements with the driver.

The statements are not written down here: at its start the function watches the app answer, so that the two
cannot drift apart. It replays them with the id of the invitation that a request is about, and gives back the
app's own reply. It checks no signature, knows no rules and makes no page.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

from benchmarks.flows import ID, InProcess, Reply, prepare, run_flow
from surveyapp import server
from surveyapp.app import create_app
from surveyapp.config import Settings, settings_from
from surveyapp.db import Database
from surveyapp.web.wiring import Parts

COMMIT, ROLLBACK = "COMMIT", "ROLLBACK"


@dataclass(frozen=True, slots=True)
class Statement:
    """One trip to the database. `parameters` are the driver's own; a list of them is for `executemany`."""

    sql: str
    parameters: Any = None

    def about(self, recorded: str, fresh: str) -> "Statement":
        """The same with another invitation's id."""
        return Statement(self.sql, _replaced(self.parameters, recorded, fresh))


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the app does for one request: its statements about one invitation, and its reply."""

    invitation_id: str
    statements: tuple[Statement, ...]
    reply: Reply


@contextmanager
def recorded(engine: Engine) -> Iterator[list[Statement]]:
    """Fills the list with what the engine sends to its database until the block ends."""
    statements: list[Statement] = []

    def execute(
        _connection: object, _cursor: object, sql: str, parameters: Any, _context: object, many: bool
    ) -> None:
        statements.append(Statement(sql, list(parameters) if many else parameters))

    def commit(_connection: object) -> None:
        statements.append(Statement(COMMIT))

    def rollback(_connection: object) -> None:
        statements.append(Statement(ROLLBACK))

    listeners: dict[str, Callable[..., None]] = {
        "before_cursor_execute": execute,
        "commit": commit,
        "rollback": rollback,
    }
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    yield statements
    for name, listener in listeners.items():
        event.remove(engine, name, listener)


def record(application: Any, token: str) -> dict[str, Recipe]:
    """Method -> what the app does for that half of a flow."""
    database = _parts(application).database
    send, noted = InProcess(application), {}

    def watched(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        with recorded(database.engine) as statements:
            reply = send(method, path, headers, body)
        noted[method] = Recipe(_id_in(path), tuple(statements), reply)
        return reply

    run_flow(watched, token)
    return noted


def create_floor(settings: Settings | None = None) -> "Floor":
    """The bare function; without settings for the database that the environment names."""
    settings = settings or settings_from(os.environ)
    application = create_app(settings)
    # The first flow of a process reads the survey's texts; those that follow are alike.
    _, before, recipes = (
        record(application, token) for token in prepare(_parts(application).database, settings, 3)
    )
    assert _statements(before) == _statements(recipes), (before, recipes)
    _parts(application).database.dispose()
    return Floor(settings.database_url, recipes)


class Floor:
    """The bare function: one connection for each thread, prepared as the app prepares its own."""

    def __init__(self, database_url: str, recipes: Mapping[str, Recipe]) -> None:
        self._engine = Database(database_url).engine
        self.recipes = recipes
        self._own = threading.local()

    def close(self) -> None:
        """Close this thread's connection."""
        if hasattr(self._own, "connection"):
            self._own.connection.close()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]
    ) -> Iterable[bytes]:
        recipe = self.recipes[environ["REQUEST_METHOD"]]
        environ["wsgi.input"].read()
        connection, fresh = self._connection(), environ["PATH_INFO"][3:25]
        for statement in recipe.statements:
            execute(connection, statement.about(recipe.invitation_id, fresh))
        start_response(f"{recipe.reply.status} -", list(recipe.reply.headers))
        return [recipe.reply.body]

    def _connection(self) -> Any:
        """The driver's connection, taken out of the pool for good."""
        if not hasattr(self._own, "connection"):
            pooled = self._engine.raw_connection()
            self._own.connection = pooled.driver_connection
            pooled.detach()
        return self._own.connection


def execute(connection: Any, statement: Statement) -> None:
    """Do what the app's driver did, and read all that comes back."""
    if statement.sql == COMMIT:
        connection.commit()
    elif statement.sql == ROLLBACK:
        connection.rollback()
    elif isinstance(statement.parameters, list):
        connection.cursor().executemany(statement.sql, statement.parameters)
    else:
        cursor = connection.cursor()
        cursor.execute(statement.sql, statement.parameters)
        if cursor.description:
            cursor.fetchall()


def _replaced(parameters: Any, old: str, new: str) -> Any:
    if isinstance(parameters, list):
        return [_replaced(each, old, new) for each in parameters]
    if isinstance(parameters, Mapping):
        return {name: new if value == old else value for name, value in parameters.items()}
    if isinstance(parameters, Sequence):
        return tuple(new if value == old else value for value in parameters)
    return parameters


def _statements(recipes: Mapping[str, Recipe]) -> dict[str, list[str]]:
    return {method: [each.sql for each in recipe.statements] for method, recipe in recipes.items()}


def _id_in(path: str) -> str:
    found = ID.match(path)
    assert found, path
    return found[1]


def _parts(application: Any) -> Parts:
    parts: Parts = application.extensions["surveyapp"]
    return parts


if __name__ == "__main__":
    server.serve(
        "127.0.0.1", int(sys.argv[1]), workers=1, threads=1, application="benchmarks.floor:create_floor"
    )
