"""The crew 班组人员: who works for which team in which area, and how many hops each person has."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, insert, select

from dispatch.domain.ticket import HopState
from dispatch.domain.title import Wording
from dispatch.errors import BadInput
from dispatch.storage.database import Tx
from dispatch.storage.hops import update_hops
from dispatch.storage.rows import CrewMember, shaped
from dispatch.storage.tables.tickets import crew, hop


def add(tx: Tx, team: str, person: str, area: str) -> None:
    """Add a person to a team's crew in an area. Raises BadInput when the person is on that crew already."""
    known = select(crew.c.person).where(crew.c.team == team, crew.c.person == person, crew.c.area == area)
    if tx.execute(known).first():
        raise BadInput(
            what=Wording(
                f"{person} 已在班组 {team}（{area}）中", f"{person} is on the crew of {team} in {area} already"
            )
        )
    tx.execute(insert(crew).values(team=team, person=person, area=area))


def remove(tx: Tx, team: str, person: str, area: str) -> bool:
    """Remove a person, who is then proposed for no new hop and keeps the hops in hand. False: wasn't on that crew."""
    gone = delete(crew).where(crew.c.team == team, crew.c.person == person, crew.c.area == area)
    return bool(tx.execute(gone).rowcount)


def of_team(tx: Tx, team: str) -> Sequence[CrewMember]:
    """The crew of one team, by area and person."""
    return [row for row in everybody(tx) if row.team == team]


def everybody(tx: Tx) -> Sequence[CrewMember]:
    return shaped(CrewMember, tx.execute(select(crew).order_by(crew.c.team, crew.c.area, crew.c.person))).all()


def hops_in_hand(tx: Tx, team: str, areas: Collection[str]) -> dict[str, dict[str, int]]:
    """By area and person: how many hops the person holds, or is proposed for."""
    rows = tx.execute(select(crew.c.area, crew.c.person).where(crew.c.team == team, crew.c.area.in_(areas)))
    people: dict[str, dict[str, int]] = {}
    for area, person in rows:
        people.setdefault(area, {})[person] = 0
    busy = func.coalesce(hop.c.holder, hop.c.assignee)
    counted: dict[str, int] = dict(
        tx.execute(
            select(busy, func.count())
            .where(hop.c.team == team, hop.c.state.in_((HopState.WAITING, HopState.CLAIMED, HopState.HELD)))
            .group_by(busy)
        ).all()
    )
    return {area: {person: counted.get(person, 0) for person in crowd} for area, crowd in people.items()}


def propose(tx: Tx, rows: Sequence[tuple[int, str]]) -> None:
    update_hops(tx, [{"id": hop_id, "assignee": person} for hop_id, person in rows])
