"""Tickets and hops as the caller sees them: hidden fields are null, and `may` names what the caller can do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from dispatch.domain.numbers import read_hop_number, read_ticket_number, ticket_number
from dispatch.domain.ticket import HopState, TicketState
from dispatch.domain.title import Wording
from dispatch.errors import NotFound
from dispatch.reports import lists
from dispatch.routing.rulebook import Team
from dispatch.storage import hops
from dispatch.storage.rows import HopRow, TicketRow
from dispatch.web.api.ticket_schemas import Hop, Ticket
from dispatch.web.policy import MOVES_OF_HOPS, GuardedField, Target
from dispatch.web.request_context import Call

MOVES_OF_TICKETS = ("transfer", "refer", "take over", "urge", "withdraw", "answer by phone")
_OF_HOLDERS = frozenset({"report", "pass on", "hand back", "hold", "resume"})
"""Acts of a hop's holder, or of another on their behalf."""


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
