"""减免 Compensation: a credit on the customer's bill for a ticket, worked out from the books or agreed upon.

Each basis counts once for a ticket. What is above the desk's limit needs a supervisor's approval. The credit is an
outside effect: the billing system books it by its own key, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from dispatch import approvals, effects, messages
from dispatch.domain.account import ACCOUNT_ENDS
from dispatch.domain.approval import ApprovalNeed
from dispatch.domain.compensation import (
    COMPUTED,
    NOTHING,
    Basis,
    CompensationTerms,
    Computed,
    late_building,
    late_repair,
)
from dispatch.domain.kind import ORDERS, Kind
from dispatch.domain.messages import Event
from dispatch.domain.money import MOST, write_yuan
from dispatch.domain.numbers import ticket_number
from dispatch.domain.plans import CHARGES, MOVING_FEE
from dispatch.domain.roles import Actor, require
from dispatch.domain.text import REASON, clean
from dispatch.domain.ticket import TicketState
from dispatch.domain.time import local_date
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, CompensatedBefore, NothingToCompensate
from dispatch.ports.billing import BillingEntry, EntryKind
from dispatch.routing.rulebook import Rulebook
from dispatch.slips.forms import InvoiceData
from dispatch.storage import account_moves, accounts, compensations, enrolments, epoch, history, hops, payments, tickets
from dispatch.storage.complaint_rows import CompensationRow
from dispatch.storage.database import Tx
from dispatch.storage.rows import HopRow, TicketRow
from dispatch.storage.ticket_changes import write_act
from dispatch.tickets.construction import ACTIVATED

COMPENSATION = Wording("减免", "a compensation")
CAUSE, CUSTOMERS_DEVICE = "cause", "customer-premises"
"""The evidence of a repair that names the cause, and the cause for which nothing is owed."""

_OVER = (TicketState.ARCHIVED, TicketState.CLOSED)


@dataclass(frozen=True, slots=True)
class WantedCredit:
    """What is to be compensated. `fen` only where the sum is agreed; `approvals` are those that the act cites."""

    ticket_id: int
    basis: str
    reason: str
    fen: int | None = None
    approvals: Sequence[int] = ()


def compensate(
    tx: Tx,
    rulebook: Rulebook,
    terms: CompensationTerms,
    zone: tzinfo,
    wanted: WantedCredit,
    actor: Actor,
    now: datetime,
) -> CompensationRow:
    """Credit the customer's bill and tell the customer.

    Raises NotAllowed, NotFound, BadInput, CompensatedBefore, NothingToCompensate, ApprovalNeeded.
    """
    require(actor, "compensate", COMPENSATION)
    row = tickets.get(tx, wanted.ticket_id)
    if not actor.covers(row.area):
        raise tickets.not_found(wanted.ticket_id)
    reason, basis = clean(wanted.reason, REASON), _basis(wanted.basis)
    account = accounts.get(tx, row.account_id, lock=True)  # two at once would credit one basis twice
    number = ticket_number(row.kind, row.id)
    for before in compensations.of_ticket(tx, row.id):
        if before.basis == basis:
            raise CompensatedBefore(ticket=number, basis=basis.label, sum=write_yuan(before.fen))
    if account.state in ACCOUNT_ENDS:
        raise NothingToCompensate(ticket=number, why=Wording("账号已结束，没有账单可减", "the account has ended"))
    found = _agreed(wanted.fen) if basis not in COMPUTED else _worked_out(tx, rulebook, terms, zone, row, basis, wanted)
    approval_id = None
    if found.fen > terms.desk:
        used_by = f"compensation/{row.id}/{basis}"
        approval_id = approvals.use(
            tx, wanted.approvals, ApprovalNeed.COMPENSATION, f"ticket/{row.id}", row.area, used_by, actor, now,
            fen=found.fen,
        )  # fmt: skip
    days = found.days if basis in COMPUTED else None
    id_ = compensations.add(tx, account.id, row.id, basis, found.fen, days, reason, actor.name, approval_id, now)
    key = f"compensation/{epoch.name(tx, epoch.OF_COMPENSATIONS, id_)}"
    effects.book(tx, key, account, [BillingEntry(EntryKind.CREDIT, found.fen, now, reference=number)], now)
    entry = history.entry(row.id, now, "compensate", actor, basis=basis, fen=found.fen, reason=reason)
    write_act(tx, [entry])
    told = messages.Told(Event.COMPENSATED, messages.of_ticket(row.id), {"sum": found.fen}, account.id)
    messages.tell(tx, now, told)
    return compensations.of_ticket(tx, row.id)[-1]


def offered(
    tx: Tx, rulebook: Rulebook, terms: CompensationTerms, zone: tzinfo, row: TicketRow
) -> dict[Basis, Computed | None]:
    """What may still be compensated on a ticket, by its basis: the sum as the books have it, or None where it is
    agreed."""
    before = {each.basis for each in compensations.of_ticket(tx, row.id)}
    found: dict[Basis, Computed | None] = {}
    for basis in (each for each in COMPUTED if each not in before):
        computed, _ = _computed(tx, rulebook, terms, zone, row, basis)
        if computed.fen:
            found[basis] = computed
    if Basis.GOODWILL not in before:
        found[Basis.GOODWILL] = None
    return found


def _basis(name: str) -> Basis:
    if name not in tuple(Basis):
        listed = ", ".join(Basis)
        raise BadInput(
            what=Wording(f"没有减免依据“{name:.40}”；可选：{listed}", f"{name!r:.40} is no basis; these are: {listed}")
        )
    return Basis(name)


def _agreed(fen: int | None) -> Computed:
    if fen is None or not 1 <= fen <= MOST:
        raise BadInput(what=Wording("协商减免须写明金额", "say how much was agreed"))
    return Computed(fen, 0)


def _worked_out(
    tx: Tx,
    rulebook: Rulebook,
    terms: CompensationTerms,
    zone: tzinfo,
    row: TicketRow,
    basis: Basis,
    wanted: WantedCredit,
) -> Computed:
    if wanted.fen is not None:
        raise BadInput(what=Wording("此项金额由系统计算，不填", "this sum follows from the books: give none"))
    found, why = _computed(tx, rulebook, terms, zone, row, basis)
    if not found.fen:
        raise NothingToCompensate(ticket=ticket_number(row.kind, row.id), why=why)
    return found


def _computed(
    tx: Tx, rulebook: Rulebook, terms: CompensationTerms, zone: tzinfo, row: TicketRow, basis: Basis
) -> tuple[Computed, Wording]:
    """The sum, and why it is none."""
    if (row.kind == Kind.FAULT) is not (basis == Basis.REPAIR) or (row.kind not in (Kind.FAULT, *ORDERS)):
        return NOTHING, Wording(f"“{basis.label.zh}”不适用于这类工单", f"'{basis}' is for other tickets")
    if row.state not in _OVER:
        return NOTHING, Wording("还没有办结", "its work isn't done yet")
    visits = [hop for hop in hops.of_tickets(tx, [row.id]) if hop.finding and not rulebook.is_automatic(hop.team)]
    done = next((hop for hop in reversed(visits) if hop.ended_at), None)
    if done is None:
        return NOTHING, Wording("没有班组办过", "no team has worked on it")
    if basis == Basis.REPAIR:
        return _of_repair(tx, terms, zone, row, done)
    return _of_building(tx, terms, zone, row, visits, done)


def _of_repair(
    tx: Tx, terms: CompensationTerms, zone: tzinfo, row: TicketRow, done: HopRow
) -> tuple[Computed, Wording]:
    if (done.evidence or {}).get(CAUSE) == CUSTOMERS_DEVICE:
        return NOTHING, Wording("障碍原因是用户端设备", "the customer's own equipment was the cause")
    in_force = enrolments.at(tx, row.account_id, row.made_at)
    fee = in_force.terms.get("monthly_fee", 0) if in_force else 0
    within = terms.repair_within(row.area)
    assert done.ended_at is not None  # `_computed` chose one that has
    found = late_repair(fee, row.made_at, done.ended_at, within, zone)
    hours = within // timedelta(hours=1)
    return found, Wording(f"{hours} 小时内已修复，或没有月费", f"it was repaired within {hours} hours, or has no fee")


def _of_building(
    tx: Tx, terms: CompensationTerms, zone: tzinfo, row: TicketRow, visits: Sequence[HopRow], done: HopRow
) -> tuple[Computed, Wording]:
    if row.outcome != ACTIVATED:
        return NOTHING, Wording("没有装成，已退费", "it wasn't built, and was paid back")
    waited = timedelta(seconds=sum(hop.held_seconds for hop in visits))  # on hold, for the customer
    promised = local_date(row.made_at + terms.building + waited, zone)
    assert done.ended_at is not None  # as above
    charged = _charged(tx, row)
    found = late_building(charged, promised, local_date(done.ended_at, zone), terms.building_percent)
    return found, Wording("按期装好，或没有收费", "it was built in time, or nothing was charged for it")


def _charged(tx: Tx, row: TicketRow) -> int:
    """What the customer paid for the building, in fen; what was paid back doesn't count."""
    moves = account_moves.of_orders(tx, [row.id]) if row.kind == Kind.MOVE else ()
    item = MOVING_FEE if row.kind == Kind.MOVE else CHARGES["installation"]
    invoices, operations = payments.invoices(tx, row.account_id), {move.operation_id for move in moves}
    meant = {each.number for each in invoices if row.kind != Kind.MOVE or each.operation_id in operations}
    lines = (  # those of red-letter invoices, which offset them, are below zero
        line
        for each in invoices
        if meant & {each.number, each.offsets}
        for line in InvoiceData.from_json(each.content).lines
    )
    return sum(line.amount for line in lines if line.item == item)
