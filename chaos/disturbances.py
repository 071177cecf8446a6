"""Disturbances of an installation: kills, at random and at failpoints, and troubles of the broker and of connections.

A kill returns how many processes it killed. Every disturbance records a setback, and the run waits until the system has
recovered from it.
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
from chaos.run import Run

HIT_SECONDS = 20
"""Seconds for which a failpoint stays armed; the load passes each failpoint many times a minute."""
TROUBLE_SECONDS = 2.0

Disturbance = Callable[[Run, random.Random], None]


def _killed(run: Run, what: str, hops: dict[int, int]) -> None:
    run.kills += 1
    run.done[what] += 1
    run.recovery.note(what, hops)


def kill_pool_child(run: Run, dice: random.Random) -> None:
    """Return the pool process of a worker, in which tasks run."""
    children = [pid for worker in run.installation.workers() for pid in pool(worker)]
    if children:
        hops = run.recovery.hops()
        kill(dice.choice(children))
        _killed(run, "pool child", hops)


def _kill_child(run: Run, name: str, what: str) -> None:
    child = run.installation.child(name)
    assert child.process is not None
    hops = run.recovery.hops()
    kill(child.process.pid)
    child.process.wait()
    _killed(run, what, hops)


def kill_worker(run: Run, dice: random.Random) -> None:
    """Kill a worker's main process, with the messages it has fetched; its pool dies with it."""
    _kill_child(run, dice.choice(run.installation.workers()).name, "worker")


def kill_relay(run: Run, _dice: random.Random) -> None:
    _kill_child(run, "relay", "relay")


def kill_web(run: Run, _dice: random.Random) -> None:
    _kill_child(run, "web", "web")


def kill_broker(run: Run, _dice: random.Random) -> None:
    _kill_child(run, "broker", "broker")


def kill_database(run: Run, dice: random.Random) -> None:
    """Kill all processes of PostgreSQL at once; it comes back after a moment."""
    postgres = run.installation.postgres
    assert postgres is not None
    hops = run.recovery.hops()
    postgres.kill()
    _killed(run, "database", hops)
    run.wait(dice.uniform(0, 1))
    postgres.start()


def at_failpoint(name: str) -> Disturbance:
    """Arm the failpoint; the first process that reaches it dies."""

    def act(run: Run, _dice: random.Random) -> None:
        points = run.installation.failpoints
        points.arm(name)
        if run.until(lambda: points.was_hit(name), HIT_SECONDS) or not points.disarm(name):
            _killed(run, name, run.recovery.hops())

    return act


def _trouble(run: Run, what: str, begin: Callable[[], object], end: Callable[[], object]) -> None:
    """Keep the trouble up for a while; recovery counts from its end."""
    hops = run.recovery.hops()
    begin()
    try:
        run.wait(TROUBLE_SECONDS)
    finally:
        end()
    run.done[what] += 1
    run.recovery.note(what, hops | run.recovery.hops())


def _broker(run: Run) -> redis.Redis:
    return redis.Redis.from_url(run.installation.stack.broker_url, socket_timeout=5)


def empty_broker(run: Run, _dice: random.Random) -> None:
    hops = run.recovery.hops()
    with _broker(run) as broker:
        broker.flushall()
    run.done["broker emptied"] += 1
    run.recovery.note("broker emptied", hops)


def pause_broker(run: Run, _dice: random.Random) -> None:
    """Stop the broker's process; its connections stay open."""
    process = run.installation.child("broker").process
    assert process is not None
    _trouble(
        run,
        "broker paused",
        lambda: os.kill(process.pid, signal.SIGSTOP),
        lambda: os.kill(process.pid, signal.SIGCONT),
    )


def fill_broker(run: Run, _dice: random.Random) -> None:
    """Leave the broker no memory for another message."""
    with _broker(run) as broker:
        _trouble(
            run,
            "broker full",
            lambda: broker.config_set("maxmemory", 1),
            lambda: broker.config_set("maxmemory", 0),
        )


def cut_off_broker(run: Run, _dice: random.Random) -> None:
    proxy = run.installation.broker_proxy
    _trouble(run, "broker out of reach", lambda: proxy.tell("refuse"), lambda: proxy.tell("pass"))


def black_hole_broker(run: Run, _dice: random.Random) -> None:
    """Swallow all data sent to the broker. Connections of that time never answer again and are never closed."""
    proxy = run.installation.broker_proxy
    _trouble(run, "broker black-holed", lambda: proxy.tell("swallow"), lambda: proxy.tell("pass"))


def cut_off_database(run: Run, _dice: random.Random) -> None:
    proxy = run.installation.database_proxy
    assert proxy is not None
    _trouble(run, "database out of reach", lambda: proxy.tell("refuse"), lambda: proxy.tell("pass"))


def lose_commits(run: Run, dice: random.Random) -> None:
    """Let a COMMIT through, and cut the connection before its answer."""
    proxy = run.installation.database_proxy
    assert proxy is not None
    before, number = proxy.tell("count"), dice.randint(1, 3)
    hops = run.recovery.hops()
    proxy.tell("lose-commits", number)
    run.until(lambda: proxy.tell("count") >= before + number, HIT_SECONDS)
    run.done["answer to COMMIT lost"] += proxy.tell("lose-commits", 0) - before
    run.recovery.note("answer to COMMIT lost", hops)


KILLS: Mapping[str, Disturbance] = {
    "pool child": kill_pool_child,
    "worker": kill_worker,
    "relay": kill_relay,
    "web": kill_web,
    "broker": kill_broker,
    "database": kill_database,
    **{name: at_failpoint(name) for name in failpoints.NAMES},
}
TROUBLES: Mapping[str, Disturbance] = {
    "broker emptied": empty_broker,
    "broker paused": pause_broker,
    "broker full": fill_broker,
    "broker out of reach": cut_off_broker,
    "broker black-holed": black_hole_broker,
    "database out of reach": cut_off_database,
    "answer to COMMIT lost": lose_commits,
}
HARMFUL = ("worker.committed", "broker emptied", "relay.committed", "worker.before-publish")
"""Disturbances after which only the lease brings back the hops in flight."""
EVERY = 4
"""Kills between two troubles."""


def programme(kills: int, dice: random.Random) -> list[str]:
    """Return the acts in order: every kind of kill equally often, as far as the count allows, with troubles between."""

    def names(of: Mapping[str, Disturbance], count: int) -> list[str]:
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
