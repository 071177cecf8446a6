"""Tickets and hops as the caller sees them: hidden fields are null, and `may` names what the caller can do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from dispatch.domain.complaint import Agreement
from dispatch.domain.kind import Kind
from dispatch.domain.numbers import read_hop_number, read_ticket_number, ticket_number
from dispatch.domain.ticket import HopState, TicketState
from dispatch.domain.title import Wording
from dispatch.errors import NotFound
from dispatch.reports import lists
from dispatch.routing.rulebook import Team
from dispatch.storage import complaints, hops, tickets
from dispatch.storage.rows import HopRow, TicketRow
from dispatch.web.api.journey_schemas import ComplaintDetails
from dispatch.web.api.ticket_schemas import Hop, Ticket
from dispatch.web.policy import MOVES_OF_HOPS, GuardedField, Target
from dispatch.web.request_context import RequestContext

MOVES_OF_TICKETS = ("transfer", "refer", "take over", "urge", "withdraw", "answer by phone", "call about a complaint")
_OF_HOLDERS = frozenset({"report", "pass on", "hand back", "give back", "hold", "resume"})
"""Acts of a hop's holder, or of another on their behalf."""


def missing_ticket(name: str) -> NotFound:
    return tickets.not_found(read_ticket_number(name))


def missing_hop(name: str) -> NotFound:
    ticket_id, seq = read_hop_number(name)
    return NotFound(
        what=Wording("工单", "hop"),
        which=Wording(
            f"{ticket_id} 的第 {seq} 个环节" if seq else f"{ticket_id} 进行中的环节",
            f"{seq} of ticket number {ticket_id}" if seq else f"of ticket number {ticket_id}",
        ),
    )


def hop_name(kind: str, ticket_id: int, seq: int) -> str:
    return f"{ticket_number(kind, ticket_id)}-{seq}"


def find_hop(context: RequestContext, name: str) -> int:
    """The id of the hop of this name. Raises NotFound, BadInput."""
    found = hops.find(context.tx, *read_hop_number(name))
    if found is None:
        raise missing_hop(name)
    return found


def teams_named(context: RequestContext, names: Collection[str]) -> tuple[Team, ...]:
    """The teams of these names that the rules in force still know."""
    return tuple(context.rulebook.teams[name] for name in sorted(names) if name in context.rulebook.teams)


def ticket_thing(
    context: RequestContext, row: TicketRow, teams: Collection[str], last_team: str | None = None
) -> Target:
    """`row` is one of `tickets.get`; `last_team` has it now, or had it last."""
    team = context.rulebook.teams.get(last_team or "")
    return Target(row.area, team, teams_named(context, teams), TicketState(row.state))


def hop_thing(
    context: RequestContext, team: str, state: str, area: str, teams: Collection[str], *, on_behalf: bool = False
) -> Target:
    return Target(area, context.rulebook.team(team), teams_named(context, teams), HopState(state), on_behalf)


def may_with_hop(context: RequestContext, thing: Target, holder: str | None, *, left: bool) -> list[str]:
    """The caller's possible moves of the hop now, for themselves or on behalf of its present or future holder.

    `left`: its holder can't work it any more, so that it is claimed as if it were waiting.
    """
    if left:
        thing, holder = replace(thing, state=HopState.WAITING), None
    offered = []
    for move in MOVES_OF_HOPS:
        own = context.may(move, thing) and (move not in _OF_HOLDERS or holder == context.user.name)
        for_him = (holder is not None or move == "claim") and context.may(move, replace(thing, on_behalf=True))
        any_holder = move == "pass on" and context.may(move, thing) and is_supervised(context, thing)
        if move == "override":  # never of what is in one's own hands
            own, for_him = own and holder not in (None, context.user.name), False
        if own or for_him or any_holder:
            offered.append(move)
    return offered


def is_supervised(context: RequestContext, thing: Target) -> bool:
    """Return whether the caller is a supervisor of its area: they may move hops of holders who have gone home, too."""
    return any(grant.role == "supervisor" and grant.covers(thing.area) for grant in context.user.grants)


def ticket_view(context: RequestContext, row: TicketRow, thing: Target) -> Ticket:
    shown = context.shows(GuardedField.CUSTOMER, thing)
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


def complaint_view(context: RequestContext, row: TicketRow, *, shown: bool) -> ComplaintDetails | None:
    """What a complaint has beside what every ticket has; None for a ticket of another kind."""
    found = complaints.of_ticket(context.tx, row.id) if row.kind == Kind.COMPLAINT else None
    if found is None:
        return None
    about = tickets.get(context.tx, found.about) if found.about is not None and shown else None
    return ComplaintDetails(
        source=found.source,
        about=ticket_number(about.kind, about.id) if about else None,
        wish=found.wish if shown else None,
        contact_by=found.contact_by,
        contacted_at=found.contacted_at,
        reply_by=found.reply_by,
        replied_at=found.replied_at,
        agreement=None if found.agreement is None else Agreement(found.agreement),
        until=row.ended_at or context.now,
    )


def hop_view(context: RequestContext, kind: str, row: HopRow, ticket: Target, retest_at: Mapping[int, datetime]) -> Hop:
    """`row` is one of `hops.of_tickets`; `ticket` is its ticket's thing. `retest_at`: when lines are tested again, by
    hop id."""
    shown = context.shows(GuardedField.CUSTOMER, ticket)
    failure = context.shows(GuardedField.FAILURE, ticket)
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
        retest_at=retest_at.get(row.id),
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


def seen_journey(context: RequestContext, ticket_id: int, name: str, operation: str) -> tuple[lists.Journey, Target]:
    """The ticket's journey, if the caller may do this. Raises NotFound, NotAllowed."""
    journey = lists.journey(context.tx, ticket_id)
    teams = {hop.team for hop in journey.hops}
    thing = ticket_thing(context, journey.ticket, teams, journey.hops[-1].team if journey.hops else None)
    context.authorize(thing, missing_ticket(name), operation)
    return journey, thing


def words_of(detail: Mapping[str, Any], *, shown: bool) -> dict[str, Any]:
    """The details of a history entry, without the customer's words unless `shown`."""
    return {
        key: value
        for key, value in detail.items()
        if shown or key not in ("said", "reason", "answers", "overruled", "unmet")
    }
