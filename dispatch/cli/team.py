"""班组 at the terminal: every team, what it may report, its board; the quarantine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dispatch.cli.context import Desk, known_teams, now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import AsJson
from dispatch.cli.output import give, local, note_limit, out, said, span, table
from dispatch.domain.account import AccountState
from dispatch.domain.finding import UNAVAILABLE, Evidence
from dispatch.domain.kind import Kind
from dispatch.domain.numbers import hop_number
from dispatch.domain.requirement import Requirement, stated
from dispatch.domain.suspension import MEANT_BY
from dispatch.domain.ticket import ON_BOARD, ON_ITS_WAY, HopState
from dispatch.domain.title import Wording
from dispatch.reports import lists
from dispatch.routing.wording import Words
from dispatch.storage import rulebooks
from dispatch.storage.rows import BoardLine, HopLineColumns, as_dict

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

app = Commands()

COLOUR = {HopState.WAITING: "yellow", HopState.CLAIMED: "cyan", HopState.HELD: "magenta"}


TeamName = Annotated[
    str, typer.Argument(help=text("班组，见 dispatch teams", "a team of `dispatch teams`"), show_default=False)
]


@app.command()
def teams(
    team: Annotated[
        str,
        typer.Argument(
            help=text("班组：可报什么结论，去向何处", "one team: what it may report, and where that leads"),
            show_default=False,
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List the teams and what each has to do; or one team's findings and their evidence."""
    desk = open_desk()
    known = known_teams(desk, team) if team else desk.rulebook.teams
    with desk.database.read() as tx:
        loads = lists.team_loads(tx)
        names = [team] if team else list(dict.fromkeys((*known, *rulebooks.teams_at_work(tx))))

    def show() -> None:
        if not team:
            out.print(_loads(desk, names, loads))
            return
        for flow, sections in desk.rulebook.flows.items():
            if team in sections:
                out.print(_findings(desk, flow, team))

    give(as_json, [_team_json(desk, name, loads.get(name, lists.NO_LOAD)) for name in names], show)


def _loads(desk: Desk, names: Sequence[str], loads: Mapping[str, lists.TeamLoad]) -> Table:
    shown = table(text("班组", "Teams"))
    shown.add_column(text("名称", "Title"), overflow="fold")
    shown.add_column(text("班组", "Team"), no_wrap=True)
    for heading in (
        text("待派", "Due"),
        text("待接", "Wait"),
        text("在手", "Hand"),
        text("挂起", "Held"),
        text("超时", "Late"),
        text("最久", "Oldest"),
    ):
        shown.add_column(heading, justify="right", no_wrap=True)
    for name in names:
        team = desk.rulebook.team(name)
        load = loads.get(name, lists.NO_LOAD)
        age = span((now() - load.oldest).total_seconds()) if load.oldest else ""
        title = said(team.title) + (text("（自动）", " (auto)") if team.automatic else "")
        if name not in desk.rulebook.teams:
            title += text("（规则中已无）", " (not in the rules)")
        counts = (load.hops(*ON_ITS_WAY), *map(load.hops, ON_BOARD), load.late)
        shown.add_row(title, name, *(str(count) if count else "·" for count in counts), age)
    return shown


def _findings(desk: Desk, flow: str, team: str) -> Table:
    from rich.console import Group

    rulebook = desk.rulebook
    title = said(rulebook.teams[team].title)
    kind = Kind.label_of(flow)
    shown = table(text(f"{title}：可报结论（{kind.zh}）", f"{title}: findings ({kind.en})"))
    shown.add_column(text("结论", "Finding"), overflow="fold")
    shown.add_column(text("去向", "Leads to"), overflow="fold")
    shown.add_column(text("佐证", "Evidence"), overflow="fold")
    for finding in rulebook.findings_of(flow, team):
        rules = rulebook.flows[flow][team][finding.name]
        leads = "\n".join(" ".join((_target(desk, rule.to), *(f"({c})" for c in rule.when))) for rule in rules)
        required = rulebook.requirements(flow, team, finding.name)
        evidence = Group(*(_wanted(each) for each in finding.evidence), *(_required(desk, each) for each in required))
        shown.add_row(f"{finding.name}\n{said(finding.title)}", leads, evidence, end_section=True)
    return shown


def _required(desk: Desk, of: Requirement) -> Text:
    """A requirement, behind the cases in which it holds."""
    from rich.text import Text

    words, stated_ = Words(desk.rulebook, desk.symptoms), stated(of)
    cases = [words.case(case) for case in of.cases]
    zh = "".join([*(f"{case.zh}，" for case in cases), stated_.zh])
    en = "".join([*(f"{case.en}, " for case in cases), stated_.en])
    return Text(text(f"※ {zh}", f"※ {en}"), style="italic")


def _target(desk: Desk, to: str) -> str:
    """A team by its name, as it is typed, and its title; what is no team by its name alone."""
    return f"{to} {desk.team(to)}" if to in desk.rulebook.teams else to


def _wanted(evidence: Evidence) -> RenderableType:
    """The evidence's name, and what is taken for it. A choice has lines of its own, and folds below itself."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table

    optional = text("（可选）", " (optional)") if evidence.optional else ""
    head = text(f"{evidence.name} {said(evidence.title)}{optional}", f"{evidence.name}{optional}")
    match evidence.kind:
        case "choice":
            choices = Table.grid(padding=(0, 1, 0, 0))
            for name, title in evidence.choices.items():
                choices.add_row("·", f"{name}  {said(title)}")
            return Group(head, Padding(choices, (0, 0, 0, 1)))
        case "number":
            return f"{head}: {evidence.least:g} … {evidence.most:g} {evidence.unit}"
        case "yes-no":
            return f"{head}: {text('yes 是, no 否', 'yes, no')}"
        case "new-device":
            return f"{head}: {text('本人领用的终端的序列号', 'serial number of a device that they carry')}"
        case "old-device":
            return f"{head}: {text('该账号在用终端的序列号', 'serial number of a device of the account')}"
    return f"{head}: {text('文字', 'text')}"


@app.command()
def board(
    team: Annotated[
        str, typer.Argument(help=text("班组，见 dispatch teams", "a team of `dispatch teams`"), show_default=False)
    ],
    limit: Annotated[int, typer.Option(min=1, max=1000, help=text("最多列出", "at most"))] = 30,
    as_json: AsJson = False,
) -> None:
    """Show a team's board: the urged and the urgent first, then the oldest."""
    desk = open_desk()
    with desk.database.read() as tx:
        if team not in rulebooks.teams_at_work(tx):  # tickets may be with a team that the rules don't know any more
            known_teams(desk, team)
        rows = lists.board(tx, team, limit)
    title = desk.rulebook.team(team).title

    def show() -> None:
        if not rows:
            out.print(text(f"{said(title)}：没有待办", f"{said(title)}: nothing to do"))
            return
        out.print(_board(desk, f"{said(title)} {text('看板', 'board')}", rows))
        note_limit(len(rows), limit)

    give(as_json, [_hop_json(row) for row in rows], show)


def _board(desk: Desk, title: str, rows: Sequence[BoardLine]) -> Table:
    from rich.text import Text

    shown = table(title)
    shown.add_column(text("派单", "Hop"), no_wrap=True)
    shown.add_column(text("状态\n人员", "State\nPerson"), overflow="fold", min_width=6)
    shown.add_column(text("级", "P"), justify="right", no_wrap=True)
    shown.add_column(text("催", "Urg"), justify="right", no_wrap=True)
    shown.add_column(text("账号\n片区", "Account\nArea"), overflow="fold", min_width=12)
    shown.add_column(text("现象\n测试", "Symptom\nTest"), overflow="fold", min_width=12)
    shown.add_column(text("剩余", "Left"), justify="right", no_wrap=True)
    for row in rows:
        state = HopState(row.state)
        person = row.holder or (f"({row.assignee}?)" if row.assignee else "")
        shown.add_row(
            hop_number(row.kind, row.ticket_id, row.seq),
            Text.assemble((said(state.label), COLOUR.get(state, "")), f"\n{person}" if person else ""),
            str(row.priority),
            str(row.urged or "·"),
            Text(f"{row.account}\n{row.area}"),
            Text(f"{desk.symptom(row.symptom)}\n{_found(row)}".rstrip()),
            _left(row),
        )
    return shown


@app.command()
def quarantine(as_json: AsJson = False) -> None:
    """List the hops that failed too often."""
    desk = open_desk()
    with desk.database.read() as tx:
        rows = lists.quarantine(tx)
    give(as_json, [_hop_json(row) for row in rows], lambda: _show_quarantine(desk, rows))


def _show_quarantine(desk: Desk, rows: Sequence[HopLineColumns]) -> None:
    from rich.text import Text

    if not rows:
        out.print(text("隔离区为空", "The quarantine is empty"))
        return
    shown = table(text("隔离区", "Quarantine"))
    shown.add_column(text("派单", "Hop"), no_wrap=True)
    shown.add_column(text("班组", "Team"), overflow="fold")
    shown.add_column(text("失败次数", "Failures"), justify="right", no_wrap=True)
    shown.add_column(text("原因", "Failure"), overflow="fold")
    for row in rows:
        number = hop_number(row.kind, row.ticket_id, row.seq)
        shown.add_row(number, desk.team(row.team), str(row.failures), Text(row.failure or ""))
    out.print(shown)
    out.print(text("放行重试：dispatch release 派单", "To try one afresh: dispatch release HOP"), style="dim")


def _found(row: BoardLine) -> str:
    """Return the worker's findings in a board's few characters: a line test's result, or the account's state."""
    found = row.found or {}
    if "optical_power" in found:
        online = text("在线", "online") if found["online"] else text("离线", "offline")
        return f"{found['optical_power']:.1f} dBm {online}"
    if found.get("line_test") == UNAVAILABLE:
        again = local(row.retest_at, "%H:%M:%S")
        return text("无测试", "no test") + (text(f"，{again} 再测", f", again {again}") if again else "")
    if "account" not in found:
        return ""
    why = found.get("suspended_for")
    state = MEANT_BY[why].label if why else AccountState(found["account"]).label
    waiting = len(found.get("unconfirmed", ()))
    return said(state) + (text(f"\n未确认 {waiting}", f"\n{waiting} unconfirmed") if waiting else "")


def _left(row: BoardLine) -> Text:
    from rich.text import Text

    if row.late:
        return Text(text("超时", "late"), style="bold red")
    if row.wake_at is None:
        return Text("")
    seconds = (row.wake_at - now()).total_seconds()
    style = "red" if seconds < 300 else "yellow" if seconds < 1800 else "green"
    return Text(span(max(seconds, 0)), style=style)


def _hop_json(row: HopLineColumns) -> dict[str, Any]:
    facts = {name: value for name, value in as_dict(row).items() if name not in ("id", "kind", "ticket_id")}
    return {"hop": hop_number(row.kind, row.ticket_id, row.seq), **facts}


def _team_json(desk: Desk, name: str, load: lists.TeamLoad) -> dict[str, Any]:
    team = desk.rulebook.team(name)
    findings = {
        flow: [
            _finding_json(f, desk.rulebook.requirements(flow, name, f.name))
            for f in desk.rulebook.findings_of(flow, name)
        ]
        for flow, sections in desk.rulebook.flows.items()
        if name in sections
    }
    counts = {**load.by_state, "late": load.late, "oldest": load.oldest, "crew": load.crew}
    return {"team": name, "title": str(team.title), "automatic": team.automatic, "findings": findings, **counts}


def _finding_json(finding: Any, required: Sequence[Requirement]) -> dict[str, Any]:
    evidence: Sequence[Evidence] = finding.evidence
    return {
        "finding": finding.name,
        "evidence": [
            {"name": e.name, "kind": e.kind, "choices": list(e.choices), "optional": e.optional} for e in evidence
        ],
        "requires": [{"name": each.name, "said": text(*_both(stated(each)))} for each in required],
    }


def _both(said: Wording) -> tuple[str, str]:
    return said.zh, said.en
