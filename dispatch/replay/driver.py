"""The people of a replay: they report the cases, claim and end what comes on their boards, and answer the surveys.

It works from outside, as people do: faults go in through the intake, work is found on the boards, the survey's link in
the short messages. It remembers nothing that the database doesn't know: what is to be done at a hop follows from the
ticket's count of visits. So a replay that was cut off goes on when it is started again under the same name.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.exc import OperationalError

from dispatch.domain.numbers import ticket_number
from dispatch.domain.roles import Actor, Role
from dispatch.domain.ticket import HopState
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, DispatchError
from dispatch.ports.ledger import Ledger
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.replay.case_state import CaseStep
from dispatch.replay.customers import Customers, asked
from dispatch.replay.log import LoggedCase
from dispatch.replay.mapping import FLOW
from dispatch.replay.plan import CasePlan, Planner
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, tickets
from dispatch.storage.database import Database
from dispatch.storage.replay_runs import on_boards, run_progress, run_tickets
from dispatch.storage.rows import BoardedHop
from dispatch.tickets import closing, handling, intake
from dispatch.tickets.handling import Claim, End, HandBack, PassOn, Refusals
from dispatch.tickets.handling import Report as FindingReport
from dispatch.tickets.intake import AcceptedReport, FaultReport

T = TypeVar("T")

AT_ONCE = 400
"""Reports, claims or findings in one transaction."""
IN_FLIGHT = 6_000
"""Cases under way at once when going as fast as it goes: enough to fill every batch, few enough to look at."""
LEISURE_SECONDS = 0.2
"""A pause when little was to be done: nobody looks at a board ten times a second, and batches grow meanwhile."""
STALLED_SECONDS = 300
"""A replay in which nothing has moved for so long says so and ends."""

AWAY_SECONDS, RETRY_SECONDS = 60, 0.5
"""How long a database that is away is waited for, and how often it is asked again."""

AGENT, OPERATIONS = Actor("replay", Role.AGENT_10086), Actor("replay", Role.OPS)
ARCHIVE = "archive"


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
    """One run. `cases` come in the order of their opening; `name` prefixes their request keys. They are reported by the
    holders of `lines`, accounts that are in service; without any, each by a customer of its own."""

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
        lines: Sequence[str] = (),
    ) -> None:
        self.name, self.cases, self.planner, self.script = name, cases, planner, script
        self.database, self.ledger, self.sms = database, ledger, sms
        self.speed_up = speed_up
        self.stalled_seconds: float = STALLED_SECONDS
        self.tally = Tally()
        self.plans: dict[int, CasePlan] = {}
        self.customers = Customers(script, self.rulebook.categories, lines)
        self._teams = [name for name, team in self.rulebook.teams.items() if not team.automatic]
        self._effect = f"accepted/{name}"
        self._refused: set[int] = set()
        self._next = 0
        self._read = sms.inbox_end()
        self._started = time.monotonic()

    @property
    def rulebook(self) -> Rulebook:
        return self.planner.rulebook

    def run(self, tend: Callable[[], None], progress: Callable[[Tally], None]) -> Tally:
        """Until every accepted case has ended. `tend` is called often, so that a supervisor does its work.

        Raises BadInput when the run has cases already that aren't among these.
        """
        self._take_up_again()
        looked, moved_at = 0.0, time.monotonic()
        while self._next < len(self.cases) or self.tally.ended < self.tally.accepted:
            moved = self._retrying(self._submit) + self._retrying(self._work_boards) + self._retrying(self._answer)
            tend()
            if moved:
                moved_at = time.monotonic()
            if not moved or time.monotonic() - looked > 0.5:
                before, self.tally.ended = self.tally.ended, self._retrying(self._ended)
                moved_at = time.monotonic() if self.tally.ended != before else moved_at
                looked = time.monotonic()
                progress(self.tally)
            if time.monotonic() - moved_at > self.stalled_seconds:
                self.tally.stalled = True
                break
            if moved < AT_ONCE // 2:
                time.sleep(LEISURE_SECONDS)
        progress(self.tally)
        return self.tally

    def _take_up_again(self) -> None:
        """Find the cases that an earlier process under this name has submitted, and what is in the inbox for them.

        It may have died between the commit of its last batch and the lines in the ledger; these are written now.
        """
        with self.database.read() as tx:
            known = {key: id_ for id_, key in run_tickets(tx, self.name)}
        if not known:
            return
        if strange := known.keys() - {self._key(case) for case in self.cases}:
            example = min(strange).partition("/")[2]
            raise BadInput(
                what=Wording(
                    f"批次 {self.name} 有 {len(strange)} 个本日志没有的案例，如 {example}："
                    "请用原来的文件和数目，或另取批次名",
                    f"run {self.name} has {len(strange)} cases that this log doesn't have, {example} among them: "
                    "go on with the same file and limit, or give the run another name",
                )
            )
        written = {thing for effect, thing in self.ledger.effects() if effect == self._effect}
        numbers = (ticket_number(FLOW, id_) for id_ in known.values())
        self.ledger.write(self._effect, (number for number in numbers if number not in written))
        for case in self.cases:
            if (ticket_id := known.get(self._key(case))) is not None:
                self._accepted(ticket_id, self.planner.plan(case))
        self.cases = [case for case in self.cases if self._key(case) not in known]
        self._read = 0

    def _accepted(self, ticket_id: int, plan: CasePlan) -> None:
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
        batch = [(case, self.planner.plan(case)) for case in self._due_cases()]
        if not batch:
            return 0
        with self.database.write() as tx:
            strangers = self.customers.strangers(case for case, _ in batch)
            accounts.take_over(tx, strangers, OPERATIONS, datetime.now(UTC))
        outcomes = self._report([self.customers.report(case, plan, self._key(case)) for case, plan in batch])
        self._next += len(batch)
        accepted = []
        for (_, plan), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, DispatchError):
                self.tally.refused[outcome.code] += 1
            else:  # also one that is there already: our own commit, whose success we weren't told
                self._accepted(outcome.ticket_id, plan)
                accepted.append(outcome.number)
        self.ledger.write(self._effect, accepted)
        return len(batch)

    def _report(self, reports: Sequence[FaultReport]) -> Sequence[AcceptedReport | DispatchError]:
        with self.database.write() as tx:
            return intake.submit_many(tx, self.rulebook, self.script, reports, AGENT, datetime.now(UTC))

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
        """Claim what waits on the boards, then end what is in our people's hands, as the plans say.

        Claiming and ending are two acts, and a process may die in between: what it left in their hands stands in the
        database, and is ended without being claimed again.
        """
        ready = [(row, step) for row in self._on_boards() if (step := self._step(row)) is not None]
        if not ready:
            return 0
        refused: Refusals = {}
        if waiting := [Claim(row.id, self._member(row.team)) for row, _ in ready if row.state == HopState.WAITING]:
            with self.database.write() as tx:
                refused = handling.claim_many(tx, self.rulebook, waiting, datetime.now(UTC))
        in_hand = [(row, step) for row, step in ready if row.id not in refused]
        with self.database.write() as tx:
            ends = [self._end(row, step) for row, step in in_hand]
            refused |= handling.end_many(tx, self.rulebook, ends, datetime.now(UTC))
        self._refused |= refused.keys()
        self.tally.refused.update(error.code for error in refused.values())
        ended = [row for row, _ in in_hand if row.id not in refused]
        self.tally.visits += len(ended)
        self.tally.deviated.update(deviation for row in ended if (deviation := self._deviation(row)))
        return len(ended)

    def _on_boards(self) -> list[BoardedHop]:
        """What our people may claim or have claimed. Others' cases are left to them, and what was refused once."""
        people = [self._member(team).name for team in self._teams]
        found: list[BoardedHop] = []
        after = 0
        with self.database.read() as tx:
            while len(found) < AT_ONCE and (page := on_boards(tx, self._teams, people, after, AT_ONCE)):
                after = page[-1].id
                found += [row for row in page if row.ticket_id in self.plans and row.id not in self._refused]
        return found

    def _answer(self) -> int:
        """Read the customers' short messages and answer by their links."""
        messages = self.sms.inbox(self._read, AT_ONCE)
        if not messages:
            return 0
        surveys = [found for _, text in messages if (found := asked(text)) and found[1] in self.plans]
        if surveys:
            with self.database.write() as tx:
                rounds = {row.id: row.reopened for row in tickets.by_ids(tx, [id_ for _, id_ in surveys])}
                answers = [(token, self.customers.answer(self.plans[id_], rounds[id_])) for token, id_ in surveys]
                closing.answer_many(tx, self.rulebook, answers, datetime.now(UTC))
        self._read = messages[-1][0]  # not before the answers are committed: an act that failed is done again
        return len(messages)

    def _ended(self) -> int:
        with self.database.read() as tx:
            return run_progress(tx, self.name)

    def _step(self, row: BoardedHop) -> CaseStep | None:
        """What the plan has for this visit; the way home where the case stands elsewhere than planned."""
        planned = self._planned(row)
        if planned is not None and planned.team == row.team:
            return planned
        askers = (str(row.asker_team),) if row.asker_team else ()
        return self.planner.way_home(self.plans[row.ticket_id], str(row.team), askers)

    def _planned(self, row: BoardedHop) -> CaseStep | None:
        """The plan's step for a visit with this number; None where the plan has ended before."""
        rounds = self.plans[row.ticket_id].rounds
        before = sum(len(each.steps) for each in rounds[: row.reopened])
        steps = rounds[row.reopened].steps if row.reopened < len(rounds) else ()
        visit = int(row.hops) - 1 - before
        return steps[visit] if visit < len(steps) else None

    def _deviation(self, row: BoardedHop) -> tuple[str, str] | None:
        """(planned, met), where a visit was to another team than planned."""
        planned = self._planned(row)
        team = planned.team if planned else ARCHIVE
        return None if team == row.team else (team, str(row.team))

    def _end(self, row: BoardedHop, step: CaseStep) -> End:
        actor = self._member(row.team)
        match step.act:
            case "report":
                assert step.finding is not None
                return FindingReport(row.id, actor, step.finding, step.evidence)
            case "pass on":
                return PassOn(row.id, actor, step.to, "转派 replayed hand-over")
            case _:
                return HandBack(row.id, actor, "退单 replayed hand-over")

    def _member(self, team: str) -> Actor:
        return Actor(f"replay-{team}", self.rulebook.teams[team].members[0])

    def _key(self, case: LoggedCase) -> str:
        return f"{self.name}/{case.number}"

    def _retrying(self, act: Callable[[], T]) -> T:
        """A database that is busy or away for a while is waited for; every act may be repeated."""
        deadline = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                return act()
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_SECONDS)
