"""The people of a replay: they report the cases, claim and end the hops on their boards, and answer the surveys.

The driver works from outside, as people do: it reports faults through the intake, finds work on the boards and the
survey's link in the short messages. It keeps no state that the database lacks: the ticket's count of visits says what
to do at a hop. So an interrupted replay continues when it is started again under the same name.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from dispatch.domain.numbers import ticket_number
from dispatch.domain.roles import Actor, Role
from dispatch.domain.ticket import HopState
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, DispatchError, EvidenceUnmet
from dispatch.ports.ledger import Ledger
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.replay.case_state import CaseStep
from dispatch.replay.customers import Customers, read_survey_message
from dispatch.replay.log import LoggedCase
from dispatch.replay.mapping import FLOW
from dispatch.replay.plan import CasePlan, Planner
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, tickets
from dispatch.storage.database import Database, Tx
from dispatch.storage.database_faults import database_fault
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
"""The most cases under way at once: enough to fill every batch, few enough to look through the boards."""
LEISURE_SECONDS = 0.2
"""The pause when there was little to do: batches grow meanwhile."""
STALLED_SECONDS = 300
"""After this time without progress the replay ends as stalled."""

AWAY_SECONDS, RETRY_SECONDS = 60, 0.5
"""Time for which the driver waits for a database that is away, and the pause between two retries."""

AGENT, OPERATIONS = Actor("replay", Role.AGENT_10086), Actor("replay", Role.OPS)
CHIEF = Actor("replay", Role.SUPERVISOR)
AS_LOGGED = "回放记录如此 as the replayed log has it"
ARCHIVE = "archive"


@dataclass(slots=True)
class Tally:
    """The driver's counts. `deviated`: visits to another team than planned, by (planned team, actual team).

    `inserted`, `merged`, `cut` and `unreconciled` are the sums over the plans; `limited` counts plans cut by a limit.
    """

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
    """One run. `cases` are in the order of their opening; `name` prefixes their request keys.

    The holders of `lines`, numbers of accounts in service, report the cases; without `lines` each case gets a new
    customer. `speed_up`: how many times faster than the log the cases come; None: as fast as possible.
    """

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
        """Run until every accepted case has ended, or until the run stalls.

        `tend` is called often, so that a supervisor can restart processes. Raises BadInput when the database has cases
        of this run that aren't among `cases`.
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
        """Continue an interrupted run: find its submitted cases, and read the inbox from the beginning.

        The earlier process may have died between the commit of its last batch and the lines in the ledger; the missing
        lines are written now.
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
        """Report the due cases, at most so many that IN_FLIGHT are under way; return how many."""
        batch = [(case, self.planner.plan(case)) for case in self._due_cases()]
        if not batch:
            return 0
        with self.database.write() as tx:
            strangers = self.customers.strangers(case for case, _ in batch)
            accounts.enter_existing(tx, strangers, OPERATIONS, datetime.now(UTC))
        outcomes = self._report([self.customers.report(case, plan, self._key(case)) for case, plan in batch])
        self._next += len(batch)
        accepted = []
        for (_, plan), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, DispatchError):
                self.tally.refused[outcome.code] += 1
            else:  # a duplicate is accepted too: a commit of ours whose confirmation was lost
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
        """Claim the waiting hops on the boards, then end our claimed hops by the plans; return how many ended.

        Claiming and ending are two transactions. When a process dies in between, the next one finds the claimed hops in
        the database and ends them without claiming again.
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
            ended_not = handling.end_many(tx, self.rulebook, ends, datetime.now(UTC))
            ended_not = self._override(tx, ends, ended_not)
        refused |= ended_not
        self._refused |= refused.keys()
        self.tally.refused.update(error.code for error in refused.values())
        ended = [row for row, _ in in_hand if row.id not in refused]
        self.tally.visits += len(ended)
        self.tally.deviated.update(deviation for row in ended if (deviation := self._deviation(row)))
        return len(ended)

    def _override(self, tx: Tx, ends: Sequence[End], refused: Refusals) -> Refusals:
        """Report what the log says although the system sees it otherwise: a log has no photos, and its lines are as
        they were then. Returns what is still refused."""
        unmet = {hop_id for hop_id, error in refused.items() if isinstance(error, EvidenceUnmet)}
        again = [
            replace(end, actor=CHIEF, on_behalf_of=end.actor.name, override=AS_LOGGED)
            for end in ends
            if isinstance(end, FindingReport) and end.hop_id in unmet
        ]
        still = handling.end_many(tx, self.rulebook, again, datetime.now(UTC)) if again else {}
        return {**{hop_id: error for hop_id, error in refused.items() if hop_id not in unmet}, **still}

    def _on_boards(self) -> list[BoardedHop]:
        """Return the hops of this run that wait or that our people hold, without those that were refused once."""
        people = [self._member(team).name for team in self._teams]
        found: list[BoardedHop] = []
        after = 0
        with self.database.read() as tx:
            while len(found) < AT_ONCE and (page := on_boards(tx, self._teams, people, after, AT_ONCE)):
                after = page[-1].id
                found += [row for row in page if row.ticket_id in self.plans and row.id not in self._refused]
        return found

    def _answer(self) -> int:
        """Read the customers' short messages and answer the surveys in them; return how many messages."""
        messages = self.sms.inbox(self._read, AT_ONCE)
        if not messages:
            return 0
        surveys = [found for _, text in messages if (found := read_survey_message(text)) and found[1] in self.plans]
        if surveys:
            with self.database.write() as tx:
                rounds = {row.id: row.reopened for row in tickets.by_ids(tx, [id_ for _, id_ in surveys])}
                answers = [(token, self.customers.answer(self.plans[id_], rounds[id_])) for token, id_ in surveys]
                closing.answer_many(tx, self.rulebook, answers, datetime.now(UTC), same_hands=False)
        self._read = messages[-1][0]  # only after the commit: failed answers are given again
        return len(messages)

    def _ended(self) -> int:
        with self.database.read() as tx:
            return run_progress(tx, self.name)

    def _step(self, row: BoardedHop) -> CaseStep | None:
        """Return the planned step for this visit; a step towards the end when the case is not where the plan has it."""
        planned = self._planned(row)
        if planned is not None and planned.team == row.team:
            return planned
        askers = (str(row.asker_team),) if row.asker_team else ()
        return self.planner.way_home(self.plans[row.ticket_id], str(row.team), askers)

    def _planned(self, row: BoardedHop) -> CaseStep | None:
        """Return the plan's step for this visit; None when the plan has fewer visits."""
        rounds = self.plans[row.ticket_id].rounds
        before = sum(len(each.steps) for each in rounds[: row.reopened])
        steps = rounds[row.reopened].steps if row.reopened < len(rounds) else ()
        visit = int(row.hops) - 1 - before
        return steps[visit] if visit < len(steps) else None

    def _deviation(self, row: BoardedHop) -> tuple[str, str] | None:
        """Return (planned team, actual team) when they differ."""
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
                return HandBack(row.id, actor, "退回 replayed hand-over")

    def _member(self, team: str) -> Actor:
        return Actor(f"replay-{team}", self.rulebook.teams[team].members[0])

    def _key(self, case: LoggedCase) -> str:
        return f"{self.name}/{case.number}"

    def _retrying(self, act: Callable[[], T]) -> T:
        """Retry `act` while the database is busy or away. Every act of the driver may be repeated."""
        deadline = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                return act()
            except SQLAlchemyError as refused:
                if database_fault(refused) is None or time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_SECONDS)
