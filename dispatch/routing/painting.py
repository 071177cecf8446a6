"""Boxes and arrows of a flow as SVG, where the layout has placed them. Pure.

Every part has a class, by which a page's style can recolour it."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from dispatch.domain.title import Title
from dispatch.routing.graph import Arrow, ArrowKind, Box, BoxKind

BOXES = {
    BoxKind.PEOPLE: ("#eff6ff", "#3b6fd4"),
    BoxKind.AUTOMATIC: ("#f0fdf4", "#2f9e5b"),
    BoxKind.MARK: ("#334155", "#334155"),
}
"""Fill and border."""

ARROWS = {
    ArrowKind.ENTRY: ("#475569", Title("受理", "where it starts")),
    ArrowKind.WORK: ("#1d4ed8", Title("派单", "asks another team")),
    ArrowKind.BACK: ("#7c3aed", Title("回派", "back to the team that asked")),
    ArrowKind.DONE: ("#15803d", Title("办结", "the team's work is done")),
    ArrowKind.REOPEN: ("#c2410c", Title("重派", "reopened")),
    ArrowKind.LIMIT: ("#be123c", Title("兜底", "went round too often")),
    ArrowKind.HAND: ("#0e7490", Title("人工转派", "by a person's own choice")),
}
"""Tone, and what the legend says of it."""

DASHED = (ArrowKind.BACK, ArrowKind.LIMIT, ArrowKind.HAND)
INK, PALE, FAINT = "#0f172a", "#ffffff", "#64748b"
FAMILY = "Noto Sans CJK SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
MARGIN, LEGEND_WIDTH, LEGEND_LINE = 16, 640, 20

BOX_HEIGHT, LINE = 44, 16
_LARGE, _SMALL, _LABEL = 15, 11, 12
"""Letter heights in points: the two lines of a box, the label of an arrow."""
_NARROWEST_BOX, _COLUMNS, _LONGEST_LINE = 124, 3, 17
_BADGE, _MOST_BADGES = 9, 5
"""Radius of the mark that numbers a visit, and how many a box has room for."""


@dataclass(frozen=True, slots=True)
class Marks:
    """A journey through the flow: the numbers of its visits by box, the arrows that it took, the box where it is."""

    title: str
    told: str
    visits: Mapping[str, Collection[int]] = field(default_factory=dict)
    taken: Collection[Arrow] = ()
    here: str | None = None


def ink(look: BoxKind) -> str:
    return PALE if look == BoxKind.MARK else INK


def label_lines(arrow: Arrow, language: str) -> list[str]:
    """Return the lines of an arrow's label. A condition starts a new line, which keeps the picture narrow."""
    if language == "en":
        texts = [part for label in arrow.labels for part in label.en.replace(" (", "\n(").splitlines()]
        return [line for text in texts for line in textwrap.wrap(text, _LONGEST_LINE)]
    return [line for label in arrow.labels for line in label.zh.replace("（", "\n（").splitlines()]


def label_size(arrow: Arrow, language: str) -> tuple[int, int] | None:
    """Width and height of a label; None without one."""
    texts = label_lines(arrow, language)
    return (max(_text_width(text, _LABEL) for text in texts) + 6, LINE * len(texts) + 4) if texts else None


def box_width(box: Box, language: str) -> int:
    large, small = _two_lines(box, language)
    text = max(_text_width(large, _LARGE), _text_width(small, _SMALL)) + 24
    return text if box.look == BoxKind.MARK else max(text, _NARROWEST_BOX)


def _two_lines(box: Box, language: str) -> tuple[str, str]:
    return (box.title.en, box.title.zh) if language == "en" else (box.title.zh, box.title.en)


def _text_width(text: str, height: int) -> int:
    """The greatest possible width of `text`, in points."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return round(height * (wide + 0.6 * (len(text) - wide)))


class Painter:
    """Turns coordinates of the layout (y upwards) into those of SVG (y downwards)."""

    def __init__(self, height: float, language: str, marks: Marks | None) -> None:
        self._height, self._language, self._marks = height, language, marks

    def _point(self, text: str) -> tuple[float, float]:
        x, y = text.split(",")
        return float(x), self._height - float(y)

    def _faded(self, part: Arrow | Box) -> str:
        """Parts off the journey are dimmed."""
        if self._marks is None:
            return ""
        touched = part in self._marks.taken if isinstance(part, Arrow) else part.name in self._marks.visits
        return "" if touched else ' opacity="0.35"'

    def arrow(self, arrow: Arrow, place: Mapping[str, Any]) -> str:
        """The curve, from its first point; the marker at its last one reaches to the box."""
        points = [self._point(point) for point in place["pos"].split() if point[0] not in "es"]
        first, *rest = (f"{x:.1f},{y:.1f}" for x, y in points)
        width = 2.6 if self._marks and arrow in self._marks.taken else 1.5
        return f'<path d="M{first} C{" ".join(rest)}" {stroke(arrow.kind, width)}{self._faded(arrow)}/>'

    def right_of(self, arrow: Arrow, place: Mapping[str, Any]) -> float:
        """Return the x at which the arrow's label ends; 0 without one."""
        size = label_size(arrow, self._language)
        return self._point(place["lp"])[0] + size[0] / 2 if size else 0.0

    def label(self, arrow: Arrow, place: Mapping[str, Any]) -> str:
        texts = label_lines(arrow, self._language)
        if not texts:
            return ""
        x, y = self._point(place["lp"])
        top = y - LINE * (len(texts) - 1) / 2 + _LABEL * 0.36
        spans = "".join(
            f'<tspan x="{x:.1f}" y="{top + i * LINE:.1f}">{escape(text)}</tspan>' for i, text in enumerate(texts)
        )
        halo = f'stroke="{PALE}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"'
        return (
            f'<text class="label {arrow.kind}" font-size="{_LABEL}" fill="{ARROWS[arrow.kind][0]}" {halo}'
            f"{self._faded(arrow)}>{spans}</text>"
        )

    def box(self, box: Box, place: Mapping[str, Any]) -> str:
        x, y = self._point(place["pos"])
        width, height = box_width(box, self._language), BOX_HEIGHT
        fill, border = BOXES[box.look]
        corner = {BoxKind.MARK: height / 2, BoxKind.PEOPLE: 8, BoxKind.AUTOMATIC: 0}[box.look]
        shape = f'fill="{fill}" stroke="{border}" stroke-width="1.5"'
        left, top = x - width / 2, y - height / 2
        inner = ""
        if box.look == BoxKind.AUTOMATIC:
            sides = "".join(f"M{left + inset:.1f},{top:.1f} v{height}" for inset in (6, width - 6))
            inner = f'<path d="{sides}" stroke="{border}" stroke-width="1.2"/>'
        faint = "#cbd5e1" if box.look == BoxKind.MARK else FAINT
        large, small = _two_lines(box, self._language)
        return (
            f'<g class="box {box.look}"{self._faded(box)}>{self._ring(box, left, top, width, corner)}'
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width}" height="{height}" rx="{corner:g}" {shape}/>{inner}'
            f'<text class="large" x="{x:.1f}" y="{y - 2:.1f}" font-size="{_LARGE}" font-weight="600"'
            f' fill="{ink(box.look)}">{escape(large)}</text>'
            f'<text class="small" x="{x:.1f}" y="{y + 14:.1f}" font-size="{_SMALL}" fill="{faint}">'
            f"{escape(small)}</text></g>"
        )

    def _ring(self, box: Box, left: float, top: float, width: float, corner: float) -> str:
        """Around the box where the journey is now."""
        if self._marks is None or self._marks.here != box.name:
            return ""
        return (
            f'<rect class="here" x="{left - 5:.1f}" y="{top - 5:.1f}" width="{width + 10}" height="{BOX_HEIGHT + 10}"'
            f' rx="{corner + 5:g}" fill="none" stroke="#f59f00" stroke-width="3"/>'
        )

    def badges(self, box: Box, place: Mapping[str, Any]) -> str:
        """The numbers of the journey's visits at the box's lower edge; of many, the last ones."""
        numbers = [str(number) for number in self._marks.visits.get(box.name, ())] if self._marks else []
        if len(numbers) > _MOST_BADGES:
            numbers = ["…", *numbers[1 - _MOST_BADGES :]]
        x, y = self._point(place["pos"])
        right = x + box_width(box, self._language) / 2 - 4
        parts = []
        for i, number in enumerate(reversed(numbers)):
            cx, cy = right - i * (2 * _BADGE + 2), y + BOX_HEIGHT / 2 + _BADGE - 3
            parts.append(
                f'<g class="badge-of-visit"><circle cx="{cx:.1f}" cy="{cy:.1f}" r="{_BADGE}" fill="{INK}"'
                f' stroke="{PALE}" stroke-width="1.5"/><text x="{cx:.1f}" y="{cy + 3.6:.1f}" font-size="10"'
                f' font-weight="600" fill="{PALE}">{number}</text></g>'
            )
        return "".join(parts)


def stroke(kind: ArrowKind, width: float = 1.5) -> str:
    dashes = ' stroke-dasharray="5 3.5"' if kind in DASHED else ""
    return (
        f'class="arrow {kind}" fill="none" stroke="{ARROWS[kind][0]}" stroke-width="{width}"{dashes}'
        f' marker-end="url(#way-{kind})"'
    )


def markers(kinds: Collection[ArrowKind]) -> list[str]:
    """The heads of these arrows."""
    return [
        f'<marker id="way-{kind}" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="8" refX="0" refY="4"'
        f' orient="auto"><path class="head {kind}" d="M0,0.5 L8,4 L0,7.5 Z" fill="{tone}"/></marker>'
        for kind, (tone, _) in ARROWS.items()
        if kind in kinds
    ]


def legend_height(kinds: Collection[ArrowKind]) -> float:
    return 36 + (len(kinds) - 1) // _COLUMNS * LEGEND_LINE


def legend(kinds: Collection[ArrowKind], width: float, top: float, language: str, both: bool) -> list[str]:
    """A sample of each sort of arrow that the picture has, below it."""
    parts = []
    for i, (kind, (tone, meaning)) in enumerate((k, v) for k, v in ARROWS.items() if k in kinds):
        x, y = i % _COLUMNS * width / _COLUMNS, top + i // _COLUMNS * LEGEND_LINE
        said = f"{meaning.zh} · {meaning.en}" if both else meaning.en if language == "en" else meaning.zh
        parts.append(
            f'<path d="M{x:.1f},{y - 4:.1f} h22" {stroke(kind)}/>'
            f'<text class="key {kind}" x="{x + 38:.1f}" y="{y:.1f}" font-size="{_SMALL}" fill="{tone}"'
            f' text-anchor="start">{escape(said)}</text>'
        )
    return parts
