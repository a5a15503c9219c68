"""The `surveyapp` command."""

import logging
import os
import signal
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import click

from surveyapp import (
    admin_commands,
    check_commands,
    figure_commands,
    invitations,
    privacy_commands,
    reports,
    setup_code,
    sheet_commands,
    shell,
    surveys,
    tables,
    user_commands,
    users,
    worker,
)
from surveyapp.config import LOCALES, Settings
from surveyapp.core.errors import SurveyappError
from surveyapp.core.scales import Metric
from surveyapp.core.status import Status
from surveyapp.db import Database
from surveyapp.invitations import Request
from surveyapp.links import Links, links_of
from surveyapp.models import Invitation, Survey
from surveyapp.surveys import Version

log = logging.getLogger(__name__)


class BadInput(click.ClickException):
    """One sentence on standard error, and exit code 2."""

    exit_code = 2


class Group(click.Group):
    """Turns our errors into one sentence and exit code 2; nobody needs a traceback for a wrong word."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except SurveyappError as error:
            raise BadInput(str(error)) from error
        except UnicodeEncodeError as error:
            raise BadInput("An argument has bytes that are no text (UTF-8).") from error


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="surveyapp")
def main() -> None:
    """Ask customers one question after a support case, and read scores you can trust.

    Settings come from the environment (SURVEYAPP_...); README lists them.
    """


@main.command("demo")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free one."
)
def run_demo(port: int) -> None:
    """Run the app with three months of sample data; needs no settings and touches no data of yours.

    All it makes lies in instance/demo of this folder, or in demo of SURVEYAPP_HOME.
    """
    from surveyapp.demo import run

    run.run(Path(os.environ.get("SURVEYAPP_HOME") or "instance"), port)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option(
    "--threads", default=4, show_default=True, type=click.IntRange(1, 64), help="Threads of each process."
)
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the customers' pages. Ends gracefully on SIGTERM."""
    from surveyapp import server

    settings = shell.settings()
    shell.start_logging(settings)
    _say_how_to_begin(settings, shell.database(settings))
    server.serve(host, port, workers, threads)


@main.command("worker")
@click.option("--once", is_flag=True, help="Do everything that is due, then exit.")
def work(once: bool) -> None:
    """Send mails that are due, settle held answers, purge what is old."""
    settings = shell.settings()
    shell.start_logging(settings)
    mine = worker.build(settings, shell.ready(settings))
    if once:
        worker.run_once(mine)
        return
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    mine.run(stop)
    mine.relay.close()


@main.group()
def db() -> None:
    """Bring the database to this release's schema, or check it."""


@db.command("upgrade")
def upgrade() -> None:
    """Create or migrate the tables and add what is new in the built-in surveys."""
    settings = shell.settings()
    database = shell.database(settings)
    database.upgrade()
    with database.transaction() as session:
        touched = surveys.install_built_ins(session, shell.now())
    click.echo(
        f"The database is at schema {database.head}."
        + (f" New survey versions: {', '.join(touched)}." if touched else "")
    )


@db.command("check")
def check() -> None:
    """Exit 0 when the database answers and is at this release's schema."""
    shell.database(shell.settings()).check()
    click.echo("The database is ready.")


@main.command()
@click.option("--survey", help="Key of the survey, such as csat; needed unless each row of a file names one.")
@click.option("--ticket", help="The support system's reference of what ended; needed without a file.")
@click.option("--csv", "path", type=click.Path(path_type=Path), help="Invite the customers of this file.")
@click.option("--dry-run", is_flag=True, help="With --csv: say what would happen, and store nothing.")
@click.option("--result", type=click.Path(path_type=Path), help="With --csv: the file of outcomes.")
@click.option("--links", is_flag=True, help="With --csv and --no-mail: put the links into the result file.")
@click.option(
    "--occasion", help="What ended it, such as a solve event's id; the same again invites no second time."
)
@click.option("--agent", help="Reference of the agent.")
@click.option("--agent-name")
@click.option(
    "--agent-replies", type=click.IntRange(0), help="How often an agent replied, where policy asks for it."
)
@click.option("--team")
@click.option("--case-type")
@click.option("--channel")
@click.option("--locale", help="The customer's language or locale, such as sv or de-AT.")
@click.option("--email", help="The customer's address.")
@click.option("--name", help="The customer's name, for the greeting.")
@click.option("--customer", help="Reference of the customer.")
@click.option(
    "--property", "properties", multiple=True, metavar="NAME=VALUE", help="More to keep with the answer."
)
@click.option("--timezone", help="The customer's, such as Europe/Bucharest, for the hours of mailing.")
@click.option(
    "--send-at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]),
    help="Not before, such as 2026-03-02T09:00:00+0100.",
)
@click.option("--no-mail", is_flag=True, help="Make links only; nothing is sent.")
@shell.as_json
def invite(
    survey: str | None,
    ticket: str | None,
    path: Path | None,
    dry_run: bool,
    result: Path | None,
    links: bool,
    email: str | None,
    name: str | None,
    agent: str | None,
    customer: str | None,
    agent_replies: int | None,
    send_at: datetime | None,
    properties: Sequence[str],
    no_mail: bool,
    is_json: bool,
    **about: Any,
) -> None:
    """Invite one customer to answer about one ticket, or those of a file. A refusal exits 0 too."""
    settings = shell.settings()
    if path is not None:
        sheet_commands.run_invite_csv(
            settings,
            shell.ready(settings),
            path,
            survey=survey,
            locale=about["locale"],
            is_mailed=not no_mail,
            result=result,
            is_dry_run=dry_run,
            links=links,
            is_json=is_json,
        )
        return
    if survey is None or ticket is None:
        raise click.MissingParameter(
            param_type="option", param_hint="--survey" if survey is None else "--ticket"
        )
    request = Request(
        survey=survey,
        ticket_ref=ticket,
        agent_ref=agent,
        agent_replies=agent_replies,
        send_at=send_at,
        address=email,
        recipient_name=name,
        customer_ref=customer,
        properties=_pairs(properties),
        is_mailed=not no_mail,
        **about,
    )
    with shell.ready(settings).transaction() as session:
        invitation = invitations.invite(session, settings, request, shell.now())
        version = surveys.version_of_invitation(session, invitation)
    shell.show(_invited(invitation, version, settings), is_json)


@main.command("held")
@shell.as_json
def list_held(is_json: bool) -> None:
    """List the answers that do not count, each with its reason."""
    settings = shell.settings()
    with shell.ready(settings).reading() as session:
        found = reports.held(session, settings, shell.now())
    rows = [
        {
            "id": each.id,
            "survey": each.survey,
            "ticket": each.ticket_ref,
            "metric": each.metric,
            "rating": each.rating,
            "reason": each.reason,
            "day": each.day.isoformat(),
        }
        for each in found
    ]
    if is_json:
        shell.echo_json(rows)
    else:
        click.echo(tables.plain(["day", "survey", "ticket", "rating", "reason"], rows))


@main.group()
def survey() -> None:
    """Look at the surveys and set how they are answered."""


@survey.command("list")
@shell.as_json
def list_surveys(is_json: bool) -> None:
    """List the surveys."""
    settings = shell.settings()
    with shell.ready(settings).reading() as session:
        rows = [_survey_row(session, each, settings) for each in surveys.all_surveys(session)]
    if is_json:
        shell.echo_json(rows)
    else:
        click.echo(tables.plain(["key", "version", "mode", "questions", "closed"], rows))


@survey.command("show")
@click.argument("key")
@click.option("--locale", type=click.Choice(LOCALES), help="Language of the texts.")
@shell.as_json
def show_survey(key: str, locale: str | None, is_json: bool) -> None:
    """Show a survey's questions as they are asked."""
    settings = shell.settings()
    with shell.ready(settings).reading() as session:
        found = surveys.find_survey(session, key)
        row = _survey_row(session, found, settings)
        version = surveys.current_version(session, found)
    texts = {code: version.texts[code] for code in ([locale] if locale else LOCALES)}
    if is_json:
        shell.echo_json(row | {"texts": surveys.texts_as_json(texts)})
        return
    click.echo(tables.plain(["key", "version", "mode", "questions", "closed"], [row]))
    for code, questions in texts.items():
        for text in questions.values():
            question = f"{text.lead_in} {text.question}".strip().replace("{company}", settings.company)
            click.echo(f"\n{code}  {question}")
            for rating, words in text.labels.items():
                click.echo(f"    {rating:>2}  {words}")


@survey.command("set")
@click.argument("key")
@click.option(
    "--mode", type=click.Choice(["adaptive", "confirm", "default"]), help="confirm: only a press counts."
)
@click.option(
    "--also",
    multiple=True,
    type=click.Choice([*(str(m) for m in Metric if m is not Metric.OPEN), "none"]),
    help="Ask this metric too, on the page after the first answer (repeatable; none: no more).",
)
@click.option("--closed/--open", "is_closed", default=None, help="Whether the survey takes answers.")
def set_survey(key: str, mode: str | None, also: Sequence[str], is_closed: bool | None) -> None:
    """Change how a survey is answered."""
    settings = shell.settings()
    with shell.ready(settings).transaction() as session:
        surveys.find_survey(session, key)
        if mode:
            surveys.set_mode(session, key, None if mode == "default" else mode)
        if also:
            surveys.set_further(session, key, [Metric(each) for each in also if each != "none"], shell.now())
        if is_closed is not None:
            surveys.set_closed(session, key, shell.now() if is_closed else None)
        row = _survey_row(session, surveys.find_survey(session, key), settings)
    click.echo(tables.plain(["key", "version", "mode", "questions", "closed"], [row]))


def _say_how_to_begin(settings: Settings, database: Database) -> None:
    """While nobody has an account: where to make the first one, with the code that only this output shows."""
    if database.problem():
        return
    with database.reading() as session:
        if not users.is_empty(session):
            return
    page, code = f"{settings.public_url}/admin/setup", setup_code.code(settings)
    if settings.log_format == "json":
        # Whatever collects the output expects an object on every line.
        log.warning("nobody has an account yet: open %s and give this set-up code: %s", page, code)
    else:
        click.echo(f"Nobody has an account yet. Open {page}\nand give this set-up code: {code}")


def _pairs(properties: Iterable[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in properties]
    if any(not equals for _, equals, _ in pairs):
        raise click.BadParameter("must look like NAME=VALUE", param_hint="--property")
    return {name: value for name, _, value in pairs}


def _invited(invitation: Invitation, version: Version, settings: Settings) -> dict[str, Any]:
    scale = version.main.scale
    urls = links_of(
        Links(settings.link_keys), settings.public_url, invitation.id, scale.ratings if scale else ()
    )
    is_refused = invitation.status == Status.REFUSED
    return {
        "id": invitation.id,
        "status": invitation.status,
        "reason": invitation.reason,
        "allowed_from": invitation.allowed_from and invitation.allowed_from.isoformat(),
        "page_url": None if is_refused else urls.page,
        "rating_urls": {} if is_refused else {str(rating): url for rating, url in urls.ratings.items()},
        "unsubscribe_url": urls.unsubscribe if invitation.address_hash else None,
    }


def _survey_row(session: Any, found: Survey, settings: Settings) -> dict[str, Any]:
    version = surveys.current_version(session, found)
    return {
        "key": found.key,
        "version": version.number,
        "mode": found.mode or settings.answer_mode,
        "questions": [question.key for question in version.questions],
        "closed": found.closed_at is not None,
    }


for _command in (
    *admin_commands.COMMANDS,
    *check_commands.COMMANDS,
    *figure_commands.COMMANDS,
    *privacy_commands.COMMANDS,
    *user_commands.COMMANDS,
    sheet_commands.import_answers,
):
    main.add_command(_command)
