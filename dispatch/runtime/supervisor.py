"""`dispatch up`: run broker, relay, workers, web and Flower as child processes, restart those that die, stop all.

Each is a process of its own, so that the death of one costs only the time until it is restarted.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import IO

from dispatch.defaults import PROJECT
from dispatch.domain.system_faults import at_file, system_fault
from dispatch.domain.title import Wording, same
from dispatch.errors import NotStarted
from dispatch.runtime.child_process import die_with_parent
from dispatch.runtime.private_files import close_home
from dispatch.runtime.reservation import LOCK, broker_program, free_port, reserve
from dispatch.settings import Settings, local_url

READY_SECONDS = 60  # how long a child may take to become ready
STOP_SECONDS = 40  # before a child is killed; longer than a worker's soft shutdown
FLOWER_CONFIG = PROJECT / "workers/flower_config.py"
SHARED_METRICS = "PROMETHEUS_MULTIPROC_DIR"
LARGEST_LOG = 10_000_000  # bytes; a larger log is renamed to .log.1 at the child's next start

_EXCEPTION = re.compile(r"^dispatch\.errors\.[\w.]+: ")
"""What a traceback writes before the message of an error of our own, which is a sentence."""

Told = Callable[[Wording], None]
"""Shows an event of the running installation to a person."""


@dataclass
class Child:
    """One supervised process. `ready` says whether it answers; `feed` is written to its standard input.

    It isn't restarted before `not_before`, a time of the monotonic clock in seconds.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    feed: str = ""
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    not_before: float = 0.0
    log: IO[bytes] | None = field(default=None, repr=False)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Stack:
    """The child processes of one installation. Call it only from the thread that made it: the kernel kills the children
    when the thread that started them ends."""

    def __init__(
        self,
        settings: Settings,
        told: Told = lambda _: None,
        flower: bool = True,
        web: bool = True,
        beside: Mapping[str, list[str]] = MappingProxyType({}),
        lock: IO[str] | None = None,
    ) -> None:
        """Take the installation's lock and plan the children. Raises AlreadyRunning, MissingPart.

        `beside`: further commands by name; each must call `mark_ready`, as the workers do. `lock`: from `reserve`,
        when the caller has reserved the home already.
        """
        self.settings = settings
        self.told = told
        self.flower_url = self.web_url = ""
        self.children: list[Child] = []
        self._lock = lock or reserve(settings, web=web, flower=flower)
        if closed := close_home(settings.root):
            self.told(closed)
        (settings.root / "log").mkdir(exist_ok=True, mode=0o700)
        for mark in settings.run.glob("*.ready"):
            mark.unlink()
        environment = self._broker()
        if web:
            port = settings.web_port or free_port()
            environment["DISPATCH_WEB_PORT"] = str(port)  # workers put the web's address into survey links and QR codes
        self._add("relay", [sys.executable, "-m", "workers.relay"], environment)
        for number in range(1, settings.workers + 1):
            self._add(f"worker{number}", _worker_command(f"worker{number}"), environment)
        if web:
            self._web(environment)
        if flower:
            self._flower(environment)
        for name, command in beside.items():
            self._add(name, command, environment)

    def start(self) -> None:
        """Start all children and wait until they answer. Raises MissingPart, after stopping those that run."""
        try:
            for child in self.children:
                self._spawn(child)
                if child.name == "broker":
                    self._await(child)
            for child in self.children:
                self._await(child)
                pid = child.process.pid if child.process else "-"
                self.told(Wording(f"{child.name} 已就绪（进程 {pid}）", f"{child.name} answers (process {pid})"))
        except BaseException:
            self.stop()
            raise

    def tend(self) -> None:
        """Restart dead children with a backoff of up to 5 s. Call it a few times a second."""
        for child in self.children:
            if child.alive or time.monotonic() < child.not_before:
                continue
            child.restarts += 1
            child.not_before = time.monotonic() + min(0.2 * 2 ** min(child.restarts, 5), 5)
            self.told(_obituary(child, self.settings.zone))
            try:
                self._spawn(child)
            except OSError as wrong:  # no memory for a process, say: the others go on, and this one is tried again
                why = system_fault(wrong)
                self.told(Wording(f"{child.name} 启动不了：{why.zh}", f"{child.name} can't be started: {why.en}"))

    def stop(self) -> None:
        """Stop all children, the broker last; kill those that don't stop within STOP_SECONDS."""
        others = [child for child in self.children if child.name != "broker"]
        brokers = [child for child in self.children if child.name == "broker"]
        for group in (others, brokers):
            for child in group:
                if child.alive and child.process:
                    child.process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            for child in group:
                if child.process is None:
                    continue
                try:
                    child.process.wait(max(0.1, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    child.process.kill()
                    child.process.wait()
                if child.log:
                    child.log.close()
        for mark in (
            *self.settings.run.glob("*.ready"),
            self.settings.run / "broker.url",
            self.settings.run / "flower.url",
            self.settings.run / "web.url",
        ):
            mark.unlink(missing_ok=True)
        self._lock.close()

    def _add(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        mark = self.settings.run / f"{name}.ready"

        def answers() -> bool:
            with contextlib.suppress(OSError, ValueError):
                return child.process is not None and int(mark.read_text()) == child.process.pid
            return False

        child = Child(name, command, {**environment, "SUPERVISED_AS": name}, answers)
        self.children.append(child)

    def _broker(self) -> dict[str, str]:
        """Plan the embedded broker unless the settings name one; return the environment of the other children."""
        environment = {**os.environ, "DISPATCH_HOME": str(self.settings.root), SHARED_METRICS: self._metrics()}
        environment["DISPATCH_METRICS_PORT"] = "0"  # the web shows the metrics of all
        if self.settings.broker_url is not None:
            return environment
        port, password = free_port(), secrets.token_hex(16)
        folder = self.settings.root / "broker"
        folder.mkdir(exist_ok=True, mode=0o700)
        config = "\n".join(
            (
                "bind 127.0.0.1",
                f"port {port}",
                f"requirepass {password}",
                f'dir "{folder}"',
                "appendonly yes",  # queued messages survive a restart
                'save ""',
                "maxmemory-policy noeviction",
                "daemonize no",
                "loglevel warning",
            )
        )
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        child = Child("broker", [broker_program(), "-"], {}, lambda: _pong(port, password), feed=config)
        self.children.append(child)
        _write_private(self.settings.run / "broker.url", url)
        return {**environment, "DISPATCH_BROKER_URL": url}

    def _metrics(self) -> str:
        """Make an empty folder into which the relay, the workers and the web write their metrics."""
        folder = self.settings.run / "metrics"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return str(folder)

    def _web(self, environment: Mapping[str, str]) -> None:
        port = int(environment["DISPATCH_WEB_PORT"])
        here = local_url(self.settings.web_address, port)
        self.web_url = self.settings.web_url or here
        _write_private(self.settings.run / "web.url", here)
        command = [sys.executable, "-m", "dispatch.web"]
        own = {**environment, "SUPERVISED_AS": "web"}
        self.children.append(Child("web", command, own, lambda: _serves(f"{here}/healthz")))

    def _flower(self, environment: Mapping[str, str]) -> None:
        port = self.settings.flower_port or free_port()
        self.flower_url = local_url(self.settings.flower_address, port)
        _write_private(self.settings.run / "flower.url", self.flower_url)
        command = [sys.executable, "-m", "celery", "-A", "workers.app", "flower", f"--conf={FLOWER_CONFIG}"]
        own = {name: value for name, value in environment.items() if name != SHARED_METRICS}
        own["DISPATCH_FLOWER_PORT"] = str(port)
        self.children.append(Child("flower", command, own, lambda: _serves(f"{self.flower_url}/healthcheck")))

    def _spawn(self, child: Child) -> None:
        if child.log:
            child.log.close()
        child.log = self._open_log(child.name)
        child.process = subprocess.Popen(
            child.command,
            env=dict(child.environment),
            stdin=subprocess.PIPE if child.feed else subprocess.DEVNULL,
            stdout=child.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # only the supervisor gets Ctrl-C, and stops the children in order
            preexec_fn=die_with_parent,
        )
        if child.feed and child.process.stdin:
            child.process.stdin.write(child.feed.encode())
            child.process.stdin.close()

    def _open_log(self, name: str) -> IO[bytes]:
        """The child's log; without room for one, its words are lost, for it is needed all the more."""
        file = self.settings.root / "log" / f"{name}.log"
        try:
            if file.exists() and file.stat().st_size > LARGEST_LOG:
                file.rename(file.with_suffix(".log.1"))
            return file.open("ab")
        except OSError as wrong:
            why = system_fault(wrong)
            self.told(Wording(f"log/{name}.log 写不了：{why.zh}", f"log/{name}.log can't be written: {why.en}"))
            return Path(os.devnull).open("ab")

    def _await(self, child: Child) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not child.ready():
            if not child.alive or time.monotonic() > deadline:
                raise NotStarted(part=child.name, why=self._last_words(child))
            time.sleep(0.05)

    def _last_words(self, child: Child) -> Wording:
        lines = (self.settings.root / "log" / f"{child.name}.log").read_text(errors="replace").strip().splitlines()
        if not lines:
            return Wording("没有任何输出", "it said nothing")
        return same(_EXCEPTION.sub("", lines[-1]))


def _obituary(child: Child, zone: tzinfo) -> Wording:
    """Say when and how a child ended, and that it is started again."""
    at = datetime.now(zone).strftime("%H:%M:%S")
    status = child.process.returncode if child.process else None
    if status is None or status >= 0:
        how = Wording(f"以状态 {status} 退出", f"ended with exit status {status}")
    else:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        how = Wording(f"被 {name} 终止", f"was ended by {name}")
    log = f"log/{child.name}.log"
    return Wording(
        f"{at} {child.name} {how.zh}，第{child.restarts}次重新启动；日志 {log}",
        f"{at} {child.name} {how.en}, started again (restart {child.restarts}); see {log}",
    )


def is_running(settings: Settings) -> bool:
    """Return whether a `dispatch up` runs in this home."""
    file = settings.run / LOCK
    if not file.exists():
        return False
    with file.open() as lock:  # for reading: who only looks changes nothing
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _worker_command(name: str) -> list[str]:
    options = [
        "--concurrency=1",
        "--loglevel=WARNING",
        f"--hostname={name}@%h",
        "-E",
        "--without-gossip",
        "--without-mingle",
    ]
    return [sys.executable, "-m", "celery", "-A", "workers.app", "worker", *options]


def _pong(port: int, password: str) -> bool:
    """Return whether the embedded broker answers and accepts our password."""
    import redis  # imported here because it takes a tenth of a second and only `dispatch up` needs it

    try:
        with redis.Redis(port=port, password=password, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _serves(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 — our own loopback address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _write_private(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as out:
            out.write(text + "\n")
    except OSError as wrong:
        raise at_file(wrong, file) from None
