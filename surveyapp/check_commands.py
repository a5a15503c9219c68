"""The commands of whoever looks after the mail: read what came back, and check the installation."""

import logging
import os
import re
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import dns.resolver

from surveyapp import bounces, checks, shell
from surveyapp.bounces import Deed
from surveyapp.checks import Finding, Level, Surroundings
from surveyapp.config import Settings
from surveyapp.core.errors import SettingError
from surveyapp.db import Database
from surveyapp.links import Links
from surveyapp.mailbox import Message, imap_messages, messages
from surveyapp.notices import read
from surveyapp.rehearsal import Visit

_IMAP = "SURVEYAPP_BOUNCE_IMAP"
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([!-;=?-~]{1,200})>", re.IGNORECASE | re.MULTILINE)

# --- what came back --------------------------------------------------------------------------------


@click.command("bounces")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--imap", "is_imap", is_flag=True, help=f"Read the mailbox of {_IMAP} instead of a PATH.")
@shell.as_json
def take_bounces(path: Path | None, is_imap: bool, is_json: bool) -> None:
    """Read bounces and complaints from a Maildir, an mbox or a folder of .eml files, and act on them.

    The URL of an IMAP mailbox holds a password, so it comes from the environment: SURVEYAPP_BOUNCE_IMAP,
    imaps://user:password@host/FOLDER. What was read is marked or put aside; a mail that is neither a
    bounce nor a complaint stays where it is, and is named.
    """
    if (path is None) != is_imap:
        raise click.UsageError("Give either the PATH of a mailbox or --imap.")
    settings = shell.settings()
    url = os.environ.get(_IMAP, "").strip()
    if is_imap and not url:
        raise SettingError(f"{_IMAP} is missing: give it as imaps://user:password@host/FOLDER.")
    with closing(_mails(path, url)) as mails:
        summary = _read_all(mails, shell.ready(settings), Links(settings.link_keys))
    if is_json:
        shell.echo_json(summary)
    else:
        _show_bounces(summary)


def _mails(path: Path | None, url: str) -> Generator[Message, None, None]:
    """Closed with its block, because an mbox is written when its last mail was asked for."""
    yield from messages(path) if path is not None else imap_messages(url)


def _read_all(mails: Iterable[Message], database: Database, links: Links) -> dict[str, Any]:
    counts, unread = Counter[str](), []
    for number, mail in enumerate(mails, 1):
        counts["mails"] += 1
        if read(mail.content) is None:
            unread.append(_name(mail.content, number))
            continue
        with database.transaction() as session:
            taken = bounces.take(session, links, mail.content, shell.now())
        # Only now is it surely written; a mail that comes twice changes nothing more.
        mail.done()
        counts["not_ours" if taken is None else taken.deed] += 1
    names = ("mails", Deed.SUPPRESSED, Deed.NOTED, Deed.NOTHING, "not_ours")
    return {str(name): counts[name] for name in names} | {"left": unread}


def _name(raw: bytes, number: int) -> str:
    """What to search the mailbox for."""
    found = _MESSAGE_ID.search(raw.partition(b"\n\n")[0].partition(b"\r\n\r\n")[0])
    return f"<{found[1].decode('ascii')}>" if found else f"number {number}, without a Message-ID"


def _show_bounces(summary: Mapping[str, Any]) -> None:
    click.echo(
        f"{summary['mails']} mails: {summary['suppressed']} suppressed an address, "
        f"{summary['noted']} were noted, {summary['nothing']} changed nothing, "
        f"{summary['not_ours']} concern no mail of ours."
    )
    for name in summary["left"]:
        click.echo(f"Left where it is, no bounce and no complaint: {name}")


# --- is everything ready ---------------------------------------------------------------------------


@click.command("check")
@click.option("--to", metavar="ADDRESS", help="Send a mail of each built-in survey in each language there.")
@shell.as_json
def check(to: str | None, is_json: bool) -> None:
    """Check settings, database, templates, mail server, the sender's domain, links and pages.

    Exits 1 when there is a problem. Needs no running server and writes nothing to the database.
    """
    around = Surroundings(os.environ, shell.now, dns.resolver.Resolver, _served)
    found = []
    with _quiet():
        for finding in checks.check(around, to):
            found.append(finding)
            if not is_json:
                _show(finding)
    if is_json:
        shell.echo_json([asdict(finding) for finding in found])
    if any(finding.level is Level.PROBLEM for finding in found):
        click.get_current_context().exit(1)


def _show(finding: Finding) -> None:
    click.echo(f"{finding.level:8} {finding.name:14} {finding.sentence}")


@contextmanager
def _served(settings: Settings) -> Iterator[Visit]:
    """The real application, without a server."""
    from surveyapp.app import create_app

    app = create_app(settings)

    def visit(
        method: str, url: str, headers: Mapping[str, str] = {}, fields: Mapping[str, str] | None = None
    ) -> int:
        with app.test_client(use_cookies=False) as client:
            return client.open(url, method=method, headers=dict(headers), data=fields).status_code

    try:
        yield visit
    finally:
        app.extensions["surveyapp"].database.dispose()


@contextmanager
def _quiet() -> Iterator[None]:
    """A finding says in a sentence what the log would say with a traceback."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


COMMANDS = (take_bounces, check)
