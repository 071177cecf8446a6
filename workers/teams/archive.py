"""工单归档 archive: freezes the record, then the same chain goes on to the callback survey."""

from __future__ import annotations

from datetime import datetime

from dispatch import closing
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Tx
from dispatch.storage.hops import Pair
from workers.hop import Hops, Step, Stretch, Write
from workers.world import World


def file_record(world: World, _rows: Hops) -> Write:
    """Archive the ticket; the survey's hop that follows is received by the chain's next step."""
    lease = world.settings.lease_span

    def write(tx: Tx, rulebook: Rulebook, mine: Hops, now: datetime) -> list[Pair]:
        following = closing.archive(tx, rulebook, mine, now, carried=lease)
        return [sending.pair for sending in following if sending.team == "callback-survey"]

    return write


STRETCH = Stretch(Step("file", file_record), board=False, then="callback-survey")
