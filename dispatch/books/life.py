"""The life of a broadband account 宽带账号, as one table. Nothing else decides what may follow what.

In the form of `dispatch/ticket/life.py`; `docs/journey.md` and the database's check constraints are made from it too.
Pure. Source: 家庭宽带业务流程 V1.0, sections 1 (open), 3 (close), 4 (suspend, resume) and 10 (cancel and refund).
"""

from __future__ import annotations

from dispatch.ticket.life import Move, State, follow


class AccountState(State):
    INSTALLING = "installing", "opened; its construction order is under way and its port is reserved"
    IN_SERVICE = "in-service", "the line works"
    SUSPENDED = "suspended", "the service is stopped; account, port and number are kept"
    CLOSED = "closed", "ended: left the network, its port is free again"
    CANCELLED = "cancelled", "ended: never came into service, the money was paid back, its port is free again"


_A = AccountState
ACCOUNT_MOVES: tuple[Move[AccountState], ...] = (
    Move("activate", (_A.INSTALLING,), _A.IN_SERVICE, "activation worker", "the construction order is done"),
    Move("suspend", (_A.IN_SERVICE,), _A.SUSPENDED, "clerk", "the service stops, with a reason"),
    Move("resume", (_A.SUSPENDED,), _A.IN_SERVICE, "clerk", "the service goes on, with a reason"),
    Move("close", (_A.IN_SERVICE, _A.SUSPENDED), _A.CLOSED, "clerk", "the customer leaves, with a reason"),
    Move("cancel", (_A.INSTALLING,), _A.CANCELLED, "clerk, community manager", "construction failed: refunded"),
)

ACCOUNT_ENDS = frozenset(AccountState) - {state for move in ACCOUNT_MOVES for state in move.sources}
LIVING = tuple(state for state in AccountState if state not in ACCOUNT_ENDS)
"""The states in which an account occupies its port and its name is taken."""

_ACCOUNT = {move.name: move for move in ACCOUNT_MOVES}


def account_move(state: AccountState, name: str, account: object = "account") -> AccountState:
    """The state after `name`. Raises IllegalMove, naming both ends, when the table has no such row."""
    return follow(_ACCOUNT[name], state, account)


def account_sources(name: str) -> tuple[AccountState, ...]:
    """From where the move `name` may start: for set-based statements."""
    return _ACCOUNT[name].sources


def account_target(name: str) -> AccountState:
    return _ACCOUNT[name].target
