"""Whatever people, workers, messages and clocks do, in whatever order, no case is lost, doubled or endless."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, select

from dispatch.domain.account import AccountState
from dispatch.domain.finding import NEW_DEVICE, Value
from dispatch.domain.kind import Kind
from dispatch.domain.requirement import Circumstances, judge
from dispatch.domain.roles import Actor
from dispatch.domain.ticket import HOP_ENDS, TICKET_ENDS, HopState, TicketState
from dispatch.errors import DispatchError
from dispatch.storage import accounts, hops
from dispatch.storage.database import Tx
from dispatch.storage.outbox import MOST_FAILURES, Pair
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables import tickets as t
from dispatch.tickets import closing, construction, followup, handling, intake, next_hop, timers
from dispatch.tickets.handling import Claim, GiveBack, HandBack, PassOn, Report
from dispatch.tickets.next_hop import Ending
from tests.factories import (
    AGENT_10050,
    AGENT_10086,
    CLERK,
    HOPS,
    LEASE,
    NOT_SOLVED,
    NOW,
    REOPENS,
    SOLVED,
    SUPERVISOR,
    attach,
    carried,
    hasty,
    in_memory,
    link,
    order,
    stretch,
    work,
)
from tests.properties.random_acts import PHASES, acted
from tests.strategies import RULEBOOK, SCRIPT

PEOPLE = [name for name, team in RULEBOOK.teams.items() if not team.automatic]
AT_WORK = (TicketState.OPEN, TicketState.ARCHIVED)
ENDING = {"noc": "fixed", "system-support": "fixed", "installer": "fixed-on-site", "supervisor": "settled"}
ENDING |= {"transmission": "fixed", "data-network": "fixed"}
BUILDING = {"construction": "installed", "supervisor": "construction-failed"}
"""The report of each team that leads a fault, or a construction order, to its end."""
LINES = 3
"""The most lines that are opened."""


def evidence(finding: str, dice: Random) -> dict[str, Value]:
    """Draw evidence that the finding accepts, now and then not as it is required."""
    asked = [*RULEBOOK.everybodys[finding]]
    for teams in RULEBOOK.requires.values():
        asked += [each for findings in teams.values() for each in findings.get(finding, ())]
    of_evidence, drawn = [each for each in asked if each.evidence], _drawn(finding, dice)
    while dice.random() < 0.99 and judge(of_evidence, drawn, Circumstances(), {}).unmet:
        drawn = _drawn(finding, dice)
    return drawn


def _drawn(finding: str, dice: Random) -> dict[str, Value]:
    values: dict[str, Callable[[Any], Value]] = {
        "choice": lambda wanted: dice.choice([*wanted.choices]),
        "number": lambda wanted: (
            dice.uniform(max(wanted.least, -30), min(wanted.most, 30)) + 900 * (wanted.most > 1000)
        ),
        "yes-no": lambda _: dice.random() < 0.5,
        "text": lambda _: "如实说明的处理情况和结果",
    }
    asked = RULEBOOK.findings[finding].evidence
    return {wanted.name: values[wanted.kind](wanted) for wanted in asked if wanted.kind in values}


class World:
    """Two customers with a line and some who want one, two people a team, any number of relays and workers. Each act
    draws its target and its way from its dice."""

    def __init__(self) -> None:
        self.rulebook, self.now, self.serials = hasty(RULEBOOK.text), NOW, itertools.count()
        self.database = in_memory(self.rulebook)
        with self.database.write() as tx:
            accounts.enter_existing(tx, [(f"GZ{n}", "tianhe", "1") for n in (1, 2)], CLERK, NOW)
        self.messages: list[Pair] = []  # every message ever published; any may be delivered again
        self.generations: dict[int, int] = {}
        self.history: list[Row[Any]] = []

    # -- hands -------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def act(self) -> Iterator[Tx]:
        """Do an act in one transaction; a refusal counts as a success."""
        with contextlib.suppress(DispatchError), self.database.write() as tx:
            yield tx

    def rows(self, table: Any, *where: Any) -> list[Row[Any]]:
        with self.database.read() as tx:
            return list(tx.execute(select(table).where(*where).order_by(table.c.id)).all())

    def hop(self, dice: Random, *states: HopState) -> Row[Any] | None:
        """Draw a people's hop in one of these states, and now and then in any state."""
        peoples = self.rows(t.hop, t.hop.c.team.in_(PEOPLE))
        wanted = [row for row in peoples if row.state in states and dice.random() < 0.95]
        found = wanted or peoples
        return dice.choice(found) if found else None

    def ticket(self, dice: Random) -> int:
        """Draw any ticket; 999 while there is none."""
        return int(dice.choice([row.id for row in self.rows(t.ticket)] or [999]))

    def holder(self, row: Row[Any]) -> Actor:
        return Actor(row.holder or "x", self.rulebook.teams[row.team].members[0])

    # -- the desk ----------------------------------------------------------------------------------

    def submit(self, dice: Random) -> None:
        taker = dice.choice([CLERK, CLERK, AGENT_10086, AGENT_10050])
        answers = NOT_SOLVED if taker is AGENT_10086 else ()
        symptom = "no-internet" if answers else dice.choice(["no-internet", "account-system"])
        key = dice.choice([None, "a", "b", "c", "d"])
        account = dice.choice(["GZ1", "GZ2"])
        report = intake.FaultReport(account, symptom, "断网", 3, answers, None, key, dice.random() < 0.3)
        with self.act() as tx:
            intake.submit_many(tx, self.rulebook, SCRIPT, [report] * dice.randint(1, 2), taker, self.now)

    def judge(self, dice: Random) -> None:
        reported = self.rows(t.ticket, t.ticket.c.state.in_(["reported", "transferred"]))
        ticket_id = dice.choice(reported).id if reported else self.ticket(dice)
        how = dice.choice(["transfer", "refer", "take over", "take over"])
        with self.act() as tx:
            if how == "take over":
                answers = dice.choice([SOLVED, NOT_SOLVED, NOT_SOLVED])
                intake.take_over(tx, self.rulebook, SCRIPT, ticket_id, answers, AGENT_10086, self.now)
            else:
                getattr(intake, how)(tx, ticket_id, "说明", AGENT_10050, self.now)

    def urge(self, dice: Random) -> None:
        ticket_id = self.ticket(dice)
        with self.act() as tx:
            followup.urge(tx, self.rulebook, ticket_id, "急", CLERK, self.now)

    def withdraw(self, dice: Random) -> None:
        ticket_id = self.ticket(dice)
        if dice.random() < 0.1:  # else too few cases grow old
            with self.act() as tx:
                followup.withdraw(tx, ticket_id, "好了", CLERK, self.now)

    def open_line(self, dice: Random) -> None:
        """Open an account with its construction order."""
        opened = self.rows(b.account, b.account.c.number.like("N%"))
        if len(opened) < LINES:
            order(self.database, self.rulebook, f"N{len(opened)}", self.now)

    def refund(self, dice: Random) -> None:
        """Cancel and refund an order that waits at the refund desk."""
        for row in self.rows(t.hop, t.hop.c.team == "refund-desk", t.hop.c.state == HopState.WAITING):
            with self.act() as tx:
                locked = hops.lock(tx, [row.id])[row.id]
                next_hop.end_hops(tx, self.rulebook, [Ending(locked, "finish", CLERK, finding="refunded")], self.now)

    # -- relays and workers ------------------------------------------------------------------------

    def send(self, dice: Random) -> None:
        with self.act() as tx:
            sent = hops.take_due(tx, self.now, LEASE, dice.randint(1, 3), list(self.rulebook.teams))
        self.messages += [each.pair for each in sent]

    def deliver(self, dice: Random) -> None:
        """Deliver any messages, however old and however often; the worker may die or fail over them."""
        if not self.messages:
            return
        recent = self.messages[-4:] if dice.random() < 0.7 else self.messages
        message = dice.sample(recent, dice.randint(1, min(3, len(recent))))
        with self.act() as tx:
            end = dice.choice(["done", "done", "died", "failed", "not published"])
            if end == "not published":
                hops.postpone(tx, message, self.now)
                return
            received = hops.receive(tx, message, self.now, LEASE)
            if end == "done":
                stretch(tx, self.rulebook, received, self.now)
            elif end == "failed":
                for pair in received:
                    hops.fail(tx, pair, "ValueError", self.now)

    def refuse_lines(self, dice: Random) -> None:
        """Let the provisioning system refuse to prepare a line."""
        with self.act() as tx:
            sent = hops.take_due(tx, self.now, LEASE, 9, ["provisioning"])
            rows = hops.lock_received(tx, hops.receive(tx, [each.pair for each in sent], self.now, LEASE))
            construction.end_provisioned(tx, self.rulebook, rows, {row.id: "port-full" for row in rows}, self.now)

    def die_again_and_again(self, dice: Random) -> None:
        """Let a poisoned hop fail time after time."""
        for _ in range(dice.randint(1, MOST_FAILURES)):
            self.send(dice)
            with self.act() as tx:
                hops.receive(tx, self.messages[-3:], self.now, LEASE)
            self.now += LEASE

    def all_work(self, dice: Random) -> None:
        work(self.database, self.rulebook, self.now)

    def time_passes(self, dice: Random) -> None:
        self.now += dice.choice([LEASE, timedelta(minutes=30), timedelta(hours=9), timedelta(days=1)])

    def sweep(self, dice: Random) -> None:
        with self.act() as tx:
            timers.fire_due_timers(tx, self.rulebook, self.now, dice.randint(1, 3))

    # -- the teams ---------------------------------------------------------------------------------

    def claim(self, dice: Random) -> None:
        if row := self.hop(dice, HopState.WAITING):
            person = Actor(f"{row.team}-{dice.randint(0, 1)}", self.rulebook.teams[row.team].members[0])
            with self.act() as tx:
                handling.claim(tx, self.rulebook, Claim(row.id, person), self.now)

    def report(self, dice: Random) -> None:
        if row := self.hop(dice, HopState.CLAIMED):
            kind = next(each.kind for each in self.rows(t.ticket) if each.id == row.ticket_id)
            finding = dice.choice(self.rulebook.findings_of(kind, row.team)).name
            given = evidence(finding, dice) | self.carried(self.holder(row), finding)
            with self.act() as tx:
                attach(tx, row.id)
                handling.end(tx, self.rulebook, Report(row.id, self.holder(row), finding, given), self.now)

    def carried(self, actor: Actor, finding: str) -> dict[str, Value]:
        """The devices that the finding's report must name, new and in the actor's hands."""
        asked = [each for each in RULEBOOK.findings[finding].evidence if each.kind == NEW_DEVICE and not each.optional]
        return {each.name: carried(self.database, actor.name, f"TEST{next(self.serials):08X}") for each in asked}

    def walk_a_visit(self, dice: Random) -> None:
        """Do the worker's part, claim and report in one go, so that cases get far."""
        self.all_work(dice)
        self.claim(dice)
        self.report(dice)

    def pass_on(self, dice: Random) -> None:
        if row := self.hop(dice, HopState.CLAIMED, HopState.HELD, HopState.WAITING):
            actor = dice.choice([self.holder(row), SUPERVISOR])
            to = dice.choice(self.rulebook.teams[row.team].passes_on_to)
            with self.act() as tx:
                handling.end(tx, self.rulebook, PassOn(row.id, actor, to, "转派"), self.now)

    def hand_back(self, dice: Random) -> None:
        if row := self.hop(dice, HopState.CLAIMED):
            with self.act() as tx:
                handling.end(tx, self.rulebook, HandBack(row.id, self.holder(row), "查不出"), self.now)

    def give_back(self, dice: Random) -> None:
        if row := self.hop(dice, HopState.CLAIMED):
            with self.act() as tx:
                handling.give_back(tx, self.rulebook, GiveBack(row.id, self.holder(row)), self.now)

    def hold(self, dice: Random) -> None:
        if row := self.hop(dice, HopState.CLAIMED):
            until = self.now + timedelta(hours=dice.randint(1, 100))
            with self.act() as tx:
                handling.hold(tx, self.rulebook, row.id, until, "等", self.holder(row), self.now)

    def resume(self, dice: Random) -> None:
        if row := self.hop(dice, HopState.HELD):
            with self.act() as tx:
                handling.resume(tx, self.rulebook, row.id, self.holder(row), self.now)

    def release(self, dice: Random) -> None:
        for row in self.rows(t.hop, t.hop.c.state == HopState.QUARANTINED):
            with self.act() as tx:
                handling.release(tx, row.id, SUPERVISOR, self.now)

    def customers_answer(self, dice: Random) -> None:
        """Answer any link ever sent, also one already answered, once or twice at once."""
        with self.database.write() as tx:
            links = [link(tx, hop_id) for hop_id in tx.execute(select(t.survey.c.hop_id)).scalars().all()]
        findings = dice.choices(["satisfied", "not-fixed", "not-fixed", "unreachable"], k=dice.randint(1, 2))
        with self.act() as tx:
            answers = [(link, finding) for link in links for finding in findings]
            closing.answer_many(tx, self.rulebook, answers, self.now)

    # -- what holds at every moment ------------------------------------------------------------------

    def every_case_is_in_just_one_place(self) -> None:
        tickets, all_hops = self.rows(t.ticket), self.rows(t.hop)
        for ticket in tickets:
            mine = [row for row in all_hops if row.ticket_id == ticket.id]
            live = [row for row in mine if row.state not in HOP_ENDS]
            assert len(live) == (1 if ticket.state in AT_WORK else 0), f"{ticket.state}: {live}"
            assert [row.seq for row in sorted(mine, key=lambda r: r.seq)] == list(range(1, ticket.last_seq + 1))
            assert (ticket.state in TICKET_ENDS) == (ticket.outcome is not None) == (ticket.ended_at is not None)
            self.within_the_limits(ticket, mine)

    def within_the_limits(self, ticket: Row[Any], mine: list[Row[Any]]) -> None:
        """A visit beyond the limit goes to the supervisor, or the supervisor sent the case there."""
        visits = [row for row in sorted(mine, key=lambda r: r.seq) if row.team in PEOPLE]
        assert len(visits) == ticket.hops
        for before, after in zip(visits[HOPS - 1 :], visits[HOPS:], strict=False):
            assert "supervisor" in (before.team, after.team)
        assert ticket.reopened <= REOPENS + 1

    def nothing_goes_back(self) -> None:
        for row in self.rows(t.hop):
            assert row.generation >= self.generations.get(row.id, 0)
            assert row.failures <= MOST_FAILURES
            self.generations[row.id] = row.generation
        history = self.rows(t.history)
        assert history[: len(self.history)] == self.history, "history only grows"
        self.history = history

    def every_archive_has_its_record(self) -> None:
        with self.database.read() as tx:
            records = tx.execute(select(t.archive_record)).all()
        filed = self.rows(t.hop, t.hop.c.team == "archive", t.hop.c.finding == "filed")
        assert sorted(row.ticket_id for row in records) == sorted(row.ticket_id for row in filed)
        assert all(closing.digest(row.content) == row.sha256 for row in records)

    def a_line_is_in_service_when_its_order_says_so(self) -> None:
        done = {row.ticket_id for row in self.rows(t.hop, t.hop.c.finding == "activated")}
        lines = {row.id: row.state for row in self.rows(b.account)}
        for ticket in self.rows(t.ticket, t.ticket.c.kind == Kind.CONSTRUCTION):
            assert ticket.state != TicketState.WITHDRAWN
            assert (lines[ticket.account_id] == AccountState.IN_SERVICE) == (ticket.id in done)
            told = [row.key for row in self.rows(b.effect) if row.lane == f"account/{ticket.account_id}"]
            assert len([key for key in told if not key.endswith("/device")]) == (ticket.id in done)
            if ticket.state == TicketState.CLOSED:
                assert ticket.outcome == ("activated" if ticket.id in done else "refunded")

    # -- and in the end --------------------------------------------------------------------------------

    def everything_can_still_be_brought_to_its_end(self) -> None:
        for _ in range(4 * (HOPS + REOPENS)):
            open_ = self.rows(t.ticket, t.ticket.c.state.in_(AT_WORK))
            if not open_:
                return
            self.now += timedelta(days=40)  # leases, holds and backoffs are over
            with self.act() as tx:
                timers.fire_due_timers(tx, self.rulebook, self.now, 99)
            for row in self.rows(t.hop, t.hop.c.state == HopState.QUARANTINED):
                with self.database.write() as tx:
                    handling.release(tx, row.id, SUPERVISOR, self.now)
            work(self.database, self.rulebook, self.now)
            for row in self.rows(t.hop, t.hop.c.state.in_([HopState.WAITING, HopState.CLAIMED])):
                self.finish(row)
            self.every_case_is_in_just_one_place()
        raise AssertionError("a case goes on for ever")

    def finish(self, row: Row[Any]) -> None:
        now = self.now
        with self.database.write() as tx:
            if row.team == "refund-desk":
                locked = hops.lock(tx, [row.id])[row.id]
                next_hop.end_hops(tx, self.rulebook, [Ending(locked, "finish", CLERK, finding="refunded")], now)
                return
            if row.team not in PEOPLE:
                closing.answer_by_phone(tx, self.rulebook, row.ticket_id, "satisfied", AGENT_10086, now)
                return
            actor = self.holder(row)
            if row.state == HopState.WAITING:
                handling.claim(tx, self.rulebook, Claim(row.id, actor), now)
            kind = hops.lock(tx, [row.id])[row.id].kind
        finding = (ENDING if kind == Kind.FAULT else BUILDING)[row.team]
        given = evidence(finding, Random(0)) | self.carried(actor, finding)
        with self.database.write() as tx:
            attach(tx, row.id)
            handling.end(tx, self.rulebook, Report(row.id, actor, finding, given), now)


ACTS: list[Callable[[World, Random], None]] = [
    World.submit, World.judge, World.urge, World.withdraw, World.send, World.deliver, World.die_again_and_again,
    World.all_work, World.time_passes, World.sweep, World.claim, World.report, World.walk_a_visit, World.pass_on,
    World.hand_back, World.give_back, World.hold, World.resume, World.release, World.customers_answer, World.open_line,
    World.refund, World.refuse_lines,
]  # fmt: skip
OFTEN: list[Callable[[World, Random], None]] = [
    World.submit, World.send, World.deliver, World.deliver, World.claim, World.hand_back, World.open_line,
]  # fmt: skip
OFTEN += [World.walk_a_visit] * 12 + [World.customers_answer] * 3
LENGTH = 60


@given(st.integers(0, 2**32))
@settings(max_examples=25, phases=PHASES)
def test_no_case_is_lost_doubled_or_endless_whatever_happens(seed: int) -> None:
    world = World()
    try:
        for _ in acted(world, ACTS + OFTEN, Random(seed), LENGTH):
            world.every_case_is_in_just_one_place()
            world.nothing_goes_back()
            world.every_archive_has_its_record()
            world.a_line_is_in_service_when_its_order_says_so()
        world.everything_can_still_be_brought_to_its_end()
        world.a_line_is_in_service_when_its_order_says_so()
    finally:
        world.database.dispose()
