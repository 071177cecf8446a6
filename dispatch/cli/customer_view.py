"""客户统一视图 as a clerk sees it: a customer's data, one table a kind, in eighty columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from dispatch.accounts.schemas import (
    DATA,
    AccountShown,
    BindingShown,
    CustomerShown,
    CustomerView,
    EffectShown,
    InvoiceShown,
    OperationShown,
    PaymentShown,
    PlanShown,
    TicketShown,
)
from dispatch.cli.output import local, out, table
from dispatch.domain.account import AccountState
from dispatch.domain.title import Title

Cells = tuple[str, ...]
"""The cells of a row; each may have several lines."""


def show_view(view: CustomerView) -> None:
    if view.customer is not None:
        out.print(_customer(view.customer))
    for name, (title, headings, row) in _TABLES.items():
        rows: Sequence[Any] | None = getattr(view, name)
        if rows is not None:
            out.print(_table(title, headings, [row(each) for each in rows]))
    if view.unmasked:
        fields = ", ".join(view.unmasked)
        out.print(f"明文查看已记入审计 seen in clear, and in the audit trail: {fields}", style="yellow")


def bindings_table(rows: Sequence[BindingShown]) -> Table:
    title, headings, row = _TABLES["bindings"]
    return _table(title, headings, [row(each) for each in rows])


def _customer(shown: CustomerShown) -> Table:
    card = table(str(DATA["customer"]), headed=False)
    card.add_column(style="dim", no_wrap=True)
    card.add_column(overflow="fold")
    expires = f"有效期至 until {shown.document_expires}" if shown.document_expires else "长期 permanent"
    for heading, text in (
        ("姓名 Name", shown.name),
        ("证件 Document", f"{shown.document_kind}\n{shown.document_number}  {expires}"),
        ("联系手机 Mobile", shown.mobile),
        ("登记 Known since", _day(shown.known_since)),
    ):
        card.add_row(heading, Text(text))
    return card


def _table(title: Title, headings: Sequence[str], rows: Sequence[Cells]) -> Table:
    """The first column never breaks, the others may."""
    shown = table(str(title))
    for place, heading in enumerate(headings):
        shown.add_column(heading, no_wrap=place == 0, overflow="fold")
    for cells in rows:
        shown.add_row(*(Text(cell) for cell in cells))
    if not rows:
        shown.add_row(Text("无 none", style="dim"))
    return shown


def _account(row: AccountShown) -> Cells:
    state = _lines(AccountState(row.state).label.zh, row.state, row.reason)
    where = _lines(row.address or row.area, row.olt and f"{row.olt} {row.port}", f"联系 {row.contact}")
    return row.account, state, where, _from_to(row.opened_at, row.ended_at)


def _plan(row: PlanShown) -> Cells:
    speed = f"{row.speed} Mbit/s" if row.speed else ""
    carried = row.carried_by and f"捆绑 carried by {row.carried_by}"
    plan = _lines(row.title or "无营销案 no plan", speed, carried)
    until = f"合约至 {row.until}" if row.until else ""
    ended = f"终止 {_day(row.ended_at)} {row.ended_for}" if row.ended_at else ""
    return row.account, plan, f"{row.monthly_fee}\n元/月 a month", _lines(_day(row.since), until, ended)


def _binding(row: BindingShown) -> Cells:
    ended = _lines(_minute(row.ended_at), row.unbound_by) if row.ended_at else ""
    return row.account, row.mobile, _lines(_minute(row.accepted_at), row.bound_by), ended


def _payment(row: PaymentShown) -> Cells:
    return row.account, row.kind, row.amount, _lines(row.method, row.reference), _lines(_minute(row.at), row.slip)


def _invoice(row: InvoiceShown) -> Cells:
    offsets = f"冲红 offsets {row.offsets}" if row.offsets else ""
    return row.account, _lines(row.number, offsets), row.amount, _lines(_minute(row.at), row.slip)


def _operation(row: OperationShown) -> Cells:
    return row.account, row.title, _lines(row.clerk, row.outlet), _lines(_minute(row.at), row.slip)


def _ticket(row: TicketShown) -> Cells:
    return (
        row.account,
        _lines(row.ticket, row.symptom),
        _lines(row.state, row.team or row.outcome),
        _from_to(row.made_at, row.ended_at),
    )


def _effect(row: EffectShown) -> Cells:
    return row.port, row.key, row.state, _from_to(row.made_at, row.confirmed_at)


def _lines(*parts: str | None) -> str:
    return "\n".join(filter(None, parts))


def _day(at: datetime) -> str:
    return local(at, "%Y-%m-%d")


def _minute(at: datetime | None) -> str:
    return local(at, "%Y-%m-%d %H:%M")


def _from_to(since: datetime, until: datetime | None) -> str:
    return _minute(since) + (f"\n→ {_minute(until)}" if until else "")


_ACCOUNT = "宽带账号\nAccount"
_WHEN = "受理\nAccepted"
_TABLES: Mapping[str, tuple[Title, Sequence[str], Callable[[Any], Cells]]] = {
    "accounts": (DATA["accounts"], (_ACCOUNT, "状态\nState", "地址 端口\nAddress, port", "开户\nOpened"), _account),
    "plans": (DATA["plans"], (_ACCOUNT, "营销案\nPlan", "月费\nFee", "自\nSince"), _plan),
    "bindings": (DATA["bindings"], (_ACCOUNT, "手机号码\nMobile", _WHEN, "终止\nEnded"), _binding),
    "payments": (DATA["payments"], (_ACCOUNT, "收退\nKind", "元\nYuan", "方式\nMethod", _WHEN), _payment),
    "invoices": (Title("发票", "Invoices"), (_ACCOUNT, "发票\nInvoice", "元\nYuan", _WHEN), _invoice),
    "operations": (DATA["operations"], (_ACCOUNT, "业务\nOperation", "办理\nBy, at", _WHEN), _operation),
    "tickets": (DATA["tickets"], (_ACCOUNT, "工单\nTicket", "状态\nState", "受理\nTaken"), _ticket),
    "effects": (DATA["effects"], ("对象\nPort", "标识\nKey", "状态\nState", "发起 → 确认\nMade → confirmed"), _effect),
}
"""Each kind of data: its title, its headings, and how one row of it is shown."""
