"""`dispatch requests`: what installers have asked of other teams, and hasn't come back yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from rich.table import Table
from rich.text import Text

from dispatch.cli.context import Desk, now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, option
from dispatch.cli.output import give, out, said, span, table
from dispatch.cli.words import evidence
from dispatch.domain.numbers import hop_number, ticket_number
from dispatch.domain.ticket import HopState
from dispatch.storage.request_rows import OpenRequest
from dispatch.tickets.requests import unanswered

app = Commands()


@app.command()
def requests(
    limit: Annotated[int, option(zh="最多列出", en="at most", show_default=True, min=1, max=1000)] = 50,
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """List what installers have asked of other teams."""
    desk = open_desk()
    with desk.database.read() as tx:
        rows = unanswered(tx, desk.rulebook, desk.actor(name, role), limit)
    give(as_json, [_json(row) for row in rows], lambda: out.print(_shown(desk, rows)))


def _shown(desk: Desk, rows: Sequence[OpenRequest]) -> Table:
    shown = table()
    shown.add_column(text("工单", "Ticket"), no_wrap=True)
    shown.add_column(text("请求", "Asked"), overflow="fold")
    shown.add_column(text("在办", "With"), overflow="fold")
    shown.add_column(text("已等", "Waiting"), no_wrap=True)
    for row in rows:
        found = "，".join(filter(None, (desk.finding(row.finding), evidence(desk, row.finding, row.evidence or {}))))
        asked = "\n".join(filter(None, (f"{desk.team(row.asker_team)} {row.asker or ''}", found)))
        state = said(HopState(row.state).label)
        waits = Text(span((now() - row.asked_at).total_seconds()), "red" if row.late else "")
        number = ticket_number(row.kind, row.ticket_id)
        shown.add_row(number, Text(asked), Text(f"{desk.team(row.team)}\n{row.holder or state}"), waits)
    return shown


def _json(row: OpenRequest) -> dict[str, object]:
    return {
        "ticket": ticket_number(row.kind, row.ticket_id),
        "hop": hop_number(row.kind, row.ticket_id, row.seq),
        "area": row.area,
        "account": row.account,
        "symptom": row.symptom,
        "team": row.team,
        "state": row.state,
        "holder": row.holder,
        "late": row.late,
        "asked_at": row.asked_at,
        "asker_team": row.asker_team,
        "asker": row.asker,
        "finding": row.finding,
        "evidence": row.evidence or {},
    }
