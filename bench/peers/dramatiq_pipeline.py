"""Dramatiq: a pipeline of seven messages; two worker processes, one for each processor of the machine."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.load import HOPS
from bench.peers.completion_log import Peer, end_hop

broker = RedisBroker(url=os.environ["BENCH_BROKER"])
dramatiq.set_broker(broker)


@dramatiq.actor
def hop(number: int, began: float) -> float:
    return end_hop(number, began)


class DramatiqPipeline(Peer):
    def begin(self, now: float) -> None:
        first, *rest = range(HOPS)
        dramatiq.pipeline([hop.message(first, now), *(hop.message(number) for number in rest)]).run()


def contender() -> Peer:
    return DramatiqPipeline([["dramatiq", "--processes", "2", "--threads", "2", "bench.peers.dramatiq_pipeline"]])
