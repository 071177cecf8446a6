"""班组 at the terminal: board, claim, report, pass on, hand back, hold, resume; the crew, the quarantine."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy import Row

from dispatch import figures, handling
from dispatch.accounts.operation import STATE_TITLES
from dispatch.books.life import AccountState
from dispatch.books.reasons import SUSPENSION_REASONS
from dispatch.cli.desk import (
    LONGEST_NAME,
    As,
    AsJson,
    Desk,
    HopName,
    InRole,
    hop_id,
    local,
    now,
    open_desk,
    out,
    read_pairs,
    show_json,
    span,
    table,
    word,
)
from dispatch.errors import BadInput, NotFound
from dispatch.handling import Claim, End, HandBack, PassOn, Report
from dispatch.routing.rulebook import Team
from dispatch.storage import crew as crew_of
from dispatch.storage import tickets
from dispatch.ticket.clock import read_duration
from dispatch.ticket.finding import Evidence
from dispatch.ticket.life import HopState
from dispatch.ticket.numbers import ticket_number

app = typer.Typer()
crew = typer.Typer(help="班组人员 · who works where", no_args_is_help=True)

STATE = {
    HopState.WAITING: "[yellow]待接 wait[/]",
    HopState.CLAIMED: "[cyan]在手 hand[/]",
    HopState.HELD: "[magenta]挂起 held[/]",
}

_Behalf = Annotated[str, typer.Option("--on-behalf-of", help="the holder for whom this is filed", show_default=False)]
_Reason = Annotated[str, typer.Option(help="why")]


@app.command()
def teams(
    team: Annotated[str, typer.Argument(help="one team: what it may report, and where that leads")] = "",
    as_json: AsJson = False,
) -> None:
    """班组一览 · every team and what it has to do; or one team, what it may report and with which evidence."""
    desk = open_desk()
    known = _known(desk, team) if team else desk.rulebook.teams
    with desk.database.read() as tx:
        loads = figures.team_loads(tx)
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
        due = sum(load.get(state, 0) for state in (HopState.DUE, HopState.SENT, HopState.RECEIVED))
        on_board = (load.get(state, 0) for state in (HopState.WAITING, HopState.CLAIMED, HopState.HELD))
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


def _known(desk: Desk, team: str) -> Mapping[str, Team]:
    known = desk.rulebook.teams
    if team not in known:
        raise NotFound(what="team", which=f"{team}; teams are {', '.join(known)}")
    return known


@app.command()
def board(
    team: Annotated[str, typer.Argument(help="a team of `dispatch teams`")],
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 30,
    as_json: AsJson = False,
) -> None:
    """看板 · what a team has before it: the urged and the urgent first, then the oldest."""
    desk = open_desk()
    title = _known(desk, team)[team].title
    with desk.database.read() as tx:
        rows = figures.board(tx, team, limit)
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
            hop_name(row),
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
def claim(hop: HopName, name: As = "", role: InRole = "", on_behalf_of: _Behalf = "") -> None:
    """接单 · take a hop into one's hands. Of two people one wins."""
    desk = open_desk()
    with desk.database.write() as tx:
        one = Claim(hop_id(tx, hop), desk.actor(name, role), _behalf(on_behalf_of))
        handling.claim(tx, desk.rulebook, one, now())
    out.print(f"{hop}: {on_behalf_of or name or desk.settings.user} 已接单 · claimed")


@app.command()
def report(
    hop: HopName,
    finding: Annotated[str, typer.Option(help="what was found: see `dispatch teams`")],
    evidence: Annotated[
        list[str], typer.Option("--evidence", metavar="NAME=VALUE", help="what the finding needs")
    ] = [],  # noqa: B006
    name: As = "",
    role: InRole = "",
    on_behalf_of: _Behalf = "",
) -> None:
    """回单 · report a finding with its evidence; the rules name the next team."""
    desk = open_desk()
    pairs = read_pairs(evidence, "evidence")
    if len(dict(pairs)) < len(pairs):
        raise BadInput(what="one piece of evidence is given twice")
    _end(desk, hop, lambda id_: Report(id_, desk.actor(name, role), finding, dict(pairs), _behalf(on_behalf_of)))


@app.command("pass-on")
def pass_on(
    hop: HopName,
    to: Annotated[str, typer.Option(help="the team")],
    reason: _Reason,
    name: As = "",
    role: InRole = "",
    on_behalf_of: _Behalf = "",
) -> None:
    """转派 · another team (or another person of the same) is the right one."""
    desk = open_desk()
    _end(desk, hop, lambda id_: PassOn(id_, desk.actor(name, role), to, reason, _behalf(on_behalf_of)))


@app.command("hand-back")
def hand_back(hop: HopName, reason: _Reason, name: As = "", role: InRole = "", on_behalf_of: _Behalf = "") -> None:
    """退单 · back to the team that asked."""
    desk = open_desk()
    _end(desk, hop, lambda id_: HandBack(id_, desk.actor(name, role), reason, _behalf(on_behalf_of)))


@app.command()
def hold(
    hop: HopName,
    until: Annotated[str, typer.Option(help="2026-12-01T14:00, or a duration such as 4h")],
    reason: _Reason,
    name: As = "",
    role: InRole = "",
) -> None:
    """挂起 · wait until a given time; then it comes back by itself."""
    desk = open_desk()
    end = _until(until)
    with desk.database.write() as tx:
        handling.hold(tx, desk.rulebook, hop_id(tx, hop), end, reason, desk.actor(name, role), now())
    out.print(f"{hop}: 挂起至 {local(end, '%Y-%m-%d %H:%M')} · on hold")


@app.command()
def resume(hop: HopName, name: As = "", role: InRole = "") -> None:
    """解挂 · end a hold early."""
    desk = open_desk()
    with desk.database.write() as tx:
        handling.resume(tx, desk.rulebook, hop_id(tx, hop), desk.actor(name, role), now())
    out.print(f"{hop}: 已解挂 · resumed")


@app.command()
def quarantine(as_json: AsJson = False) -> None:
    """隔离区 · hops that failed too often; `dispatch release HOP` tries one afresh. Effects: `dispatch effects`."""
    desk = open_desk()
    with desk.database.read() as tx:
        rows = figures.quarantine(tx)
    if as_json:
        show_json([_hop_json(row) for row in rows])
        return
    shown = table("隔离区 Quarantine")
    for heading in ("派单 Hop", "班组 Team", "次数 Failures", "原因 Failure"):
        shown.add_column(heading)
    for row in rows:
        shown.add_row(hop_name(row), row.team, str(row.failures), row.failure)
    out.print(shown)


@app.command()
def release(hop: HopName, name: As = "", role: InRole = "") -> None:
    """放行 · out of the quarantine, tried afresh."""
    desk = open_desk()
    with desk.database.write() as tx:
        handling.release(tx, hop_id(tx, hop), desk.actor(name, role), now())
    out.print(f"{hop}: 已放行 · released")


@crew.command("add")
def crew_add(
    person: Annotated[str, typer.Argument()],
    team: Annotated[str, typer.Option(help="a team of `dispatch teams`")],
    area: Annotated[str, typer.Option(help="the area that is worked in")],
) -> None:
    """Enter a person, who will be proposed for work in that area."""
    desk = open_desk()
    _known(desk, team)
    with desk.database.write() as tx:
        crew_of.add(tx, team, word(person, "person's name", LONGEST_NAME), word(area, "area"))
    out.print(f"{person}: {team}, {area}")


@crew.command("list")
def crew_list(as_json: AsJson = False) -> None:
    """Everybody, by team and area."""
    with open_desk().database.read() as tx:
        rows = crew_of.everybody(tx)
    if as_json:
        show_json([dict(row._mapping) for row in rows])
        return
    shown = table()
    for heading in ("班组 Team", "片区 Area", "人员 Person"):
        shown.add_column(heading)
    for row in rows:
        shown.add_row(row.team, row.area, row.person)
    out.print(shown)


def hop_name(row: Row[Any]) -> str:
    return f"{ticket_number(row.kind, row.ticket_id)}-{row.seq}"


def _end(desk: Desk, hop: str, made: Any) -> None:
    with desk.database.write() as tx:
        end: End = made(hop_id(tx, hop))
        handling.end(tx, desk.rulebook, end, now())
        following = figures.journey(tx, tickets.of_hop(tx, end.hop_id)).hops[-1]
    title = desk.rulebook.teams[following.team].title
    out.print(f"{hop}: 已提交 · done. → [bold]{title}[/] ({following.rule})")


def _behalf(name: str) -> str | None:
    return word(name, "name of whom this is done for", LONGEST_NAME) if name else None


def _until(text: str) -> datetime:
    with contextlib.suppress(ValueError, OverflowError):
        return now() + read_duration(text)
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise BadInput(what=f"--until {text!r}: write 2026-12-01T14:00, or a duration such as 4h") from None


def _found(row: Row[Any]) -> str:
    """What the worker found out, in a board's few characters: a line test's result, or the account's state."""
    found = row.found or {}
    if "optical_power" in found:
        return f"{found['optical_power']:.1f} dBm {'在线' if found['online'] else '离线'}"
    if "account" not in found:
        return ""
    why = found.get("suspended_for")
    said = SUSPENSION_REASONS[why] if why else STATE_TITLES[AccountState(found["account"])]
    waiting = len(found.get("unconfirmed", ()))
    return said.zh + (f"\n未确认 {waiting}" if waiting else "")


def _left(row: Row[Any]) -> Text:
    if row.late:
        return Text("超时 late", style="bold red")
    if row.wake_at is None:
        return Text("")
    seconds = (row.wake_at - now()).total_seconds()
    style = "red" if seconds < 300 else "yellow" if seconds < 1800 else "green"
    return Text(span(max(seconds, 0)), style=style)


def _hop_json(row: Row[Any]) -> dict[str, Any]:
    return {"hop": hop_name(row), **{k: v for k, v in row._mapping.items() if k not in ("id", "kind", "ticket_id")}}


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
