"""The catalogues say word for word what docs/LABELS.md shows to native readers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hatch_build import read_catalogue

ROOT = Path(__file__).parents[1]
LANGUAGES = ("en", "sv", "ro", "de")

# Cells that say several messages in short.
IN_SHORT = {
    "{n} character left / characters left": "{n} character left / {n} characters left",
    "agent (column / plural)": "agent / agents",
    "counted / held / refused answers": "counted answers / held answers / refused answers",
    "räknade / väntande / avvisade svar": "räknade svar / väntande svar / avvisade svar",
    "răspunsuri luate în calcul / în așteptare / respinse": (
        "răspunsuri luate în calcul / răspunsuri în așteptare / răspunsuri respinse"
    ),
    "gewertete / zurückgestellte / abgelehnte Antworten": (
        "gewertete Antworten / zurückgestellte Antworten / abgelehnte Antworten"
    ),
}

pytestmark = pytest.mark.static


@dataclass(frozen=True)
class Row:
    """The messages of one row, all in one context, and their texts in each language.

    The context is "" when they have none, and None when the table does not say.
    """

    context: str | None
    texts: dict[str, list[str]]

    def __str__(self) -> str:
        return " / ".join(self.texts["en"])

    def translation(self, message: str, code: str) -> str:
        return self.texts[code][self.texts["en"].index(message)]


def rows() -> Iterator[Row]:
    columns: list[str] = []
    for line in (ROOT / "docs/LABELS.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if "en" in cells:
            columns = cells
        elif cells and set(cells) != {"---"}:
            row = dict(zip(columns, cells, strict=True))
            yield Row(row.get("context"), {code: parts(row[code]) for code in LANGUAGES})


def parts(cell: str) -> list[str]:
    said = IN_SHORT.get(cell, cell).removesuffix(" (groups)")
    # A question with its answers in one cell: "Was your issue solved? Yes / Partly / No".
    return (said.replace("? ", "? / ") if " / " in said else said).split(" / ")


ROWS = list(rows())


class Texts:
    """What the catalogue of a language says."""

    def __init__(self, code: str) -> None:
        messages = read_catalogue(ROOT / f"translations/{code}/LC_MESSAGES/messages.po")
        self.single = {(m.context or "", m.id): m.string for m in messages if m.id and not m.pluralizable}
        self.plural = {tuple(m.id): list(dict.fromkeys(m.string or ())) for m in messages if m.pluralizable}

    def contexts(self, message: str) -> set[str]:
        return {context for context, found in self.single if found == message}


TEXTS = {code: Texts(code) for code in LANGUAGES if code != "en"}

in_each_language = pytest.mark.parametrize("code", TEXTS)


@in_each_language
def test_what_a_row_shows_is_what_is_said(code: str) -> None:
    assert [str(row) for row in ROWS if not is_said(code, row)] == []


@in_each_language
def test_every_message_is_shown_to_native_readers(code: str) -> None:
    shown = {
        (context, message) for row in ROWS for context in contexts(code, row) for message in row.texts["en"]
    }
    assert [key for key in TEXTS[code].single if key not in shown] == []
    assert [
        forms for forms in TEXTS[code].plural if list(forms) not in [row.texts["en"] for row in ROWS]
    ] == []


def test_the_rows_that_are_in_short_are_still_there() -> None:
    page = (ROOT / "docs/LABELS.md").read_text(encoding="utf-8")
    assert [cell for cell in IN_SHORT if f"| {cell} |" not in page] == []


def is_said(code: str, row: Row) -> bool:
    """Whether the catalogue agrees with the row, as far as it has its messages yet."""
    forms = TEXTS[code].plural.get(tuple(row.texts["en"]))
    if forms:
        return forms == row.texts[code]
    return not asked(code, row) or bool(contexts(code, row))


def asked(code: str, row: Row) -> list[str]:
    return [message for message in row.texts["en"] if TEXTS[code].contexts(message)]


def contexts(code: str, row: Row) -> set[str]:
    """The contexts, "" for none, in which the catalogue says all messages of the row as it shows them."""
    texts = TEXTS[code]
    agreeing = [
        {
            context
            for context in texts.contexts(message)
            if texts.single[context, message] == row.translation(message, code)
        }
        for message in asked(code, row)
    ]
    allowed = set.intersection(*agreeing) if agreeing else set()
    return allowed if row.context is None else allowed & {row.context}
