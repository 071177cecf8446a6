"""Debian's redis-server and redis-sentinel for tests: on loopback, with passwords, killed with -9 and started again."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from chaos.processes import end_group
from dispatch.runtime.child_process import die_with_parent
from dispatch.runtime.reservation import free_port

SERVER, SENTINEL = "redis-server", "redis-sentinel"
SECONDS = 20
MASTER = "paidan"


class Node:
    """One process of Redis. It keeps its port and its files over a restart."""

    def __init__(self, folder: Path, program: str, password: str, lines: tuple[str, ...]) -> None:
        self.port, self.password, self.folder = free_port(), password, folder
        self.config = folder / f"{self.port}.conf"
        common = ("bind 127.0.0.1", f"port {self.port}", f'dir "{folder}"', f"requirepass {password}")
        self.config.write_text("\n".join((*common, *lines)) + "\n")
        self.command = [program, str(self.config)]
        self.start()

    def start(self) -> None:
        """Start the process and wait until it answers."""
        with (self.folder / f"{self.port}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, preexec_fn=die_with_parent, start_new_session=True
            )
        deadline = time.monotonic() + SECONDS
        while not self.answers():
            assert self.process.poll() is None, (self.folder / f"{self.port}.log").read_text()[-2000:]
            assert time.monotonic() < deadline, f"no answer at port {self.port}"
            time.sleep(0.05)

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, password=self.password, socket_timeout=2, decode_responses=True)

    def answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def kill(self) -> None:
        end_group(self.process, signal.SIGKILL)


@contextmanager
def server() -> Iterator[Node]:
    """Run a durable server while the block does."""
    with _folder() as folder:
        running = Node(folder, SERVER, secrets.token_hex(8), ("appendonly yes", 'save ""'))
        try:
            yield running
        finally:
            running.kill()


class Watched:
    """A master and its replica, watched by three Sentinels with a password of their own."""

    def __init__(self, folder: Path) -> None:
        self.password, self.own_password = secrets.token_hex(8), secrets.token_hex(8)
        durable = ("appendonly yes", 'save ""', f"masterauth {self.password}", "repl-diskless-sync-delay 0")
        self.nodes = [self._node(folder / "a", durable)]
        self.nodes.append(self._node(folder / "b", (*durable, f"replicaof 127.0.0.1 {self.nodes[0].port}")))
        watching = (
            f"sentinel monitor {MASTER} 127.0.0.1 {self.nodes[0].port} 2",
            f"sentinel auth-pass {MASTER} {self.password}",
            f"sentinel down-after-milliseconds {MASTER} 1000",
            f"sentinel failover-timeout {MASTER} 5000",
        )
        self.sentinels = []
        for number in range(3):
            place = folder / f"sentinel{number}"
            place.mkdir()
            self.sentinels.append(Node(place, SENTINEL, self.own_password, watching))
        self.await_(lambda: self._told("num-slaves") == "1" and self._told("num-other-sentinels") == "2")

    def _node(self, folder: Path, lines: tuple[str, ...]) -> Node:
        folder.mkdir()
        return Node(folder, SERVER, self.password, lines)

    @property
    def url(self) -> str:
        return ";".join(f"sentinel://:{self.password}@127.0.0.1:{each.port}" for each in self.sentinels)

    def master(self) -> Node:
        """Return the node that the Sentinels name now."""
        return next(each for each in self.nodes if str(each.port) == self._told("port"))

    def _other(self) -> Node:
        master = self.master()
        return next(each for each in self.nodes if each is not master)

    def fail_over(self) -> None:
        """Kill the master and wait until the Sentinels name the other node."""
        self.await_(lambda: self._role(self._other()) == "slave")
        self.killed = self.master()
        self.killed.kill()
        self.await_(lambda: self._told("port") != str(self.killed.port))

    def mend(self) -> None:
        """Bring the killed master back, which the Sentinels make a replica within ten seconds."""
        self.killed.start()

    def await_(self, condition: object) -> None:
        deadline = time.monotonic() + SECONDS
        assert callable(condition)
        while not condition():
            assert time.monotonic() < deadline, "the Sentinels don't come to that"
            time.sleep(0.1)

    def close(self) -> None:
        for each in (*self.sentinels, *self.nodes):
            each.kill()

    def _told(self, name: str) -> str:
        with contextlib.suppress(redis.RedisError), self.sentinels[0].client() as client:
            answer = client.execute_command("SENTINEL", "MASTER", MASTER)
            pairs = answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=True))
            return str(pairs.get(name))
        return ""

    def _role(self, node: Node) -> str:
        with contextlib.suppress(redis.RedisError), node.client() as client:
            return str(client.info("replication")["role"])
        return ""


@contextmanager
def watched() -> Iterator[Watched]:
    """Run master, replica and Sentinels while the block does."""
    with _folder() as folder:
        running = Watched(folder)
        try:
            yield running
        finally:
            running.close()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="paidan-redis-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def missing() -> str:
    """Name the programs that this machine lacks."""
    return ", ".join(each for each in (SERVER, SENTINEL) if not shutil.which(each, path=os.environ["PATH"]))
