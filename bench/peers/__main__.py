"""`python -m bench.peers PEER`: runs one peer, which obeys the commands of `bench.load` on standard input."""

from __future__ import annotations

import importlib
import sys

from bench.load import serve

PEERS = {
    "celery-default": "celery_chain.by_default",
    "celery-best": "celery_chain.at_its_best",
    "procrastinate": "procrastinate_jobs.contender",
    "dramatiq": "dramatiq_pipeline.contender",
    "huey": "huey_pipeline.contender",
}

if __name__ == "__main__":
    module, _, maker = PEERS[sys.argv[1]].partition(".")
    serve(getattr(importlib.import_module(f"bench.peers.{module}"), maker)())
