"""People's acts on a hop: claim 接单, give back 退接, report 回单, pass on 转派, hand back 退回, hold 挂起, resume
解挂, and release 放行 from quarantine.

The `…_many` functions take a batch in one transaction and return a refusal for each hop that was refused; the single
functions raise it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from dispatch import messages
from dispatch.access.people import People
from dispatch.domain.acts import act_wording
from dispatch.domain.finding import TESTED_AT, Value
from dispatch.domain.messages import Event
from dispatch.domain.numbers import hop_number, hop_wording, ticket_number
from dispatch.domain.requirement import Circumstances
from dispatch.domain.roles import NOBODY, WORKER, Actor, Role, require, role_wording
from dispatch.domain.service_level import finish_by
from dispatch.domain.text import REASON, clean
from dispatch.domain.ticket import IN_HAND, HopState, hop_move
from dispatch.domain.time import write_duration
from dispatch.domain.title import Wording
from dispatch.errors import (
    AlreadyClaimed,
    BadInput,
    DispatchError,
    HeldTooLong,
    IllegalMove,
    NobodyAsked,
    NotAllowed,
    NotFound,
    NotPassable,
)
from dispatch.routing.rulebook import Rulebook, Team
from dispatch.storage import history, hops
from dispatch.storage.database import Tx
from dispatch.storage.rows import LockedHop
from dispatch.storage.ticket_changes import write_act
from dispatch.storage.wakeups import boards_changed
from dispatch.tickets import complaints, devices, evidence_check, holders, next_hop
from dispatch.tickets.devices import Asked, Fittings
from dispatch.tickets.evidence_check import Judged, Measured, Reported
from dispatch.tickets.next_hop import Ending

Refusals = dict[int, DispatchError]
"""The errors of refused hops, by hop id. A hop without an entry was done."""


@dataclass(frozen=True, slots=True)
class Report:
    """A finding with its evidence. `on_behalf_of` names the holder, when somebody else files the report for them.

    `line_test`: what `evidence_check.measure` found just before; None: nothing. `override`: a supervisor's reason to
    take the holder's report although its evidence isn't as required.
    """

    hop_id: int
    actor: Actor
    finding: str
    evidence: Mapping[str, Value] = field(default_factory=dict)
    on_behalf_of: str | None = None
    line_test: Measured | None = None
    override: str | None = None


@dataclass(frozen=True, slots=True)
class PassOn:
    """The work goes to another team, or back to the same team's board for somebody else, with the reason why."""

    hop_id: int
    actor: Actor
    to: str
    reason: str
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True)
class HandBack:
    """The work goes back to the team that asked, with the reason why."""

    hop_id: int
    actor: Actor
    reason: str
    on_behalf_of: str | None = None


End = Report | PassOn | HandBack


@dataclass(frozen=True, slots=True)
class Claim:
    """A person takes a hop. `on_behalf_of` names the future holder, when somebody else claims it for them."""

    hop_id: int
    actor: Actor
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The holder gives a claim back, with the reason why if they want to say one."""

    hop_id: int
    actor: Actor
    reason: str | None = None
    on_behalf_of: str | None = None


def claim_many(tx: Tx, rulebook: Rulebook, claims: Sequence[Claim], now: datetime) -> Refusals:
    """Claim hops. When two people claim the same hop, the second is refused with the first one's name, unless the first
    can't work it any more: then the second takes it over.

    Raises BadInput when a hop is named twice.
    """
    people = People(tx, [c.on_behalf_of or c.actor.name for c in claims])  # before the hops: see `People`
    rows = _locked(tx, [c.hop_id for c in claims])
    before = holders.people_with(tx, rows.values())
    repliers = complaints.repliers(tx, rows.values())
    refusals: Refusals = {}
    left, claimed, entries = [], [], []
    for claim in claims:
        try:
            row = _found(rows, claim.hop_id, claim.actor)
            team = _team(rulebook, row)
            holders.require_member(team, claim.actor, "claim", row, claim.on_behalf_of)
            taken_over = holders.is_left(before, team, row.holder, row.state, row.area)
            if row.state in IN_HAND and not taken_over:
                raise AlreadyClaimed(hop=_name(row), holder=row.holder)
            state = hop_move(HopState.WAITING if taken_over else HopState(row.state), "claim", _hop(row))
            holder, for_another = _future_holder(people, claim, team, row)
            complaints.require_another(rulebook, row, holder, repliers, claim.actor, "claim")
        except DispatchError as refused:
            refusals[claim.hop_id] = refused
            continue
        if taken_over:
            assert row.holder is not None
            facts = {"team": row.team, "from": row.holder, "why": before.parting(row.holder)}
            left.append(holders.back_on_board(team, row, now))
            entries.append(history.entry(row.ticket_id, now, "take back", claim.actor, row.id, **facts))
        held = timedelta(seconds=next_hop.held_seconds(row, now))
        wake_at = None if team.level is None else finish_by(team.level, now, held)
        claimed.append({"id": row.id, "state": state, "holder": holder, "claimed_at": now, "wake_at": wake_at})
        entries.append(history.entry(row.ticket_id, now, "claim", claim.actor, row.id, for_another, team=row.team))
    if left:
        hops.update_hops(tx, left)
    write_act(tx, entries, hops=claimed)
    boards_changed(tx, {entry["detail"]["team"] for entry in entries})
    return refusals


def end_many(tx: Tx, rulebook: Rulebook, ends: Sequence[End], now: datetime) -> Refusals:
    """Report, pass on or hand back hops: each hop that isn't refused ends, and its ticket moves on.

    Raises BadInput when a hop is named twice.
    """
    rows = _locked(tx, [e.hop_id for e in ends])
    people = holders.people_with(tx, rows.values())
    reports = [e for e in ends if isinstance(e, Report) and e.hop_id in rows]
    known = evidence_check.look(tx, rulebook, [Reported(rows[e.hop_id], e.finding, e.line_test) for e in reports])
    repeats = _repeats(tx, rulebook, [(rows[e.hop_id], e.finding) for e in reports])
    repliers = complaints.repliers(tx, [rows[e.hop_id] for e in reports])
    fittings = devices.look(tx, rulebook, [Asked(rows[e.hop_id], e.finding, e.evidence) for e in reports])
    refusals: Refusals = {}
    endings = []
    for end in ends:
        try:
            row = _found(rows, end.hop_id, end.actor)
            ending = _ending(rulebook, people, row, end, known.get(end.hop_id, Circumstances()), fittings, now)
            if isinstance(end, Report) and row.holder is not None:
                complaints.require_another(rulebook, row, row.holder, repliers, end.actor, "report on")
            endings.append(replace(ending, repeats=repeats.get(end.hop_id)))
        except DispatchError as refused:
            refusals[end.hop_id] = refused
    try:
        next_hop.end_hops(tx, rulebook, endings, now)
    except IllegalMove:  # nothing is written yet
        refusals |= _illegal(rulebook, endings, now)
        next_hop.end_hops(tx, rulebook, [each for each in endings if each.hop.id not in refusals], now)
    fittings.carry_out(tx, refusals, now)
    complaints.note_replies(tx, [each for each in endings if each.hop.id not in refusals], now)
    _keep_tests(tx, [each for each in reports if each.hop_id not in refusals], now)
    return refusals


def _illegal(rulebook: Rulebook, endings: Sequence[Ending], now: datetime) -> Refusals:
    """The endings that the life tables don't allow, such as rules that end a case before its archive."""
    found: Refusals = {}
    for ending in endings:
        try:
            next_hop.compute_changes(rulebook, [ending], now)
        except IllegalMove as refused:
            found[ending.hop.id] = refused
    return found


def claim(tx: Tx, rulebook: Rulebook, one: Claim, now: datetime) -> None:
    """Claim one hop. Raises NotFound, NotAllowed, AlreadyClaimed, IllegalMove, UnknownUser, UnfitUser."""
    _raise(claim_many(tx, rulebook, [one], now))


def give_back(tx: Tx, rulebook: Rulebook, one: GiveBack, now: datetime) -> None:
    """Put a claimed hop back on its team's board, for whoever claims it next. The time to claim it goes on since it
    came onto the board: nobody gains time by a claim.

    Raises NotFound, NotAllowed, NotYours, IllegalMove, UnknownUser, UnfitUser, BadInput.
    """
    row = _found(hops.lock(tx, [one.hop_id]), one.hop_id, one.actor)
    team = _team(rulebook, row)
    holders.require_holder(holders.people_with(tx, [row]), team, one.actor, "give back", row, one.on_behalf_of)
    state = hop_move(HopState(row.state), "give back", _hop(row))
    facts = {"reason": clean(one.reason, REASON)} if one.reason else {}
    for_another = row.holder if one.on_behalf_of else None
    entry = history.entry(row.ticket_id, now, "give back", one.actor, row.id, for_another, team=row.team, **facts)
    free = {"state": state, "holder": None, "assignee": None, "claimed_at": None}
    write_act(tx, [entry], hops=[{"id": row.id, **free, "wake_at": _claimed_by(team, row)}])
    boards_changed(tx, [row.team])


def _claimed_by(team: Team, row: LockedHop) -> datetime | None:
    """When a hop that is given back is overdue unless it is claimed; None: no more, or it is already."""
    if team.level is None or row.late:
        return None
    assert row.boarded_at is not None  # it was claimed
    return row.boarded_at + team.level.respond_within + timedelta(seconds=row.held_seconds)


def end(tx: Tx, rulebook: Rulebook, one: End, now: datetime) -> None:
    """Report, pass on or hand back one hop.

    Raises NotFound, NotAllowed, NotYours, IllegalMove, UnknownUser, UnfitUser; UnknownFinding, BadEvidence,
    EvidenceUnmet; NotPassable; NobodyAsked; BadInput.
    """
    _raise(end_many(tx, rulebook, [one], now))


def locked(tx: Tx, hop_id: int, actor: Actor) -> LockedHop:
    """The hop, locked, if it lies in one of the actor's areas. Raises NotFound."""
    return _found(hops.lock(tx, [hop_id]), hop_id, actor)


def hold(tx: Tx, rulebook: Rulebook, hop_id: int, until: datetime, reason: str, actor: Actor, now: datetime) -> None:
    """Put a hop on hold until a given time. Then the relay resumes it for its holder.

    Raises NotFound, NotAllowed, NotYours, IllegalMove, UnfitUser, HeldTooLong, BadInput.
    """
    row = locked(tx, hop_id, actor)
    holders.require_holder(holders.people_with(tx, [row]), _team(rulebook, row), actor, "hold", row)
    state = hop_move(HopState(row.state), "hold", _hop(row))
    limit = rulebook.limits.hold
    if not now < until <= now + limit:
        raise HeldTooLong(limit=write_duration(limit), until=until.isoformat(timespec="minutes"))
    why = clean(reason, REASON)
    entry = history.entry(row.ticket_id, now, "hold", actor, hop_id, until=until.isoformat(), reason=why)
    write_act(tx, [entry], hops=[{"id": hop_id, "state": state, "held_at": now, "wake_at": until}])
    boards_changed(tx, [row.team])
    facts = {"no": ticket_number(row.kind, row.ticket_id), "until": until.isoformat()}
    messages.tell(tx, now, messages.Told(Event.HELD, messages.of_ticket(row.ticket_id), facts, row.account_id))


def resume(tx: Tx, rulebook: Rulebook, hop_id: int, actor: Actor, now: datetime) -> None:
    """End a hold early. Raises NotFound, NotAllowed, NotYours, IllegalMove, UnfitUser."""
    row = locked(tx, hop_id, actor)
    holders.require_holder(holders.people_with(tx, [row]), _team(rulebook, row), actor, "resume", row)
    resume_many(tx, rulebook, [row], actor, now)


def resume_many(tx: Tx, rulebook: Rulebook, rows: Sequence[LockedHop], actor: Actor, now: datetime) -> None:
    """Give these locked hops back to their holders. Time on hold doesn't count towards the service level."""
    resumed = []
    for row in rows:
        state = hop_move(HopState(row.state), "resume", _hop(row))
        held = next_hop.held_seconds(row, now)
        level = _team(rulebook, row).level
        assert row.claimed_at is not None  # the database's constraint `in_hand`
        wake_at = None if level is None else finish_by(level, row.claimed_at, timedelta(seconds=held))
        if row.late and wake_at is not None and wake_at <= now:  # marked as overdue before the hold: don't mark twice
            wake_at = None
        wake = {"held_at": None, "held_seconds": held, "wake_at": wake_at}
        resumed.append({"id": row.id, "state": state, **wake})
    write_act(tx, [history.entry(row.ticket_id, now, "resume", actor, row.id) for row in rows], hops=resumed)
    boards_changed(tx, {row.team for row in rows})


def release(tx: Tx, hop_id: int, actor: Actor, now: datetime) -> None:
    """Take a hop out of quarantine: it is due now, its failures forgotten. Raises NotAllowed, NotFound, IllegalMove."""
    require(actor, "release", Wording("环节", "a hop"))
    row = _found(hops.lock(tx, [hop_id]), hop_id, actor)
    state = hop_move(HopState(row.state), "release", _hop(row))
    entry = history.entry(row.ticket_id, now, "release", actor, hop_id, failure=row.failure)
    write_act(tx, [entry], hops=[{"id": hop_id, "state": state, "wake_at": now, "failures": 0}])


def _ending(
    rulebook: Rulebook,
    people: People,
    row: LockedHop,
    end: End,
    known: Circumstances,
    fittings: Fittings,
    now: datetime,
) -> Ending:
    team = _team(rulebook, row)
    match end:
        case Report():
            if end.override is None:
                holders.require_holder(people, team, end.actor, "report on", row, end.on_behalf_of)
            else:
                holders.require_overrider(people, team, end.actor, row, end.on_behalf_of)
            hop_move(HopState(row.state), "report", _hop(row))
            judged = evidence_check.accept(rulebook, row, end.finding, end.evidence, known, end.override, fittings)
            fittings.note(row, end.actor.name, evidence_check.finding_of(rulebook, row, end.finding), judged.evidence)
            return Ending(
                row,
                "report",
                end.actor,
                end.finding,
                judged.evidence,
                on_behalf_of=_for_whom(row, end),
                unverified=judged.unverified,
                before=[*_tested(row, end, now), *_overridden(row, end, judged, now)],
            )
        case PassOn():
            if end.actor.role != Role.SUPERVISOR:  # a supervisor may move any hop, say when its holder has gone home
                holders.require_holder(people, team, end.actor, "pass on", row, end.on_behalf_of)
            hop_move(HopState(row.state), "pass on", _hop(row))
            if end.to not in team.passes_on_to:
                raise NotPassable(team=row.team, to=end.to, allowed=list(team.passes_on_to) or [NOBODY])
            reason = clean(end.reason, REASON)
            return Ending(row, "pass on", end.actor, to=end.to, reason=reason, on_behalf_of=_for_whom(row, end))
        case HandBack():
            holders.require_holder(people, team, end.actor, "hand back", row, end.on_behalf_of)
            hop_move(HopState(row.state), "hand back", _hop(row))
            if row.asker_team is None:
                raise NobodyAsked(hop=_name(row))
            reason = clean(end.reason, REASON)
            return Ending(row, "hand back", end.actor, reason=reason, on_behalf_of=_for_whom(row, end))


def _for_whom(row: LockedHop, end: End) -> str | None:
    """The holder for whom somebody else acts, as the hop names them; None: the actor acts for themselves."""
    overrides = isinstance(end, Report) and end.override is not None
    return row.holder if end.on_behalf_of or overrides else None


def _keep_tests(tx: Tx, reports: Sequence[Report], now: datetime) -> None:
    """Keep the line tests that came with reports beside what the workers found."""
    when = {TESTED_AT: now.isoformat(timespec="seconds")}
    tested = [(each.hop_id, {**when, **each.line_test}) for each in reports if each.line_test is not None]
    if tested:
        hops.note_found(tx, tested)


def _repeats(tx: Tx, rulebook: Rulebook, reports: Sequence[tuple[LockedHop, str]]) -> dict[int, int]:
    """How often each report's team has reported the same on the ticket before, by hop id, where a rule asks for it."""
    asked = [(row, finding) for row, finding in reports if rulebook.asks_repeats(row.kind, row.team, finding)]
    if not asked:
        return {}
    before = hops.times_reported(tx, sorted({row.ticket_id for row, _ in asked}))
    return {row.id: before[row.ticket_id, row.team, finding] for row, finding in asked}


def _tested(row: LockedHop, report: Report, now: datetime) -> Iterator[dict[str, Any]]:
    """The history's entry of the line test that a report brings with it."""
    if report.line_test is not None:
        yield history.entry(row.ticket_id, now, "line test", WORKER, row.id, found=dict(report.line_test))


def _overridden(row: LockedHop, report: Report, judged: Judged, now: datetime) -> Iterator[dict[str, Any]]:
    """The history's entry of a supervisor's override."""
    if report.override is not None:
        reason = clean(report.override, REASON)
        yield history.entry(
            row.ticket_id, now, "override", report.actor, row.id, row.holder,
            team=row.team, finding=report.finding, reason=reason, unmet=[each.stored() for each in judged.overridden],
        )  # fmt: skip


def _hop(row: LockedHop) -> Wording:
    return hop_wording(row.kind, row.ticket_id, row.seq)


def _future_holder(people: People, claim: Claim, team: Team, row: LockedHop) -> tuple[str, str | None]:
    """Who will hold the hop, and the same name again if somebody else claims it for them.

    Raises UnknownUser, UnfitUser.
    """
    if claim.on_behalf_of is None:
        return people.self(claim.actor.name, team.members, row.area), None
    holder = people.holder(claim.on_behalf_of, team.members, row.area)
    return holder, holder


def _team(rulebook: Rulebook, row: LockedHop) -> Team:
    """The hop's team. Raises NotAllowed for an automatic team."""
    team = rulebook.team(row.team)
    if team.automatic:  # the survey team has members, but they answer by `closing.answer_by_phone`
        raise NotAllowed(
            role=Wording("任何人", "nobody"),
            actor="",
            act=act_wording("work on"),
            what=Wording(f"{team.name}，自动班组", f"{team.name}, it is automatic"),
            allowed=role_wording(Role.WORKER),
        )
    return team


def _locked(tx: Tx, hop_ids: Sequence[int]) -> dict[int, LockedHop]:
    """Lock these hops; the hops by id.

    Raises BadInput when a hop is named twice: the second act would be checked against the state before the first.
    """
    if len(set(hop_ids)) < len(hop_ids):
        raise BadInput(what=Wording("同一批中一个环节列了两次", "a hop is named twice in one batch"))
    return hops.lock(tx, hop_ids)


def _found(rows: Mapping[int, LockedHop], hop_id: int, actor: Actor) -> LockedHop:
    """The hop, if it lies in one of the actor's areas. Raises NotFound."""
    if hop_id not in rows or not actor.covers(rows[hop_id].area):
        raise NotFound(what=Wording("编号为", "hop with id"), which=Wording(f"{hop_id} 的环节", str(hop_id)))
    return rows[hop_id]


def _name(row: LockedHop) -> str:
    return hop_number(row.kind, row.ticket_id, row.seq)


def _raise(refusals: Refusals) -> None:
    for refused in refusals.values():
        raise refused
