"""`setup.sh` accepts the Pythons that pyproject.toml names, and refuses others before it touches anything."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.deploy.compose import PROJECT


def setup(tmp_path: Path, version: str, said: str = "cpython") -> subprocess.CompletedProcess[str]:
    """Run `setup.sh` with a program that claims to be a Python of this version and does nothing else."""
    python = tmp_path / "python"
    answer = f'case "$2" in *version_info*) echo "{said} {version}" ;; *) exit 9 ;; esac'
    python.write_text(f'#!/bin/sh\n[ "$1" = -c ] || exit 9\n{answer}\n')
    python.chmod(0o755)
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": str(python), "VENV": str(tmp_path / "venv")}
    return subprocess.run(["sh", "setup.sh"], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("version", ["2.7", "3.10", "3.15"])
def test_an_unsupported_python_is_refused_with_the_supported_ones(tmp_path: Path, version: str) -> None:
    done = setup(tmp_path, version)
    assert done.returncode == 1
    assert f"is cpython {version}. Paidan needs CPython 3.11, 3.12, 3.13 or 3.14" in done.stderr
    assert "PYTHON=" in done.stderr
    assert re.search(r"\(found here: \S.*\S\)\n", done.stderr), done.stderr
    assert not (tmp_path / "venv").exists()


def test_another_implementation_is_refused(tmp_path: Path) -> None:
    assert "is pypy 3.11. Paidan needs CPython" in setup(tmp_path, "3.11", said="pypy").stderr


def test_a_missing_python_is_named(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": "python9", "VENV": str(tmp_path / "venv")}
    done = subprocess.run(["sh", "setup.sh"], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "python9 does not run" in done.stderr


def test_every_supported_python_is_accepted(tmp_path: Path) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.15"
    for version in ("3.11", "3.12", "3.13", "3.14"):
        assert "has no pip" in setup(tmp_path, version).stderr  # the version was accepted; the next check fails


def test_a_folder_with_other_files_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/letters.txt").write_text("kept")
    done = setup(tmp_path, "3.11")
    assert done.returncode == 1
    assert "is no virtual environment; it stays as it is" in done.stderr
    assert (tmp_path / "venv/letters.txt").read_text() == "kept"


def test_make_in_a_fresh_clone_asks_no_python_that_is_not_there(tmp_path: Path) -> None:
    words = ["make", "--file", str(PROJECT / "Makefile"), "--dry-run", "setup", "PYTHON=python3"]
    for name in ("requirements/dev.txt", "pyproject.toml", "setup.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "sh setup.sh" in done.stdout
