"""停机保号到期 A customer hears, some days before their pause ends by itself, from when the line is charged again."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from dispatch import messages
from dispatch.domain.messages import Event
from dispatch.domain.time import local_date
from dispatch.messages import Told
from dispatch.storage import suspensions
from dispatch.storage.database import Tx

BEFORE = timedelta(days=3)


def tell_of_ending(tx: Tx, zone: tzinfo, now: datetime, limit: int) -> int:
    """Tell at most `limit` customers whose pause ends within BEFORE, each once; returns how many."""
    ending = suspensions.ending_untold(tx, now, now + BEFORE, Event.KEEP_ENDING, limit)
    told = [
        Told(
            Event.KEEP_ENDING,
            f"{suspensions.SUSPENSION}{row.id}",
            {"account": row.number, "day": local_date(row.until, zone).isoformat()},
            row.account_id,
        )
        for row in ending
    ]
    messages.tell(tx, now, *told)
    return len(ending)
