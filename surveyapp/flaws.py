"""What is wrong with a CSV file or one of its rows, in four languages."""

from collections.abc import Callable, Mapping

from surveyapp.core.errors import FieldError, Problem
from surveyapp.i18n import Language
from surveyapp.problems import PROBLEMS, field_sentence
from surveyapp.sheets import Flaw, RowError, SheetError

Sentence = Callable[..., str]


def sentence(tongue: Language, error: SheetError | RowError | FieldError) -> str:
    """What is wrong, without the column's name, which is the error's `field`."""
    if isinstance(error, FieldError):
        return field_sentence(error, tongue)
    if isinstance(error.flaw, Flaw):
        return FLAWS[error.flaw](tongue, **error.values)
    return PROBLEMS[error.flaw or Problem.FILE](tongue, **error.values)


def ending(tongue: Language, problem: str) -> str:
    """Why an upload ended before its last row, from what is stored; words that are not ours stay."""
    return FLAWS[Flaw(problem)](tongue) if problem in (Flaw.NOT_ALLOWED, Flaw.ERASED) else problem


FLAWS: Mapping[Flaw, Sentence] = {
    # i18n: Why a CSV file was not worked off to its end
    Flaw.ERASED: lambda tongue, **_: tongue.gettext(
        "The file held the data of a person who was erased, so it was deleted; put it in again."
    ),
    # i18n: What is wrong with a CSV file
    Flaw.EMPTY: lambda tongue, **_: tongue.gettext("The file is empty."),
    # i18n: What is wrong with a CSV file; its first line has the titles of its columns
    Flaw.NO_ROWS: lambda tongue, **_: tongue.gettext("The file has no rows below its titles."),
    # i18n: What is wrong with a CSV file. {n}: 5
    Flaw.LARGE: lambda tongue, n, **_: tongue.gettext("The file is larger than {n} MB.", n=n),
    # i18n: What is wrong with a CSV file; a cell is one field of a table. {line}: 1
    Flaw.HEADER_UNCLOSED: lambda tongue, line, **_: tongue.gettext(
        "The header in line {line} cannot be read: A quotation mark of it is not closed, "
        "or text follows the one that closes a cell.",
        line=line,
    ),
    # i18n: What is wrong with a CSV file. {line}: 1, {n}: 100000
    Flaw.HEADER_LONG: lambda tongue, line, n, **_: tongue.gettext(
        "The header in line {line} is longer than {n} characters.", line=line, n=n
    ),
    # i18n: What is wrong with a CSV file. {columns}: ticket, email; {titles}: "Name", "Fax"
    Flaw.LACKING: lambda tongue, columns, titles, **_: tongue.gettext(
        "The file lacks a column: {columns}. It has: {titles}.", columns=columns, titles=titles
    ),
    # i18n: What is wrong with a CSV file; a title such as "property:plan" makes a column a property. {n}: 3
    Flaw.NAMELESS: lambda tongue, n, **_: tongue.gettext("Column {n} is a property without a name.", n=n),
    # i18n: What is wrong with a CSV file. {first}: 1, {second}: 4, {name}: "email"
    Flaw.TWICE: lambda tongue, first, second, name, **_: tongue.gettext(
        "The columns {first} and {second} are both {name}.", first=first, second=second, name=name
    ),
    # i18n: A hint on a CSV file. {name}: "Fax"
    Flaw.IGNORED: lambda tongue, name, **_: tongue.gettext("The column {name} is ignored.", name=name),
    # i18n: A hint on a CSV file; UTF-8 and Windows-1252 are encodings of text
    Flaw.NOT_UTF_8: lambda tongue, **_: tongue.gettext(
        "The file is not UTF-8 all through and was read as Windows-1252; "
        "where names look wrong, save it as UTF-8."
    ),
    # i18n: What is wrong with a row of a CSV file. {cells}: 3, {titles}: 5
    Flaw.CELLS: lambda tongue, cells, titles, **_: tongue.gettext(
        "This row has {cells} cells, the header has {titles}.", cells=cells, titles=titles
    ),
    # i18n: What is wrong with a row of a CSV file. {cells}: 3, {titles}: 5, {last}: 17
    Flaw.CELLS_TO_LINE: lambda tongue, cells, titles, last, **_: tongue.gettext(
        "This row has {cells} cells, the header has {titles}. It goes on to line {last}.",
        cells=cells,
        titles=titles,
        last=last,
    ),
    # i18n: What is wrong with a row of a CSV file. {n}: 100000
    Flaw.LONG_ROW: lambda tongue, n, **_: tongue.gettext("This row is longer than {n} characters.", n=n),
    # i18n: What is wrong with a row of a CSV file
    Flaw.UNCLOSED: lambda tongue, **_: tongue.gettext(
        "A quotation mark of this row is not closed, or text follows the one that closes a cell."
    ),
    # i18n: What is wrong with a cell of a CSV file; NUL is the name of a character
    Flaw.NUL: lambda tongue, **_: tongue.gettext("This has a NUL character, which is no text."),
    # i18n: What is wrong with a cell of a CSV file
    Flaw.NO_TEXT: lambda tongue, **_: tongue.gettext(
        "This has bytes that are no text in the file's encoding."
    ),
    # i18n: What is wrong with a date in a CSV file
    Flaw.NO_DATE: lambda tongue, **_: tongue.gettext(
        "This must be a date such as 2026-03-02, 02.03.2026 or 2026-03-02T14:05:00+01:00."
    ),
    # i18n: What is wrong with a date in a CSV file. {date}: 2/3/2026
    Flaw.TWO_DATES: lambda tongue, date, **_: tongue.gettext(
        "{date} may mean two days; write it as 2026-03-02.", date=date
    ),
    # i18n: What is wrong with a date in a CSV file, such as one of the year 20226
    Flaw.YEAR: lambda tongue, **_: tongue.gettext("This year cannot be meant."),
    # i18n: Why a row of a CSV file was not taken
    Flaw.OURS: lambda tongue, **_: tongue.gettext("Something went wrong on our side with this row."),
    # i18n: Why a CSV file was not worked through to its end: its user was disabled or has another role now
    Flaw.NOT_ALLOWED: lambda tongue, **_: tongue.gettext("Whoever put the file in may not invite any more."),
}
