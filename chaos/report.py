"""A run's report: tables for people, and one line for the machine that checks."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from chaos.campaign import Outcome
from chaos.disturbances import KILLS, TROUBLES
from chaos.races import Races
from chaos.recovery import Recovery
from chaos.scenarios import Findings
from chaos.verdict import Verdict
from dispatch.cli.output import out, table

WORST = 5


def show_campaign(outcome: Outcome) -> None:
    done = table("破坏 What was done")
    for heading, justify in (("", "left"), ("次数\ntimes", "right"), ("恢复 recovery\np50", "right"), ("max", "right")):
        done.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for group, title in ((KILLS, "强杀 kill -9"), (TROUBLES, "故障 trouble")):
        for name in group:
            if outcome.done[name]:
                p50, most = _seconds(outcome.recovery, name)
                done.add_row(f"{title} · {name}", str(outcome.done[name]), p50, most)
    out.print(done)
    verdict = outcome.verdict
    sums = table(headed=False)
    sums.add_column()
    sums.add_column(justify="right")
    for title, value in (
        ("受理 accepted (台账 ledger)", verdict.tickets),
        ("网上请求 requests over the web, repeated ones included", outcome.requests),
        ("派单 hops", verdict.hops),
        ("隔离后放行 released from quarantine", outcome.freed),
        ("丢失 lost", len(verdict.lost)),
        ("重复 doubled", len(verdict.doubled)),
    ):
        sums.add_row(title, str(value))
    out.print(sums)
    for what, names in (("lost", verdict.lost), ("doubled", verdict.doubled)):
        if names:
            out.print(f"{what}: {', '.join(names[:WORST])}{' …' if len(names) > WORST else ''}", soft_wrap=True)


def show_scenarios(played: Sequence[tuple[str, Findings, float]]) -> None:
    shown = table("情形 Scenarios")
    for heading in ("", "所见 What was found", "结论 Verdict"):
        shown.add_column(heading)
    for title, found, _ in played:
        figures = "\n".join(f"{name}: {value}" for name, value in found.figures.items())
        shown.add_row(title, figures or f"{found.verdict.tickets} tickets", "\n".join(found.faults) or "好 good")
    out.print(shown)


def show_races(races: Sequence[tuple[str, Races]]) -> None:
    shown = table("争抢 Races")
    for heading in ("数据库\nDatabase", "争抢\nraces", "无唯一赢家\nwithout one winner"):
        shown.add_column(heading, justify="right")
    for kind, result in races:
        shown.add_row(kind, str(result.races), str(len(result.odd)))
    out.print(shown)


def show_spoiled(spoiled: Sequence[tuple[str, str, bool]]) -> None:
    shown: Table = table("试验之试验 The test of the test")
    for heading in ("情形 Scenario", "拆掉的 Switched off", "是否变红 Red?"):
        shown.add_column(heading)
    for title, spoiler, red in spoiled:
        shown.add_row(title, spoiler, "是 yes" if red else "否 NO")
    out.print(shown)


def last_line(outcome: Outcome, verdicts: Sequence[Verdict]) -> str:
    """`verdicts`: the campaign's, and those of the scenarios that were played."""
    tickets = sum(each.tickets for each in verdicts)
    lost, doubled = sum(len(each.lost) for each in verdicts), sum(len(each.doubled) for each in verdicts)
    p99 = outcome.recovery.percentile(0.99)
    return f"chaos: {outcome.kills} kills, {tickets} tickets, {lost} lost, {doubled} doubled, recovery p99 {p99:.1f} s"


def _seconds(recovery: Recovery, what: str) -> tuple[str, str]:
    seconds = sorted(float("inf") if s.seconds is None else s.seconds for s in recovery.setbacks if s.what == what)
    return (f"{seconds[len(seconds) // 2]:.1f} s", f"{seconds[-1]:.1f} s") if seconds else ("", "")
