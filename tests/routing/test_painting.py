"""A journey on the drawing of its flow: the arrows taken, the marks, and the description in words."""

from __future__ import annotations

from xml.etree import ElementTree

from dispatch.routing.drawing import svg
from dispatch.routing.graph import ANYWHERE, START, ArrowKind, JourneyStep, arrows, arrows_taken
from dispatch.routing.painting import Marks
from tests.strategies import FLOW, RULEBOOK

OWN = arrows(RULEBOOK, FLOW)
TO_NOC = JourneyStep(1, START, "noc", "flows.fault.start.otherwise")


def taken(*steps: JourneyStep) -> dict[tuple[str, str, ArrowKind], list[int]]:
    found = arrows_taken(RULEBOOK, OWN, steps)
    return {(arrow.source, arrow.target, arrow.kind): numbers for arrow, numbers in found.items()}


def test_a_journey_takes_the_arrows_of_its_rules() -> None:
    out = JourneyStep(2, "noc", "installer", "flows.fault.noc.outside-plant")
    assert taken(TO_NOC, out) == {(START, "noc", ArrowKind.ENTRY): [1], ("noc", "installer", ArrowKind.WORK): [2]}


def test_a_return_to_the_sender_and_a_rule_to_the_same_team_are_two_arrows() -> None:
    assert taken(JourneyStep(3, "transmission", "noc", "flows.fault.transmission.fixed")) == {
        ("transmission", "noc", ArrowKind.BACK): [3]
    }
    assert taken(JourneyStep(3, "transmission", "noc", "flows.fault.transmission.not-ours")) == {
        ("transmission", "noc", ArrowKind.WORK): [3]
    }


def test_a_way_taken_twice_is_one_arrow_with_both_numbers() -> None:
    ask, back = "flows.fault.installer.line-fault", "flows.fault.transmission.fixed"
    there = [JourneyStep(number, "installer", "transmission", ask) for number in (3, 5)]
    assert taken(*there, JourneyStep(4, "transmission", "installer", back)) == {
        ("installer", "transmission", ArrowKind.WORK): [3, 5],
        ("transmission", "installer", ArrowKind.BACK): [4],
    }


def test_a_pass_on_has_its_own_arrow_even_beside_one_of_the_rules() -> None:
    steps = [
        JourneyStep(2, "noc", "installer", "teams.noc.passes_on_to"),
        JourneyStep(3, "installer", "noc", "hand back"),
    ]
    assert taken(*steps) == {("noc", "installer", ArrowKind.HAND): [2], ("installer", "noc", ArrowKind.HAND): [3]}


def test_the_limits_and_the_end_are_drawn_as_ways_too() -> None:
    assert taken(JourneyStep(41, "noc", "supervisor", "limits.hops")) == {
        (ANYWHERE, "supervisor", ArrowKind.LIMIT): [41]
    }
    assert taken(JourneyStep(4, "callback-survey", "end")) == {("callback-survey", "end", ArrowKind.DONE): [4]}


def marked(language: str = "zh") -> ElementTree.Element:
    steps = (TO_NOC, JourneyStep(2, "noc", "noc", "teams.noc.passes_on_to"))
    way = arrows_taken(RULEBOOK, OWN, steps)
    marks = Marks("工单 <F1>", "1 网管监控", {START: (), "noc": (1, 2)}, tuple(way), "noc")
    return ElementTree.fromstring(svg(RULEBOOK, FLOW, marks, language))


def test_the_picture_numbers_visits_rings_the_present_team_and_fades_the_rest() -> None:
    page = marked()
    badges = page.findall(".//{*}g[@class='badge-of-visit']/{*}text")
    assert sorted(badge.text or "" for badge in badges) == ["1", "2"]
    assert len(page.findall(".//{*}rect[@class='here']")) == 1
    boxes = {box.findtext("{*}text"): box.get("opacity") for box in page.findall(".//{*}g[@class='box people']")}
    assert boxes["网管监控"] is None
    assert boxes["装维"] == "0.35"
    assert all(path.get("opacity") is None for path in page.findall(".//{*}path[@class='arrow hand']"))


def test_the_picture_describes_itself_in_words() -> None:
    page = marked()
    assert page.get("role") == "img"
    assert (page.findtext("{*}title"), page.findtext("{*}desc")) == ("工单 <F1>", "1 网管监控")
    assert page.get("aria-labelledby") == "flow-title flow-told"


def test_the_picture_is_english_for_english_readers() -> None:
    large = {text.text for text in marked("en").findall(".//{*}text[@class='large']")}
    assert {"NOC", "Installers"} <= large
    said = {text.text for text in marked("en").iter() if text.text}
    assert "Outside-plant" in " ".join(said)
    assert "其余" not in said


def test_only_the_last_of_many_visits_are_numbered() -> None:
    marks = Marks("t", "t", {"noc": tuple(range(1, 13))}, (), "noc")
    page = ElementTree.fromstring(svg(RULEBOOK, FLOW, marks))
    badges = page.findall(".//{*}g[@class='badge-of-visit']/{*}text")
    assert [badge.text for badge in badges] == ["12", "11", "10", "9", "…"]


def test_visit_numbers_cover_no_boxs_name() -> None:
    page = marked()
    highest = min(float(mark.get("cy", "")) - float(mark.get("r", "")) for mark in page.findall(".//{*}circle"))
    name = next(text for text in page.iter() if text.text == "NOC")
    assert highest > float(name.get("y", ""))
