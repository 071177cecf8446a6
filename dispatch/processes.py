"""What child processes owe to the one that started them: die with it, say when they answer."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # Source: prctl(2)


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies, however it dies. Linux only; elsewhere a no-op."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def mark_ready(run: Path, name: str) -> None:
    """Leave this process's id where the supervisor waits for it."""
    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = run / f".{name}.{os.getpid()}"
    part.write_text(f"{os.getpid()}\n")
    part.rename(run / f"{name}.ready")
