"""What is done to an installation: kills, at random and at failpoints, and the broker's and the connections' troubles.

A kill gives how many processes it killed; every act notes a setback, which the stage sees out.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Mapping

import redis

from chaos import failpoints
from chaos.installation import pool
from chaos.processes import kill
from chaos.stage import Stage

HIT_SECONDS = 20
"""Seconds for which a failpoint stays armed; the load passes each of them many times a minute."""
TROUBLE_SECONDS = 2.0

Act = Callable[[Stage, random.Random], None]


def _killed(stage: Stage, what: str, hops: dict[int, int]) -> None:
    stage.kills += 1
    stage.done[what] += 1
    stage.recovery.note(what, hops)


def kill_pool_child(stage: Stage, dice: random.Random) -> None:
    """The process in which a worker's tasks run."""
    children = [pid for worker in stage.here.workers() for pid in pool(worker)]
    if children:
        hops = stage.recovery.hops()
        kill(dice.choice(children))
        _killed(stage, "pool child", hops)


def _kill_child(stage: Stage, name: str, what: str) -> None:
    child = stage.here.child(name)
    assert child.process is not None
    hops = stage.recovery.hops()
    kill(child.process.pid)
    child.process.wait()
    _killed(stage, what, hops)


def kill_worker(stage: Stage, dice: random.Random) -> None:
    """Kill a worker's main process, with the messages it has fetched; its pool dies with it."""
    _kill_child(stage, dice.choice(stage.here.workers()).name, "worker")


def kill_relay(stage: Stage, _dice: random.Random) -> None:
    _kill_child(stage, "relay", "relay")


def kill_web(stage: Stage, _dice: random.Random) -> None:
    _kill_child(stage, "web", "web")


def kill_broker(stage: Stage, _dice: random.Random) -> None:
    _kill_child(stage, "broker", "broker")


def kill_database(stage: Stage, dice: random.Random) -> None:
    """Kill all processes of PostgreSQL at once; it comes back after a moment."""
    postgres = stage.here.postgres
    assert postgres is not None
    hops = stage.recovery.hops()
    postgres.kill()
    _killed(stage, "database", hops)
    stage.wait(dice.uniform(0, 1))
    postgres.start()


def at_failpoint(name: str) -> Act:
    """Arm the failpoint; the first process that reaches it dies."""

    def act(stage: Stage, _dice: random.Random) -> None:
        points = stage.here.failpoints
        points.arm(name)
        if stage.until(lambda: points.was_hit(name), HIT_SECONDS) or not points.disarm(name):
            _killed(stage, name, stage.recovery.hops())

    return act


def _trouble(stage: Stage, what: str, begin: Callable[[], object], end: Callable[[], object]) -> None:
    """Keep it up for a while; recovery counts from its end."""
    hops = stage.recovery.hops()
    begin()
    try:
        stage.wait(TROUBLE_SECONDS)
    finally:
        end()
    stage.done[what] += 1
    stage.recovery.note(what, hops | stage.recovery.hops())


def _broker(stage: Stage) -> redis.Redis:
    return redis.Redis.from_url(stage.here.stack.broker_url, socket_timeout=5)


def empty_broker(stage: Stage, _dice: random.Random) -> None:
    hops = stage.recovery.hops()
    with _broker(stage) as broker:
        broker.flushall()
    stage.done["broker emptied"] += 1
    stage.recovery.note("broker emptied", hops)


def pause_broker(stage: Stage, _dice: random.Random) -> None:
    """Stop the broker's process; its connections stay open."""
    process = stage.here.child("broker").process
    assert process is not None
    _trouble(
        stage,
        "broker paused",
        lambda: os.kill(process.pid, signal.SIGSTOP),
        lambda: os.kill(process.pid, signal.SIGCONT),
    )


def fill_broker(stage: Stage, _dice: random.Random) -> None:
    """Leave the broker no memory for another message."""
    with _broker(stage) as broker:
        _trouble(
            stage,
            "broker full",
            lambda: broker.config_set("maxmemory", 1),
            lambda: broker.config_set("maxmemory", 0),
        )


def cut_off_broker(stage: Stage, _dice: random.Random) -> None:
    proxy = stage.here.broker_proxy
    _trouble(stage, "broker out of reach", lambda: proxy.tell("refuse"), lambda: proxy.tell("pass"))


def black_hole_broker(stage: Stage, _dice: random.Random) -> None:
    """Swallow what is sent to the broker. Connections of that time never answer again, and are never closed."""
    proxy = stage.here.broker_proxy
    _trouble(stage, "broker black-holed", lambda: proxy.tell("swallow"), lambda: proxy.tell("pass"))


def cut_off_database(stage: Stage, _dice: random.Random) -> None:
    proxy = stage.here.database_proxy
    assert proxy is not None
    _trouble(stage, "database out of reach", lambda: proxy.tell("refuse"), lambda: proxy.tell("pass"))


def lose_commits(stage: Stage, dice: random.Random) -> None:
    """Let a COMMIT through, and cut the connection before its answer."""
    proxy = stage.here.database_proxy
    assert proxy is not None
    before, number = proxy.tell("count"), dice.randint(1, 3)
    hops = stage.recovery.hops()
    proxy.tell("lose-commits", number)
    stage.until(lambda: proxy.tell("count") >= before + number, HIT_SECONDS)
    stage.done["answer to COMMIT lost"] += proxy.tell("lose-commits", 0) - before
    stage.recovery.note("answer to COMMIT lost", hops)


KILLS: Mapping[str, Act] = {
    "pool child": kill_pool_child,
    "worker": kill_worker,
    "relay": kill_relay,
    "web": kill_web,
    "broker": kill_broker,
    "database": kill_database,
    **{name: at_failpoint(name) for name in failpoints.NAMES},
}
TROUBLES: Mapping[str, Act] = {
    "broker emptied": empty_broker,
    "broker paused": pause_broker,
    "broker full": fill_broker,
    "broker out of reach": cut_off_broker,
    "broker black-holed": black_hole_broker,
    "database out of reach": cut_off_database,
    "answer to COMMIT lost": lose_commits,
}
HARMFUL = ("worker.committed", "broker emptied", "relay.committed", "worker.before-publish")
"""Acts after which only the lease brings back the hops that were under way."""
EVERY = 4
"""Kills between two troubles."""


def programme(kills: int, dice: random.Random) -> list[str]:
    """Return the acts in order: every kind of kill equally often, as far as the count allows, with troubles between."""

    def names(of: Mapping[str, Act], count: int) -> list[str]:
        possible = list(of)
        dice.shuffle(possible)
        chosen = [possible[n % len(possible)] for n in range(count)]
        dice.shuffle(chosen)
        return chosen

    killing, troubling = names(KILLS, kills), names(TROUBLES, kills // EVERY)
    planned = []
    for n, name in enumerate(killing, 1):
        planned.append(name)
        if n % EVERY == 0:
            planned.append(troubling[n // EVERY - 1])
    return planned
