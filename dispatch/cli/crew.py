"""班组人员 at the terminal: who works for which team, and where."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatch.cli.context import AREA, LONGEST_NAME, Desk, known_teams, open_desk, word
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole
from dispatch.cli.output import columns, give, print_rows
from dispatch.domain.roles import Actor, Role, require
from dispatch.domain.title import Title, Wording
from dispatch.storage import crew as rows
from dispatch.storage.rows import as_dict
from dispatch.tickets import crew as crew_of

crew = Commands()

_ADD, _REMOVE = Title("登记班组人员", "add to a crew"), Title("移出班组人员", "remove from a crew")
_MAY_CHANGE = (Role.SUPERVISOR, Role.OPS)
_PERSON = Wording("人员姓名", "person's name")

_Person = Annotated[str, typer.Argument(help=text("用户名", "the user's name"), show_default=False)]
_Team = Annotated[
    str, typer.Option(help=text("班组，见 dispatch teams", "a team of `dispatch teams`"), show_default=False)
]


@crew.command(
    "add", help=text("登记人员：派单时按片区推荐", "Enter a user, who will be proposed for work in that area.")
)
def crew_add(
    person: _Person,
    team: _Team,
    area: Annotated[str, typer.Option(help=text("负责的片区", "the area that is worked in"), show_default=False)],
    as_name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Enter a user. Raises NotAllowed, UnknownUser, UnfitUser; BadInput for an area that isn't the actor's."""
    desk, actor = _changing(team, as_name, role, _ADD)
    known = known_teams(desk, team)[team]
    typed, where = word(person, _PERSON, LONGEST_NAME), word(area, AREA)
    desk.require_area(actor, where)
    with desk.database.write() as tx:
        name = crew_of.add(tx, known, typed, where)
    told = text(f"{name}：已登记，{known.title.zh}，{where}", f"{name}: entered, {known.title.en}, {where}")
    give(as_json, {"act": "add crew", "person": name, "team": team, "area": where}, told)


@crew.command(
    "remove", help=text("移出人员：不再推荐，在手的仍在手", "Remove a person: proposed no more; keeps what is in hand.")
)
def crew_remove(
    person: _Person,
    team: _Team,
    area: Annotated[str, typer.Option(help=text("只移出此片区", "in this area only"), show_default=False)] = "",
    as_name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Remove a person from a crew, also of a team that the rules know no more. Raises NotAllowed, NotFound."""
    desk, actor = _changing(team, as_name, role, _REMOVE)
    typed, where = word(person, _PERSON, LONGEST_NAME), area and word(area, AREA)
    with desk.database.write() as tx:
        left = crew_of.remove(tx, team, typed, actor, where)
    name, areas = left[0].person, [row.area for row in left]
    listed = ", ".join(areas)
    told = text(f"{name}：已移出，{desk.team(team)}，{listed}", f"{name}: removed, {desk.team(team)}, {listed}")
    give(as_json, {"act": "remove crew", "person": name, "team": team, "areas": areas}, told)


def _changing(team: str, as_name: str, role: str, act: Title) -> tuple[Desk, Actor]:
    """The desk and who acts, for a change of a team's crew. Raises NotAllowed."""
    desk = open_desk()
    actor = desk.actor(as_name, role)
    require(actor, "add to a crew", Wording(f"班组 {team}", f"team {team}"), _MAY_CHANGE, act)
    return desk, actor


def _show(team: str, as_json: bool) -> None:
    desk = open_desk()
    if team:
        known_teams(desk, team)
    with desk.database.read() as tx:
        everybody = [row for row in rows.everybody(tx) if team in ("", row.team)]

    def shown_rows() -> None:
        shown = columns(text("班组", "Team"), text("片区", "Area"), text("人员", "Person"))
        for row in everybody:
            shown.add_row(desk.team(row.team), row.area, row.person)
        print_rows(shown)

    give(as_json, [as_dict(row) for row in everybody], shown_rows)


@crew.command("show", help=text("班组人员，按班组和片区", "The crews, by team and area."))
def crew_show(
    team: Annotated[str, typer.Argument(help=text("只列此班组", "this team only"), show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """Show the people of the teams, or of one team. Raises NotFound."""
    _show(team, as_json)


@crew.command("list", help=text("同 crew show", "The same as crew show."))
def crew_list(as_json: AsJson = False) -> None:
    """Show everybody, by team and area."""
    _show("", as_json)
