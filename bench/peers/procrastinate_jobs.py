"""Procrastinate: a job per hop.

Each job writes in one transaction the rows that a hop of ours writes (the hop's end with its evidence, the ticket, the
next hop, the history) and defers the next job in the same transaction.
"""

from __future__ import annotations

import json
import os
import time

import procrastinate
import psycopg
from psycopg_pool import AsyncConnectionPool

from bench.load import HOPS
from bench.peers.completion_log import Peer, end_hop

URL = os.environ["BENCH_DATABASE"]
TEAMS = ("system-support", "noc", "data-network", "transmission", "installer", "archive", "callback-survey")
EVIDENCE = json.dumps({"test-result": "收光正常, 网关不通", "segment": "data"}, ensure_ascii=False)
FACTS = json.dumps({"category": "system", "channel": "counter", "symptom": "no-internet", "priority": 3})
TABLES = """
CREATE TABLE ticket (
    id bigserial PRIMARY KEY, state text NOT NULL, description text NOT NULL, hops int NOT NULL DEFAULT 0,
    last_seq int NOT NULL DEFAULT 0, made_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz, outcome text
);
CREATE TABLE hop (
    id bigserial PRIMARY KEY, ticket_id bigint NOT NULL REFERENCES ticket, seq int NOT NULL, team text NOT NULL,
    state text NOT NULL, asked_by bigint REFERENCES hop, rule text NOT NULL, facts jsonb NOT NULL, finding text,
    evidence jsonb, made_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz, UNIQUE (ticket_id, seq)
);
CREATE UNIQUE INDEX ON hop (ticket_id) WHERE ended_at IS NULL;
CREATE TABLE history (
    id bigserial PRIMARY KEY, ticket_id bigint NOT NULL REFERENCES ticket, hop_id bigint REFERENCES hop,
    at timestamptz NOT NULL DEFAULT now(), act text NOT NULL, actor text NOT NULL, detail jsonb NOT NULL
);
CREATE INDEX ON history (ticket_id);
"""

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=URL))
_pools: list[AsyncConnectionPool] = []


async def _pool() -> AsyncConnectionPool:
    """The process's own connections for the work, made when the first job needs them."""
    if not _pools:
        _pools.append(AsyncConnectionPool(URL, open=False, max_size=10))
        await _pools[0].open()
    return _pools[0]


@app.task(name="hop")
async def hop(ticket_id: int, number: int, began: float) -> None:
    async with (await _pool()).connection() as connection:
        await _write(connection, ticket_id, number)
        if number < HOPS - 1:
            following = hop.configure(connection=connection)
            await following.defer_async(ticket_id=ticket_id, number=number + 1, began=time.time())
    end_hop(number, began)


async def _write(tx: psycopg.AsyncConnection, ticket_id: int, number: int) -> None:
    last, to = number == HOPS - 1, TEAMS[min(number + 1, HOPS - 1)]
    locked = await tx.execute("SELECT id FROM hop WHERE ticket_id = %s AND ended_at IS NULL FOR UPDATE", (ticket_id,))
    (hop_id,) = await locked.fetchone() or (None,)
    await tx.execute(
        "UPDATE hop SET state = 'reported', finding = 'not-ours', evidence = %s, ended_at = now() WHERE id = %s",
        (EVIDENCE, hop_id),
    )
    await tx.execute(
        "UPDATE ticket SET state = %s, hops = hops + 1, last_seq = %s, ended_at = %s WHERE id = %s",
        ("closed" if last else "open", number + 2 - last, "now" if last else None, ticket_id),
    )
    if not last:
        await tx.execute(
            "INSERT INTO hop (ticket_id, seq, team, state, asked_by, rule, facts)"
            " VALUES (%s, %s, %s, 'due', %s, %s, %s)",
            (ticket_id, number + 2, to, hop_id, f"flows.fault.{to}[0]", FACTS),
        )
    await tx.execute(
        "INSERT INTO history (ticket_id, hop_id, act, actor, detail) VALUES (%s, %s, 'finish', 'worker', %s)",
        (ticket_id, hop_id, EVIDENCE),
    )


class ProcrastinateJobs(Peer):
    def start(self) -> None:
        self.connection = psycopg.connect(URL, autocommit=True)
        self.connection.execute(TABLES)
        self.app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=URL))
        self.app.open()
        self.app.schema_manager.apply_schema()
        super().start()

    def begin(self, now: float) -> None:
        with self.connection.transaction():
            made = self.connection.execute(
                "INSERT INTO ticket (state, description) VALUES ('open', '断网') RETURNING id"
            )
            (ticket_id,) = made.fetchone() or (0,)
            self.connection.execute(
                "INSERT INTO hop (ticket_id, seq, team, state, rule, facts) VALUES (%s, 1, %s, 'due', 'start', %s)",
                (ticket_id, TEAMS[0], FACTS),
            )
        self.app.configure_task("hop").defer(ticket_id=ticket_id, number=0, began=now)


def contender() -> Peer:
    worker = ["procrastinate", "--app", "bench.peers.procrastinate_jobs.app", "worker", "--concurrency", "5"]
    return ProcrastinateJobs([worker, worker])
