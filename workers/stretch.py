"""What a team's automatic stretch is made of: its steps, and what each of them may do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops
from dispatch.storage.database import Tx
from dispatch.storage.rows import LockedHop
from dispatch.storage.wakeups import came_onto_board
from dispatch.tickets.next_hop import Changes, DirectlySent
from workers.context import Context

Hops = Sequence[LockedHop]
Write = Callable[[Tx, Rulebook, Hops, datetime], None]
"""Writes what a step found out about hops that are now locked and still ours."""
End = Callable[[Tx, Rulebook, Hops, datetime, DirectlySent], Changes]
"""Works out how such hops end, and which of the following hops are sent directly; writes nothing yet."""
Look = Callable[[Context, Hops], Write]
"""Asks the outside world about hops that were read (no transaction is open meanwhile), and gives what is to be written.
It may run twice for the same hop, so what it asks outside must be repeatable or carry a key. Raises OSError when that
is out of reach."""


@dataclass(frozen=True)
class Step:
    """One task of a chain: `write` or `end` alone, or `look` first where the outside world is asked.

    `name` is what Flower shows behind the team's. `again`: a hop may come to it once more, as a reminder does. `last`:
    after it a hop isn't in the worker's hands any more; the stretch says which it is.
    """

    name: str
    write: Write | None = None
    look: Look | None = None
    end: End | None = None
    again: bool = False
    last: bool = False

    @property
    def about(self) -> str | None:
        """What its author says of it."""
        return (self.look or self.end or self.write).__doc__

    def is_before(self, row: LockedHop, place: int) -> bool:
        """Whether the hop has this step, the `place`-th, still to go. The last one always: a worker of another release,
        with more or fewer steps, may have counted those before it otherwise."""
        return self.last or bool(row.steps_done <= place)

    def still_to_do(self, rows: Hops, place: int) -> Hops:
        """Those of the hops that have it still to go."""
        return [row for row in rows if self.is_before(row, place)]


def to_board(tx: Tx, rulebook: Rulebook, mine: Hops, now: datetime) -> None:
    """Show the hops on the team's board, to be claimed within its service level."""
    level = rulebook.teams[mine[0].team].level
    show(tx, mine, now, now + level.respond_within if level else None)


def show(tx: Tx, mine: Hops, now: datetime, wake_at: datetime | None) -> None:
    """Hops of one team come onto its board, and whoever watches it is told; at `wake_at` they are looked at again."""
    hops.board(tx, [row.id for row in mine], now, wake_at)
    came_onto_board(tx, mine[0].team, [row.ticket_id for row in mine])


class Stretch:
    """A team's automatic stretch: its own steps, then on the board, unless its steps see to the end."""

    def __init__(self, *steps: Step, board: bool = True) -> None:
        *first, last = (*steps, Step("board", to_board)) if board else steps
        self.steps = (*first, replace(last, last=True))
