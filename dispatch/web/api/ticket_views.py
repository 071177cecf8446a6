"""Tickets and hops as the caller sees them: hidden fields are null, and `may` names what the caller can do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from dispatch.domain.finding import Value
from dispatch.domain.numbers import read_hop_number, read_ticket_number, ticket_number
from dispatch.domain.ticket import HopState, TicketState
from dispatch.domain.title import Wording
from dispatch.errors import NotFound
from dispatch.reports import lists
from dispatch.routing.rulebook import Team
from dispatch.storage import hops
from dispatch.storage.rows import HopRow, TicketRow
from dispatch.web.api.schemas import ResponseBody
from dispatch.web.policy import MOVES_OF_HOPS, GuardedField, Target
from dispatch.web.request_context import Call

MOVES_OF_TICKETS = ("transfer", "refer", "take over", "urge", "withdraw", "answer by phone")
_OF_HOLDERS = frozenset({"report", "pass on", "hand back", "hold", "resume"})
"""Acts of a hop's holder, or of another on their behalf."""


class With(ResponseBody):
    """The hop that has a ticket now."""

    hop: str
    """Hop number, such as F00000042-3."""
    team: str
    """Team, by its name in the rules."""
    state: HopState
    """State of the hop."""
    holder: str | None
    """Person who has the hop in hand; null when nobody has."""


class Ticket(ResponseBody):
    """A ticket."""

    number: str
    """Ticket number, such as F00000042."""
    kind: str
    """Flow that it goes through: fault or construction."""
    state: TicketState
    """State of the ticket."""
    account: str | None
    """Broadband account; null when it is not the caller's to see."""
    description: str | None
    """What the customer says; null when it is not the caller's to see."""
    answers: list[tuple[str, str]] | None
    """Questions and answers of pre-handling; null when they are not the caller's to see."""
    area: str
    """Service area 片区."""
    channel: str
    """Channel by which it came."""
    symptom: str
    """Symptom, by its name in the pre-handling script."""
    category: str
    """Fault category, by its name in the rules."""
    priority: int
    """Priority, 1 (most urgent) to 4."""
    hops: int
    """Visits to people so far."""
    reopened: int
    """How often it came back after its archive."""
    urged: int
    """How often the customer has urged."""
    urged_at: datetime | None
    """When the customer urged last; null: never."""
    made_at: datetime
    """When it was accepted."""
    ended_at: datetime | None
    """When it ended; null while it goes on."""
    outcome: str | None
    """How it ended; null while it goes on."""


class Hop(ResponseBody):
    """One visit of a ticket to one team."""

    hop: str
    """Hop number, such as F00000042-3."""
    team: str
    """Team, by its name in the rules."""
    state: HopState
    """State of the hop."""
    rule: str
    """Name of the rule that chose the team."""
    rules_version: str
    """Version of the rules by which it was chosen."""
    assignee: str | None
    """Person whom the team's worker proposes; null when it proposes none."""
    holder: str | None
    """Person who has or had the hop in hand; null: nobody."""
    found: dict[str, Any] | None
    """What the worker found by itself, such as a line test; null when nothing."""
    finding: str | None
    """Finding that was reported; null while none was."""
    evidence: dict[str, Value] | None
    """Evidence of the finding; null when it is not the caller's to see."""
    reason: str | None
    """Reason of a hold, a pass on or a hand back; null when it is not the caller's to see."""
    late: bool
    """True when the hop has exceeded its service level."""
    failures: int
    """How often its processing has failed."""
    failure: str | None
    """Last failure; null when there was none or it is not the caller's to see."""
    made_at: datetime
    """When the rules chose the team."""
    sent_at: datetime | None
    """When the hop was published to the broker; null: not yet."""
    received_at: datetime | None
    """When a worker received it; null: not yet."""
    boarded_at: datetime | None
    """When it came onto the team's board; null: not yet, or never."""
    claimed_at: datetime | None
    """When it was claimed; null: not yet, or never."""
    held_at: datetime | None
    """When its current hold began; null when it is not on hold."""
    held_seconds: float
    """Seconds spent on earlier holds."""
    wake_at: datetime | None
    """When the system acts on it next: it becomes overdue, or its hold ends; null: never."""
    ended_at: datetime | None
    """When it ended; null while it goes on."""


def missing_ticket(name: str) -> NotFound:
    return NotFound(
        what=Wording("工单", "ticket"),
        which=Wording(str(read_ticket_number(name)), f"number {read_ticket_number(name)}"),
    )


def missing_hop(name: str) -> NotFound:
    ticket_id, seq = read_hop_number(name)
    return NotFound(
        what=Wording("环节，工单", "hop"),
        which=Wording(
            f"{ticket_id}-{seq}" if seq else str(ticket_id),
            f"{seq} of ticket number {ticket_id}" if seq else f"of ticket number {ticket_id}",
        ),
    )


def hop_name(kind: str, ticket_id: int, seq: int) -> str:
    return f"{ticket_number(kind, ticket_id)}-{seq}"


def find_hop(call: Call, name: str) -> int:
    """The id of the hop of this name. Raises NotFound, BadInput."""
    found = hops.find(call.tx, *read_hop_number(name))
    if found is None:
        raise missing_hop(name)
    return found


def teams_named(call: Call, names: Collection[str]) -> tuple[Team, ...]:
    """The teams of these names that the rules in force still know."""
    return tuple(call.rulebook.teams[name] for name in sorted(names) if name in call.rulebook.teams)


def ticket_thing(call: Call, row: TicketRow, teams: Collection[str], last_team: str | None = None) -> Target:
    """`row` is one of `tickets.get`; `last_team` has it now, or had it last."""
    team = call.rulebook.teams.get(last_team or "")
    return Target(row.area, team, teams_named(call, teams), TicketState(row.state))


def hop_thing(
    call: Call, team: str, state: str, area: str, teams: Collection[str], *, on_behalf: bool = False
) -> Target:
    known = call.rulebook.teams.get(team)
    return Target(area, known, teams_named(call, teams), HopState(state), on_behalf)


def may_with_hop(call: Call, thing: Target, holder: str | None) -> list[str]:
    """What the caller can do with it now, themselves or on behalf of its present or future holder."""
    offered = []
    for move in MOVES_OF_HOPS:
        own = call.may(move, thing) and (move not in _OF_HOLDERS or holder == call.user.name)
        for_him = (holder is not None or move == "claim") and call.may(move, replace(thing, on_behalf=True))
        any_holder = move == "pass on" and call.may(move, thing) and is_supervised(call, thing)
        if own or for_him or any_holder:
            offered.append(move)
    return offered


def is_supervised(call: Call, thing: Target) -> bool:
    """Whether the caller is a supervisor of its area, who may move any hop, also one whose holder has gone home."""
    return any(grant.role == "supervisor" and grant.covers(thing.area) for grant in call.user.grants)


def ticket_view(call: Call, row: TicketRow, thing: Target) -> Ticket:
    shown = call.shows(GuardedField.CUSTOMER, thing)
    return Ticket(
        number=ticket_number(row.kind, row.id),
        kind=row.kind,
        state=TicketState(row.state),
        account=row.account if shown else None,
        description=row.description if shown else None,
        answers=[(question, answer) for question, answer in row.script] if shown else None,
        area=row.area,
        channel=row.channel,
        symptom=row.symptom,
        category=row.category,
        priority=row.priority,
        hops=row.hops,
        reopened=row.reopened,
        urged=row.urged,
        urged_at=row.urged_at,
        made_at=row.made_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
    )


def hop_view(call: Call, kind: str, row: HopRow, ticket: Target) -> Hop:
    """`row` is one of `hops.of_tickets`; `ticket` is its ticket's thing."""
    shown = call.shows(GuardedField.CUSTOMER, ticket)
    failure = call.shows(GuardedField.FAILURE, ticket)
    return Hop(
        hop=hop_name(kind, row.ticket_id, row.seq),
        state=HopState(row.state),
        rules_version=row.rulebook,
        evidence=row.evidence if shown else None,
        reason=row.reason if shown else None,
        failure=row.failure if failure else None,
        team=row.team,
        rule=row.rule,
        assignee=row.assignee,
        holder=row.holder,
        found=row.found,
        finding=row.finding,
        late=row.late,
        failures=row.failures,
        made_at=row.made_at,
        sent_at=row.sent_at,
        received_at=row.received_at,
        boarded_at=row.boarded_at,
        claimed_at=row.claimed_at,
        held_at=row.held_at,
        held_seconds=row.held_seconds,
        wake_at=row.wake_at,
        ended_at=row.ended_at,
    )


def seen_journey(call: Call, ticket_id: int, name: str, operation: str) -> tuple[lists.Journey, Target]:
    """The ticket's journey, if the caller may do this. Raises NotFound, NotAllowed."""
    journey = lists.journey(call.tx, ticket_id)
    teams = {hop.team for hop in journey.hops}
    thing = ticket_thing(call, journey.ticket, teams, journey.hops[-1].team if journey.hops else None)
    call.act(thing, missing_ticket(name), operation)
    return journey, thing


def words_of(detail: Mapping[str, Any], *, shown: bool) -> dict[str, Any]:
    """The details of a history entry, without the customer's words unless `shown`."""
    return {key: value for key, value in detail.items() if shown or key not in ("said", "reason", "answers")}
