"""Compiles the catalogues, for a checkout and for the wheel, which also carries the migrations."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent


class BrokenCatalogueError(Exception):
    """A catalogue that must not be shipped; says which message of which file is wrong, and how."""


class CatalogueHook(BuildHookInterface[Any]):
    """Runs before every wheel, the editable one included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        compiled = compile_catalogues(root)
        # An editable install reads both folders in the checkout: a copy of them would go stale.
        if version != "editable":
            carried = [*compiled, *root.glob("migrations/**/*.py"), *root.glob("migrations/*.mako")]
            build_data["force_include"].update(
                {str(path): f"surveyapp/{path.relative_to(root)}" for path in carried}
            )


def compile_catalogues(root: Path = ROOT) -> list[Path]:
    """Write a .mo beside every .po and return them; nothing is written when a catalogue is broken."""
    sources = sorted(root.glob("translations/*/LC_MESSAGES/messages.po"))
    catalogues = {path: read_catalogue(path) for path in sources}
    problems = [
        f"{path.relative_to(root)}:{message.lineno}: {problem}: {message.id!r}"
        for path, catalogue in catalogues.items()
        for message, problem in mistakes(catalogue)
    ]
    if problems:
        raise BrokenCatalogueError("\n".join(problems))
    return [_written(path.with_suffix(".mo"), catalogue) for path, catalogue in catalogues.items()]


def read_catalogue(path: Path) -> Catalog:
    """The catalogue of `translations/<locale>/LC_MESSAGES/messages.po`."""
    try:
        with path.open("rb") as file:
            return read_po(file, locale=path.parts[-3], abort_invalid=True)
    except PoFileError as error:
        raise BrokenCatalogueError(f"{path}:{error.lineno}: {error}") from error


def mistakes(catalogue: Catalog) -> Iterator[tuple[Message, str]]:
    """Each message that is fuzzy, has the wrong number of plural forms or other placeholders than its source.

    An untranslated message is none: it is shown in English until `make check` asks for it.
    """
    for message in catalogue:
        # Ours are filled by str.format: the "% c" of "95% confidence" is no placeholder.
        message.flags.discard("python-format")
    for message, errors in catalogue.check():
        yield from ((message, str(error)) for error in errors)
    for message in catalogue:
        if message.id and message.fuzzy:
            yield message, "fuzzy"
        if message.id and any(_forms(message.string)) and not _placeholders_agree(message):
            yield message, "other placeholders than the source"


def _placeholders_agree(message: Message) -> bool:
    """Only the form for one may leave the number out ("one answer")."""
    try:
        sources = [_placeholders(form) for form in _forms(message.id)]
        translated = [_placeholders(form) for form in _forms(message.string)]
    except ValueError:  # an unbalanced brace
        return False
    return translated[0] in sources and all(form == sources[-1] for form in translated[1:])


def _forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _written(path: Path, catalogue: Catalog) -> Path:
    # By way of a rename: a server that is starting reads the old file or the new one, never half of it.
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    with draft.open("wb") as file:
        write_mo(file, catalogue)
    draft.replace(path)
    return path


if __name__ == "__main__":
    try:
        compile_catalogues()
    except BrokenCatalogueError as error:
        sys.exit(str(error))
