"""The units of `deploy/systemd` are valid and start the same commands as the containers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.compose import PROJECT, load

UNITS = PROJECT / "deploy/systemd"
MOST_EXPOSED = 2.5
"""The highest exposure allowed, of 10, by systemd's own measure; without the shared part it is 9.6."""


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units, with a program that every machine has in place of /opt/paidan."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    shutil.copytree(UNITS, tmp_path / "units")
    found = sorted((tmp_path / "units").glob("*.service"))
    for unit in found:
        unit.write_text(re.sub(r"/opt/paidan/bin/\w+", "/bin/true", unit.read_text()))
    return found


def analyze(unit: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{unit.parent}:"}  # the shared part is found there too
    words = ("systemd-analyze", *words, str(unit))
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


def command(unit: str) -> str:
    (found,) = re.findall(r"^ExecStart=(.+)$", (UNITS / unit).read_text(), re.MULTILINE)
    return str(found)


def test_systemd_finds_no_fault_in_the_units(units: list[Path]) -> None:
    assert len(units) == 5
    for unit in units:
        done = analyze(unit, "verify", "--man=no")
        assert (done.returncode, done.stdout + done.stderr) == (0, ""), unit.name


def test_every_unit_runs_unprivileged_and_confined(units: list[Path]) -> None:
    for unit in units:
        done = analyze(unit, "security", "--offline=true", "--no-pager")
        exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
        assert exposure, done.stdout + done.stderr
        assert float(exposure[1]) <= MOST_EXPOSED, unit.name
    common = (UNITS / "paidan-.service.d/common.conf").read_text()
    for line in ("User=paidan", "UMask=0077", "NoNewPrivileges=yes", "WorkingDirectory=/etc/paidan"):
        assert f"\n{line}\n" in common


def test_a_worker_is_started_as_in_a_container() -> None:
    contained = " ".join(load()["services"]["worker-noc"]["command"])
    as_unit = command("paidan-worker@.service").removeprefix("/opt/paidan/bin/")
    assert as_unit.replace("%i", "noc").replace("%H", "%h") == contained


def test_flowers_unit_finds_its_configuration(tmp_path: Path) -> None:
    site = tmp_path / "lib/python3.13/site-packages/workers"
    site.mkdir(parents=True)
    shutil.copy(PROJECT / "workers/flower_config.py", site)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/celery").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "bin/celery").chmod(0o755)
    script = command("paidan-flower.service").replace("/opt/paidan", str(tmp_path)).replace("$$", "$")
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"-A workers.app flower --conf={site / 'flower_config.py'}\n"
