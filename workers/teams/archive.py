"""工单归档 archive: freezes the record, then the same chain goes on to the callback survey."""

from __future__ import annotations

from datetime import datetime

from dispatch import closing
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Tx
from dispatch.storage.outbox import Pair
from workers.hop import Hops, Step, Stretch
from workers.world import world


def file_record(tx: Tx, rulebook: Rulebook, mine: Hops, now: datetime) -> list[Pair]:
    """Archive the tickets; the surveys' hops that follow are received by the chain's next step."""
    lease = world().settings.lease_span
    return [sending.pair for sending in closing.archive(tx, rulebook, mine, now, lease) if sending.team == SURVEY]


SURVEY = "callback-survey"
STRETCH = Stretch(Step("file", file_record), board=False, then=SURVEY)
