"""派单: end a hop and create the next one, by the rulebook's decision, in the same transaction.

Every report, pass on, hand back, automatic finish and survey answer goes through `compute_changes` and
`write_changes`; nothing else moves a ticket to its next team.
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
from dispatch.routing.rulebook import AGAIN, END, REPEATS, Decision, Facts, Rulebook
from dispatch.storage import archive, history
from dispatch.storage.bulk import Rows
from dispatch.storage.database import Tx
from dispatch.storage.hops import SentHop
from dispatch.storage.rows import LockedHop, TicketRow
from dispatch.storage.ticket_changes import write_act
from dispatch.storage.wakeups import boards_changed


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a hop. `hop` is a row of `hops.lock`; `move` is a move of the life table in `domain.ticket`.

    `to` is the team to which a person passes on. `ticket` is the ticket's new state before the rules decide; None: its
    state stays. `outcome` is the ticket's outcome if it ends with this hop; None: the finding is the outcome.
    `unverified` names what of a report could not be judged; `before` are entries of the history that precede its own.
    `repeats`: how often the team reported this before, where a rule asks for it. `again`: the team that had the case
    last, to which it goes back instead of where the rules lead, and `proposed` of them who had it.
    """

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
    unverified: Sequence[str] = ()
    before: Rows = ()
    repeats: int | None = None
    again: str | None = None
    proposed: str | None = None

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
    """The rows to write when hops end: for `hop` (`ended`, `made`), `ticket` (`moved`), the history (`entries`) and the
    archive (`records`). `boards` are the teams whose boards change; `kinds` are the tickets' kinds by ticket id."""

    ended: Rows
    moved: Rows
    made: Rows
    entries: Rows
    boards: Collection[str]
    kinds: Mapping[int, str]
    records: Rows = ()


def create_first_hops(tx: Tx, rulebook: Rulebook, rows: Sequence[TicketRow], entries: Rows, now: datetime) -> None:
    """Create the first hop of each of these tickets and write `entries` into the history."""
    made = []
    for row in rows:
        facts = Facts(flow=row.kind, known=known_facts(row))
        new = _new_hop(rulebook, row.id, row.last_seq + 1, rulebook.decide(facts), facts, None, now)
        made.append({**new, "area": row.area, "rank": rank(row.priority, row.urged)})
    visits = [int(not rulebook.is_automatic(hop["team"])) for hop in made]
    moved = [
        {"id": row.id, "last_seq": row.last_seq + 1, "hops": row.hops + visit}
        for row, visit in zip(rows, visits, strict=True)
    ]
    write_act(tx, entries, tickets=moved, made=made)


def end_hops(tx: Tx, rulebook: Rulebook, endings: Sequence[Ending], now: datetime) -> None:
    """End these hops, move their tickets on and create the next hops, which are due.

    Raises IllegalMove before anything is written.
    """
    write_changes(tx, compute_changes(rulebook, endings, now))


def compute_changes(
    rulebook: Rulebook, endings: Sequence[Ending], now: datetime, direct: DirectlySent = NONE
) -> Changes:
    """Compute what `write_changes` will write. Pure. Raises IllegalMove.

    The next hops for the teams in `direct` are created as sent, the others as due.
    """
    ended, moved, made = [], [], []
    entries: list[dict[str, Any]] = []
    for ending in endings:
        row = ending.hop
        facts = _facts(ending)
        decision = _decide(rulebook, ending, facts)
        ended.append(_ended(ending, now))
        moved.append(_moved(rulebook, ending, decision, now))
        marked = {"unverified": list(ending.unverified)} if ending.unverified else {}
        entries += ending.before
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
                **marked,
            )
        )
        if decision.to != END:
            asked_by = _asked_by(rulebook, ending, decision)
            new = _new_hop(rulebook, row.ticket_id, row.last_seq + 1, decision, facts, asked_by, now)
            if decision.to in direct.teams:
                new |= _on_its_way(row.epoch + 1, now, direct.lease)
            new["assignee"] = ending.proposed if decision.rule == AGAIN else None
            made.append({**new, "area": row.area, "rank": row.rank})  # `rank` is current: an urge locks the hop too
    boards = {ending.hop.team for ending in endings if ending.hop.boarded_at}
    kinds = {ending.hop.ticket_id: ending.hop.kind for ending in endings}
    return Changes(ended, moved, made, entries, boards, kinds)


def write_changes(tx: Tx, found: Changes) -> list[SentHop]:
    """Write the changes. Their hops must still be locked and unchanged.

    Returns the directly sent hops, which the caller publishes after its commit.
    """
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
    if ending.again is not None:
        return rulebook.again(facts, ending.again)
    match ending.move:
        case "pass on":
            assert ending.to is not None
            return rulebook.pass_on(facts, ending.to)
        case "hand back":
            return rulebook.hand_back(facts)
        case _:
            return rulebook.decide(facts)


def known_facts(row: LockedHop | TicketRow) -> dict[str, Value]:
    """The facts about the ticket itself that rules may test: `routing.checks.OWN_FACTS`."""
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
        known={**known_facts(row), **ending.evidence, **_repeats(ending)},
        team=row.team,
        finding=ending.finding,
        sender=row.asker_team,
        hops=row.hops,
        reopened=row.reopened,
        archived=ending.ticket_state == TicketState.ARCHIVED,
    )


def _repeats(ending: Ending) -> dict[str, Value]:
    return {} if ending.repeats is None else {REPEATS: ending.repeats}


def _asked_by(rulebook: Rulebook, ending: Ending, decision: Decision) -> int | None:
    """The id of the hop that asked for the next one; None when nobody asked.

    The rules' `sender` is that hop's team. A hop that goes back gets the asker of the hop that it goes back to. A hop
    that is passed on keeps its asker. A hop to or from an automatic team, such as a case that is reopened, has none.
    """
    row = ending.hop
    if decision.returns:
        return row.asker_asked_by
    if rulebook.is_automatic(decision.to) or rulebook.is_automatic(row.team):
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
    """The columns of a hop that is created as sent, as the relay would set them."""
    return {"state": hop_target("send"), "generation": generation, "wake_at": now + lease, "sent_at": now}


def held_seconds(row: LockedHop, now: datetime) -> float:
    """Seconds that the hop has been on hold until now, a hold that still lasts included."""
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
    """The ticket's new columns: the rules named its next team, and the life table gives the state that follows.

    Raises IllegalMove.
    """
    row = ending.hop
    state, reopened = ending.ticket_state, row.reopened
    on_to_people = decision.to != END and not rulebook.is_automatic(decision.to)
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
