"""The state machine in its smallest size, and a test that it detects a broken system."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from chaos import state_machine
from chaos.installation import INJECTED
from chaos.sizes import SIZES
from dispatch.defaults import PROJECT

SPOILED = 200
"""The runs within which a spoiled system is detected."""


def test_nothing_is_lost_or_done_twice_whatever_dies_whenever() -> None:
    state_machine.play(SIZES["tiny"].examples)


@pytest.mark.parametrize("bend", ["no-lease-sweep", "no-generation-check"])
def test_the_machine_detects_a_missing_lease_sweep_and_a_missing_generation_check(bend: str) -> None:
    """Run in a process of its own: modules must be patched before they are imported."""
    spoiled = f"from chaos import state_machine; state_machine.play({SPOILED}, shrink=False)"
    bent = {**os.environ, "CHAOS_BENT": bend, "PYTHONPATH": f"{INJECTED}:{PROJECT}"}
    found = subprocess.run([sys.executable, "-c", spoiled], env=bent, capture_output=True, text=True)
    assert found.returncode == 1
    assert "AssertionError" in found.stderr
