"""Pictures of signatures, made by hand from their bytes."""

from __future__ import annotations

import math
import zlib


def chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)


def png(rows: list[bytes], width: int, colour: int = 6, *, before: bytes = b"", head: bytes | None = None) -> bytes:
    """A PNG of these rows, each with its filter; `before` stands before the picture's data."""
    size = width.to_bytes(4) + len(rows).to_bytes(4)
    own = chunk(b"IHDR", size + bytes([8, colour, 0, 0, 0]) if head is None else head)
    return b"\x89PNG\r\n\x1a\n" + own + before + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")


def drawn(width: int = 240, height: int = 96, samples: int = 4) -> list[bytes]:
    """The rows of a wave in ink on white paper, without filters."""
    ink, paper = b"\x10\x18\x50\xff", b"\xff" * 4
    rows = []
    for y in range(height):
        row = bytearray()
        for x in range(width):
            wave = height / 2 + height / 3 * math.sin(x / 17)
            row += (ink if abs(wave - y) < 3 else paper)[:samples]
        rows.append(b"\0" + bytes(row))
    return rows


SIGNATURE = png(drawn(), 240)
EMPTY = png([b"\0" + b"\xff" * 960] * 96, 240)
