"""The rules of the house that import-linter cannot express."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import surveyapp

PACKAGE = Path(surveyapp.__file__).parent

pytestmark = pytest.mark.static


def test_the_core_imports_the_standard_library_and_itself_alone() -> None:
    foreign = {
        (path.name, module)
        for path in (PACKAGE / "core").rglob("*.py")
        for module in imported(path)
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith("surveyapp.core")
    }
    assert foreign == set()


def test_the_package_itself_imports_nothing() -> None:
    assert list(imported(PACKAGE / "__init__.py")) == []


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield str(node.module)
