"""非我方来电 A caller who isn't ours is told whose business it is, and is referred there. Pure."""

from __future__ import annotations

import re

from dispatch.domain import folding
from dispatch.domain.title import Title, TitledEnum, Wording
from dispatch.errors import BadInput

_TYPED = re.compile(r"[(+]{0,2}[0-9 ().·-]{3,28}")
_BESIDE_DIGITS = re.compile(r"[ ().·-]")


class Whose(TitledEnum):
    """Operator whose line a caller speaks of."""

    TELECOM = "telecom", Title("中国电信", "China Telecom")
    UNICOM = "unicom", Title("中国联通", "China Unicom")
    BROADCASTING = "broadcasting", Title("中国广电", "China Broadnet")
    OTHER_PROVINCE = "other-province", Title("外省移动", "Our company in another province")
    UNKNOWN = "unknown", Title("不清楚", "Not known")


def read_caller(raw: str) -> str:
    """A telephone number of any kind as its digits: a stranger may call from a fixed line. Raises BadInput, which
    doesn't quote it."""
    typed = folding.phone(raw)
    digits = _BESIDE_DIGITS.sub("", typed)
    if not _TYPED.fullmatch(typed) or not 3 <= len(digits.strip("(+")) <= 20:
        raise BadInput(what=Wording("来电号码应为 3 至 20 位数字", "a caller's number has 3 to 20 digits"))
    return digits
