"""What the commands share: settings, the database, the clock, and how they print."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from surveyapp import logs, preferences
from surveyapp.config import Settings, settings_from
from surveyapp.core.errors import SettingError
from surveyapp.db import Database

as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON for a script to read.")


def settings() -> Settings:
    """Those of the environment, with what was set in the browser since."""
    installed = settings_from(os.environ)
    looked = Database(installed.database_url)
    if looked.url.get_backend_name() == "sqlite" and not Path(looked.url.database or "").is_file():
        # Looking into a file that is not there would make one.
        return installed
    try:
        return preferences.read(installed, looked)
    finally:
        looked.dispose()


def start_logging(chosen: Settings) -> None:
    """Write this command's log to standard error until it ends."""
    logs.start(chosen.log_format, chosen.log_level)
    click.get_current_context().call_on_close(logs.stop)


def database(chosen: Settings) -> Database:
    """The database, closed again when the command ends."""
    if chosen.database_url.startswith("sqlite:///"):
        try:
            chosen.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(f"SURVEYAPP_HOME cannot be used: {error}.") from error
    found = Database(chosen.database_url)
    click.get_current_context().call_on_close(found.dispose)
    return found


def ready(chosen: Settings) -> Database:
    """The database, at this release's schema; raises SchemaError and DatabaseFailedError."""
    found = database(chosen)
    found.check()
    return found


def now() -> datetime:
    """The commands' clock."""
    return datetime.now(UTC)


def show(values: Mapping[str, Any], is_json: bool) -> None:
    """One thing, name by name."""
    if is_json:
        echo_json(values)
        return
    for name, value in values.items():
        if isinstance(value, dict):
            for key, each in value.items():
                click.echo(f"{name} {key}: {each}")
        else:
            click.echo(f"{name}: {value if value is not None else '-'}")


def echo_json(value: object) -> None:
    """For a script to read."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def iso(moment: datetime | None) -> str | None:
    """As scripts read it."""
    return moment.isoformat() if moment else None
