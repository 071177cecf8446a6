"""A lock file is held by one process until that process lets go or dies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dispatch.runtime.child_process import FileHeld, hold, mark_ready

HOLDER = "import sys; from pathlib import Path; from dispatch.runtime.child_process import hold\n"
HOLDER += "held = hold(Path(sys.argv[1]))\n"
HOLDER += "print('held', flush=True); sys.stdin.read()"


def test_a_locked_file_has_one_holder_and_names_it(tmp_path: Path) -> None:
    with hold(tmp_path / "x.lock"), pytest.raises(FileHeld) as refused:
        hold(tmp_path / "x.lock")
    assert refused.value.pid == str(os.getpid())
    hold(tmp_path / "x.lock").close()


def test_a_killed_process_releases_its_lock(tmp_path: Path) -> None:
    words = [sys.executable, "-c", HOLDER, str(tmp_path / "x.lock")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(FileHeld) as refused:
            hold(tmp_path / "x.lock")
        assert refused.value.pid == str(other.pid)
        other.kill()
        other.wait()
    hold(tmp_path / "x.lock").close()


def test_a_process_works_without_its_mark_of_readiness_when_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("no folder can be made here, as on a full disk")
    mark_ready(tmp_path / "run", "relay")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
