"""Outlines as the paths of SVG, and the patterns that tell boxes apart."""

import math
from collections.abc import Iterable, Iterator

from surveyapp.web.admin.charts.drawing import At, Box, Outline

_HATCHED = ("bad", "mix")


def polyline(points: Iterable[At]) -> str:
    """Straight lines from the first point to the last; add Z to close it."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def circle(x: float, y: float, radius: float) -> str:
    """Around that point, as are the two below."""
    half = f"a{radius:.1f} {radius:.1f} 0 1 0 "
    return f"M{x - radius:.1f} {y:.1f}{half}{2 * radius:.1f} 0{half}{-2 * radius:.1f} 0Z"


def diamond(x: float, y: float, radius: float) -> str:
    """It stands on a corner."""
    return polyline([(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]) + "Z"


def square(x: float, y: float, half: float) -> str:
    """`half` is half a side."""
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return polyline([(x + half * right, y + half * down) for right, down in corners]) + "Z"


def filled(box: Box) -> Iterator[Box | Outline]:
    """A box with its pattern, so that it is told from others without colour."""
    yield box
    if box.kind in _HATCHED and box.width > 0:
        yield Outline(_hatch(box, 7 if box.height > 16 else 5), "hatch")


def _hatch(box: Box, gap: float) -> str:
    """Lines at 45 degrees, each cut to the box; a pattern would need a name of its own in the page."""
    lines = []
    for number in range(1, math.ceil((box.width + box.height) / gap)):
        reach = number * gap
        x1, x2 = max(reach - box.height, 0.0), min(reach, box.width)
        lines.append(polyline([(box.x + x1, box.y + reach - x1), (box.x + x2, box.y + reach - x2)]))
    return "".join(lines)
