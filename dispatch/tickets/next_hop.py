"""派单: end a hop and make the next one, by the rulebook's decision, in the same transaction.

Every way in which a hop can end (report, pass on, hand back, an automatic finish, a survey's answer) comes through
`end`; there is no other place where a ticket moves on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dispatch.domain.finding import Value
from dispatch.domain.numbers import hop_wording, ticket_number
from dispatch.domain.rank import rank
from dispatch.domain.roles import Actor
from dispatch.domain.ticket import HopState, TicketState, hop_move, hop_target, ticket_move
from dispatch.routing.rulebook import END, Decision, Facts, Rulebook
from dispatch.storage import archive, history
from dispatch.storage.bulk import Rows
from dispatch.storage.database import Tx
from dispatch.storage.hops import SentHop
from dispatch.storage.rows import LockedHop, TicketRow
from dispatch.storage.ticket_changes import write_act
from dispatch.storage.wakeups import boards_changed


@dataclass(frozen=True, slots=True)
class Ending:
    """How a hop ends. `hop` is a row of `hops.lock`; `move` is one of the life table's.

    `ticket` is the state that its ticket comes into before it moves on, where that is another one. `outcome` is the
    ticket's, where the ticket ends with this hop and the finding doesn't say it."""

    hop: LockedHop
    move: str
    actor: Actor
    finding: str | None = None
    evidence: Mapping[str, Value] = field(default_factory=dict)
    reason: str | None = None
    to: str | None = None
    on_behalf_of: str | None = None
    outcome: str | None = None
    ticket: TicketState | None = None

    @property
    def ticket_state(self) -> TicketState:
        return self.ticket or TicketState(self.hop.ticket_state)


@dataclass(frozen=True, slots=True)
class DirectlySent:
    """Teams whose hops the caller publishes itself instead of leaving them to the relay, and the lease for that."""

    teams: Collection[str]
    lease: timedelta


NONE = DirectlySent((), timedelta())
"""The relay sends every hop."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What hops' ends come to: rows for each table, the boards that they leave, and the tickets' kinds by id."""

    ended: Rows
    moved: Rows
    made: Rows
    entries: Rows
    boards: Collection[str]
    kinds: Mapping[int, str]
    records: Rows = ()


def start(tx: Tx, rulebook: Rulebook, rows: Sequence[TicketRow], entries: Rows, now: datetime) -> None:
    """Make the first hop of these tickets (rows of `tickets.get`), and enter into the history what led to it."""
    made = []
    for row in rows:
        facts = Facts(flow=row.kind, known=known_facts(row))
        new = _new_hop(rulebook, row.id, row.last_seq + 1, rulebook.decide(facts), facts, None, now)
        made.append({**new, "area": row.area, "rank": rank(row.priority, row.urged)})
    visits = [int(not rulebook.teams[hop["team"]].automatic) for hop in made]
    moved = [
        {"id": row.id, "last_seq": row.last_seq + 1, "hops": row.hops + visit}
        for row, visit in zip(rows, visits, strict=True)
    ]
    write_act(tx, entries, tickets=moved, made=made)


def end(tx: Tx, rulebook: Rulebook, endings: Sequence[Ending], now: datetime) -> None:
    """End these hops, move their tickets, make the hops that follow, which are due.

    Raises IllegalMove, and then nothing is written by the caller's transaction.
    """
    write(tx, changes(rulebook, endings, now))


def changes(rulebook: Rulebook, endings: Sequence[Ending], now: datetime, direct: DirectlySent = NONE) -> Changes:
    """Work out what `write` is to write. Pure. Raises IllegalMove.

    The following hops for the teams in `direct` count as sent already; the others are due.
    """
    ended, moved, made, entries = [], [], [], []
    for ending in endings:
        row = ending.hop
        facts = _facts(ending)
        decision = _decide(rulebook, ending, facts)
        ended.append(_ended(ending, now))
        moved.append(_moved(rulebook, ending, decision, now))
        entries.append(
            history.entry(
                row.ticket_id,
                now,
                ending.move,
                ending.actor,
                hop_id=row.id,
                on_behalf_of=ending.on_behalf_of,
                team=row.team,
                finding=ending.finding,
                reason=ending.reason,
                to=decision.to,
            )
        )
        if decision.to != END:
            asked_by = _asked_by(rulebook, ending, decision)
            new = _new_hop(rulebook, row.ticket_id, row.last_seq + 1, decision, facts, asked_by, now)
            if decision.to in direct.teams:
                new |= _on_its_way(row.epoch + 1, now, direct.lease)
            made.append({**new, "area": row.area, "rank": row.rank})  # an urge has locked the hop, not only its ticket
    boards = {ending.hop.team for ending in endings if ending.hop.boarded_at}
    kinds = {ending.hop.ticket_id: ending.hop.kind for ending in endings}
    return Changes(ended, moved, made, entries, boards, kinds)


def write(tx: Tx, found: Changes) -> list[SentHop]:
    """Write the changes; their hops are locked and have not changed since. Returns the directly sent hops: the caller
    publishes them after its commit."""
    if not found.ended:
        return []
    archive.insert_records(tx, found.records)
    ids = write_act(tx, found.entries, hops=found.ended, tickets=found.moved, made=found.made)
    boards_changed(tx, found.boards)
    return [
        SentHop(id_, hop["generation"], hop["team"], hop["ticket_id"], found.kinds[hop["ticket_id"]], 0)
        for id_, hop in zip(ids, found.made, strict=True)
        if hop["state"] == HopState.SENT
    ]


def _decide(rulebook: Rulebook, ending: Ending, facts: Facts) -> Decision:
    match ending.move:
        case "pass on":
            assert ending.to is not None
            return rulebook.pass_on(facts, ending.to)
        case "hand back":
            return rulebook.hand_back(facts)
        case _:
            return rulebook.decide(facts)


def known_facts(row: LockedHop | TicketRow) -> dict[str, Value]:
    """What the rules may ask of the ticket itself: `routing.checks.OWN_FACTS`."""
    return {
        "category": row.category,
        "channel": row.channel,
        "symptom": row.symptom,
        "priority": row.priority,
        "area": row.area,
    }


def _facts(ending: Ending) -> Facts:
    row = ending.hop
    return Facts(
        flow=row.kind,
        known={**known_facts(row), **ending.evidence},
        team=row.team,
        finding=ending.finding,
        sender=row.asker_team,
        hops=row.hops,
        reopened=row.reopened,
        archived=ending.ticket_state == TicketState.ARCHIVED,
    )


def _asked_by(rulebook: Rulebook, ending: Ending, decision: Decision) -> int | None:
    """Who asked for the next visit.

    Going back restores the asker's own asker, passing on leaves the asker as it is, so that `sender` always finds the
    team that asked. Automatic teams are asked by nobody, and neither is a case that came back after its archive.
    """
    row = ending.hop
    if decision.returns:
        return row.asker_asked_by
    if rulebook.teams[decision.to].automatic or rulebook.teams[row.team].automatic:
        return None
    if ending.move == "pass on" and row.asked_by is not None:
        return row.asked_by
    return row.id


def _new_hop(
    rulebook: Rulebook,
    ticket_id: int,
    seq: int,
    decision: Decision,
    facts: Facts,
    asked_by: int | None,
    now: datetime,
) -> dict[str, Any]:
    return {
        "ticket_id": ticket_id,
        "seq": seq,
        "team": decision.to,
        "state": HopState.DUE,
        "generation": 0,
        "wake_at": now,
        "sent_at": None,
        "asked_by": asked_by,
        "rule": decision.rule,
        "facts": facts.stored(),
        "rulebook": rulebook.version,
        "made_at": now,
    }


def _on_its_way(generation: int, now: datetime, lease: timedelta) -> dict[str, Any]:
    """As the relay would have sent it."""
    return {"state": hop_target("send"), "generation": generation, "wake_at": now + lease, "sent_at": now}


def held_seconds(row: LockedHop, now: datetime) -> float:
    """The hop's time on hold so far, the hold that it is on now included."""
    if row.state != HopState.HELD:
        return row.held_seconds
    assert row.held_at is not None  # the database's constraint `held`
    return row.held_seconds + (now - row.held_at).total_seconds()


def _ended(ending: Ending, now: datetime) -> dict[str, Any]:
    row = ending.hop
    return {
        "id": row.id,
        "state": hop_move(HopState(row.state), ending.move, hop_wording(row.kind, row.ticket_id, row.seq)),
        "finding": ending.finding,
        "evidence": dict(ending.evidence) or None,
        "reason": ending.reason,
        "held_seconds": held_seconds(row, now),
        "received_at": row.received_at or (now if row.state == HopState.RECEIVED else None),
        "wake_at": None,
        "ended_at": now,
    }


def _moved(rulebook: Rulebook, ending: Ending, decision: Decision, now: datetime) -> dict[str, Any]:
    """What becomes of the ticket: the rules name a team, the life table says what that means."""
    row = ending.hop
    state, reopened = ending.ticket_state, row.reopened
    on_to_people = decision.to != END and not rulebook.teams[decision.to].automatic
    number = f"ticket {ticket_number(row.kind, row.ticket_id)}"
    if decision.to == END:
        state = ticket_move(state, "close", number)
    elif state == TicketState.ARCHIVED and on_to_people:
        state, reopened = ticket_move(state, "reopen", number), reopened + 1
    return {
        "id": row.ticket_id,
        "state": state,
        "reopened": reopened,
        "hops": row.hops + int(on_to_people),
        "last_seq": row.last_seq + int(decision.to != END),
        "ended_at": now if decision.to == END else None,
        "outcome": (ending.outcome or ending.finding) if decision.to == END else None,
    }
