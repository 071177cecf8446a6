"""工单归档: as the product's own, which then carries the survey's hop on in the same chain."""

from __future__ import annotations

from datetime import datetime

from dispatch import closing
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Tx
from dispatch.storage.outbox import Pair
from workers.hop import Hops, Step, Stretch
from workers.world import world


def file_record(tx: Tx, rulebook: Rulebook, mine: Hops, now: datetime) -> list[Pair]:
    lease = world().settings.lease_span
    return [sending.pair for sending in closing.archive(tx, rulebook, mine, now, lease)]


STRETCH = Stretch(Step("file", file_record), board=False, then="callback-survey")
