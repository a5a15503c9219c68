"""The commands for who may log in."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from surveyapp import audit, second_step, shell, tables, users
from surveyapp.config import LOCALES, Settings
from surveyapp.core.access import Role
from surveyapp.core.deeds import Actor, Deed
from surveyapp.core.errors import UnknownThingError
from surveyapp.db import Session
from surveyapp.models import User

LINK_LIFE = timedelta(days=7)
_COLUMNS = ["email", "name", "role", "teams", "state", "second_step", "last_seen"]


@click.group("user")
def user() -> None:
    """Add and disable those who may log in, and make links that set a password."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice([str(role) for role in Role]))
@click.option(
    "--team", "teams", multiple=True, help="What the user is limited to (repeatable); without it: all teams."
)
@click.option("--agent", help="Who this is in the support system; the role agent needs it.")
@click.option("--locale", type=click.Choice(LOCALES), help="Without it: what the browser wishes.")
@shell.as_json
def add_user(
    email: str,
    name: str,
    role: str,
    teams: Sequence[str],
    agent: str | None,
    locale: str | None,
    is_json: bool,
) -> None:
    """Add somebody, and print the link by which they set their password within seven days."""
    if role == Role.AGENT and not (agent or "").strip():
        raise click.UsageError("The role agent needs --agent: who this is in the support system.")
    settings, now = shell.settings(), shell.now()
    with shell.ready(settings).transaction() as session:
        added = users.add_user(
            session, email, name, Role(role), now, teams=teams or None, agent_ref=agent, locale=locale
        )
        _record(session, Deed.USER_ADDED, added, now, role=added.role)
        values = {**_row(added, [added.id]), "link": _link(session, settings, added, now)}
    shell.show(values, is_json)


@user.command("list")
@shell.as_json
def list_users(is_json: bool) -> None:
    """List everybody who was ever added."""
    with shell.ready(shell.settings()).reading() as session:
        newcomers = users.newcomers(session)
        rows = [_row(each, newcomers) for each in users.all_users(session)]
    if is_json:
        shell.echo_json(rows)
    else:
        shown = [row | {"teams": _said_teams(row)} for row in rows]
        click.echo(tables.plain(_COLUMNS, shown))


@user.command("disable")
@click.argument("email")
def disable_user(email: str) -> None:
    """Log somebody out everywhere and in nowhere any more."""
    now = shell.now()
    with shell.ready(shell.settings()).transaction() as session:
        found = _found(session, email)
        was_active = found.disabled_at is None
        users.disable(session, found.id, now)
        if was_active:
            _record(session, Deed.USER_DISABLED, found, now)
    click.echo(f"{found.email} is disabled.")


@user.command("enable")
@click.argument("email")
def enable_user(email: str) -> None:
    """Let somebody log in again."""
    now = shell.now()
    with shell.ready(shell.settings()).transaction() as session:
        found = _found(session, email)
        was_disabled = found.disabled_at is not None
        users.enable(session, found.id, now)
        if was_disabled:
            _record(session, Deed.USER_ENABLED, found, now)
    click.echo(f"{found.email} can log in.")


@user.command("link")
@click.argument("email")
@click.option("--without-second-step", is_flag=True, help="Turn the second step off too: the phone is lost.")
@shell.as_json
def make_link(email: str, without_second_step: bool, is_json: bool) -> None:
    """Print a new link that sets a password, once, within seven days; it ends all of the user's signins."""
    settings, now = shell.settings(), shell.now()
    with shell.ready(settings).transaction() as session:
        found = _found(session, email)
        if found.disabled_at is not None:
            raise UnknownThingError(f"{found.email} is disabled; `surveyapp user enable` comes first.")
        if without_second_step:
            second_step.switch_off(session, found)
            _record(session, Deed.SECOND_STEP_OFF, found, now)
        _record(session, Deed.RESET_ASKED, found, now)
        values = {"email": found.email, "link": _link(session, settings, found, now)}
    shell.show(values, is_json)


def _found(session: Session, email: str) -> User:
    found = users.by_email(session, email)
    if found is None:
        raise UnknownThingError(f"There is no user {email!r}; `surveyapp user list` shows them.")
    return found


def _link(session: Session, settings: Settings, found: User, now: datetime) -> str:
    return f"{settings.public_url}/admin/link/{users.new_link(session, found.id, LINK_LIFE, now)}"


def _record(session: Session, deed: Deed, about: User, now: datetime, **detail: str) -> None:
    audit.record(session, None, deed, now, about.id, actor=Actor.COMMAND, **detail)


def _said_teams(row: dict[str, Any]) -> str:
    if row["role"] == Role.AGENT:
        return "own tickets"
    return "all" if row["teams"] is None else ", ".join(row["teams"])


def _row(found: User, newcomers: Collection[str]) -> dict[str, Any]:
    return {
        "email": found.email,
        "name": found.name,
        "role": found.role,
        "teams": found.teams,
        "state": "disabled" if found.disabled_at else "invited" if found.id in newcomers else "active",
        "second_step": "on" if found.totp_secret else "off",
        "last_seen": shell.iso(found.last_seen_at),
    }


COMMANDS = (user,)
