"""The life table of a demand 需求登记: somebody wants a line where none can be had yet. Pure.

It has the form of `dispatch/domain/ticket.py`. A place that becomes free is not reserved: whoever was told and comes
too late waits again.
"""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.domain.lifecycle import Life, Move, State
from dispatch.domain.title import Title


class DemandState(State):
    """The state of a demand."""

    OPEN = "open", Title("待资源", "Waiting"), "no place is free at its address, or others asked before"
    REACHABLE = "reachable", Title("可装", "Can be had"), "its customer was told of a free place, which isn't reserved"
    ENDED = "ended", Title("已结束", "Ended"), "ended: a line was opened, nobody wants it any more, or it is too old"


_D = DemandState
DEMAND_MOVES: tuple[Move[DemandState], ...] = (
    Move("notify", (_D.OPEN,), _D.REACHABLE, "whoever frees or loads a place, planner", "a place is free"),
    Move("lapse", (_D.REACHABLE,), _D.OPEN, "relay, clerk", "another customer took the place"),
    Move("end", (_D.OPEN, _D.REACHABLE), _D.ENDED, "clerk, planner, relay", "for one of `ENDED_FOR`"),
)

_DEMAND = Life(DemandState, DEMAND_MOVES)

DEMAND_ENDS, WAITING = _DEMAND.ends, _DEMAND.living

demand_move = _DEMAND.move

OPENED, NOT_WANTED, EXPIRED = "opened", "not-wanted", "expired"

ENDED_FOR: Mapping[str, Title] = {
    OPENED: Title("已开户", "A line was opened"),
    NOT_WANTED: Title("客户不再需要", "No longer wanted"),
    EXPIRED: Title("已过保存期", "Too old to be kept"),
}
"""Why a demand ended."""
