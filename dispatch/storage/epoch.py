"""代次 The epoch: after a restore, messages from before it are refused, and what leaves the house has another name.

A message names a row's id and generation. A row that is in the backup has its old generation again, so a restore
begins a new epoch, whose generations were never in a message before.

Receivers outside recognise a repetition by a key that names a row. The rows of an epoch bear its random mark in these
keys, so no row made after a restore is taken for one that the restore undid. A row that is in the backup keeps its
name: what it asked for before the restore is recognised as done. `docs/decisions/0023-names-that-never-repeat.md`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Integer, ScalarSelect, case, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from dispatch.storage import sequences
from dispatch.storage.database import Tx
from dispatch.storage.tables.accounts import message, operation
from dispatch.storage.tables.complaints import compensation
from dispatch.storage.tables.tickets import begun_epoch, epoch, hop

GENERATIONS = 1_000_000
"""Generations that one epoch has at least. A row is sent again after a lease of at least one second, so a row that is
sent and never received uses them up in twelve days."""

OF_OPERATIONS, OF_HOPS, OF_INVOICES, OF_MESSAGES = operation.name, hop.name, sequences.INVOICES, message.name
OF_COMPENSATIONS = compensation.name
"""What a key can name."""

_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O and U, which people misread."""
_MARK_LENGTH = 6  # a thousand million marks

BASE: ScalarSelect[int] = select(epoch.c.base).scalar_subquery()
"""The first generation of the epoch. Sending a row lifts its generation to this one, if it is lower, and then adds one:
every message of the epoch has a higher generation."""


@dataclass(frozen=True)
class Begun:
    """A new epoch: its first generation, its mark, and by sequence the first id that it gives out."""

    base: int
    mark: str
    first_ids: Mapping[str, int]


def lifted(generation: ColumnElement[int]) -> ColumnElement[int]:
    """This generation, or the epoch's first generation when it belongs to an earlier epoch."""
    return case((generation < BASE, BASE), else_=generation).cast(Integer)


def begin(tx: Tx, now: datetime, given_out: Mapping[str, int] | None = None) -> Begun:
    """Begin a new epoch.

    `given_out`: by sequence the last id that another copy of this database gave out, if there is one to ask.

    Its first generation is the seconds since 2026: a later restore of the same backup begins higher. They fit into the
    column until 2094. It is beyond all that the epochs of `given_out` can have used up, too.
    """
    given = given_out or {}
    base = max(tx.execute(select(epoch.c.base)).scalar_one(), given.get(sequences.EPOCH, 0))
    base = max(base + GENERATIONS, int((now - sequences.START).total_seconds()))
    tx.execute(update(epoch).values(base=base, restored_at=now))
    begun = Begun(base, _new_mark(), sequences.move_on(tx, now.astimezone(UTC), given))
    tx.execute(insert(begun_epoch).values(mark=begun.mark, begun_at=now, first_ids=dict(begun.first_ids)))
    return begun


def mark(tx: Tx) -> str | None:
    """The present epoch's mark; None before the first restore."""
    return tx.execute(select(begun_epoch.c.mark).order_by(begun_epoch.c.id.desc()).limit(1)).scalar()


def names(tx: Tx, sequence: str, ids: Iterable[int]) -> dict[int, str]:
    """What rows of a sequence are called in keys for receivers outside, by id: `17`, or `K7QM2X-17` when the row was
    made after a restore. A sequence that an epoch's restore didn't know yet began in that epoch."""
    begun = tx.execute(select(begun_epoch.c.mark, begun_epoch.c.first_ids).order_by(begun_epoch.c.id.desc())).all()
    return {
        id_: named(id_, next((row.mark for row in begun if row.first_ids.get(sequence, 1) <= id_), None)) for id_ in ids
    }


def name(tx: Tx, sequence: str, id_: int) -> str:
    """What one row is called: `names`."""
    return names(tx, sequence, [id_])[id_]


def named(id_: int, epoch_mark: str | None) -> str:
    """The id, with the mark of the epoch in which its row was made. None: before the first restore."""
    return f"{epoch_mark}-{id_}" if epoch_mark else str(id_)


def _new_mark() -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(_MARK_LENGTH))
