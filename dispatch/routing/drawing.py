"""A flow as Mermaid, DOT, SVG or PNG, with a journey on it.

graphviz-pure only places boxes and arrows; it knows no widths of Chinese letters, so the boxes bring their own sizes
and the SVG is written by `painting`. resvg makes the PNG, with a font that has the letters.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import resvg_py

from dispatch.domain.title import Wording
from dispatch.errors import MissingPart
from dispatch.routing import painting
from dispatch.routing.graph import Arrow, BoxKind, arrows, boxes
from dispatch.routing.painting import ARROWS, BOXES, DASHED, FAMILY, MARGIN, PALE, Marks, Painter
from dispatch.routing.rulebook import Rulebook

_FONT_PACKAGE, _FONT_FILE = "manimgx_fonts_cjk", "NotoSansCJK-VF.otf.ttc"


def mermaid(rulebook: Rulebook, flow: str) -> str:
    """The flow as a Mermaid flowchart, which GitHub draws in a Markdown file."""
    shapes = {BoxKind.MARK: ("([", "])"), BoxKind.PEOPLE: ("[", "]"), BoxKind.AUTOMATIC: ("[[", "]]")}
    lines = ["flowchart TD"]
    for box in boxes(rulebook, flow):
        left, right = shapes[box.look]
        text = f"<b>{escape(box.title.zh)}</b><br/>{escape(box.title.en)}"
        lines.append(f'    {_id(box.name)}{left}"{text}"{right}:::{box.look}')
    drawn = arrows(rulebook, flow)
    for arrow in drawn:
        label = f'|"{"<br/>".join(escape(label.zh) for label in arrow.labels)}"|' if arrow.labels else ""
        line = "-.->" if arrow.kind in DASHED else "-->"
        lines.append(f"    {_id(arrow.source)} {line}{label} {_id(arrow.target)}")
    for look, (fill, border) in BOXES.items():
        lines.append(f"    classDef {look} fill:{fill},stroke:{border},color:{painting.ink(look)}")
    for kind, (tone, _) in ARROWS.items():
        numbers = ",".join(str(i) for i, arrow in enumerate(drawn) if arrow.kind == kind)
        if numbers:
            lines.append(f"    linkStyle {numbers} stroke:{tone},color:{tone}")
    return "\n".join(lines) + "\n"


def _id(name: str) -> str:
    """Prefixed, because `end` is a Mermaid keyword."""
    return "box_" + name.replace("-", "_")


def dot(rulebook: Rulebook, flow: str, language: str = "zh", added: Sequence[Arrow] = ()) -> str:
    """The flow, with arrows `added`, as DOT: the sizes of boxes and labels given, their text left to `svg`."""
    lines = [
        "digraph flow {",
        "  graph [rankdir=TB, nodesep=0.12, ranksep=0.42]",
        f'  node [shape=box, fixedsize=true, height={painting.BOX_HEIGHT / 72:.3f}, label=""]',
        "  edge [arrowsize=0.75]",
    ]
    drawn = (*arrows(rulebook, flow), *added)
    lines += [f'  "{b.name}" [width={painting.box_width(b, language) / 72:.3f}]' for b in boxes(rulebook, flow)]
    lines += [f'  "{arrow.source}" -> "{arrow.target}" [{_room(arrow, language)}]' for arrow in drawn]
    return "\n".join([*lines, "}"]) + "\n"


def _room(arrow: Arrow, language: str) -> str:
    """An empty table of the label's size: the layout keeps the place free."""
    size = painting.label_size(arrow, language)
    if size is None:
        return ""
    cell = f'<td fixedsize="true" width="{size[0]}" height="{size[1]}"></td>'
    return f'label=<<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr>{cell}</tr></table>>'


# -- SVG --------------------------------------------------------------------------------------------


def svg(rulebook: Rulebook, flow: str, marks: Marks | None = None, language: str = "zh") -> str:
    """The flow as SVG, with a journey's `marks` on it. Raises MissingPart when graphviz-pure isn't installed."""
    own = arrows(rulebook, flow)
    added = tuple(arrow for arrow in marks.taken if arrow not in own) if marks else ()
    drawn, kinds = (*own, *added), {arrow.kind for arrow in (*own, *added)}
    placed = _laid_out(dot(rulebook, flow, language, added))
    _, _, bounded, height = (float(number) for number in placed["bb"].split(","))
    places = {each["name"]: each for each in placed["objects"]}
    ways = list(zip(drawn, placed["edges"], strict=True))
    painter = Painter(height, language, marks)
    own_width = max(bounded, *(painter.right_of(*way) for way in ways))  # a label may reach beyond the bounding box
    width = max(own_width, painting.LEGEND_WIDTH)
    stations = [(box, places[box.name]) for box in boxes(rulebook, flow)]
    parts = [painter.arrow(*way) for way in ways]
    parts += [painter.box(*station) for station in stations]
    parts += [painter.label(*way) for way in ways]
    parts += [badges for station in stations if (badges := painter.badges(*station))]
    if width > own_width:  # a narrow flow stands in the middle above its legend
        parts = [f'<g transform="translate({(width - own_width) / 2:.1f},0)">', *parts, "</g>"]
    parts += painting.legend(kinds, width, height + 36, language, both=marks is None)
    wide, high = f"{width + 2 * MARGIN:.0f}", f"{height + painting.legend_height(kinds) + 2 * MARGIN:.0f}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}"'
            f' viewBox="{-MARGIN} {-MARGIN} {wide} {high}" font-family="{FAMILY}" text-anchor="middle"{_named(marks)}>',
            *_said(flow, marks),
            *painting.markers(kinds),
            f'<rect class="paper" x="{-MARGIN}" y="{-MARGIN}" width="{wide}" height="{high}" rx="10" fill="{PALE}"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _named(marks: Marks | None) -> str:
    return ' class="flow" role="img" aria-labelledby="flow-title flow-told"' if marks else ""


def _said(flow: str, marks: Marks | None) -> list[str]:
    if marks is None:
        return [f"<title>{escape(flow)}</title>"]
    title, told = escape(marks.title), escape(marks.told)
    return [f'<title id="flow-title">{title}</title>', f'<desc id="flow-told">{told}</desc>']


def _laid_out(text: str) -> Mapping[str, Any]:
    return _run(Path(sys.executable).parent / "graphviz-pure", text)


@functools.lru_cache(maxsize=128)
def _run(program: Path, text: str) -> Mapping[str, Any]:
    """The layout, cached: pages ask for it again and again. Raises MissingPart."""
    try:
        done = subprocess.run([program, "-Tjson"], input=text, capture_output=True, encoding="utf-8", check=True)
    except FileNotFoundError:
        raise MissingPart(
            part="graphviz-pure",
            remedy=Wording("请安装软件包 `graphviz-pure`", "install the package `graphviz-pure`"),
        ) from None
    placed: Mapping[str, Any] = json.loads(done.stdout)
    return placed


# -- PNG --------------------------------------------------------------------------------------------


def png(rulebook: Rulebook, flow: str, *, zoom: float = 2) -> bytes:
    """The flow as PNG, `zoom` pixels a point. Raises MissingPart when a program or a font isn't installed."""
    return bytes(resvg_py.svg_to_bytes(svg_string=svg(rulebook, flow), font_files=[_font()], zoom=zoom))


def _font() -> str:
    package = find_spec(_FONT_PACKAGE)
    file = Path(package.origin).parent / _FONT_FILE if package and package.origin else None
    if file is None or not file.exists():
        raise MissingPart(
            part=_FONT_FILE,
            remedy=Wording("请安装软件包 `manimgx-fonts-cjk`", "install the package `manimgx-fonts-cjk`"),
        )
    return str(file)
