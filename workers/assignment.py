"""The step that proposes a person for a hop: the one in the customer's area with the least work on hand."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from dispatch.routing.rulebook import Rulebook
from dispatch.storage import crew
from dispatch.storage.database import Tx
from workers.stretch import Hops, Step


def assign(tx: Tx, rulebook: Rulebook, mine: Hops, _now: datetime) -> None:
    """Propose one of the team's crew for each hop; anybody in the team may still claim it."""
    team = mine[0].team
    if team not in rulebook.teams or not rulebook.teams[team].assigned:
        return
    load = crew.hops_in_hand(tx, team, {row.area for row in mine})
    proposed: Counter[str] = Counter()
    chosen = []
    for row in mine:
        people = load.get(row.area, {})
        if people:
            name = min(sorted(people), key=lambda person: people[person] + proposed[person])
            proposed[name] += 1
            chosen.append((row.id, name))
    crew.propose(tx, chosen)


ASSIGN = Step("assign", assign)
