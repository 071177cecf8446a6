"""What the operating system or SQLite refuses is told with the path and the true reason."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from dispatch.cli.failure import known


def refused(number: int, path: Path) -> str:
    told = known(OSError(number, os.strerror(number), str(path)))
    assert told is not None
    return told.sentence("en")


def test_missing_rights_are_no_missing_file(tmp_path: Path) -> None:
    assert f"{tmp_path}/x can't be read or written: Permission denied" in refused(errno.EACCES, tmp_path / "x")
    assert f"{tmp_path}/x can't be read or written: File exists" in refused(errno.EEXIST, tmp_path / "x")


def test_a_file_in_a_missing_folder_is_told_as_the_missing_folder(tmp_path: Path) -> None:
    assert f"the folder {tmp_path}/no is not there" in refused(errno.ENOENT, tmp_path / "no" / "x.pdf")
    assert f"{tmp_path}/x.pdf is not there" in refused(errno.ENOENT, tmp_path / "x.pdf")


def test_a_database_file_without_rights_is_told_with_its_path_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_HOME", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda *_: False)
    refused = sqlite3.OperationalError("unable to open database file")
    refused.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    told = known(OperationalError("", {}, refused))
    assert told is not None
    sentence = told.sentence("en")
    assert f"{tmp_path}/paidan.db can't be read or written: Permission denied" in sentence
    assert "DISPATCH_DATABASE_URL" not in sentence


def test_a_full_disk_is_told_by_what_is_written_and_not_by_what_is_copied(tmp_path: Path) -> None:
    full = os.strerror(errno.ENOSPC)
    copied = known(OSError(errno.ENOSPC, full, str(tmp_path / "from"), None, str(tmp_path / "to")))
    assert copied is not None
    assert copied.code == "disk-full"
    assert copied.sentence("en") == f"The disk of {tmp_path}/to is full: make room there, then run this again."
    assert copied.sentence("zh") == f"{tmp_path}/to的磁盘已满，写不进去：请腾出空间，再执行一次。"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_finds_no_room_ends_with_a_sentence(tmp_path: Path, unbuffered: str) -> None:
    language = {"DISPATCH_LANG": "en", "PYTHONUNBUFFERED": unbuffered}
    environment = {**os.environ, "DISPATCH_HOME": str(tmp_path), **language}
    for words in (["--help"], ["settings", "--json"]):
        with Path("/dev/full").open("w") as full:
            command = [sys.executable, "-m", "dispatch", *words]
            done = subprocess.run(command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1
        assert "disk-full" in done.stderr
        assert "Traceback" not in done.stderr
