"""Seal what was written since the last seal: one transaction, of one process at a time."""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.seal import Item, Source, root
from dispatch.storage import seals
from dispatch.storage.database import Database, Tx
from dispatch.storage.seals import Seal

BATCH = 250
"""Rows of one kind in one seal at most: on SQLite other writers wait for it. 250 rows take a third of the time of
1,000, some 0.02 s of a processor."""
CASES = 20
"""Stored cases of before the seals that one seal looks at; each has some ten rows."""


def seal_new(database: Database, now: datetime) -> tuple[Seal | None, bool]:
    """Seal when it is due and nobody else does; None when nothing was sealed. True: there is more to seal at once.

    What a dying process had begun was never committed; the next one does it anew.
    """
    with database.autocommit_read() as tx:
        if not seals.is_due(tx, now):
            return None, False
    with database.write() as tx:
        if not seals.take_turn(tx, now):
            return None, False
        made, is_full = seal_batch(tx, now)
        seals.note_due(tx, now if is_full else now + seals.EVERY)
        return made, is_full


def seal_batch(tx: Tx, now: datetime) -> tuple[Seal | None, bool]:
    """Seal one batch of rows; None when there are none. True: there are more."""
    before = seals.last(tx)
    history = _new(tx, before, Source.HISTORY)
    audit = _new(tx, before, Source.AUDIT)
    cases = seals.stored_after(tx, before.case_to if before else 0, CASES)
    stored = [found.item for found in seals.in_store(tx, cases)]
    known = seals.names_sealed(tx, stored)
    records = [found.item for found in seals.unsealed_records(tx, (item.ticket_id for item in history))]
    items = sorted([*history, *audit, *records, *(item for item in stored if item.name not in known)])
    is_full = max(len(history), len(audit)) >= BATCH or len(cases) >= CASES
    case_to = max(cases, default=before.case_to if before else 0)
    if not items and (before is None or case_to == before.case_to):
        return None, is_full
    number, previous = before.number + 1 if before else 1, seals.first_root(before)
    epoch = seals.epoch_number(tx)
    made = Seal(
        number,
        epoch,
        now,
        previous,
        root(epoch, number, now, previous, items),
        len(items),
        _greatest(history, before.history_to if before else 0),
        _greatest(audit, before.audit_to if before else 0),
        case_to,
    )
    seals.add(tx, made, items)
    return made, is_full


def _new(tx: Tx, before: Seal | None, source: Source) -> list[Item]:
    """Rows of before that committed late, and then the new ones, in the order of their ids."""
    return [found.item for found in seals.unsealed(tx, source, seals.floor(tx, before, source), BATCH)]


def _greatest(items: list[Item], before: int) -> int:
    return max((before, *(item.key for item in items)))
