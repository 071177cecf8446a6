"""`dispatch plans check|show`: the marketing plans 营销案, before they are put in force and at the counter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rich.table import Table
from rich.text import Text

from dispatch.cli.file_choice import chosen
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import AsJson, argument, option
from dispatch.cli.output import give, out, said, table
from dispatch.domain.money import write_yuan
from dispatch.domain.plans import CUSTOMERS, HOLDERS, Plan, Plans
from dispatch.domain.title import Title
from dispatch.routing.plans_file import load

plans = Commands()

_File = Annotated[Path | None, argument("营销案文件，默认为设置中的", "the plans; else those of the settings", "FILE")]


@plans.command(
    help=text(
        "检查文件；每个错误一行 FILE:LINE:COLUMN，有错则退出状态为1",
        "Check the file; every fault is one line FILE:LINE:COLUMN: message, and the exit status is then 1.",
    )
)
def check(file: _File = None, as_json: AsJson = False) -> None:
    """Check the file."""
    name = chosen(file, "plans")
    read = load(name)
    count = len(read.plans)
    told = text(
        f"{name.absolute()}：无误，{count} 个营销案，均写明失效后如何。版本 {read.version}",
        f"{name.absolute()}: good, {count} plans: each says what follows once it is voided. Version {read.version}",
    )
    give(as_json, {"good": True, "plans": count, "version": read.version}, told)


@plans.command(
    help=text(
        "列出全部营销案，或某一个的全部内容",
        "Show all plans as a table, or one with everything that is said of it.",
    )
)
def show(
    name: Annotated[str | None, argument("营销案名称；不填则列出全部", "one plan's name; without it all")] = None,
    file: Annotated[
        Path | None, option(zh="营销案文件，默认为设置中的", en="the plans; else those of the settings")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is offered: all plans as a table, or one with everything that is said of it."""
    read = load(chosen(file, "plans"))
    listed = [read.plan(name)] if name else list(read.plans.values())

    def show_them() -> None:
        if name:
            out.print(_card(listed[0], read))
        else:
            out.print(_all(listed))
            out.print(text(f"金额为元，版本 {read.version}", f"amounts in yuan, version {read.version}"), style="dim")

    data = [_plain(plan) for plan in listed]
    give(as_json, data[0] if name else {"version": read.version, "plans": data}, show_them)


def _all(chosen: list[Plan]) -> Table:
    """Two lines a plan, so that eighty columns hold it."""
    shown = table()
    shown.add_column(text("营销案", "Plan"), no_wrap=True)
    shown.add_column(text("速率 Mbit/s\n合约（月）", "Mbit/s\nMonths"), justify="right", no_wrap=True)
    shown.add_column(text("月费\n开户应缴", "Monthly\nTo pay"), justify="right", no_wrap=True)
    shown.add_column(text("办理期", "Offered"), no_wrap=True)
    shown.add_column(text("对象", "To whom"), overflow="fold")
    for plan in chosen:
        shown.add_row(
            Text.assemble(said(plan.title), "\n", (plan.name, "cyan")),
            f"{plan.speed}\n{plan.term or '·'}",
            f"{write_yuan(plan.monthly_fee)}\n{write_yuan(plan.to_pay)}",
            f"{plan.since}\n{plan.until or '·'}",
            _to_whom(plan),
        )
        shown.add_section()
    return shown


def _card(plan: Plan, read: Plans) -> Table:
    shown = table(f"{said(plan.title)}  {plan.name}", headed=False)
    shown.add_column(style="cyan", no_wrap=True)
    shown.add_column(overflow="fold")
    rows = [
        (text("速率", "Speed"), f"{plan.speed} Mbit/s"),
        (text("月费", "Monthly fee"), _yuan(plan.monthly_fee)),
        *((said(charge.title), _yuan(charge.amount)) for charge in plan.charges),
        (text("开户应缴", "To pay on opening"), _yuan(plan.to_pay)),
        (text("合约", "Term"), text(f"{plan.term} 个月", f"{plan.term} months") if plan.term else text("无", "none")),
        (text("办理期", "Offered"), f"{plan.since} – {plan.until or ''}"),
        (text("片区", "Areas"), text("全部", "all") if plan.areas is None else ", ".join(plan.areas)),
        (text("客户", "Customers"), said(CUSTOMERS[plan.customers])),
        (text("机主", "Holders"), ", ".join(said(HOLDERS[each]) for each in plan.holders)),
    ]
    if plan.term:
        follows = said(plan.when_over.title) if plan.when_over else text("月费不变，无合约", "the same fee, no term")
        rows.append(
            (
                text("提前离网违约金", "Penalty for leaving early"),
                text(f"剩余每月月费的 {plan.penalty}%", f"{plan.penalty} % of the fee of each month left"),
            )
        )
        rows.append((text("到期后", "When the term is over"), follows))
    if plan.fallback:
        after = f"{said(_after(plan, read))}, {_yuan(plan.fallback.monthly_fee)}"
        rows.append((text("捆绑", "Carried by"), text("绑定的手机号码", "a bound mobile number")))
        rows.append((text("号码变更失效后", "When voided"), after))
    for heading, value in rows:
        shown.add_row(heading, value)
    return shown


def _to_whom(plan: Plan) -> Text:
    """The customers to whom it is sold, and the areas unless it is sold everywhere."""
    only = plan.holders if len(plan.holders) < len(HOLDERS) else ()
    lines = [Text(" ".join([said(CUSTOMERS[plan.customers]), *(said(HOLDERS[each]) for each in only)]))]
    if plan.areas is not None:
        lines.append(Text(", ".join(plan.areas), "cyan"))
    if plan.needs_mobile:
        lines.append(Text(text("须绑手机", "with a mobile number"), "magenta"))
    return Text("\n").join(lines)


def _after(plan: Plan, read: Plans) -> Title:
    assert plan.fallback is not None
    name = plan.fallback.plan
    return read.plan(name).title if name else Title("无营销案", "no plan")


def _yuan(fen: int) -> str:
    return f"{write_yuan(fen, grouped=True)} {text('元', 'yuan')}"


def _plain(plan: Plan) -> dict[str, object]:
    """As JSON; amounts in fen."""
    return {
        **plan.terms(),
        "total_to_pay": plan.to_pay,
        "offered": {"from": plan.since.isoformat(), "until": plan.until and plan.until.isoformat()},
        "areas": plan.areas or "all",
        "customers": plan.customers,
        "holders": plan.holders,
    }
