"""A process lives on when its figures find no room on the disk, and shows them all once there is room."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

from dispatch.runtime import figures_on_disk
from dispatch.runtime.figures_on_disk import FIRST_BYTES, AllocatedDict
from tests.small_disk import fill, small_disk


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The events that are logged."""
    events: list[str] = []

    class Log:
        def __getattr__(self, _: str) -> Callable[..., None]:
            return lambda event, **_facts: events.append(event)

    monkeypatch.setattr(figures_on_disk, "log", Log())
    return events


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """A disk that refuses whole files while it is full."""
    state = {"full": False}
    write = Path.write_bytes

    def limited(file: Path, data: Any) -> int:
        if not state["full"]:
            return write(file, data)
        write(file, data[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))

    monkeypatch.setattr(Path, "write_bytes", limited)
    return state


def shown(file: Path) -> dict[str, float]:
    """What another process reads."""
    return {key: value for key, value, _, _ in MmapedDict.read_all_values_from_file(file)}  # type: ignore[no-untyped-call]


def test_every_block_of_the_file_is_allocated_before_it_is_mapped(tmp_path: Path) -> None:
    file = tmp_path / "counter_1.db"
    figures = AllocatedDict(str(file))
    assert (file.stat().st_size, file.stat().st_blocks * 512 >= FIRST_BYTES) == (FIRST_BYTES, True)
    for number in range(2000):
        figures.write_value(f"a figure with a long name {number}", number, 0)
    assert file.stat().st_blocks * 512 >= file.stat().st_size > FIRST_BYTES
    assert shown(file) == {f"a figure with a long name {number}": number for number in range(2000)}


def test_figures_without_room_are_kept_said_once_and_written_when_there_is_room(
    tmp_path: Path, disk: dict[str, bool], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures_on_disk, "RETRY_SECONDS", 0.0)
    file, disk["full"] = tmp_path / "counter_1.db", True
    figures = AllocatedDict(str(file))
    for value in range(3):
        figures.write_value("sent", value, 0)
    assert (list(tmp_path.iterdir()), told) == ([], ["figures can't be written, kept in memory"])
    disk["full"] = False
    figures.write_value("late", 7, 0)
    assert shown(file) == {"sent": 2, "late": 7}
    assert told[1:] == ["figures are written again"]


def test_a_file_that_can_not_grow_keeps_its_figures(tmp_path: Path, disk: dict[str, bool], told: list[str]) -> None:
    file = tmp_path / "counter_1.db"
    figures = AllocatedDict(str(file))
    figures.write_value("sent", 1, 0)
    disk["full"] = True
    for number in range(2000):
        figures.write_value(f"a figure with a long name {number}", number, 0)
    assert (shown(file)["sent"], figures.is_on_disk, len(told)) == (1, False, 1)
    assert list(tmp_path.iterdir()) == [file]
    assert figures.read_value("a figure with a long name 1999") == (1999, 0)  # type: ignore[no-untyped-call]


def test_a_process_goes_on_from_the_figures_of_an_earlier_one_with_its_id(tmp_path: Path) -> None:
    file = tmp_path / "counter_1.db"
    before = MmapedDict(str(file))  # type: ignore[no-untyped-call]
    before.write_value("sent", 5, 0)  # type: ignore[no-untyped-call]
    before.close()  # type: ignore[no-untyped-call]
    assert AllocatedDict(str(file)).read_value("sent") == (5, 0)  # type: ignore[no-untyped-call]
    assert file.stat().st_blocks * 512 >= FIRST_BYTES


def test_all_shared_figures_are_of_this_kind() -> None:
    assert values.__dict__["MmapedDict"] is AllocatedDict


def test_a_process_that_counts_on_a_full_disk_is_not_ended_by_it(tmp_path: Path) -> None:
    program = (
        "from dispatch.runtime import metrics; metrics.begin(['a.b'], ['a']); metrics.SENT.labels('a').inc();"
        "print('alive', b'paidan_sent' in metrics.exposition())"
    )
    with small_disk(tmp_path / "disk", 1 << 18) as disk:
        fill(disk)
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(disk)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["alive False"]), done
    assert done.stdout.count("kept in memory") == 2, "once for each file: counters and histograms"
