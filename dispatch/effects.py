"""外部动作: effects outside the database: tell a customer, provision a line, print a slip or an invoice, bill.

Each is an outbox row, written in the transaction that causes it; the relay and the workers deliver it. `key` is the
receiver's idempotency key: it is derived from the cause (`operation/17/sms`, after a restore `operation/K7QM2X-17/sms`:
`storage.epoch`), and the receiver does a key only once. It is stored with the row: nothing changes it afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from dispatch.domain.effect import EPHEMERAL, EffectState, Port, billing_lane_of, effect_move, lane_of
from dispatch.domain.roles import Actor, require
from dispatch.domain.title import Wording
from dispatch.errors import NotFound
from dispatch.ports.billing import BillingEntry, Booking, EntryKind
from dispatch.ports.provisioning import Order as Order
from dispatch.storage import effects, epoch, operations
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx
from dispatch.storage.effect_rows import EffectRow


class Notice(NamedTuple):
    """A text message that goes from `due_at` on: it counts as booked then."""

    key: str
    mobile: str
    text: str
    due_at: datetime
    ephemeral: bool = False  # it is kept no longer than until the gateway has taken it


def tell_many(tx: Tx, notices: Sequence[Notice]) -> list[int]:
    """Send customers text messages; returns the effects' ids, in their order."""
    rows = [
        _row(Port.SMS, f"{each.key}/sms", _message(each.mobile, each.text, each.ephemeral), None, each.due_at)
        for each in notices
    ]
    return effects.insert_effects(tx, rows)


def tell(tx: Tx, key: str, mobile: str, text: str, now: datetime) -> None:
    """Send a customer a text message."""
    _leave(tx, Port.SMS, f"{key}/sms", _message(mobile, text), None, now)


def _message(mobile: str, text: str, ephemeral: bool = False) -> dict[str, object]:
    return {"mobile": mobile, "text": text, **({EPHEMERAL: True} if ephemeral else {})}


def provision(tx: Tx, key: str, account: AccountRow, order: Order, now: datetime, **details: object) -> None:
    """Order a change of an account's line.

    Orders for one account are delivered one after the other, in the order of their ids. The caller holds the account's
    lock, so this is the order in which they were booked.
    """
    payload = {"account_id": account.id, "number": account.number, "order": order, **details}
    _leave(tx, Port.PROVISIONING, f"{key}/{order}", payload, lane_of(account.id), now)


def print_slip(tx: Tx, operation_id: int, now: datetime) -> None:
    """Print an operation's slip on the counter's printer."""
    key = f"slip/{epoch.name(tx, epoch.OF_OPERATIONS, operation_id)}"
    _leave(tx, Port.PRINTING, key, {"operation_id": operation_id}, None, now)


def print_invoice(tx: Tx, number: int, now: datetime) -> None:
    """Print an invoice on the counter's printer."""
    key = f"invoice/{epoch.name(tx, epoch.OF_INVOICES, number)}"
    _leave(tx, Port.PRINTING, key, {"invoice": number}, None, now)


def book(tx: Tx, key: str, account: AccountRow, entries: Sequence[BillingEntry], now: datetime) -> None:
    """Book entries on an account's bill 计费, together. Bookings of one account are delivered in the order of their
    ids."""
    written = [{**asdict(entry), "at": entry.at.isoformat()} for entry in entries]
    payload = {"account_id": account.id, "number": account.number, "entries": written}
    _leave(tx, Port.BILLING, f"{key}/billing", payload, billing_lane_of(account.id), now)


def charge_monthly(tx: Tx, key: str, account: AccountRow, fen: int, since: datetime, now: datetime) -> None:
    """Charge this monthly fee from that day on, in place of the one before; 0 fen end it."""
    book(tx, f"{key}/fee", account, [BillingEntry(EntryKind.FEE, fen, since, monthly=True)], now)


def booking_of(row: EffectRow) -> Booking:
    """Read a booking out of its effect."""
    payload = row.payload
    return Booking(
        row.key, payload["account_id"], payload["number"], tuple(_entry(**each) for each in payload["entries"])
    )


def _entry(kind: str, at: str, **amounts: Any) -> BillingEntry:
    return BillingEntry(EntryKind(kind), at=datetime.fromisoformat(at), **amounts)


def release(tx: Tx, effect_id: int, actor: Actor, now: datetime) -> str:
    """Take an effect out of quarantine, so that it is tried again. Returns its key.

    Raises NotAllowed, NotFound, IllegalMove.
    """
    require(actor, "release", Wording("外部动作", "an effect"))
    row = effects.lock(tx, effect_id)
    if row is None:
        raise NotFound(what=Wording("外部动作", "effect"), which=effect_id)
    state = effect_move(EffectState(row.state), "release", Wording(f"外部动作 {effect_id}", f"effect {effect_id}"))
    effects.release(tx, effect_id, state, now)
    operations.note_audit(tx, "release effect", f"effect {effect_id}", row.failure or "", actor, now)
    return row.key


def _leave(tx: Tx, port: Port, key: str, payload: Mapping[str, object], lane: str | None, now: datetime) -> None:
    effects.insert_effects(tx, [_row(port, key, payload, lane, now)])


def _row(port: Port, key: str, payload: Mapping[str, object], lane: str | None, now: datetime) -> dict[str, object]:
    return {"port": port, "key": key, "lane": lane, "payload": dict(payload), "made_at": now}
