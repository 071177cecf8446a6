"""Outside effects: rows in, rows out, and the set-based statements with which batches of them leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert

from dispatch.books.effect import EffectState
from dispatch.storage.book_tables import effect
from dispatch.storage.database import Tx


def insert_effects(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """New effects, due at once. Wakes the relay, where the database can, when this commits."""
    tx.execute(insert(effect), [{"state": EffectState.DUE, "wake_at": row["made_at"], **row} for row in rows])
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("NOTIFY hop_due")
