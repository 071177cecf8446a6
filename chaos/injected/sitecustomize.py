"""Python imports this module first in every child process of chaos; it patches modules so that they misbehave.

CHAOS_FAILPOINTS names the folder of failpoints, CHAOS_BENT lists names from BENDS. A module is patched when it is
imported; all others stay as they are.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.util
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

ROLE = os.environ.get("SUPERVISED_AS", "").rstrip("0123456789")
FAILPOINTS = os.environ.get("CHAOS_FAILPOINTS")


def at(place: str) -> None:
    """Die here if this failpoint of this role is armed."""
    if FAILPOINTS:
        try:
            os.unlink(f"{FAILPOINTS}/{ROLE}.{place}")
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


# -- failpoints ----------------------------------------------------------------------------------------


def _around_commits(database: ModuleType, before: Callable[[], None], after: Callable[[], None]) -> None:
    write = database.Database.write

    @contextlib.contextmanager
    def bent(self: Any) -> Iterator[Any]:
        with write(self) as tx:
            yield tx
            before()
        after()

    database.Database.write = bent


def _commits(database: ModuleType) -> None:
    _around_commits(database, lambda: at("before-commit"), lambda: at("committed"))


def _publishes(messaging: ModuleType) -> None:
    publish = messaging.Producer.publish

    def dying(self: Any, body: Any, *arguments: Any, **options: Any) -> Any:
        if not _is_task(body):
            return publish(self, body, *arguments, **options)
        at("before-publish")
        given = publish(self, body, *arguments, **options)
        at("published")
        return given

    messaging.Producer.publish = dying


def _acknowledgements(redis: ModuleType) -> None:
    ack = redis.QoS.ack

    def dying(self: Any, tag: Any) -> Any:
        at("before-acknowledgement")
        given = ack(self, tag)
        at("acknowledged")
        return given

    redis.QoS.ack = dying


def _hands_in(sms: ModuleType) -> None:
    send = sms.SimulatedSmsGateway.send

    def dying(self: Any, messages: Any) -> None:
        send(self, messages)
        at("handed-in")

    sms.SimulatedSmsGateway.send = dying


def _is_task(body: Any) -> bool:
    """Return whether a message is a task's (arguments, keywords, rest) and not one of Celery's events."""
    return isinstance(body, tuple) and len(body) == 3


# -- bends ---------------------------------------------------------------------------------------------


def _copies(messaging: ModuleType) -> None:
    """Every message is published 2 to 5 times, some copies behind later messages.

    A message without hops isn't copied: its chain runs on empty, and copies of copies would never end.
    """
    publish = messaging.Producer.publish
    late: list[tuple[Any, Any, Any]] = []
    told = Path(os.environ["CHAOS_COPIES"])

    def copying(self: Any, body: Any, *arguments: Any, **options: Any) -> Any:
        given = publish(self, body, *arguments, **options)
        if _is_task(body) and body[0] and body[0][0]:
            late.extend([(body, arguments, options)] * random.randint(1, 4))
            random.shuffle(late)
            now = [late.pop() for _ in range(max(1, len(late) - 30))]
            for copied, its_arguments, its_options in now:
                publish(self, copied, *its_arguments, **its_options)
            with told.open("a") as file:
                file.write("." * len(now))
        return given

    messaging.Producer.publish = copying


def _no_lease_sweep(outbox: ModuleType) -> None:
    """The relay trusts the broker: a hop that was sent is never due again."""

    def due(self: Any, now: Any) -> Any:
        return outbox.and_(self.c.wake_at <= now, self.c.state.in_(["due"]))

    outbox.Outbox.due = due


def _no_generation_check(outbox: ModuleType) -> None:
    """The worker acts on a message without checking its row's generation."""

    made = outbox.Outbox.__init__

    def believing(self: Any, *arguments: Any, **options: Any) -> None:
        made(self, *arguments, **options)
        self.those = self.at_work_on = outbox.in_list_parameter(self.c.id, "ids")

    def named(tx: Any, pairs: Any) -> Any:
        return outbox.list_parameters(tx, ids=[row_id for row_id, _ in pairs])

    outbox.Outbox.__init__, outbox.Outbox.named = believing, staticmethod(named)


def _poison(line_test: ModuleType) -> None:
    """Lines whose test raises, or kills the process that tests them, by a file of `NUMBER raises|kills` lines."""
    sound = line_test.SimulatedLineTester._line
    file = Path(os.environ["CHAOS_POISON"])

    def line(self: Any, number: str) -> Any:
        if file.exists():
            how = dict(each.split() for each in file.read_text().splitlines()).get(number)
            if how == "kills":
                os.kill(os.getpid(), signal.SIGKILL)
            if how == "raises":
                raise ValueError(number)
        return sound(self, number)

    line_test.SimulatedLineTester._line = line


def _old_version(noc: Any) -> None:
    """A worker of a release in which NOC's lines were not yet tested."""
    noc.STRETCH = noc.Stretch()


def _no_quarantine(outbox: Any) -> None:
    """A failing hop is retried for ever."""
    outbox.MOST_FAILURES = 1_000_000


def _no_putting_back(hop: Any) -> None:
    """A message that Celery drops is not put back; its lease returns it as a failure."""
    hop.put_back = lambda _pairs: None


def _dozing(connection: ModuleType) -> None:
    """A process that can't reach the broker sleeps for 20 seconds before it tries again."""
    ensure = connection.Connection.ensure_connection

    def dozing(self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return ensure(self, *arguments, **options)
        except Exception:
            time.sleep(20)
            raise

    connection.Connection.ensure_connection = dozing


def _web_asks_broker(database: Any) -> None:
    """The web process contacts the broker after each commit, as many systems do: the caller then waits for the broker
    too."""
    if ROLE != "web":
        return
    broker = urlsplit(os.environ["DISPATCH_BROKER_URL"])

    def ask() -> None:
        with contextlib.suppress(OSError), socket.create_connection((broker.hostname, broker.port), 1) as connection:
            connection.sendall(b"PING\r\n")
            if connection.recv(1):
                return
        time.sleep(1)

    _around_commits(database, lambda: None, ask)


Bend = tuple[str, Callable[[ModuleType], None]]
BENDS: dict[str, Bend] = {
    "copies": ("kombu.messaging", _copies),
    "poison": ("dispatch.ports.line_test", _poison),
    "old-version": ("workers.teams.noc", _old_version),
    "no-quarantine": ("dispatch.storage.outbox", _no_quarantine),
    "no-putting-back": ("workers.hop", _no_putting_back),
    "dozing": ("kombu.connection", _dozing),
    "web-asks-broker": ("dispatch.storage.database", _web_asks_broker),
    "no-lease-sweep": ("dispatch.storage.outbox", _no_lease_sweep),
    "no-generation-check": ("dispatch.storage.outbox", _no_generation_check),
}
"""By name: the module that is patched, and the patch."""


class _WhenImported(importlib.abc.MetaPathFinder):
    """Lets a module be imported as usual, then patches it."""

    def __init__(self, bends: list[Bend]) -> None:
        self.bends = bends

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        mine = [bend for module, bend in self.bends if module == name]
        if not mine:
            return None
        self.bends = [each for each in self.bends if each[0] != name]
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def execute_and_bend(module: ModuleType) -> None:
            execute(module)
            for bend in mine:
                bend(module)

        spec.loader.exec_module = execute_and_bend  # type: ignore[method-assign]
        return spec


def _wanted() -> list[Bend]:
    wanted = [BENDS[name] for name in os.environ.get("CHAOS_BENT", "").split()]
    if FAILPOINTS and ROLE:
        wanted += [
            ("dispatch.storage.database", _commits),
            ("kombu.messaging", _publishes),
            ("kombu.transport.redis", _acknowledgements),
            ("dispatch.ports.sms", _hands_in),
        ]
    return wanted


if bends := _wanted():
    sys.meta_path.insert(0, _WhenImported(bends))
