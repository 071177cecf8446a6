"""The command as a person runs it, and a whole installation under `dispatch up`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]


@dataclass
class Home:
    """One installation; `run` is the command on it."""

    folder: Path
    project: Path = PROJECT

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCH_")}
        own = {"DISPATCH_HOME": str(self.folder), "DISPATCH_FLOWER_PORT": "0", "DISPATCH_LEASE": "4"}
        return {**kept, **own, "PYTHONPATH": str(self.project), "COLUMNS": "100"}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "dispatch", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=self.project, env=self.environment, text=True, **pipes)  # type: ignore[call-overload, no-any-return]

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """(exit status, standard output, standard error)"""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        return process.returncode, out, err

    def done(self, *arguments: str) -> str:
        status, out, err = self.run(*arguments)
        assert status == 0, (arguments, out, err)
        return out

    def read(self, *arguments: str) -> Any:
        return json.loads(self.done(*arguments, "--json"))

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[str]]:
        process = self.start("up")
        assert process.stdout
        try:
            assert any(line.startswith("ready: http") for line in process.stdout)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "paidan")


def eventually(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """What `condition` gives as soon as it gives something true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)
    return found
