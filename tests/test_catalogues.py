"""Every message of code and templates is translated in every catalogue, and nothing broken can be built."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from hatch_build import BrokenCatalogueError, compile_catalogues, mistakes, read_catalogue
from translations.update import template, update

ROOT = Path(__file__).parents[1]
CATALOGUES = sorted(ROOT.glob("translations/*/LC_MESSAGES/messages.po"))

HEADER = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""

in_each_language = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])


@pytest.fixture(scope="module")
def asked() -> Catalog:
    return template()


@pytest.mark.static
def test_there_is_a_catalogue_for_each_language_but_the_source() -> None:
    assert [path.parts[-3] for path in CATALOGUES] == ["de", "ro", "sv"]


@pytest.mark.static
@in_each_language
def test_every_message_is_translated_in_every_language(path: Path, asked: Catalog) -> None:
    catalogue = read_catalogue(path)
    assert [message.id for message in messages(asked) if not translated(catalogue, message)] == []


@pytest.mark.static
@in_each_language
def test_no_catalogue_holds_what_nobody_asks_for(path: Path, asked: Catalog) -> None:
    catalogue = read_catalogue(path)
    unknown = [each.id for each in messages(catalogue) if asked.get(key(each), each.context) is None]
    assert unknown == []
    assert not catalogue.obsolete


@pytest.mark.static
@in_each_language
def test_no_catalogue_has_a_fuzzy_message_or_a_broken_placeholder(path: Path) -> None:
    assert [(message.id, problem) for message, problem in mistakes(read_catalogue(path))] == []


@pytest.mark.static
def test_every_placeholder_is_explained_to_the_translator(asked: Catalog) -> None:
    unexplained = [
        message.id for message in messages(asked) if "{" in str(message.id) and not message.auto_comments
    ]
    assert unexplained == []


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('#, fuzzy\nmsgid "Send"\nmsgstr "Senden"\n', "fuzzy"),
        ('msgid "You chose {label}."\nmsgstr "Du valde {etikett}."\n', "placeholders"),
        ('msgid "You chose {label}."\nmsgstr "Du valde."\n', "placeholders"),
        ('msgid "You chose {label}."\nmsgstr "Du valde {label."\n', "placeholders"),
        (
            'msgid "{n} answer"\nmsgid_plural "{n} answers"\nmsgstr[0] "ett svar"\nmsgstr[1] "{n} svar"\n',
            "placeholders",
        ),
        (
            'msgid "one answer"\nmsgid_plural "{n} answers"\nmsgstr[0] "ett svar"\nmsgstr[1] "svar"\n',
            "placeholders",
        ),
        ('msgid "one"\nmsgid_plural "{n}"\nmsgstr[0] "en"\n', "placeholders"),
        ('msgid "Send"\nmsgid_plural "Send"\nmsgstr[0] "a"\nmsgstr[1] "b"\nmsgstr[2] "c"\n', "num_plurals"),
    ],
)
def test_a_broken_catalogue_stops_the_build_and_leaves_nothing(
    tmp_path: Path, entry: str, problem: str
) -> None:
    path = catalogue_file(tmp_path, entry)
    with pytest.raises(BrokenCatalogueError, match=problem):
        compile_catalogues(tmp_path)
    assert list(path.parent.iterdir()) == [path]


def test_the_singular_may_leave_the_number_out(tmp_path: Path) -> None:
    path = catalogue_file(
        tmp_path,
        'msgid "one answer"\nmsgid_plural "{n} answers"\nmsgstr[0] "ett svar"\nmsgstr[1] "{n} svar"\n',
    )
    assert compile_catalogues(tmp_path) == [path.with_suffix(".mo")]


def test_an_update_keeps_translations_adds_what_is_new_and_drops_what_is_gone(tmp_path: Path) -> None:
    path = catalogue_file(tmp_path, 'msgid "Send"\nmsgstr "Skicka"\n\nmsgid "Gone"\nmsgstr "Borta"\n')
    source = Catalog()
    source.add("Send", locations=[("surveyapp/web/public.py", 12)])
    source.add("New")
    update(path, source)
    assert {each.id: each.string for each in messages(read_catalogue(path))} == {"Send": "Skicka", "New": ""}
    assert "#: surveyapp/web/public.py\n" in path.read_text()
    assert "Borta" not in path.read_text()


def catalogue_file(root: Path, entry: str) -> Path:
    folder = root / "translations" / "sv" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    path = folder / "messages.po"
    path.write_text(HEADER + entry)
    return path


def messages(catalogue: Catalog) -> list[Message]:
    """Without the header, which is the translation of the empty message."""
    return [message for message in catalogue if message.id]


def key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def translated(catalogue: Catalog, message: Message) -> bool:
    found = catalogue.get(key(message), message.context)
    if found is None or found.pluralizable != message.pluralizable:
        return False
    return all([found.string] if isinstance(found.string, str) else found.string or [""])
