"""Timers of hops on boards: when a hop's `wake_at` has come, mark it as overdue, end its hold or repeat its survey.

For a hop that is due or sent, `wake_at` is instead when the relay sends it (again): `storage.hops.take_due`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispatch.domain.roles import RELAY
from dispatch.domain.ticket import HopState
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import history, hops
from dispatch.storage.database import Tx
from dispatch.storage.rows import LockedHop
from dispatch.storage.ticket_changes import write_act
from dispatch.storage.wakeups import boards_changed
from dispatch.tickets import closing, handling


def fire_due_timers(tx: Tx, rulebook: Rulebook, now: datetime, limit: int) -> int:
    """Fire at most `limit` timers whose time has come, the oldest first. Returns how many it fired."""
    rows = hops.lock_woken(tx, now, limit)
    held = [row for row in rows if row.state == HopState.HELD]
    surveys = [row for row in rows if row.state == HopState.WAITING and closing.is_survey(rulebook, row)]
    overdue = [row for row in rows if row not in held and row not in surveys]
    handling.resume_many(tx, rulebook, held, RELAY, now)
    closing.remind(tx, rulebook, surveys, RELAY, now)
    _mark_overdue(tx, overdue, now)
    return len(rows)


def _mark_overdue(tx: Tx, rows: Sequence[LockedHop], now: datetime) -> None:
    entries = [
        history.entry(row.ticket_id, now, "overdue", RELAY, row.id, team=row.team, state=row.state) for row in rows
    ]
    write_act(tx, entries, hops=[{"id": row.id, "late": True, "wake_at": None} for row in rows])
    boards_changed(tx, {row.team for row in rows})
