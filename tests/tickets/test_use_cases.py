"""The use cases on SQLite and PostgreSQL: their consequences, and the refusals with nothing written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from dispatch.domain.roles import Actor, Role
from dispatch.errors import (
    AlreadyClaimed,
    DuplicateFault,
    HeldTooLong,
    IllegalMove,
    NobodyAsked,
    SurveyOver,
    UrgedEnough,
)
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import archive, hops, surveys
from dispatch.storage.database import Database
from dispatch.tickets import closing, followup, handling, intake, next_hop, timers
from dispatch.tickets.handling import Claim, HandBack, PassOn
from dispatch.tickets.intake import FaultReport
from tests.factories import (
    AGENT_10050,
    CLERK,
    INSTALLER,
    LEASE,
    NOC,
    NOW,
    SURVEYS,
    TRANSMISSION,
    account,
    claimed,
    dump,
    fault,
    hop,
    link,
    live,
    on_board,
    reported,
    ticket,
)


def archived(database: Database, rulebook: Rulebook, ticket_id: int) -> int:
    """A fault fixed by NOC and archived, whose survey waits for the customer; the survey's hop id."""
    reported(database, rulebook, ticket_id, NOC, "fixed", cause="configuration")
    with database.write() as tx:
        sent = hops.take_due(tx, NOW, LEASE, 10, ["archive"])
        pairs = hops.receive(tx, [s.pair for s in sent], NOW, LEASE)
        following = next_hop.write_changes(
            tx, closing.archive(tx, rulebook, hops.lock_received(tx, pairs), NOW, SURVEYS)
        )
        hops.receive(tx, [s.pair for s in following], NOW, LEASE)
        ids = [s.id for s in following]
        surveys.open_surveys(tx, ids, NOW)
        surveys.confirm(tx, ids, NOW)
        hops.put_on_board(tx, ids, NOW, NOW + rulebook.limits.survey_every)
    return following[0].id


def test_a_line_fault_goes_to_transmission_and_comes_back_to_the_installer_and_then_back_to_noc(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = fault(database, in_force, script).ticket_id
    reported(database, in_force, made, NOC, "outside-plant", test_result="-31 dBm")
    reported(database, in_force, made, INSTALLER, "line-fault", location="12 号箱")
    back = reported(database, in_force, made, TRANSMISSION, "fixed", cause="fibre")
    assert back is not None
    assert (back.team, back.asker_team) == ("installer", "noc")
    hop_id = claimed(database, in_force, made, INSTALLER)
    with database.write() as tx:
        handling.end(tx, in_force, HandBack(hop_id, INSTALLER, "查不出"), NOW)
    at_noc = live(database, made)
    assert at_noc is not None
    assert (at_noc.team, at_noc.asker_team) == ("noc", None)
    hop_id = claimed(database, in_force, made, NOC)
    with pytest.raises(NobodyAsked), database.write() as tx:
        handling.end(tx, in_force, HandBack(hop_id, NOC, "x"), NOW)


def test_one_of_two_people_who_claim_at_once_wins(database: Database, in_force: Rulebook, script: Script) -> None:
    for n in range(8):
        hop_id = on_board(database, in_force, fault(database, in_force, script, f"GZ{n}").ticket_id)

        def claim(person: str, hop_id: int = hop_id) -> str:
            try:
                with database.write() as tx:
                    handling.claim(tx, in_force, Claim(hop_id, Actor(person, Role.NOC)), NOW)
            except AlreadyClaimed as lost:
                return str(lost.facts["holder"])
            return person

        with ThreadPoolExecutor(2) as people:
            told = list(people.map(claim, ("zhao", "qian")))
        assert told == [hop(database, hop_id).holder] * 2


def test_a_case_that_goes_round_ends_at_the_supervisor(database: Database, in_force: Rulebook, script: Script) -> None:
    made = fault(database, in_force, script).ticket_id
    for _ in range(in_force.limits.hops):
        hop_id = claimed(database, in_force, made, NOC)
        with database.write() as tx:
            handling.end(tx, in_force, PassOn(hop_id, NOC, "noc", "again"), NOW)
    row = live(database, made)
    assert row is not None
    assert (row.team, row.rule) == ("supervisor", "limits.hops")


def test_answers_given_at_10050_reach_10086_and_nobody_is_sent_yet(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    account(database)
    with database.write() as tx:
        taken = intake.submit(tx, in_force, script, FaultReport("GZ1", "slow", "晚上很慢"), AGENT_10050, NOW)
        intake.transfer(tx, taken.ticket_id, "已重启光猫", AGENT_10050, NOW)
    assert (ticket(database, taken.ticket_id).state, live(database, taken.ticket_id)) == ("transferred", None)
    assert ticket(database, taken.ticket_id).description == "晚上很慢"


def test_a_second_fault_on_the_account_needs_confirmation_and_a_repeated_request_key_does_not(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    first = fault(database, in_force, script, request_key="k1")
    assert fault(database, in_force, script, request_key="k1").ticket_id == first.ticket_id
    before = dump(database)
    with pytest.raises(DuplicateFault):
        fault(database, in_force, script)
    assert dump(database) == before
    assert fault(database, in_force, script, despite_duplicate=True).ticket_id != first.ticket_id


def test_a_hold_ends_by_itself_and_its_time_does_not_count(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    hop_id = claimed(database, in_force, fault(database, in_force, script).ticket_id, NOC)
    with pytest.raises(HeldTooLong), database.write() as tx:
        handling.hold(tx, in_force, hop_id, NOW - timedelta(hours=1), "x", NOC, NOW)
    until = NOW + timedelta(hours=5)
    with database.write() as tx:
        handling.hold(tx, in_force, hop_id, until, "等客户", NOC, NOW)
        assert timers.fire_due_timers(tx, in_force, until - timedelta(seconds=1), 10) == 0
        assert timers.fire_due_timers(tx, in_force, until, 10) == 1
    row = hop(database, hop_id)
    assert (row.state, row.held_seconds, row.late) == ("claimed", 5 * 3600, False)
    assert row.wake_at == NOW + timedelta(hours=7)  # NOC's two hours, and the five on hold


def test_a_hop_not_claimed_in_time_is_late_once(database: Database, in_force: Rulebook, script: Script) -> None:
    hop_id = on_board(database, in_force, fault(database, in_force, script).ticket_id)
    with database.write() as tx:
        assert [timers.fire_due_timers(tx, in_force, NOW + timedelta(minutes=15), 10) for _ in range(2)] == [1, 0]
    assert hop(database, hop_id).late


def test_urging_is_counted_and_limited(database: Database, in_force: Rulebook, script: Script) -> None:
    made = fault(database, in_force, script).ticket_id
    for n in range(in_force.limits.urges):
        with database.write() as tx:
            assert followup.urge(tx, in_force, made, "急", CLERK, NOW + n * in_force.limits.urge_every) == n + 1
    with pytest.raises(UrgedEnough), database.write() as tx:
        followup.urge(tx, in_force, made, "急", CLERK, NOW + timedelta(days=1))


def test_a_withdrawn_ticket_has_no_live_hop_and_its_message_is_stale(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = fault(database, in_force, script).ticket_id
    with database.write() as tx:
        sent = hops.take_due(tx, NOW, LEASE, 10, ["noc"])
        followup.withdraw(tx, made, "好了", CLERK, NOW)
        assert hops.receive(tx, [s.pair for s in sent], NOW, LEASE) == []
    assert (ticket(database, made).state, live(database, made)) == ("withdrawn", None)
    with pytest.raises(IllegalMove), database.write() as tx:
        followup.withdraw(tx, made, "x", CLERK, NOW)


def test_the_answer_not_fixed_reopens_satisfied_closes_and_a_link_answers_once(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = fault(database, in_force, script).ticket_id
    for answer, state, reopened in (("not-fixed", "open", 1), ("satisfied", "closed", 1)):
        survey_hop = archived(database, in_force, made)
        with database.write() as tx:
            token = link(tx, survey_hop)
            closing.answer(tx, in_force, token, answer, NOW)
        assert (ticket(database, made).state, ticket(database, made).reopened) == (state, reopened)
        with pytest.raises(SurveyOver), database.write() as tx:
            closing.answer(tx, in_force, token, answer, NOW)
    with database.read() as tx:
        kept = archive.records(tx, made)
    assert [record.round for record in kept] == [0, 1]
    assert all(closing.digest(record.content) == record.sha256 for record in kept)


def test_a_customer_who_never_answers_is_reminded_and_then_counted_as_unreachable(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = fault(database, in_force, script).ticket_id
    survey_hop = archived(database, in_force, made)
    now = NOW
    for _ in range(in_force.limits.survey_give_up // in_force.limits.survey_every):
        now += in_force.limits.survey_every
        with database.write() as tx:
            timers.fire_due_timers(tx, in_force, now, 10)
            sent = hops.take_due(tx, now, LEASE, 10, ["callback-survey"])
            hops.receive(tx, [s.pair for s in sent], now, LEASE)
            if sent:
                surveys.open_surveys(tx, [survey_hop], now)
                surveys.confirm(tx, [survey_hop], now)
                hops.put_on_board(tx, [survey_hop], now, now + in_force.limits.survey_every)
    assert (ticket(database, made).state, ticket(database, made).outcome) == ("closed", "unreachable")


def test_an_expired_lease_sends_the_hop_again_and_makes_the_first_message_stale(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    fault(database, in_force, script)
    with database.write() as tx:
        first = hops.take_due(tx, NOW, LEASE, 10, ["noc"])
        assert hops.take_due(tx, NOW + LEASE / 2, LEASE, 10, ["noc"]) == []
        again = hops.take_due(tx, NOW + LEASE, LEASE, 10, ["noc"])
        assert [s.id for s in again] == [s.id for s in first]
        assert hops.receive(tx, [s.pair for s in first], NOW, LEASE) == []
        assert hops.receive(tx, [s.pair for s in again], NOW, LEASE) == [again[0].pair]


def test_a_hop_whose_worker_died_five_times_is_quarantined_and_one_never_fetched_is_not(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    poisoned = fault(database, in_force, script, "GZ1").ticket_id
    unfetched = fault(database, in_force, script, "GZ2").ticket_id
    now = NOW
    for _ in range(6):
        with database.write() as tx:
            sent = hops.take_due(tx, now, LEASE, 10, ["noc"])
            hops.receive(tx, [s.pair for s in sent if s.ticket_id == poisoned], now, LEASE)
        now += LEASE
    rows = live(database, poisoned), live(database, unfetched)
    assert [row.state for row in rows if row] == ["quarantined", "sent"]
