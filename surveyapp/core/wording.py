"""Which words of a text were taken out and which were put in."""

import re
from difflib import SequenceMatcher
from typing import NamedTuple


class Piece(NamedTuple):
    """A part of a text: in both when it is neither removed nor added."""

    words: str
    is_removed: bool = False
    is_added: bool = False


def pieces(before: str, after: str) -> list[Piece]:
    """Both texts as one, word by word; without those removed it is `after`, without those added `before`."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    found = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece("".join(old[i:j])))
            continue
        found += [Piece("".join(old[i:j]), is_removed=True)] if i < j else []
        found += [Piece("".join(new[k:m]), is_added=True)] if k < m else []
    return found


# A word, or what stands between two.
_WORD = re.compile(r"\w+|[^\w]")
