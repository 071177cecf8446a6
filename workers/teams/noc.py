"""网管监控 NOC: the worker tests the line before the hop goes on the board, which shows the result."""

from __future__ import annotations

from datetime import datetime

from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops
from dispatch.storage.database import Tx
from workers.context import Context
from workers.stretch import Hops, Step, Stretch, Write


def line_test(context: Context, rows: Hops) -> Write:
    """Test the customers' lines and keep the results with the hops."""
    results = context.line_tester.test([row.account for row in rows])

    def write(tx: Tx, _rulebook: Rulebook, mine: Hops, _now: datetime) -> None:
        hops.note_found(tx, [(row.id, dict(results[row.account])) for row in mine])

    return write


STRETCH = Stretch(Step("line-test", look=line_test))
