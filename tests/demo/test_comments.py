"""What the invented customers write."""

from itertools import chain
from random import Random

import pytest

from surveyapp.answers import COMMENT_LENGTH
from surveyapp.core.scales import Group
from surveyapp.demo.comments import Comments, written
from surveyapp.demo.company import CASE_TYPES
from surveyapp.i18n import LANGUAGES

TOPICS = {*CASE_TYPES, "moving_form"}


def in_language(code: str) -> list[str]:
    return [*chain.from_iterable(chain.from_iterable(topics.values() for topics in written()[code].values()))]


def test_every_language_has_comments_for_every_group() -> None:
    assert set(written()) == set(LANGUAGES)
    for groups in written().values():
        assert set(groups) == set(Group)
        for topics in groups.values():
            assert topics["any"] and topics["short"]
            assert set(topics) <= {*TOPICS, "any", "short"}


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_has_many_comments_and_each_once(code: str) -> None:
    comments = in_language(code)
    assert len(comments) >= 40 and len(set(comments)) == len(comments)
    assert all(0 < len(comment) <= COMMENT_LENGTH and comment == comment.strip() for comment in comments)


def test_no_comment_stands_in_two_languages() -> None:
    everything = [comment for code in LANGUAGES for comment in in_language(code)]
    assert len(set(everything)) == len(everything)


def test_romanian_is_written_with_comma_below() -> None:
    text = "".join(in_language("ro"))
    assert {"ș", "ț"} <= set(text)
    assert not {"ş", "ţ", "Ş", "Ţ"} & set(text)


def test_a_long_comment_comes_again_only_after_all_others() -> None:
    comments, rng = Comments(), Random(1)
    dealt = [comments.pick(rng, "sv", Group.NEUTRAL, "none", may_be_brief=False) for _ in range(10)]
    general = written()["sv"][Group.NEUTRAL]["any"]
    assert sorted(dealt) == sorted(general * 2)
