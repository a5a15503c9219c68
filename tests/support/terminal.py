"""The command line, as if typed."""

import json
from datetime import UTC, datetime
from typing import Any

from click.testing import CliRunner, Result

from surveyapp import cli
from surveyapp.db import Database
from tests.support.people import Clock, Site, opened


class Terminal:
    """Runs commands in this process, as if from a shell with this environment."""

    def __init__(self, given: dict[str, str], database: Database) -> None:
        self.environment = given
        self.database = database

    def run(self, *arguments: str, **settings: str) -> Result:
        changes = {f"SURVEYAPP_{name}": value for name, value in settings.items()}
        return CliRunner().invoke(cli.main, arguments, env=self.environment | changes)

    def json(self, *arguments: str, **settings: str) -> Any:
        result = self.run(*arguments, "--json", **settings)
        assert (result.exit_code, result.stderr) == (0, "")
        return json.loads(result.stdout)

    def fails(self, *arguments: str, **settings: str) -> str:
        """What is said of bad input, on standard error and with exit code 2."""
        result = self.run(*arguments, **settings)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.stderr

    def site(self) -> Site:
        """The pages of the same installation, at this moment."""
        return opened(self.database, Clock(datetime.now(UTC)), SMALLEST_N="1")
