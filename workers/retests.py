"""Line tests that are made up for: the system that tests lines was away, and is asked again.

The test only reads, so it may run twice. What it found is written once: the retest's row goes in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from dispatch.runtime import metrics
from dispatch.storage import retests
from dispatch.storage.outbox import Pair
from dispatch.tickets import line_tests
from workers.batch import Batch
from workers.context import get_context
from workers.hop import tell_stale
from workers.task_names import retest_task

log = structlog.get_logger()


def retest(team: str, pairs: Sequence[Pair]) -> list[Pair]:
    """Test again the lines of the team's hops that couldn't be tested; return those that are done."""
    context = get_context()
    if not context.clock.is_right():  # a process whose clock is right will, when the lease has run out
        return []
    with context.database.autocommit_read() as tx:
        ours = [(row.hop_id, row.tries) for row in retests.lines(tx, pairs, team)]
    tell_stale(pairs, ours)
    try:
        return Batch(partial(_act, team), partial(_fail, team), partial(_wait, team)).run(ours)
    except SoftTimeLimitExceeded:
        _wait(team, ours, TimeoutError())
        return []


def _act(team: str, pairs: Sequence[Pair]) -> list[Pair]:
    context = get_context()
    with context.database.autocommit_read() as tx:
        lines = retests.lines(tx, pairs, team)
    if not lines:
        return []
    results = context.line_tester.test([line.account for line in lines])
    with context.database.write() as tx:
        return line_tests.note_retested(
            tx, pairs, {line.hop_id: results[line.account] for line in lines}, context.now()
        )


def _wait(team: str, pairs: Sequence[Pair], away: OSError) -> None:
    _postpone(pairs)
    metrics.OUT_OF_REACH.labels(retest_task(team)).inc()
    log.warning("line test out of reach, it is asked again", error=type(away).__name__, hops=[id_ for id_, _ in pairs])


def _fail(team: str, pair: Pair, broken: Exception) -> None:
    """One line's test fails. Its hop is at people's, so it doesn't fail with it."""
    _postpone([pair])
    metrics.FAILURES.labels(retest_task(team)).inc()
    log.error("line test failed, it is tried again", error=type(broken).__name__, hop=pair[0])


def _postpone(pairs: Sequence[Pair]) -> None:
    context = get_context()
    with context.database.write() as tx:
        line_tests.postpone(tx, pairs, context.now())
