"""A brand's colour becomes one that everybody can read, and no other than it has to."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import surveyapp
from surveyapp.core.colours import (
    DARK,
    LEAST_CONTRAST,
    LIGHT,
    OURS,
    channels,
    contrast,
    darkened,
    lightened,
    luminance,
    shades,
    weakest,
)
from surveyapp.core.errors import FieldError

SHEET = Path(surveyapp.__file__).parent / "static" / "public.css"

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def near(one: str, other: str) -> int:
    """How far apart two colours are in the channel that differs most."""
    return max(abs(a - b) for a, b in zip(channels(one), channels(other), strict=True))


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21),
        ("#ffffff", "#ffffff", 1),
        ("#777777", "#ffffff", 4.478),
        ("#767676", "#ffffff", 4.542),
        ("#ff0000", "#ffffff", 3.998),
        ("#0000ff", "#ffffff", 8.592),
    ],
)
def test_a_contrast_is_the_ratio_of_the_standard_in_either_order(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.001)
    assert contrast(other, one) == contrast(one, other)


def test_luminance_weighs_what_the_eye_sees_most() -> None:
    assert luminance("#ffffff") == pytest.approx(1)
    assert luminance("#000000") == 0
    assert luminance("#00ff00") > luminance("#ff0000") > luminance("#0000ff")


@pytest.mark.parametrize("wrong", ["", "1f4b6e", "#fff", "#1f4b6g", "#1f4b6e;", "red", "#1f4b6e\n", "#١٢٣٤٥"])
def test_what_is_no_colour_is_refused(wrong: str) -> None:
    with pytest.raises(FieldError, match="colour"):
        shades(wrong)


@given(colours)
@example("#ffffff")
@example("#000000")
@example("#ffff00")
@example("#0000ff")
def test_every_shade_of_any_colour_can_be_read_wherever_it_is_used(colour: str) -> None:
    found = shades(colour)
    for each in (found.accent, found.hover):
        assert weakest(each, LIGHT) >= LEAST_CONTRAST
        assert contrast(each, found.on_accent) >= LEAST_CONTRAST
    for each in (found.dark_accent, found.dark_hover):
        assert weakest(each, DARK) >= LEAST_CONTRAST
        assert contrast(each, found.on_dark_accent) >= LEAST_CONTRAST


@given(colours)
@example("#ffffff")
@example("#000000")
def test_a_button_changes_visibly_under_the_pointer(colour: str) -> None:
    found = shades(colour)
    assert contrast(found.accent, found.hover) >= 1.1
    assert contrast(found.dark_accent, found.dark_hover) >= 1.1


@given(colours)
def test_a_colour_is_changed_no_further_than_it_must_be(colour: str) -> None:
    found = shades(colour)
    if darkened(colour) == 0:
        assert found.accent == colour
    else:
        assert weakest(colour, LIGHT) < LEAST_CONTRAST
        # One percent is at most three steps of a channel.
        assert weakest(found.accent, LIGHT) < LEAST_CONTRAST + 0.3
    if lightened(colour) == 0:
        assert found.dark_accent == colour
    else:
        assert weakest(colour, DARK) < LEAST_CONTRAST <= weakest(found.dark_accent, DARK) < 4.8


@given(colours)
def test_a_colour_that_was_made_readable_is_readable(colour: str) -> None:
    assert darkened(shades(colour).accent) == 0
    assert (darkened(colour) == 0) == (weakest(colour) >= LEAST_CONTRAST)


def test_how_much_a_colour_was_changed_can_be_said() -> None:
    assert (darkened("#1f4b6e"), darkened("#ffffff")) == (0, 57)
    assert (lightened("#ffffff"), lightened("#000000")) == (0, 59)


def test_our_own_colour_becomes_about_what_was_chosen_by_hand() -> None:
    found = shades(OURS.accent)
    assert (found.accent, found.on_accent, found.on_dark_accent) == (
        OURS.accent,
        OURS.on_accent,
        OURS.on_dark_accent,
    )
    assert near(found.hover, OURS.hover) <= 2


def test_the_backgrounds_are_those_of_the_style_sheet() -> None:
    light, dark = re.findall(r":root \{([^}]*)\}", SHEET.read_text(encoding="utf-8"))[:2]
    assert {_value(light, name) for name in ("paper", "card", "face")} == set(LIGHT)
    assert {_value(dark, name) for name in ("paper", "card", "face")} == set(DARK)
    assert [_value(light, name) for name in ("accent", "accent-hover", "on-accent")] == [
        OURS.accent,
        OURS.hover,
        OURS.on_accent,
    ]
    assert [_value(dark, name) for name in ("accent", "accent-hover", "on-accent")] == [
        OURS.dark_accent,
        OURS.dark_hover,
        OURS.on_dark_accent,
    ]


def _value(rules: str, name: str) -> str:
    """A property as #rrggbb."""
    found = re.search(rf"--{name}: (#[0-9a-f]+)", rules)
    assert found
    digits = found[1][1:]
    return "#" + ("".join(digit * 2 for digit in digits) if len(digits) == 3 else digits)
