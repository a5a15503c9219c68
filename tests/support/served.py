"""The app as in production: `surveyapp serve` in a process of its own, on a free port of 127.0.0.1."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess, Popen, run
from urllib.error import HTTPError
from urllib.request import urlopen

from surveyapp import surveys
from surveyapp.db import Database
from tests.support.processes import free_port, running

COMMAND = Path(sys.executable).with_name("surveyapp")

# Strong enough for the start, and of no use to anybody.
SETTINGS = {
    "SURVEYAPP_SECRET_KEY": "tests-only-secret-key-0123456789abcdef",
    "SURVEYAPP_LINK_KEYS": "tests-only-link-key-0123456789abcdef01",
    "SURVEYAPP_HASH_KEY": "tests-only-hash-key-0123456789abcdef01",
    "SURVEYAPP_COMPANY": "Nordlicht",
    "SURVEYAPP_MAIL_FROM": "feedback@nordlicht.example",
    "SURVEYAPP_TIMEZONE": "Europe/Berlin",
    "SURVEYAPP_LOCALE": "en",
}


@dataclass(frozen=True, slots=True)
class Served:
    """A running server and the environment it runs in, for the worker and the command line beside it."""

    url: str
    process: Popen[bytes]
    environment: dict[str, str]
    log: Path

    def command(self, *arguments: str) -> CompletedProcess[str]:
        """Run `surveyapp` with these arguments against the same database and wait for its end."""
        return surveyapp(*arguments, environment=self.environment)


def surveyapp(*arguments: str, environment: Mapping[str, str]) -> CompletedProcess[str]:
    """Run the command and return what it said; its exit code is for the caller to judge."""
    return run(
        [COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def environment(home: Path, database_url: str, port: int, settings: Mapping[str, str]) -> dict[str, str]:
    """What a process of ours sees: our settings over the defaults above, and nothing of the caller's own."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "SURVEYAPP_HOME": str(home),
        "SURVEYAPP_DATABASE_URL": database_url,
        "SURVEYAPP_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SURVEYAPP_MAIL_URL": (home / "mail").as_uri(),
        **SETTINGS,
        **settings,
    }


@contextmanager
def served(home: Path, database_url: str, settings: Mapping[str, str], *arguments: str) -> Iterator[Served]:
    """Migrate the database and serve it until the block ends; `arguments` go to `surveyapp serve`."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    given = environment(home, database_url, port, settings)
    _upgrade(database_url)
    log = home / f"serve-{port}.log"
    command = [str(COMMAND), "serve", "--host", "127.0.0.1", "--port", str(port), *arguments]
    with running(command, answers=lambda: _lives(url), log=log, environment=given) as process:
        yield Served(url, process, given, log)


def _upgrade(database_url: str) -> None:
    """What `surveyapp db upgrade` does, without the two seconds that another process takes to start."""
    database = Database(database_url)
    database.upgrade()
    with database.transaction() as session:
        surveys.install_built_ins(session, datetime.now(UTC))
    database.dispose()


def _lives(url: str) -> bool:
    try:
        with urlopen(f"{url}/healthz", timeout=5) as response:
            return bool(response.status == 200)
    except HTTPError as error:
        error.close()
        return False
