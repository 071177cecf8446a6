"""派单: claim 接单, report 回单, pass on 转派, hand back 退单, hold 挂起, resume 解挂, release 放行 one hop or many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import Field as Of

from dispatch.domain.finding import Value
from dispatch.domain.numbers import read_hop_number
from dispatch.domain.roles import Actor
from dispatch.domain.ticket import LIVE_HOP, ON_ITS_WAY, TicketState
from dispatch.domain.title import Wording
from dispatch.errors import (
    AlreadyClaimed,
    BadEvidence,
    BadInput,
    ChangedMeanwhile,
    DispatchError,
    HeldTooLong,
    IllegalMove,
    NobodyAsked,
    NotPassable,
    NotYours,
    UnknownFinding,
)
from dispatch.reports import lists
from dispatch.storage import hops as rows
from dispatch.storage.rows import LockedHop, Visit
from dispatch.tickets import handling
from dispatch.tickets.handling import Claim, End, HandBack, PassOn, Refusals, Report
from dispatch.web.api.schemas import LARGEST_BATCH, HopName, RequestBody, ResponseBody, Text, Word
from dispatch.web.api.ticket_views import (
    Hop,
    find_hop,
    hop_name,
    hop_thing,
    hop_view,
    may_with_hop,
    missing_hop,
    teams_named,
)
from dispatch.web.policy import Target
from dispatch.web.problems import Problem, describe, language_of_request
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("/hops", "hops")

_HopText = Annotated[
    str, Of(pattern=r"^[FCfc]?[0-9]{1,18}(-[0-9]{1,6})?$", description="Hop number, such as F00000042-3.")
]
_Evidence = Annotated[dict[str, Value], Of(max_length=50)]
_ENDS: tuple[type[DispatchError], ...] = (IllegalMove, NotYours, ChangedMeanwhile, BadInput)


class ClaimRequest(RequestBody):
    """Request to claim a hop."""

    on_behalf_of: Word | None = None
    """User who will hold the hop; absent: the caller."""


class ReportRequest(RequestBody):
    """A finding, with the evidence that it needs."""

    finding: Word
    """Finding, by its name in the rules."""
    evidence: _Evidence = Of(default_factory=dict)
    """Evidence by name, as the finding asks for it."""
    on_behalf_of: Word | None = None
    """Holder for whom the caller files the report."""


class PassOnRequest(RequestBody):
    """Request to pass a hop on."""

    to: Word
    """Team that gets the work, by its name in the rules."""
    reason: Text
    """Why the work goes on to that team."""
    on_behalf_of: Word | None = None
    """Holder for whom the caller passes the hop on."""


class HandBackRequest(RequestBody):
    """Request to hand a hop back."""

    reason: Text
    """Why the work goes back."""
    on_behalf_of: Word | None = None
    """Holder for whom the caller hands the hop back."""


class HoldRequest(RequestBody):
    """Request to put a hop on hold."""

    until: Annotated[datetime, Of(strict=False, description="When the hold ends, with its time zone.")]
    reason: Text
    """Why the work has to wait."""


class NamedClaim(ClaimRequest):
    """One claim of many."""

    hop: _HopText


class NamedReport(ReportRequest):
    """One report of many."""

    hop: _HopText


class ClaimsRequest(RequestBody):
    """Many claims at once."""

    claims: Annotated[list[NamedClaim], Of(min_length=1, max_length=LARGEST_BATCH)]
    """Claims; each is accepted or refused by itself."""


class ReportsRequest(RequestBody):
    """Many reports at once."""

    reports: Annotated[list[NamedReport], Of(min_length=1, max_length=LARGEST_BATCH)]
    """Reports; each is accepted or refused by itself."""


class HopView(ResponseBody):
    """A hop, and what the caller may do with it now."""

    hop: Hop
    """The hop."""
    may: list[str]
    """Names of what the caller may do with it now."""


class HopChange(ResponseBody):
    """The hop after the act, and the hop that follows it."""

    hop: Hop
    """The hop as it is now."""
    next: Hop | None
    """Hop that follows; null while the ticket has not gone on."""


class RefusedHop(ResponseBody):
    """One act of many that was refused."""

    hop: str
    """Hop number as the request wrote it."""
    problem: Problem
    """Why it was refused."""


class BatchOutcome(ResponseBody):
    """What was done is committed although the rest was refused."""

    done: list[str]
    """Hop numbers of what was done."""
    refused: list[RefusedHop]
    """What was refused, and why."""


@api.look("/{hop}", "see a hop", awaits=lambda given: read_hop_number(given["hop"])[0])
def see_hop(call: Call, hop: HopName) -> HopView:
    """Shows a hop and what the caller may do with it. With `Prefer: wait=10` a hop on its way to a board is answered
    when it is there."""
    seen = _seen(call, *read_hop_number(hop), hop)
    call.on_its_way = seen.hop.state in ON_ITS_WAY
    return seen


@api.act("/claim", "claim", raises=[BadInput])
def claim_many(call: Call, asked: ClaimsRequest) -> BatchOutcome:
    """Claims many hops (接单) in one transaction; each claim is accepted or refused by itself."""
    return _many(
        call,
        [(each.hop, each.on_behalf_of) for each in asked.claims],
        lambda place, id_, actor: Claim(id_, actor, asked.claims[place].on_behalf_of),
        lambda claims: handling.claim_many(call.tx, call.rulebook, claims, call.now),
    )


@api.act("/report", "report", raises=[BadInput])
def report_many(call: Call, asked: ReportsRequest) -> BatchOutcome:
    """Reports on many hops (回单) in one transaction; each report is accepted or refused by itself."""
    return _many(
        call,
        [(each.hop, each.on_behalf_of) for each in asked.reports],
        lambda place, id_, actor: _report(id_, actor, asked.reports[place]),
        lambda reports: handling.end_many(call.tx, call.rulebook, reports, call.now),
    )


@api.act("/{hop}/claim", "claim", raises=[AlreadyClaimed, IllegalMove, ChangedMeanwhile])
def claim(call: Call, hop: HopName, asked: ClaimRequest) -> HopChange:
    """Claims a hop (接单). Of two people who claim it at once one gets it, and the other is told who."""
    row, actor = _actor(call, hop, on_behalf=asked.on_behalf_of is not None)
    handling.claim(call.tx, call.rulebook, Claim(row.id, actor, asked.on_behalf_of), call.now)
    return _done(call, row)


@api.act("/{hop}/report", "report", raises=[*_ENDS, UnknownFinding, BadEvidence])
def report(call: Call, hop: HopName, asked: ReportRequest) -> HopChange:
    """Reports a finding with its evidence (回单); the rules choose the next team."""
    row, actor = _actor(call, hop, on_behalf=asked.on_behalf_of is not None)
    return _ended(call, row, _report(row.id, actor, asked))


@api.act("/{hop}/pass-on", "pass on", raises=[*_ENDS, NotPassable])
def pass_on(call: Call, hop: HopName, asked: PassOnRequest) -> HopChange:
    """Passes a hop on (转派), to another team or to another person of the same team."""
    row, actor = _actor(call, hop, on_behalf=asked.on_behalf_of is not None)
    return _ended(call, row, PassOn(row.id, actor, asked.to, asked.reason, asked.on_behalf_of))


@api.act("/{hop}/hand-back", "hand back", raises=[*_ENDS, NobodyAsked])
def hand_back(call: Call, hop: HopName, asked: HandBackRequest) -> HopChange:
    """Hands a hop back (退单) to the team that asked for the visit."""
    row, actor = _actor(call, hop, on_behalf=asked.on_behalf_of is not None)
    return _ended(call, row, HandBack(row.id, actor, asked.reason, asked.on_behalf_of))


@api.act("/{hop}/hold", "hold", raises=[*_ENDS, HeldTooLong])
def hold(call: Call, hop: HopName, asked: HoldRequest) -> HopChange:
    """Puts a hop on hold (挂起) until a given time, at which it comes back by itself."""
    if asked.until.tzinfo is None:
        raise BadInput(
            what=Wording(
                "`until` 须带时区：2026-12-01T14:00:00+08:00", "`until` needs its zone: 2026-12-01T14:00:00+08:00"
            )
        )
    row, actor = _actor(call, hop)
    handling.hold(call.tx, call.rulebook, row.id, asked.until, asked.reason, actor, call.now)
    return _done(call, row)


@api.act("/{hop}/resume", "resume", raises=[IllegalMove, NotYours, ChangedMeanwhile])
def resume(call: Call, hop: HopName) -> HopChange:
    """Ends a hold early (解挂)."""
    row, actor = _actor(call, hop)
    handling.resume(call.tx, call.rulebook, row.id, actor, call.now)
    return _done(call, row)


@api.act("/{hop}/release", "release", raises=[IllegalMove, ChangedMeanwhile])
def release(call: Call, hop: HopName) -> HopChange:
    """Releases a hop from quarantine (放行): its worker tries it again."""
    row, actor = _actor(call, hop)
    handling.release(call.tx, row.id, actor, call.now)
    return _done(call, row)


def _report(hop_id: int, actor: Actor, asked: ReportRequest) -> Report:
    return Report(hop_id, actor, asked.finding, asked.evidence, asked.on_behalf_of)


def _actor(call: Call, name: str, *, on_behalf: bool = False) -> tuple[LockedHop, Actor]:
    """The locked hop, and the actor. Raises NotFound, NotAllowed, ChangedMeanwhile."""
    row = rows.lock_one(call.tx, *read_hop_number(name))
    if row is None:
        raise missing_hop(name)
    teams = lists.teams_of(call.tx, [row.ticket_id])[row.ticket_id]
    actor = call.act(hop_thing(call, row.team, row.state, row.area, teams, on_behalf=on_behalf), missing_hop(name))
    call.require_unchanged(lambda: _seen(call, row.ticket_id, row.seq, name), Wording(f"环节 {name}", f"hop {name}"))
    return row, actor


def _ended(call: Call, row: LockedHop, end: End) -> HopChange:
    handling.end(call.tx, call.rulebook, end, call.now)
    return _done(call, row)


def _seen(call: Call, ticket_id: int, seq: int | None, name: str) -> HopView:
    """The ticket's hop number `seq`; None: its live hop. Raises NotFound, NotAllowed."""
    visits = rows.visits(call.tx, ticket_id)
    row = next((visit for visit in visits if (visit.state in LIVE_HOP if seq is None else visit.seq == seq)), None)
    if row is None:
        raise missing_hop(name)
    thing = hop_thing(call, row.team, row.state, row.area, {visit.team for visit in visits})
    call.act(thing, missing_hop(name), "see a hop")
    told = hop_view(call, row.kind, row, _ticket(call, visits))
    return HopView(hop=told, may=may_with_hop(call, thing, row.holder))


def _done(call: Call, row: LockedHop) -> HopChange:
    """The hop as it is now, and the hop that follows it."""
    visits = rows.visits(call.tx, row.ticket_id)
    ticket = _ticket(call, visits)
    told = [hop_view(call, row.kind, visit, ticket) for visit in visits if visit.seq in (row.seq, row.seq + 1)]
    return HopChange(hop=told[0], next=told[1] if len(told) > 1 else None)


def _ticket(call: Call, visits: Sequence[Visit]) -> Target:
    """The hops' ticket, as a target of the policy."""
    teams = teams_named(call, {visit.team for visit in visits})
    return Target(visits[0].area, None, teams, TicketState(visits[0].ticket_state))


Act = TypeVar("Act", Claim, Report)


def _many(
    call: Call,
    asked: Sequence[tuple[str, str | None]],
    made: Callable[[int, int, Actor], Act],
    done: Callable[[list[Act]], Refusals],
) -> BatchOutcome:
    """Do every act that policy, life tables and rules allow, and report the others. `asked` are hop names and on whose
    behalf; `made` makes the act from its place among them, the hop's id and the actor."""
    call.asked = True
    refused: list[RefusedHop] = []
    ids: dict[int, int] = {}
    for place, (name, _) in enumerate(asked):
        try:
            ids[place] = find_hop(call, name)
        except DispatchError as wrong:
            refused.append(RefusedHop(hop=name, problem=describe(wrong, language_of_request(call.visitor.request))))
    found = rows.lock(call.tx, list(ids.values()))
    teams = lists.teams_of(call.tx, [row.ticket_id for row in found.values()])
    acts = []
    for place, hop_id in ids.items():
        row, (name, behalf) = found[hop_id], asked[place]
        thing = hop_thing(call, row.team, row.state, row.area, teams[row.ticket_id], on_behalf=behalf is not None)
        try:
            acts.append(made(place, hop_id, call.act(thing, missing_hop(name))))
        except DispatchError as wrong:
            refused.append(RefusedHop(hop=name, problem=describe(wrong, language_of_request(call.visitor.request))))
    refusals = done(acts) if acts else {}
    names = {hop_id: asked[place][0] for place, hop_id in ids.items()}
    refused += [
        RefusedHop(hop=names[hop_id], problem=describe(wrong, language_of_request(call.visitor.request)))
        for hop_id, wrong in refusals.items()
    ]
    good = [found[act.hop_id] for act in acts if act.hop_id not in refusals]
    return BatchOutcome(done=[hop_name(row.kind, row.ticket_id, row.seq) for row in good], refused=refused)
