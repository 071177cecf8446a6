"""The state machine in its smallest size, and the test of that test."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from chaos import machine
from chaos.injected import sitecustomize as bends
from chaos.sizes import SIZES
from dispatch.storage import outbox

SPOILED = 200
"""Runs within which a spoiled system is found out."""


def test_whatever_dies_whenever_nothing_is_lost_and_nothing_is_done_twice() -> None:
    machine.play(SIZES["tiny"].examples)


@pytest.mark.parametrize("bend", [bends._no_lease_sweep, bends._no_generation_check])
def test_without_the_lease_sweep_or_the_generation_check_the_machine_finds_it_out(
    monkeypatch: pytest.MonkeyPatch, bend: Callable[[ModuleType], None]
) -> None:
    for name in ("due", "at", "at_work_on"):
        monkeypatch.setattr(outbox.Outbox, name, getattr(outbox.Outbox, name))  # so that it is put right again
    bend(outbox)
    with pytest.raises(AssertionError):
        machine.play(SPOILED, shrink=False)
