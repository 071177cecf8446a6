"""The life tables of tickets and of hops: their states and all allowed moves between them.

`docs/journey.md`, the storage layer's `WHERE state IN (…)` and the database's check constraints are made from these
tables. Pure: no clock, no file, no socket.
"""

from __future__ import annotations

from dispatch.domain.lifecycle import Life, Move, State
from dispatch.domain.title import Title


class TicketState(State):
    REPORTED = (
        "reported",
        Title("已受理", "Reported"),
        "taken at the 10050 hotline; whose business it is isn't known yet",
    )
    TRANSFERRED = "transferred", Title("已转10086", "At 10086"), "at the 10086 seats, with the 10050 agent's note"
    OPEN = "open", Title("处理中", "Open"), "a fault ticket: one team has it"
    ARCHIVED = "archived", Title("已归档", "Archived"), "the work is on record; the callback survey is under way"
    SOLVED = "solved", Title("电话解决", "Solved on the phone"), "ended: pre-handling on the phone was enough"
    REFERRED = "referred", Title("非我方业务", "Not our business"), "ended: the customer was told whose business it is"
    WITHDRAWN = "withdrawn", Title("已撤单", "Withdrawn"), "ended: the customer took the report back"
    CLOSED = "closed", Title("已结单", "Closed"), "ended: archived and surveyed"


class HopState(State):
    DUE = "due", Title("待派", "Due"), "to be sent when `wake_at` comes"
    SENT = "sent", Title("已派", "Sent"), "its message is on the way; `wake_at` is the end of the lease"
    RECEIVED = "received", Title("系统处理", "At its worker"), "the team's worker has it; same lease"
    WAITING = "waiting", Title("待接单", "Waiting"), "on the board; nobody has it"
    CLAIMED = "claimed", Title("处理中", "In hand"), "somebody has it"
    HELD = "held", Title("挂起", "On hold"), "somebody has it and waits; `wake_at` is the end of the hold"
    QUARANTINED = "quarantined", Title("隔离", "Quarantined"), "failed too often; a person must release it"
    REPORTED = "reported", Title("已回单", "Reported"), "ended with a finding"
    PASSED_ON = "passed-on", Title("已转派", "Passed on"), "ended: another team has the work now"
    HANDED_BACK = "handed-back", Title("已退回", "Handed back"), "ended: back with the team that asked"
    WITHDRAWN = "withdrawn", Title("已撤单", "Withdrawn"), "ended with its ticket"


_T = TicketState
TICKET_MOVES: tuple[Move[TicketState], ...] = (
    Move("transfer", (_T.REPORTED,), _T.TRANSFERRED, "10050", "our business: to a 10086 seat, with a note"),
    Move("refer", (_T.REPORTED, _T.TRANSFERRED), _T.REFERRED, "10050, 10086", "not our business"),
    Move(
        "solve",
        (_T.REPORTED, _T.TRANSFERRED),
        _T.SOLVED,
        "10086, counter",
        "solved on the phone, no dispatch",
    ),
    Move(
        "open",
        (_T.REPORTED, _T.TRANSFERRED),
        _T.OPEN,
        "10086, counter",
        "becomes a fault ticket; first hop due",
    ),
    Move("archive", (_T.OPEN,), _T.ARCHIVED, "archive worker", "the record is frozen"),
    Move("close", (_T.ARCHIVED,), _T.CLOSED, "callback survey", "no more work is needed: the case ends"),
    Move("reopen", (_T.ARCHIVED,), _T.OPEN, "callback survey", "not fixed: back to work"),
    Move(
        "withdraw",
        (_T.REPORTED, _T.TRANSFERRED, _T.OPEN),
        _T.WITHDRAWN,
        "reporter",
        "the customer took the report back",
    ),
)

_H = HopState
HOP_MOVES: tuple[Move[HopState], ...] = (
    Move("send", (_H.DUE, _H.SENT, _H.RECEIVED), _H.SENT, "relay", "published, and again when its lease expires"),
    Move("postpone", (_H.SENT, _H.RECEIVED), _H.DUE, "relay, worker", "broker or work failed: again later"),
    Move("receive", (_H.SENT,), _H.RECEIVED, "worker", "the message's generation matches the row's"),
    Move("board", (_H.RECEIVED,), _H.WAITING, "worker", "automatic work done: shown to people"),
    Move("finish", (_H.DUE, _H.SENT, _H.RECEIVED, _H.WAITING), _H.REPORTED, "worker, customer", "ended unclaimed"),
    Move("remind", (_H.WAITING,), _H.DUE, "relay", "the customer hasn't answered: ask once more"),
    Move("quarantine", (_H.DUE, _H.SENT, _H.RECEIVED), _H.QUARANTINED, "worker, relay", "failed too often"),
    Move("release", (_H.QUARANTINED,), _H.DUE, "supervisor", "tried again, failures forgotten"),
    Move("claim", (_H.WAITING,), _H.CLAIMED, "team member", "the first claim wins"),
    Move("hold", (_H.CLAIMED,), _H.HELD, "holder", "until a given time"),
    Move("resume", (_H.HELD,), _H.CLAIMED, "holder, relay", "by hand, or when the time has come"),
    Move("give back", (_H.CLAIMED,), _H.WAITING, "holder", "for a colleague; the time to claim it goes on"),
    Move(
        "take back",
        (_H.CLAIMED, _H.HELD),
        _H.WAITING,
        "administrator, colleague",
        "its holder is disabled, or lost the role",
    ),
    Move("report", (_H.CLAIMED,), _H.REPORTED, "holder", "a finding with its evidence: next hop due"),
    Move(
        "pass on",
        (_H.WAITING, _H.CLAIMED, _H.HELD),
        _H.PASSED_ON,
        "holder, supervisor",
        "another team's work",
    ),
    Move("hand back", (_H.CLAIMED,), _H.HANDED_BACK, "holder", "to the team that asked, with a reason"),
    Move(
        "withdraw",
        (_H.DUE, _H.SENT, _H.RECEIVED, _H.WAITING, _H.CLAIMED, _H.HELD, _H.QUARANTINED),
        _H.WITHDRAWN,
        "reporter",
        "its ticket was withdrawn",
    ),
)

_TICKET, _HOP = Life(TicketState, TICKET_MOVES), Life(HopState, HOP_MOVES)

TICKET_ENDS, HOP_ENDS = _TICKET.ends, _HOP.ends
LIVE_HOP = _HOP.living
"""The states of which a ticket has at most one hop at a time."""
ON_BOARD = (_H.WAITING, _H.CLAIMED, _H.HELD)
"""The states in which a hop is on its team's board."""
IN_HAND = (_H.CLAIMED, _H.HELD)
"""The states in which somebody has the hop."""
OFF_BOARD = tuple(state for state in LIVE_HOP if state not in ON_BOARD)
"""The living states off the board: on the way to it, or in the quarantine."""
ON_ITS_WAY = tuple(state for state in OFF_BOARD if state != _H.QUARANTINED)
"""The states in which a hop moves on by itself, to the board or to its end."""

ticket_move = _TICKET.move
hop_move, hop_sources, hop_target = _HOP.move, _HOP.sources, _HOP.target
