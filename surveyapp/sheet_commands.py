"""The commands that read a CSV file: bulk invitations, and a team's older answers."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from surveyapp import bulk, history_import, shell, surveys
from surveyapp.bulk import Defaults, LinkColumns, Note, Outcome, ResultFile, Summary
from surveyapp.config import Settings
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.sheets import DateOrder, Row, Sheet, SheetError, date_order


def run_invite_csv(
    settings: Settings,
    database: Database,
    path: Path,
    *,
    survey: str | None,
    locale: str | None,
    is_mailed: bool,
    result: Path | None,
    is_dry_run: bool,
    links: bool,
    is_json: bool,
) -> None:
    """Invite the customers of a file; `survey` and `locale` are for rows that name none.

    Raises SheetError for a file that cannot be used at all, and UnknownSurveyError. Ends the command with
    exit code 1 when there were rows that could not be taken.
    """
    if links and (is_mailed or is_dry_run):
        raise SheetError("Links are handed out with --no-mail, and not by a dry run.")
    needed = ["ticket", *([] if survey else ["survey"]), *(["email"] if is_mailed else [])]
    with Sheet(path, bulk.FIELDS, needed) as sheet:
        ratings = _ratings(database, survey, sheet)
        columns = LinkColumns(settings, ratings) if links else None
        target = _target(path, result, "dry-run" if is_dry_run else "result")
        with ResultFile(target, sheet.delimiter, columns) as written, _progress(sheet, written) as progress:
            summary = bulk.invite_rows(
                database,
                settings,
                sheet.rows(),
                shell.now(),
                defaults=Defaults(survey, locale, is_mailed),
                progress=progress,
                is_dry_run=is_dry_run,
            )
    _end(summary, sheet.warnings, target, "Dry run, nothing was stored. " if is_dry_run else "", is_json)


@click.command("import-answers")
@click.option(
    "--csv",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="The file; docs/csv.md lists its columns.",
)
@click.option("--survey", help="Survey of rows that name none; else the built-in one of their metric.")
@click.option(
    "--metric", type=click.Choice([str(metric) for metric in Metric]), help="Of rows that name none."
)
@click.option(
    "--date-format",
    type=click.Choice([str(order) for order in DateOrder]),
    help="How dates such as 2/3/2026 are meant, where the file does not tell.",
)
@click.option(
    "--result", type=click.Path(path_type=Path), help="File for what became of each row [FILE.result.csv]"
)
@shell.as_json
def import_answers(
    path: Path,
    survey: str | None,
    metric: str | None,
    date_format: str | None,
    result: Path | None,
    is_json: bool,
) -> None:
    """Take over older answers from a CSV file, labelled as imported.

    The same file again changes nothing. Exits 1 when there were rows that could not be taken.
    """
    settings = shell.settings()
    database = shell.ready(settings)
    order = DateOrder(date_format) if date_format else _order(path)
    with Sheet(path, history_import.FIELDS, ["ticket", "date"]) as sheet:
        if not sheet.fields & {"rating", "comment", *history_import.PARTS}:
            raise SheetError("The file lacks a column: rating.")
        if survey:
            _ratings(database, survey, sheet)
        target = _target(path, result)
        with ResultFile(target, sheet.delimiter) as written, _progress(sheet, written) as progress:
            summary = history_import.import_rows(
                database,
                settings,
                sheet.rows(),
                shell.now(),
                survey=survey,
                metric=Metric(metric) if metric else None,
                order=order,
                progress=progress,
            )
    _end(summary, sheet.warnings, target, "", is_json)


def sentence(summary: Summary) -> str:
    """What became of all rows, in one line."""
    parts = [f"{number} {status}" for status, number in sorted(summary.statuses.items())]
    reasons = ", ".join(f"{reason} {number}" for reason, number in summary.reasons.most_common())
    return (
        f"{summary.rows} rows: {', '.join([*parts, f'{summary.bad} bad'])}."
        + (f" Reasons: {reasons}." if reasons else "")
        + (f" {summary.again} of them were known before." if summary.again else "")
    )


def _order(path: Path) -> DateOrder | None:
    """Told by the whole file, so that no two of its dates are read in different ways."""
    with Sheet(path, {"date"}) as sheet:
        return date_order(row.text("date") for row in sheet.rows() if isinstance(row, Row))


def _ratings(database: Database, survey: str | None, sheet: Sheet) -> Mapping[str, Sequence[int]]:
    """Survey -> the ratings of its first question, of all that rows may name. Raises UnknownSurveyError."""
    with database.reading() as session:
        found = [surveys.find_survey(session, survey)] if survey else []
        if "survey" in sheet.fields:
            found = list(surveys.all_surveys(session))
        scales = {each.key: surveys.current_version(session, each).main.scale for each in found}
    return {key: scale.ratings if scale else () for key, scale in scales.items()}


def _target(path: Path, result: Path | None, ending: str = "result") -> Path:
    target = result or path.with_name(f"{path.name}.{ending}.csv")
    if target.exists() and target.samefile(path):
        raise SheetError("The result would replace the file that is read; name another one with --result.")
    return target


@contextmanager
def _progress(sheet: Sheet, written: ResultFile) -> Iterator[Note]:
    """Writes down each chunk, and shows a person at a terminal how far it is."""
    if not _is_watched():
        yield written.write
        return
    with click.progressbar(length=sheet.size, file=sys.stderr, show_pos=False) as bar:
        yield _both(written.write, lambda: bar.update(sheet.position - bar.pos))


def _is_watched() -> bool:
    return sys.stderr.isatty()


def _both(write: Note, show: Callable[[], None]) -> Note:
    def note(outcomes: Sequence[Outcome]) -> None:
        write(outcomes)
        show()

    return note


def _end(summary: Summary, warnings: Sequence[str], target: Path, lead: str, is_json: bool) -> None:
    for each in (*warnings, *summary.problems):
        click.echo(each, err=True)
    if (more := summary.bad - len(summary.problems)) > 0:
        click.echo(f"And {more} more, which the result file lists.", err=True)
    if is_json:
        shell.echo_json(_as_json(summary, warnings, target))
    else:
        click.echo(f"{lead}{sentence(summary)} Each is in {target}.")
    if summary.bad:
        click.get_current_context().exit(1)


def _as_json(summary: Summary, warnings: Sequence[str], target: Path) -> dict[str, Any]:
    return {
        "rows": summary.rows,
        "statuses": dict(summary.statuses),
        "reasons": dict(summary.reasons),
        "bad": summary.bad,
        "known_before": summary.again,
        "warnings": list(warnings),
        "result": str(target),
    }
