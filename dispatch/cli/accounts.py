"""`dispatch account`: the counter's operations, each made from its request; and accounts opened elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Annotated, Any, get_args

import typer
from rich.text import Text

from dispatch.accounts.asked_first import with_answers
from dispatch.accounts.catalogue import OPERATIONS, REASONS, WITHOUT_SLIP, Operation
from dispatch.accounts.form_fields import form_entries
from dispatch.accounts.operation import TITLES, OperationRefused, OperationRequest
from dispatch.accounts.prepared_passwords import prepared_passwords
from dispatch.accounts.refund import failed_orders
from dispatch.accounts.registration import SCANS
from dispatch.accounts.schemas import DATA, Sensitive
from dispatch.cli.context import AREA, now, open_desk, word
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, argument, option
from dispatch.cli.outcomes import show
from dispatch.cli.output import give, local, note_limit, print_rows, said, table
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

Outlet = Annotated[
    str, option("--outlet", zh="在哪个营业厅（默认 DISPATCH_OUTLET）", en="at which outlet (else DISPATCH_OUTLET)")
]


def _carry_out(
    name: str,
    model: type[OperationRequest],
    operation: Operation,
    given: Mapping[str, Any],
    *,
    as_: As = "",
    role: InRole = "",
    outlet: Outlet = "",
    as_json: AsJson = False,
) -> None:
    """One request, one transaction; exit status 3 when it is refused."""
    desk = open_desk()
    actor = desk.actor(as_, role)
    request = read(model, given, _ask if sys.stdin.isatty() and sys.stderr.isatty() else None)
    counter = desk.counter(outlet)
    if name not in WITHOUT_SLIP:
        from dispatch.slips import typesetting  # not needed for those without a slip, and slow to import

        typesetting.prepare(counter.fonts)  # not while others wait for the database
    passwords = prepared_passwords(counter.passwords, desk.database, model, dict(request), actor.covers)
    counter = with_answers(replace(counter, passwords=passwords), desk.database, name, request, actor.role, now())
    with desk.database.write() as tx:
        outcome = operation(tx, counter, request, actor, now())
    show(outcome, as_json, desk)
    if isinstance(outcome, OperationRefused):
        raise typer.Exit(REFUSED)


def _ask(what: str, twice: bool) -> str:
    again = twice and text("再输一次", "once more")
    return str(typer.prompt(what, hide_input=True, confirmation_prompt=again, err=True))


def _help(name: str, model: type[OperationRequest]) -> str:
    """Return a command's help: its purpose, and the words that it knows."""
    parts = [said(TITLES[name])]
    fields = {entry.path[-1] for entry in form_entries(model)}
    if name in REASONS:
        parts.append(f"{text('原因', 'Reasons')}: {_listed(REASONS[name])}")
    if "document_kind" in fields:
        kinds = {name: kind.title for name, kind in DOCUMENT_KINDS.items()}
        parts.append(f"{text('证件', 'Kinds of document')}: {_listed(kinds)}")
    if "scans" in fields:
        parts.append(f"{text('资料', 'Kinds of scan')}: {_listed(SCANS)}")
    if "unmask" in fields:
        parts.append(f"{text('内容', 'What to show')}: {_listed(DATA)}")
        parts.append(f"{text('明文', 'What to unmask')}: {', '.join(get_args(Sensitive))}")
    return "\n\n".join(parts)


def _listed(words: Mapping[Any, Title]) -> str:
    return "; ".join(f"[cyan]{word}[/]({said(title)})" for word, title in words.items())


for name, (model, operation) in OPERATIONS.items():
    made = command(model, name, "", partial(_carry_out, name, model, operation))
    account.command(name, help=_help(name, model))(made)


@account.command(
    "failed-orders",
    help=text(
        "退单清单：施工失败、等待退单退费的施工单，等得最久的在前",
        "The construction orders that failed and wait for cancel and refund, the longest waiting first.",
    ),
)
def failed_orders_(
    limit: Annotated[int, option(zh="最多列出", en="at most", show_default=True, min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """The construction orders that failed and wait for cancel and refund, the longest waiting first."""
    with open_desk().database.read() as tx:
        orders = failed_orders(tx, limit)

    def show_them() -> None:
        shown = table()
        shown.add_column(text("施工单", "Order"), no_wrap=True)
        shown.add_column(text("账号 客户", "Account, customer"), overflow="fold")
        shown.add_column(text("原因", "Cause"), overflow="fold")
        shown.add_column(text("失败\n预约", "Failed\nAppointed"), no_wrap=True)
        for order in orders:
            who = f"{order.account}\n{order.customer} {order.mobile}\n{order.address}"
            appointed = local(order.appointment, "%m-%d %H:%M") or text("未约", "not yet")
            when = f"{local(order.failed_at, '%m-%d %H:%M')}\n{appointed}"
            shown.add_row(order.order, Text(who), Text("\n".join(filter(None, (order.cause, order.remark)))), when)
        print_rows(shown)
        note_limit(len(orders), limit)

    give(as_json, [asdict(order) for order in orders], show_them)


@account.command(
    help=text(
        "登记在别处开户的账号，以便受理其故障",
        "Enter an account that was opened elsewhere, so that faults can be reported on it.",
    )
)
def add(
    number: Annotated[str, argument("宽带账号", "the account's number")],
    area: Annotated[str, option(zh="线路所在片区", en="the area that its line lies in")],
    mobile: Annotated[str, option(zh="回访用的手机号码", en="where the callback survey goes")],
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Enter an account that was opened elsewhere, so that faults can be reported on it."""
    desk = open_desk(may_create=True)
    actor = desk.actor(name, role)
    require(actor, "add accounts", Wording("账号资料", "the books"))
    row = (read_account_number(number), word(area, AREA), read_mobile(mobile))
    desk.require_area(actor, row[1])
    with desk.database.write() as tx:
        if not accounts.enter_existing(tx, [row], actor, now()):
            raise BadInput(what=Wording(f"账号 {row[0]} 已登记", f"account {row[0]} is known already"))
    done = {"act": "add account", "account": row[0], "area": row[1]}
    give(as_json, done, text(f"{row[0]}：已登记", f"{row[0]}: entered"))


@account.command("list", help=text("账号一览，手机号码隐去中间", "List the accounts, with the mobile number masked."))
def list_(
    limit: Annotated[int, option(zh="最多列出", en="at most", show_default=True, min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the accounts, with the mobile number masked."""
    with open_desk().database.read() as tx:
        rows = accounts.first_by_number(tx, limit)

    def show_them() -> None:
        shown = table()
        shown.add_column(text("账号", "Account"), overflow="fold")
        shown.add_column(text("片区", "Area"), overflow="fold")
        shown.add_column(text("手机", "Mobile"), no_wrap=True)
        for row in rows:
            shown.add_row(row.number, row.area, masked_mobile(row.mobile))
        print_rows(shown)
        note_limit(len(rows), limit)

    give(as_json, [{"account": r.number, "area": r.area, "mobile": masked_mobile(r.mobile)} for r in rows], show_them)
