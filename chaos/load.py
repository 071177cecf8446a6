"""The people of a chaos run: those of the replay, of whom every fifth reports over the web, as a program does.

They work in a thread of their own through all troubles: a failed act is retried under the same key.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import httpx2

from chaos.reach import Reached
from dispatch.access import sessions, users
from dispatch.demo.made_up_log import sample
from dispatch.domain.numbers import read_ticket_number
from dispatch.domain.roles import Actor, Grant, Role
from dispatch.errors import DispatchError
from dispatch.replay import mapping
from dispatch.replay.driver import AGENT, Driver
from dispatch.replay.log import LoggedCase
from dispatch.replay.plan import Planner
from dispatch.storage import tickets
from dispatch.tickets.intake import AcceptedReport, FaultReport

NAME = "chaos"
BY_WEB = 5
IN_FLIGHT = 1_000
"""The most cases in flight: every process always has work, and no long queue builds up."""
RETRY_SECONDS = 0.1
SEED = 7


class _GivenUp(Exception):
    """The run ends before its cases do."""


def token(installation: Reached, name: str, role: Role) -> str:
    """A program's client that reports faults."""
    console, now = Actor("console:chaos", Role.OPS), datetime.now(UTC)
    with installation.database.write() as tx:
        user = users.add(tx, name, "!", [Grant(role)], console, now)
        return sessions.make_token(tx, user.id, user.name, "chaos", timedelta(days=1), console, now)


def body(report: FaultReport) -> dict[str, object]:
    """Return a report in the API's form."""
    said = {
        "account": report.account,
        "symptom": report.symptom,
        "description": report.description,
        "priority": report.priority,
        "answers": [{"question": question, "answer": answer} for question, answer in report.answers],
        "despite_duplicate": report.despite_duplicate,
    }
    return said | ({"category": report.category} if report.category else {})


class Load(Driver):
    """`released` says which share of the cases may have been reported by now."""

    def __init__(self, installation: Reached, count: int, released: Callable[[], float], quiet: float = 60) -> None:
        planner = Planner(mapping.identity(installation.rulebook), installation.rulebook)
        cases = sample(count, SEED)
        super().__init__(
            NAME, cases, planner, installation.script, installation.load_database, installation.ledger, installation.sms
        )
        self.count, self.released, self.stalled_seconds = count, released, quiet
        self.requests = 0
        self._installation = installation
        self._web = httpx2.Client(
            headers={"Authorization": f"Bearer {token(installation, 'chaos', Role(AGENT.role))}"}, timeout=10
        )
        self._by_web: dict[int, bool] = {}  # ticket id → whether it has ended
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="people", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def over(self) -> bool:
        """Raises the error that ended the load early."""
        if self._failure is not None:
            raise self._failure
        return not self._thread.is_alive()

    def give_up(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def _work(self) -> None:
        try:
            self.run(self._look_up, lambda _: None)
        except _GivenUp:
            pass
        except BaseException as failed:
            self._failure = failed
        finally:
            self._web.close()

    def _look_up(self) -> None:
        if self._stop.is_set():
            raise _GivenUp

    def _due_cases(self) -> Sequence[LoggedCase]:
        under_way = self.tally.accepted - self.tally.ended
        room = min(IN_FLIGHT - under_way, int(self.count * self.released()) - self._next)
        return super()._due_cases()[: max(0, room)]

    def _report(self, reports: Sequence[FaultReport]) -> Sequence[AcceptedReport | DispatchError]:
        by_web = [report for n, report in enumerate(reports, self._next) if n % BY_WEB == 0]
        others = [report for n, report in enumerate(reports, self._next) if n % BY_WEB]
        told = iter(super()._report(others))
        called = iter([self._call(report) for report in by_web])
        return [next(told) if n % BY_WEB else next(called) for n in range(self._next, self._next + len(reports))]

    def _call(self, report: FaultReport) -> AcceptedReport:
        """Report until the web has accepted it. A request without an answer is repeated under the same key."""
        key = {"Idempotency-Key": report.request_key or ""}
        while True:
            self._look_up()
            try:
                self.requests += 1
                answer = self._web.post(f"{self._installation.web_url}/api/v1/faults", json=body(report), headers=key)
            except httpx2.HTTPError:
                time.sleep(RETRY_SECONDS)
                continue
            if answer.status_code == 201:
                told = answer.json()
                ticket_id = read_ticket_number(told["ticket"])
                self._by_web.setdefault(ticket_id, False)
                return AcceptedReport(ticket_id, told["ticket"], told["state"])
            assert answer.status_code in (409, 429, 500, 503), answer.text  # the first is running or was refused
            time.sleep(RETRY_SECONDS)

    def _ended(self) -> int:
        open_ids = [ticket_id for ticket_id, ended in self._by_web.items() if not ended]
        with self.database.read() as tx:
            for row in tickets.by_ids(tx, open_ids):
                self._by_web[row.id] = row.ended_at is not None
        return super()._ended() + sum(self._by_web.values())
