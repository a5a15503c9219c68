"""What a spreadsheet makes of our CSV: no cell is a formula, and numbers stay numbers.

LibreOffice itself is asked where it is installed; IronCalc, a small spreadsheet engine, everywhere.
"""

import csv
import shutil
import subprocess
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from pathlib import Path
from xml.etree import ElementTree

import ironcalc
import pytest

from surveyapp.export_files import Column, Format, write

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TEXTS = (
    "=1+1", "+1+1", "-2+3", "@SUM(A1:A2)", "\t=1+1", " =1+1", "\n=1+1", "＝1+1", "=HYPERLINK(\"https://x.example\")",
    '=cmd|\' /C calc\'!A0', 'a "quoted" word', "two\nlines", "a;b,c", "Tack!", "'=1+1",
)  # fmt: skip
NUMBERS = (-5, 0, 3, 4.25, -0.125, 1e-7, 100.0)
COLUMNS = [Column(key, key) for key in ("text", "number", "flag", "day", "at")]


def content() -> bytes:
    file = BytesIO()
    rows = [
        {
            "text": text,
            "number": NUMBERS[number % len(NUMBERS)],
            "flag": True,
            "day": date(2026, 3, 2),
            "at": datetime(2026, 3, 2, 9, tzinfo=UTC),
        }
        for number, text in enumerate(TEXTS)
    ]
    write(file, Format.CSV, COLUMNS, rows, zone=UTC)
    return file.getvalue()


def test_a_spreadsheet_engine_computes_nothing_and_keeps_numbers() -> None:
    rows = list(csv.reader(StringIO(content().decode("utf-8-sig"), newline="")))
    book = ironcalc.create("book", "en", "UTC", "en")
    for row, cells in enumerate(rows, 1):
        for column, cell in enumerate(cells, 1):
            book.set_user_input(0, row, column, cell)
    book.evaluate()
    for row in range(2, len(rows) + 1):
        assert [book.get_cell_formula(0, row, column) for column in range(1, 6)] == [None] * 5
        assert book.get_cell_type(0, row, 1) == ironcalc.CellType.Text
        assert book.get_cell_type(0, row, 2) == ironcalc.CellType.Number
        assert book.get_cell_value(0, row, 2) == NUMBERS[(row - 2) % len(NUMBERS)]


def test_the_engine_would_compute_what_is_not_neutralised() -> None:
    book = ironcalc.create("book", "en", "UTC", "en")
    for text in ("=1+1", "+1+1", "-2+3"):
        book.set_user_input(0, 1, 1, text)
        assert book.get_cell_formula(0, 1, 1) is not None


SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")


if SOFFICE is not None:

    def test_libreoffice_computes_nothing_and_keeps_numbers(tmp_path: Path) -> None:
        (tmp_path / "export.csv").write_bytes(content())
        # Comma, double quotes, UTF-8, from the first line, with numbers and formulas recognised as a person's
        # import may do it.
        filters = "CSV:44,34,76,1,,0,false,true,false,false,false,-1,true"
        own = [str(SOFFICE), f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
        what = [f"--infilter={filters}", "--convert-to", "fods", "--outdir", str(tmp_path)]
        command = [*own, *what, str(tmp_path / "export.csv")]
        subprocess.run(command, check=True, timeout=120, capture_output=True)
        tree = ElementTree.parse(tmp_path / "export.fods")  # noqa: S314
        rows = list(tree.iter(f"{TABLE}table-row"))[1 : len(TEXTS) + 1]
        for number, row in enumerate(rows):
            text, figure, *_ = row.findall(f"{TABLE}table-cell")
            assert all(f"{TABLE}formula" not in cell.attrib for cell in row)
            assert text.attrib[f"{OFFICE}value-type"] == "string"
            assert figure.attrib[f"{OFFICE}value-type"] == "float"
            assert float(figure.attrib[f"{OFFICE}value"]) == pytest.approx(NUMBERS[number % len(NUMBERS)])
