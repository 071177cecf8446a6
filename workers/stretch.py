"""A team's automatic stretch: the steps that its worker does before a person looks, and what a step may do."""

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
"""Writes a step's results for hops that are now locked and still ours."""
End = Callable[[Tx, Rulebook, Hops, datetime, DirectlySent], Changes]
"""Computes how such hops end and which of the following hops are sent directly; writes nothing."""
Look = Callable[[Context, Hops], Write]
"""Asks outside systems about hops, with no transaction open, and returns the Write that stores the answers.
It may run twice for the same hop, so its requests must be repeatable or carry an idempotency key. Raises OSError when
the outside system is out of reach."""


@dataclass(frozen=True)
class Step:
    """One task of a chain, with exactly one of `write`, `end` and `look`; `look` is for asking outside systems.

    `name`: the part of the task's name behind the team's. `again`: the step may run more than once for a hop, as
    reminders do, and the ledger counts each message's run as an effect of its own. `last`: the worker is done with a
    hop after this step; `Stretch` sets it.
    """

    name: str
    write: Write | None = None
    look: Look | None = None
    end: End | None = None
    again: bool = False
    last: bool = False

    @property
    def about(self) -> str | None:
        """The step's description: its function's docstring."""
        return (self.look or self.end or self.write).__doc__

    def is_before(self, row: LockedHop, place: int) -> bool:
        """Return whether the hop still needs this step, the `place`-th from 0.

        A hop always needs the last step: a worker of another release may have more or fewer steps before it, so that
        `steps_done` counts differently.
        """
        return self.last or bool(row.steps_done <= place)

    def still_to_do(self, rows: Hops, place: int) -> Hops:
        """Return the hops that still need this step."""
        return [row for row in rows if self.is_before(row, place)]


def to_board(tx: Tx, rulebook: Rulebook, mine: Hops, now: datetime) -> None:
    """Show the hops on the team's board, to be claimed within its service level."""
    team = rulebook.teams.get(mine[0].team)  # None: dropped from the rules while the hop was on its way
    level = team.level if team else None
    show(tx, mine, now, now + level.respond_within if level else None)


def show(tx: Tx, mine: Hops, now: datetime, wake_at: datetime | None) -> None:
    """Put hops of one team onto its board and wake the people watching it; their timer fires at `wake_at`."""
    hops.put_on_board(tx, [row.id for row in mine], now, wake_at)
    came_onto_board(tx, mine[0].team, [row.ticket_id for row in mine])


class Stretch:
    """A team's automatic stretch: its own steps, then the board, unless `board=False` because they end the hop."""

    def __init__(self, *steps: Step, board: bool = True) -> None:
        *first, last = (*steps, Step("board", to_board)) if board else steps
        self.steps = (*first, replace(last, last=True))
