"""Collects the messages of the code and the templates and brings the catalogues up to date with them."""

from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "surveyapp"
TRANSLATOR_COMMENT = "i18n:"

METHODS = [("templates/**", "jinja2"), ("**.py", "python")]
KEYWORDS = {**DEFAULT_KEYWORDS, "plural_forms": (1, 2)}
JINJA: dict[str, Any] = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}


def template() -> Catalog:
    """Every message that the package asks to have translated, with its files and translator's comments."""
    catalogue = Catalog(project="surveyapp", charset="utf-8")
    found = extract_from_dir(
        PACKAGE,
        METHODS,
        {"templates/**": JINJA},
        KEYWORDS,
        comment_tags=[TRANSLATOR_COMMENT],
        strip_comment_tags=True,
    )
    for file, line, message, comments, context in sorted(found, key=lambda each: each[:2]):
        place = (f"surveyapp/{Path(file).as_posix()}", line)
        catalogue.add(message, locations=[place], auto_comments=comments, context=context)
    return catalogue


def update(path: Path, source: Catalog) -> None:
    """Add what is new, untranslated, and drop what is no longer asked for; translations stay as they are."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parts[-3])
    catalogue.update(source, no_fuzzy_matching=True, update_creation_date=False)
    with path.open("wb") as file:
        # Without line numbers, so that a catalogue changes only when a message does.
        write_po(file, catalogue, width=100, ignore_obsolete=True, include_lineno=False)


if __name__ == "__main__":
    messages = template()
    for catalogue_path in sorted(HERE.glob("*/LC_MESSAGES/messages.po")):
        update(catalogue_path, messages)
