"""The life table of a move 移机: an account in service goes to another address with its line. Pure.

It has the form of `dispatch/domain/ticket.py`. The new place is taken when the move is accepted, the old one freed when
the line works at the new one.
"""

from __future__ import annotations

from dispatch.domain.lifecycle import Life, Move, State
from dispatch.domain.title import Title


class MoveState(State):
    """The state of a move."""

    OPEN = "open", Title("移机中", "Under way"), "accepted: both places are taken, its order is under way"
    FAILED = (
        "failed",
        Title("移机失败", "Failed"),
        "its order failed: the new place is free, the fee waits at the refund desk",
    )
    DONE = "done", Title("已移机", "Moved"), "ended: the line works at the new address, the old place is free"
    REFUNDED = "refunded", Title("已退费", "Refunded"), "ended: it failed, and the fee was paid back"


_M = MoveState
MOVE_MOVES: tuple[Move[MoveState], ...] = (
    Move("activate", (_M.OPEN,), _M.DONE, "activation worker", "the order is done: address, port and area change"),
    Move("fail", (_M.OPEN,), _M.FAILED, "refund desk's worker", "the order failed: the line stays where it is"),
    Move("refund", (_M.FAILED,), _M.REFUNDED, "clerk, community manager", "the fee is paid back"),
)

_MOVE = Life(MoveState, MOVE_MOVES)

MOVE_ENDS = _MOVE.ends

move_move = _MOVE.move
