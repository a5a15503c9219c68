"""Write rows, however many, as CSV, XLSX or JSON lines."""

import csv
import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from io import TextIOWrapper
from itertools import chain, islice
from tempfile import TemporaryDirectory
from typing import IO, Any

import xlsxwriter

Row = Mapping[str, Any]
"""Key -> None, a truth value, a number, a text, a date, an aware instant, or for JSON a list or object."""


class Format(StrEnum):
    """A kind of file, named as its ending."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"

    @property
    def mimetype(self) -> str:
        """As HTTP calls it."""
        return _MIMETYPES[self]


@dataclass(frozen=True, slots=True)
class Column:
    """Where a cell is found in a row, and what stands above it."""

    key: str
    header: str


def write(
    file: IO[bytes],
    form: Format,
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    zone: tzinfo,
    sheet: str = "surveyapp",
) -> int:
    """Write the rows and return how many there were; no more of them are kept in memory than one.

    Instants are local times of the zone, in XLSX without the offset, for its cells have none; in JSON lines
    they are UTC, as in the API, and the headers are the keys. `sheet` names the sheets of a workbook.
    """
    counting = _Counting(rows)
    _WRITERS[form](file, columns, counting, zone, sheet)
    return counting.n


def safe(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: with an apostrophe where it might.

    Tabs, line ends and what nobody sees before the sign do not hide it.
    """
    if text[:1].isalnum():
        return text
    seen = text.lstrip(_SKIPPED)
    is_risky = text[:1] in _RISKY_BEGINNINGS or seen[:1] in _FORMULA_SIGNS
    return f"'{text}" if text and is_risky else text


# The full-width ones are taken for the others by spreadsheets that are set to East Asian languages.
_FORMULA_SIGNS = frozenset("=+-@＝＋－＠")
_RISKY_BEGINNINGS = frozenset("\t\r\n\x00")
_SKIPPED = " \t\r\n\v\f\x00\u00a0\u200b\u200c\u200d\u2060\ufeff"
_MIMETYPES: Mapping[Format, str] = {
    Format.CSV: "text/csv",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.JSONL: "application/jsonl",
}
_ROWS_OF_SHEET = 1_048_575
"""What a sheet holds below its header."""
_LONGEST_CELL = 32_767
_WIDTH = 14
_DATE_FORMAT = "yyyy-mm-dd"
_MOMENT_FORMAT = "yyyy-mm-dd hh:mm:ss"
_OPTIONS = {
    "constant_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}


class _Counting:
    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.n = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.n += 1
            yield row


# --- CSV -------------------------------------------------------------------------------------------


def _write_csv(
    file: IO[bytes], columns: Sequence[Column], rows: Iterable[Row], zone: tzinfo, _sheet: str
) -> None:
    file.write(BOM_UTF8)
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([safe(column.header) for column in columns])
        keys = [column.key for column in columns]
        for row in rows:
            values = map(row.get, keys)
            # The writer has its own way with these, and most cells are of them.
            writer.writerow([each if type(each) in _PLAIN else _csv_cell(each, zone) for each in values])
    finally:
        # The file is its owner's to close.
        text.detach()


def _csv_cell(value: Any, zone: tzinfo) -> str:
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return safe(_text(value))


_PLAIN = frozenset({type(None), int, float})


# --- JSON lines ------------------------------------------------------------------------------------


def _write_jsonl(
    file: IO[bytes], columns: Sequence[Column], rows: Iterable[Row], _zone: tzinfo, _sheet: str
) -> None:
    keys = [column.key for column in columns]
    for row in rows:
        file.write(_ENCODER.encode({key: row.get(key) for key in keys}).encode() + b"\n")


def _json_value(value: Any) -> str:
    """What JSON has no type for."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"A {type(value).__name__} cannot be exported.")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_json_value)


# --- XLSX ------------------------------------------------------------------------------------------


def _write_xlsx(
    file: IO[bytes], columns: Sequence[Column], rows: Iterable[Row], zone: tzinfo, sheet: str
) -> None:
    with (
        # The library keeps rows in files until the end; here they go whatever happens.
        TemporaryDirectory(prefix="surveyapp-export-") as folder,
        xlsxwriter.Workbook(file, {**_OPTIONS, "tmpdir": folder}) as book,
    ):
        formats = _Formats(
            book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
            book.add_format({"num_format": _DATE_FORMAT}),
            book.add_format({"num_format": _MOMENT_FORMAT}),
        )
        for number, some in enumerate(_sheets(rows), 1):
            name = sheet if number == 1 else f"{sheet} {number}"
            _fill(book.add_worksheet(name), formats, columns, some, zone)


def _sheets(rows: Iterable[Row]) -> Iterator[Iterator[Row]]:
    """The rows in pieces that one sheet holds; one without any when there are none."""
    left = iter(rows)
    yield islice(left, _ROWS_OF_SHEET)
    for first in left:
        yield chain([first], islice(left, _ROWS_OF_SHEET - 1))


@dataclass(frozen=True, slots=True)
class _Formats:
    header: Any
    date: Any
    moment: Any


def _fill(
    sheet: Any, formats: _Formats, columns: Sequence[Column], rows: Iterable[Row], zone: tzinfo
) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(columns) - 1, _WIDTH)
    for place, column in enumerate(columns):
        sheet.write_string(0, place, _xlsx_text(column.header), formats.header)
    keys = [column.key for column in columns]
    for number, row in enumerate(rows, 1):
        for place, key in enumerate(keys):
            if (value := row.get(key)) is not None:
                _fill_cell(sheet, formats, (number, place), value, zone)


def _fill_cell(sheet: Any, formats: _Formats, place: tuple[int, int], value: Any, zone: tzinfo) -> None:
    if isinstance(value, str):
        sheet.write_string(*place, _xlsx_text(value))
    elif isinstance(value, bool):
        sheet.write_boolean(*place, value)
    elif isinstance(value, int | float):
        sheet.write_number(*place, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(*place, value.astimezone(zone).replace(tzinfo=None), formats.moment)
    elif isinstance(value, date):
        sheet.write_datetime(*place, value, formats.date)
    else:
        sheet.write_string(*place, _xlsx_text(_text(value)))


def _xlsx_text(text: str) -> str:
    """A cell's text; the library would take one of these very tags for its own and write it as it is."""
    cut = text[:_LONGEST_CELL]
    is_tagged = cut.startswith("<r>") and cut.endswith("</r>")
    return f"{cut[: _LONGEST_CELL - 1]} " if is_tagged else cut


def _text(value: Any) -> str:
    """A list or an object as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_WRITERS = {Format.CSV: _write_csv, Format.XLSX: _write_xlsx, Format.JSONL: _write_jsonl}
