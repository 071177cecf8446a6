"""`dispatch account`: the counter's operations, each made from its request; and accounts opened elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, get_args

import typer
from rich.text import Text

from dispatch.accounts.catalogue import OPERATIONS, REASONS, WITHOUT_SLIP, Operation
from dispatch.accounts.form_fields import entries
from dispatch.accounts.operation import TITLES, OperationRefused, OperationRequest
from dispatch.accounts.refund import failed_orders
from dispatch.accounts.registration import SCANS
from dispatch.accounts.schemas import DATA, Sensitive
from dispatch.cli.context import AREA, now, open_desk, word
from dispatch.cli.framework import Commands
from dispatch.cli.options import As, AsJson, InRole
from dispatch.cli.outcomes import show
from dispatch.cli.output import local, out, show_json, table
from dispatch.cli.request_command import command
from dispatch.cli.request_reader import read
from dispatch.domain.identity import DOCUMENT_KINDS
from dispatch.domain.naming import masked_mobile, read_account_number, read_mobile
from dispatch.domain.roles import require
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadInput
from dispatch.storage import accounts

account = Commands()

REFUSED = 3
"""The exit status of a refusal."""

Outlet = Annotated[str, typer.Option("--outlet", help="at which counter (else DISPATCH_OUTLET)", show_default=False)]
JsonOut = Annotated[bool, typer.Option("--json-out", help="the outcome as JSON, for scripts")]


def _carry_out(
    name: str,
    model: type[OperationRequest],
    operation: Operation,
    given: Mapping[str, Any],
    *,
    as_: As = "",
    role: InRole = "",
    outlet: Outlet = "",
    json_out: JsonOut = False,
) -> None:
    """One request, one transaction; exit status 3 when it is refused."""
    desk = open_desk()
    actor = desk.actor(as_, role)
    request = read(model, given, _ask if sys.stdin.isatty() and sys.stderr.isatty() else None)
    counter = desk.counter(outlet)
    if name not in WITHOUT_SLIP:
        from dispatch.slips import typesetting  # not needed for those without a slip, and slow to import

        typesetting.prepare(counter.fonts)  # not while others wait for the database
    with desk.database.write() as tx:
        outcome = operation(tx, counter, request, actor, now())
    show(outcome, json_out)
    if isinstance(outcome, OperationRefused):
        raise typer.Exit(REFUSED)


def _ask(what: str, twice: bool) -> str:
    return str(typer.prompt(what, hide_input=True, confirmation_prompt=twice and "再输一次 · once more", err=True))


def _help(name: str, model: type[OperationRequest]) -> str:
    """What the command does, and the words that it knows."""
    parts = [f"{TITLES[name].zh} · {TITLES[name].en.lower()}"]
    fields = {entry.path[-1] for entry in entries(model)}
    if name in REASONS:
        parts.append(f"原因 reasons: {_listed(REASONS[name])}.")
    if "document_kind" in fields:
        parts.append(f"证件 kinds of document: {_listed({n: kind.title for n, kind in DOCUMENT_KINDS.items()})}.")
    if "scans" in fields:
        parts.append(f"资料 kinds of scan: {_listed(SCANS)}.")
    if "unmask" in fields:
        parts.append(f"内容 what to show: {_listed(DATA)}.")
        parts.append(f"明文 what to unmask: {', '.join(get_args(Sensitive))}.")
    return "\n\n".join(parts)


def _listed(words: Mapping[Any, Title]) -> str:
    return "; ".join(f"[cyan]{word}[/]({title.zh})" for word, title in words.items())


for name, (model, operation) in OPERATIONS.items():
    account.command(name)(command(model, name, _help(name, model), partial(_carry_out, name, model, operation)))


@account.command("failed-orders")
def failed_orders_(limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50, as_json: AsJson = False) -> None:
    """退单清单 · the construction orders that failed and wait for cancel and refund, the longest waiting first."""
    with open_desk().database.read() as tx:
        orders = failed_orders(tx, limit)
    if as_json:
        show_json([asdict(order) for order in orders])
        return
    shown = table()
    shown.add_column("施工单\nOrder", no_wrap=True)
    shown.add_column("账号 客户\nAccount, customer", overflow="fold")
    shown.add_column("原因\nCause", overflow="fold")
    shown.add_column("失败 预约\nFailed, appointed", no_wrap=True)
    for order in orders:
        who = f"{order.account}\n{order.customer} {order.mobile}\n{order.address}"
        when = f"{local(order.failed_at, '%m-%d %H:%M')}\n{local(order.appointment, '%m-%d %H:%M') or '未约 not yet'}"
        shown.add_row(order.order, Text(who), Text("\n".join(filter(None, (order.cause, order.remark)))), when)
    out.print(shown)


@account.command()
def add(
    number: Annotated[str, typer.Argument()],
    area: Annotated[str, typer.Option(help="the area that its line lies in")],
    mobile: Annotated[str, typer.Option(help="where the callback survey goes")],
    name: As = "",
    role: InRole = "",
) -> None:
    """登记已有账号 · enter an account that was opened elsewhere, so that faults can be reported on it."""
    desk = open_desk()
    actor = desk.actor(name, role)
    require(actor, "add accounts", Wording("账号资料", "the books"))
    row = (read_account_number(number), word(area, AREA), read_mobile(mobile))
    with desk.database.write() as tx:
        if not accounts.take_over(tx, [row], actor, now()):
            raise BadInput(what=Wording(f"账号 {row[0]} 已登记", f"account {row[0]} is known already"))
    out.print(f"{row[0]}: 已登记 · entered")


@account.command("list")
def list_(limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50, as_json: AsJson = False) -> None:
    """账号一览 · the accounts, with the mobile number masked."""
    with open_desk().database.read() as tx:
        rows = accounts.newest(tx, limit)
    if as_json:
        show_json([{"account": r.number, "area": r.area, "mobile": masked_mobile(r.mobile)} for r in rows])
        return
    shown = table()
    for heading in ("账号 Account", "片区 Area", "手机 Mobile"):
        shown.add_column(heading)
    for row in rows:
        shown.add_row(row.number, row.area, masked_mobile(row.mobile))
    out.print(shown)
