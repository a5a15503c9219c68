"""CSV files as spreadsheets, helpdesks and people write them."""

import contextlib
import csv
import io
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveyapp import sheets
from surveyapp.core.errors import SurveyappError
from surveyapp.sheets import (
    LONGEST_CELL,
    LONGEST_ROW,
    DateOrder,
    Row,
    RowError,
    Sheet,
    SheetError,
    date_order,
)

FIELDS = frozenset(sheets._WORDS)
BERLIN = ZoneInfo("Europe/Berlin")
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes) -> Path:
        path = tmp_path / "sheet.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def read(path: Path, needed: Collection[str] = ()) -> list[tuple[int, dict[str, str] | str]]:
    with Sheet(path, FIELDS, needed) as sheet:
        return [
            (row.line, str(row) if isinstance(row, RowError) else {**row.cells, **row.properties})
            for row in sheet.rows()
        ]


def refused(path: Path, needed: Collection[str] = ()) -> str:
    with pytest.raises(SheetError) as caught:
        read(path, needed)
    return str(caught.value)


def row(**cells: str) -> Row:
    return Row(7, cells, {})


# --- encodings and delimiters ----------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_delimiter_and_line_end_reads_alike(
    write: Write, encoding: str, delimiter: str, end: str
) -> None:
    lines = [["ticket", "name"], ["T-1", "Åsa Öberg"], ["T-2", "Jörg"]]
    text = "".join(delimiter.join(cells) + end for cells in lines)
    assert read(write(text.encode(encoding))) == [
        (2, {"ticket": "T-1", "name": "Åsa Öberg"}),
        (3, {"ticket": "T-2", "name": "Jörg"}),
    ]


CELLS = st.text(st.characters(codec="cp1252", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
TEXTS = st.lists(st.tuples(CELLS, CELLS, st.sampled_from(["", "a;b", "a,b", 'say "yes"', "two\nlines"])))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, st.sampled_from(ENCODINGS), st.sampled_from(";,\t"))
def test_what_was_written_is_read(
    tmp_path: Path, rows: list[tuple[str, str, str]], encoding: str, delimiter: str
) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows([("ticket", "name", "property:plan"), *rows])
    path = tmp_path / "sheet.csv"
    path.write_bytes(written.getvalue().encode(encoding))
    found = [cells for _, cells in read(path)]
    # A few words in cp1252 can be good UTF-8 by chance.
    if encoding != "cp1252" or not _is_utf_8(path):
        assert found == [stripped(cells) for cells in rows if any(stripped(cells).values())]


def stripped(cells: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("ticket", "name", "plan"), map(str.strip, cells), strict=True))


def _is_utf_8(path: Path) -> bool:
    try:
        return not path.read_bytes().decode().isascii()
    except UnicodeDecodeError:
        return False


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"ticket;email\n", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"]),
)
def test_bytes_of_any_kind_are_read_or_refused_in_our_words(
    tmp_path: Path, content: bytes, start: bytes
) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(start + content)
    with contextlib.suppress(SurveyappError):
        assert all(line > 0 for line, _ in read(path))


def test_latin_1_with_a_byte_that_windows_leaves_out_is_read(write: Write) -> None:
    assert read(write(b"ticket;name\n\xc4-1;\x81\n")) == [(2, {"ticket": "Ä-1", "name": "\x81"})]


def test_a_letter_after_a_megabyte_still_decides_the_encoding(write: Write) -> None:
    filler = b"T-1;anna\n" * 150_000
    rows = read(write(b"ticket;name\n" + filler + "T-2;Åsa".encode("cp1252")))
    assert rows[-1] == (150_002, {"ticket": "T-2", "name": "Åsa"})


def test_excels_own_first_line_says_the_delimiter(write: Write) -> None:
    assert read(write("sep=;\r\nticket;name\r\nT,1;Bo\r\n")) == [(3, {"ticket": "T,1", "name": "Bo"})]


def test_bytes_that_are_no_text_are_one_rows_problem(write: Write) -> None:
    content = b"\xef\xbb\xbfticket;name\nT-1;\xff\nT-2;Bo\n"
    assert read(write(content)) == [
        (2, "name: This has bytes that are no text in the file's encoding."),
        (3, {"ticket": "T-2", "name": "Bo"}),
    ]


# --- the header ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "field"),
    [
        ("Ticket", "ticket"),
        ("ÄRENDE", "ticket"),
        ("tichet", "ticket"),
        ("Ticketnummer", "ticket"),
        ("e-post", "email"),
        ("Adresă", "email"),
        ("adresa", "email"),
        ("E-Mail", "email"),
        ("case_type", "case_type"),
        ("Case Type", "case_type"),
        ("ärendetyp", "case_type"),
        ("Kanal", "channel"),
        ("canal", "channel"),
        ("språk", "locale"),
        ("limbă", "locale"),
        ("Sprache", "locale"),
        ("betyg", "rating"),
        ("notă", "rating"),
        ("Bewertung", "rating"),
        ("NKI 1", "nki1"),
        ("plan", None),
        ("", None),
    ],
)
def test_titles_are_known_in_four_languages(title: str, field: str | None) -> None:
    assert sheets.field_of(title) == field


def test_no_title_means_two_fields() -> None:
    words = [
        sheets._plain(word)
        for languages in sheets._WORDS.values()
        for word in {sheets._plain(each) for each in ", ".join(languages).split(", ")}
    ]
    assert len(words) == len(set(words))


def test_other_columns_are_ignored_with_a_warning_and_properties_are_kept(write: Write) -> None:
    with Sheet(write("ticket;Fax;property:Plan;\nT-1;0;gold;\n"), FIELDS) as sheet:
        assert sheet.warnings == ['The column "Fax" is ignored.']
        assert list(sheet.rows()) == [Row(2, {"ticket": "T-1"}, {"Plan": "gold"})]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "The file is empty."),
        ("\n \n;;\n", "The file is empty."),
        ("ticket;name\n", 'The file lacks a column: email. It has: "ticket", "name".'),
        ("email;E-Mail\n", 'The columns 1 and 2 are both "email".'),
        ("email;property: \n", "Column 2 is a property without a name."),
        ("email;property:a;Property:a\n", 'The columns 2 and 3 are both "a".'),
        ('email;"name', "The header in line 1 cannot be read: A quotation mark"),
    ],
)
def test_a_file_of_no_use_is_refused_in_a_sentence(write: Write, content: str, said: str) -> None:
    assert refused(write(content), ["email"]).startswith(said)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.csv") == f"There is no file {tmp_path / 'none.csv'}."
    assert refused(tmp_path).startswith("There is no file")
    assert "cannot be read" in refused(tmp_path / ("long" * 1000))


# --- rows ------------------------------------------------------------------------------------------


def test_white_space_around_a_cell_is_no_part_of_it(write: Write) -> None:
    assert read(write("ticket ; name\n T-1\t; Bo  Ek\xa0\n")) == [(2, {"ticket": "T-1", "name": "Bo  Ek"})]


def test_lines_are_counted_as_an_editor_counts(write: Write) -> None:
    content = '\n\nticket;name\n\nT-1;"Bo\nBoson"\n;\nT-2;Ann\n'
    assert read(write(content)) == [
        (5, {"ticket": "T-1", "name": "Bo\nBoson"}),
        (8, {"ticket": "T-2", "name": "Ann"}),
    ]


def test_a_bad_row_is_explained_and_the_others_are_read(write: Write) -> None:
    long = "x" * (LONGEST_CELL + 1)
    content = f'ticket;name\nT-1\nT-2;Bo;Ek\nT-3;B\0o\nT-4;{long}\nT-5;Ann;;\n"T\n6"\nT-7;Eva\n'
    assert read(write(content)) == [
        (2, "This row has 1 cells, the header has 2."),
        (3, "This row has 3 cells, the header has 2."),
        (4, "name: This has a NUL character, which is no text."),
        (5, "name: This is longer than 10000 characters."),
        (6, {"ticket": "T-5", "name": "Ann"}),
        (7, "This row has 1 cells, the header has 2. It goes on to line 8."),
        (9, {"ticket": "T-7", "name": "Eva"}),
    ]


@pytest.mark.parametrize("later", ["T-3;Ann\n", 'T-3;"Ann"\n', "T-3;Ann\n" * 20_000])
def test_a_quotation_mark_left_open_costs_its_own_row_alone(write: Write, later: str) -> None:
    found = read(write(f'ticket;name\nT-1;"Bo\nT-2;Eva\n{later}'))
    assert found[:3] == [
        (2, "A quotation mark of this row is not closed, or text follows the one that closes a cell."),
        (3, {"ticket": "T-2", "name": "Eva"}),
        (4, {"ticket": "T-3", "name": "Ann"}),
    ]
    assert found[-1] == (3 + later.count("\n"), {"ticket": "T-3", "name": "Ann"})


@pytest.mark.parametrize("length", [LONGEST_ROW, LONGEST_ROW + 1, 3 * LONGEST_ROW, 10 * LONGEST_ROW + 7])
def test_a_line_without_end_is_one_bad_row(write: Write, length: int) -> None:
    assert read(write(f"ticket;name\nT-1;{'x' * length}\nT-2;Eva\n")) == [
        (2, "This row is longer than 100000 characters."),
        (3, {"ticket": "T-2", "name": "Eva"}),
    ]


def test_the_position_ends_at_the_files_size(write: Write) -> None:
    with Sheet(write("ticket\n" + "T-1\n" * 10_000), FIELDS) as sheet:
        rows = sheet.rows()
        next(rows)
        assert 0 < sheet.position < sheet.size == 40_007
        assert len(list(rows)) == 9_999
        assert sheet.position == sheet.size


# --- cells -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "number"), [("5", 5), ("4", 4), ("3.0", 3), ("2,00", 2), ("", None)])
def test_whole_numbers_are_read(text: str, number: int | None) -> None:
    assert row(rating=text).whole("rating", 1, 5) == number


@pytest.mark.parametrize("text", ["0", "6", "4.5", "-1", "five", "٤", "1e0", "99999999999999"])
def test_other_numbers_are_refused(text: str) -> None:
    with pytest.raises(RowError, match="rating: This must be a whole number from 1 to 5.") as caught:
        row(rating=text).whole("rating", 1, 5)
    assert (caught.value.line, caught.value.field) == (7, "rating")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02", datetime(2026, 3, 2, 11, tzinfo=UTC)),
        ("02.03.2026", datetime(2026, 3, 2, 11, tzinfo=UTC)),
        ("2.3.2026 14:05", datetime(2026, 3, 2, 13, 5, tzinfo=UTC)),
        ("2026/3/2", datetime(2026, 3, 2, 11, tzinfo=UTC)),
        ("2026-07-02", datetime(2026, 7, 2, 10, tzinfo=UTC)),
        ("2026-03-02T14:05:00+05:00", datetime(2026, 3, 2, 9, 5, tzinfo=UTC)),
        ("2026-03-02 14:05:00.5Z", datetime(2026, 3, 2, 14, 5, 0, 500_000, tzinfo=UTC)),
        ("3/3/2026", datetime(2026, 3, 3, 11, tzinfo=UTC)),
        ("", None),
    ],
)
def test_dates_are_read(text: str, instant: datetime | None) -> None:
    assert row(date=text).moment("date", None, BERLIN) == instant


@pytest.mark.parametrize(
    "text", ["2.3.26", "yesterday", "2026-02-30", "0000-01-01", "2026-03-02T25:00", "46000"]
)
def test_other_dates_are_refused(text: str) -> None:
    with pytest.raises(RowError, match="date: This must be a date such as 2026-03-02"):
        row(date=text).moment("date", DateOrder.DAY_FIRST, BERLIN)


def test_dates_with_slashes_need_an_order() -> None:
    cell = row(date="2/3/2026")
    assert cell.moment("date", DateOrder.DAY_FIRST, BERLIN) == datetime(2026, 3, 2, 12, tzinfo=BERLIN)
    assert cell.moment("date", DateOrder.MONTH_FIRST, BERLIN) == datetime(2026, 2, 3, 12, tzinfo=BERLIN)
    with pytest.raises(RowError, match="date: 2/3/2026 may mean two days; write it as 2026-03-02."):
        cell.moment("date", None, BERLIN)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["2/3/2026", "13/3/2026"], DateOrder.DAY_FIRST),
        (["2/3/2026", None, "3/31/2026 10:00"], DateOrder.MONTH_FIRST),
        (["2/3/2026"], None),
        (["13/3/2026", "3/13/2026"], None),
        (["13/13/2026", "13/3/20261", "2026-03-02"], None),
    ],
)
def test_the_order_of_slashed_dates_is_told_by_the_file(
    texts: list[str | None], order: DateOrder | None
) -> None:
    assert date_order(texts) == order
