"""班组人员: who can be proposed for a team's work in an area. They are users who hold one of the team's roles there."""

from __future__ import annotations

from collections.abc import Sequence

from dispatch.access import people
from dispatch.domain.roles import Actor
from dispatch.domain.title import Wording
from dispatch.domain.user_name import folded
from dispatch.errors import NotFound
from dispatch.routing.rulebook import Team
from dispatch.storage import crew
from dispatch.storage.database import Tx
from dispatch.storage.rows import CrewMember


def add(tx: Tx, team: Team, typed: str, area: str) -> str:
    """Add a user to a team's crew in an area, and return their name. Raises BadInput, UnknownUser, UnfitUser."""
    name = people.resolve(tx, typed, team.members, area)
    crew.add(tx, team.name, name, area)
    return name


def places(tx: Tx, team: str, typed: str, actor: Actor, area: str = "") -> Sequence[CrewMember]:
    """A person's places on the crew in the areas of the actor, or in that area alone. Raises NotFound if there is none.

    A person who was entered before names had to be users' is found by the name as it was entered.
    """
    found = [
        row
        for row in crew.of_team(tx, team)
        if folded(row.person) == folded(typed) and actor.covers(row.area) and area in ("", row.area)
    ]
    if not found:
        what = Wording(f"班组 {team} 的人员", f"person on the crew of {team}")
        raise NotFound(what=what, which=f"{typed:.80}")
    return found


def remove(tx: Tx, team: str, typed: str, actor: Actor, area: str = "") -> Sequence[CrewMember]:
    """Remove a person from a team's crew, in one area or in all of the actor's; return the places that they had. Their
    work in hand stays with them. The rules need not know the team any more. Raises NotFound."""
    left = places(tx, team, typed, actor, area)
    for row in left:
        crew.remove(tx, team, row.person, row.area)
    return left
