"""The faults found by pydantic are told in Chinese and in English, without the given value."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from dispatch.domain.model_faults import model_fault
from dispatch.domain.title import Wording, WrongValue

SECRET = "13800138000"


def _never(value: str) -> str:
    raise WrongValue("从不合适", "it never fits")


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=2, max_length=5, pattern="^[a-z]+$")] = "abc"
    count: Annotated[int, Field(ge=1, le=9)] = 1
    share: float = 0.5
    sure: bool = True
    kind: Literal["a", "b"] = "a"
    day: date = date(2026, 1, 1)
    at: AwareDatetime | None = None
    items: Annotated[list[str], Field(min_length=1, max_length=2)] = ["x"]
    inner: dict[str, str] = {}
    never: Annotated[str, AfterValidator(_never)] = ""


def faults(given: dict[str, Any]) -> list[Wording]:
    with pytest.raises(ValidationError) as wrong:
        Model.model_validate(given)
    return [model_fault(error) for error in wrong.value.errors()]


@pytest.mark.parametrize(
    ("given", "zh"),
    [
        ({"name": "a"}, "至少 2 个字符"),
        ({"name": "abcdef"}, "最多 5 个字符"),
        ({"name": "AB"}, "写法不对，应符合 ^[a-z]+$"),
        ({"count": 0}, "不得小于 1"),
        ({"count": SECRET}, "不得大于 9"),
        ({"count": f"x{SECRET}"}, "应为整数"),
        ({"share": SECRET + "x"}, "应为数"),
        ({"sure": SECRET}, "应为 true 或 false"),
        ({"kind": SECRET}, "应为 'a' 或 'b'"),
        ({"day": SECRET + "-"}, "应为日期，如 2026-01-31"),
        ({"at": "2026-01-31T14:00:00"}, "时间须带时区，如 2026-01-31T14:00:00+08:00"),
        ({"items": []}, "至少 1 项"),
        ({"items": SECRET}, "应为列表 […]"),
        ({"inner": SECRET}, "应为对象 {…}"),
        ({"other": SECRET}, "没有这一项"),
        ({"never": SECRET}, "从不合适"),
    ],
)
def test_a_fault_is_said_in_both_languages(given: dict[str, Any], zh: str) -> None:
    (fault,) = faults(given)
    assert fault.zh == zh
    assert fault.en
    assert not re.search("[\u4e00-\u9fff]", fault.en)
    assert SECRET not in fault.zh + fault.en
