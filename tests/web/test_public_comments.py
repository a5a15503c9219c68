"""What customers write: how much, which characters, and how it is shown."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveyapp.db import Database
from surveyapp.models import AnswerEvent
from surveyapp.web.forms import read_comment
from tests.support.people import Site, Visitor, opened


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def person(site: Site) -> Visitor:
    visitor = Visitor(site, site.invited())
    visitor.open(4)
    return visitor


def stored(person: Visitor) -> str | None:
    row = person.site.answer(person.invited)
    assert row
    comment: str | None = row["comment"]
    return comment


def test_a_comment_is_stored_beside_the_answer_and_thanked_for(person: Visitor) -> None:
    person.press(4)
    thanks = person.follow(person.press(4, comment="Quick & friendly.").location)
    assert "received your comment" in thanks.heading
    assert "Quick & friendly." in thanks.words
    assert stored(person) == "Quick & friendly."
    assert person.site.state(person.invited) == ("counted", "press", 4)


def test_an_answer_without_a_comment_has_none(person: Visitor) -> None:
    person.press(4)
    assert stored(person) is None


def test_a_comment_can_be_changed_and_taken_back(person: Visitor) -> None:
    person.press(4, comment="First")
    page = person.follow(f"{person.invited.path}/thanks")
    assert page.written == "First"
    person.press(4, comment="Second")
    person.press(5)  # a form without the field leaves the comment alone
    assert stored(person) == "Second"
    person.press(5, comment="")
    assert stored(person) is None


def test_a_comment_may_have_2000_characters(person: Visitor) -> None:
    assert person.press(4, comment="å" * 2000).status == 303
    page = person.press(4, comment="å" * 2001)
    assert (page.status, page.chosen) == (422, "4")
    assert page.written == "å" * 2001 and page.alert and "2,000" in page.alert
    assert stored(person) == "å" * 2000


def test_a_line_end_is_one_character_as_in_the_browsers_own_count(person: Visitor) -> None:
    assert person.press(4, comment="\r\n".join(["x"] * 1000)).status == 303
    assert stored(person) == "\n".join(["x"] * 1000)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("  around  ", "around"),
        ("nul\0l", "null"),
        ("bell\a escape\x1b[31m", "bell escape[31m"),
        ("tab\tbed", "tab\tbed"),
        ("line\u2028break", "line\u2028break"),
        ("ș ț å ß 👩‍💻 العربية", "ș ț å ß 👩‍💻 العربية"),
        ("\x85\x9f", None),
        (" \r\n\t ", None),
    ],
)
def test_characters_that_are_no_text_are_dropped(person: Visitor, written: str, kept: str | None) -> None:
    assert person.press(4, comment=written).status == 303
    assert stored(person) == kept


@pytest.mark.parametrize(
    "markup",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</textarea><b>",
        "{{ 7 * 7 }} {company} %(n)s {0}",
        "&lt;b&gt; &amp;",
        "'; DROP TABLE answers; --",
    ],
)
def test_markup_is_stored_as_written_and_shown_as_written(person: Visitor, markup: str) -> None:
    reply = person.press(4, comment=markup)
    assert stored(person) == markup
    for page in (person.follow(reply.location), person.follow(f"{person.invited.path}/thanks")):
        assert markup in page.text
        assert "<script>alert" not in page.response.text and "<img" not in page.response.text
        assert "</textarea><b>" not in page.response.text
    shown_again = person.submit(5, comment=markup)
    assert shown_again.written == markup


def test_a_comment_never_enters_the_history(person: Visitor) -> None:
    person.press(4, comment="secret words")
    person.press(5, comment="more secret words")
    assert "secret" not in str(person.site.rows(AnswerEvent))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_whatever_is_written_is_stored_without_an_error(person: Visitor, text: str) -> None:
    written = text.encode("utf-8", "replace").decode()
    assert person.press(4, comment=written).status == 303
    assert stored(person) == (read_comment(written) or None)
