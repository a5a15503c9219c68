"""Text and its width, which nothing here can measure: it is guessed, rather too large."""

from surveyapp.web.admin.charts.drawing import Anchor, At, Paper, Words

_NARROW = "iljtfrI.,:;'|!()[] \N{NO-BREAK SPACE}"
_WIDE = "mwMW%@…"
# From here on come letters of the Far East, each as wide as it is high.
_FIRST_SQUARE = 0x2E00


def words(paper: Paper, at: At, text: str, anchor: Anchor = "start", kind: str = "tick") -> Words:
    """A line of text in the letters of the paper."""
    return Words(*at, text, anchor, kind, width(text, paper.letters))


def width(text: str, letters: float) -> float:
    """How wide letters of that size make it."""
    return sum(_letter(each) for each in text) * letters


def fitted(text: str, room: float, letters: float) -> str:
    """As much of it as the room takes, with an ellipsis for the rest."""
    if width(text, letters) <= room:
        return text
    while text and width(text + "…", letters) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(text: str, room: float, letters: float) -> list[str]:
    """Broken into lines at its spaces; a word too long for a line is cut."""
    lines: list[str] = []
    # A no-break space is none to break at.
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width(joined, letters) <= room:
            lines[-1] = joined
        else:
            lines.append(fitted(word, room, letters))
    return lines


def _letter(each: str) -> float:
    if each in _NARROW:
        return 0.36
    if each in _WIDE or ord(each) > _FIRST_SQUARE:
        return 1.0
    return 0.72 if each.isupper() else 0.6
