"""Fonts: rare characters are printed correctly, and a character without a glyph is refused rather than printed as a
box."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from dispatch.errors import MissingGlyph, MissingPart
from dispatch.slips.fonts import find_fonts
from dispatch.slips.typesetting import demand_glyphs, invoice, slip
from tests.slip_samples import INVOICE, OPENING
from tests.slips import paper

RARE = "㛃𬭛䶮堃𫖯𠮷镕喆"
"""U+36C3 and U+2CB5B are the first that the counter met."""
UNKNOWN = "\U0002a6a5"
"""𪚥: in Unicode since 2001, not in Noto Sans CJK."""


@pytest.mark.parametrize("name", [*RARE, "李" + RARE, "阿卜杜勒·穆罕默德" * 5])
def test_a_rare_name_is_printed(name: str) -> None:
    assert "客户名称Customer" + name in paper.text(slip(replace(OPENING, customer=name, contact="")))
    assert "购买方Buyer" + name in paper.text(invoice(replace(INVOICE, buyer=name)))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (f"李{UNKNOWN}", f"U+2A6A5 {UNKNOWN}"),
        ("李\x07", "U+0007"),
        ("李\u202e", "U+202E"),
        ("李\t", "U+0009"),
        ("a\u00adb", "U+00AD"),
        ("\ue000", "U+E000"),
    ],
    ids=["rare", "bell", "right-to-left", "tab", "soft-hyphen", "private-use"],
)
def test_a_character_without_a_glyph_is_refused_and_alone_named(name: str, told: str) -> None:
    with pytest.raises(MissingGlyph) as refused:
        slip(replace(OPENING, customer=name))
    assert told in str(refused.value)
    assert "李" not in str(refused.value)


def test_all_missing_characters_are_told_at_once_wherever_they_stand() -> None:
    data = replace(OPENING, customer=UNKNOWN, notes=(f"甲{UNKNOWN}\U0002a6a4",))
    for refusing in (slip, demand_glyphs):
        with pytest.raises(MissingGlyph, match=r"U\+2A6A4 ., U\+2A6A5 .:"):
            refusing(data)


def test_a_printable_form_passes_the_glyph_check() -> None:
    demand_glyphs(OPENING)
    demand_glyphs(INVOICE)


def test_a_folder_without_fonts_is_refused() -> None:
    with pytest.raises(MissingPart, match="a font in /nowhere"):
        slip(OPENING, fonts=Path("/nowhere"))


def test_a_font_of_the_operators_own_fills_the_gaps_of_the_first(tmp_path: Path) -> None:
    wheels = find_fonts()
    file = next(wheels.folder.glob("*.ttc"))
    (tmp_path / f"1-{file.name}").symlink_to(file)
    _font_with(UNKNOWN, tmp_path / "2-rare.ttf")
    own = find_fonts(tmp_path)
    assert own.families == ("Noto Sans CJK SC", "Rare")
    assert "李" + UNKNOWN in paper.text(slip(replace(OPENING, customer="李" + UNKNOWN), fonts=tmp_path))
    assert paper.text(slip(OPENING, fonts=tmp_path)) == paper.text(slip(OPENING))


def _font_with(character: str, file: Path) -> None:
    """Make a font with one square."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 800), (800, 800), (800, 0)):
        pen.lineTo(corner)
    pen.closePath()
    square = pen.glyph()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", "square"])
    font.setupCharacterMap({ord(character): "square"})
    font.setupGlyf({".notdef": square, "square": square})
    font.setupHorizontalMetrics({".notdef": (1000, 0), "square": (1000, 0)})
    font.setupHorizontalHeader(ascent=880, descent=-120)
    font.setupNameTable({"familyName": "Rare", "styleName": "Regular", "psName": "Rare-Regular"})
    font.setupOS2(sTypoAscender=880, usWinAscent=880, usWinDescent=120)
    font.setupPost()
    font.save(file)
