"""docker-compose.yml for tests: its services run as processes on loopback, because no image is available here.

Things that a container has and a process lacks are replaced: paths within it, a port of its own, names of other
services. Commands, variables, health checks and the order by `depends_on` are taken from the file.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

PROJECT = Path(__file__).parents[2]
FILE = PROJECT / "docker-compose.yml"
PORTS = {"postgres": 5432, "redis": 6379, "web": 8000, "flower": 5555}
METRICS_PORT = 9100


def load() -> dict[str, Any]:
    made: dict[str, Any] = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))
    return made


def ours(service: Mapping[str, Any]) -> bool:
    return str(service["image"]).startswith("paidan:")


def default_of(value: object) -> str:
    """Return the value of a variable for a person who has set nothing."""
    return re.sub(r"\$\{[A-Z_]+:?-?([^}]*)\}", r"\1", str(value))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class Container:
    """One service as a process."""

    name: str
    service: Mapping[str, Any]
    places: Mapping[str, str]
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "log"
        (self.folder / "run").mkdir(parents=True, mode=0o700)  # the tmpfs
        (self.folder / "backups").mkdir(mode=0o700)

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables given by the file, and the few that a process needs from its image."""
        given = {name: self.placed(default_of(value)) for name, value in self.service.get("environment", {}).items()}
        return {"PATH": f"{self.folder.parent}/bin:{os.environ['PATH']}", "LANG": "C.UTF-8", **given}

    @property
    def command(self) -> list[str]:
        return [self.placed(word) for word in self.service["command"]]

    def placed(self, text: str) -> str:
        return _placed(text, self.places)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=PROJECT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def run_once(self) -> int:
        self.start()
        assert self.process
        return self.process.wait(120)

    def is_healthy(self) -> bool:
        """Return whether the file's own health check succeeds now."""
        kind, *words = self.service["healthcheck"]["test"]
        words = [self.placed(word) for word in words]
        if kind == "CMD-SHELL":
            words = ["sh", "-c", *words]
        else:
            assert kind == "CMD", kind
        done = subprocess.run(words, cwd=PROJECT, env=self.environment, capture_output=True, check=False)
        return done.returncode == 0

    def await_health(self) -> None:
        """Wait until the health check succeeds, at most twice as long as the file allows: many services share few
        cores."""
        check = self.service["healthcheck"]
        seconds = _seconds(check.get("start_period", "0s")) + int(check["retries"]) * _seconds(check["interval"])
        deadline = time.monotonic() + 2 * seconds
        while not self.is_healthy():
            assert self.process is None or self.process.poll() is None, f"{self.name} ended: {self.said()}"
            assert time.monotonic() < deadline, f"{self.name} isn't healthy: {self.said()}"
            time.sleep(0.3)

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    def stop(self) -> int | None:
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_seconds(self.service.get("stop_grace_period", "10s")))
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()


def _seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def secrets(folder: Path, ports: Mapping[str, int]) -> None:
    """Make the secrets by the project's own script; only the addresses in them are changed."""
    subprocess.run(["sh", str(PROJECT / "deploy/secrets.sh"), str(folder)], check=True)
    for file in folder.iterdir():
        text = file.read_text()
        for name in ("postgres", "redis"):
            text = text.replace(f"@{name}:{PORTS[name]}", f"@127.0.0.1:{ports[name]}")
        file.chmod(0o600)
        file.write_text(text)


def tools(folder: Path, valkey: str, postgres_bin: Path) -> None:
    """Make the programs of the images, by the names that the file uses."""
    folder.mkdir()
    (folder / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    (folder / "celery").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m celery "$@"\n')
    (folder / "redis-cli").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {_PING} "$@"\n')
    for script in folder.iterdir():
        script.chmod(0o755)
    (folder / "redis-server").symlink_to(valkey)
    for name in ("pg_isready", "pg_dump", "pg_restore"):
        (folder / name).symlink_to(postgres_bin / name)


_PING = Path(__file__).with_name("redis_cli.py")


def containers(composed: Mapping[str, Any], folder: Path, ports: Mapping[str, int]) -> Iterator[Container]:
    """All services of ours and the broker, as many of each as the file wants."""
    for name, service in composed["services"].items():
        if not ours(service) and name != "redis":
            continue
        for number in range(service.get("deploy", {}).get("replicas", 1)):
            instance = f"{name}-{number + 1}"
            home = folder / instance
            yield Container(instance, service, _places(home, folder, ports, composed), home)


def _places(home: Path, folder: Path, ports: Mapping[str, int], composed: Mapping[str, Any]) -> dict[str, str]:
    redis_conf = folder / "redis.conf"
    found = {
        "/etc/redis/redis.conf": str(redis_conf),
        "/var/lib/paidan": str(home),
        "/var/backups/paidan": str(home / "backups"),
        "/usr/local/bin/paidan-backup": str(PROJECT / "deploy/backup.sh"),
        "/run/secrets": str(folder / "secrets"),
        "/app/": f"{PROJECT}/",
        "/etc/paidan/": f"{PROJECT}/",  # deploy/config.sh copies the files from there
        "0.0.0.0": "127.0.0.1",
        str(METRICS_PORT): str(free_port()),
        **{str(port): str(ports[name]) for name, port in PORTS.items()},
    }
    if not redis_conf.exists():
        (given,) = [each for each in composed["services"]["redis"]["volumes"] if each.endswith("redis.conf:ro")]
        text = (PROJECT / given.split(":")[0]).read_text()
        text = text.replace("bind * -::*", "bind 127.0.0.1").replace("dir /data", f"dir {folder}")
        redis_conf.write_text(_placed(text, found))
    return found


def _placed(text: str, places: Mapping[str, str]) -> str:
    """Replace paths, names and ports of a container by those here, in one pass, because one port's new number may
    contain another's old one."""
    return re.sub("|".join(map(re.escape, places)), lambda found: places[found[0]], text)
