"""The step that proposes a person for a hop: the one in the customer's area with the least work on hand."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from dispatch.access.people import People
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import crew
from dispatch.storage.database import Tx
from workers.stretch import Hops, Step


def assign(tx: Tx, rulebook: Rulebook, mine: Hops, _now: datetime) -> None:
    """Propose one of the team's crew for each hop; anybody in the team may still claim it. Nobody is proposed who is
    disabled or no longer holds the role."""
    team = mine[0].team
    if team not in rulebook.teams or not rulebook.teams[team].assigned:
        return
    load = crew.hops_in_hand(tx, team, {row.area for row in mine})
    # Not waiting: whoever disables a user holds their lock and may wait for these hops.
    names = {name for crowd in load.values() for name in crowd} | {row.assignee for row in mine if row.assignee}
    people = People(tx, names, waits=False)
    members = rulebook.teams[team].members
    proposed: Counter[str] = Counter()
    chosen = []
    for row in mine:
        if row.assignee and people.able(row.assignee, members, row.area):
            continue  # of a case that isn't fixed: it goes to the same hands first
        busy = load.get(row.area, {})
        able = [name for name in sorted(busy) if people.able(name, members, row.area)]
        if able:
            name = min(able, key=lambda person: busy[person] + proposed[person])
            proposed[name] += 1
            chosen.append((row.id, name))
    crew.propose(tx, chosen)


ASSIGN = Step("assign", assign)
