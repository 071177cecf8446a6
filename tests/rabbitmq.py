"""A RabbitMQ node (Debian's rabbitmq-server) for tests: on loopback, with all its files in a temporary folder, and able
to die by kill -9 and come back."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kombu import Connection

from chaos.processes import end_group
from dispatch.runtime.child_process import die_with_parent
from dispatch.runtime.reservation import free_port

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's own wrapper in /usr/sbin changes the user and writes its log elsewhere."""
SECONDS = 90
"""Time in which a node must start."""
_CONFIG = """\
loopback_users.guest = true
disk_free_limit.absolute = 1MB
log.console.level = warning
"""


class RabbitMQ:
    """A node with a name, ports, a cookie and a port mapper (epmd) of its own, so that it disturbs no other."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        mapper, distribution = free_port(), free_port()
        (folder / "rabbitmq.conf").write_text(_CONFIG)
        (folder / "plugins").write_text("[].\n")
        self.environment: Mapping[str, str] = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),  # of the cookie
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"paidan{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",  # one scheduler, no busy waiting
        }
        self._mapper = self._run("epmd")
        self.start()

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        """Start the node and wait until it takes connections with a name and a password."""
        self._node = self._run(str(PROGRAM))
        deadline = time.monotonic() + SECONDS
        while not self.answers():
            assert self._node.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.2)

    def answers(self) -> bool:
        asked = Connection(self.url, connect_timeout=2)
        with asked, contextlib.suppress(OSError, *asked.connection_errors):
            asked.connect()
            return True
        return False

    def kill(self) -> None:
        """Kill -9 the node, as in a power failure."""
        end_group(self._node, signal.SIGKILL)

    def control(self, *words: str) -> str:
        """Ask `rabbitmqctl`; return its answer."""
        command = [str(PROGRAM.with_name("rabbitmqctl")), "--quiet", *words]
        done = subprocess.run(
            command, env=dict(self.environment), capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    def queues(self) -> list[str]:
        """Name the queues of all virtual hosts."""
        hosts = self.control("list_vhosts", "name").split()
        return [name for host in hosts for name in self.control("list_queues", "-p", host, "name").split()]

    def said(self) -> str:
        return (self.folder / "out").read_text(errors="replace")[-3000:]

    def close(self) -> None:
        self.kill()  # nobody needs what it still holds
        end_group(self._mapper, signal.SIGKILL)

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / "out").open("ab") as out:
            return subprocess.Popen(
                command,
                env=dict(self.environment),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                preexec_fn=die_with_parent,
                start_new_session=True,
            )


@contextmanager
def node() -> Iterator[RabbitMQ]:
    """Run a node while the block does."""
    folder = Path(tempfile.mkdtemp(prefix="paidan-rabbitmq-"))
    try:
        running = RabbitMQ(folder)
        try:
            yield running
        finally:
            running.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
