"""网管监控 NOC: the worker tests the line before the hop goes on the board, which shows the result."""

from __future__ import annotations

import random
from datetime import datetime

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from dispatch.ports.line_test import LineTest, LineTester
from dispatch.routing.rulebook import Rulebook
from dispatch.runtime import metrics
from dispatch.storage.database import Tx
from dispatch.tickets import line_tests
from workers.context import Context
from workers.stretch import Hops, Step, Stretch, Write

log = structlog.get_logger()


def line_test(context: Context, rows: Hops) -> Write:
    """Test the customers' lines and keep the results with the hops.

    While the system that tests is out of reach, the hops go on the board at once, and the board says that there is no
    test: a person can work without it. The lines are tested again when the system is back: `workers.retests`.
    """
    results = dict[str, LineTest]()
    try:
        results |= context.line_tester.test([row.account for row in rows])
    except SoftTimeLimitExceeded:  # there is no time left to ask for one line alone
        _tell(TimeoutError())
    except OSError as away:
        if len(rows) > 1 and _answers(context.line_tester, rows):
            raise  # only some lines' tests fail: they are found, and go on the board untested
        _tell(away)

    def write(tx: Tx, _rulebook: Rulebook, mine: Hops, now: datetime) -> None:
        line_tests.note(tx, mine, results, now)

    return write


def _tell(away: OSError) -> None:
    metrics.OUT_OF_REACH.labels("noc.line-test").inc()
    log.warning("line test out of reach, hops go on the board untested", error=type(away).__name__)


def _answers(tester: LineTester, rows: Hops) -> bool:
    """Return whether the system tests one of the lines, taken at random."""
    try:
        tester.test([random.choice(rows).account])  # noqa: S311
    except (OSError, SoftTimeLimitExceeded):
        return False
    return True


STRETCH = Stretch(Step("line-test", look=line_test))
