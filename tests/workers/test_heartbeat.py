"""A working process sends heartbeats to the database by itself."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from dispatch.storage import heartbeats
from dispatch.storage.database import Database
from workers.heartbeat import start_heartbeat


def test_a_process_sends_heartbeats_under_the_name_of_its_place(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERVISED_AS", "worker7")
    stopped = start_heartbeat("worker")
    try:
        deadline = time.monotonic() + 20
        while not (seen := _processes(sqlite)) and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        stopped.set()
    assert seen == [(heartbeats.process_name("worker"), "worker")]
    assert heartbeats.process_name("worker").startswith("worker7@")


def _processes(database: Database) -> list[tuple[str, str]]:
    with database.read() as tx:
        return [(row.name, row.kind) for row in heartbeats.processes(tx, datetime.now(UTC))]
