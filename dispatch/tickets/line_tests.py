"""线路测试 The results of line tests.

A hop whose line could not be tested goes on the board all the same, and its line is tested again until the system
outside answers, the hop ends, or nobody needs the test any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dispatch.domain.finding import TESTED_AT, UNAVAILABLE
from dispatch.domain.retest import is_over, pause
from dispatch.domain.roles import RELAY, WORKER
from dispatch.domain.ticket import LIVE_HOP
from dispatch.storage import history, hops, retests
from dispatch.storage.database import Tx
from dispatch.storage.outbox import Pair, Waited
from dispatch.storage.rows import LockedHop, RetestRow
from dispatch.storage.ticket_changes import write_act
from dispatch.storage.wakeups import boards_changed

UNTESTED = {"line_test": UNAVAILABLE}
Results = Mapping[str, Mapping[str, Any]]
"""What the test found, by account. A line that couldn't be tested is missing."""


def note(tx: Tx, rows: Sequence[LockedHop], results: Results, now: datetime) -> None:
    """Keep the results with these locked hops; the lines without one are tested again."""
    hops.note_found(tx, [(row.id, dict(results.get(row.account, UNTESTED))) for row in rows])
    retests.add(tx, [row.id for row in rows if row.account not in results], now, now + pause(0))


def note_retested(tx: Tx, pairs: Sequence[Pair], results: Mapping[int, Mapping[str, Any]], now: datetime) -> list[Pair]:
    """Keep the results of lines that were tested again, by hop id, and say so in the tickets' histories.

    Returns the pairs that were still at that try; a hop that has ended gets no result.
    """
    rows, waiting = _locked(tx, pairs)
    tested = [row for row in waiting if row.hop_id in rows and row.hop_id in results]
    entries, found = [], []
    for each in tested:
        row, result = rows[each.hop_id], dict(results[each.hop_id])
        entries.append(history.entry(row.ticket_id, now, "line test", WORKER, row.id, found=result))
        found.append({"id": row.id, "found": {TESTED_AT: now.isoformat(timespec="seconds"), **result}})
    write_act(tx, entries, hops=found)
    retests.remove(tx, [each.hop_id for each in waiting if each in tested or each.hop_id not in rows])
    boards_changed(tx, {rows[each.hop_id].team for each in tested})
    return [(each.hop_id, each.tries) for each in waiting]


def postpone(tx: Tx, pairs: Sequence[Pair], now: datetime) -> None:
    """Have these lines tested again after a growing pause."""
    rows, waiting = _locked(tx, pairs)
    retests.remove(tx, [each.hop_id for each in waiting if each.hop_id not in rows])
    still = [each for each in waiting if each.hop_id in rows]
    retests.postpone(tx, {each.hop_id: now + pause(each.tries) for each in still})
    boards_changed(tx, {rows[each.hop_id].team for each in still})


class SentRetest(NamedTuple):
    """A retest to be published to its team's queue: its hop, which try it is, and how many before it had no answer."""

    id: int
    generation: int
    team: str
    failures: int
    waited: Waited = Waited()

    @property
    def pair(self) -> Pair:
        return self.id, self.generation


def begin_tries(tx: Tx, now: datetime, lease: timedelta, limit: int, teams: Collection[str]) -> list[SentRetest]:
    """Begin a try of at most `limit` due retests of these teams, and return them.

    Retests of ended hops are dropped, and those that nobody needs any more are given up. A try that isn't answered is
    due again after the lease, or the pause if that is longer.
    """
    due = retests.lock_due(tx, now, limit, teams)
    alive = [row for row in due if row.state in LIVE_HOP]
    over = [row for row in alive if is_over(row.away_since, now)]
    begun = [row for row in alive if row not in over]
    write_act(tx, [history.entry(row.ticket_id, now, "no line test", RELAY, row.hop_id) for row in over])
    retests.remove(tx, [row.hop_id for row in due if row not in begun])
    retests.begin(tx, {row.hop_id: now + max(lease, pause(row.tries + 1)) for row in begun})
    boards_changed(tx, {row.team for row in over})
    return [SentRetest(row.hop_id, row.tries + 1, row.team, row.unanswered) for row in begun]


def _locked(tx: Tx, pairs: Sequence[Pair]) -> tuple[dict[int, LockedHop], Sequence[RetestRow]]:
    """Lock the pairs' hops, and then their retests that are still at that try; the live hops by id."""
    rows = hops.lock(tx, [hop_id for hop_id, _ in pairs])
    return {row.id: row for row in rows.values() if row.state in LIVE_HOP}, retests.lock(tx, pairs)
