"""A log that can't be written ends nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from dispatch.cli.output import note, tell_progress
from dispatch.domain.title import Wording

FULL = Path("/dev/full")
"""A device that answers every write as a full disk does. Source: full(4)."""

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")

PROGRAM = """
import logging, os, zoneinfo, structlog
from dispatch.runtime.logs import configure_logs
configure_logs(zoneinfo.ZoneInfo("Asia/Shanghai"))
for number in range(1000):
    structlog.get_logger().warning("database out of reach", error="OperationalError")
    logging.getLogger("kombu").error("gone")
print("alive", flush=True)
os._exit(0)
"""


def test_a_process_goes_on_when_its_log_is_on_a_full_disk() -> None:
    with FULL.open("w") as full:
        words = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=full, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n")


def test_a_note_to_a_person_that_can_not_be_written_ends_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(typer, "secho", refused)
    note("停止中 …", "stopping …")
    tell_progress(Wording("停止中 …", "stopping …"))
