"""收款方式: how a customer pays, and gets money back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dispatch.domain.title import Title

Method = Literal["cash", "card", "wechat", "alipay", "bank", "bill"]

METHODS: Mapping[str, Title] = {
    "cash": Title("现金", "Cash"),
    "card": Title("刷卡", "Card"),
    "wechat": Title("微信支付", "WeChat Pay"),
    "alipay": Title("支付宝", "Alipay"),
    "bank": Title("银行转账", "Bank transfer"),
    "bill": Title("计入账单", "On the next bill"),
}

KINDS: Mapping[str, Title] = {"charge": Title("收费", "charge"), "refund": Title("退费", "refund")}
"""Which way the money goes."""

WITHOUT_REFERENCE = frozenset({"cash", "bill"})
"""Methods by which no system outside names the payment; with any other its reference 交易参考号 is kept."""

BILL: Method = "bill"
BANK: Method = "bank"

MOST_PARTS = 3
"""In which one sum may be paid, each by a method of its own."""
