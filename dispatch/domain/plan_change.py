"""The life table of a change of plan 变更营销案: accepted at the counter, in force on the day of the next bill. Pure.

It has the form of `dispatch/domain/ticket.py`. An account has at most one that is scheduled.
"""

from __future__ import annotations

from datetime import timedelta

from dispatch.domain.lifecycle import Life, Move, State
from dispatch.domain.title import Title


class PlanChangeState(State):
    """The state of a change of plan."""

    SCHEDULED = "scheduled", Title("待生效", "Scheduled"), "accepted: it takes effect on its day"
    DONE = "done", Title("已生效", "In force"), "ended: the account was enrolled in the new plan"
    VOID = (
        "void",
        Title("已作废", "Void"),
        "ended: the number to carry it was lost, or the account was given away",
    )
    REPLACED = "replaced", Title("已被替换", "Replaced"), "ended: the customer chose another plan before its day"


_P = PlanChangeState
PLAN_CHANGE_MOVES: tuple[Move[PlanChangeState], ...] = (
    Move("take effect", (_P.SCHEDULED,), _P.DONE, "relay", "its day has come: the old plan ends"),
    Move("void", (_P.SCHEDULED,), _P.VOID, "clerk, relay", "what was paid for it is paid back"),
    Move("replace", (_P.SCHEDULED,), _P.REPLACED, "clerk", "what was paid for it is paid back"),
)

_PLAN_CHANGE = Life(PlanChangeState, PLAN_CHANGE_MOVES)

PLAN_CHANGE_ENDS = _PLAN_CHANGE.ends

plan_change_move = _PLAN_CHANGE.move

RENEWAL = timedelta(days=60)
"""The last days of a term in which the same plan can be taken again 续约, from the day on which the term is over."""

NUMBER_LOST, TRANSFERRED, CLOSED, ANOTHER_CHOSEN = "number-lost", "transferred", "closed", "another-chosen"
"""Why a change of plan never took effect."""

CHANGED, TERM_OVER = "changed", "term-over"
"""Why an enrolment ended: another plan was chosen, or its term is over."""
