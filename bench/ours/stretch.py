"""The stretch of a team whose worker ends its hops by itself, with a finding and its evidence."""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.finding import Value
from dispatch.domain.roles import WORKER
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Tx
from dispatch.tickets import next_hop
from dispatch.tickets.next_hop import Changes, DirectlySent, Ending
from workers.stretch import Hops, Step, Stretch


def ending_with(finding: str, **evidence: Value) -> Stretch:
    """Evidence names are written with underscores."""
    given = {name.replace("_", "-"): value for name, value in evidence.items()}

    def work(_tx: Tx, rulebook: Rulebook, mine: Hops, now: datetime, direct: DirectlySent) -> Changes:
        asked = rulebook.findings[finding]
        endings = []
        for row in mine:
            good, faults = asked.read(given)
            assert not faults, faults
            endings.append(Ending(row, "finish", WORKER, finding=finding, evidence=good))
        return next_hop.compute_changes(rulebook, endings, now, direct)

    return Stretch(Step("work", end=work), board=False)
