"""Each file in tests/bad_rules breaks one rule of the loader; its first lines say the expected message and place."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from dispatch.errors import BadRules
from dispatch.routing import checks
from dispatch.routing.loader import parse

FILES = sorted((Path(__file__).parent.parent / "bad_rules").glob("*.yaml"))


def expected(file: Path) -> list[str]:
    return re.findall(r"^# expect: (.*)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)


def told(text: str) -> list[str]:
    with pytest.raises(BadRules) as refused:
        parse(text, "rules.yaml")
    return [line.removeprefix("rules.yaml:") for line in refused.value.lines]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_broken_file_is_refused_with_every_fault_at_its_line_and_column(file: Path) -> None:
    assert expected(file)
    assert told(file.read_text(encoding="utf-8")) == expected(file)


def messages() -> list[str]:
    """Return every message that checks.py can give, as a pattern in which filled-in parts may be anything."""
    patterns = []
    for node in ast.walk(ast.parse(inspect.getsource(checks))):
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            patterns.append(_pattern(node.value.elts[1]))
    return patterns


def _pattern(message: ast.expr) -> str:
    match message:
        case ast.Constant(value=str(text)):
            return re.escape(text)
        case ast.JoinedStr(values=parts):
            return "".join(_pattern(part) for part in parts)
        case ast.Call(func=ast.Name(id="Wording"), args=[_, english]):
            return _pattern(english)
        case ast.Name(id=name):
            return re.escape(str(getattr(checks, name)))
        case ast.Call(func=ast.Name(id="unknown"), args=[kind, *_]):
            return f"unknown {_pattern(kind)} '"
        case ast.FormattedValue():
            return ".+"
    raise AssertionError(f"a message of a new form, line {message.lineno} of checks.py")


@pytest.mark.parametrize("message", sorted(set(messages())))
def test_every_message_of_the_checks_is_produced_by_a_broken_file(message: str) -> None:
    every = [line for file in FILES for line in expected(file)]
    assert any(re.match(rf"\d+:\d+: {message}", line) for line in every)


def test_ten_different_faults_in_one_file_give_ten_lines() -> None:
    text = """\
version: 2
categories: {network: {zh: 网络故障, en: Network fault}}
limits:
  hops: 1
  reopens: 1
  reopens: 2
  then: boss
  urges: {at_most: 1, every: soon}
  hold: 30d
  survey: {attempts: 1, every: 1d, by: sms}
teams:
  noc: {title: {zh: 网管监控, en: NOC}, members: [nok], respond_within: 15m, finish_within: 2h, passes_on_to: [archive]}
  boss: {title: {zh: 主管, en: Boss}, members: [supervisor], respond_within: 15m, finish_within: 2h}
  archive: {title: {zh: 归档, en: Archive}, automatic: true}
findings:
  fixed: {title: {zh: 已修复, en: Fixed}, evidence: [power]}
flows:
  fault:
    start: noc
    teams:
      noc: {fixed: [{when: {category: system}, to: archive}]}
      boss: {fixed: archive}
      archive: {fixed: end}
"""
    assert told(text) == [
        "1:10: 'version' must be 1, not 2",
        "4:9: 'hops' must be at least 2, not 1",
        "6:3: duplicate key 'reopens', first given on line 5",
        "8:30: 'soon' is no duration: write 90s, 15m, 2h, 1h30m or 7d",
        "10:36: unknown key 'by'",
        "12:47: unknown role 'nok'; did you mean 'noc'?",
        "12:108: 'archive' is automatic, nobody there takes work over",
        "16:51: unknown evidence 'power'; known are: none",
        "21:21: the last rule needs no `when`: without a default a case could be unroutable",
        "21:29: unknown value of category 'system'; known are: network",
    ]
