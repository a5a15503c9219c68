"""How the organisation looks: its logo, and its colour as a style sheet."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Literal

from sqlalchemy import delete
from sqlalchemy.orm import Session

from surveyapp import preferences
from surveyapp.config import Settings
from surveyapp.core.colours import shades
from surveyapp.core.errors import DatabaseFailedError, FieldError, Problem
from surveyapp.db import INSERTS, Database, dialect_of, table_of
from surveyapp.models import StoredFile

LOGO_BYTES = 200 * 1024
LOGO_PIXELS = 2000
"""The most that a logo may be wide or high."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME_LENGTH = 12
# 0xC4, 0xC8 and 0xCC begin something else.
_FRAMES = bytes(set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC})


@dataclass(frozen=True, slots=True)
class Logo:
    """A stored logo; width and height in pixels, as its file says."""

    digest: str
    media_type: str
    width: int
    height: int
    content: bytes = field(repr=False, compare=False)

    def within(self, width: int, height: int) -> tuple[int, int]:
        """Width and height as it is shown in a box of that many pixels: never larger than it is."""
        factor = min(1.0, width / self.width, height / self.height)
        return max(1, round(self.width * factor)), max(1, round(self.height * factor))


def put_logo(session: Session, content: bytes, now: datetime) -> str:
    """Store a picture and return its digest, which the preference `logo` may then name.

    The same picture again changes nothing. Of those before it only the one in use is kept.
    Raises FieldError for what is no PNG, JPEG, GIF or WebP, or is too large in bytes or pixels; an SVG
    is refused because it can hold a script.
    """
    media_type, _, _ = _checked(content)
    digest = sha256(content).hexdigest()
    insert = INSERTS[dialect_of(session)](table_of(StoredFile)).on_conflict_do_nothing()
    row = {"digest": digest, "media_type": media_type, "content": content, "created_at": now}
    session.execute(insert, row)
    needed = {digest, preferences.stored(session).get("logo") or digest}
    is_unused = StoredFile.media_type.startswith("image/") & StoredFile.digest.not_in(needed)
    session.execute(delete(StoredFile).where(is_unused))
    return digest


def logo(session: Session, digest: str) -> StoredFile | None:
    """The stored picture of a digest; None when there is none, or it is no digest at all."""
    return session.get(StoredFile, digest) if _DIGEST.fullmatch(digest) else None


def shown_logo(settings: Settings, database: Database) -> Logo | None:
    """The logo in use, read once in a process; None without one, and while the database fails."""
    digest = settings.own.logo
    if not digest or digest in _known:
        return _known.get(digest)
    try:
        with database.reading() as session:
            found = _read(session, digest)
    except DatabaseFailedError:
        return None
    if found:
        _known.clear()
        _known[digest] = found
    return found


def style(settings: Settings) -> str:
    """Our colours replaced by the brand's, as CSS for light and dark; "" when it has none."""
    return _style(settings.own.colour) if settings.own.colour else ""


def style_name(settings: Settings) -> str:
    """A name that is another one whenever `style` is; "" when there is no style."""
    return _style_name(settings.own.colour) if settings.own.colour else ""


# By its digest a logo is the same in every installation, so that one process can know one for all.
_known: dict[str, Logo] = {}


def _read(session: Session, digest: str) -> Logo | None:
    stored = logo(session, digest)
    if stored is None or (found := _recognised(stored.content)) is None:
        return None
    return Logo(digest, *found, stored.content)


@lru_cache(maxsize=8)
def _style(colour: str) -> str:
    found = shades(colour)
    light = _rule(found.accent, found.hover, found.on_accent)
    dark = _rule(found.dark_accent, found.dark_hover, found.on_dark_accent)
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def _rule(accent: str, hover: str, on_accent: str) -> str:
    return f":root {{ --accent: {accent}; --accent-hover: {hover}; --on-accent: {on_accent}; }}"


@lru_cache(maxsize=8)
def _style_name(colour: str) -> str:
    return sha256(_style(colour).encode()).hexdigest()[:_NAME_LENGTH]


def _checked(content: bytes) -> tuple[str, int, int]:
    """Media type, width and height of a picture that can be used."""
    found = _recognised(content) if len(content) <= LOGO_BYTES else None
    if found is None or not all(1 <= pixels <= LOGO_PIXELS for pixels in found[1:]):
        raise FieldError("logo", Problem.FILE)
    return found


def _recognised(content: bytes) -> tuple[str, int, int] | None:
    """As the first bytes say, whatever the file was called; None for any other kind and for too few bytes."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return "image/png", _number(content[16:20], "big"), _number(content[20:24], "big")
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif", _number(content[6:8]), _number(content[8:10])
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp", *_size_of_webp(content)
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", *_size_of_jpeg(content)
    return None


def _number(digits: bytes, order: Literal["big", "little"] = "little") -> int:
    return int.from_bytes(digits, order)


def _size_of_webp(content: bytes) -> tuple[int, int]:
    """Of each of its three kinds (RFC 9649, 2.5 to 2.7); (0, 0) for any other."""
    kind = content[12:16]
    if kind == b"VP8X":
        return _number(content[24:27]) + 1, _number(content[27:30]) + 1
    if kind == b"VP8L" and content[20:21] == b"/":
        bits = _number(content[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        return _number(content[26:28]) & 0x3FFF, _number(content[28:30]) & 0x3FFF
    return 0, 0


def _size_of_jpeg(content: bytes) -> tuple[int, int]:
    """From its start of frame (ITU-T T.81, B.2.2), behind segments of any length; (0, 0) without one."""
    at = 2
    while content[at : at + 1] == b"\xff":
        marker = content[at + 1 : at + 2]
        if marker == b"\xff":  # a byte that only fills
            at += 1
        elif marker and marker in _FRAMES:
            return _number(content[at + 7 : at + 9], "big"), _number(content[at + 5 : at + 7], "big")
        else:
            at += 2 + _number(content[at + 2 : at + 4], "big")
    return 0, 0
