"""A signature's picture is read by its bytes: what couldn't be printed for years is refused at once."""

from __future__ import annotations

import zlib

import pytest

from dispatch.domain.signature import LARGEST, require_drawn
from dispatch.domain.title import WrongValue
from tests.signature_samples import EMPTY, SIGNATURE, chunk, drawn, png

IHDR = (240).to_bytes(4) + (96).to_bytes(4)
END = chunk(b"IEND", b"")


@pytest.mark.parametrize(("colour", "samples"), [(6, 4), (2, 3), (0, 1), (4, 2)])
def test_a_picture_of_strokes_is_taken_in_every_usual_colour_type(colour: int, samples: int) -> None:
    require_drawn(png(drawn(samples=samples), 240, colour))
    require_drawn(png(drawn(samples=samples), 240, colour, before=chunk(b"sRGB", b"\0")))


def test_the_largest_picture_is_taken_and_a_byte_more_is_not() -> None:
    filled = chunk(b"tEXt", bytes(LARGEST - len(SIGNATURE) - 12))
    exact = png(drawn(), 240, before=filled)
    assert len(exact) == LARGEST
    require_drawn(exact)
    with pytest.raises(WrongValue, match="200001 bytes, at most 200000"):
        require_drawn(png(drawn(), 240, before=chunk(b"tEXt", bytes(LARGEST - len(SIGNATURE) - 11))))


@pytest.mark.parametrize("row_filter", range(5))
def test_an_empty_sheet_is_no_signature_whatever_its_filters(row_filter: int) -> None:
    mixed = [bytes([row_filter if n else 0]) + (bytes(960) if n and row_filter else b"\xff" * 960) for n in range(96)]
    for sheet in (EMPTY, png(mixed, 240)):
        with pytest.raises(WrongValue, match="empty"):
            require_drawn(sheet)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff" + bytes(40), b"%PDF-1.7", b"<svg/>"])
def test_what_is_no_png_is_refused(content: bytes) -> None:
    with pytest.raises(WrongValue, match="no PNG"):
        require_drawn(content)


DAMAGED = {
    "nothing follows the magic": SIGNATURE[:8],
    "it is cut off": SIGNATURE[:-20],
    "a byte is changed": SIGNATURE[:60] + bytes([SIGNATURE[60] ^ 1]) + SIGNATURE[61:],
    "something follows its end": SIGNATURE + END,
    "it has no end": SIGNATURE[:-12],
    "it has no picture": SIGNATURE[:33] + END,
    "a palette": png(drawn(samples=1), 240, head=IHDR + bytes([8, 3, 0, 0, 0]), before=chunk(b"PLTE", bytes(768))),
    "one bit a sample": png(drawn(), 240, head=IHDR + bytes([1, 6, 0, 0, 0])),
    "interlaced": png(drawn(), 240, head=IHDR + bytes([8, 6, 0, 0, 1])),
    "wider than its rows": png(drawn(), 241),
    "larger than a sheet": png(drawn(), 240, head=(3001).to_bytes(4) + (96).to_bytes(4) + bytes([8, 6, 0, 0, 0])),
    "no width": png(drawn(), 240, head=bytes(4) + (96).to_bytes(4) + bytes([8, 6, 0, 0, 0])),
    "an unknown critical chunk": png(drawn(), 240, before=chunk(b"XXXX", b"")),
    "a filter that doesn't exist": png([b"\x05" + row[1:] for row in drawn()], 240),
    "data that is not packed": SIGNATURE[:33] + chunk(b"IDAT", b"hello") + END,
    "more after the pixels": SIGNATURE[:33] + chunk(b"IDAT", zlib.compress(b"".join(drawn())) + b"x") + END,
    "a bomb": SIGNATURE[:33] + chunk(b"IDAT", zlib.compress(bytes(100_000_000))) + END,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_or_rare_picture_is_refused(content: bytes) -> None:
    with pytest.raises(WrongValue, match="damaged, or of a rare form"):
        require_drawn(content)
