"""The people of a replay: they report the cases, claim and end what comes on their boards, and answer the surveys.

It works from outside, as people do: faults go in through the intake, work is found on the boards, the survey's link in
the short messages. It remembers nothing that the database doesn't know: what is to be done at a hop follows from the
ticket's count of visits. So a replay that was cut off goes on when it is started again under the same name.
"""

from __future__ import annotations

import re
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Row
from sqlalchemy.exc import OperationalError

from dispatch import closing, handling, intake
from dispatch.errors import DispatchError
from dispatch.handling import Claim, End, HandBack, PassOn
from dispatch.handling import Report as Finding
from dispatch.intake import Answers, Report
from dispatch.ports.ledger import Ledger
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.replay.log import LoggedCase
from dispatch.replay.mapping import FLOW
from dispatch.replay.plan import Plan, Planner
from dispatch.replay.walk import Step
from dispatch.routing.prehandling import Script, Symptom, follow
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, tickets
from dispatch.storage.database import Database
from dispatch.storage.runs import run_progress, run_tickets, waiting_on_boards
from dispatch.ticket.numbers import ticket_number
from dispatch.ticket.roles import Actor, Role

T = TypeVar("T")

AT_ONCE = 400
"""Reports, claims or findings in one transaction."""
IN_FLIGHT = 6_000
"""Cases under way at once when going as fast as it goes: enough to fill every batch, few enough to look at."""
LEISURE_SECONDS = 0.2
"""A pause when little was to be done: nobody looks at a board ten times a second, and batches grow meanwhile."""
STALLED_SECONDS = 300
"""A replay in which nothing has moved for so long says so and ends."""

AGENT = Actor("replay", Role.AGENT_10086)
_LINK = re.compile(r"F0*(\d+)\D.*/([\w-]+)$")


@dataclass(slots=True)
class Tally:
    """What the driver saw. `deviated`: visits to another team than planned, by (planned, met)."""

    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    ended: int = 0
    visits: int = 0
    deviated: Counter[tuple[str, str]] = field(default_factory=Counter)
    inserted: int = 0
    merged: int = 0
    cut: int = 0
    limited: int = 0
    unreconciled: Counter[tuple[str, str]] = field(default_factory=Counter)
    stalled: bool = False


class Driver:
    """One run. `cases` come in the order of their opening; `name` prefixes their request keys."""

    def __init__(
        self,
        name: str,
        cases: Sequence[LoggedCase],
        planner: Planner,
        script: Script,
        database: Database,
        ledger: Ledger,
        sms: SimulatedSmsGateway,
        speed_up: float | None = None,
    ) -> None:
        self.name, self.cases, self.planner, self.script = name, cases, planner, script
        self.database, self.ledger, self.sms = database, ledger, sms
        self.speed_up = speed_up
        self.tally = Tally()
        self.plans: dict[int, Plan] = {}
        self._next = 0
        self._read = sms.inbox_end()
        self._started = time.monotonic()
        self._people = [name for name, team in self.rulebook.teams.items() if not team.automatic]
        self._said = {category: _to_a_ticket(script, category) for category in self.rulebook.categories}

    @property
    def rulebook(self) -> Rulebook:
        return self.planner.rulebook

    def run(self, tend: Callable[[], None], progress: Callable[[Tally], None]) -> Tally:
        """Until every accepted case has ended. `tend` is called often, so that a supervisor does its work."""
        self._take_up_again()
        looked, moved_at = 0.0, time.monotonic()
        while self._next < len(self.cases) or self.tally.ended < self.tally.accepted:
            moved = self._retrying(self._submit) + self._retrying(self._work_boards) + self._retrying(self._answer)
            tend()
            if moved:
                moved_at = time.monotonic()
            if time.monotonic() - looked > 0.5:
                before, self.tally.ended = self.tally.ended, self._retrying(self._ended)
                moved_at = time.monotonic() if self.tally.ended != before else moved_at
                looked = time.monotonic()
                progress(self.tally)
            if time.monotonic() - moved_at > STALLED_SECONDS:
                self.tally.stalled = True
                break
            if moved < AT_ONCE // 2:
                time.sleep(LEISURE_SECONDS)
        progress(self.tally)
        return self.tally

    def _take_up_again(self) -> None:
        """Find the cases that an earlier process under this name has submitted already, and what is in the inbox."""
        with self.database.read() as tx:
            known = {key: id_ for id_, key in run_tickets(tx, self.name)}
        if known:
            self._read = 0
            written = {thing for effect, thing in self.ledger.effects() if effect == f"accepted/{self.name}"}
            numbers = (ticket_number(FLOW, id_) for id_ in known.values())
            self.ledger.write(f"accepted/{self.name}", (number for number in numbers if number not in written))
        for case in self.cases:
            ticket_id = known.get(self._key(case))
            if ticket_id is not None:
                self._planned(ticket_id, case)

    def _planned(self, ticket_id: int, case: LoggedCase) -> None:
        plan = self.planner.plan(case)
        self.plans[ticket_id] = plan
        tally = self.tally
        tally.accepted += 1
        tally.inserted += plan.inserted
        tally.merged += plan.merged
        tally.cut += plan.cut
        tally.limited += plan.limit is not None
        tally.unreconciled.update(plan.unreconciled)

    def _submit(self) -> int:
        """Report the cases whose time has come, as far as there is room."""
        batch = self._due_cases()
        if not batch:
            return 0
        now = datetime.now(UTC)
        with self.database.write() as tx:
            rows = [
                (f"R{case.number}", f"area-{zlib.crc32(case.number.encode()) % 10}", _mobile(case.number))
                for case in batch
            ]
            accounts.take_over(tx, rows, Actor("replay", Role.OPS), now)
        with self.database.write() as tx:
            reports = [self._report(case) for case in batch]
            outcomes = intake.submit_many(tx, self.rulebook, self.script, reports, AGENT, now)
        self._next += len(batch)
        accepted = []
        for case, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, DispatchError):
                self.tally.refused[outcome.code] += 1
            elif outcome.ticket_id not in self.plans:
                self._planned(outcome.ticket_id, case)
                if not outcome.repeated:
                    accepted.append(outcome)
        self.ledger.write(f"accepted/{self.name}", (outcome.number for outcome in accepted))
        return len(batch)

    def _due_cases(self) -> Sequence[LoggedCase]:
        room = IN_FLIGHT - (self.tally.accepted - self.tally.ended)
        end = min(self._next + max(0, min(room, AT_ONCE)), len(self.cases))
        if self.speed_up is not None and self.cases:
            first = self.cases[0].opened_at
            passed = (time.monotonic() - self._started) * self.speed_up
            while end > self._next and (self.cases[end - 1].opened_at - first).total_seconds() > passed:
                end -= 1
        return self.cases[self._next : end]

    def _work_boards(self) -> int:
        """Claim what waits on the boards, then end it as the plans say. Others' cases are left to them."""
        waiting: list[Row[Any]] = []
        after = 0
        with self.database.read() as tx:
            while len(waiting) < AT_ONCE and (page := waiting_on_boards(tx, self._people, after, AT_ONCE)):
                after = page[-1].id
                waiting += page
        todo = [(row, self._step(row)) for row in waiting if row.ticket_id in self.plans]
        ready = [(row, step) for row, step in todo if step is not None]
        if not ready:
            return 0
        now = datetime.now(UTC)
        with self.database.write() as tx:
            claims = [Claim(row.id, self._member(row.team)) for row, _ in ready]
            refused = handling.claim_many(tx, self.rulebook, claims, now)
        with self.database.write() as tx:
            ends = [self._end(row, step) for row, step in ready if row.id not in refused]
            refused |= handling.end_many(tx, self.rulebook, ends, datetime.now(UTC))
        self.tally.refused.update(error.code for error in refused.values())
        self.tally.visits += len(ready) - len(refused)
        return len(ready)

    def _answer(self) -> int:
        """Read the customers' short messages and answer by their links."""
        messages = self.sms.inbox(self._read, AT_ONCE)
        answers = []
        for position, text in messages:
            self._read = position
            found = _LINK.search(text)
            plan = self.plans.get(int(found[1])) if found else None
            if found and plan:
                answers.append((found[2], int(found[1])))
        if not answers:
            return len(messages)
        with self.database.write() as tx:
            rounds = {row.id: row.reopened for row in tickets.by_ids(tx, [id_ for _, id_ in answers])}
            given = [(token, self._verdict(ticket_id, rounds[ticket_id])) for token, ticket_id in answers]
            closing.answer_many(tx, self.rulebook, given, datetime.now(UTC))
        return len(messages)

    def _verdict(self, ticket_id: int, reopened: int) -> str:
        rounds = self.plans[ticket_id].rounds
        return (rounds[reopened].answer if reopened < len(rounds) else None) or "satisfied"

    def _ended(self) -> int:
        with self.database.read() as tx:
            return run_progress(tx, self.name)

    def _step(self, row: Row[Any]) -> Step | None:
        """What the plan has for this visit; the way home where the case stands elsewhere than planned."""
        plan = self.plans[row.ticket_id]
        before = sum(len(each.steps) for each in plan.rounds[: row.reopened])
        steps = plan.rounds[row.reopened].steps if row.reopened < len(plan.rounds) else ()
        visit = int(row.hops) - 1 - before
        planned: Step | None = steps[visit] if visit < len(steps) else None
        if planned is not None and planned.team == row.team:
            return planned
        self.tally.deviated[(planned.team if planned else "archive", row.team)] += 1
        askers = (str(row.asker_team),) if row.asker_team else ()
        return self.planner.way_home(plan, str(row.team), askers)

    def _end(self, row: Row[Any], step: Step) -> End:
        actor = self._member(row.team)
        match step.act:
            case "report":
                assert step.finding is not None
                return Finding(row.id, actor, step.finding, step.evidence)
            case "pass on":
                return PassOn(row.id, actor, step.to, "转派 replayed hand-over")
            case _:
                return HandBack(row.id, actor, "退单 replayed hand-over")

    def _member(self, team: str) -> Actor:
        return Actor(f"replay-{team}", self.rulebook.teams[team].members[0])

    def _report(self, case: LoggedCase) -> Report:
        plan = self.planner.plan(case)
        symptom, answers = self._said[plan.category]
        return Report(
            account=f"R{case.number}",
            symptom=symptom,
            description=f"重放 replayed incident {case.number}",
            priority=plan.priority,
            answers=answers,
            category=plan.category,
            request_key=self._key(case),
            despite_duplicate=True,  # one customer may have two faults in a log
        )

    def _key(self, case: LoggedCase) -> str:
        return f"{self.name}/{case.number}"

    def _retrying(self, act: Callable[[], T]) -> T:
        """A database that is busy or away for a while is waited for; every act may be repeated."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return act()
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)


def _to_a_ticket(script: Script, category: str) -> tuple[str, Answers]:
    """A symptom, and the shortest way through its questions to a ticket of this category; or to any ticket at all."""
    ways = [(symptom.name, way) for symptom in script.symptoms.values() for way in _ways_to_a_ticket(symptom)]
    fitting = [way for way in ways if follow(script.symptom(way[0]), way[1]).category == category]
    return min(fitting or ways, key=lambda way: len(way[1]))


def _ways_to_a_ticket(symptom: Symptom) -> Iterator[Answers]:
    """Every way, the shortest first. A script has no loops."""
    todo: list[Answers] = [()]
    for answers in todo:
        progress = follow(symptom, answers)
        if progress.outcome == "ticket":
            yield answers
        if progress.next is not None:
            todo += [(*answers, (progress.next.name, answer)) for answer in progress.next.answers]


def _mobile(number: str) -> str:
    """A number of the right form that belongs to nobody we know of."""
    return f"199{int(re.sub(r'[^0-9]', '', number) or 0) % 10**8:08d}"
