"""Accounts whose simulated line is out of order, and can be mended from NOC's desk."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from dispatch.domain.line_state import LineState, line_state
from dispatch.ports.line_test import SimulatedLineTester


def faulty(prefix: str = "GZ") -> Iterator[str]:
    """Such accounts, in the order of their numbers."""
    tester = SimulatedLineTester()
    for number in (f"{prefix}{n}" for n in count(1)):
        before, after = tester.test([number]), tester.test([number], mended_by="noc")
        if line_state(before[number]) is LineState.ABNORMAL and line_state(after[number]) is LineState.NORMAL:
            yield number
