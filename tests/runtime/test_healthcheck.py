"""Health checks: a process is alive as long as it renews its mark."""

from __future__ import annotations

import os
import time
from pathlib import Path

from dispatch.runtime.child_process import mark_ready
from dispatch.runtime.healthcheck import OLDEST, beat, is_alive


def test_a_mark_that_is_not_renewed_grows_too_old(tmp_path: Path) -> None:
    assert not is_alive(f"{tmp_path}/relay.ready")
    mark_ready(tmp_path, "relay")
    assert is_alive(f"{tmp_path}/relay.ready")
    past = time.time() - OLDEST - 1
    os.utime(tmp_path / "relay.ready", (past, past))
    assert not is_alive(f"{tmp_path}/relay.ready")
    beat(tmp_path, "relay")
    assert is_alive(f"{tmp_path}/relay.ready")


def test_a_process_gives_no_sign_of_life_before_it_is_ready(tmp_path: Path) -> None:
    beat(tmp_path, "relay")
    assert not is_alive(f"{tmp_path}/relay.ready")


def test_an_address_without_a_listener_is_not_alive() -> None:
    assert not is_alive("http://127.0.0.1:9/healthz")
