"""代次 The epoch: after a restore, messages of the time that was undone are refused.

Such a message names a row's id and generation, and the restored database will give out the same ids and count the same
generations again, perhaps for another team. So a restore begins a new epoch: no generation in it is one that was ever
in a message before.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, ScalarSelect, case, select, update
from sqlalchemy.sql.elements import ColumnElement

from dispatch.storage.database import Tx
from dispatch.storage.tables.tickets import epoch

GENERATIONS = 1_000_000
"""In one epoch, at most: a row is sent again after a lease of at least a second, so they last for twelve days of one
row's being sent and never received; two thousand epochs fit into the column."""

BASE: ScalarSelect[int] = select(epoch.c.base).scalar_subquery()
"""The epoch's first generation, which nothing is sent under: rows that are made begin at it, or below."""


def lifted(generation: ColumnElement[int]) -> ColumnElement[int]:
    """This generation, or the epoch's first if it is of an earlier one."""
    return case((generation < BASE, BASE), else_=generation).cast(Integer)


def begin(tx: Tx, now: datetime) -> int:
    """A new epoch; its first generation."""
    lift = {"base": epoch.c.base + GENERATIONS, "restored_at": now}
    return int(tx.execute(update(epoch).values(lift).returning(epoch.c.base)).scalar_one())
