"""One act is one transaction: a crash between any two of its statements leaves nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops, surveys
from dispatch.storage.database import Database
from dispatch.storage.outbox import MOST_FAILURES, Pair
from dispatch.tickets import closing, followup, handling, intake, next_hop, timers
from dispatch.tickets.handling import Claim, HandBack, PassOn, Report
from tests.factories import (
    AGENT_10050,
    AGENT_10086,
    CLERK,
    FIXED_ON_SITE,
    INSTALLER,
    LEASE,
    NOC,
    NOT_SOLVED,
    NOW,
    SUPERVISOR,
    account,
    archived,
    claimed,
    fault,
    held,
    live_id,
    on_board,
    reported,
    token,
)
from tests.killed_transaction import Act, is_all_or_nothing

HOUR = timedelta(hours=1)


class Scene:
    """A database with a dispatched fault, and the means to act on it."""

    def __init__(self, database: Database, rulebook: Rulebook, script: Script) -> None:
        self.database, self.rulebook, self.script = database, rulebook, script
        self.made = fault(database, rulebook, script).ticket_id
        account(database, "GZ2")

    def in_hand(self) -> int:
        return claimed(self.database, self.rulebook, self.made, NOC)

    def at_installer(self) -> int:
        reported(self.database, self.rulebook, self.made, NOC, "outside-plant", test_result="查不出原因")
        return claimed(self.database, self.rulebook, self.made, INSTALLER)

    def asked(self) -> str:
        return token(self.database, archived(self.database, self.rulebook, self.made))

    def received(self, team: str) -> list[Pair]:
        with self.database.write() as tx:
            sent = hops.take_due(tx, NOW, LEASE, 9, [team])
            return hops.receive(tx, [each.pair for each in sent], NOW, LEASE)

    def transferred(self) -> int:
        with self.database.write() as tx:
            report = intake.FaultReport("GZ2", "no-internet", "断网")
            made = intake.submit(tx, self.rulebook, self.script, report, AGENT_10050, NOW).ticket_id
            intake.transfer(tx, made, "x", AGENT_10050, NOW)
        return made


def submit(s: Scene) -> Act:
    many = [
        intake.FaultReport("GZ2", "no-internet", "断网"),
        intake.FaultReport("GZ1", "slow", "慢", despite_duplicate=True),
    ]
    return lambda tx: intake.submit_many(tx, s.rulebook, s.script, many, CLERK, NOW)


def take_over(s: Scene) -> Act:
    made = s.transferred()
    return lambda tx: intake.take_over(tx, s.rulebook, s.script, made, NOT_SOLVED, AGENT_10086, NOW)


def refer(s: Scene) -> Act:
    made = s.transferred()
    return lambda tx: intake.refer(tx, made, "x", AGENT_10086, NOW)


def send(s: Scene) -> Act:
    return lambda tx: hops.take_due(tx, NOW, LEASE, 9, ["noc"])


def claim(s: Scene) -> Act:
    hop_id = on_board(s.database, s.rulebook, s.made)
    return lambda tx: handling.claim(tx, s.rulebook, Claim(hop_id, NOC), NOW)


def report(s: Scene) -> Act:
    hop_id = s.at_installer()
    return lambda tx: handling.end(tx, s.rulebook, Report(hop_id, INSTALLER, "fixed-on-site", FIXED_ON_SITE), NOW)


def pass_on(s: Scene) -> Act:
    hop_id = s.in_hand()
    return lambda tx: handling.end(tx, s.rulebook, PassOn(hop_id, NOC, "installer", "x"), NOW)


def hand_back(s: Scene) -> Act:
    hop_id = s.at_installer()
    return lambda tx: handling.end(tx, s.rulebook, HandBack(hop_id, INSTALLER, "x"), NOW)


def hold(s: Scene) -> Act:
    hop_id = s.in_hand()
    return lambda tx: handling.hold(tx, s.rulebook, hop_id, NOW + HOUR, "x", NOC, NOW)


def resume(s: Scene) -> Act:
    hop_id = held(s.database, s.rulebook, s.made, NOC, NOW + HOUR)
    return lambda tx: handling.resume(tx, s.rulebook, hop_id, NOC, NOW)


def urge(s: Scene) -> Act:
    return lambda tx: followup.urge(tx, s.rulebook, s.made, "急", CLERK, NOW)


def withdraw(s: Scene) -> Act:
    return lambda tx: followup.withdraw(tx, s.made, "好了", CLERK, NOW)


def fail(s: Scene) -> Act:
    (pair,) = s.received("noc")
    return lambda tx: hops.fail(tx, pair, "x", NOW)


def release(s: Scene) -> Act:
    now = NOW
    for _ in range(MOST_FAILURES):
        with s.database.write() as tx:
            sent = hops.take_due(tx, now, LEASE, 9, ["noc"])
            (pair,) = hops.receive(tx, [each.pair for each in sent], now, LEASE)
            hops.fail(tx, pair, "x", now)
        now += HOUR
    return lambda tx: handling.release(tx, live_id(s.database, s.made), SUPERVISOR, NOW)


def archive(s: Scene) -> Act:
    reported(s.database, s.rulebook, s.made, NOC, "fixed", cause="configuration")
    pairs = s.received("archive")
    return lambda tx: next_hop.write_changes(tx, closing.archive(tx, s.rulebook, hops.lock_received(tx, pairs), NOW))


def open_surveys(s: Scene) -> Act:
    act = archive(s)
    with s.database.write() as tx:
        act(tx)
    return lambda tx: surveys.open_surveys(tx, [live_id(s.database, s.made)], NOW)


def satisfied(s: Scene) -> Act:
    link = s.asked()
    return lambda tx: closing.answer(tx, s.rulebook, link, "satisfied", NOW)


def not_fixed(s: Scene) -> Act:
    link = s.asked()
    return lambda tx: closing.answer(tx, s.rulebook, link, "not-fixed", NOW)


def timers_of_all_kinds(s: Scene) -> Act:
    made = [fault(s.database, s.rulebook, s.script, f"GZ{n}").ticket_id for n in (3, 4)]
    s.asked()
    held(s.database, s.rulebook, made[0], NOC, NOW + HOUR)
    return lambda tx: timers.fire_due_timers(tx, s.rulebook, NOW + timedelta(days=1), 9)


SCENES = [submit, take_over, refer, send, claim, report, pass_on, hand_back, hold, resume, urge, withdraw, fail]
SCENES += [release, archive, open_surveys, satisfied, not_fixed, timers_of_all_kinds]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_an_act_that_dies_between_any_two_statements_leaves_nothing(
    database: Database, in_force: Rulebook, script: Script, scene: Callable[[Scene], Act]
) -> None:
    is_all_or_nothing(database, scene(Scene(database, in_force, script)))
