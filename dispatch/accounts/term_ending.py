"""合约到期 A customer hears, a month before the term of their plan ends, what the line costs from then on."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from dispatch import messages
from dispatch.domain.messages import Event
from dispatch.domain.time import local_date
from dispatch.messages import Told
from dispatch.storage import enrolments
from dispatch.storage.database import Tx

BEFORE = timedelta(days=30)


def tell_of_ending(tx: Tx, zone: tzinfo, now: datetime, limit: int) -> int:
    """Tell at most `limit` customers whose term ends within BEFORE, each once; returns how many."""
    today = local_date(now, zone)
    ending = enrolments.ending_untold(tx, today, today + BEFORE, Event.TERM_ENDING, limit)
    told = [
        Told(
            Event.TERM_ENDING,
            f"{enrolments.ENROLMENT}{row.id}",
            {"plan": row.terms["title"], "day": row.until.isoformat(), "fee": row.terms["monthly_fee"]},
            row.account_id,
        )
        for row in ending
    ]
    messages.tell(tx, now, *told)
    return len(ending)
