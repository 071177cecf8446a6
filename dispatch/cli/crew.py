"""班组人员 at the terminal: who works for which team, and where."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatch.cli.context import AREA, LONGEST_NAME, known_teams, open_desk, word
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole
from dispatch.cli.output import give, print_rows, table
from dispatch.domain.roles import Role, require
from dispatch.domain.title import Title, Wording
from dispatch.storage import crew as crew_of
from dispatch.storage.rows import as_dict

crew = Commands()

_ADD, _MAY_ADD = Title("登记班组人员", "add to a crew"), (Role.SUPERVISOR, Role.OPS)


@crew.command(
    "add", help=text("登记人员：派单时按片区推荐", "Enter a person, who will be proposed for work in that area.")
)
def crew_add(
    person: Annotated[str, typer.Argument(help=text("姓名或工号", "the person's name"), show_default=False)],
    team: Annotated[
        str, typer.Option(help=text("班组，见 dispatch teams", "a team of `dispatch teams`"), show_default=False)
    ],
    area: Annotated[str, typer.Option(help=text("负责的片区", "the area that is worked in"), show_default=False)],
    as_name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Enter a person. Raises NotAllowed; BadInput for an area that isn't the actor's."""
    desk = open_desk()
    actor = desk.actor(as_name, role)
    title = known_teams(desk, team)[team].title
    require(actor, "add to a crew", Wording(f"班组 {team}", f"team {team}"), _MAY_ADD, _ADD)
    name, where = word(person, Wording("人员姓名", "person's name"), LONGEST_NAME), word(area, AREA)
    desk.require_area(actor, where)
    with desk.database.write() as tx:
        crew_of.add(tx, team, name, where)
    done = {"act": "add crew", "person": name, "team": team, "area": where}
    give(as_json, done, text(f"{name}：已登记，{title.zh}，{where}", f"{name}: entered, {title.en}, {where}"))


@crew.command("list", help=text("全部人员，按班组和片区", "Everybody, by team and area."))
def crew_list(as_json: AsJson = False) -> None:
    """Everybody, by team and area."""
    desk = open_desk()
    with desk.database.read() as tx:
        rows = crew_of.everybody(tx)

    def show() -> None:
        shown = table()
        for heading in (text("班组", "Team"), text("片区", "Area"), text("人员", "Person")):
            shown.add_column(heading, overflow="fold")
        for row in rows:
            shown.add_row(desk.team(row.team), row.area, row.person)
        print_rows(shown)

    give(as_json, [as_dict(row) for row in rows], show)
