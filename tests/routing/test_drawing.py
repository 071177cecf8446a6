"""The picture of a flow has all its parts and stays readable."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from dispatch.cli.rules import rules
from dispatch.errors import MissingPart
from dispatch.routing.drawing import dot, mermaid, svg
from dispatch.routing.graph import ANYWHERE, START, Arrow, ArrowKind, BoxKind, arrows, boxes
from dispatch.routing.loader import parse
from tests.strategies import FLOW, RULEBOOK, RULES


def labels(arrow: Arrow) -> tuple[str, ...]:
    return tuple(label.zh for label in arrow.labels)


ARROWS = {(arrow.source, arrow.target, arrow.kind): labels(arrow) for arrow in arrows(RULEBOOK, FLOW)}


def test_every_team_of_the_flow_is_a_box_and_the_automatic_ones_look_different() -> None:
    looks = {box.name: box.look for box in boxes(RULEBOOK, FLOW)}
    assert set(RULEBOOK.flows[FLOW]) <= set(looks)
    assert looks["archive"] == looks["callback-survey"] == BoxKind.AUTOMATIC
    assert looks["noc"] == BoxKind.PEOPLE
    assert looks[START] == looks["end"] == BoxKind.MARK


def test_sender_is_drawn_back_to_each_team_that_asks() -> None:
    back = {(source, target) for source, target, kind in ARROWS if kind == ArrowKind.BACK}
    assert back == {(team, asker) for team in ("transmission", "data-network") for asker in ("noc", "installer")}


def test_an_arrow_says_the_finding_and_its_condition_in_chinese() -> None:
    assert ARROWS["noc", "data-network", ArrowKind.WORK] == ("局内障碍（数据设备、路由）",)
    assert ARROWS["noc", "transmission", ArrowKind.WORK] == ("局内障碍（其余）",)
    assert ARROWS[START, "system-support", ArrowKind.ENTRY] == ("系统故障",)


def test_findings_with_the_same_target_share_an_arrow() -> None:
    assert ARROWS["callback-survey", "end", ArrowKind.DONE] == ("满意", "不满意", "联系不上")


def test_the_limits_lead_from_any_team_to_the_supervisor() -> None:
    assert ARROWS[ANYWHERE, "supervisor", ArrowKind.LIMIT] == ("派单满 40 次", "重派满 3 次")


def test_an_order_that_an_automatic_team_sends_to_people_before_its_archive_is_not_reopened() -> None:
    drawn = {(arrow.source, arrow.target, arrow.kind): labels(arrow) for arrow in arrows(RULEBOOK, "construction")}
    assert drawn["provisioning", "construction", ArrowKind.WORK] == ("线路已配置",)
    assert ArrowKind.REOPEN not in {kind for _, _, kind in drawn}
    assert drawn[ANYWHERE, "supervisor", ArrowKind.LIMIT] == ("派单满 40 次",)


def test_a_condition_on_a_number_is_said_with_its_bound() -> None:
    text = RULES.read_text(encoding="utf-8").replace(
        "- {name: system, when: {category: system}, to: system-support}",
        "- {when: {priority: {at_least: 3}, area: [east, west]}, to: system-support}",
    )
    (entry, *_) = arrows(parse(text, "rules.yaml"), FLOW)
    assert labels(entry) == ("优先级 ≥ 3，片区 = east、west",)


def test_mermaid_text_has_every_box_and_dashed_arrows_back() -> None:
    text = mermaid(RULEBOOK, FLOW)
    assert text.startswith("flowchart TD\n")
    assert 'box_noc["<b>网管监控</b><br/>NOC"]:::people' in text
    assert 'box_transmission -.->|"已修复"| box_installer' in text
    assert not re.search(r"\bend\b", text)  # a keyword of Mermaid


def test_mermaid_and_dot_escape_their_special_characters_in_titles() -> None:
    text = RULES.read_text(encoding="utf-8").replace("en: NOC", 'en: "N<O>\\"C\\" & |]"')
    rulebook = parse(text, "rules.yaml")
    assert "N&lt;O&gt;&quot;C&quot; &amp; |]" in mermaid(rulebook, FLOW)
    assert ElementTree.fromstring(svg(rulebook, FLOW)).tag.endswith("svg")


def test_the_svg_shows_both_titles_of_every_box() -> None:
    shown = {element.text for element in ElementTree.fromstring(svg(RULEBOOK, FLOW)).iter() if element.text}
    for box in boxes(RULEBOOK, FLOW):
        assert {box.title.zh, box.title.en} <= shown


def test_no_two_labels_and_no_label_and_box_of_the_svg_overlap() -> None:
    page = ElementTree.fromstring(svg(RULEBOOK, FLOW))
    places = [label_place(text) for text in page.findall(".//{*}text") if text.find("{*}tspan") is not None]
    rects = page.findall(".//{*}rect")[1:]  # the first box is the paper
    places += [tuple(float(rect.attrib[side]) for side in ("x", "y", "width", "height")) for rect in rects]
    assert len(places) > 25
    for i, one in enumerate(places):
        assert not any(overlap(one, other) for other in places[:i])


Place = tuple[float, ...]


def label_place(text: ElementTree.Element) -> Place:
    lines = text.findall("{*}tspan")
    size = float(text.attrib["font-size"])
    width = max(size * sum(1.0 if ord(letter) > 255 else 0.5 for letter in line.text or "") for line in lines)
    x, y = float(lines[0].attrib["x"]), float(lines[0].attrib["y"])
    return x - width / 2, y - size * 0.8, width, float(lines[-1].attrib["y"]) - y + size


def overlap(one: Place, other: Place) -> bool:
    (x, y, w, h), (a, b, c, d) = one, other
    return x < a + c and a < x + w and y < b + d and b < y + h


def test_the_svg_fits_a_readmes_width() -> None:
    assert float(ElementTree.fromstring(svg(RULEBOOK, FLOW)).attrib["width"]) <= 1100


def test_rules_show_writes_a_png_twice_as_large_as_the_svg_and_prints_nothing(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        rules, ["show", str(RULES), "--svg", str(tmp_path / "a.svg"), "--png", str(tmp_path / "a.png")]
    )
    assert (result.exit_code, result.stdout) == (0, "")
    page = ElementTree.fromstring((tmp_path / "a.svg").read_text(encoding="utf-8")).attrib
    picture = (tmp_path / "a.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    size = int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big")
    assert size == (2 * int(page["width"]), 2 * int(page["height"]))


def test_a_missing_layout_program_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(MissingPart, match="graphviz-pure is not there: install"):
        svg(RULEBOOK, FLOW)


def test_the_same_rules_give_the_same_text() -> None:
    assert dot(RULEBOOK, FLOW) == dot(RULEBOOK, FLOW)
    assert svg(RULEBOOK, FLOW) == svg(RULEBOOK, FLOW)


def test_the_published_picture_is_drawn_from_the_rules() -> None:
    published = RULES.parent / "docs" / "rules.svg"
    assert published.read_text(encoding="utf-8") == svg(RULEBOOK, FLOW), "dispatch rules show --svg docs/rules.svg"


def test_rules_show_prints_mermaid_when_output_is_not_a_terminal() -> None:
    assert CliRunner().invoke(rules, ["show", str(RULES)]).stdout == mermaid(RULEBOOK, FLOW)
