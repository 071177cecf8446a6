"""Failed sign-ins, counted by network address, by name, by both, and by known device."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select

from dispatch.storage.database import Tx
from dispatch.storage.tables.access import sign_in_failure as failure


class Attempt(NamedTuple):
    """One attempt: the network address, the keyed hash of the typed name, and a known device's hash, None without
    one."""

    address: str
    name: str
    device: str | None


class Failures(NamedTuple):
    """The number of failures in a window, and the time of the last one; None without any."""

    number: int
    last: datetime | None


def note_attempt(tx: Tx, attempt: Attempt, now: datetime) -> int:
    """Record an attempt and return its id. It counts as failed until `succeed`."""
    made = insert(failure).values(address=attempt.address, name=attempt.name, device=attempt.device, at=now)
    begun: int = tx.execute(made.returning(failure.c.id)).scalar_one()
    return begun


def succeed(tx: Tx, attempt_id: int) -> None:
    tx.execute(delete(failure).where(failure.c.id == attempt_id))


def by_device(tx: Tx, device: str, since: datetime) -> Failures:
    return _count(tx, since, failure.c.device == device)


def by_address(tx: Tx, address: str, since: datetime) -> Failures:
    return _count(tx, since, failure.c.address == address, failure.c.device.is_(None))


def by_address_and_name(tx: Tx, address: str, name: str, since: datetime) -> Failures:
    return _count(tx, since, failure.c.address == address, failure.c.name == name, failure.c.device.is_(None))


def by_name(tx: Tx, name: str, since: datetime) -> Failures:
    return _count(tx, since, failure.c.name == name, failure.c.device.is_(None))


def sweep(tx: Tx, before: datetime) -> None:
    tx.execute(delete(failure).where(failure.c.at <= before))


def _count(tx: Tx, since: datetime, *where: Any) -> Failures:
    query = select(func.count(), func.max(failure.c.at)).where(*where, failure.c.at > since)
    return Failures(*tx.execute(query).one())
