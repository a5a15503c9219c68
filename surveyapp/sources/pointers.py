"""JSON pointers (RFC 6901): a path into a document."""

import re
from typing import Any

from surveyapp.sources.event import MappingError

_STRAY_TILDE = re.compile(r"~(?![01])")
_INDEX = re.compile(r"0|[1-9][0-9]{0,5}", re.ASCII)


def steps(pointer: str) -> tuple[str, ...]:
    """The names and indices on the way; '' is the whole document. MappingError when it is no pointer."""
    if pointer and not pointer.startswith("/"):
        raise MappingError("A JSON pointer begins with a slash.")
    if _STRAY_TILDE.search(pointer):
        raise MappingError("In a JSON pointer a tilde is written ~0 and a slash inside a name ~1.")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def find(document: Any, pointer: str) -> Any:
    """What stands there; None when nothing does, or when the pointer is none."""
    try:
        way = steps(pointer)
    except MappingError:
        return None
    for step in way:
        document = _below(document, step)
    return document


def _below(document: Any, step: str) -> Any:
    if isinstance(document, dict):
        return document.get(step)
    if isinstance(document, list) and _INDEX.fullmatch(step) and int(step) < len(document):
        return document[int(step)]
    return None
