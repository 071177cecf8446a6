"""Celery: a chain of seven tasks, with its defaults and with the best settings found."""

from __future__ import annotations

import os

from celery import Celery, chain

from bench.load import HOPS
from bench.peers.completion_log import Peer, end_hop

app = Celery("bench", broker=os.environ["BENCH_BROKER"])
BEST = {
    "task_acks_late": True,
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "worker_prefetch_multiplier": 8,
    "worker_disable_rate_limits": True,
    "task_serializer": "json",
}
if os.environ.get("BENCH_SETTINGS") == "best":
    app.conf.update(BEST)


@app.task
def hop(began: float, number: int) -> float:
    return end_hop(number, began)


class CeleryChain(Peer):
    def begin(self, now: float) -> None:
        first, *rest = range(HOPS)
        chain(hop.s(now, first), *(hop.s(number) for number in rest)).apply_async()


DEFAULT_WORKER = ["celery", "-A", "bench.peers.celery_chain", "worker", "--loglevel=WARNING"]
BEST_WORKER = [*DEFAULT_WORKER, "--pool=solo", "--without-gossip", "--without-mingle", "--without-heartbeat"]


def by_default() -> Peer:
    return CeleryChain([DEFAULT_WORKER])


def at_its_best() -> Peer:
    os.environ["BENCH_SETTINGS"] = "best"  # for the workers
    app.conf.update(BEST)
    return CeleryChain([[*BEST_WORKER, f"--hostname=w{n}@%h"] for n in (1, 2)])
