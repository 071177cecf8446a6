"""受理: a customer's report becomes a ticket, is solved on the phone, or goes from hotline 10050 to a 10086 seat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from dispatch import messages
from dispatch.domain.channel import Channel
from dispatch.domain.kind import Kind
from dispatch.domain.messages import Event
from dispatch.domain.numbers import ticket_number, ticket_wording
from dispatch.domain.roles import CHANNEL_OF, Actor, Role, require
from dispatch.domain.text import DESCRIPTION, NOTE, REASON, clean
from dispatch.domain.ticket import TICKET_ENDS, TicketState, ticket_move
from dispatch.domain.title import Wording
from dispatch.errors import (
    DispatchError,
    DuplicateFault,
    UnknownAccount,
)
from dispatch.routing.prehandling import Answers as Answers
from dispatch.routing.prehandling import Progress, Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, aliases, history, tickets
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.aliases import FormerName
from dispatch.storage.database import Tx
from dispatch.storage.rows import TicketColumns, TicketRow
from dispatch.storage.ticket_changes import write_act
from dispatch.storage.wakeups import boards_changed
from dispatch.tickets import next_hop, prehandled, suspended_lines, transfers
from dispatch.tickets.fault_report import AcceptedReport as AcceptedReport
from dispatch.tickets.fault_report import Consulted as Consulted
from dispatch.tickets.fault_report import FaultReport as FaultReport


class _Becomes(NamedTuple):
    """The outcome of a report that becomes a new ticket: `row` is the index among the batch's new tickets."""

    row: int
    repeated: bool = False
    renamed: FormerName | None = None


def submit(
    tx: Tx, rulebook: Rulebook, script: Script, report: FaultReport, actor: Actor, now: datetime
) -> AcceptedReport:
    """Take one report. Raises NotAllowed, BadInput, UnknownSymptom, BadAnswer, UnknownAccount, AccountSuspended,
    AccountNotInService, DuplicateFault."""
    outcome = submit_many(tx, rulebook, script, [report], actor, now)[0]
    if isinstance(outcome, DispatchError):
        raise outcome
    return outcome


def submit_many(
    tx: Tx, rulebook: Rulebook, script: Script, reports: Sequence[FaultReport], actor: Actor, now: datetime
) -> list[AcceptedReport | DispatchError]:
    """Take reports in one transaction. Returns for each, in order, the accepted report or its refusal.

    Raises NotAllowed.
    """
    require(actor, "submit", Wording("报障", "a report"))
    channel = CHANNEL_OF[Role(actor.role)]
    known = aliases.called(tx, [r.account for r in reports], now, lock=True)
    open_ids = tickets.open_faults(tx, [row.id for row in known.values()])
    unfinished = {account_id: ticket_number(Kind.FAULT, ticket_id) for account_id, ticket_id in open_ids.items()}
    earlier = tickets.by_request_keys(tx, [r.request_key for r in reports if r.request_key])
    outcomes: list[AcceptedReport | DispatchError | _Becomes] = []
    rows: list[dict[str, Any]] = []
    notes: list[Mapping[str, str]] = []
    keys: dict[str, int] = {}
    for report in reports:
        try:
            row = known.get(report.account)
            if row is not None and not actor.covers(row.area):
                raise UnknownAccount(account=report.account)
            if report.request_key in earlier:
                outcomes.append(_accepted(earlier[report.request_key], repeated=True))
                continue
            if report.request_key in keys:
                outcomes.append(_Becomes(keys[report.request_key], repeated=True))
                continue
            progress = prehandled.judge(report, rulebook, script, channel)
            account = _known(row, report.account)
            if progress.outcome != "solved" and channel != Channel.HOTLINE_10050:
                prehandled.require_ticket(account, progress, report.category or progress.category)
            if account.id in unfinished and not report.despite_duplicate:
                raise DuplicateFault(account=account.number, ticket=unfinished[account.id])
            overruled = prehandled.overruled(tx, account, report, script.symptom(report.symptom), now)
            outcomes.append(_Becomes(len(rows), renamed=aliases.renaming(tx, account, report.account, now)))
            if report.request_key:
                keys[report.request_key] = len(rows)
            rows.append(_row(report, progress, channel, account, now))
            notes.append(overruled)
            if rows[-1]["state"] not in TICKET_ENDS:
                unfinished[account.id] = "in the same batch"
        except DispatchError as refused:
            outcomes.append(refused)
    made = _write(tx, rulebook, rows, notes, actor, now)
    return [
        replace(made[o.row], repeated=o.repeated, renamed=o.renamed) if isinstance(o, _Becomes) else o for o in outcomes
    ]


def transfer(tx: Tx, ticket_id: int, note: str, actor: Actor, now: datetime) -> None:
    """Pass a report from 10050 to 10086, with a note: the fault is ours.

    Raises NotAllowed, NotFound, IllegalMove, BadInput.
    """
    require(actor, "transfer", Wording("报障", "a report"))
    _move(tx, ticket_id, "transfer", actor, now, {"transferred_at": now}, said=clean(note, NOTE, least=0))
    boards_changed(tx, {transfers.QUEUE})


def refer(tx: Tx, ticket_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """End a report that is not ours; the agent has told the customer whom to ask.

    Raises NotAllowed, NotFound, IllegalMove, BadInput, CallTaken.
    """
    require(actor, "refer", Wording("报障", "a report"))
    _move(tx, ticket_id, "refer", actor, now, {}, reason=clean(reason, REASON))


def take_over(
    tx: Tx,
    rulebook: Rulebook,
    script: Script,
    ticket_id: int,
    answers: Answers,
    actor: Actor,
    now: datetime,
    books: Consulted | None = None,
) -> AcceptedReport:
    """Continue a transferred report at 10086: pre-handling, then the report is solved or dispatched.

    Raises NotAllowed, NotFound, IllegalMove, BadInput, BadAnswer, AccountSuspended, CallTaken.
    """
    require(actor, "take over", Wording("报障", "a report"))
    row = _locked(tx, ticket_id, actor)
    transfers.require_free(row, actor, now)
    symptom = script.continued(row.symptom, row.category)
    progress = prehandled.follow_whole(symptom, answers, Channel.HOTLINE_10086)
    move = "solve" if progress.outcome == "solved" else "open"
    state = ticket_move(TicketState(row.state), move, ticket_wording(row.kind, ticket_id))
    account = accounts.get(tx, row.account_id)
    report = FaultReport(account.number, row.symptom, row.description, answers=answers, books=books)
    overruled = prehandled.overruled(tx, account, report, symptom, now)
    if state == TicketState.OPEN:
        suspended_lines.require_system_fault(account, progress, progress.category)
    changed = {
        "state": state,
        "channel": Channel.HOTLINE_10086,
        "script": [list(answer) for answer in answers] or row.script,  # none: nothing was asked
        "category": progress.category,
        "ended_at": now if state in TICKET_ENDS else None,
        "outcome": progress.outcome if state in TICKET_ENDS else None,
        "suspension_kind": suspended_lines.kind_of(account),
    }
    entry = history.entry(ticket_id, now, move, actor, answers=changed["script"])
    entry["detail"] |= prehandled.noted(overruled)
    write_act(tx, [entry], tickets=[{"id": ticket_id, **changed}])
    boards_changed(tx, {transfers.QUEUE})
    row = tickets.get(tx, ticket_id)
    if state == TicketState.OPEN:
        next_hop.create_first_hops(tx, rulebook, [row], (), now)
        _tell_accepted(tx, [row], now)
    return _accepted(row)


def _known(account: AccountRow | None, number: str) -> AccountRow:
    """The account, in service or suspended. Raises UnknownAccount, AccountNotInService."""
    if account is None:
        raise UnknownAccount(account=number)
    suspended_lines.require_service(account)
    return account


def _row(
    report: FaultReport, progress: Progress, channel: Channel, account: AccountRow, now: datetime
) -> dict[str, Any]:
    state = TicketState.REPORTED
    if channel != Channel.HOTLINE_10050:
        state = ticket_move(state, "solve" if progress.outcome == "solved" else "open")
    return {
        "kind": Kind.FAULT,
        "state": state,
        "account_id": account.id,
        "area": account.area,
        "customer_id": account.customer_id,
        "address_id": account.address_id,
        "channel": channel,
        "symptom": report.symptom,
        "category": report.category or progress.category,
        "description": clean(report.description, DESCRIPTION),
        "priority": report.priority,
        "script": [list(answer) for answer in report.answers],
        "made_at": now,
        "ended_at": now if state in TICKET_ENDS else None,
        "outcome": progress.outcome if state in TICKET_ENDS else None,
        "request_key": report.request_key or None,
        "suspension_kind": suspended_lines.kind_of(account),
    }


_ACT = {str(TicketState.REPORTED): "report", str(TicketState.SOLVED): "solve", str(TicketState.OPEN): "open"}


def _write(
    tx: Tx,
    rulebook: Rulebook,
    rows: list[dict[str, Any]],
    notes: Sequence[Mapping[str, str]],
    actor: Actor,
    now: datetime,
) -> list[AcceptedReport]:
    if not rows:
        return []
    made = tickets.by_ids(tx, tickets.insert_tickets(tx, rows))
    entries = [
        history.entry(t.id, now, _ACT[t.state], actor, channel=t.channel, symptom=t.symptom, answers=t.script)
        for t in made
    ]
    for entry, overruled in zip(entries, notes, strict=True):
        entry["detail"] |= prehandled.noted(overruled)
    opened = [row for row in made if row.state == TicketState.OPEN]
    next_hop.create_first_hops(tx, rulebook, opened, entries, now)
    _tell_accepted(tx, opened, now)
    return [_accepted(row) for row in made]


def _tell_accepted(tx: Tx, rows: Sequence[TicketRow], now: datetime) -> None:
    """Tell the customers that their faults are taken, and by when they are repaired."""
    told = [
        messages.Told(
            Event.FAULT_ACCEPTED, messages.of_ticket(row.id), {"no": ticket_number(row.kind, row.id)}, row.account_id
        )
        for row in rows
    ]
    messages.tell(tx, now, *told)


def _accepted(row: TicketColumns, repeated: bool = False) -> AcceptedReport:
    return AcceptedReport(row.id, ticket_number(row.kind, row.id), TicketState(row.state), repeated)


def _locked(tx: Tx, ticket_id: int, actor: Actor) -> TicketRow:
    """The ticket, locked. Raises NotFound, also for a ticket of another area."""
    row = tickets.get(tx, ticket_id, lock=True)
    if not actor.covers(row.area):
        raise tickets.not_found(ticket_id)
    return row


def _move(
    tx: Tx, ticket_id: int, move: str, actor: Actor, now: datetime, columns: dict[str, object], **detail: str
) -> None:
    row = _locked(tx, ticket_id, actor)
    transfers.require_free(row, actor, now)
    state = ticket_move(TicketState(row.state), move, ticket_wording(row.kind, ticket_id))
    ended = state in TICKET_ENDS
    changed = {"state": state, "ended_at": now if ended else None, "outcome": state if ended else None}
    entry = history.entry(ticket_id, now, move, actor, None, None, **detail)
    write_act(tx, [entry], tickets=[{"id": ticket_id, **changed, **columns}])
    if row.state == TicketState.TRANSFERRED:
        boards_changed(tx, {transfers.QUEUE})
