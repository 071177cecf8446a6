"""`dispatch replay`, `dispatch demo`: a whole log, or a made-up one, as faults through the real workers."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from dispatch import figures as figures_of
from dispatch.cli.desk import Desk, err, open_desk, out, progress_bar, span, table
from dispatch.cli.journey import picture
from dispatch.errors import AlreadyRunning
from dispatch.ports.ledger import Ledger
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.processes import peak_memory
from dispatch.replay import log as log_of
from dispatch.replay import mapping as mapping_of
from dispatch.replay.driver import Driver, Tally
from dispatch.replay.log import LoggedCase
from dispatch.replay.mapping import ReplayMapping
from dispatch.replay.plan import Planner
from dispatch.replay.sample import Figures, figures, sample
from dispatch.replay.verdict import Verdict, judge
from dispatch.settings import PROJECT, Settings, load_settings
from dispatch.supervisor import Stack, is_running

app = typer.Typer()

MAPPING = PROJECT / "replay_mapping.yaml"
JOURNEY = ("noc", "installer", "transmission", "installer")
"""The fault that the demonstration shows step by step: steps 8 to 14 of the source document."""


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="the log, CSV or gzipped CSV")],
    mapping: Annotated[Path, typer.Option(help="which team stands for which group")] = MAPPING,
    speed_up: Annotated[float | None, typer.Option(min=1, help="times real time; else as fast as it goes")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="the first so many cases only")] = None,
    name: Annotated[str, typer.Option(help="of the run; the same name goes on where it was cut off")] = "",
) -> None:
    """重放 · a log of real incidents as faults through the real workers; ends with a report of what came of them.

    Works on a running `dispatch up`, or starts everything itself for as long as it takes.
    """
    desk = open_desk()
    rulebook = desk.rulebook
    with progress_bar() as bar:
        task = bar.add_task("读取 reading", total=file.stat().st_size if file.exists() else None)
        log = log_of.read(file, lambda done: bar.update(task, completed=done))
    known = mapping_of.load(mapping, rulebook)
    mapping_of.check_covers(known, log, str(mapping))
    cases = log.cases[:limit]
    name = name or f"replay-{datetime.now(UTC):%Y%m%d%H%M%S}"
    with _running(desk.settings) as (tend, stack):
        tally, verdict, seconds = _drive(desk, name, cases, known, tend, speed_up)
        _report(desk, cases, known, tally, verdict, stack)
    counts, rate = verdict.counts, verdict.counts.hops / seconds
    typer.echo(
        f"replay: {verdict.accepted} accepted, {counts.archived} archived, {counts.reopened} reopened, "
        f"{counts.hops} hops, {len(verdict.lost)} lost, {len(verdict.doubled)} doubled, {rate:.0f} hops/s"
    )
    if not verdict.good:
        raise typer.Exit(1)


@app.command()
def demo(
    count: Annotated[int, typer.Option(min=1, max=5000, help="faults")] = 300,
    seed: Annotated[int, typer.Option(help="another seed, other faults")] = 1,
    stay: Annotated[bool, typer.Option("--stay", help="leave everything running afterwards, until Ctrl-C")] = False,
) -> None:
    """演示 · made-up faults with the figures of real ones, in a home of their own that is emptied first."""
    home = load_settings().root / "demo"
    os.environ["DISPATCH_HOME"] = str(home)
    os.environ.setdefault("DISPATCH_FLOWER_PORT", "0")
    settings = load_settings()
    if is_running(settings):
        raise AlreadyRunning(pid="?", home=home)
    shutil.rmtree(home, ignore_errors=True)
    desk = open_desk()
    known = mapping_of.identity(desk.rulebook)
    cases = sample(count, seed)
    with _running(settings, flower=True) as (tend, stack):
        journey = LoggedCase("J1", cases[0].opened_at, 2, 0, (JOURNEY,))
        out.rule("一张故障单的全程 · one fault's whole journey")
        first = _drive(desk, "journey", [journey], known, tend, quiet=True)[1]
        with desk.database.read() as tx:
            out.print(picture(desk.rulebook, figures_of.journey(tx, 1)))
        out.rule(f"{count} 张故障单 · {count} faults")
        tally, verdict, seconds = _drive(desk, "demo", cases, known, tend)
        _report(desk, cases, known, tally, verdict, stack)
        out.print(f"速率 rate {verdict.counts.hops / seconds:.0f} 派单/秒 hops/s")
        out.print(
            f"看一看 look around: [bold]DISPATCH_HOME={home} .venv/bin/dispatch tickets[/] (show F00000001, teams …)"
        )
        out.print(f"运行中可打开 while it runs, open: Flower {stack.flower_url if stack else ''}")
        if not stay:
            out.print("[dim]留着运行 to leave it running: make demo STAY=1[/]")
        verdicts = (first, verdict)
        typer.echo(_last_line(verdicts))
        if stay:
            err.print("[dim]Ctrl-C 结束 ends it[/]")
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    tend()
                    time.sleep(0.2)
    if not all(v.good for v in verdicts):
        raise typer.Exit(1)


def _last_line(verdicts: Sequence[Verdict]) -> str:
    def total(of: Callable[[Verdict], int]) -> int:
        return sum(map(of, verdicts))

    return (
        f"demo: {total(lambda v: v.accepted)} tickets accepted, {total(lambda v: v.counts.archived)} archived, "
        f"{total(lambda v: v.counts.reopened)} reopened, {total(lambda v: len(v.lost))} lost, "
        f"{total(lambda v: len(v.doubled))} doubled"
    )


@contextlib.contextmanager
def _running(settings: Settings, flower: bool = False) -> Iterator[tuple[Callable[[], None], Stack | None]]:
    """What is running already, or a stack of our own for as long as the block lasts."""
    if is_running(settings):
        err.print("[dim]用已在运行的系统 · working on the running `dispatch up`[/]")
        yield (lambda: None), None
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped from outside, the children are stopped too
    err.print("[dim]启动中 · starting broker, relay, workers …[/]")
    stack = Stack(settings, told=lambda line: err.print(f"[dim]{line}[/]"), flower=flower, web=False)
    stack.start()
    try:
        yield stack.tend, stack
    finally:
        stack.stop()


def _drive(
    desk: Desk,
    name: str,
    cases: Sequence[LoggedCase],
    mapping: ReplayMapping,
    tend: Callable[[], None],
    speed_up: float | None = None,
    quiet: bool = False,
) -> tuple[Tally, Verdict, float]:
    ledger = Ledger(desk.settings.ledger)
    sms = SimulatedSmsGateway(desk.settings.root / "sms.db")
    planner = Planner(mapping, desk.rulebook)
    driver = Driver(name, cases, planner, desk.script, desk.database, ledger, sms, speed_up)
    started = time.monotonic()
    with progress_bar(disable=quiet) as bar:
        task = bar.add_task("办结 closed", total=len(cases))
        told = started

        def progress(tally: Tally) -> None:
            nonlocal told
            bar.update(
                task, completed=tally.ended, description=f"受理 {tally.accepted} · 回单 {tally.visits} · 办结 closed"
            )
            if not quiet and not bar.console.is_terminal and time.monotonic() - told > 15:
                told = time.monotonic()
                err.print(f"受理 accepted {tally.accepted}, 回单 reported {tally.visits}, 办结 closed {tally.ended}")

        tally = driver.run(tend, progress)
    seconds = time.monotonic() - started
    return tally, judge(desk.database, ledger, name), seconds


def _report(
    desk: Desk,
    cases: Sequence[LoggedCase],
    mapping: ReplayMapping,
    tally: Tally,
    verdict: Verdict,
    stack: Stack | None,
) -> None:
    out.print(_outcome(tally, verdict))
    out.print(_teams(desk, cases, mapping, verdict))
    out.print(_stages(verdict))
    out.print(_log_and_flow(cases, tally))
    if stack is not None:
        out.print(_memory(stack))
    if tally.stalled:
        out.print("[bold red]停滞 nothing moved any more: see `dispatch quarantine` and the logs[/]")


def _outcome(tally: Tally, verdict: Verdict) -> Table:
    counts = verdict.counts
    shown = table("结果 Outcome", headed=False)
    shown.add_column(no_wrap=True)
    shown.add_column(justify="right")
    rows: list[tuple[str, object]] = [
        ("受理 accepted (台账 ledger)", verdict.accepted),
        ("受理 tickets (数据库 database)", counts.tickets),
        ("归档 archived (数据库 database)", counts.archived),
        ("归档次数 filings (台账 ledger)", verdict.filed),
        ("办结 closed", counts.closed),
        ("重派 reopened", counts.reopened),
        ("派单 hops", counts.hops),
        ("隔离 quarantined", counts.quarantined),
        ("丢失 lost", len(verdict.lost)),
        ("重复 doubled", len(verdict.doubled)),
    ]
    rows += [(f"拒绝 refused: {code}", times) for code, times in tally.refused.items()]
    for title, value in rows:
        shown.add_row(title, str(value))
    return shown


def _teams(desk: Desk, cases: Sequence[LoggedCase], mapping: ReplayMapping, verdict: Verdict) -> Table:
    """How the log's groups became our teams, and how often each was visited there and here."""
    groups: Counter[str] = Counter()
    visits: Counter[str] = Counter()
    seen: set[str] = set()
    for case in cases:
        for group in (g for visited in case.rounds for g in visited):
            visits[mapping.team_of[group]] += 1
            if group not in seen:
                seen.add(group)
                groups[mapping.team_of[group]] += 1
    shown = table("班组 Teams")
    shown.add_column("班组 Team", no_wrap=True)
    for heading in ("日志班组 groups in the log", "日志派单 visits there", "本流程派单 hops here"):
        shown.add_column(heading, justify="right")
    for name in desk.rulebook.flows[mapping_of.FLOW]:
        cells = (groups[name], visits[name], verdict.hops_by_team[name])
        shown.add_row(f"{desk.rulebook.teams[name].title.zh} {name}", *(str(cell) if cell else "·" for cell in cells))
    return shown


def _stages(verdict: Verdict) -> Table:
    shown = table("各环节用时 Time per stage")
    shown.add_column("环节 Stage", no_wrap=True)
    for heading in ("派单 hops", "p50", "p95", "p99"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for stage in verdict.stages:
        shown.add_row(stage.title, str(stage.hops), span(stage.p50), span(stage.p95), span(stage.p99))
    return shown


def _log_and_flow(cases: Sequence[LoggedCase], tally: Tally) -> Table:
    """Where the log and the flow agree, and where they can't be reconciled."""
    shown = table("日志与流程 The log and the flow", headed=False)
    shown.add_column(overflow="fold")
    shown.add_column(justify="right")
    for title, value in _likeness(figures(cases)) if cases else ():
        shown.add_row(title, value)
    rows: list[tuple[str, int]] = [
        ("流程另需的派单 visits that our flow needs and the log doesn't have", tally.inserted),
        ("同班组内转派 hand-overs within one of our teams, kept as a pass on", tally.merged),
        ("受限提前结束 cases that a limit sent to the supervisor or ended", tally.limited),
        ("限制后未走的重派 logged rounds that can't be had after a limit", tally.cut),
        ("与计划不符 visits to another team than planned", sum(tally.deviated.values())),
        ("无法对应的转派 logged hand-overs that the flow can't make", sum(tally.unreconciled.values())),
    ]
    for title, number in rows:
        shown.add_row(title, str(number))
    for (start, end), times in tally.unreconciled.most_common(5):
        shown.add_row(f"    {start} → {end}", str(times))
    return shown


def _likeness(f: Figures) -> Iterator[tuple[str, str]]:
    yield (
        "转派 hand-overs per case: mean; p50 / p95 / p99 / max",
        (f"{f.handovers_mean:.2f}; {f.handovers_p50} / {f.handovers_p95} / {f.handovers_p99} / {f.handovers_max}"),
    )
    yield "来回派 a team visited again (ping-pong)", f"{f.ping_pong:.1%}"
    yield "首派即结 solved by the first team", f"{f.first_team:.1%}"
    yield "重派 reopened", f"{f.reopened:.1%}"
    yield "到达 arrivals per hour: mean / peak", f"{f.arrivals_mean:.0f} / {f.arrivals_peak}"


def _memory(stack: Stack) -> Table:
    """The largest resident size of each process, a worker's pool process included."""
    shown = table("内存峰值 Peak memory", headed=False)
    shown.add_column(no_wrap=True)
    shown.add_column(justify="right")
    names = {child.process.pid: child.name for child in stack.children if child.process}
    names[os.getpid()] = "replay"
    for pid, size in sorted(peak_memory(list(names)).items()):
        if pid in names or size > 0:
            shown.add_row(names.get(pid, "  child of one of these"), f"{size / 1e6:.0f} MB")
    return shown
