"""班组 at the terminal: every team, what it may report, its board; the quarantine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from dispatch.cli.context import Desk, now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.options import AsJson
from dispatch.cli.output import out, show_json, span, table
from dispatch.domain.account import AccountState
from dispatch.domain.finding import Evidence
from dispatch.domain.numbers import hop_number
from dispatch.domain.reasons import SUSPENSION_REASONS
from dispatch.domain.ticket import ON_BOARD, ON_ITS_WAY, HopState
from dispatch.domain.title import Wording
from dispatch.errors import NotFound
from dispatch.reports import lists
from dispatch.routing.rulebook import Team
from dispatch.storage.rows import BoardLine, HopLineColumns, as_dict

app = Commands()

STATE = {
    HopState.WAITING: "[yellow]待接 wait[/]",
    HopState.CLAIMED: "[cyan]在手 hand[/]",
    HopState.HELD: "[magenta]挂起 held[/]",
}


@app.command()
def teams(
    team: Annotated[str, typer.Argument(help="one team: what it may report, and where that leads")] = "",
    as_json: AsJson = False,
) -> None:
    """班组一览 · every team and what it has to do; or one team, what it may report and with which evidence."""
    desk = open_desk()
    known = known_teams(desk, team) if team else desk.rulebook.teams
    with desk.database.read() as tx:
        loads = lists.team_loads(tx)
    if as_json:
        show_json([_team_json(desk, name, loads.get(name, {})) for name in ([team] if team else known)])
    elif team:
        for flow, sections in desk.rulebook.flows.items():
            if team in sections:
                out.print(_findings(desk, flow, team))
    else:
        out.print(_loads(desk, loads))


def _loads(desk: Desk, loads: dict[str, dict[str, Any]]) -> Table:
    shown = table("班组 Teams")
    shown.add_column("班组 Team", no_wrap=True)
    shown.add_column("名称 Title", no_wrap=True)
    for heading in ("待派\ndue", "待接\nwait", "在手\nhand", "挂起\nheld", "超时\nlate", "最久\noldest"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for name, team in desk.rulebook.teams.items():
        load = loads.get(name, {})
        due = sum(load.get(state, 0) for state in ON_ITS_WAY)
        on_board = (load.get(state, 0) for state in ON_BOARD)
        oldest = load.get("oldest")
        age = span((now() - oldest).total_seconds()) if oldest else ""
        title = f"{team.title.zh}" + (" (自动)" if team.automatic else "")
        counts = (due, *on_board, load.get("late", 0))
        shown.add_row(name, title, *(str(count) if count else "·" for count in counts), age)
    return shown


def _findings(desk: Desk, flow: str, team: str) -> Table:
    rulebook = desk.rulebook
    shown = table(f"{rulebook.teams[team].title}: 可报结论 findings ({flow})")
    shown.add_column("结论 Finding", no_wrap=True)
    shown.add_column("去向 Leads to", overflow="fold")
    shown.add_column("佐证 Evidence", overflow="fold")
    for finding in rulebook.findings_of(flow, team):
        rules = rulebook.flows[flow][team][finding.name]
        leads = "\n".join(" ".join((rule.to, *(f"({c})" for c in rule.when))) for rule in rules)
        evidence = "\n".join(_wanted(each) for each in finding.evidence)
        shown.add_row(f"{finding.name}\n{finding.title.zh}", leads, evidence, end_section=True)
    return shown


def _wanted(evidence: Evidence) -> str:
    kind = {
        "choice": "|".join(evidence.choices),
        "number": f"{evidence.least:g} … {evidence.most:g} {evidence.unit}",
        "yes-no": "yes|no",
    }.get(evidence.kind, "文字 text")
    return f"{evidence.name}{' (可选 optional)' if evidence.optional else ''}: {kind}"


def known_teams(desk: Desk, team: str) -> Mapping[str, Team]:
    """All teams, of which `team` is one. Raises NotFound."""
    known = desk.rulebook.teams
    if team not in known:
        listed = ", ".join(known)
        raise NotFound(
            what=Wording("班组", "team"), which=Wording(f"{team}；有：{listed}", f"{team}; teams are {listed}")
        )
    return known


@app.command()
def board(
    team: Annotated[str, typer.Argument(help="a team of `dispatch teams`")],
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 30,
    as_json: AsJson = False,
) -> None:
    """看板 · what a team has before it: the urged and the urgent first, then the oldest."""
    desk = open_desk()
    title = known_teams(desk, team)[team].title
    with desk.database.read() as tx:
        rows = lists.board(tx, team, limit)
    if as_json:
        show_json([_hop_json(row) for row in rows])
        return
    shown = table(f"{title} 看板")
    shown.add_column("派单\nHop", no_wrap=True)
    shown.add_column("状态、人员\nState", no_wrap=True)
    shown.add_column("级\nP", justify="right")
    shown.add_column("催\nUrg", justify="right", no_wrap=True)
    shown.add_column("账号、片区\nAccount", no_wrap=True)
    shown.add_column("现象、测试\nSymptom", no_wrap=True)
    shown.add_column("剩余\nLeft", justify="right", no_wrap=True)
    for row in rows:
        person = row.holder or (f"({row.assignee}?)" if row.assignee else "")
        shown.add_row(
            hop_number(row.kind, row.ticket_id, row.seq),
            f"{STATE[HopState(row.state)]}\n{person}".rstrip(),
            str(row.priority),
            str(row.urged or "·"),
            f"{row.account}\n{row.area}",
            f"{row.symptom}\n{_found(row)}".rstrip(),
            _left(row),
        )
    out.print(shown)
    if len(rows) == limit:
        out.print(f"[dim]只列出前{limit}条 · the first {limit} only, see --limit[/]")


@app.command()
def quarantine(as_json: AsJson = False) -> None:
    """隔离区 · hops that failed too often; `dispatch release HOP` tries one afresh. Effects: `dispatch effects`."""
    desk = open_desk()
    with desk.database.read() as tx:
        rows = lists.quarantine(tx)
    if as_json:
        show_json([_hop_json(row) for row in rows])
        return
    shown = table("隔离区 Quarantine")
    for heading in ("派单 Hop", "班组 Team", "次数 Failures", "原因 Failure"):
        shown.add_column(heading)
    for row in rows:
        shown.add_row(hop_number(row.kind, row.ticket_id, row.seq), row.team, str(row.failures), row.failure or "")
    out.print(shown)


def _found(row: BoardLine) -> str:
    """What the worker found out, in a board's few characters: a line test's result, or the account's state."""
    found = row.found or {}
    if "optical_power" in found:
        return f"{found['optical_power']:.1f} dBm {'在线' if found['online'] else '离线'}"
    if "account" not in found:
        return ""
    why = found.get("suspended_for")
    said = SUSPENSION_REASONS[why] if why else AccountState(found["account"]).label
    waiting = len(found.get("unconfirmed", ()))
    return said.zh + (f"\n未确认 {waiting}" if waiting else "")


def _left(row: BoardLine) -> Text:
    if row.late:
        return Text("超时 late", style="bold red")
    if row.wake_at is None:
        return Text("")
    seconds = (row.wake_at - now()).total_seconds()
    style = "red" if seconds < 300 else "yellow" if seconds < 1800 else "green"
    return Text(span(max(seconds, 0)), style=style)


def _hop_json(row: HopLineColumns) -> dict[str, Any]:
    facts = {name: value for name, value in as_dict(row).items() if name not in ("id", "kind", "ticket_id")}
    return {"hop": hop_number(row.kind, row.ticket_id, row.seq), **facts}


def _team_json(desk: Desk, name: str, load: dict[str, Any]) -> dict[str, Any]:
    team = desk.rulebook.teams[name]
    findings = {
        flow: [_finding_json(f) for f in desk.rulebook.findings_of(flow, name)]
        for flow, sections in desk.rulebook.flows.items()
        if name in sections
    }
    return {"team": name, "title": str(team.title), "automatic": team.automatic, "findings": findings, **load}


def _finding_json(finding: Any) -> dict[str, Any]:
    evidence: Sequence[Evidence] = finding.evidence
    return {
        "finding": finding.name,
        "evidence": [
            {"name": e.name, "kind": e.kind, "choices": list(e.choices), "optional": e.optional} for e in evidence
        ],
    }
