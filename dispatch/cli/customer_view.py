"""客户统一视图 as a clerk sees it: a customer's data, one table for each kind, in eighty columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from rich.table import Table
from rich.text import Text

from dispatch.accounts.schemas import (
    DATA,
    AccountShown,
    BindingShown,
    CustomerShown,
    CustomerView,
    DeviceShown,
    EffectShown,
    InvoiceShown,
    OperationShown,
    PaymentShown,
    PlanChangeShown,
    PlanShown,
    TicketShown,
)
from dispatch.cli.context import Desk
from dispatch.cli.language import text
from dispatch.cli.output import local, out, said, table
from dispatch.domain.account import AccountState
from dispatch.domain.effect import EffectState
from dispatch.domain.payment import KINDS
from dispatch.domain.ticket import TicketState
from dispatch.domain.title import Title, same

R = TypeVar("R")
_SPLIT = re.compile(r"(.*[^\x00-\x7f]\S*) ([\x00-\x7f]+)")
"""Chinese to its last ideograph, then English."""

Cells = tuple[str, ...]
"""The cells of a row; each may have several lines."""
Head = tuple[Title, Sequence[str]]
"""A table's title and its columns' headings."""


def show_view(view: CustomerView, desk: Desk) -> None:
    """Print every kind of data that the view has."""
    if view.renamed is not None:
        out.print(text(view.renamed["zh"], view.renamed["en"]), style="yellow")
    if view.customer is not None:
        out.print(_customer(view.customer))
    _show(_ACCOUNTS, view.accounts, _account)
    _show(_PLANS, view.plans, _plan)
    _show(_PLAN_CHANGES, view.plan_changes or None, _plan_change)
    _show(_BINDINGS, view.bindings, _binding)
    _show(_PAYMENTS, view.payments, _payment)
    _show(_INVOICES, view.invoices, _invoice)
    _show(_OPERATIONS, view.operations, _operation)
    _show(_TICKETS, view.tickets, lambda row: _ticket(row, desk))
    _show(_DEVICES, view.devices, _device)
    _show(_EFFECTS, view.effects, _effect)
    if view.unmasked:
        fields = ", ".join(view.unmasked)
        told = text(f"明文查看已记入审计：{fields}", f"seen in clear, and in the audit trail: {fields}")
        out.print(told, style="yellow")


def bindings_table(rows: Sequence[BindingShown]) -> Table:
    return _table(_BINDINGS, rows, _binding)


def devices_table(rows: Sequence[DeviceShown]) -> Table:
    return _table(_DEVICES, rows, _device)


def _show(head: Head, rows: Sequence[R] | None, cells: Callable[[R], Cells]) -> None:
    """Print the rows as a table; nothing when the request did not ask for them (None)."""
    if rows is not None:
        out.print(_table(head, rows, cells))


def _customer(shown: CustomerShown) -> Table:
    card = table(said(DATA["customer"]), headed=False)
    card.add_column(style="dim", no_wrap=True)
    card.add_column(overflow="fold")
    expires = (
        text(f"有效期至 {shown.document_expires}", f"until {shown.document_expires}")
        if shown.document_expires
        else text("长期", "permanent")
    )
    for heading, value in (
        (text("姓名", "Name"), shown.name),
        (text("证件", "Document"), f"{one_language(shown.document_kind)}\n{shown.document_number}  {expires}"),
        (text("联系手机", "Mobile"), shown.mobile),
        (text("登记", "Known since"), _day(shown.known_since)),
    ):
        card.add_row(heading, Text(value))
    return card


def _table(head: Head, rows: Sequence[R], cells: Callable[[R], Cells]) -> Table:
    """The first column never breaks, the others may."""
    title, headings = head
    shown = table(said(title))
    for place, heading in enumerate(headings):
        shown.add_column(heading, no_wrap=place == 0, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in cells(row)))
    if not rows:
        shown.add_row(Text(text("无", "none"), style="dim"))
    return shown


def _account(row: AccountShown) -> Cells:
    state = _lines(said(AccountState(row.state).label), row.reason and one_language(row.reason))
    where = _lines(
        row.address or row.area,
        row.olt and f"{row.olt} {row.port}",
        text(
            f"联系 {row.contact}",
            f"contact {row.contact}",
        ),
    )
    return row.account, state, where, _from_to(row.opened_at, row.ended_at)


def _plan(row: PlanShown) -> Cells:
    speed = f"{row.speed} Mbit/s" if row.speed else ""
    carried = row.carried_by and text(f"由{row.carried_by}捆绑", f"carried by {row.carried_by}")
    plan = _lines(one_language(row.title) if row.title else text("无营销案", "no plan"), speed, carried)
    until = text(f"合约至 {row.until}", f"term ends {row.until}") if row.until else ""
    ended = (
        text(
            f"终止 {_day(row.ended_at)} {row.ended_for}",
            f"ended {_day(row.ended_at)} {row.ended_for}",
        )
        if row.ended_at
        else ""
    )
    return (
        row.account,
        plan,
        text(
            f"{row.monthly_fee}\n元/月",
            f"{row.monthly_fee}\na month",
        ),
        _lines(_day(row.since), until, ended),
    )


def _plan_change(row: PlanChangeShown) -> Cells:
    plan = _lines(one_language(row.title), text(f"{row.monthly_fee} 元/月", f"{row.monthly_fee} a month"))
    return (
        row.account,
        plan,
        _lines(row.effective_on.isoformat(), one_language(row.state_title)),
        _lines(_minute(row.accepted_at), row.slip),
    )


def _binding(row: BindingShown) -> Cells:
    ended = _lines(_minute(row.ended_at), row.unbound_by) if row.ended_at else ""
    return row.account, row.mobile, _lines(_minute(row.accepted_at), row.bound_by), ended


def _payment(row: PaymentShown) -> Cells:
    return (
        row.account,
        said(KINDS.get(row.kind, same(row.kind))),
        row.amount,
        _lines(one_language(row.method), row.reference),
        _lines(_minute(row.at), row.slip),
    )


def _invoice(row: InvoiceShown) -> Cells:
    offsets = text(f"冲红 {row.offsets}", f"offsets {row.offsets}") if row.offsets else ""
    return row.account, _lines(row.number, offsets), row.amount, _lines(_minute(row.at), row.slip)


def _operation(row: OperationShown) -> Cells:
    acted = text(f"经办人 {row.agent}", f"by {row.agent}") if row.agent else ""
    done = _lines(one_language(row.title), acted)
    return row.account, done, _lines(row.clerk, row.outlet), _lines(_minute(row.at), row.slip)


def _ticket(row: TicketShown, desk: Desk) -> Cells:
    return (
        row.account,
        _lines(row.ticket, desk.symptom(row.symptom)),
        _lines(said(TicketState(row.state).label), desk.team(row.team) if row.team else desk.finding(row.outcome)),
        _from_to(row.made_at, row.ended_at),
    )


def _device(row: DeviceShown) -> Cells:
    return row.account, _lines(row.serial, row.model), one_language(row.kind_title), _state_since(row)


def _state_since(row: DeviceShown) -> str:
    return _lines(one_language(row.state_title), text(f"自 {_day(row.since)}", f"since {_day(row.since)}"))


def _effect(row: EffectShown) -> Cells:
    return row.port, row.key, said(EffectState(row.state).label), _from_to(row.made_at, row.confirmed_at)


def one_language(both: str) -> str:
    """A title that the answer has in both languages, `居民身份证 Resident identity card`, in the reader's alone."""
    known = _SPLIT.fullmatch(both)
    return text(known[1], known[2]) if known else both


def _lines(*parts: str | None) -> str:
    return "\n".join(filter(None, parts))


def _day(at: datetime) -> str:
    return local(at, "%Y-%m-%d")


def _minute(at: datetime | None) -> str:
    return local(at, "%Y-%m-%d %H:%M")


def _from_to(since: datetime, until: datetime | None) -> str:
    return _minute(since) + (f"\n→ {_minute(until)}" if until else "")


_ACCOUNT = text("宽带账号", "Account")
_WHEN = text("受理", "Accepted")
_ACCOUNTS: Head = (
    DATA["accounts"],
    (_ACCOUNT, text("状态", "State"), text("地址 端口", "Address, port"), text("开户", "Opened")),
)
_PLANS: Head = (DATA["plans"], (_ACCOUNT, text("营销案", "Plan"), text("月费", "Fee"), text("自", "Since")))
_PLAN_CHANGES: Head = (
    Title("变更营销案", "Changes of plan"),
    (_ACCOUNT, text("营销案", "Plan"), text("生效", "Takes effect"), _WHEN),
)
_BINDINGS: Head = (DATA["bindings"], (_ACCOUNT, text("手机号码", "Mobile"), _WHEN, text("终止", "Ended")))
_PAYMENTS: Head = (
    DATA["payments"],
    (_ACCOUNT, text("收退", "Kind"), text("元", "Yuan"), text("方式", "Method"), _WHEN),
)
_INVOICES: Head = (Title("发票", "Invoices"), (_ACCOUNT, text("发票", "Invoice"), text("元", "Yuan"), _WHEN))
_OPERATIONS: Head = (DATA["operations"], (_ACCOUNT, text("业务", "Operation"), text("办理", "By, at"), _WHEN))
_TICKETS: Head = (
    DATA["tickets"],
    (_ACCOUNT, text("工单", "Ticket"), text("状态", "State"), text("受理", "Taken")),
)
_DEVICES: Head = (
    DATA["devices"],
    (_ACCOUNT, text("序列号", "Serial number"), text("种类", "Kind"), text("状态", "State")),
)
_EFFECTS: Head = (
    DATA["effects"],
    (text("对象", "Port"), text("标识", "Key"), text("状态", "State"), text("发起 → 确认", "Made → confirmed")),
)
