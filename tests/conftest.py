"""The fixtures that the whole suite shares; how they do it stands in tests/support."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import hypothesis
import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser

from hatch_build import compile_catalogues
from surveyapp import passwords
from surveyapp.db import Database
from tests.support import chromium as browser
from tests.support import postgres as postgresql
from tests.support.databases import SqliteFiles, ThrownAway
from tests.support.served import Served, environment, served
from tests.support.smtp import MailServer, Tls, mail_server, write_certificate
from tests.support.terminal import Terminal

# On two cores that also run a browser and a database, time says nothing about a test.
hypothesis.settings.register_profile(
    "surveyapp", deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("surveyapp")


class Clones(Protocol):
    """Where a test gets a migrated, empty database of its own."""

    def clone(self) -> str: ...
    def drop(self, url: str) -> None: ...


def pytest_configure(config: pytest.Config) -> None:
    """Let an edited catalogue count at once; one process does it, before the workers start."""
    if not hasattr(config, "workerinput"):
        compile_catalogues()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser, so that `-m "not browser"` leaves it out."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that was skipped has failed: it showed nothing."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a file that skips itself as a whole."""
    report = yield
    if os.environ.get("CI") and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[PasswordHasher]:
    """What hashes passwords in production, where it takes long on purpose; tests have a quick one instead."""
    real = passwords._hasher
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        # It is kept for good, however it was hashed.
        passwords._nobodys()
        yield real


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    """Migrated SQLite files."""
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgresql.Server]:
    """A PostgreSQL server; each xdist worker starts its own, which takes half a second."""
    with postgresql.server() as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def clones(request: pytest.FixtureRequest) -> Clones:
    """Both kinds of database in turn."""
    source: Clones = request.getfixturevalue(request.param)
    return source


@pytest.fixture(scope="session")
def _shared_database(clones: Clones) -> Iterator[ThrownAway]:
    url = clones.clone()
    shared = ThrownAway(url)
    yield shared
    shared.dispose()
    clones.drop(url)


@pytest.fixture
def database(_shared_database: ThrownAway) -> Iterator[Database]:
    """A migrated, empty database of either kind; what the test commits is thrown away after it.

    For one thread of one process; with more, take `own_database`.
    """
    yield _shared_database
    _shared_database.discard()


@pytest.fixture
def own_database_url(clones: Clones) -> Iterator[str]:
    """The URL of a migrated, empty database of either kind that this test alone uses, as it likes."""
    url = clones.clone()
    yield url
    clones.drop(url)


@pytest.fixture
def own_database(own_database_url: str) -> Iterator[Database]:
    """The same, opened."""
    opened = Database(own_database_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real browser for the session; each test opens a context of its own in it, and closes it."""
    with browser.find().launched() as launched:
        yield launched


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a key and a self-signed certificate for 127.0.0.1 and localhost."""
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    write_certificate(path)
    return path


@pytest.fixture
def smtp_server(certificate: Path) -> Iterator[Callable[..., MailServer]]:
    """Starts real SMTP servers: `smtp_server()`, `smtp_server(tls="starttls", login=("user", "word"))`."""
    with ExitStack() as stack:

        def start(tls: Tls = "none", login: tuple[str, str] | None = None) -> MailServer:
            return stack.enter_context(mail_server(tls=tls, login=login, certificate=certificate))

        yield start


@pytest.fixture
def served_app(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts real servers: `served_app(own_database_url, SURVEYAPP_STAY_SECONDS="1")`."""
    with ExitStack() as stack:

        def start(database_url: str, *arguments: str, **settings: Any) -> Served:
            return stack.enter_context(served(tmp_path, database_url, settings, *arguments))

        yield start


@pytest.fixture
def terminal(own_database: Database, own_database_url: str, tmp_path: Path) -> Terminal:
    """A shell on an installation of its own."""
    given = environment(tmp_path, own_database_url, 8000, {})
    started = Terminal(given, own_database)
    assert started.run("db", "upgrade").exit_code == 0
    return started
