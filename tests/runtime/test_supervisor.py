"""The supervisor's message about an ended child process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from dispatch.runtime.supervisor import Child, _obituary


@pytest.mark.parametrize(
    ("statement", "zh", "en"),
    [
        ("import sys; sys.exit(3)", "以状态 3 退出", "ended with exit status 3"),
        (f"import os; os.kill(os.getpid(), {signal.SIGKILL.value})", "被 SIGKILL 终止", "was ended by SIGKILL"),
    ],
)
def test_the_supervisor_says_when_and_how_a_child_ended(statement: str, zh: str, en: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", statement])
    process.wait()
    child = Child("worker1", [], {}, lambda: False, process=process, restarts=2)
    told = _obituary(child)
    assert f"worker1 {zh}" in told.zh
    assert f"worker1 {en}, started again (restart 2)" in told.en
    assert told.en[2] == told.en[5] == ":"  # hours, minutes, seconds
