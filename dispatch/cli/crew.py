"""班组人员 at the terminal: who works for which team, and where."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatch.cli.context import AREA, LONGEST_NAME, open_desk, word
from dispatch.cli.framework import Commands
from dispatch.cli.options import AsJson
from dispatch.cli.output import out, show_json, table
from dispatch.cli.team import known_teams
from dispatch.domain.title import Wording
from dispatch.storage import crew as crew_of
from dispatch.storage.rows import as_dict

crew = Commands()


@crew.command("add")
def crew_add(
    person: Annotated[str, typer.Argument()],
    team: Annotated[str, typer.Option(help="a team of `dispatch teams`")],
    area: Annotated[str, typer.Option(help="the area that is worked in")],
) -> None:
    """Enter a person, who will be proposed for work in that area."""
    desk = open_desk()
    known_teams(desk, team)
    with desk.database.write() as tx:
        crew_of.add(tx, team, word(person, Wording("人员姓名", "person's name"), LONGEST_NAME), word(area, AREA))
    out.print(f"{person}: {team}, {area}")


@crew.command("list")
def crew_list(as_json: AsJson = False) -> None:
    """Everybody, by team and area."""
    with open_desk().database.read() as tx:
        rows = crew_of.everybody(tx)
    if as_json:
        show_json([as_dict(row) for row in rows])
        return
    shown = table()
    for heading in ("班组 Team", "片区 Area", "人员 Person"):
        shown.add_column(heading)
    for row in rows:
        shown.add_row(row.team, row.area, row.person)
    out.print(shown)
