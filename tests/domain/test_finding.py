"""Evidence: the pieces that a report must bring, and the error when one is missing or wrong."""

from __future__ import annotations

import pytest

from dispatch.domain.finding import Evidence, Value
from dispatch.domain.text import LONGEST_TEXT
from dispatch.domain.title import Wording, WrongValue
from tests.strategies import RULEBOOK

ON_SITE = RULEBOOK.findings["fixed-on-site"]
GOOD: dict[str, Value] = {"cause": "connector", "optical-power": -21.5, "customer-confirmed": True}


def piece(name: str) -> Evidence:
    return next(each for each in ON_SITE.evidence if each.name == name)


def test_complete_evidence_is_taken_as_it_is() -> None:
    assert ON_SITE.read(GOOD) == (GOOD, [])


def test_evidence_typed_at_a_terminal_becomes_a_number_and_a_truth_value() -> None:
    good, faults = ON_SITE.read({"cause": "power", "optical-power": "-21.5", "customer-confirmed": "Yes"})
    assert good == {"cause": "power", "optical-power": -21.5, "customer-confirmed": True}
    assert faults == []


@pytest.mark.parametrize("typed", ["yes", "Y", "true", "TRUE", " 是 ", "对", "ＹＥＳ", True])
def test_a_yes_is_accepted_in_either_language(typed: str | bool) -> None:
    assert piece("customer-confirmed").read(typed) is True


@pytest.mark.parametrize("typed", ["no", "N", "false", "否", "不是", "错", "ｎｏ", False])
def test_a_no_is_accepted_in_either_language(typed: str | bool) -> None:
    assert piece("customer-confirmed").read(typed) is False


@pytest.mark.parametrize("typed", ["", "maybe", "是否", "1", "好"])
def test_any_answer_but_yes_and_no_is_refused_in_both_languages(typed: str) -> None:
    with pytest.raises(WrongValue) as refused:
        piece("customer-confirmed").read(typed)
    assert refused.value.what.zh == f"customer-confirmed（客户当面确认）“{typed}”既不是“是”也不是“否”"
    assert refused.value.what.en == f"customer-confirmed: {typed!r} is neither yes nor no"


def test_every_missing_piece_is_named_at_once_with_its_chinese_title() -> None:
    _, faults = ON_SITE.read({})
    assert list(map(str, faults)) == [
        "cause (Cause) is missing",
        "optical-power (Received optical power) is missing",
        "customer-confirmed (Customer confirmed) is missing",
    ]


def test_an_optional_piece_may_be_absent_but_not_empty() -> None:
    assert ON_SITE.read({**GOOD, "remark": "  "})[1] == [Wording("remark（说明）是空的", "remark: is empty")]


def test_text_is_trimmed_and_bounded() -> None:
    assert piece("remark").read("  换了跳线 ") == "换了跳线"
    with pytest.raises(ValueError, match=f"at most {LONGEST_TEXT}"):
        piece("remark").read("长" * (LONGEST_TEXT + 1))


def test_unexpected_evidence_is_refused() -> None:
    assert ON_SITE.read({**GOOD, "colour": "red"})[1] == [
        Wording("fixed-on-site（现场修复）不需要佐证 colour", "colour: not asked for by fixed-on-site")
    ]


def test_unexpected_pieces_are_named_in_a_fixed_order() -> None:
    _, faults = ON_SITE.read({**GOOD, **dict.fromkeys("zyxwv", "1")})
    assert list(map(str, faults)) == [f"{name}: not asked for by fixed-on-site" for name in "zyxwv"]


def test_a_choice_outside_the_list_is_refused_with_the_list() -> None:
    with pytest.raises(ValueError, match="'rain' is none of configuration, equipment"):
        piece("cause").read("rain")


@pytest.mark.parametrize("raw", ["bright", "nan", "inf", "", True])
def test_a_malformed_number_is_refused(raw: Value) -> None:
    with pytest.raises(ValueError, match="is no number"):
        piece("optical-power").read(raw)


@pytest.mark.parametrize("raw", [-40, 10, "-40"])
def test_a_number_may_equal_its_bounds(raw: Value) -> None:
    assert piece("optical-power").read(raw) == float(raw)


def test_a_number_outside_its_bounds_is_refused_with_unit_and_bounds() -> None:
    with pytest.raises(ValueError, match="-41 dBm is outside -40 … 10 dBm"):
        piece("optical-power").read(-41)


def test_a_yes_or_no_question_takes_no_third_answer() -> None:
    assert piece("customer-confirmed").read("no") is False
    with pytest.raises(ValueError, match="neither yes nor no"):
        piece("customer-confirmed").read("maybe")
