"""The faults that pydantic finds in data, worded in both languages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dispatch.domain.title import Wording, WrongValue

_ZH: Mapping[str, str] = {
    "missing": "缺少",
    "extra_forbidden": "没有这一项",
    "string_type": "应为文字",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "写法不对，应符合 {pattern}",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "数太大",
    "int_from_float": "应为整数",
    "float_type": "应为数",
    "float_parsing": "应为数",
    "finite_number": "应为有限的数",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "不得小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "不得大于 {le}",
    "literal_error": "应为 {expected}",
    "enum": "应为 {expected}",
    "date_type": "应为日期，如 2026-01-31",
    "date_parsing": "应为日期，如 2026-01-31",
    "date_from_datetime_parsing": "应为日期，如 2026-01-31",
    "date_from_datetime_inexact": "应为日期，不带时间",
    "datetime_type": "应为时间，如 2026-01-31T14:00:00+08:00",
    "datetime_parsing": "应为时间，如 2026-01-31T14:00:00+08:00",
    "datetime_from_date_parsing": "应为时间，如 2026-01-31T14:00:00+08:00",
    "timezone_aware": "时间须带时区，如 2026-01-31T14:00:00+08:00",
    "json_invalid": "JSON 有误（{error}）",
    "json_type": "应为 JSON",
    "dict_type": "应为对象 {{…}}",
    "model_type": "应为对象 {{…}}",
    "model_attributes_type": "应为对象 {{…}}",
    "list_type": "应为列表 […]",
    "tuple_type": "应为列表 […]",
    "bytes_type": "应为字节",
    "uuid_parsing": "应为 UUID",
    "url_parsing": "应为网址",
}


_EN: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "there is no such field",
    "json_invalid": "JSON: {error}",
    "string_pattern_mismatch": "should match {pattern}",
}
"""English messages for the kinds of faults about which pydantic's own message says too little."""


def model_fault(error: Mapping[str, Any]) -> Wording:
    """The wording of one entry of `ValidationError.errors()`. The faulty value is left out: it may be personal data."""
    kind, context = str(error["type"]), error.get("ctx") or {}
    said = context.get("error")
    if isinstance(said, WrongValue):
        return said.what
    own = str(error["msg"]).removeprefix("Value error, ")
    en = _EN[kind].format_map(context) if kind in _EN else own
    if kind not in _ZH:
        return Wording(f"值有误（{en}）", en)
    choices = {"expected": str(context.get("expected", "")).replace(" or ", " 或 ")}
    return Wording(_ZH[kind].format_map({**context, **choices}), en)
