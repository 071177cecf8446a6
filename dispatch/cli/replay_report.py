"""The results of a replay, as tables: the outcome, the teams, the stages, the log against the flow, the memory."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from dispatch.cli.context import Desk
from dispatch.cli.language import text
from dispatch.cli.output import out, said, span, table
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
        out.print(
            text(
                "[bold red]停滞：请看 dispatch quarantine 和日志[/]",
                "[bold red]nothing moved any more: see `dispatch quarantine` and the logs[/]",
            )
        )


def report_json(name: str, tally: Tally, verdict: ReplayVerdict, rate: float) -> dict[str, Any]:
    """The report for programs. Times are in seconds, `rate` in hops a second."""
    counts = verdict.counts
    return {
        "run": name,
        "good": verdict.good,
        "stalled": tally.stalled,
        "accepted": verdict.accepted,
        "filed": verdict.filed,
        **{each: getattr(counts, each) for each in counts._fields if each != "unplaced"},
        "lost": verdict.lost,
        "doubled": [{"effect": effect, "of": thing} for effect, thing in verdict.doubled],
        "refused": tally.refused,
        "hops_by_team": verdict.hops_by_team,
        "stages": [
            {"stage": each.title.en, "hops": each.hops, "p50": each.p50, "p95": each.p95, "p99": each.p99}
            for each in verdict.stages
        ],
        "rate": round(rate, 1),
    }


def _outcome(tally: Tally, verdict: ReplayVerdict) -> Table:
    counts = verdict.counts
    shown = table(text("结果", "Outcome"), headed=False)
    shown.add_column(no_wrap=True)
    shown.add_column(justify="right")
    rows: list[tuple[str, object]] = [
        (text("受理（台账）", "accepted (ledger)"), verdict.accepted),
        (text("受理（数据库）", "tickets (database)"), counts.tickets),
        (text("归档（数据库）", "archived (database)"), counts.archived),
        (text("归档次数（台账）", "filings (ledger)"), verdict.filed),
        (text("办结", "closed"), counts.closed),
        (text("重派", "reopened"), counts.reopened),
        (text("派单", "hops"), counts.hops),
        (text("隔离", "quarantined"), counts.quarantined),
        (text("丢失", "lost"), len(verdict.lost)),
        (text("重复", "doubled"), len(verdict.doubled)),
    ]
    rows += [(text(f"拒绝：{code}", f"refused: {code}"), times) for code, times in tally.refused.items()]
    for title, value in rows:
        shown.add_row(title, str(value))
    return shown


def _teams(desk: Desk, cases: Sequence[LoggedCase], mapping: ReplayMapping, verdict: ReplayVerdict) -> Table:
    """Make a table of the log's groups, our teams for them, and the number of visits there and here."""
    groups: Counter[str] = Counter()
    visits: Counter[str] = Counter()
    seen: set[str] = set()
    for case in cases:
        for group in (g for visited in case.rounds for g in visited):
            visits[mapping.team_of[group]] += 1
            if group not in seen:
                seen.add(group)
                groups[mapping.team_of[group]] += 1
    shown = table(text("班组", "Teams"))
    shown.add_column(text("班组", "Team"), no_wrap=True)
    for heading in (
        text(
            "日志班组",
            "groups in the log",
        ),
        text(
            "日志派单",
            "visits there",
        ),
        text(
            "本流程派单",
            "hops here",
        ),
    ):
        shown.add_column(heading, justify="right")
    for name in desk.rulebook.flows[FLOW]:
        cells = (groups[name], visits[name], verdict.hops_by_team[name])
        shown.add_row(said(desk.rulebook.teams[name].title), *(str(cell) if cell else "·" for cell in cells))
    return shown


def _stages(verdict: ReplayVerdict) -> Table:
    shown = table(text("各环节用时", "Time per stage"))
    shown.add_column(text("环节", "Stage"), no_wrap=True)
    for heading in (text("派单", "hops"), "p50", "p95", "p99"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for stage in verdict.stages:
        shown.add_row(said(stage.title), str(stage.hops), span(stage.p50), span(stage.p95), span(stage.p99))
    return shown


def _log_and_flow(cases: Sequence[LoggedCase], tally: Tally) -> Table:
    """Make a table of cases in which the log and the flow agree, and in which they can't be reconciled."""
    shown = table(text("日志与流程", "The log and the flow"), headed=False)
    shown.add_column(overflow="fold")
    shown.add_column(justify="right")
    for title, value in _likeness(figures(cases)) if cases else ():
        shown.add_row(title, value)
    rows: list[tuple[str, int]] = [
        (text("流程需要而日志没有的派单", "visits that our flow needs and the log doesn't have"), tally.inserted),
        (text("同一班组内的转派，记为转派", "hand-overs within one of our teams, kept as a pass on"), tally.merged),
        (text("因限制转主管或结束的", "cases that a limit sent to the supervisor or ended"), tally.limited),
        (text("限制之后未走的重派", "logged rounds that can't be had after a limit"), tally.cut),
        (text("去了计划外班组的", "visits to another team than planned"), sum(tally.deviated.values())),
        (text("流程无法对应的转派", "logged hand-overs that the flow can't make"), sum(tally.unreconciled.values())),
    ]
    for title, number in rows:
        shown.add_row(title, str(number))
    for (start, end), times in tally.unreconciled.most_common(5):
        shown.add_row(f"    {start} → {end}", str(times))
    return shown


def _likeness(f: LogShape) -> Iterator[tuple[str, str]]:
    yield (
        text("每单转派次数：平均；p50 / p95 / p99 / 最多", "hand-overs per case: mean; p50 / p95 / p99 / max"),
        (f"{f.handovers_mean:.2f}; {f.handovers_p50} / {f.handovers_p95} / {f.handovers_p99} / {f.handovers_max}"),
    )
    yield text("再次派到同一班组（来回派）", "a team visited again (ping-pong)"), f"{f.ping_pong:.1%}"
    yield text("首个班组即解决", "solved by the first team"), f"{f.first_team:.1%}"
    yield text("重派", "reopened"), f"{f.reopened:.1%}"
    yield (
        text(
            "每小时到达：平均 / 峰值",
            "arrivals per hour: mean / peak",
        ),
        f"{f.arrivals_mean:.0f} / {f.arrivals_peak}",
    )


def _memory(stack: Stack) -> Table:
    """The largest resident size of each process, a worker's pool process included."""
    shown = table(text("内存峰值", "Peak memory"), headed=False)
    shown.add_column(no_wrap=True)
    shown.add_column(justify="right")
    names = {child.process.pid: child.name for child in stack.children if child.process}
    names[os.getpid()] = "replay"
    for pid, size in sorted(peak_memory(list(names)).items()):
        if pid in names or size > 0:
            shown.add_row(names.get(pid, text("  以上进程的子进程", "  child of one of these")), f"{size / 1e6:.0f} MB")
    return shown
