"""派单: claim 接单, give back 退接, report 回单, pass on 转派, hand back 退回, hold 挂起, resume 解挂, release 放行."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from dispatch.access.people import People
from dispatch.domain.numbers import read_hop_number
from dispatch.domain.roles import Actor
from dispatch.domain.ticket import LIVE_HOP, ON_ITS_WAY, TicketState
from dispatch.domain.title import Wording
from dispatch.domain.user_name import folded
from dispatch.errors import (
    AlreadyClaimed,
    BadEvidence,
    BadInput,
    ChangedMeanwhile,
    DispatchError,
    EvidenceUnmet,
    HeldTooLong,
    IllegalMove,
    NobodyAsked,
    NotPassable,
    NotYours,
    UnfitUser,
    UnknownFinding,
    UnknownUser,
)
from dispatch.reports import lists
from dispatch.routing.wording import Words
from dispatch.storage import hops as rows
from dispatch.storage import retests
from dispatch.storage.rows import LockedHop, Visit
from dispatch.tickets import evidence_check, handling
from dispatch.tickets.evidence_check import Beforehand, Measured
from dispatch.tickets.handling import Claim, End, GiveBack, HandBack, PassOn, Refusals, Report
from dispatch.tickets.holders import is_left
from dispatch.web.api.hop_schemas import (
    BatchOutcome,
    ClaimRequest,
    ClaimsRequest,
    GiveBackRequest,
    HandBackRequest,
    HoldRequest,
    HopChange,
    HopView,
    OverrideRequest,
    PassOnRequest,
    RefusedHop,
    ReportRequest,
    ReportsRequest,
    RequirementHere,
)
from dispatch.web.api.schemas import HopName, TitleBody
from dispatch.web.api.ticket_views import (
    find_hop,
    hop_name,
    hop_thing,
    hop_view,
    may_with_hop,
    missing_hop,
    teams_named,
)
from dispatch.web.credentials import Visitor
from dispatch.web.policy import Target
from dispatch.web.problems import describe, language_of_request
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/hops", "hops")

HOLDERS: tuple[type[DispatchError], ...] = (IllegalMove, NotYours, UnfitUser, ChangedMeanwhile)
_ENDS: tuple[type[DispatchError], ...] = (*HOLDERS, UnknownUser, BadInput)


@api.read("/{hop}", "see a hop", awaits=lambda given: read_hop_number(given["hop"])[0])
def see_hop(context: RequestContext, hop: HopName) -> HopView:
    """Shows a hop and what the caller may do with it. With `Prefer: wait=10` a hop on its way to a board is answered
    when it is there."""
    seen = _seen(context, *read_hop_number(hop), hop)
    context.on_its_way = seen.hop.state in ON_ITS_WAY
    return seen


@api.change("/claim", "claim", raises=[BadInput], summary="Claim many hops")
def claim_many(context: RequestContext, asked: ClaimsRequest) -> BatchOutcome:
    """Claims many hops (接单) in one transaction; each claim is accepted or refused by itself."""
    People(context.tx, [each.on_behalf_of or context.user.name for each in asked.claims])  # locks users before hops
    return _many(
        context,
        [(each.hop, each.on_behalf_of) for each in asked.claims],
        lambda place, id_, actor: Claim(id_, actor, asked.claims[place].on_behalf_of),
        lambda claims: handling.claim_many(context.tx, context.rulebook, claims, context.now),
    )


def _measured(visitor: Visitor, findings: Mapping[str, tuple[str, str | None]]) -> dict[int, Measured]:
    """Test the lines of reports that need it, before their transaction. `findings`: by the hop's name, the finding and
    the holder for whom it is reported; None: whoever holds it. By hop id; a line that couldn't be tested is missing."""
    installation, reports = visitor.installation, dict[int, str]()
    with installation.database.autocommit_read() as tx:
        for name, (finding, holder) in findings.items():
            with suppress(DispatchError):  # the endpoint refuses it
                hop_id = rows.find(tx, *read_hop_number(name))
                if hop_id is None:
                    continue
                [row] = rows.read(tx, [hop_id])
                if row.holder is not None and (holder is None or folded(holder) == folded(row.holder)):
                    reports[hop_id] = finding
    rulebook = installation.rulebook()
    return evidence_check.measure(installation.database, rulebook, installation.line_tester, reports)


def _measured_many(visitor: Visitor, asked: ReportsRequest) -> dict[int, Measured]:
    mine = visitor.caller.name if visitor.caller else ""
    return _measured(visitor, {each.hop: (each.finding, each.on_behalf_of or mine) for each in asked.reports})


def _measured_one(visitor: Visitor, hop: str, asked: ReportRequest) -> dict[int, Measured]:
    mine = visitor.caller.name if visitor.caller else ""
    return _measured(visitor, {hop: (asked.finding, asked.on_behalf_of or mine)})


def _measured_to_override(visitor: Visitor, hop: str, asked: OverrideRequest) -> dict[int, Measured]:
    return _measured(visitor, {hop: (asked.finding, None)})


@api.change("/report", "report", raises=[BadInput], first=_measured_many, summary="Report on many hops")
def report_many(context: RequestContext, asked: ReportsRequest) -> BatchOutcome:
    """Reports on many hops (回单) in one transaction; each report is accepted or refused by itself."""
    return _many(
        context,
        [(each.hop, each.on_behalf_of) for each in asked.reports],
        lambda place, id_, actor: _report(context, id_, actor, asked.reports[place]),
        lambda reports: handling.end_many(context.tx, context.rulebook, reports, context.now),
    )


@api.change(
    "/{hop}/claim",
    "claim",
    raises=[AlreadyClaimed, IllegalMove, ChangedMeanwhile, UnknownUser, UnfitUser],
    summary="Claim hop",
)
def claim(context: RequestContext, hop: HopName, asked: ClaimRequest) -> HopChange:
    """Claims a hop (接单). Of two people who claim it at once one gets it, and the other is told who. A hop whose
    holder is disabled or lost the role is taken over."""
    People(context.tx, [asked.on_behalf_of or context.user.name])  # locks users before the hop
    row, actor = acting_on_hop(context, hop, on_behalf=asked.on_behalf_of is not None)
    handling.claim(context.tx, context.rulebook, Claim(row.id, actor, asked.on_behalf_of), context.now)
    return changed_hop(context, row)


@api.change(
    "/{hop}/give-back", "give back", raises=[*HOLDERS, UnknownUser, BadInput], summary="Give hop back to its board"
)
def give_back(context: RequestContext, hop: HopName, asked: GiveBackRequest) -> HopChange:
    """Gives a claim back (退接): the hop waits on its team's board again, and its time to be claimed goes on."""
    row, actor = acting_on_hop(context, hop, on_behalf=asked.on_behalf_of is not None)
    one = GiveBack(row.id, actor, asked.reason, asked.on_behalf_of)
    handling.give_back(context.tx, context.rulebook, one, context.now)
    return changed_hop(context, row)


@api.change(
    "/{hop}/report",
    "report",
    raises=[*_ENDS, UnknownFinding, BadEvidence, EvidenceUnmet],
    first=_measured_one,
    summary="Report on hop",
)
def report(context: RequestContext, hop: HopName, asked: ReportRequest) -> HopChange:
    """Reports a finding with its evidence (回单); the rules choose the next team. The line is tested at once where the
    finding requires it. Evidence that isn't as the rules require is refused, with what to do."""
    row, actor = acting_on_hop(context, hop, on_behalf=asked.on_behalf_of is not None)
    return _ended(context, row, _report(context, row.id, actor, asked))


@api.change(
    "/{hop}/override",
    "override",
    raises=[*_ENDS, UnknownFinding, BadEvidence],
    first=_measured_to_override,
    summary="Override evidence",
)
def override(context: RequestContext, hop: HopName, asked: OverrideRequest) -> HopChange:
    """Reports a finding for the hop's holder although its evidence isn't as required (佐证特批). A supervisor does it,
    with the reason, and not for their own hop. Evidence of the wrong form is refused all the same."""
    row, actor = acting_on_hop(context, hop)
    tested = context.prepared.get(row.id)
    return _ended(
        context, row, Report(row.id, actor, asked.finding, asked.evidence, line_test=tested, override=asked.override)
    )


@api.change("/{hop}/pass-on", "pass on", raises=[*_ENDS, NotPassable], summary="Pass hop on")
def pass_on(context: RequestContext, hop: HopName, asked: PassOnRequest) -> HopChange:
    """Passes a hop on (转派), to another team or to another person of the same team."""
    row, actor = acting_on_hop(context, hop, on_behalf=asked.on_behalf_of is not None)
    return _ended(context, row, PassOn(row.id, actor, asked.to, asked.reason, asked.on_behalf_of))


@api.change("/{hop}/hand-back", "hand back", raises=[*_ENDS, NobodyAsked], summary="Hand hop back")
def hand_back(context: RequestContext, hop: HopName, asked: HandBackRequest) -> HopChange:
    """Hands a hop back (退回) to the team that asked for the visit."""
    row, actor = acting_on_hop(context, hop, on_behalf=asked.on_behalf_of is not None)
    return _ended(context, row, HandBack(row.id, actor, asked.reason, asked.on_behalf_of))


@api.change("/{hop}/hold", "hold", raises=[*HOLDERS, BadInput, HeldTooLong], summary="Put hop on hold")
def hold(context: RequestContext, hop: HopName, asked: HoldRequest) -> HopChange:
    """Puts a hop on hold (挂起) until a given time, at which it comes back by itself."""
    if asked.until.tzinfo is None:
        raise BadInput(
            what=Wording(
                "`until` 须带时区：2026-12-01T14:00:00+08:00", "`until` needs its zone: 2026-12-01T14:00:00+08:00"
            )
        )
    row, actor = acting_on_hop(context, hop)
    handling.hold(context.tx, context.rulebook, row.id, asked.until, asked.reason, actor, context.now)
    return changed_hop(context, row)


@api.change("/{hop}/resume", "resume", raises=HOLDERS, summary="Resume hop")
def resume(context: RequestContext, hop: HopName) -> HopChange:
    """Ends a hold early (解挂)."""
    row, actor = acting_on_hop(context, hop)
    handling.resume(context.tx, context.rulebook, row.id, actor, context.now)
    return changed_hop(context, row)


@api.change("/{hop}/release", "release", raises=[IllegalMove, ChangedMeanwhile], summary="Release hop from quarantine")
def release(context: RequestContext, hop: HopName) -> HopChange:
    """Releases a hop from quarantine (放行): its worker tries it again."""
    row, actor = acting_on_hop(context, hop)
    handling.release(context.tx, row.id, actor, context.now)
    return changed_hop(context, row)


def _report(context: RequestContext, hop_id: int, actor: Actor, asked: ReportRequest) -> Report:
    tested = context.prepared.get(hop_id)
    return Report(hop_id, actor, asked.finding, asked.evidence, asked.on_behalf_of, line_test=tested)


def acting_on_hop(context: RequestContext, name: str, *, on_behalf: bool = False) -> tuple[LockedHop, Actor]:
    """The locked hop, and the actor. Raises NotFound, NotAllowed, ChangedMeanwhile."""
    row = rows.lock_one(context.tx, *read_hop_number(name))
    if row is None:
        raise missing_hop(name)
    teams = lists.teams_of(context.tx, [row.ticket_id])[row.ticket_id]
    actor = context.authorize(
        hop_thing(context, row.team, row.state, row.area, teams, on_behalf=on_behalf), missing_hop(name)
    )
    context.require_unchanged(
        lambda: _seen(context, row.ticket_id, row.seq, name), Wording(f"环节 {name}", f"hop {name}")
    )
    return row, actor


def _ended(context: RequestContext, row: LockedHop, end: End) -> HopChange:
    handling.end(context.tx, context.rulebook, end, context.now)
    return changed_hop(context, row)


def _seen(context: RequestContext, ticket_id: int, seq: int | None, name: str) -> HopView:
    """The ticket's hop number `seq`; None: its live hop. Raises NotFound, NotAllowed."""
    visits = rows.visits(context.tx, ticket_id)
    row = next((visit for visit in visits if (visit.state in LIVE_HOP if seq is None else visit.seq == seq)), None)
    if row is None:
        raise missing_hop(name)
    thing = hop_thing(context, row.team, row.state, row.area, {visit.team for visit in visits})
    context.authorize(thing, missing_hop(name), "see a hop")
    told = hop_view(context, row.kind, row, _ticket(context, visits), retests.of_ticket(context.tx, ticket_id))
    left = False
    if thing.team is not None and row.holder is not None:
        people = People(context.tx, [row.holder], locks=False)
        left = is_left(people, thing.team, row.holder, row.state, row.area)
    may = may_with_hop(context, thing, row.holder, left=left)
    return HopView(hop=told, may=may, requires=_required(context, row.id, may))


def _required(context: RequestContext, hop_id: int, may: Sequence[str]) -> dict[str, list[RequirementHere]]:
    return {
        finding: [
            RequirementHere(
                name=each.name, said=_title(each.said), when=_maybe(each.when), met=each.met, now=_maybe(each.now)
            )
            for each in asked
        ]
        for finding, asked in requirements(context, hop_id, may).items()
    }


def requirements(context: RequestContext, hop_id: int, may: Sequence[str]) -> dict[str, list[Beforehand]]:
    """What is required of a report on the hop, by finding, for a caller who may report or override."""
    if not {"report", "override"} & set(may):
        return {}
    symptoms = {name: each.title for name, each in context.installation.known_symptoms().items()}
    [row] = rows.read(context.tx, [hop_id])
    return evidence_check.shown_beforehand(context.tx, Words(context.rulebook, symptoms), row)


def _title(said: Wording) -> TitleBody:
    return TitleBody(zh=said.zh, en=said.en)


def _maybe(said: Wording | None) -> TitleBody | None:
    return None if said is None else _title(said)


def changed_hop(context: RequestContext, row: LockedHop) -> HopChange:
    """The hop as it is now, and the hop that follows it."""
    visits = rows.visits(context.tx, row.ticket_id)
    ticket, again = _ticket(context, visits), retests.of_ticket(context.tx, row.ticket_id)
    both = [visit for visit in visits if visit.seq in (row.seq, row.seq + 1)]
    told = [hop_view(context, row.kind, visit, ticket, again) for visit in both]
    return HopChange(hop=told[0], next=told[1] if len(told) > 1 else None)


def _ticket(context: RequestContext, visits: Sequence[Visit]) -> Target:
    """The hops' ticket, as a target of the policy."""
    teams = teams_named(context, {visit.team for visit in visits})
    return Target(visits[0].area, None, teams, TicketState(visits[0].ticket_state))


Act = TypeVar("Act", Claim, Report)


def _many(
    context: RequestContext,
    asked: Sequence[tuple[str, str | None]],
    made: Callable[[int, int, Actor], Act],
    done: Callable[[list[Act]], Refusals],
) -> BatchOutcome:
    """Do every act that policy, life tables and rules allow, and report the others. `asked` are hop names and on whose
    behalf; `made` makes the act from its place among them, the hop's id and the actor."""
    context.policy_asked = True
    refused: list[RefusedHop] = []
    ids: dict[int, int] = {}
    for place, (name, _) in enumerate(asked):
        try:
            ids[place] = find_hop(context, name)
        except DispatchError as wrong:
            refused.append(RefusedHop(hop=name, problem=describe(wrong, language_of_request(context.visitor.request))))
    found = rows.lock(context.tx, list(ids.values()))
    teams = lists.teams_of(context.tx, [row.ticket_id for row in found.values()])
    acts = []
    for place, hop_id in ids.items():
        row, (name, behalf) = found[hop_id], asked[place]
        thing = hop_thing(context, row.team, row.state, row.area, teams[row.ticket_id], on_behalf=behalf is not None)
        try:
            acts.append(made(place, hop_id, context.authorize(thing, missing_hop(name))))
        except DispatchError as wrong:
            refused.append(RefusedHop(hop=name, problem=describe(wrong, language_of_request(context.visitor.request))))
    refusals = done(acts) if acts else {}
    names = {hop_id: asked[place][0] for place, hop_id in ids.items()}
    refused += [
        RefusedHop(hop=names[hop_id], problem=describe(wrong, language_of_request(context.visitor.request)))
        for hop_id, wrong in refusals.items()
    ]
    good = [found[act.hop_id] for act in acts if act.hop_id not in refusals]
    return BatchOutcome(done=[hop_name(row.kind, row.ticket_id, row.seq) for row in good], refused=refused)
