"""The commands for a person's rights: erase them, and tell them what is stored."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from surveyapp import audit, erasure, shell, subject_data
from surveyapp.core.deeds import Actor, Deed
from surveyapp.core.errors import SettingError
from surveyapp.db import Database
from surveyapp.erasure import Person

NOTHING = "Nothing is stored about this person."
NOT_CLEAN = (
    "The data is erased, but copies may still lie in unused parts of the database's file, because somebody "
    "else was using it. Run the same command again."
)


def _of_whom(command: Callable[..., None]) -> Callable[..., None]:
    reference = click.option("--customer", "customer_ref", help="The customer's reference in the helpdesk.")
    return reference(click.option("--email", "address", help="One of the person's addresses.")(command))


@click.command("erase")
@_of_whom
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask before.")
@shell.as_json
def erase(customer_ref: str | None, address: str | None, is_sure: bool, is_json: bool) -> None:
    """Erase a person's data for good; the bare ratings stay, so that no score moves.

    Invitations belong to one person when they share a customer reference or an address; docs/privacy.md says
    what goes and what stays. The second time there is nothing left, and nothing happens.
    """
    settings = shell.settings()
    database = shell.ready(settings)
    wanted = {"customer_ref": customer_ref, "address": address}
    with database.reading() as session:
        person = erasure.find(session, settings, **wanted)
    if not is_sure:
        click.confirm(_question(person), abort=True, err=True)
    with database.transaction() as session:
        now = shell.now()
        erased = erasure.erase(session, settings, **wanted, now=now)
        if not erased.is_nothing:
            audit.record(session, None, Deed.ERASED, now, None, actor=Actor.COMMAND, **erased.counts)
    files = _delete(erasure.mail_files(settings, erased.invitation_ids))
    _clean(database)
    if erased.is_nothing and not is_json:
        click.echo(NOTHING)
    else:
        shell.show({**erased.counts, "mail_files": files}, is_json)


@click.command("subject-export")
@_of_whom
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File [standard output]")
def export(customer_ref: str | None, address: str | None, out: Path | None) -> None:
    """Write down as JSON all that is stored about a person, to be given to them."""
    settings = shell.settings()
    with shell.ready(settings).transaction() as session:
        now = shell.now()
        data = subject_data.of_person(session, settings, customer_ref=customer_ref, address=address, now=now)
        counts = subject_data.counts(data)
        if any(counts.values()):
            audit.record(session, None, Deed.SUBJECT_EXPORTED, now, None, actor=Actor.COMMAND, **counts)
    if not any(counts.values()):
        click.echo(NOTHING, err=True)
    elif out is None:
        shell.echo_json(data)
    else:
        _write(out, data)
        click.echo(f"All that is stored about this person is in {out}.")


def _question(person: Person) -> str:
    """Says how far this reaches: a reference that many people share would erase them all."""
    return (
        f"This erases for good what belongs together: invitations: {len(person.invitation_ids)}, customer "
        f"references: {len(person.customer_refs)}, addresses: {len(person.hashes)}. Go on?"
    )


def _delete(files: Iterable[Path]) -> int:
    found = list(files)
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _clean(database: Database) -> None:
    if not database.clean():
        click.echo(NOT_CLEAN, err=True)


def _write(out: Path, data: dict[str, Any]) -> None:
    try:
        # For nobody else's eyes, from the first byte on.
        out.touch(mode=0o600)
        out.chmod(0o600)
        out.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingError(f"The file {out} cannot be written: {error.strerror}.") from error


COMMANDS = (erase, export)
