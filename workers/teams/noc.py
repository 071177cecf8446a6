"""网管监控 NOC: the worker tests the line before the hop goes on the board, which shows the result."""

from __future__ import annotations

import random
from datetime import datetime

import structlog

from dispatch.domain.finding import UNAVAILABLE
from dispatch.ports.line_test import LineTester
from dispatch.routing.rulebook import Rulebook
from dispatch.runtime import metrics
from dispatch.storage import hops
from dispatch.storage.database import Tx
from workers.context import Context
from workers.stretch import Hops, Step, Stretch, Write

log = structlog.get_logger()


def line_test(context: Context, rows: Hops) -> Write:
    """Test the customers' lines and keep the results with the hops.

    While the system that tests is out of reach, the hops go on the board at once, and the board says that there is no
    test: a person can work without it.
    """
    try:
        results = context.line_tester.test([row.account for row in rows])
    except OSError as away:
        if len(rows) > 1 and _answers(context.line_tester, rows):
            raise  # only some lines' tests fail: they are found, and go on the board untested
        metrics.OUT_OF_REACH.labels("noc.line-test").inc()
        log.warning("line test out of reach, hops go on the board untested", error=type(away).__name__)
        results = None

    def write(tx: Tx, _rulebook: Rulebook, mine: Hops, _now: datetime) -> None:
        untested = {"line_test": UNAVAILABLE}
        hops.note_found(tx, [(row.id, dict(results[row.account]) if results else untested) for row in mine])

    return write


def _answers(tester: LineTester, rows: Hops) -> bool:
    """Return whether the system tests one of the lines, taken at random."""
    try:
        tester.test([random.choice(rows).account])  # noqa: S311
    except OSError:
        return False
    return True


STRETCH = Stretch(Step("line-test", look=line_test))
