"""Processes as the kernel lists them (Linux, proc(5)), and their end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path


def children(parent: int) -> list[int]:
    """Return the children of a process; none when it is gone."""
    with contextlib.suppress(OSError):
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return []


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def end_group(leader: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal a process that leads a session, and every process of its group; wait for the leader."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, number)
    leader.wait()
