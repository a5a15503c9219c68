"""What groups add to a change or a distance: worked by hand, and adding up exactly for random answers."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.core.decomposition import (
    Distance,
    Explained,
    change_by_group,
    distance_by_group,
    shown,
)
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.scoring import exact, plus, rounded

Groups = dict[str | None, dict[int, int]]

CSAT, NPS, OPEN = Metric.CSAT, Metric.NPS, Metric.OPEN

group_names = st.sampled_from([None, "billing", "delivery", "login", "refund"])


def groups_of(metric: Metric) -> st.SearchStrategy[Groups]:
    tallies = st.dictionaries(st.sampled_from(SCALES[metric].sums), st.integers(0, 12), max_size=4)
    return st.dictionaries(group_names, tallies, max_size=5)


metrics_with_groups = st.sampled_from(list(SCALES)).flatmap(
    lambda metric: st.tuples(st.just(metric), groups_of(metric), groups_of(metric))
)
fractions = st.fractions(-100, 100, max_denominator=2000)


def satisfied(part: int, n: int) -> dict[int, int]:
    return {5: part, 1: n - part}


def exactly(*values: int | str) -> tuple[Fraction, ...]:
    return tuple(Fraction(value) for value in values)


def explained(before: Groups, after: Groups, smallest: int = 1, metric: Metric = CSAT) -> Explained:
    result = change_by_group(metric, before, after, smallest)
    assert result is not None
    return result


def distances(tallies: Groups, target: int, smallest: int = 1) -> tuple[Fraction, tuple[Distance, ...]]:
    result = distance_by_group(CSAT, tallies, Fraction(target), smallest)
    assert result is not None
    return result


def people(groups: Mapping[str | None, Mapping[int, int]]) -> int:
    return sum(sum(tally.values()) for tally in groups.values())


def test_a_score_that_falls_only_because_hard_cases_became_more_is_all_mix() -> None:
    before: Groups = {"easy": satisfied(72, 80), "hard": satisfied(10, 20)}
    after: Groups = {"easy": satisfied(45, 50), "hard": satisfied(25, 50)}
    result = explained(before, after)
    assert (result.before, result.after, result.change) == exactly(82, 70, -12)
    assert (result.mix, result.within) == exactly(-12, 0)
    # The mean of 82 and 70 is 76: -0.3 * (90 - 76) and 0.3 * (50 - 76).
    assert [(part.group, part.mix, part.within) for part in result.parts] == [
        ("hard", *exactly("-7.8", 0)),
        ("easy", *exactly("-4.2", 0)),
    ]


def test_a_score_that_falls_because_one_group_scored_worse_is_all_within() -> None:
    before: Groups = {"mail": satisfied(45, 50), "phone": satisfied(40, 50)}
    after: Groups = {"mail": satisfied(90, 100), "phone": satisfied(60, 100)}
    result = explained(before, after)
    assert (result.change, result.mix, result.within) == exactly(-10, 0, -10)
    phone, mail = result.parts
    assert phone.group == "phone"
    assert (phone.mix, phone.within, phone.total) == exactly(0, -10, -10)
    assert (phone.n_before, phone.n_after, phone.share_before, phone.share_after) == (50, 100, 50, 50)
    assert (phone.score_before, phone.score_after) == (80, 60)
    assert (mail.group, mail.total) == ("mail", Fraction())


def test_a_group_adds_by_growing_above_the_mean_and_by_shrinking_below_it() -> None:
    few: Groups = {"good": satisfied(9, 10), "bad": satisfied(6, 10)}
    many: Groups = {"good": satisfied(27, 30), "bad": satisfied(6, 10)}
    assert {part.group: part.mix > 0 for part in explained(few, many).parts} == {"good": True, "bad": True}
    assert {part.group: part.mix < 0 for part in explained(many, few).parts} == {"good": True, "bad": True}


def test_a_group_that_is_new_is_all_mix_and_has_no_score_before() -> None:
    result = explained({"old": satisfied(8, 10)}, {"old": satisfied(8, 10), "new": satisfied(0, 10)})
    new, old = result.parts
    assert (new.group, new.n_before, new.score_before, new.score_after) == ("new", 0, None, 0)
    # The mean of 80 and 40 is 60: 0.5 * (0 - 60) and -0.5 * (80 - 60).
    assert (new.mix, new.within) == exactly(-30, 0)
    assert (old.mix, old.within) == exactly(-10, 0)


def test_a_group_that_went_is_all_mix_and_has_no_score_after() -> None:
    result = explained({"old": satisfied(8, 10), "gone": satisfied(0, 10)}, {"old": satisfied(8, 10)})
    gone = result.parts[0]
    assert (gone.group, gone.n_after, gone.score_before, gone.score_after) == ("gone", 0, 0, None)
    assert (gone.mix, gone.within) == exactly(30, 0)


def test_small_groups_are_put_together_and_stand_last_however_much_they_add() -> None:
    before: Groups = {
        "a": satisfied(40, 50),
        "b": satisfied(4, 4),
        "c": satisfied(20, 20),
        None: satisfied(3, 5),
    }
    after: Groups = {
        "a": satisfied(40, 50),
        "b": satisfied(0, 20),
        "c": satisfied(0, 4),
        None: satisfied(5, 5),
    }
    *alone, rest = explained(before, after, smallest=5).parts
    assert {part.group for part in alone} == {"a", None}
    assert not any(part.is_rest for part in alone)
    assert (rest.group, rest.is_rest, rest.n_before, rest.n_after) == (None, True, 24, 24)
    assert (rest.score_before, rest.score_after) == (100, 0)
    assert abs(rest.total) > max(abs(part.total) for part in alone)


def test_a_group_of_nobody_on_one_side_and_enough_on_the_other_is_not_small() -> None:
    result = explained({"a": satisfied(5, 5)}, {"b": satisfied(5, 5), "c": {}}, smallest=5)
    assert [(part.group, part.is_rest) for part in result.parts] == [("a", False), ("b", False)]


def test_equal_parts_stand_by_name_and_the_unnamed_after_them() -> None:
    tallies: Groups = {None: satisfied(5, 5), "b": satisfied(5, 5), "a": satisfied(5, 5)}
    assert [part.group for part in explained(tallies, tallies).parts] == ["a", "b", None]
    assert [each.group for each in distances(tallies, 80)[1]] == ["a", "b", None]


@pytest.mark.parametrize(("before", "after"), [({}, {"a": {5: 1}}), ({"a": {5: 1}}, {"a": {5: 0}})])
def test_a_change_from_or_to_nobody_is_not_explained(before: Groups, after: Groups) -> None:
    assert change_by_group(CSAT, before, after, 1) is None


def test_without_ratings_there_is_nothing_to_explain() -> None:
    assert change_by_group(OPEN, {"a": {}}, {"a": {}}, 1) is None
    assert distance_by_group(OPEN, {"a": {}}, Fraction(0), 1) is None


@given(metrics_with_groups, st.integers(0, 8))
def test_the_parts_of_a_change_add_up_to_it_exactly(
    case: tuple[Metric, Groups, Groups], smallest: int
) -> None:
    metric, before, after = case
    result = change_by_group(metric, before, after, smallest)
    if result is None:
        assert not (people(before) and people(after))
        return
    assert result.before == exact(metric, plus(*before.values()))
    assert result.after == exact(metric, plus(*after.values()))
    assert sum(part.total for part in result.parts) == result.mix + result.within == result.change
    assert sum(part.n_before for part in result.parts) == people(before)
    assert sum(part.n_after for part in result.parts) == people(after)
    assert [part.is_rest for part in result.parts[:-1]] == [False] * (len(result.parts) - 1)
    alone = [part for part in result.parts if not part.is_rest]
    assert all(abs(first.total) >= abs(second.total) for first, second in pairwise(alone))
    assert all(n == 0 or n >= smallest for part in alone for n in (part.n_before, part.n_after))


@given(metrics_with_groups)
def test_a_change_backwards_has_every_part_with_its_sign_turned(case: tuple[Metric, Groups, Groups]) -> None:
    metric, before, after = case
    forth, back = (change_by_group(metric, *sides, 1) for sides in ((before, after), (after, before)))
    if forth is not None and back is not None:
        turned = {part.group: (-part.mix, -part.within) for part in back.parts}
        assert {part.group: (part.mix, part.within) for part in forth.parts} == turned


def test_the_distance_from_a_target_falls_on_the_groups_below_it() -> None:
    total, parts = distances({"a": satisfied(54, 60), "b": satisfied(20, 40)}, 80)
    assert total == -6
    assert parts == (
        Distance("b", False, n=40, score=50.0, share=40.0, part=Fraction(-12)),
        Distance("a", False, n=60, score=90.0, share=60.0, part=Fraction(6)),
    )


def test_the_small_groups_share_one_distance() -> None:
    total, parts = distances(
        {"a": satisfied(8, 10), "b": satisfied(0, 4), "c": satisfied(2, 2)}, 50, smallest=5
    )
    assert total == 12.5
    assert [(each.group, each.is_rest, each.n) for each in parts] == [("a", False, 10), (None, True, 6)]
    assert [each.part for each in parts] == [Fraction(10, 16) * 30, Fraction(6, 16) * (Fraction(100, 3) - 50)]


@given(metrics_with_groups, fractions, st.integers(0, 8))
def test_the_parts_of_a_distance_add_up_to_it_exactly(
    case: tuple[Metric, Groups, Groups], target: Fraction, smallest: int
) -> None:
    metric, tallies, _ = case
    result = distance_by_group(metric, tallies, target, smallest)
    score = exact(metric, plus(*tallies.values()))
    if result is None or score is None:
        assert result is None
        assert score is None
        return
    total, parts = result
    assert sum(each.part for each in parts) == total == score - target
    assert sum(each.n for each in parts) == people(tallies)


def test_thirds_are_shown_so_that_a_pencil_finds_their_sum() -> None:
    third = Fraction(1, 3)
    assert [str(each) for each in shown([third] * 3, 1, Fraction(1))] == ["0.4", "0.3", "0.3"]
    assert [str(each) for each in shown([-third] * 3, 0, Fraction(-1))] == ["0", "0", "-1"]


def test_nothing_is_shown_of_nothing_and_a_whole_number_as_itself() -> None:
    assert shown([], 1, Fraction(0)) == []
    assert [str(each) for each in shown([Fraction(-12), Fraction(0)], 2, Fraction(-12))] == ["-12.00", "0.00"]


def test_values_that_do_not_add_up_cannot_be_shown_as_if_they_did() -> None:
    with pytest.raises(ValueError, match="add up to 3, not to 4"):
        shown([Fraction(1), Fraction(2)], 0, Fraction(4))


@given(st.lists(fractions, max_size=12), st.sampled_from([0, 1, 2]))
def test_shown_values_add_up_and_none_is_a_digit_off(values: list[Fraction], decimals: int) -> None:
    total = sum(values, Fraction())
    result = shown(values, decimals, total)
    assert sum(result, Decimal()) == rounded(float(total), decimals)
    for value, each in zip(values, result, strict=True):
        assert abs(Fraction(each) - value) < Fraction(1, 10**decimals)
        assert each.as_tuple().exponent == -decimals
        assert not (each == 0 and each.is_signed())
