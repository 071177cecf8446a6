"""签名: the picture of a customer's signature on a slip: a PNG of strokes, read strictly by its bytes. Pure.

What is kept here is printed again for years. So nothing is taken that a reader of PNG could stumble over, nothing that
grows beyond measure when it is unpacked, and no empty sheet.
Source: W3C, Portable Network Graphics (PNG) Specification, sections 5 (chunks), 9 (filters), 11.2 (critical chunks).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import timedelta

from dispatch.domain.title import WrongValue

TIME_TO_SIGN = timedelta(minutes=30)
"""Time after the operation in which a signature may be drawn."""
LARGEST = 200_000
"""Bytes of a picture."""
MOST_SIDE = 3_000
"""Pixels of a side."""

_MAGIC = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}
"""Samples of a pixel, of one byte each, by colour type: grey or colour, without a palette, with or without alpha."""
_ROWS_OF_AN_EMPTY_SHEET = 10
"""A sheet of one colour has no more different rows, whichever of the five filters each row has: of each filter one for
the first row and one for the others. Any stroke of a hand has many more."""


def require_drawn(content: bytes) -> None:
    """Require that this is a picture that can be kept. Raises WrongValue, which says what is wrong."""
    if len(content) > LARGEST:
        raise WrongValue(
            f"图片有 {len(content)} 字节，最多 {LARGEST} 字节",
            f"it has {len(content)} bytes, at most {LARGEST} are kept",
        )
    if not content.startswith(_MAGIC):
        raise WrongValue("不是 PNG 图片", "it is no PNG")
    try:
        rows = _rows(list(_chunks(content)))
    except (ValueError, zlib.error):
        raise WrongValue("PNG 图片已损坏，或写法少见", "the PNG is damaged, or of a rare form") from None
    if len(rows) <= _ROWS_OF_AN_EMPTY_SHEET:
        raise WrongValue("图片是空白的", "the picture is empty")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk's name and data, to the end of the file. Raises ValueError."""
    at = len(_MAGIC)
    while at < len(content):
        size = int.from_bytes(content[at : at + 4])
        name, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + size]
        checked = content[at + 8 + size : at + 12 + size]
        if len(checked) != 4 or int.from_bytes(checked) != zlib.crc32(name + data):
            raise ValueError("checksum")
        yield name, data
        at += 12 + size


def _rows(chunks: list[tuple[bytes, bytes]]) -> set[bytes]:
    """The different rows of the picture, each with its filter. Raises ValueError, zlib.error."""
    name, head = chunks[0] if chunks else (b"", b"")
    if name != b"IHDR" or len(head) != 13 or head[8] != 8 or head[9] not in _SAMPLES or head[10:] != bytes(3):
        raise ValueError("head")
    width, height = int.from_bytes(head[:4]), int.from_bytes(head[4:8])
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE):
        raise ValueError("size")
    names = [name for name, _ in chunks]
    pictures = [b"IDAT"] * names.count(b"IDAT")
    first = names.index(b"IDAT")
    if [name for name in names if not name[0] & 0x20] != [b"IHDR", *pictures, b"IEND"] or chunks[-1] != (b"IEND", b""):
        raise ValueError("critical chunks")
    if names[first : first + len(pictures)] != pictures:
        raise ValueError("the picture's chunks aren't consecutive")
    stride = 1 + width * _SAMPLES[head[9]]
    unpacking = zlib.decompressobj()
    packed = b"".join(data for name, data in chunks if name == b"IDAT")
    pixels = unpacking.decompress(packed, stride * height + 1)
    if len(pixels) != stride * height or not unpacking.eof or unpacking.unused_data:
        raise ValueError("pixels")
    if max(pixels[::stride]) > 4:
        raise ValueError("filter")
    return {pixels[at : at + stride] for at in range(0, len(pixels), stride)}
