"""计费事件 Billing tells by itself that an account is in arrears, or that nothing is owed any more: 欠费停机, 缴清复机.

An event comes in signed, or is fetched from billing's feed by the relay. The same event acts once, however often it
comes; one that is older than another of its account no longer acts. What it causes outside is keyed by the event's own
id, so an event that comes in anew after a restore asks for nothing that was done before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import structlog

from dispatch import effects, messages
from dispatch.accounts import suspension_state
from dispatch.domain.account import AccountState
from dispatch.domain.billing_event import BillingEvent, BillingEventKind, BillingEventOutcome
from dispatch.domain.messages import Event
from dispatch.domain.money import write_yuan
from dispatch.domain.roles import Actor, Role
from dispatch.domain.suspension import SuspensionKind
from dispatch.domain.title import Wording
from dispatch.errors import DispatchError, KeyReused, NotFound
from dispatch.ports.billing import FedEvent
from dispatch.storage import accounts, billing_events, operations, suspensions
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.billing_events import BillingEventRow
from dispatch.storage.database import Tx

log = structlog.get_logger()

BILLING = Actor("billing", Role.WORKER)
_O = BillingEventOutcome


def receive(tx: Tx, event: BillingEvent, now: datetime, position: int | None = None) -> BillingEventOutcome:
    """Act on an event; return what became of it, also when it came before.

    `position`: in the feed from which it was fetched. Raises NotFound for an account that isn't ours, KeyReused for
    another event of the same id.
    """
    account = next(iter(accounts.lock(tx, [event.account])), None)
    if (known := billing_events.find(tx, event.id)) is not None:
        if not _is_same(known, event):
            raise KeyReused(key=event.id)
        return BillingEventOutcome(known.outcome)
    if account is None:
        raise NotFound(what=Wording("账号", "account"), which=event.account)
    outcome = _act(tx, account, event, now)
    billing_events.add(tx, event, outcome, position, now)
    if outcome in (_O.SUSPENDED, _O.RESUMED, _O.LIFTED):
        told = f"{event.kind} {write_yuan(event.fen)} {event.reference}".rstrip()
        operations.note_audit(tx, f"{outcome} by billing", f"account/{account.id}", told, BILLING, now)
    log.info("billing event", id=event.id, kind=str(event.kind), outcome=str(outcome))
    return outcome


def receive_fed(tx: Tx, fed: Iterable[FedEvent], now: datetime) -> None:
    """Act on events of the feed, in its order. One that can't be acted on keeps up no other."""
    for each in fed:
        try:
            receive(tx, each.event, now, each.position)
        except DispatchError as refused:
            log.error("billing event refused", id=each.event.id, code=refused.code)
            if billing_events.find(tx, each.event.id) is None:
                billing_events.add(tx, each.event, _O.UNKNOWN, each.position, now)


def _is_same(known: BillingEventRow, event: BillingEvent) -> bool:
    same_account = known.account_id in (None, event.account)  # None: it was unknown
    told = (known.seq, known.kind, known.fen, known.reference)
    return same_account and told == (event.seq, event.kind, event.fen, event.reference)


def _act(tx: Tx, account: AccountRow, event: BillingEvent, now: datetime) -> BillingEventOutcome:
    if event.seq <= billing_events.last_seq(tx, account.id):
        return _O.OLDER
    if account.state not in (AccountState.IN_SERVICE, AccountState.SUSPENDED):
        return _O.NOTHING  # not in service yet, or ended
    rows = suspension_state.open_rows(tx, account, now)
    ours = [row for row in rows if row.kind == SuspensionKind.ARREARS]
    source = f"billing-event/{event.id}"
    match event.kind:
        case BillingEventKind.ARREARS if not ours:
            return _suspend(tx, account, event, source, now)
        case BillingEventKind.CLEARED if ours:
            why = suspension_state.CLEARED
            suspensions.lift(tx, [row.id for row in ours], None, why, now, reference=event.reference or event.id)
            still = suspension_state.go_on(tx, account, source, now)
            effects.tell(tx, source, account.mobile, suspension_state.said(account.number, still), now)
            return _O.RESUMED if still is None else _O.LIFTED
    return _O.NOTHING


def _suspend(tx: Tx, account: AccountRow, event: BillingEvent, source: str, now: datetime) -> BillingEventOutcome:
    kind, reference = SuspensionKind.ARREARS, event.reference or event.id
    suspensions.add(tx, account.id, kind, now, reason="arrears", reference=reference)
    suspension_state.stop(tx, account, source, now)
    facts = {"account": account.number, "sum": event.fen}
    messages.tell(tx, now, messages.Told(Event.ARREARS, source, facts, account.id))
    return _O.SUSPENDED
