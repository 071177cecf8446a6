"""The state machine: relays, workers, people, messages and crashes in any order, on a clock of its own.

The workers' own code runs on a database in memory with a ledger in a file. Hypothesis chooses what happens next. Any
act may be cut off before any of its statements, before its line in the ledger, or before its message is published. Any
message ever published may be delivered, several times, out of order, a day late; the broker may lose them all.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import event, select

import workers.context
import workers.hop
from dispatch.domain.roles import Actor
from dispatch.domain.ticket import HOP_ENDS, HopState, TicketState
from dispatch.errors import DispatchError
from dispatch.messages import MessagesInForce
from dispatch.ports.billing import SimulatedBilling
from dispatch.ports.ledger import Ledger
from dispatch.ports.line_test import SimulatedLineTester
from dispatch.ports.printing import SimulatedPrinter
from dispatch.ports.provisioning import SimulatedProvisioning
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.replay.customers import read_survey_message
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings
from dispatch.storage import accounts, hops
from dispatch.storage.clock import ClockGuard
from dispatch.storage.hops import SentHop
from dispatch.storage.outbox import Pair
from dispatch.storage.tables import tickets as t
from dispatch.tickets import closing, followup, handling, intake, timers
from dispatch.tickets.handling import Claim, Report
from dispatch.tickets.next_hop import DirectlySent
from tests.factories import CLERK, HOPS, LEASE, NOW, REOPENS, SUPERVISOR, attach, dump, hasty, in_file
from tests.properties.test_journeys import ENDING, PEOPLE, evidence
from tests.strategies import RULEBOOK, SCRIPT
from workers.context import Clock, Context
from workers.direct_send import DirectSender

STEPS = 40
CUSTOMERS = 3
LONGEST_ACT = 12
"""The most statements after which a crash is tried; longer acts are cut off within these."""
Message = tuple[str, int, list[Pair]]
"""A message: the nth task of a team's chain, with its hops."""


class _Died(BaseException):
    """A kill -9: no code of the victim runs after it."""


class _Rules:
    """The rules in force, which don't change meanwhile."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook

    def get(self) -> Rulebook:
        return self._rulebook


class _Ledger(Ledger):
    """A ledger that can make the process die before the next line."""

    dying = False

    def write(self, effect: str, things: Any) -> None:
        if self.dying:
            self.dying = False
            raise _Died
        super().write(effect, things)


class DeskMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock, self.rulebook = Clock(ClockGuard(5)), hasty(RULEBOOK.text)
        self.now = NOW
        self._folder = tempfile.TemporaryDirectory(prefix="paidan-machine-")
        home = Path(self._folder.name)
        self.database = in_file(self.rulebook, home / "paidan.db")
        self.ledger, self.sms = _Ledger(home / "ledger.tsv"), SimulatedSmsGateway(home / "sms.db")
        self.messages: list[Message] = []
        self.old: list[Message] = []  # every message ever published; any of them may be delivered
        self.dies_before = 0  # the nth statement of the next act; 0: no crash at a statement
        self.unpublished = False  # whether the next act dies before it publishes its message
        with self.database.write() as tx:
            accounts.enter_existing(tx, [(f"GZ{n}", "tianhe", "13800138000") for n in range(CUSTOMERS)], CLERK, NOW)
        self._enter(
            Context(
                settings=(settings := Settings(home=home, lease=LEASE.total_seconds(), quiet_hours=False)),
                database=self.database,
                rules=_Rules(self.rulebook),  # type: ignore[arg-type]
                messages=MessagesInForce(settings),
                ledger=self.ledger,
                line_tester=SimulatedLineTester(),
                sms=self.sms,
                provisioning=SimulatedProvisioning(home / "provisioning.db"),
                printer=SimulatedPrinter(home / "printed"),
                billing=SimulatedBilling(home / "billing.db", UTC),
                clock=self.clock,
                direct_sender=_DirectSender(self._publish),
            )
        )
        event.listen(self.database.engine, "before_cursor_execute", self._count)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @now.setter
    def now(self, told: datetime) -> None:
        self.clock.told = told

    def _enter(self, context: Context) -> None:
        """Give the workers' code this machine's context."""
        self._before = workers.context._context_of
        workers.context._context_of = lambda _pid: context  # type: ignore[assignment]

    def _count(self, *_: object) -> None:
        if self.dies_before:
            self.dies_before -= 1
            if not self.dies_before:
                raise _Died

    def _attempt(self, act: Callable[[], Any]) -> Any:
        """Return the act's result; None if it was refused or died on the way."""
        try:
            return act()
        except (DispatchError, _Died):
            return None
        finally:
            self.dies_before, self.ledger.dying = 0, False

    def _publish(self, message: Message) -> None:
        """Publish, or die before it, once."""
        if not self.unpublished:
            self.messages.append(message)
            self.old.append(message)
        self.unpublished = False

    # -- what may happen -----------------------------------------------------------------------------

    @rule(statement=st.integers(1, LONGEST_ACT))
    def next_act_dies_at_a_statement(self, statement: int) -> None:
        self.dies_before = statement

    @rule()
    def next_act_dies_before_its_line_in_the_ledger(self) -> None:
        self.ledger.dying = True

    @rule()
    def next_act_dies_before_its_message_is_out(self) -> None:
        self.unpublished = True

    @rule(customer=st.integers(0, CUSTOMERS - 1), system=st.booleans(), key=st.sampled_from(["a", "b", None]))
    def a_customer_reports(self, customer: int, system: bool, key: str | None) -> None:
        report = intake.FaultReport(
            f"GZ{customer}", "account-system" if system else "no-internet", "断网", request_key=key
        )

        def submit() -> None:
            with self.database.write() as tx:
                intake.submit(tx, self.rulebook, SCRIPT, report, CLERK, self.now)

        self._attempt(submit)

    @rule(most=st.integers(1, 4))
    def a_relay_sends_what_is_due(self, most: int) -> None:
        def take() -> list[hops.SentHop]:
            with self.database.write() as tx:
                return hops.take_due(tx, self.now, LEASE, most, list(self.rulebook.teams))

        sent = self._attempt(take) or []
        for team in sorted({each.team for each in sent}):
            for vain in (False, True):
                pairs = [each.pair for each in sent if each.team == team and each.waited.expired == vain]
                if pairs:
                    self._publish((team, 0 if vain else 1, pairs))

    @precondition(lambda self: self.messages)
    @rule(which=st.integers(0, 99), stays=st.booleans())
    def a_worker_gets_a_message(self, which: int, stays: bool) -> None:
        """Deliver any message in the broker; without an acknowledgement it stays there."""
        message = self.messages[which % len(self.messages)]
        if not stays:
            self.messages.remove(message)
        self._deliver(message)

    @precondition(lambda self: self.old)
    @rule(which=st.integers(0, 99), times=st.integers(2, 5))
    def an_old_message_comes_again_and_again(self, which: int, times: int) -> None:
        for _ in range(times):
            self._deliver(self.old[which % len(self.old)])

    @rule()
    def the_broker_is_emptied(self) -> None:
        self.messages.clear()

    @rule(passed=st.sampled_from([timedelta(seconds=2), LEASE, timedelta(hours=1), timedelta(days=1)]))
    def time_passes(self, passed: timedelta) -> None:
        self.now += passed

    @rule()
    def timers_fire(self) -> None:
        def fire() -> None:
            with self.database.write() as tx:
                timers.fire_due_timers(tx, self.rulebook, self.now, 10)

        self._attempt(fire)

    @rule(which=st.integers(0, 99), seed=st.integers(0, 99))
    def a_person_claims_and_reports(self, which: int, seed: int) -> None:
        if rows := self._rows(t.hop, t.hop.c.state.in_([HopState.WAITING, HopState.CLAIMED]), t.hop.c.team.in_(PEOPLE)):
            row, dice = rows[which % len(rows)], Random(seed)
            findings = [each.name for each in self.rulebook.findings_of("fault", row.team)]
            self._attempt(lambda: self._work_on(row, dice.choice([ENDING[row.team], *findings]), dice))

    @rule(which=st.integers(0, 99))
    def a_reporter_withdraws(self, which: int) -> None:
        if rows := self._rows(t.ticket, t.ticket.c.ended_at.is_(None)):

            def withdraw() -> None:
                with self.database.write() as tx:
                    followup.withdraw(tx, rows[which % len(rows)].id, "好了", CLERK, self.now)

            if which % 5 == 0:  # else too few cases grow old
                self._attempt(withdraw)

    @rule(fixed=st.booleans())
    def customers_answer(self, fixed: bool) -> None:
        self._attempt(lambda: self._answer("satisfied" if fixed else "not-fixed"))

    @rule()
    def a_supervisor_releases(self) -> None:
        for row in self._rows(t.hop, t.hop.c.state == HopState.QUARANTINED):
            with self.database.write() as tx:
                handling.release(tx, row.id, SUPERVISOR, self.now)

    # -- what holds at every moment ------------------------------------------------------------------

    @invariant()
    def every_case_is_in_just_one_place(self) -> None:
        live: dict[int, int] = {}
        for row in self._rows(t.hop, t.hop.c.state.not_in(HOP_ENDS)):
            live[row.ticket_id] = live.get(row.ticket_id, 0) + 1
        for ticket in self._rows(t.ticket):
            at_work = ticket.state in (TicketState.OPEN, TicketState.ARCHIVED)
            assert live.get(ticket.id, 0) == at_work, f"{ticket.state}, in {live.get(ticket.id, 0)} live hops"

    @invariant()
    def nothing_is_done_twice(self) -> None:
        assert self.ledger.doubled() == []
        assert self.sms.ledger.doubled() == []

    def teardown(self) -> None:
        try:
            self.dies_before, self.ledger.dying, self.unpublished = 0, False, False
            self._to_the_end()
            self._all_of_it_a_day_later()
        finally:
            workers.context._context_of = self._before
            self.database.dispose()
            self._folder.cleanup()

    # -- and in the end --------------------------------------------------------------------------------

    def _to_the_end(self) -> None:
        """The machinery works again: everything that was accepted ends."""
        for _ in range(4 * (HOPS + REOPENS)):
            if not self._rows(t.ticket, t.ticket.c.ended_at.is_(None)):
                break
            self.now += timedelta(days=1)
            self.a_supervisor_releases()
            self.a_relay_sends_what_is_due(99)
            while self.messages:
                self._deliver(self.messages.pop())
            for row in self._rows(
                t.hop, t.hop.c.state.in_([HopState.WAITING, HopState.CLAIMED]), t.hop.c.team.in_(PEOPLE)
            ):
                self._work_on(row, ENDING[row.team], Random(0))
            self._answer("satisfied")
            self.every_case_is_in_just_one_place()
        lost = self._rows(t.ticket, t.ticket.c.ended_at.is_(None))
        assert not lost, f"{len(lost)} cases never end"
        self.nothing_is_done_twice()

    def _all_of_it_a_day_later(self) -> None:
        """Deliver every message once more, in another order: nothing may change."""
        self.now += timedelta(days=1)
        before, late = dump(self.database), list(self.old)
        Random(len(late)).shuffle(late)
        for message in late:
            self._deliver(message)
        assert dump(self.database) == before, "a message that came a day late has changed something"
        self.nothing_is_done_twice()

    # -- hands -----------------------------------------------------------------------------------------

    def _deliver(self, message: Message) -> None:
        team, place, pairs = message
        tasks = _chain(team)
        following = self._attempt(lambda: tasks[place](pairs))
        if following and place + 1 < len(tasks):
            self._publish((team, place + 1, following))

    def _work_on(self, row: Any, finding: str, dice: Random) -> None:
        """Claim and report are two acts: a process may die in between."""
        actor = Actor(row.holder or "x", self.rulebook.teams[row.team].members[0])
        if row.state == HopState.WAITING:
            with self.database.write() as tx:
                handling.claim(tx, self.rulebook, Claim(row.id, actor), self.now)
        with self.database.write() as tx:
            attach(tx, row.id)
            handling.end(tx, self.rulebook, Report(row.id, actor, finding, evidence(finding, dice)), self.now)

    def _answer(self, finding: str) -> None:
        """Every link that any customer ever got is answered."""
        messages = (read_survey_message(text) for _, text in self.sms.inbox(limit=-1))
        links = [found[0] for found in messages if found is not None]
        with self.database.write() as tx:
            closing.answer_many(tx, self.rulebook, [(link, finding) for link in links], self.now)

    def _rows(self, table: Any, *where: Any) -> list[Any]:
        dying, self.dies_before = self.dies_before, 0  # a read is not an act
        try:
            with self.database.read() as tx:
                return list(tx.execute(select(table).where(*where).order_by(table.c.id)).all())
        finally:
            self.dies_before = dying


def _chain(team: str) -> list[Callable[[list[Pair]], list[Pair]]]:
    """The bodies of a team's tasks, in the order in which `workers.app` chains them for hops sent in vain before;
    chains for other hops begin with the second."""
    stretch = importlib.import_module(f"workers.teams.{team.replace('-', '_')}").STRETCH

    def body(place: int) -> Callable[[list[Pair]], list[Pair]]:
        step = stretch.steps[place]
        return lambda pairs: workers.hop.run_step(step, place, f"{team}.{step.name}", pairs)

    return [partial(workers.hop.receive, team), *(body(place) for place in range(len(stretch.steps)))]


class _DirectSender(DirectSender):
    """A producer that publishes into the machine's broker."""

    def __init__(self, publish: Callable[[Message], None]) -> None:
        super().__init__()
        self._into = publish

    def to_queues_with_room(self, rulebook: Rulebook, team: str, lease: timedelta) -> DirectlySent:
        return DirectlySent(rulebook.following(team), lease)

    def publish(self, _database: object, made: Sequence[SentHop]) -> None:
        for sending in made:
            self._into((sending.team, 1, [sending.pair]))


def play(examples: int, shrink: bool = True) -> int:
    """Do this many runs; return the steps of each. Raises the failure, shortened if `shrink`."""
    phases = [Phase.generate, *([Phase.shrink] if shrink else [])]
    run_state_machine_as_test(
        DeskMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return STEPS
