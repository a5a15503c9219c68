"""What becomes of the rows of a file, in words and as a sheet."""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from io import StringIO

from surveyapp import bulk, flaws, reasons, uploads
from surveyapp.bulk import LinkColumns, Outcome
from surveyapp.core.status import Status
from surveyapp.i18n import Language
from surveyapp.sheets import RowError
from surveyapp.uploads import Stage
from surveyapp.web.wiring import parts, spoken_language


@dataclass(frozen=True, slots=True)
class FileRow:
    """What would become of one row of a file; `field` is the column that is to blame, or ""."""

    line: int
    ticket: str
    pill: str
    tone: str
    field: str
    words: str


def row(outcome: Outcome) -> FileRow:
    """Of a file that was not started."""
    error, tongue = outcome.error, spoken_language()
    kind = uploads.kind_of(outcome).partition(":")[0]
    words = ""
    if error is not None:
        words = flaws.sentence(tongue, error)
    elif outcome.is_new and outcome.status == Status.REFUSED:
        zone = parts().settings.timezone
        words = reasons.explanation(
            tongue, zone, Status.REFUSED, outcome.reason, allowed_from=outcome.allowed_from
        )
    pill, tone = _pill(kind)
    field = error.field if error is not None else None
    return FileRow(outcome.line, outcome.ticket or "", pill, tone, field or "", words)


def counted(counts: Mapping[str, int]) -> list[tuple[str, str, str, int]]:
    """What becomes of how many rows: pill, its tone, why, how many; those of the most rows first."""
    tongue, zone = spoken_language(), parts().settings.timezone
    found = []
    for kind, n in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        name, _, reason = kind.partition(":")
        why = ""
        if name == Status.REFUSED:
            why = reasons.explanation(tongue, zone, Status.REFUSED, reason)
        elif name in (bulk.BAD, uploads.FAILED):
            # i18n: Why some rows of a file cannot be used: each row below says it
            why = tongue.gettext("Each row says why.")
        found.append((*_pill(name), why, n))
    return found


def sheet(rows: Iterable[Outcome], links: LinkColumns | None, tongue: Language) -> str:
    """All of them as CSV, with the mark and the delimiter by which spreadsheets of that language read it."""
    written = StringIO()
    writer = csv.writer(written, delimiter="," if tongue.code == "en" else ";")
    writer.writerow((*bulk.COLUMNS, *(links.columns if links else ())))
    for each in rows:
        said = replace(each, problem=_problem(each.error, tongue)) if each.error else each
        writer.writerow([*bulk.cells(said), *(links.cells(each) if links else ())])
    return f"\ufeff{written.getvalue()}"


def _pill(kind: str) -> tuple[str, str]:
    words, tone = KINDS.get(kind, KINDS[uploads.KNOWN])
    return words(spoken_language()), tone


def _problem(error: RowError, tongue: Language) -> str:
    words = flaws.sentence(tongue, error)
    return f"{error.field}: {words}" if error.field else words


STAGES: Mapping[str, Callable[[Language], str]] = {
    # i18n: State of an uploaded file
    Stage.PREVIEWED: lambda tongue: tongue.gettext("Not started"),
    # i18n: State of an uploaded file
    Stage.WAITING: lambda tongue: tongue.gettext("Waiting to begin"),
    # i18n: State of an uploaded file
    Stage.RUNNING: lambda tongue: tongue.gettext("Under way"),
    # i18n: State of an uploaded file
    Stage.DONE: lambda tongue: tongue.gettext("Done"),
    # i18n: State of an uploaded file
    Stage.FAILED: lambda tongue: tongue.gettext("Stopped early"),
}

KINDS: Mapping[str, tuple[Callable[[Language], str], str]] = {
    # i18n: What becomes of a row of a file: its customer gets a mail
    "queued": (lambda tongue: tongue.gettext("By email"), "good"),
    # i18n: What becomes of a row of a file: nothing is mailed, there are links to hand out
    "linked": (lambda tongue: tongue.gettext("Links only"), "good"),
    # i18n: What becomes of a row of a file: its customer is not asked; why follows
    "refused": (lambda tongue: tongue.gettext("Not asked"), "wait"),
    # i18n: What becomes of a row of a file: its customer was invited for the same reason before
    uploads.KNOWN: (lambda tongue: tongue.gettext("Invited before"), "plain"),
    # i18n: What becomes of a row of a file: something in it is wrong; what follows
    bulk.BAD: (lambda tongue: tongue.gettext("Cannot be used"), "bad"),
    # i18n: What becomes of a row of a file: it met a mistake of ours
    uploads.FAILED: (lambda tongue: tongue.gettext("Went wrong"), "bad"),
}
"""Outcome of a row -> its words, and the tone of its pill."""
