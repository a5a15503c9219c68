"""Which words of a text were taken out and which were put in."""

from hypothesis import given
from hypothesis import strategies as st

from surveyapp.core.wording import Piece, pieces

TEXTS = st.text(alphabet="ab ,.é\n", max_size=20)


def test_words_that_changed_are_named_one_by_one() -> None:
    assert pieces("How did it go?", "How was it?") == [
        Piece("How "),
        Piece("did", is_removed=True),
        Piece("was", is_added=True),
        Piece(" it"),
        Piece(" go", is_removed=True),
        Piece("?"),
    ]


def test_a_text_that_is_new_was_put_in_and_one_that_is_gone_was_taken_out() -> None:
    assert pieces("", "Hej") == [Piece("Hej", is_added=True)]
    assert pieces("Hej", "") == [Piece("Hej", is_removed=True)]
    assert pieces("", "") == []


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_from_the_pieces(before: str, after: str) -> None:
    found = pieces(before, after)
    assert "".join(each.words for each in found if not each.is_added) == before
    assert "".join(each.words for each in found if not each.is_removed) == after
    assert all(each.words for each in found)
    assert not any(each.is_added and each.is_removed for each in found)
