"""What is wrong with a CSV file is said in four languages, in the very words of the command."""

from typing import Any

import pytest

from surveyapp import flaws
from surveyapp.core.errors import FieldError, Problem
from surveyapp.i18n import LANGUAGES, language
from surveyapp.sheets import Flaw, RowError, SheetError

VALUES: dict[str, Any] = {
    "n": 5, "line": 1, "last": 9, "columns": "ticket", "titles": 4, "cells": 3, "first": 1, "second": 2,
    "name": '"Fax"', "date": "2/3/2026",
}  # fmt: skip


def test_no_flaw_is_forgotten() -> None:
    assert flaws.FLAWS.keys() == set(Flaw)


@pytest.mark.parametrize("flaw", list(Flaw))
def test_the_page_says_what_the_command_says(flaw: Flaw) -> None:
    error = SheetError(flaw, **VALUES)
    assert flaws.sentence(language("en"), error) == str(error)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("flaw", list(Flaw))
def test_every_flaw_is_a_whole_sentence(code: str, flaw: Flaw) -> None:
    said = flaws.sentence(language(code), SheetError(flaw, **VALUES))
    assert said.endswith(".") and "{" not in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RowError(2, Flaw.UNCLOSED, n=7), str(Flaw.UNCLOSED)),
        (
            RowError(2, Problem.NUMBER, "agent_replies", low=0, high=9),
            "This must be a whole number from 0 to 9.",
        ),
        (FieldError("team", Problem.CHOICE, choices="north"), "This must be one of these: north."),
        (SheetError("Something else."), "This file cannot be used."),
    ],
)
def test_each_kind_of_error_is_said_without_its_column(
    error: SheetError | RowError | FieldError, said: str
) -> None:
    assert flaws.sentence(language("en"), error) == said


def test_words_that_are_not_ours_stay() -> None:
    tongue = language("en")
    assert [flaws.ending(tongue, said) for said in (Flaw.NOT_ALLOWED, "Erased.")] == [
        "Whoever put the file in may not invite any more.",
        "Erased.",
    ]
