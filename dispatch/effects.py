"""外部动作: what a booking asks of the world outside: tell a customer, provision a line, print a slip.

Each is a row in the booking's own transaction; the relay and the workers see to the rest. `key` names the effect to its
receiver, who does a key once, however often it is handed in: it is made of what was booked, `operation/17/sms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from dispatch.books.effect import Port
from dispatch.storage import effects
from dispatch.storage.database import Tx


class Order(StrEnum):
    """What the provisioning system is asked to do with an account's line 服务开通."""

    PREPARE = "prepare"  # port and speed are set up, the line is not yet in service
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    SPEED = "speed"  # the account has another speed, in Mbit/s
    RENAME = "rename"  # the account's number has changed
    PASSWORD = "password"  # it has changed, and which it is isn't said: sessions begun with the old one end  # noqa: S105
    REMOVE = "remove"


def tell(tx: Tx, key: str, mobile: str, text: str, now: datetime) -> None:
    """A short message to a customer."""
    _leave(tx, Port.SMS, f"{key}/sms", {"mobile": mobile, "text": text}, None, now)


def provision(tx: Tx, key: str, account: Row[Any], order: Order, now: datetime, **details: object) -> None:
    """One order for an account's line. Those of one account leave one after the other, in the order of booking."""
    payload = {"account_id": account.id, "number": account.number, "order": order, **details}
    _leave(tx, Port.PROVISIONING, f"{key}/{order}", payload, f"account/{account.id}", now)


def print_slip(tx: Tx, operation_id: int, now: datetime) -> None:
    """The operation's slip comes out of the counter's printer."""
    _leave(tx, Port.PRINTING, f"slip/{operation_id}", {"operation_id": operation_id}, None, now)


def print_invoice(tx: Tx, number: int, now: datetime) -> None:
    """The invoice likewise."""
    _leave(tx, Port.PRINTING, f"invoice/{number}", {"invoice": number}, None, now)


def _leave(tx: Tx, port: Port, key: str, payload: Mapping[str, object], lane: str | None, now: datetime) -> None:
    effects.insert_effects(tx, [{"port": port, "key": key, "lane": lane, "payload": dict(payload), "made_at": now}])
