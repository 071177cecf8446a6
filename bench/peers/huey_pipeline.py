"""Huey: a pipeline of seven tasks, two worker processes, results off."""

from __future__ import annotations

import os

from huey import RedisHuey

from bench.load import HOPS
from bench.peers.completion_log import Peer, end_hop

huey = RedisHuey("bench", url=os.environ["BENCH_BROKER"], results=False)


@huey.task()
def hop(number: int, began: float) -> float:
    return end_hop(number, began)


class HueyPipeline(Peer):
    def begin(self, now: float) -> None:
        first, *rest = range(HOPS)
        life = hop.s(first, now)
        for number in rest:
            life.then(hop, number)
        huey.enqueue(life)


def contender() -> Peer:
    consumer = ["huey.bin.huey_consumer", "bench.peers.huey_pipeline.huey", "-w", "2", "-k", "process", "-q"]
    return HueyPipeline([consumer])
