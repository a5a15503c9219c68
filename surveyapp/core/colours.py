"""Colours: how well one stands out from another, and what a brand's becomes on our backgrounds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from surveyapp.core.errors import FieldError, Problem

LIGHT = ("#ffffff", "#f5f2ec")
"""What stands behind links and marks by day: cards, then paper and the faces of ratings."""
DARK = ("#191714", "#24211d", "#322e29")
"""The same by night: paper, cards, faces."""
LEAST_CONTRAST = 4.5
"""For text of any size: WCAG 2.2, 1.4.3."""

_WHITE, _BLACK, _NIGHT = "#ffffff", "#000000", DARK[0]
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
# Less of a change under the pointer would not be noticed.
_FELT = 1.1


@dataclass(frozen=True, slots=True)
class Shades:
    """One colour as links, buttons and marks have it by day and by night, each as #rrggbb.

    `hover` is for a button under the pointer, `on_accent` for the words on it.
    """

    accent: str
    hover: str
    on_accent: str
    dark_accent: str
    dark_hover: str
    on_dark_accent: str


OURS = Shades("#1f4b6e", "#173a56", _WHITE, "#a8cdea", "#c6dff2", _NIGHT)
"""Where no brand has a colour of its own."""


@lru_cache(maxsize=64)
def shades(colour: str) -> Shades:
    """The nearest to #rrggbb that can be read on our backgrounds, on the way to black or by night to white.

    Raises FieldError for what is no colour.
    """
    accent = _mixed(colour, _BLACK, darkened(colour))
    dark_accent = _mixed(colour, _WHITE, lightened(colour))
    return Shades(
        accent=accent,
        hover=_hover(accent, (_BLACK, 23), (_WHITE, 23)),
        on_accent=_WHITE,
        dark_accent=dark_accent,
        dark_hover=_hover(dark_accent, (_WHITE, 37), (_BLACK, 15)),
        on_dark_accent=_NIGHT,
    )


def darkened(colour: str) -> int:
    """How much black the colour needs by day, in percent from 0 to 100."""
    return _needed(colour, _BLACK, LIGHT)


def lightened(colour: str) -> int:
    """How much white the colour needs by night, in percent from 0 to 100."""
    return _needed(colour, _WHITE, DARK)


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def weakest(colour: str, backgrounds: Sequence[str] = LIGHT) -> float:
    """The contrast to the background that the colour stands out from least."""
    return min(contrast(colour, each) for each in backgrounds)


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2: 0 for black, 1 for white."""
    red, green, blue = (_linear(channel / 255) for channel in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of #rrggbb, each from 0 to 255; FieldError for what is no colour."""
    if not _COLOUR.fullmatch(colour):
        raise FieldError("colour", Problem.COLOUR)
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _needed(colour: str, towards: str, backgrounds: Sequence[str]) -> int:
    """The least percentage with which the colour can be read on each background."""
    enough = (
        percent
        for percent in range(101)
        if weakest(_mixed(colour, towards, percent), backgrounds) >= LEAST_CONTRAST
    )
    return next(enough)


def _mixed(colour: str, towards: str, percent: int) -> str:
    pairs = zip(channels(colour), channels(towards), strict=True)
    return "#" + "".join(f"{round(own + (other - own) * percent / 100):02x}" for own, other in pairs)


def _hover(accent: str, usual: tuple[str, int], other: tuple[str, int]) -> str:
    """Some way on in the usual direction; back again where there is no way left to go."""
    hover = _mixed(accent, *usual)
    return hover if contrast(hover, accent) >= _FELT else _mixed(accent, *other)
