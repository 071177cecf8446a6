"""`dispatch plans check|show`: the marketing plans 营销案, before they are put in force and at the counter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from dispatch.cli.framework import Commands
from dispatch.cli.options import AsJson
from dispatch.cli.output import out, show_json, table
from dispatch.domain.money import write_yuan
from dispatch.domain.plans import CUSTOMERS, HOLDERS, Plan, Plans
from dispatch.domain.title import Title
from dispatch.routing.plans_file import load
from dispatch.settings import load_settings

plans = Commands()

_File = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="the plans; else those of the settings")]


@plans.command()
def check(file: _File = None) -> None:
    """Check the file; every fault is one line FILE:LINE:COLUMN: message, and the exit status is then 1."""
    read = _read(file)
    out.print(f"✔ {len(read.plans)} plans: each says what follows once it is voided. Version {read.version}")


@plans.command()
def show(
    name: Annotated[str | None, typer.Argument(help="one plan's name; without it all", show_default=False)] = None,
    file: Annotated[Path | None, typer.Option(help="the plans; else those of the settings", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is offered: all plans as a table, or one with everything that is said of it."""
    read = _read(file)
    chosen = [read.plan(name)] if name else list(read.plans.values())
    if as_json:
        shown = [_plain(plan) for plan in chosen]
        show_json(shown[0] if name else {"version": read.version, "plans": shown})
    elif name:
        out.print(_card(chosen[0], read))
    else:
        out.print(_all(chosen))
        out.print(f"金额为元 amounts in yuan · {read.version}", style="dim")


def _read(file: Path | None) -> Plans:
    """Raises BadRules, BadSettings."""
    return load(file or load_settings().plans)


def _all(chosen: list[Plan]) -> Table:
    """Two lines a plan, so that eighty columns hold it."""
    shown = table()
    shown.add_column("营销案\nPlan", no_wrap=True)
    shown.add_column("速率 Mbit/s\n合约 Months", justify="right", no_wrap=True)
    shown.add_column("月费 Monthly\n开户应缴 To pay", justify="right", no_wrap=True)
    shown.add_column("办理期\nOffered", no_wrap=True)
    shown.add_column("对象\nTo whom")
    for plan in chosen:
        shown.add_row(
            Text.assemble(plan.title.zh, "\n", (plan.name, "cyan")),
            f"{plan.speed}\n{plan.term or '·'}",
            f"{write_yuan(plan.monthly_fee)}\n{write_yuan(plan.to_pay)}",
            f"{plan.since}\n{plan.until or '·'}",
            _to_whom(plan),
        )
        shown.add_section()
    return shown


def _card(plan: Plan, read: Plans) -> Table:
    shown = table(f"{plan.title}  {plan.name}", headed=False)
    shown.add_column(style="cyan", no_wrap=True)
    shown.add_column()
    rows = [
        ("速率 Speed", f"{plan.speed} Mbit/s"),
        ("月费 Monthly fee", _yuan(plan.monthly_fee)),
        *((str(charge.title), _yuan(charge.amount)) for charge in plan.charges),
        ("开户应缴 To pay on opening", _yuan(plan.to_pay)),
        ("合约 Term", f"{plan.term} 个月 months" if plan.term else "无 none"),
        ("办理期 Offered", f"{plan.since} – {plan.until or ''}"),
        ("片区 Areas", "全部 all" if plan.areas is None else ", ".join(plan.areas)),
        ("客户 Customers", str(CUSTOMERS[plan.customers])),
        ("机主 Holders", ", ".join(str(HOLDERS[each]) for each in plan.holders)),
    ]
    if plan.fallback:
        rows.append(("捆绑 Carried by", "绑定的手机号码 a bound mobile number"))
        rows.append(("号码变更失效后 When voided", f"{_after(plan, read)}, {_yuan(plan.fallback.monthly_fee)}"))
    for heading, text in rows:
        shown.add_row(heading, text)
    return shown


def _to_whom(plan: Plan) -> Text:
    """Who, in both languages; where, when it isn't everywhere."""
    only = plan.holders if len(plan.holders) < len(HOLDERS) else ()
    zh = " ".join([CUSTOMERS[plan.customers].zh, *(HOLDERS[each].zh for each in only)])
    lines = [Text(zh), Text(" ".join([plan.customers, *only]), "dim")]
    if plan.areas is not None:
        lines.append(Text(", ".join(plan.areas), "cyan"))
    if plan.needs_mobile:
        lines.append(Text("绑手机 mobile", "magenta"))
    return Text("\n").join(lines)


def _after(plan: Plan, read: Plans) -> Title:
    assert plan.fallback is not None
    name = plan.fallback.plan
    return read.plan(name).title if name else Title("无营销案", "no plan")


def _yuan(fen: int) -> str:
    return f"{write_yuan(fen, grouped=True)} 元"


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
