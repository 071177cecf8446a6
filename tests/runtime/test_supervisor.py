"""The supervisor's messages about a child process that ended or did not start."""

from __future__ import annotations

import errno
import itertools
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest

from dispatch.errors import NotStarted
from dispatch.runtime.supervisor import Child, Stack, _obituary
from dispatch.settings import Settings


@pytest.mark.parametrize(
    ("statement", "zh", "en"),
    [
        ("import sys; sys.exit(3)", "以状态 3 退出", "ended with exit status 3"),
        (f"import os; os.kill(os.getpid(), {signal.SIGKILL.value})", "被 SIGKILL 终止", "was ended by SIGKILL"),
        (f"import os; os.kill(os.getpid(), {signal.SIGBUS.value})", "被 SIGBUS 终止", "was ended by SIGBUS"),
    ],
)
def test_the_supervisor_says_when_and_how_a_child_ended(statement: str, zh: str, en: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", statement])
    process.wait()
    child = Child("worker1", [], {}, lambda: False, process=process, restarts=2)
    told = _obituary(child, ZoneInfo("Asia/Shanghai"))
    assert f"worker1 {zh}" in told.zh
    assert f"worker1 {en}, started again (restart 2)" in told.en
    assert told.en[2] == told.en[5] == ":"  # hours, minutes, seconds


def test_a_child_that_does_not_start_is_told_in_its_own_words_without_class_names(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, web_port=0, flower_port=0)
    stack = Stack(settings, flower=False, web=False)
    raises = "from dispatch.errors import NotFound; raise NotFound(what='team', which='x')"
    stack.children = [Child("relay", [sys.executable, "-c", raises], {}, lambda: False)]
    with pytest.raises(NotStarted) as refused:
        stack.start()
    assert refused.value.sentence("en") == "relay does not start: There is no team x."


def test_a_child_that_dies_again_and_again_is_restarted_after_growing_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0.4 s, then twice as long each time, 5 s at most: a child that can't live doesn't use up the processor."""
    clock, spawned = [100.0], []
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    stack = Stack(Settings(home=tmp_path, web_port=0, flower_port=0), flower=False, web=False)
    dead = Child("relay", [], {}, lambda: False)
    stack.children = [dead]
    monkeypatch.setattr(stack, "_spawn", lambda _child: spawned.append(clock[0]))
    while clock[0] < 125:
        stack.tend()
        clock[0] += 0.01
    pauses = [later - earlier for earlier, later in itertools.pairwise(spawned)]
    assert pauses == pytest.approx([0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0], abs=0.03)
    assert (spawned[0], dead.restarts) == (100.0, 8)
    stack.stop()


def test_a_full_disk_or_a_lack_of_memory_does_not_end_the_supervisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    stack = Stack(
        Settings(home=tmp_path, web_port=0, flower_port=0), lambda each: told.append(each.en), flower=False, web=False
    )
    child = Child("relay", [sys.executable, "-c", ""], {}, lambda: False)
    stack.children = [child]
    opened = Path.open

    def full(file: Path, *how: Any) -> object:
        if file.name == "relay.log":
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(file, *how)

    with monkeypatch.context() as disk:
        disk.setattr(Path, "open", full)
        stack.tend()
    assert child.process is not None
    assert child.process.wait() == 0, "the child ran, without a log"
    assert told[1:] == ["log/relay.log can't be written: No space left on device"]
    with monkeypatch.context() as memory:
        memory.setattr(subprocess, "Popen", mock.Mock(side_effect=OSError(errno.ENOMEM, "Cannot allocate memory")))
        child.not_before = 0
        stack.tend()
    assert told[-1] == "relay can't be started: Cannot allocate memory"
    stack.stop()
