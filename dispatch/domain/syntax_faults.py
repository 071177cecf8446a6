"""The parsers' messages about broken YAML and JSON, with a Chinese sentence before the commonest. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.domain.title import Wording

_ZH: Mapping[str, str] = {
    "mapping values are not allowed here": "这里不能有冒号：请检查缩进，含冒号的文字要加引号",
    "found character '\\t' that cannot start any token": "缩进要用空格，不能用制表符",
    "found character": "这个字符不能开头：请给文字加引号",
    "found unexpected end of stream": "引号没有成对",
    "found undefined alias": "“*”开头的文字要加引号",
    "could not find expected ':'": "缺少冒号",
    "expected ',' or ']'": "缺少逗号或“]”",
    "expected ',' or '}'": "缺少逗号或“}”",
    "expected <block end>": "缩进不对，或列表与键混在一起",
    "expected '<document start>'": "此前的内容已完整，这里多出了内容",
    "Expecting value": "这里应有一个值",
    "Expecting property name": "这里应有双引号括起的键",
    "Illegal trailing comma": "最后一项后不能有逗号",
    "Expecting ':' delimiter": "缺少冒号",
    "Expecting ',' delimiter": "缺少逗号，或括号没有成对",
    "Unterminated string": "双引号没有成对",
    "Invalid control character": "文字中不能直接换行，也不能有控制字符",
    "Invalid \\": "反斜杠后的写法不对",
    "Extra data": "JSON 已结束，其后多出了内容",
}
"""By the beginning of the message; the first that fits counts."""


def syntax_fault(message: str) -> Wording:
    """A parser's message, which is English. The Chinese wording keeps it in parentheses."""
    zh = next((zh for beginning, zh in _ZH.items() if message.startswith(beginning)), "写法有误")
    return Wording(f"{zh}（{message}）", message)
