"""A printed form as a person sees it: its text, its size, its ink, and the link in its code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2
import zxingcpp

MILLIMETRE = 72 / 25.4
"""In points, as PDF counts."""


@contextmanager
def opened(pdf: bytes) -> Iterator[pypdfium2.PdfDocument]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        yield document
    finally:
        document.close()


def pages(pdf: bytes) -> list[str]:
    """Return the text of each page without spaces and line ends, because line breaks don't matter."""
    with opened(pdf) as document:
        return [re.sub(r"[\s\u200b]", "", page.get_textpage().get_text_bounded()) for page in document]


def text(pdf: bytes) -> str:
    return "".join(pages(pdf))


def sizes(pdf: bytes) -> list[tuple[int, int]]:
    """Return width and height of each page in millimetres."""
    with opened(pdf) as document:
        return [(round(page.get_width() / MILLIMETRE), round(page.get_height() / MILLIMETRE)) for page in document]


def margins(pdf: bytes) -> list[tuple[float, float, float, float]]:
    """Return the margins of each page, left, top, right and bottom, in millimetres."""
    return [_margins(picture) for picture in _pictures(pdf, 1)]


def codes(pdf: bytes) -> list[str]:
    """Return the text that a telephone reads from the first page's code."""
    return [code.text for code in zxingcpp.read_barcodes(_pictures(pdf, 3)[0])]


def _pictures(pdf: bytes, scale: float) -> list[memoryview]:
    """Return each page in grey, one byte a pixel, as rows of pixels; `scale` pixels a point."""
    with opened(pdf) as document:
        out = []
        for page in document:
            bitmap = page.render(scale=scale, grayscale=True)
            rows = bytes(bitmap.buffer)
            packed = b"".join(rows[i * bitmap.stride : i * bitmap.stride + bitmap.width] for i in range(bitmap.height))
            out.append(memoryview(packed).cast("B", (bitmap.height, bitmap.width)))
        return out


def _margins(picture: memoryview) -> tuple[float, float, float, float]:
    height, width = picture.shape or (0, 0)
    pixels = picture.tobytes()
    rows = [pixels[i * width : (i + 1) * width] for i in range(height)]
    inked = [i for i, row in enumerate(rows) if min(row) < 128]
    columns = [j for j in range(width) if min(pixels[j::width]) < 128]
    edges = columns[0], inked[0], width - 1 - columns[-1], height - 1 - inked[-1]
    left, top, right, bottom = (edge / MILLIMETRE for edge in edges)
    return left, top, right, bottom
