"""Commands that read figures and answers: on the screen, or into a file."""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, TypeVar

import click

from surveyapp import audit, export_words, exports, shell, tables
from surveyapp.config import LOCALES, Settings
from surveyapp.core.access import Role, Viewer, operator
from surveyapp.core.deeds import Actor, Deed
from surveyapp.core.periods import Grain
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.export_files import Format
from surveyapp.exports import Singles, Table
from surveyapp.figures import row_of
from surveyapp.i18n import language
from surveyapp.selecting import By, Dimension, Filter, by_of

Command = TypeVar("Command", bound=Callable[..., Any])

DIMENSIONS = [*(str(each) for each in Dimension if each is not Dimension.PROPERTY), "property.NAME"]


class ByType(click.ParamType[By]):
    """A dimension, as `selecting.by_of` reads it."""

    name = "DIMENSION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> By:
        """What was said, as one of ours."""
        found = value if isinstance(value, By) else by_of(value)
        if found is None:
            self.fail(f"{value!r} is not one of {', '.join(DIMENSIONS)}.", param, ctx)
        return found


class PropertyType(click.ParamType[tuple[str, str]]):
    """A property's name and its value."""

    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Both."""
        if isinstance(value, tuple):
            return value
        name, equals, wanted = str(value).partition("=")
        if not name or not equals:
            self.fail("must look like NAME=VALUE", param, ctx)
        return name, wanted


def filtered(command: Command) -> Command:
    """The options that say which answers; they arrive as one `chosen`."""

    def collected(metric: str | None, **given: Any) -> Any:
        first, last = _day(given.pop("first")), _day(given.pop("last"))
        limits = {name: given.pop(name) for name in _LIMITS}
        return command(Filter(Metric(metric) if metric else None, first, last, **limits), **given)

    collected.__doc__, collected.__name__ = command.__doc__, command.__name__
    collected.__dict__.update(command.__dict__)
    decorated: Any = collected
    for option in reversed(_FILTERS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


_LIMITS = ("agent", "team", "case_type", "channel", "locale", "version", "of_property", "is_pressed")
_FILTERS = (
    click.option("--metric", type=click.Choice([str(metric) for metric in Metric])),
    click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="First day."),
    click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="Last day, included."),
    click.option("--agent", help="Only where agents are named."),
    click.option("--team"),
    click.option("--case-type"),
    click.option("--channel"),
    click.option("--locale"),
    click.option("--version", metavar="SURVEY NUMBER", help='Of a survey, such as "csat 3".'),
    click.option("--property", "of_property", type=PropertyType(), help="That came with the invitation."),
    click.option(
        "--pressed", "is_pressed", is_flag=True, help="Only what a person pressed or chose, not what settled."
    ),
)
_by = click.option("--by", type=ByType(), help=f"One row for each: {', '.join(DIMENSIONS)}.")
_compare = click.option(
    "--compare", "is_compared", is_flag=True, help="With the period before; needs --from and --to."
)


@click.command()
@_by
@_compare
@filtered
@click.option("--locale-out", type=click.Choice(LOCALES), help="Language of the table.")
@shell.as_json
def scores(chosen: Filter, by: By | None, is_compared: bool, locale_out: str | None, is_json: bool) -> None:
    """Print scores with their number of answers and their 95 % intervals."""
    settings = shell.settings()
    reader = operator(settings.own.agent_figures)
    with shell.ready(settings).reading() as session:
        figures = exports.figures(
            session, settings, reader, chosen, by, now=shell.now(), is_compared=is_compared
        )
    if is_json:
        shell.echo_json([row_of(each) for each in figures])
    else:
        click.echo(tables.scores_table(figures, by, locale_out or settings.locale))


@click.command()
@click.argument("what", type=click.Choice([str(each) for each in (*Singles, *Table)]))
@click.option(
    "--format",
    "form",
    type=click.Choice([str(form) for form in Format]),
    help="Without it: as the file's name ends.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file.")
@_by
@_compare
@click.option(
    "--grain",
    type=click.Choice([str(grain) for grain in Grain]),
    default=str(Grain.DAY),
    show_default=True,
    help="Of the trend.",
)
@filtered
@click.option(
    "--headers",
    type=click.Choice(["keys", "words"]),
    help="Above the columns; without it: words in XLSX, keys in CSV.",
)
@click.option("--locale-out", type=click.Choice(LOCALES), help="Language of the words above the columns.")
def export(
    chosen: Filter,
    what: str,
    form: str | None,
    output: Path,
    by: By | None,
    is_compared: bool,
    grain: str,
    headers: str | None,
    locale_out: str | None,
) -> None:
    """Write answers or figures into a file: CSV, XLSX or JSON lines.

    Answers come with their comments and the customers' references, and with agents where those are named.
    A file that is there is replaced, and only by a whole one.
    """
    settings = shell.settings()
    kind = _format(form, output)
    database = shell.ready(settings)
    header = _header(settings, kind, headers, locale_out)
    if what in set(Singles):
        n = _written(output, partial(_write_singles, Singles(what), kind, database, settings, chosen, header))
        with database.transaction() as session:
            audit.record(
                session,
                None,
                Deed.EXPORTED,
                shell.now(),
                actor=Actor.COMMAND,
                what=what,
                file=kind.value,
                rows=n,
            )
    else:
        wanted = Table(what)
        with database.reading() as session:
            rows = exports.table(
                session,
                settings,
                operator(settings.own.agent_figures),
                chosen,
                wanted,
                by=by,
                grain=Grain(grain),
                now=shell.now(),
                is_compared=is_compared,
            )
        n = _written(output, lambda file: exports.write_table(file, kind, settings, wanted, rows, header))
    click.echo(f"Rows written to {output}: {n}.")


def _format(said: str | None, output: Path) -> Format:
    ending = said or output.suffix.removeprefix(".").lower()
    if ending not in set(Format):
        raise click.MissingParameter(param_type="option", param_hint="--format")
    return Format(ending)


def _header(
    settings: Settings, kind: Format, headers: str | None, locale: str | None
) -> Callable[[str], str]:
    if kind is Format.JSONL or (headers or ("words" if kind is Format.XLSX else "keys")) == "keys":
        return str
    tongue, zone = language(locale or settings.locale), str(settings.timezone)
    return lambda key: export_words.header(tongue, key, zone)


def _write_singles(
    wanted: Singles,
    kind: Format,
    database: Database,
    settings: Settings,
    chosen: Filter,
    header: Callable[[str], str],
    file: IO[bytes],
) -> int:
    if wanted is Singles.UNCONVINCED:
        return exports.write_unconvinced(file, kind, database, settings, _OPERATOR, chosen, header)
    mode = settings.own.agent_figures
    return exports.write_answers(
        file,
        kind,
        database,
        settings,
        operator(mode),
        exports.sees_all(mode),
        chosen,
        header,
        is_commented=wanted is Singles.COMMENTS,
    )


_OPERATOR = Viewer("", Role.ADMIN, None)
"""Whoever sits at the terminal, where a person is asked for."""


def _written(output: Path, fill: Callable[[IO[bytes]], int]) -> int:
    """Fill a file beside the one that is meant, readable by us alone, and put it in its place at the end."""
    try:
        with NamedTemporaryFile(dir=output.parent, prefix=f".{output.name}.", delete=False) as file:
            beside = Path(file.name)
            try:
                n = fill(file)
            except BaseException:
                beside.unlink()
                raise
        beside.replace(output)
    except OSError as error:
        raise click.BadParameter(f"cannot be written: {error.strerror}.", param_hint="--output") from error
    return n


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


COMMANDS = (scores, export)
