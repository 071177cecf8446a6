"""The broker is away under load: reports are accepted all the time, hardly slower, and are sent soon after its
return."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime

import httpx2
from sqlalchemy import func, select

from bench.background import repeated
from chaos.load import body, token
from chaos.run import Run
from chaos.scenarios import Findings, Setup
from chaos.verdict import Verdict
from dispatch.domain.roles import Actor, Role
from dispatch.domain.ticket import ON_ITS_WAY
from dispatch.storage import accounts
from dispatch.storage.tables.tickets import hop, ticket
from dispatch.tickets.intake import FaultReport

CLIENTS, EACH_SECONDS = 4, 0.25
"""The number of clients, each with four reports a second: the load that one web process bears beside its other work."""
DISPATCHED_SECONDS, SLOWER = 30, 2.0
"""The promise for a minute without the broker, under load."""
HARDLY = 0.02
"""Seconds beyond twice the usual p99 that count as the machine's noise: a p99 of a few hundred requests is a single
one."""
ACCOUNTS = 200


class Callers:
    """Clients that report faults over the web, and time each."""

    def __init__(self, url: str, secret: str) -> None:
        self.url = url
        self.times: list[tuple[float, float]] = []  # (when, seconds)
        self.refused = 0
        self._numbers = itertools.count()
        self._client = httpx2.Client(headers={"Authorization": f"Bearer {secret}"}, timeout=10)

    def call(self) -> None:
        """Report one fault."""
        number = f"OUT{next(self._numbers) % ACCOUNTS}"
        report = FaultReport(number, "slow", "网速慢", despite_duplicate=True, category="network")
        began = time.monotonic()
        try:
            answer = self._client.post(f"{self.url}/api/v1/faults", json=body(report))
            good = answer.status_code == 201
        except httpx2.HTTPError:
            good = False
        self.refused += not good
        self.times.append((began, time.monotonic() - began))

    def p99(self, since: float, until: float, over_by: float = float("inf")) -> float:
        """Return the seconds of the requests that began and ended in this span."""
        seconds = sorted(took for began, took in self.times if since <= began < until and began + took <= over_by)
        return seconds[int(len(seconds) * 0.99)] if seconds else float("inf")


def outage(setup: Setup) -> Findings:
    away = setup.size.away
    with setup.installed() as installation:
        with installation.database.write() as tx:
            customers = [(f"OUT{n}", "tianhe", "13800138000") for n in range(ACCOUNTS)]
            accounts.enter_existing(tx, customers, Actor("chaos", Role.OPS), datetime.now(UTC))
        run = Run(installation, setup.progress)
        callers = Callers(installation.stack.web_url, token(installation, "callers", Role.CLERK))
        with repeated(callers.call, threads=CLIENTS, pause=EACH_SECONDS):
            run.wait(3)  # everything is warm
            began = time.monotonic()
            run.wait(away)
            installation.broker_proxy.tell("refuse")
            gone = time.monotonic()
            run.wait(away)
            installation.broker_proxy.tell("pass")
            back = time.monotonic()
            with installation.database.read() as tx:
                waiting = tx.execute(
                    select(func.count()).select_from(hop).where(hop.c.state.in_(ON_ITS_WAY))
                ).scalar_one()
                newest = tx.execute(select(func.coalesce(func.max(hop.c.id), 0))).scalar_one()

            def dispatched() -> bool:
                left = select(func.count()).where(hop.c.state.in_(ON_ITS_WAY), hop.c.id <= newest)
                with installation.database.read() as tx:
                    return not tx.execute(left).scalar_one()

            in_time = run.until(dispatched, DISPATCHED_SECONDS if not setup.bent else 10)
            took = time.monotonic() - back
        normal, meanwhile = callers.p99(began, gone, over_by=gone), callers.p99(gone, back)
        with installation.database.read() as tx:
            made = tx.execute(select(func.count()).select_from(ticket)).scalar_one()
            hops = tx.execute(select(func.count()).select_from(hop)).scalar_one()
    accepted = len(callers.times) - callers.refused
    found = Findings(Verdict(accepted, hops, [], []))
    found.figures["away for 中断"] = f"{away} s"
    found.figures["reports, refused 受理、被拒"] = f"{accepted}, {callers.refused}"
    found.figures["p99 before, meanwhile 平时、中断时"] = f"{normal * 1000:.0f} ms, {meanwhile * 1000:.0f} ms"
    found.figures["hops that waited, all dispatched after 积压、派完"] = f"{waiting}, {took:.1f} s"
    found.require(not callers.refused, f"{callers.refused} reports were not accepted")
    found.require(made == accepted, f"{accepted} were accepted, {made} are there")
    found.require(meanwhile <= SLOWER * normal + HARDLY, f"p99 {meanwhile:.3f} s, before it was {normal:.3f} s")
    found.require(in_time, f"not everything was dispatched {took:.0f} s after the broker was back")
    return found
