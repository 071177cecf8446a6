"""The campaign in its smallest size, spoiled on purpose: it must report the tickets that are lost then.

The sound system is tested by `make chaos-kills`: 50 kills with everything of `chaos.disturbances`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos import campaign
from chaos.disturbances import HARMFUL
from chaos.sizes import SIZES

pytestmark = pytest.mark.system


def test_kills_lose_tickets_without_the_lease_sweep(tmp_path: Path) -> None:
    tiny, spoiled = SIZES["tiny"], {"CHAOS_BENT": "no-lease-sweep"}
    outcome = campaign.run(tmp_path / "home", None, HARMFUL, tiny.tickets, tiny.lease, bends=spoiled, quiet=10)
    assert outcome.verdict.lost
