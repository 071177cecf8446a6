"""退单退费台 refund desk: the failed order waits here; only the operation cancel and refund ends it. The place to which
a line was to move is free at once."""

from __future__ import annotations

from datetime import datetime

from dispatch.accounts import move_end
from dispatch.domain.kind import Kind
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Tx
from workers.context import Context
from workers.stretch import Hops, Step, Stretch, Write


def free_places(context: Context, _rows: Hops) -> Write:
    """Free the new places of moves that failed; a new line keeps its place until it is refunded."""
    turn = context.settings.demand_turn

    def write(tx: Tx, _rulebook: Rulebook, mine: Hops, now: datetime) -> None:
        if moves := [row for row in mine if row.kind == Kind.MOVE]:
            move_end.fail(tx, moves, turn, now)

    return write


STRETCH = Stretch(Step("free-places", look=free_places))
