"""The access log 登录记录: sign-ins, refusals and ended sessions, with address and browser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select

from dispatch.storage.access_rows import AccessEntry
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.access import access_log


def note(
    tx: Tx,
    act: str,
    address: str,
    browser: str,
    now: datetime,
    *,
    name: str | None = None,
    typed: str | None = None,
    ended_by: str | None = None,
    how: str | None = None,
) -> None:
    """Add an entry. `typed` stands for a name that no user has; nobody may write such a name itself here."""
    row = {"act": act, "at": now, "address": address, "browser": browser, "how": how}
    tx.execute(insert(access_log).values(**row, name=name, typed=typed, ended_by=ended_by))


def latest(
    tx: Tx,
    limit: int,
    before: int | None = None,
    name: str | None = None,
    act: str | None = None,
    address: str | None = None,
) -> Sequence[AccessEntry]:
    """The newest entries first, of this user, act and address where they are given; only with smaller ids than
    `before`."""
    query = select(access_log).order_by(access_log.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(access_log.c.id < before)
    for column, wanted in ((access_log.c.name, name), (access_log.c.act, act), (access_log.c.address, address)):
        if wanted is not None:
            query = query.where(column == wanted)
    return shaped(AccessEntry, tx.execute(query)).all()


def sweep(tx: Tx, before: datetime) -> None:
    tx.execute(delete(access_log).where(access_log.c.at <= before))
