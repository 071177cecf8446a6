"""What the counter has booked at billing, and a simulated billing system that has received it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.accounts.operation import OperationOutcome
from dispatch.effects import booking_of
from dispatch.ports.billing import Quote, QuotePurpose, SimulatedBilling
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests.accounts import factories as c

CHINA = ZoneInfo("Asia/Shanghai")


def _bookings(database: Database) -> list[Any]:
    return c.rows(database, b.effect, b.effect.c.port == "billing")


def booked(database: Database) -> list[tuple[str, int, bool, str]]:
    """(kind, fen, monthly, day) of all entries for billing, in order."""
    return [
        (each["kind"], each["fen"], each["monthly"], str(datetime.fromisoformat(each["at"]).astimezone(CHINA).date()))
        for effect in _bookings(database)
        for each in effect.payload["entries"]
    ]


def bookings(database: Database, outcome: OperationOutcome) -> list[dict[str, Any]]:
    """The operation's bookings, as they are sent."""
    key = f"operation/{outcome.operation_id}/"
    return [row.payload for row in _bookings(database) if row.key.startswith(key)]


def received(database: Database, folder: Path) -> SimulatedBilling:
    """A billing system that has received every booking, in order."""
    system = SimulatedBilling(folder / "billing.db", CHINA)
    assert system.book([booking_of(row) for row in _bookings(database)]) == {}
    return system


def quote(database: Database, folder: Path, number: str, day: date) -> Quote:
    """What billing says of the account on this day, once it has received everything."""
    return received(database, folder).quote(c.line(database, number).id, day, QuotePurpose.CHECK)
