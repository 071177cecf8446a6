"""People who go on working while a part of the installation is away, and a count of what became of their faults.

Clerk and NOC work over the web. What is refused is sent again under its key until it is accepted, as the API's callers
are told to; whatever else they are answered is odd.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from pydantic import SecretStr
from sqlalchemy import select

from dispatch.demo.effect_tally import receivers
from dispatch.domain.effect import Port
from dispatch.domain.numbers import read_ticket_number
from dispatch.domain.ticket import HopState
from dispatch.ports.ledger import Ledger
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.storage.tables.tickets import archive_record, hop, ticket
from tests.acceptance.conftest import Home, eventually
from tests.acceptance.test_journey_by_hand import CLERK, NOT_SOLVED
from tests.faulty_lines import faulty

BOARD = "/api/v1/teams/noc/board"
ACCOUNTS = list(itertools.islice(faulty(), 3))
PACE_SECONDS, AGAIN_SECONDS = 0.4, 0.2
REPORT = {
    "symptom": "no-internet",
    "description": "断网",
    "answers": [dict(zip(("question", "answer"), each.split("="), strict=True)) for each in NOT_SOLVED],
    "despite_duplicate": True,
}
MENDED = {"finding": "fixed", "evidence": {"cause": "configuration"}}
TEAMS = ["noc", "archive", "callback-survey"]

_numbers = itertools.count(1)


@dataclass
class Desk:
    """A clerk's and NOC's tokens of one installation."""

    home: Home
    tokens: dict[str, str] = field(default_factory=dict)
    counted: set[int] = field(default_factory=set)
    """Ids of the tickets that were reported and counted before."""

    def __post_init__(self) -> None:
        for account in ACCOUNTS:
            self.home.done("account", "add", account, "--area", "tianhe", "--mobile", "13800138000", *CLERK)
        for name, role in (("chen", "agent-10086"), ("zhao", "noc")):
            self.home.done("user", "add", name, "--role", role)
            self.tokens[name] = self.home.read("token", name)["token"]

    def client(self, name: str) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self.tokens[name]}", "Accept-Language": "en"}
        return httpx2.Client(base_url=self.home.address("web"), headers=headers, timeout=30)

    @property
    def settings(self) -> Settings:
        url = self.home.settings.get("DISPATCH_DATABASE_URL")
        return Settings(home=self.home.folder, database_url=SecretStr(url) if url else None)


class People:
    """A clerk who reports a fault every PACE_SECONDS, and NOC, who mends what comes onto the board. `web_restarts`: the
    web is killed meanwhile, so that requests may have no answer at all."""

    def __init__(self, desk: Desk, web_restarts: bool) -> None:
        self.desk, self.web_restarts = desk, web_restarts
        self.accepted: list[str] = []
        self.refused: Counter[str] = Counter()
        self.odd: list[str] = []
        self._reporting, self._working = threading.Event(), threading.Event()
        self._mended: set[str] = set()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._report, self._mend)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop_reporting(self) -> None:
        self._reporting.set()
        self._threads[0].join(60)
        assert not self._threads[0].is_alive(), self.odd or self.refused

    def stop(self) -> None:
        self._reporting.set()
        self._working.set()
        for thread in self._threads:
            thread.join(60)

    def goes_on(self) -> None:
        """Wait until two more faults were accepted than now."""
        more = len(self.accepted) + 2
        eventually(lambda: len(self.accepted) >= more, 60)

    def _report(self) -> None:
        with self.desk.client("chen") as clerk:
            while not self._reporting.wait(PACE_SECONDS):
                number = next(_numbers)
                account = ACCOUNTS[number % len(ACCOUNTS)]
                made = self._done(clerk, "/api/v1/faults", {"account": account, **REPORT}, f"report-{number}")
                if made is not None:
                    self.accepted.append(made["ticket"])

    def _mend(self) -> None:
        with self.desk.client("zhao") as noc:
            while not self._working.wait(PACE_SECONDS):
                for line in self._board(noc):
                    if line["hop"] in self._mended:
                        continue
                    path = f"/api/v1/hops/{line['hop']}"
                    if self._done(noc, f"{path}/claim", {}, f"claim-{line['hop']}") and self._done(
                        noc, f"{path}/report", MENDED, f"mend-{line['hop']}"
                    ):
                        self._mended.add(line["hop"])

    def _board(self, noc: httpx2.Client) -> list[dict[str, Any]]:
        answer = self._asked(lambda: noc.get(BOARD))
        return [] if answer is None or answer.status_code != 200 else list(answer.json()["items"])

    def _done(self, caller: httpx2.Client, path: str, body: object, key: str) -> dict[str, Any] | None:
        """Send it until it is accepted; None when the people stop meanwhile."""
        while not self._working.is_set():
            answer = self._asked(lambda: caller.post(path, json=body, headers={"Idempotency-Key": key}))
            if answer is not None and answer.status_code < 300:
                return dict(answer.json())
            self._working.wait(AGAIN_SECONDS)
        return None

    def _asked(self, ask: Callable[[], httpx2.Response]) -> httpx2.Response | None:
        """Ask; None without an answer. What is neither accepted nor a refusal that says when to come again is odd."""
        try:
            answer = ask()
        except httpx2.HTTPError as none:
            if not self.web_restarts:
                self.odd.append(repr(none))
            return None
        if answer.status_code >= 300:
            code = answer.json()["code"]
            self.refused[code] += 1
            expected = {"busy": 503, "unavailable": 503, "key-in-flight": 409}.get(code)
            if answer.status_code != expected or int(answer.headers["retry-after"]) < 1:
                self.odd.append(answer.text)
        return answer


@contextmanager
def at_work(desk: Desk, web_restarts: bool = False) -> Iterator[People]:
    """Let people work while the block does, then until all of their faults are archived; see that each is exactly once,
    with one message to its customer, and that nobody was answered anything odd."""
    people = People(desk, web_restarts)
    try:
        people.start()
        people.goes_on()
        yield people
        people.stop_reporting()
        _ends_once(desk, people)
    finally:
        people.stop()


def _ends_once(desk: Desk, people: People) -> None:
    settings = desk.settings
    database = Database(settings.database)
    try:
        mine = {read_ticket_number(number) for number in people.accepted}
        assert len(mine) == len(people.accepted), "two reports were answered with one ticket"
        eventually(lambda: not _unfinished(database, mine), 60)
        with database.read() as tx:
            tickets = set(tx.execute(select(ticket.c.id)).scalars())
            records = Counter(tx.execute(select(archive_record.c.ticket_id)).scalars())
            visits = Counter(tx.execute(select(hop.c.ticket_id)).scalars())
        assert tickets - desk.counted == mine, "lost or doubled"
        assert {number: (records[number], visits[number]) for number in mine} == dict.fromkeys(mine, (1, len(TEAMS)))
        assert Ledger(settings.ledger).doubled() == []
        sent = [key for _, key in receivers(settings)[Port.SMS].effects() if key.startswith("survey/")]
        assert (len(sent), len(set(sent))) == (len(tickets), len(tickets)), "each customer is asked once"
        desk.counted |= tickets
        assert not people.odd, people.odd[:3]
    finally:
        database.dispose()


def _unfinished(database: Database, mine: set[int]) -> set[int]:
    """Return the faults that don't wait for their customer's answer yet."""
    asked = select(hop.c.ticket_id).where(hop.c.team == TEAMS[-1], hop.c.state == HopState.WAITING)
    with database.read() as tx:
        return mine - set(tx.execute(asked).scalars())
