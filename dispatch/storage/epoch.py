"""代次 The epoch: after a restore, messages from before it are refused.

A message names a row's id and generation. The restored database gives out the same ids and generations again, perhaps
for another team's rows. So a restore begins a new epoch, whose generations were never in a message before.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, ScalarSelect, case, select, update
from sqlalchemy.sql.elements import ColumnElement

from dispatch.storage.database import Tx
from dispatch.storage.tables.tickets import epoch

GENERATIONS = 1_000_000
"""Generations in one epoch. A row is sent again after a lease of at least one second, so a row that is sent and never
received uses them up in twelve days. Two thousand epochs fit into the column."""

BASE: ScalarSelect[int] = select(epoch.c.base).scalar_subquery()
"""The first generation of the epoch. Sending a row lifts its generation to this one, if it is lower, and then adds one:
every message of the epoch has a higher generation."""


def lifted(generation: ColumnElement[int]) -> ColumnElement[int]:
    """This generation, or the epoch's first generation when it belongs to an earlier epoch."""
    return case((generation < BASE, BASE), else_=generation).cast(Integer)


def begin(tx: Tx, now: datetime) -> int:
    """Begin a new epoch and return its first generation."""
    lift = {"base": epoch.c.base + GENERATIONS, "restored_at": now}
    return int(tx.execute(update(epoch).values(lift).returning(epoch.c.base)).scalar_one())
