"""The command as a person runs it, and a whole installation run by `dispatch up`."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import structlog
import typer.main

from dispatch import __main__ as command
from dispatch.routing import loader, plans_file, prehandling_file
from dispatch.settings import PREFIX

PROJECT = Path(__file__).parents[2]
PHOTO = PROJECT / "docs/screenshots/board-installer-phone-light.png"
"""A photo for a report: any will do."""


@dataclass
class Home:
    """One installation. `start` and `run` run the command in a process of its own; `call` runs it in this process,
    which is quicker than to start an interpreter."""

    folder: Path
    project: Path = PROJECT
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        own = {"DISPATCH_HOME": str(self.folder), "DISPATCH_FLOWER_PORT": "0", "DISPATCH_WEB_PORT": "0"}
        own["DISPATCH_QUIET_HOURS"] = "false"  # a test must not depend on the hour at which it runs
        own |= {"DISPATCH_LEASE": "3", "DISPATCH_LANG": "en", **self.settings}
        return {**kept, **own, "PYTHONPATH": str(self.project), "COLUMNS": "100"}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return self.started(self.command(*arguments))

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "dispatch", *arguments]

    def started(self, words: list[str]) -> subprocess.Popen[str]:
        """Start a command of this installation, given with all its words."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return subprocess.Popen(words, cwd=self.project, env=self.environment, text=True, **pipes)  # type: ignore[call-overload, no-any-return]

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run the command in a process; return (exit status, standard output, standard error)."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        return process.returncode, out, err

    def call(self, *arguments: str, given: str = "") -> tuple[int, str, str]:
        """Run `main` in this process with `given` on its standard input; return the same."""
        out, err, status = io.StringIO(), io.StringIO(), 0
        project = {
            "DISPATCH_RULES": str(self.project / "routing_rules.yaml"),
            "DISPATCH_PREHANDLING": str(self.project / "prehandling.yaml"),
        }
        with contextlib.ExitStack() as around:
            around.enter_context(mock.patch.dict(os.environ, {**project, **self.environment}, clear=True))
            around.enter_context(mock.patch.object(sys, "argv", ["dispatch", *arguments]))
            around.enter_context(mock.patch("dispatch.cli.context.silence_logs", _quiet))
            around.enter_context(mock.patch("dispatch.defaults.PROJECT", self.project))
            around.enter_context(contextlib.chdir(self.project))
            around.enter_context(mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()))))
            around.enter_context(contextlib.redirect_stdout(out))
            around.enter_context(contextlib.redirect_stderr(err))
            for module, name, kept in _KEPT:
                around.enter_context(mock.patch.object(module, name, kept))
            try:
                command.main()
            except SystemExit as ended:
                status = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
            finally:
                structlog.reset_defaults()
        return status, out.getvalue(), err.getvalue()

    def done(self, *arguments: str) -> str:
        """Run a command that must succeed; return its standard output."""
        status, out, err = self.call(*arguments)
        assert status == 0, (arguments, out, err)
        return out

    def read(self, *arguments: str) -> Any:
        return json.loads(self.done(*arguments, "--json"))

    def handed_out(self, order: str, person: str) -> str:
        """Load an ONT for this construction order and hand it out to a builder; its serial number."""
        serial = f"ZTEG{int(order[1:]):08X}"
        file = self.folder / f"{serial}.csv"
        file.write_text(f"serial,kind,model,price\n{serial},ont,F670L,200.00\n", encoding="utf-8")
        self.done("device", "load", str(file), "--as", "mo", "--role", "ops")
        file.unlink()
        self.done("device", "hand-out", serial, "--to", person, "--as", "wang", "--role", "network-service-support")
        return serial

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[str]]:
        """Run everything while the block does. SIGTERM ends it in order, and no process is left behind."""
        process = self.start("up")
        try:
            assert process.stdout
            assert any(line.startswith("ready: http") for line in process.stdout), process.communicate(timeout=60)
            yield process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 0
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
            eventually(lambda: not self.processes(), 10)

    def processes(self) -> dict[int, str]:
        """Return the processes of this installation now, with their command lines."""
        return {pid: words for pid, words in _running() if _belongs(pid, self.folder)}

    def child(self, *words: str) -> int:
        """Return the process whose command line has all these words; the eldest where there are several."""
        found = [pid for pid, line in self.processes().items() if all(word in line for word in words)]
        assert found, (words, self.processes())
        return min(found)

    def address(self, name: str) -> str:
        return (self.folder / f"run/{name}.url").read_text().strip()


def _keeping(act: Callable[..., Any]) -> Callable[..., Any]:
    """Return a cached form of `act`: its result is kept for the same arguments, its errors are raised anew."""
    kept: dict[tuple[Any, ...], Any] = {}

    def once(*given: Any) -> Any:
        key = tuple(each if isinstance(each, str | typer.Typer) else tuple(each) for each in given)
        if key not in kept:
            kept[key] = act(*given)
        return kept[key]

    return once


_KEPT = [
    (module, name, _keeping(getattr(module, name)))
    for module, name in (
        (loader, "parse"),
        (plans_file, "parse"),
        (prehandling_file, "parse"),
        (typer.main, "get_command"),
    )
]
"""Functions whose result depends on their arguments alone and which take most of a command's time: reading the files,
making the commands."""


def _quiet() -> None:
    """Set up logs as commands do, without the cache that would keep this call's streams for later tests."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), cache_logger_on_first_use=False
    )


def _running() -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # the process ended meanwhile
            if words := (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                yield int(folder.name), words


def _belongs(pid: int, folder: Path) -> bool:
    """Return whether a process belongs to the installation: by its environment, or, for the broker, by its working
    directory."""
    with contextlib.suppress(OSError):
        if f"DISPATCH_HOME={folder}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes():
            return True
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)
    return False


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "paidan")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """An installation that runs for all tests of a module."""
    shared = Home(tmp_path_factory.mktemp("running") / "paidan")
    with shared.up():
        yield shared


def eventually(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Return the first true result of `condition`, asked again and again. Fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)
    return found
