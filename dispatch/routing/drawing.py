"""A flow on paper: Mermaid and DOT text, SVG, PNG.

graphviz-pure only places boxes and arrows; it knows no widths of Chinese letters, so the boxes bring their own sizes
and the SVG is written here. resvg makes the PNG, with a font that has the letters.
"""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from collections.abc import Mapping
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import resvg_py

from dispatch.errors import MissingPart
from dispatch.routing.graph import Arrow, Box, Kind, Look, arrows, boxes
from dispatch.routing.rulebook import Rulebook

_BOXES = {
    Look.PEOPLE: ("#eff6ff", "#3b6fd4"),
    Look.AUTOMATIC: ("#f0fdf4", "#2f9e5b"),
    Look.MARK: ("#334155", "#334155"),
}
"""Fill and border."""

_ARROWS = {
    Kind.ENTRY: ("#475569", "受理 · where it starts"),
    Kind.WORK: ("#1d4ed8", "派单 · asks another team"),
    Kind.BACK: ("#7c3aed", "回派 · back to the team that asked"),
    Kind.DONE: ("#15803d", "办结 · the team's work is done"),
    Kind.REOPEN: ("#c2410c", "重派 · reopened"),
    Kind.LIMIT: ("#be123c", "兜底 · went round too often"),
}
"""Tone, and what the legend says of it."""

_DASHED = (Kind.BACK, Kind.LIMIT)
_INK, _PALE, _FAINT = "#0f172a", "#ffffff", "#64748b"
_FAMILY = "Noto Sans CJK SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
_FONT_PACKAGE, _FONT_FILE = "manimgx_fonts_cjk", "NotoSansCJK-VF.otf.ttc"

_ZH, _EN, _LABEL = 15, 11, 12
"""Letter heights in points: the two lines of a box, the label of an arrow."""
_BOX_HEIGHT, _NARROWEST_BOX, _LINE, _MARGIN = 44, 124, 16, 16
_COLUMNS, _LEGEND_LINE, _LEGEND_WIDTH = 3, 20, 640


def mermaid(rulebook: Rulebook, flow: str) -> str:
    """The flow as a Mermaid flowchart, which GitHub draws in a Markdown file."""
    shapes = {Look.MARK: ("([", "])"), Look.PEOPLE: ("[", "]"), Look.AUTOMATIC: ("[[", "]]")}
    lines = ["flowchart TD"]
    for box in boxes(rulebook, flow):
        left, right = shapes[box.look]
        text = f"<b>{escape(box.title.zh)}</b><br/>{escape(box.title.en)}"
        lines.append(f'    {_id(box.name)}{left}"{text}"{right}:::{box.look}')
    drawn = arrows(rulebook, flow)
    for arrow in drawn:
        label = f'|"{"<br/>".join(map(escape, arrow.labels))}"|' if arrow.labels else ""
        line = "-.->" if arrow.kind in _DASHED else "-->"
        lines.append(f"    {_id(arrow.source)} {line}{label} {_id(arrow.target)}")
    for look, (fill, border) in _BOXES.items():
        lines.append(f"    classDef {look} fill:{fill},stroke:{border},color:{_ink(look)}")
    for kind, (tone, _) in _ARROWS.items():
        numbers = ",".join(str(i) for i, arrow in enumerate(drawn) if arrow.kind == kind)
        if numbers:
            lines.append(f"    linkStyle {numbers} stroke:{tone},color:{tone}")
    return "\n".join(lines) + "\n"


def _id(name: str) -> str:
    """Prefixed, because `end` is a word of Mermaid's own."""
    return "box_" + name.replace("-", "_")


def dot(rulebook: Rulebook, flow: str) -> str:
    """The flow as DOT, the sizes of boxes and labels given, their text left to `svg`."""
    lines = [
        "digraph flow {",
        "  graph [rankdir=TB, nodesep=0.12, ranksep=0.42]",
        f'  node [shape=box, fixedsize=true, height={_BOX_HEIGHT / 72:.3f}, label=""]',
        "  edge [arrowsize=0.75]",
    ]
    lines += [f'  "{box.name}" [width={_box_width(box) / 72:.3f}]' for box in boxes(rulebook, flow)]
    lines += [f'  "{arrow.source}" -> "{arrow.target}" [{_room(arrow)}]' for arrow in arrows(rulebook, flow)]
    return "\n".join([*lines, "}"]) + "\n"


def _room(arrow: Arrow) -> str:
    """An empty table of the label's size: the layout keeps the place free."""
    texts = _label_lines(arrow)
    if not texts:
        return ""
    width = max(_text_width(text, _LABEL) for text in texts) + 6
    cell = f'<td fixedsize="true" width="{width}" height="{_LINE * len(texts) + 4}"></td>'
    return f'label=<<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr>{cell}</tr></table>>'


def _label_lines(arrow: Arrow) -> list[str]:
    """A condition goes on a line of its own: narrow labels keep the picture narrow."""
    return [line for label in arrow.labels for line in label.replace("（", "\n（").splitlines()]


def _text_width(text: str, height: int) -> int:
    """How wide `text` is at most, in points."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return round(height * (wide + 0.6 * (len(text) - wide)))


def _box_width(box: Box) -> int:
    text = max(_text_width(box.title.zh, _ZH), _text_width(box.title.en, _EN)) + 24
    return text if box.look == Look.MARK else max(text, _NARROWEST_BOX)


# -- SVG --------------------------------------------------------------------------------------------


def svg(rulebook: Rulebook, flow: str) -> str:
    """The flow as SVG. Raises MissingPart when graphviz-pure isn't installed."""
    placed = _laid_out(dot(rulebook, flow))
    _, _, own_width, height = (float(number) for number in placed["bb"].split(","))
    width = max(own_width, _LEGEND_WIDTH)
    places = {each["name"]: each for each in placed["objects"]}
    painter = _Painter(height)
    drawn = arrows(rulebook, flow)
    kinds = {arrow.kind for arrow in drawn}
    whole = height + 36 + (len(kinds) - 1) // _COLUMNS * _LEGEND_LINE
    parts = [painter.arrow(arrow, place) for arrow, place in zip(drawn, placed["edges"], strict=True)]
    parts += [painter.box(box, places[box.name]) for box in boxes(rulebook, flow)]
    parts += [painter.label(arrow, place) for arrow, place in zip(drawn, placed["edges"], strict=True)]
    if width > own_width:  # a narrow flow stands in the middle above its legend
        parts = [f'<g transform="translate({(width - own_width) / 2:.1f},0)">', *parts, "</g>"]
    parts += _legend(kinds, width, height + 36)
    size = f"{width + 2 * _MARGIN:.0f} {whole + 2 * _MARGIN:.0f}"
    wide, high = size.split()
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}"'
            f' viewBox="{-_MARGIN} {-_MARGIN} {size}" font-family="{_FAMILY}" text-anchor="middle">',
            f"<title>{escape(flow)}</title>",
            *_markers(),
            f'<rect x="{-_MARGIN}" y="{-_MARGIN}" width="{wide}" height="{high}" rx="10" fill="{_PALE}"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _laid_out(text: str) -> Mapping[str, Any]:
    program = Path(sys.executable).parent / "graphviz-pure"
    try:
        done = subprocess.run([program, "-Tjson"], input=text, capture_output=True, encoding="utf-8", check=True)
    except FileNotFoundError:
        raise MissingPart(part="graphviz-pure", remedy="install the package `graphviz-pure`") from None
    placed: Mapping[str, Any] = json.loads(done.stdout)
    return placed


def _ink(look: Look) -> str:
    return _PALE if look == Look.MARK else _INK


def _markers() -> list[str]:
    return [
        f'<marker id="{kind}" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="8" refX="0" refY="4"'
        f' orient="auto"><path d="M0,0.5 L8,4 L0,7.5 Z" fill="{tone}"/></marker>'
        for kind, (tone, _) in _ARROWS.items()
    ]


def _stroke(kind: Kind) -> str:
    dashes = ' stroke-dasharray="5 3.5"' if kind in _DASHED else ""
    return f'fill="none" stroke="{_ARROWS[kind][0]}" stroke-width="1.5"{dashes} marker-end="url(#{kind})"'


class _Painter:
    """Turns places of the layout (y upwards) into SVG (y downwards)."""

    def __init__(self, height: float) -> None:
        self._height = height

    def _point(self, text: str) -> tuple[float, float]:
        x, y = text.split(",")
        return float(x), self._height - float(y)

    def arrow(self, arrow: Arrow, place: Mapping[str, Any]) -> str:
        """The curve, from its first point; the marker at its last one reaches to the box."""
        points = [self._point(point) for point in place["pos"].split() if point[0] not in "es"]
        first, *rest = (f"{x:.1f},{y:.1f}" for x, y in points)
        return f'<path d="M{first} C{" ".join(rest)}" {_stroke(arrow.kind)}/>'

    def label(self, arrow: Arrow, place: Mapping[str, Any]) -> str:
        texts = _label_lines(arrow)
        if not texts:
            return ""
        x, y = self._point(place["lp"])
        top = y - _LINE * (len(texts) - 1) / 2 + _LABEL * 0.36
        spans = "".join(
            f'<tspan x="{x:.1f}" y="{top + i * _LINE:.1f}">{escape(text)}</tspan>' for i, text in enumerate(texts)
        )
        halo = f'stroke="{_PALE}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"'
        return f'<text font-size="{_LABEL}" fill="{_ARROWS[arrow.kind][0]}" {halo}>{spans}</text>'

    def box(self, box: Box, place: Mapping[str, Any]) -> str:
        x, y = self._point(place["pos"])
        width, height = _box_width(box), _BOX_HEIGHT
        fill, border = _BOXES[box.look]
        corner = {Look.MARK: height / 2, Look.PEOPLE: 8, Look.AUTOMATIC: 0}[box.look]
        shape = f'fill="{fill}" stroke="{border}" stroke-width="1.5"'
        left, top = x - width / 2, y - height / 2
        inner = ""
        if box.look == Look.AUTOMATIC:
            sides = "".join(f"M{left + inset:.1f},{top:.1f} v{height}" for inset in (6, width - 6))
            inner = f'<path d="{sides}" stroke="{border}" stroke-width="1.2"/>'
        faint = "#cbd5e1" if box.look == Look.MARK else _FAINT
        return (
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width}" height="{height}" rx="{corner:g}" {shape}/>{inner}'
            f'<text x="{x:.1f}" y="{y - 2:.1f}" font-size="{_ZH}" font-weight="600" fill="{_ink(box.look)}">'
            f"{escape(box.title.zh)}</text>"
            f'<text x="{x:.1f}" y="{y + 14:.1f}" font-size="{_EN}" fill="{faint}">{escape(box.title.en)}</text>'
        )


def _legend(kinds: set[Kind], width: float, top: float) -> list[str]:
    """A sample of each sort of arrow that the picture has, below it."""
    parts = []
    for i, (kind, (tone, meaning)) in enumerate((k, v) for k, v in _ARROWS.items() if k in kinds):
        x, y = i % _COLUMNS * width / _COLUMNS, top + i // _COLUMNS * _LEGEND_LINE
        parts.append(
            f'<path d="M{x:.1f},{y - 4:.1f} h22" {_stroke(kind)}/>'
            f'<text x="{x + 38:.1f}" y="{y:.1f}" font-size="{_EN}" fill="{tone}" text-anchor="start">'
            f"{escape(meaning)}</text>"
        )
    return parts


# -- PNG --------------------------------------------------------------------------------------------


def png(rulebook: Rulebook, flow: str, *, zoom: float = 2) -> bytes:
    """The flow as PNG, `zoom` pixels a point. Raises MissingPart when a program or a font isn't installed."""
    return bytes(resvg_py.svg_to_bytes(svg_string=svg(rulebook, flow), font_files=[_font()], zoom=zoom))


def _font() -> str:
    package = find_spec(_FONT_PACKAGE)
    file = Path(package.origin).parent / _FONT_FILE if package and package.origin else None
    if file is None or not file.exists():
        raise MissingPart(part=_FONT_FILE, remedy="install the package `manimgx-fonts-cjk`")
    return str(file)
