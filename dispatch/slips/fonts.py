"""The fonts of slips and invoices: the package's own or the operator's folder; and the characters they can print."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import typst
from fontTools.ttLib import TTFont

from dispatch.domain.title import Wording
from dispatch.errors import MissingGlyph, MissingPart

_PACKAGE = "manimgx_fonts_cjk"
_SIMPLIFIED = "SC"
"""The end of the family's name for simplified Chinese. A font collection has several regions, which draw some
characters differently."""


@dataclass(frozen=True)
class Fonts:
    """`families` are tried in this order for each character; `covered` are the code points that any of them has."""

    folder: Path
    found: typst.Fonts
    families: tuple[str, ...]
    covered: frozenset[int]

    def demand_glyphs(self, text: str) -> None:
        """Raise MissingGlyph naming every character of `text` that would print as a box or as nothing."""
        missing = sorted(c for c in set(text) - {"\n"} if ord(c) not in self.covered or unicodedata.category(c) == "Cf")
        if missing:
            shown = (f"U+{ord(c):04X}" + (f" {c}" if c.isprintable() else "") for c in missing)
            raise MissingGlyph(characters=", ".join(shown), folder=self.folder)


def find_fonts(folder: Path | None = None) -> Fonts:
    """Find the fonts in `folder`, in the order of their file names; without a folder, the package's Noto Sans CJK.

    In a file with several families the one for simplified Chinese is used. Raises MissingPart when there is no font.
    """
    folder = folder or _package()
    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
    faces: dict[Path, list[typst.FontInfo]] = {}
    for face in found.fonts():
        faces.setdefault(Path(face.path or ""), []).append(face)
    files = (file.resolve() for file in sorted(folder.rglob("*")))
    chosen = [_for_simplified_chinese(faces[file]) for file in files if file in faces]
    if not chosen:
        raise MissingPart(
            part=Wording(f"{folder} 中的字体", f"a font in {folder}"),
            remedy=Wording("请放入字体，或改用自带的字体", "put one there, or use the built-in font"),
        )
    return Fonts(
        folder=folder,
        found=found,
        families=tuple(dict.fromkeys(face.family for face in chosen)),
        covered=frozenset().union(*(_covered(face) for face in chosen)),
    )


def _package() -> Path:
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise MissingPart(
            part=Wording("中文字体", "a Chinese font"),
            remedy=Wording("请安装软件包 `manimgx-fonts-cjk`", "install the package `manimgx-fonts-cjk`"),
        )
    return Path(package.origin).parent


def _for_simplified_chinese(faces: list[typst.FontInfo]) -> typst.FontInfo:
    return next((face for face in faces if face.family.endswith(_SIMPLIFIED)), faces[0])


def _covered(face: typst.FontInfo) -> frozenset[int]:
    with TTFont(face.path, fontNumber=face.index, lazy=True) as font:
        return frozenset(font.getBestCmap())
