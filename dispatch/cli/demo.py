"""`dispatch demo`: one customer's whole way step by step, then some dozens of customers and their faults."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from typing import IO, Annotated

import typer
from rich.table import Table

from dispatch.cli.context import Desk, open_desk
from dispatch.cli.demo_home import enter_demo_home
from dispatch.cli.effects import port_title
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import option
from dispatch.cli.output import note, out, table
from dispatch.cli.replay import drive, running
from dispatch.cli.replay_report import show_report
from dispatch.demo.effect_tally import EffectTally, count_outside, receivers
from dispatch.demo.made_up_log import sample
from dispatch.domain.kind import Kind
from dispatch.ports.ledger import Ledger
from dispatch.replay import mapping as mapping_of
from dispatch.replay.verdict import ReplayVerdict, judge
from dispatch.runtime.progress import progress_bar
from dispatch.runtime.reservation import empty, reserve
from dispatch.runtime.supervisor import Stack
from dispatch.storage import effects

app = Commands()

FAULTS, SETTLED = "demo", "settled"
"""The names of the runs that the many faults are, and their customers' construction orders."""

CONFIRMED_SECONDS = 60
"""Longest wait for confirmations of outside systems, when everything else is over."""


@app.command()
def demo(
    count: Annotated[int, option(zh="故障单数", en="faults", show_default=True, min=1, max=5000)] = 300,
    customers: Annotated[int, option(zh="客户数", en="whose faults they are", show_default=True, min=1, max=500)] = 40,
    seed: Annotated[int, option(zh="换一个数，换一批故障", en="another seed, other faults", show_default=True)] = 1,
    stay: Annotated[
        bool, option("--stay", zh="结束后继续运行，直到 Ctrl-C", en="leave everything running afterwards, until Ctrl-C")
    ] = False,
) -> None:
    """Made-up customers, and faults like real ones, in a home of their own that is emptied first."""
    desk, lock = _emptied()
    from dispatch.cli.demo_customer import FAULT, RUN, whole_way  # the counter's modules are the demonstration's alone

    counter = desk.counter()
    known = mapping_of.identity(desk.rulebook)
    cases = sample(count, seed)
    with running(desk.settings, flower=True, lock=lock) as (tend, stack):
        out.rule(text("一位客户的全程", "one customer's whole way"))
        whole_way(desk, counter, known, tend)
        out.print()
        out.rule(text(f"{customers} 位客户，{count} 张故障单", f"{customers} customers, {count} faults"))
        lines = _settled(desk, customers, tend)
        tally, verdict, rate = drive(desk, FAULTS, cases, known, tend, lines=lines)
        _await_effects(desk, tend)
        ledger = Ledger(desk.settings.ledger)
        orders = [judge(desk.database, ledger, run, Kind.CONSTRUCTION) for run in (RUN, SETTLED)]
        outside = count_outside(desk.database, receivers(desk.settings))
        show_report(desk, cases, known, tally, verdict, stack)
        out.print(_construction(orders))
        out.print(_outside(outside))
        out.print(text(f"速率 {rate:.0f} 派单/秒", f"rate {rate:.0f} hops/s"))
        _look_around(desk, stack, stay)
        verdicts = [judge(desk.database, ledger, FAULT), verdict, *orders]
        typer.echo(_last_line(verdicts, outside))
        if stay:
            _stay(tend)
    if not all(v.good for v in verdicts) or any(each.lost or each.doubled for each in outside):
        raise typer.Exit(1)


def _emptied() -> tuple[Desk, IO[str]]:
    """The desk of the demonstration's own home, emptied.

    Raises BadSettings as `enter_demo_home`, AlreadyRunning while another works in it.
    """
    os.environ.setdefault("DISPATCH_FLOWER_PORT", "0")
    settings = enter_demo_home("demo")
    lock = reserve(settings, web=False)
    empty(settings.root)
    return open_desk(may_create=True), lock


def _settled(desk: Desk, count: int, tend: Callable[[], None]) -> list[str]:
    """The accounts of so many customers, opened at the counter and built."""
    from dispatch.demo.households import households
    from dispatch.demo.moving_in import move_in
    from dispatch.storage import resources

    customers = households(count)
    with desk.database.write() as tx:
        resources.enter_addresses(tx, [each.reach() for each in customers])
    with progress_bar() as bar:
        task = bar.add_task(text("开户、施工", "opening and building"), total=count)

        def progress(done: int) -> None:
            bar.update(task, completed=done)

        return move_in(desk.database, desk.counter(), Ledger(desk.settings.ledger), SETTLED, customers, tend, progress)


def _await_effects(desk: Desk, tend: Callable[[], None]) -> None:
    """Papers and messages come out when they can: the last ones after the last fault."""
    deadline = time.monotonic() + CONFIRMED_SECONDS
    while time.monotonic() < deadline:
        with desk.database.read() as tx:
            if not effects.counts(tx):
                return
        tend()
        time.sleep(0.2)


def _construction(orders: Sequence[ReplayVerdict]) -> Table:
    shown = table(text("施工单", "Construction orders"), headed=False)
    shown.add_column(no_wrap=True)
    shown.add_column(justify="right")
    for heading, of in (
        (text("受理（台账）", "accepted (ledger)"), lambda v: v.accepted),
        (text("受理（数据库）", "tickets (database)"), lambda v: v.counts.tickets),
        (text("归档（数据库）", "archived (database)"), lambda v: v.counts.archived),
        (text("派单", "hops"), lambda v: v.counts.hops),
        (text("丢失", "lost"), lambda v: len(v.lost)),
        (text("重复", "doubled"), lambda v: len(v.doubled)),
    ):
        shown.add_row(heading, str(sum(map(of, orders))))
    return shown


def _outside(counted: Sequence[EffectTally]) -> Table:
    shown = table(text("外部动作", "Outside effects"))
    shown.add_column(text("去向", "To"), no_wrap=True)
    for heading in (
        text("请求", "asked"),
        text("确认", "confirmed"),
        text("外部完成", "done outside"),
        text("丢失", "lost"),
        text("重复", "doubled"),
    ):
        shown.add_column(heading, justify="right")
    for each in counted:
        cells = (each.asked, each.confirmed, each.done, each.lost, each.doubled)
        shown.add_row(port_title(each.port), *map(str, cells))
    return shown


def _look_around(desk: Desk, stack: Stack | None, stay: bool) -> None:
    home = desk.settings.root
    out.print(
        text(
            "可用 tickets、show 工单、account list 等命令看一看：",
            "Look around, by the commands `tickets`, `show TICKET`, `account list`, …:",
        )
    )
    out.print(f"  [bold]DISPATCH_HOME={home} .venv/bin/dispatch tickets[/]", soft_wrap=True)
    out.print(text(f"受理单和发票：{home / 'printed'}", f"slips and invoices: {home / 'printed'}"), soft_wrap=True)
    if stay:
        flower = stack.flower_url if stack else ""
        out.print(text(f"运行中可打开：Flower {flower}", f"while it runs, open: Flower {flower}"))
    else:
        out.print(text("[dim]要留着运行：make demo STAY=1[/]", "[dim]to leave it running: make demo STAY=1[/]"))


def _last_line(verdicts: Sequence[ReplayVerdict], outside: Sequence[EffectTally]) -> str:
    """Faults and construction orders together; what was lost or doubled outside is counted in."""

    def total(of: Callable[[ReplayVerdict], int]) -> int:
        return sum(map(of, verdicts))

    lost = total(lambda v: len(v.lost)) + sum(each.lost for each in outside)
    doubled = total(lambda v: len(v.doubled)) + sum(each.doubled for each in outside)
    return (
        f"demo: {total(lambda v: v.accepted)} tickets accepted, {total(lambda v: v.counts.archived)} archived, "
        f"{total(lambda v: v.counts.reopened)} reopened, {lost} lost, {doubled} doubled"
    )


def _stay(tend: Callable[[], None]) -> None:
    note("按 Ctrl-C 结束", "Ctrl-C ends it")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            tend()
            time.sleep(0.2)
