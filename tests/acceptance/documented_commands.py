"""The commands of a page, typed as they are printed.

The fenced blocks of a page, by their language and the word behind it:

    sh               typed in a terminal that goes on through the page
    sh background    typed in a terminal of its own, where the last command goes on running
    sh WORD          typed by the test that asks for it
    text             a part of the output of the commands before it
    json             the whole output of the last command before it
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dispatch.settings import PREFIX
from tests.acceptance.conftest import PROJECT

PATIENCE = 40
"""Seconds for which a command is typed again while the workers have not yet done their part."""
NOT_YET = (3, 4)
"""Exit statuses of such a command: refused in this state, not found."""
STARTED = 90
"""Seconds within which a command in the background must say that it is ready."""


@dataclass(frozen=True)
class Block:
    language: str
    word: str
    text: str


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page in their order."""
    found: list[Block] = []
    head: str | None = None
    inside: list[str] = []
    for line in page.read_text(encoding="utf-8").splitlines():
        if not line.startswith("```"):
            inside.append(line)
        elif head is None:
            head, inside = line.removeprefix("```"), []
        else:
            language, _, word = head.partition(" ")
            found.append(Block(language, word, "".join(f"{each}\n" for each in inside)))
            head = None
    assert head is None, f"{page}: a block is not closed"
    return found


def statements(text: str) -> list[str]:
    """Return the commands of a block, without comments; a here-document belongs to its command."""
    found: list[str] = []
    lines = iter(text.splitlines())
    for line in lines:
        command = re.sub(r"(^|\s+)#\s.*$", "", line)
        if here := re.search(r"<<'?(\w+)'?$", command):
            for more in lines:
                command += f"\n{more}"
                if more == here.group(1):
                    break
        if command.strip():
            found.append(command)
    return found


def bare(output: str) -> str:
    """Return the text without the parts that differ between runs: moments, versions of rules, blanks at a line's
    end."""
    output = "".join(f"{line.rstrip()}\n" for line in output.splitlines())
    return re.sub(r"@[0-9a-f]{12}:\d+", "@RULES", re.sub(r"\d\d:\d\d:\d\d", "HH:MM:SS", output))


@dataclass
class Terminal:
    """A shell. Exports and the current folder of one command last for the next.

    `instead` maps the parts of a page that it cannot know, such as an address, to the text typed in their place.
    `unlike` collects the outputs that the page shows otherwise, each with the real output.
    """

    folder: Path
    environment: Mapping[str, str]
    instead: dict[str, str] = field(default_factory=dict)
    unlike: list[tuple[str, str]] = field(default_factory=list)

    def type(self, command: str, wanted: str = "") -> str:
        """Type the command until it succeeds and prints `wanted`; return its output."""
        patient = time.monotonic() + PATIENCE
        while True:
            status, out, err = self._once(command)
            if status == 0 and wanted in out:
                return out
            assert wanted or status in NOT_YET, (command, status, out, err)
            assert time.monotonic() < patient, (command, status, out, err)
            time.sleep(0.2)

    def _once(self, command: str) -> tuple[int, str, str]:
        read, write = os.pipe()
        keep = f"set -a\n{self.typed(command)}\nleft=$?; {{ pwd; env -0; }} >&{write}; exit $left"
        with os.fdopen(read) as state:
            process = self._start(keep, (write,))
            os.close(write)
            kept = state.read()  # for as long as the command runs
        out, err = process.communicate(timeout=300)
        folder, _, variables = kept.partition("\n")
        if folder:  # a shell that the command itself ended leaves no state
            self.folder = Path(folder)
            self.environment = dict(each.split("=", 1) for each in variables.split("\0") if each)
        return process.returncode, out, err

    def _start(self, script: str, kept: tuple[int, ...] = (), **more: object) -> subprocess.Popen[str]:
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=kept,
            **more,
        )

    def typed(self, command: str) -> str:
        for printed, instead in self.instead.items():
            command = command.replace(printed, instead)
        return command

    @contextmanager
    def background(self, block: Block, log: Path, ready: str = "") -> Iterator[str]:
        """Type the block in a terminal of its own, whose last command runs until the `with` is over; yield the line
        with which it said that it is ready."""
        other = Terminal(self.folder, self.environment, self.instead)
        *before, last = statements(block.text)
        for command in before:
            other.type(command)
        with log.open("w") as written:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {other.typed(last)}"],
                cwd=other.folder,
                env=other.environment,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
            )
        try:
            yield _line(log, ready, process) if ready else ""
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()
            process.wait()

    def read(self, page: Path, wanted: Mapping[str, str], running: contextlib.ExitStack | None = None) -> None:
        """Type the page's commands, and note each shown output that differs from the real one.

        `wanted` maps a command to its output once the workers have done their part, for commands that would succeed
        before that or fail until then. JSON that is called a request is no output. Background commands run until
        `running` is closed.
        """
        printed: list[str] = []
        for number, block in enumerate(blocks(page)):
            if block.language == "sh" and not block.word:
                printed = [self.type(each, wanted.get(each, "")) for each in statements(block.text)]
            elif block.word == "background" and running:
                running.enter_context(self.background(block, self.folder / f"background{number}.log"))
            elif block.language == "text" and bare(self.typed(block.text)) not in bare("".join(printed)):
                self.unlike.append((block.text, "".join(printed)))
            elif (
                block.language == "json"
                and not block.word
                and json.loads(self.typed(block.text)) != json.loads(printed[-1])
            ):
                self.unlike.append((block.text, printed[-1]))


def _line(log: Path, ready: str, process: subprocess.Popen[bytes]) -> str:
    patient = time.monotonic() + STARTED
    while not (found := [line for line in log.read_text().splitlines() if line.startswith(ready)]):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < patient, log.read_text()
        time.sleep(0.1)
    return found[0]


def repository(folder: Path) -> Path:
    """Make a repository of this checkout as it is now, committed or not, for the page's `git clone`."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name, follow_symlinks=False)
    author = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", "as it is"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def set_up(checkout: Path) -> None:
    """Set the clone up as `make setup` does, with the packages of the tests' own virtual environment."""
    commands = checkout / ".venv/bin"
    commands.mkdir(parents=True)
    for name, words in (("dispatch", "-m dispatch"), ("celery", "-m celery"), ("python", "")):
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (commands / name).chmod(0o755)
    (checkout / ".venv/.ready").touch()


def newcomer(home: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a person with no setting of ours, except the settings that keep tests apart."""
    ours = (PREFIX, "PYTHON", "MAKE", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    free = {"DISPATCH_WEB_PORT": "0", "DISPATCH_FLOWER_PORT": "0", "DISPATCH_LEASE": "3"}
    return {**kept, "HOME": str(home), "COLUMNS": "100", "PYTHONPATH": ".", **free, **settings}
