"""The backup service makes a backup that can be restored, keeps the newest, and leaves no broken one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dispatch.storage.database import Database
from tests.deploy.compose import PROJECT


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with the image's `python`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    return folder


def once(folder: Path, tools: Path, kept: int = 3) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PAIDAN_BACKUPS_KEPT": str(kept)}
    given["PYTHONPATH"] = os.pathsep.join([str(PROJECT), *sys.path])  # the link leaves the virtual environment
    words = ["sh", str(PROJECT / "deploy/backup.sh"), str(folder), "--once"]
    return subprocess.run(words, env=given, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_a_nights_backup_can_be_restored_and_only_the_newest_stay(
    sqlite: Database, tmp_path: Path, tools: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for day in range(1, 4):
        (folder / f"paidan-2026010{day}-023000.backup").write_text("old")
    (folder / "paidan-20260104-023000.backup.part").write_text("broken off")
    (folder / "notes.txt").write_text("somebody's")
    done = once(folder, tools)
    assert done.returncode == 0, done.stderr
    kept = sorted(each.name for each in folder.iterdir())
    assert kept[:3] == ["notes.txt", "paidan-20260102-023000.backup", "paidan-20260103-023000.backup"]
    (newest,) = kept[3:]
    assert (folder / newest).stat().st_mode & 0o077 == 0
    words = [sys.executable, "-m", "dispatch", "restore", str(folder / newest), "--replace"]
    restored = subprocess.run(words, capture_output=True, text=True, check=False)
    assert restored.returncode == 0, restored.stderr


def test_a_backup_that_fails_says_so_and_takes_the_place_of_none(
    tmp_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", "postgresql://u:geheim@127.0.0.1:1/d")
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "paidan-20260101-023000.backup").write_text("old")
    done = once(folder, tools, kept=1)
    assert done.returncode == 1
    assert done.stderr
    assert "geheim" not in done.stderr
    assert [each.name for each in folder.iterdir()] == ["paidan-20260101-023000.backup"]
