"""A parser's message about broken YAML or JSON has a Chinese sentence before it."""

from __future__ import annotations

import json

import pytest

from dispatch.domain.syntax_faults import syntax_fault
from dispatch.routing.strict_yaml import read


@pytest.mark.parametrize(
    ("broken", "zh"),
    [
        ("a: [1", "缺少逗号或“]”（"),
        ("a: b: c", "这里不能有冒号"),
        ("a:\n\t- b", "缩进要用空格"),
        ("a: @x", "这个字符不能开头"),
        ('a: "x', "引号没有成对（"),
        ("- a\nb: c", "缩进不对"),
    ],
)
def test_broken_yaml_is_told_in_chinese_with_the_parsers_words(broken: str, zh: str) -> None:
    [fault] = read(broken).faults
    assert fault.message.zh.startswith(f"不是 YAML：{zh}")
    assert fault.message.zh.endswith(f"（{fault.message.en.removeprefix('not YAML: ')}）")


@pytest.mark.parametrize(
    ("broken", "zh"),
    [
        ("", "这里应有一个值（"),
        ("{'a': 1}", "这里应有双引号括起的键（"),
        ('{"a": 1', "缺少逗号"),
        ('"x', "双引号没有成对（"),
        ("{} x", "JSON 已结束"),
    ],
)
def test_broken_json_is_told_in_chinese_with_the_parsers_words(broken: str, zh: str) -> None:
    with pytest.raises(json.JSONDecodeError) as wrong:
        json.loads(broken)
    told = syntax_fault(wrong.value.msg)
    assert told.zh.startswith(zh)
    assert told.en in told.zh


def test_a_message_that_is_not_known_is_kept_in_parentheses() -> None:
    assert syntax_fault("out of luck").zh == "写法有误（out of luck）"
