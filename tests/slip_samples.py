"""Samples of slips and invoices in the counter's form."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from dispatch.domain.title import Title
from dispatch.slips.forms import (
    Amount,
    Change,
    InvoiceData,
    InvoiceLine,
    InvoiceMention,
    Payment,
    Section,
    SlipData,
    SlipLine,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")

OPERATOR = "南粤宽带通信有限公司"
URL = "https://paidan.example.cn/slips/S000000123?k=7f3a9c"
RARE = "㛃𬭛䶮堃"

OPENING = SlipData(
    serial="S000000123",
    operation="open",
    title=Title("开户", "Open account"),
    operator=OPERATOR,
    outlet="天河体育西营业厅",
    clerk="陈晓明",
    accepted_at=datetime(2026, 11, 2, 11, 4, 5, tzinfo=SHANGHAI),
    account="GZ10086001",
    customer="李㛃𬭛",
    document="居民身份证 440106********261X",
    contact="138****8000",
    sections=(
        Section(
            Title("营销案", "Marketing plan"),
            (
                SlipLine(Title("名称", "Name"), "千兆全家享 24 个月"),
                SlipLine(Title("速率", "Speed"), "1000 Mbit/s"),
                SlipLine(Title("绑定手机", "Bound mobile"), "138****8000"),
                SlipLine(Title("合约期", "Term"), "2026-11-02 — 2028-11-01"),
            ),
        ),
        Section(
            Title("施工工单", "Construction order"),
            (
                SlipLine(Title("工单号", "Order no."), "C00000042"),
                SlipLine(Title("约定时间", "Agreed time"), "2026-11-04 18:00 前"),
                SlipLine(Title("装机地址", "Address"), "广州市天河区体育西路 191 号中石化大厦 B 塔 2206 室"),
            ),
        ),
    ),
    payment=Payment(
        Title("刷卡", "Card"),
        (
            Amount(Title("千兆全家享 24 个月 预存", "Plan, prepaid"), 60000),
            Amount(Title("安装调测费", "Installation"), 10000),
        ),
        reference="POS 000342 / 8841",
    ),
    invoice=InvoiceMention("00000123"),
    notes=(
        "施工人员将在约定时间内上门安装；如需改约，请提前一天致电 10086。",
        "自开通之日起计费。合约期内销户或过户，按营销案约定办理。",
        "请妥善保管本受理单及账号密码。",
    ),
    record_url=URL,
)

MODIFICATION = SlipData(
    serial="S000000124",
    operation="modify",
    title=Title("资料修改", "Modify data"),
    operator=OPERATOR,
    outlet="天河体育西营业厅",
    clerk="陈晓明",
    accepted_at=datetime(2026, 11, 2, 17, 30, 0, tzinfo=SHANGHAI),
    account="GZ10086001",
    customer="李㛃𬭛",
    document="居民身份证 440106********261X",
    contact="138****8000",
    changes=(
        Change(Title("联系人", "Contact person"), "李㛃𬭛", "王䶮"),
        Change(Title("联系电话", "Contact number"), "138****8000", "139****1234"),
        Change(
            Title("通信地址", "Postal address"),
            "广州市天河区体育西路 191 号",
            "广州市越秀区北京路 100 号大院 3 栋 502 房（原广州市第二棉纺厂宿舍区）",
        ),
        Change(Title("电子邮箱", "E-mail"), "", "li.jiehong.a-very-long-mailbox-name@mail.example.com.cn"),
    ),
    warnings=("修改通信地址不改变装机地址；移机请另行办理。",),
    record_url=URL,
)

REFUND = SlipData(
    serial="S000000125",
    operation="refund",
    title=Title("退单退费", "Cancel and refund"),
    operator=OPERATOR,
    outlet="天河体育西营业厅",
    clerk="陈晓明",
    accepted_at=datetime(2026, 11, 5, 16, 0, 0, tzinfo=SHANGHAI),
    account="GZ10086001",
    customer="李㛃𬭛",
    document="居民身份证 440106********261X",
    contact="138****8000",
    sections=(
        Section(
            Title("退单", "Cancellation"),
            (
                SlipLine(Title("施工工单", "Order no."), "C00000042"),
                SlipLine(Title("退单原因", "Reason"), "无法布线 No way for the cable"),
            ),
        ),
    ),
    payment=Payment(
        Title("原路退回银行卡", "Back to the card"),
        (
            Amount(Title("千兆全家享 24 个月 预存", "Plan, prepaid"), -60000),
            Amount(Title("安装调测费", "Installation"), -10000),
        ),
        reference="POS 000342 / 8841",
    ),
    invoice=InvoiceMention("00000123", taken_back=True, red_letter="00000124"),
    record_url=URL,
)

INVOICE = InvoiceData(
    number="00000123",
    issued_on=date(2026, 11, 2),
    operator=OPERATOR,
    outlet="天河体育西营业厅",
    clerk="陈晓明",
    buyer="李㛃𬭛",
    account="GZ10086001",
    method=Title("刷卡", "Card"),
    lines=(
        InvoiceLine(Title("千兆全家享 24 个月 预存", "Plan, prepaid"), 1, 60000),
        InvoiceLine(Title("安装调测费", "Installation"), 1, 10000),
    ),
    slip="S000000123",
    record_url=URL,
)

RED_LETTER = INVOICE.red_letter(
    number="00000124", issued_on=date(2026, 11, 5), outlet="天河体育西营业厅", clerk="陈晓明", slip="S000000125"
)
