"""What came of a replay, as tables: the outcome, the teams, the stages, the log against the flow, the memory."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence

from rich.table import Table

from dispatch.cli.context import Desk
from dispatch.cli.output import out, span, table
from dispatch.demo.made_up_log import LogShape, figures
from dispatch.replay.driver import Tally
from dispatch.replay.log import LoggedCase
from dispatch.replay.mapping import FLOW, ReplayMapping
from dispatch.replay.verdict import ReplayVerdict
from dispatch.runtime.child_process import peak_memory
from dispatch.runtime.supervisor import Stack


def show_report(
    desk: Desk,
    cases: Sequence[LoggedCase],
    mapping: ReplayMapping,
    tally: Tally,
    verdict: ReplayVerdict,
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


def _outcome(tally: Tally, verdict: ReplayVerdict) -> Table:
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


def _teams(desk: Desk, cases: Sequence[LoggedCase], mapping: ReplayMapping, verdict: ReplayVerdict) -> Table:
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
    for name in desk.rulebook.flows[FLOW]:
        cells = (groups[name], visits[name], verdict.hops_by_team[name])
        shown.add_row(f"{desk.rulebook.teams[name].title.zh} {name}", *(str(cell) if cell else "·" for cell in cells))
    return shown


def _stages(verdict: ReplayVerdict) -> Table:
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


def _likeness(f: LogShape) -> Iterator[tuple[str, str]]:
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
