"""The life table of a broadband account 宽带账号: its states and all allowed moves between them.

It has the form of `dispatch/domain/ticket.py`; `docs/journey.md` and the database's check constraints are made from it.
Pure. Source: 家庭宽带业务流程 V1.0, sections 1 (open), 3 (close), 4 (suspend, resume) and 10 (cancel and refund).
"""

from __future__ import annotations

from dispatch.domain.lifecycle import Life, Move, State
from dispatch.domain.title import Title


class AccountState(State):
    INSTALLING = (
        "installing",
        Title("装机中", "Being installed"),
        "opened: its port is reserved, its construction order under way",
    )
    IN_SERVICE = "in-service", Title("在用", "In service"), "the line works"
    SUSPENDED = "suspended", Title("停机", "Suspended"), "the service is stopped; account, port and number are kept"
    CLOSED = "closed", Title("已销户", "Closed"), "ended: left the network, its port is free again"
    CANCELLED = (
        "cancelled",
        Title("已退单", "Cancelled"),
        "ended: never in service, money paid back, port free again",
    )


_A = AccountState
ACCOUNT_MOVES: tuple[Move[AccountState], ...] = (
    Move("activate", (_A.INSTALLING,), _A.IN_SERVICE, "activation worker", "the construction order is done"),
    Move("suspend", (_A.IN_SERVICE,), _A.SUSPENDED, "clerk", "the service stops, with a reason"),
    Move("resume", (_A.SUSPENDED,), _A.IN_SERVICE, "clerk", "the service goes on, with a reason"),
    Move("close", (_A.IN_SERVICE, _A.SUSPENDED), _A.CLOSED, "clerk", "the customer leaves, with a reason"),
    Move("cancel", (_A.INSTALLING,), _A.CANCELLED, "clerk, community manager", "construction failed: refunded"),
)

_ACCOUNT = Life(AccountState, ACCOUNT_MOVES)

ACCOUNT_ENDS, LIVING = _ACCOUNT.ends, _ACCOUNT.living
"""A living account occupies its port and its name."""

account_move = _ACCOUNT.move
