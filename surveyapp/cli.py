"""The `surveyapp` command."""

import json
import logging
import os
import signal
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Any

import click

from surveyapp import invitations, reports, surveys, tables, worker
from surveyapp.config import LOCALES, Settings, settings_from
from surveyapp.core.errors import SettingError, SurveyappError
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.invitations import Request
from surveyapp.links import Links, links_of
from surveyapp.models import Invitation, Survey
from surveyapp.reports import Dimension, Figures, Filter
from surveyapp.surveys import Version

as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON for a script to read.")


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
    "--threads", default=1, show_default=True, type=click.IntRange(1, 64), help="Threads of each process."
)
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the customers' pages. Ends gracefully on SIGTERM."""
    from surveyapp import server

    _database(_settings())
    server.serve(host, port, workers, threads)


@main.command("worker")
@click.option("--once", is_flag=True, help="Do everything that is due, then exit.")
def work(once: bool) -> None:
    """Send mails that are due, settle held answers, purge what is old."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    settings = _settings()
    mine = worker.build(settings, _ready(settings))
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
    settings = _settings()
    database = _database(settings)
    database.upgrade()
    with database.transaction() as session:
        touched = surveys.install_built_ins(session, _now())
    click.echo(
        f"The database is at schema {database.head}."
        + (f" New survey versions: {', '.join(touched)}." if touched else "")
    )


@db.command("check")
def check() -> None:
    """Exit 0 when the database answers and is at this release's schema."""
    _database(_settings()).check()
    click.echo("The database is ready.")


@main.command()
@click.option("--survey", required=True, help="Key of the survey, such as csat.")
@click.option("--ticket", required=True, help="The support system's reference of what ended.")
@click.option(
    "--occasion", help="What ended it, such as a solve event's id; the same again invites no second time."
)
@click.option("--agent", help="Reference of the agent.")
@click.option("--agent-name")
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
@click.option("--no-mail", is_flag=True, help="Make links only; nothing is sent.")
@as_json
def invite(
    survey: str,
    ticket: str,
    email: str | None,
    name: str | None,
    agent: str | None,
    customer: str | None,
    properties: Sequence[str],
    no_mail: bool,
    is_json: bool,
    **about: str | None,
) -> None:
    """Invite one customer to answer about one ticket. Exits 0 also when policy refuses."""
    settings = _settings()
    request = Request(
        survey=survey,
        ticket_ref=ticket,
        agent_ref=agent,
        address=email,
        recipient_name=name,
        customer_ref=customer,
        properties=_pairs(properties),
        is_mailed=not no_mail,
        **about,
    )
    with _ready(settings).transaction() as session:
        invitation = invitations.invite(session, settings, request, _now())
        version = surveys.version_of_invitation(session, invitation)
    _print(_invited(invitation, version, settings), is_json)


@main.command()
@click.option("--metric", type=click.Choice([str(metric) for metric in Metric]))
@click.option("--by", type=click.Choice([str(dimension) for dimension in Dimension]))
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="First day.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="Last day, included.")
@click.option("--agent")
@click.option("--team")
@click.option("--case-type")
@click.option("--channel")
@click.option("--locale")
@click.option("--locale-out", type=click.Choice(LOCALES), help="Language of the table.")
@as_json
def scores(
    metric: str | None,
    by: str | None,
    first: datetime | None,
    last: datetime | None,
    locale_out: str | None,
    is_json: bool,
    **limits: str | None,
) -> None:
    """Print scores with their number of answers and their 95 % intervals."""
    settings = _settings()
    chosen = Filter(Metric(metric) if metric else None, _day(first), _day(last), **limits)
    with _ready(settings).reading() as session:
        figures = reports.scores(session, settings, chosen, Dimension(by) if by else None)
    if is_json:
        _echo_json([as_row(each) for each in figures])
    else:
        click.echo(tables.scores_table(figures, Dimension(by) if by else None, locale_out or settings.locale))


@main.command("held")
@as_json
def list_held(is_json: bool) -> None:
    """List the answers that do not count, each with its reason."""
    settings = _settings()
    with _ready(settings).reading() as session:
        found = reports.held(session, settings, _now())
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
        _echo_json(rows)
    else:
        click.echo(tables.plain(["day", "survey", "ticket", "rating", "reason"], rows))


@main.group()
def survey() -> None:
    """Look at the surveys and set how they are answered."""


@survey.command("list")
@as_json
def list_surveys(is_json: bool) -> None:
    """List the surveys."""
    settings = _settings()
    with _ready(settings).reading() as session:
        rows = [_survey_row(session, each, settings) for each in surveys.all_surveys(session)]
    if is_json:
        _echo_json(rows)
    else:
        click.echo(tables.plain(["key", "version", "mode", "questions", "closed"], rows))


@survey.command("show")
@click.argument("key")
@click.option("--locale", type=click.Choice(LOCALES), help="Language of the texts.")
@as_json
def show_survey(key: str, locale: str | None, is_json: bool) -> None:
    """Show a survey's questions as they are asked."""
    settings = _settings()
    with _ready(settings).reading() as session:
        found = surveys.find_survey(session, key)
        row = _survey_row(session, found, settings)
        version = surveys.current_version(session, found)
    texts = {code: version.texts[code] for code in ([locale] if locale else LOCALES)}
    if is_json:
        _echo_json(row | {"texts": surveys.texts_as_json(texts)})
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
    settings = _settings()
    with _ready(settings).transaction() as session:
        surveys.find_survey(session, key)
        if mode:
            surveys.set_mode(session, key, None if mode == "default" else mode)
        if also:
            surveys.set_further(session, key, [Metric(each) for each in also if each != "none"], _now())
        if is_closed is not None:
            surveys.set_closed(session, key, _now() if is_closed else None)
        row = _survey_row(session, surveys.find_survey(session, key), settings)
    click.echo(tables.plain(["key", "version", "mode", "questions", "closed"], [row]))


def as_row(figures: Figures) -> dict[str, Any]:
    """The figures as scripts read them: unrounded, in the headline's unit, groups as counts."""
    found = figures.score
    return {
        "metric": figures.metric,
        "group": figures.group,
        "n": figures.n,
        "score": found and found.value,
        "low": found and found.low,
        "high": found and found.high,
        "mean": found and found.mean,
        "favourable": found and found.favourable,
        "neutral": found and found.neutral,
        "unfavourable": found and found.unfavourable,
        "held": figures.held,
        "refused": figures.refused,
        "withheld": figures.is_withheld,
    }


def _settings() -> Settings:
    return settings_from(os.environ)


def _database(settings: Settings) -> Database:
    """Closed again when the command ends."""
    if settings.database_url.startswith("sqlite:///"):
        try:
            settings.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(f"SURVEYAPP_HOME cannot be used: {error}.") from error
    database = Database(settings.database_url)
    click.get_current_context().call_on_close(database.dispose)
    return database


def _ready(settings: Settings) -> Database:
    database = _database(settings)
    database.check()
    return database


def _now() -> datetime:
    return datetime.now(UTC)


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


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
    is_refused = invitation.status == invitations.Status.REFUSED
    return {
        "id": invitation.id,
        "status": invitation.status,
        "reason": invitation.reason,
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


def _print(values: dict[str, Any], is_json: bool) -> None:
    if is_json:
        _echo_json(values)
        return
    for name, value in values.items():
        if isinstance(value, dict):
            for key, each in value.items():
                click.echo(f"{name} {key}: {each}")
        else:
            click.echo(f"{name}: {value if value is not None else '-'}")


def _echo_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
