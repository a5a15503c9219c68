"""Small pictures of each kind, 120 by 40 pixels; but for the PNG only what tells the kind and the size."""

import struct
import zlib


def png(width: int = 120, height: int = 40) -> bytes:
    """A whole PNG of one colour; with sizes that no PNG has, one that is broken."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\x00" + b"\x60" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _riff(kind: bytes, content: bytes) -> bytes:
    body = b"WEBP" + kind + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(body)) + body


PNG = png()
GIF = b"GIF89a" + struct.pack("<HH", 120, 40) + bytes(3) + b";"
# Two segments and a filling byte before the start of frame, as cameras and editors write them.
JPEG = (
    b"\xff\xd8"
    b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc4\x00\x84"
    + bytes(130)
    + b"\xff\xff\xc2\x00\x0b\x08"
    + struct.pack(">HH", 40, 120)
    + b"\x01\x01\x11\x00\xff\xd9"
)
WEBP = _riff(b"VP8X", bytes(4) + (119).to_bytes(3, "little") + (39).to_bytes(3, "little"))
WEBP_LOSSY = _riff(b"VP8 ", b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", 120 | 1 << 14, 40))
WEBP_LOSSLESS = _riff(b"VP8L", b"/" + struct.pack("<I", 119 | 39 << 14))
