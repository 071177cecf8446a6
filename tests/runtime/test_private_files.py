"""A home is its owner's alone: the database in it is open to nobody else, neither to be read nor to be locked."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.doctor import files
from dispatch.doctor.finding import Grade
from dispatch.domain.title import Wording
from dispatch.runtime.private_files import close_to_others, open_to_others
from dispatch.runtime.supervisor import Stack
from dispatch.settings import Settings


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DISPATCH_HOME": str(home), "DISPATCH_LANG": "en"}
    return subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_files(home: Path) -> list[str]:
    return [path.name for path in home.rglob("*") if not path.is_symlink() and mode(path) & 0o077]


def test_everything_that_a_command_makes_in_a_home_is_its_owners_alone(tmp_path: Path) -> None:
    """The home was there before, with the usual permissions, as somebody makes a folder by hand."""
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    added = run(home, "-m", "dispatch", "user", "add", "chen", "--role", "clerk")
    assert added.returncode == 0, added.stderr
    assert {"paidan.db", "paidan.db-queue"} <= {path.name for path in home.iterdir()}
    assert open_files(home) == []


@pytest.mark.parametrize("module", ["dispatch.__main__", "dispatch.web.__main__", "workers.relay", "workers.app"])
def test_every_entry_point_keeps_its_files_private(tmp_path: Path, module: str) -> None:
    """Each process sets its umask before it does anything else."""
    source = Path(sys.modules["dispatch"].__path__[0]).parent / f"{module.replace('.', '/')}.py"
    assert "    keep_private()\n" in source.read_text(encoding="utf-8")


def test_what_an_operator_edits_may_be_read_by_others_but_its_settings(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    assert run(tmp_path / "home", "-m", "dispatch", "init", str(folder)).returncode == 0
    assert mode(folder) == 0o755
    assert mode(folder / "routing_rules.yaml") == 0o644
    assert mode(folder / "paidan.env") == 0o600
    drawing = tmp_path / "rules.svg"
    assert run(tmp_path / "home", "-m", "dispatch", "rules", "show", "--svg", str(drawing)).returncode == 0
    assert mode(drawing) == 0o644


def test_the_doctor_names_a_home_that_others_may_enter_and_the_command_that_mends_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(home, "-m", "dispatch", "user", "add", "chen", "--role", "clerk")
    settings = Settings(home=home)
    (found,) = [each for each in files.examine(settings) if each.check == files.HOME]
    assert found.verdict is Grade.GOOD
    home.chmod(0o755)
    (home / "paidan.db").chmod(0o644)
    (found,) = [each for each in files.examine(settings) if each.check == files.HOME]
    assert found.verdict is Grade.BAD
    assert "paidan.db" in str(found.found)
    assert found.remedy is not None
    assert f"chmod -R go= {home}" in found.remedy.en


def test_up_closes_a_home_that_was_open_and_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (home / "paidan.db").touch(mode=0o644)
    (home / "paidan.db-queue").touch(mode=0o666)
    told: list[Wording] = []
    stack = Stack(Settings(home=home, web_port=0, flower_port=0), told.append, flower=False, web=False)
    stack.stop()
    assert (mode(home), mode(home / "paidan.db"), mode(home / "paidan.db-queue")) == (0o700, 0o600, 0o600)
    assert "was open to other users of this machine: it is closed now" in told[0].en


def test_a_single_command_closes_a_home_that_was_open_and_says_so_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert run(home, "-m", "dispatch", "user", "add", "chen", "--role", "clerk").returncode == 0
    home.chmod(0o755)
    (home / "paidan.db").chmod(0o644)
    first, second = (run(home, "-m", "dispatch", "user", "list") for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0)
    assert "was open to other users of this machine: it is closed now (2 paths)" in first.stderr
    assert "was open" not in second.stderr + first.stdout
    assert (mode(home), open_files(home)) == (0o700, [])


HOLD_AS_NOBODY = """
import fcntl, os, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
with open(sys.argv[1], "rb") as file:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
"""


def test_another_user_of_the_machine_can_neither_read_the_database_nor_hold_the_queue_of_writers() -> None:
    """The lock is one that any reader of the file may hold: it kept every writer out for as long as they liked."""
    if os.geteuid() != 0:
        pytest.skip("only root may act as another user")
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others already
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        assert run(home, "-m", "dispatch", "user", "add", "chen", "--role", "clerk").returncode == 0
        files = [home / "paidan.db", home / "paidan.db-queue"]
        home.chmod(0o755)
        for file in files:
            file.chmod(0o644)
        assert [as_nobody(file) for file in files] == ["", ""], "while it is open, they can"
        assert run(home, "-m", "dispatch", "user", "list").returncode == 0
        assert ["Permission denied" in as_nobody(file) for file in files] == [True, True]


def as_nobody(file: Path) -> str:
    """Lock the file as another user; return why that failed."""
    words = [sys.executable, "-c", HOLD_AS_NOBODY, str(file)]
    return subprocess.run(words, capture_output=True, text=True, check=False).stderr


def test_a_link_in_the_home_is_not_followed(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir(mode=0o755)
    outside.touch(mode=0o644)
    (home / "link").symlink_to(outside)
    assert close_to_others(home) == [home]
    assert mode(outside) == 0o644
    assert open_to_others(home) == []
