"""竣工开通 activation: the line is built, and the worker puts the account into service, or at its new address."""

from __future__ import annotations

from datetime import datetime

from dispatch.accounts import move_end
from dispatch.domain.kind import Kind
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Tx
from dispatch.tickets import construction
from workers.context import Context
from workers.stretch import Hops, Step, Stretch, Write


def activate(context: Context, _rows: Hops) -> Write:
    """Put the accounts of new lines into service, and those that move at their new addresses."""
    settings = context.settings

    def write(tx: Tx, rulebook: Rulebook, mine: Hops, now: datetime) -> None:
        moved = [row for row in mine if row.kind == Kind.MOVE]
        new = [row for row in mine if row.kind != Kind.MOVE]
        if new:
            construction.activate(tx, rulebook, new, now)
        if moved:
            move_end.complete(tx, rulebook, moved, settings.zone, settings.demand_turn, now)

    return write


STRETCH = Stretch(Step("activate", look=activate), board=False)
