"""Read a CSV file of any length, row by row, whatever program wrote it."""

import codecs
import csv
import os
import re
import unicodedata
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from io import BytesIO, TextIOWrapper
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import BinaryIO, Self
from zoneinfo import ZoneInfo

from surveyapp.core.errors import Problem, SurveyappError

LONGEST_CELL = 10_000
LONGEST_ROW = 100_000
"""In characters; what a quotation mark that is never closed may swallow before it is noticed."""

PROPERTY = "property:"
_WORDS: Mapping[str, tuple[str, ...]] = {
    "ticket": (
        "ticket, ticket ref, ticket id, ticket number, case, case id, case number",
        "ärende, ärendenummer, ärendenr, ärende-id",
        "tichet, număr tichet, nr tichet, id tichet",
        "ticketnummer, ticketnr, vorgang, vorgangsnummer, fallnummer",
    ),
    "email": (
        "email, mail, email address, address",
        "e-post, e-postadress, mejl, mejladress",
        "adresă, adresă email, adresă de email",
        "e-mail-adresse, mailadresse",
    ),
    "name": ("name, customer name, recipient name", "namn, kundnamn", "nume, nume client", "kundenname"),
    "customer": (
        "customer, customer id, customer ref, customer number",
        "kund, kund-id, kundnummer, kundnr",
        "client, id client",
        "kunde, kunden-id, kundennummer, kundennr",
    ),
    "agent": ("agent, agent id, agent ref, assignee", "handläggare", "operator", "bearbeiter"),
    "agent_name": ("agent name", "agentnamn, handläggarnamn", "nume agent", "bearbeitername"),
    "agent_replies": ("agent replies, replies", "antal svar", "răspunsuri", "antworten"),
    "team": ("team, group", "grupp", "echipă", "gruppe"),
    "case_type": (
        "case type, ticket type, category",
        "ärendetyp, kategori",
        "tip tichet, tip caz, categorie",
        "tickettyp, vorgangsart, falltyp, kategorie",
    ),
    "channel": ("channel", "kanal", "canal"),
    "locale": ("locale, language", "språk", "limbă, limba", "sprache"),
    "timezone": ("timezone", "tidszon", "fus orar", "zeitzone"),
    "survey": ("survey", "undersökning, enkät", "sondaj, chestionar", "umfrage"),
    "occasion": ("occasion, event, event id", "tillfälle, händelse", "ocazie, eveniment", "anlass, ereignis"),
    "date": ("date, ended at, solved at, closed at, rated at", "datum", "dată, data"),
    "send_at": ("send at, not before", "skicka tidigast", "trimite la", "senden ab"),
    "metric": ("metric", "mått", "metrică, indicator", "metrik, kennzahl"),
    "rating": ("rating, score", "betyg", "notă, nota, evaluare", "bewertung"),
    "nki1": ("nki1",),
    "nki2": ("nki2",),
    "nki3": ("nki3",),
    "comment": ("comment, comments", "kommentar, kommentarer", "comentariu, comentarii", "kommentare"),
}


class Flaw(StrEnum):
    """What is wrong with a file or one of its rows; surveyapp.flaws says the same in four languages."""

    EMPTY = "The file is empty."
    NO_ROWS = "The file has no rows below its titles."
    LARGE = "The file is larger than {n} MB."
    HEADER_UNCLOSED = (
        "The header in line {line} cannot be read: A quotation mark of it is not closed, "
        "or text follows the one that closes a cell."
    )
    HEADER_LONG = "The header in line {line} is longer than {n} characters."
    LACKING = "The file lacks a column: {columns}. It has: {titles}."
    NAMELESS = "Column {n} is a property without a name."
    TWICE = "The columns {first} and {second} are both {name}."
    IGNORED = "The column {name} is ignored."
    NOT_UTF_8 = (
        "The file is not UTF-8 all through and was read as Windows-1252; "
        "where names look wrong, save it as UTF-8."
    )
    CELLS = "This row has {cells} cells, the header has {titles}."
    CELLS_TO_LINE = "This row has {cells} cells, the header has {titles}. It goes on to line {last}."
    LONG_ROW = "This row is longer than {n} characters."
    UNCLOSED = "A quotation mark of this row is not closed, or text follows the one that closes a cell."
    NUL = "This has a NUL character, which is no text."
    NO_TEXT = "This has bytes that are no text in the file's encoding."
    NO_DATE = "This must be a date such as 2026-03-02, 02.03.2026 or 2026-03-02T14:05:00+01:00."
    TWO_DATES = "{date} may mean two days; write it as 2026-03-02."
    YEAR = "This year cannot be meant."
    OURS = "Something went wrong on our side with this row."
    NOT_ALLOWED = "Whoever put the file in may not invite any more."
    ERASED = "The file held the data of a person who was erased, so it was deleted; put it in again."


class SheetError(SurveyappError):
    """The file as a whole is no sheet of ours; the text says what to change."""

    def __init__(self, sentence: str, **values: object) -> None:
        """`values` fill the placeholders of a Flaw; `flaw` is None for any other sentence."""
        self.flaw = sentence if isinstance(sentence, Flaw) else None
        self.values = values
        super().__init__(sentence.format(**values) if self.flaw else sentence)


class RowError(SurveyappError):
    """One row cannot be used; `line` is where it begins, `field` the column's name where one is to blame."""

    def __init__(self, line: int, sentence: str, field: str | None = None, **values: object) -> None:
        """`values` fill the placeholders of a Flaw or Problem; `flaw` is None for any other sentence."""
        self.flaw: Flaw | Problem | None = sentence if isinstance(sentence, (Flaw, Problem)) else None
        said = sentence.format(**values) if self.flaw else str(sentence)
        super().__init__(f"{field}: {said}" if field else said)
        self.line, self.field, self.values = line, field, values


class DateOrder(StrEnum):
    """How dates with slashes are meant."""

    DAY_FIRST = "d/m/y"
    MONTH_FIRST = "m/d/y"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: our name of the column -> the cell, without white space around it."""

    line: int
    cells: Mapping[str, str]
    properties: Mapping[str, str]

    def text(self, field: str) -> str | None:
        """The cell; None when it is empty or there is no such column."""
        return self.cells.get(field) or None

    def whole(self, field: str, lowest: int, highest: int) -> int | None:
        """The cell's number, None when it is empty. RowError for what is none from lowest to highest."""
        text = self.text(field)
        if text is None:
            return None
        found = _WHOLE.fullmatch(text)
        if not found or not lowest <= int(found[1]) <= highest:
            raise RowError(self.line, Problem.NUMBER, field, low=lowest, high=highest)
        return int(found[1])

    def moment(self, field: str, order: DateOrder | None, zone: ZoneInfo) -> datetime | None:
        """The cell's instant, None when it is empty; of a date alone it is noon in the zone.

        Raises RowError for what is no date, and for one with slashes while their order is not known.
        """
        text = self.text(field)
        try:
            return None if text is None else _moment(text, order, zone)
        except _AmbiguousError as error:
            raise RowError(self.line, Flaw.TWO_DATES, field, date=text) from error
        except (ValueError, OverflowError) as error:
            raise RowError(self.line, Flaw.NO_DATE, field) from error


class Sheet:
    """An open file; use it in a `with` block. It is read once, from its first row to its last."""

    def __init__(self, source: Path | bytes, fields: Collection[str], needed: Collection[str] = ()) -> None:
        """A file by its path, or its bytes. Columns for other fields are ignored, each with a notice.

        Raises SheetError for a file that cannot be read, is empty, or lacks a needed column.
        """
        self.size = 0
        self._file = BytesIO(source) if isinstance(source, bytes) else _opened(source)
        try:
            self.size = self._file.seek(0, os.SEEK_END)
            self._file.seek(0)
            self.encoding, self._is_damaged = _encoding(self._file)
            self._lines = _Lines(
                TextIOWrapper(self._file, self.encoding, errors=_handler(self.encoding), newline="")
            )
            self._read_header(fields, needed)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def warnings(self) -> list[str]:
        """The notices in English."""
        return [str(notice) for notice in self.notices]

    @property
    def position(self) -> int:
        """How many bytes were read so far."""
        return self._file.tell()

    def rows(self) -> Iterator[Row | RowError]:
        """Every row that is not blank; one that cannot be read is an error in its place."""
        for line, cells in self._records():
            if isinstance(cells, RowError):
                yield cells
            elif not _is_blank(cells):
                yield self._row(line, cells)

    def _read_header(self, fields: Collection[str], needed: Collection[str]) -> None:
        self.delimiter = _delimiter(self._lines)
        self._reader = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
        header = next(
            (cells for _, cells in self._records() if isinstance(cells, RowError) or not _is_blank(cells)),
            None,
        )
        if header is None:
            raise SheetError(Flaw.EMPTY)
        if isinstance(header, RowError):
            flaw = Flaw.HEADER_LONG if header.flaw is Flaw.LONG_ROW else Flaw.HEADER_UNCLOSED
            raise SheetError(flaw, line=header.line, n=LONGEST_ROW) from header
        self.notices: list[SheetError] = []
        if self.encoding == "cp1252":
            self.notices.append(SheetError(Flaw.NOT_UTF_8))
        self._places: list[tuple[int, str]] = []
        self._properties: list[tuple[int, str]] = []
        self._width = len(header)
        for place, title in enumerate(header):
            self._take(place, title.strip(), fields)
        self.fields = frozenset(field for _, field in self._places)
        if missing := [field for field in needed if field not in self.fields]:
            raise SheetError(Flaw.LACKING, columns=", ".join(missing), titles=_listed(header))

    def _take(self, place: int, title: str, fields: Collection[str]) -> None:
        """Note what the column is for."""
        is_property = title.casefold().startswith(PROPERTY)
        name = title[len(PROPERTY) :].strip() if is_property else field_of(title)
        places = self._properties if is_property else self._places
        if is_property and not name:
            raise SheetError(Flaw.NAMELESS, n=place + 1)
        if name is None or (not is_property and name not in fields):
            if title:
                self.notices.append(SheetError(Flaw.IGNORED, name=_quoted(title)))
            return
        for earlier, other in places:
            if other == name:
                raise SheetError(Flaw.TWICE, first=earlier + 1, second=place + 1, name=_quoted(name))
        places.append((place, name))

    def _row(self, line: int, cells: Sequence[str]) -> Row | RowError:
        if len(cells) < self._width or any(cells[self._width :]):
            last = self._lines.number
            flaw = Flaw.CELLS_TO_LINE if last > line else Flaw.CELLS
            return RowError(line, flaw, cells=len(cells), titles=self._width, last=last)
        if self._lines.is_suspicious(is_damaged=self._is_damaged):
            for place, cell in enumerate(cells):
                if wrong := _flaw(cell, is_damaged=self._is_damaged):
                    return RowError(line, wrong, self._name(place), n=LONGEST_CELL)
        return Row(
            line,
            {field: cells[place].strip() for place, field in self._places},
            {name: cells[place].strip() for place, name in self._properties},
        )

    def _name(self, place: int) -> str:
        names = dict(self._places) | {place: f"{PROPERTY}{name}" for place, name in self._properties}
        return names.get(place, f"column {place + 1}")

    def _records(self) -> Iterator[tuple[int, list[str] | RowError]]:
        """Where each row begins, and its cells."""
        lines = self._lines
        while True:
            lines.begin()
            try:
                cells = next(self._reader, None)
            except csv.Error:
                first = lines.number - len(lines.row) + 1
                is_long = len(lines.row) == 1 and len(lines.row[0]) > LONGEST_ROW
                lines.take_back()
                yield first, RowError(first, Flaw.LONG_ROW if is_long else Flaw.UNCLOSED, n=LONGEST_ROW)
                continue
            if cells is None:
                return
            yield lines.number - len(lines.row) + 1, cells


def field_of(title: str) -> str | None:
    """Our name for a column's title in any of the four languages; None when it is none of them."""
    return _FIELDS.get(_plain(title))


def date_order(texts: Iterable[str | None]) -> DateOrder | None:
    """The order of the dates with slashes, told by a number above 12; None when none or both are told."""
    seen = set()
    for text in texts:
        found = _SLASHES.match(text) if text else None
        if found and int(found[1]) > 12 >= int(found[2]):
            seen.add(DateOrder.DAY_FIRST)
        elif found and int(found[2]) > 12 >= int(found[1]):
            seen.add(DateOrder.MONTH_FIRST)
    return seen.pop() if len(seen) == 1 else None


class _AmbiguousError(Exception):
    """A date that may mean two days."""


class _Lines:
    """Gives lines to the csv module, counts them, and can take back all but the first line of a row."""

    def __init__(self, stream: TextIOWrapper) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self.number = 0
        self.row: list[str] = []
        self._length = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        self.row.append(line)
        self._length += len(line)
        if self._length > LONGEST_ROW:
            raise csv.Error
        return line

    def begin(self) -> None:
        """A new row begins with the next line."""
        self.row, self._length = [], 0

    def take_back(self) -> None:
        """Read the row's lines again, but for its first: a quotation mark may have swallowed good rows."""
        rest = self.row[1:]
        self._again.extendleft(reversed(rest))
        self.number -= len(rest)

    def is_suspicious(self, *, is_damaged: bool) -> bool:
        """Whether the row's cells are worth a closer look, which most are not."""
        return self._length > LONGEST_CELL or is_damaged or any("\0" in line for line in self.row)

    def peek(self) -> str:
        """The next line that is not blank; those before it are read again, too."""
        seen = []
        for line in iter(self._read, ""):
            seen.append(line)
            if line.strip() or len(seen) > _BLANK_LINES:
                break
        self._again.extend(seen)
        return seen[-1] if seen else ""

    def skip(self) -> None:
        """Drop what `peek` showed."""
        self.number += len(self._again)
        self._again.clear()

    def _read(self) -> str:
        line = self._stream.readline(LONGEST_ROW + 1)
        rest = line
        while len(rest) > LONGEST_ROW and rest[-1] not in "\r\n":
            rest = self._stream.readline(LONGEST_ROW + 1)
        return line


_BLANK_LINES = 100
_BLOCK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# What Excel writes first so that it knows its own delimiter again.
_SEPARATOR = re.compile(r'"?sep=([;,\t])"?\s*', re.IGNORECASE)
_WHOLE = re.compile(r"([0-9]{1,9})(?:[.,]0+)?")
_SLASHES = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?![0-9])")
_TIME = r"(?:[T ]+([0-9:.]+(?:Z|[+-][0-9:]+)?))?"
_DATES = tuple(
    re.compile(f"{day}{_TIME}", re.IGNORECASE)
    for day in (
        r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})",
        r"(?P<y>[0-9]{4})/(?P<m>[0-9]{1,2})/(?P<d>[0-9]{1,2})",
        r"(?P<d>[0-9]{1,2})\.(?P<m>[0-9]{1,2})\.(?P<y>[0-9]{4})",
        r"(?P<a>[0-9]{1,2})/(?P<b>[0-9]{1,2})/(?P<y>[0-9]{4})",
    )
)


def _opened(path: Path) -> BinaryIO:
    try:
        if not path.is_file():
            raise SheetError(f"There is no file {path}.")
        return path.open("rb")
    except OSError as error:
        raise SheetError(f"The file {path} cannot be read: {error.strerror}.") from error


def _encoding(file: BinaryIO) -> tuple[str, bool]:
    """The file's encoding, and whether some of its bytes are none; the file is at its start again."""
    start = file.read(4096)
    encoding = next((name for bom, name in _BOMS if start.startswith(bom)), None) or _without_bom(start)
    file.seek(0)
    if encoding:
        return encoding, not _decodes(file, encoding)
    return ("utf-8", False) if _decodes(file, "utf-8") else ("cp1252", False)


def _without_bom(start: bytes) -> str | None:
    """UTF-16 shows by its zeros: in letters of ours every second byte is one."""
    pairs = len(start) // 2
    even, odd = start[: 2 * pairs : 2].count(0), start[1 : 2 * pairs : 2].count(0)
    if odd > 0.4 * pairs and even < 0.05 * pairs:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 * pairs and odd < 0.05 * pairs else None


def _decodes(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in iter(lambda: file.read(_BLOCK), b""):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        file.seek(0)
    return True


def _handler(encoding: str) -> str:
    return _LATIN_1 if encoding == "cp1252" else "replace"


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    """Five bytes mean nothing in Windows' alphabet, and a control character in Latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


_LATIN_1 = "surveyapp.latin_1"
codecs.register_error(_LATIN_1, _as_latin_1)


def _delimiter(lines: _Lines) -> str:
    """By the header: the one that parts it into the most titles that we know."""
    first = lines.peek()
    if found := _SEPARATOR.fullmatch(first):
        lines.skip()
        return found[1]

    def worth(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([first], delimiter=delimiter), []) if len(first) <= LONGEST_ROW else []
        known = sum(
            cell.strip().casefold().startswith(PROPERTY) or field_of(cell) is not None for cell in cells
        )
        return known, len(cells)

    return max(";,\t", key=worth)


def _is_blank(cells: Sequence[str]) -> bool:
    return not "".join(cells).strip()


def _flaw(cell: str, *, is_damaged: bool) -> Flaw | Problem | None:
    if "\0" in cell:
        return Flaw.NUL
    if len(cell) > LONGEST_CELL:
        return Problem.LONG
    if is_damaged and "\ufffd" in cell:
        return Flaw.NO_TEXT
    return None


def _moment(text: str, order: DateOrder | None, zone: ZoneInfo) -> datetime:
    found = next((found for each in _DATES if (found := each.fullmatch(text))), None)
    if found is None:
        raise ValueError(text)
    parts, clock = found.groupdict(), found[4]
    if "a" in parts:
        parts["d"], parts["m"] = _day_and_month(parts["a"], parts["b"], order)
    day = f"{parts['y']}-{int(parts['m']):02}-{int(parts['d']):02}"
    if clock is None:
        return datetime.combine(datetime.fromisoformat(day), time(12), zone)
    instant = datetime.fromisoformat(f"{day}T{clock}")
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)


def _day_and_month(first: str, second: str, order: DateOrder | None) -> tuple[str, str]:
    if order is None and first != second:
        raise _AmbiguousError
    return (second, first) if order is DateOrder.MONTH_FIRST else (first, second)


def _plain(title: str) -> str:
    """Without case, accents, spaces, underscores and hyphens: people leave them out."""
    letters = unicodedata.normalize("NFKD", title.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        _plain(word): field
        for field, languages in _WORDS.items()
        for word in (field, *", ".join(languages).split(", "))
    }
)


def _quoted(title: str) -> str:
    return f'"{title[:50]}"'


def _listed(header: Sequence[str]) -> str:
    return ", ".join(_quoted(title) for title in header[:30])
