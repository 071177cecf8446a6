"""Money: whole fen, written as yuan and in capital numerals. Pure.

An amount is an `int` of fen (分, 1/100 yuan) everywhere. Text is read at the edges and written only to show it.
"""

from __future__ import annotations

import re

from dispatch.domain import folding
from dispatch.domain.title import WrongValue

MOST = 999_999_999_99
"""Fen; the largest amount, of either sign."""

_YUAN = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]{1,2}))?", re.ASCII)


def read_yuan(text: str) -> int:
    """`700`, `700.5`, `700.50` as fen. Raises WrongValue for anything else."""
    found = _YUAN.fullmatch(text)
    if not found:
        raise WrongValue(
            "不是金额：请以元为单位写作 700 或 700.50，不带符号、逗号或空格",
            "this is no amount: write yuan as 700 or 700.50, with no sign, comma or space",
        )
    if len(found[1]) > len(str(MOST)):
        raise WrongValue(f"金额超过 {write_yuan(MOST)} 元", f"the amount is above {write_yuan(MOST)} yuan")
    return _within(int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")))


def typed_yuan(raw: str) -> int:
    """An amount as people type it, in fen: also `￥1,234.50`, `700元`, `７００。５`. Raises WrongValue."""
    return read_yuan(folding.amount(raw))


def write_yuan(fen: int, *, grouped: bool = False) -> str:
    """`700.00`, `-700.00`; grouped `1,234.50`. Without groups and sign `read_yuan` reads it back."""
    yuan, rest = divmod(abs(fen), 100)
    whole = f"{yuan:,}" if grouped else str(yuan)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"


def share(fen: int, part: int, whole: int) -> int:
    """The part of an amount, rounded half up to whole fen, such as the days of a month in service; `whole` is above
    0."""
    return (2 * fen * part + whole) // (2 * whole)


def capital(fen: int) -> str:
    """The amount in capital numerals 大写金额, without 人民币 before it: `柒佰元整`; red-letter: `负柒佰元整`.

    Source: annex 1 of 中国人民银行《支付结算办法》(银发〔1997〕393号); where 零 is optional, none is written. Raises
    WrongValue beyond `MOST`."""
    # Imported here: it takes 0.1 s, and only commands that print need it.
    from cn2an import an2cn

    return str(an2cn(write_yuan(_within(fen)), "rmb"))


def _within(fen: int) -> int:
    if abs(fen) > MOST:
        raise WrongValue(f"金额超过 {write_yuan(MOST)} 元", f"the amount is above {write_yuan(MOST)} yuan")
    return fen
