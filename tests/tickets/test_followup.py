"""催单, 撤单: the later wishes of a customer who has reported, the roles that may ask for them, and the refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from dispatch.domain.finding import Value
from dispatch.domain.rank import rank
from dispatch.domain.roles import Role
from dispatch.errors import (
    BadInput,
    IllegalMove,
    NotFound,
    UrgedEnough,
)
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables import tickets
from dispatch.tickets import followup, handling, intake
from dispatch.tickets.handling import Report
from tests.factories import (
    AGENT_10050,
    AGENT_10086,
    CLERK,
    LEASE,
    NOC,
    NOT_SOLVED,
    NOW,
    account,
    acts,
    all_roles_but,
    archived,
    claimed,
    fault,
    forbidden,
    held,
    hop,
    journey,
    live,
    live_id,
    on_board,
    put_in_force,
    quarantined,
    refused,
    ticket,
)

HOUR = timedelta(hours=1)
OUTSIDE: dict[str, Value] = {"test-result": "-31 dBm"}


@pytest.fixture
def made(database: Database, in_force: Rulebook, script: Script) -> int:
    """A dispatched fault; its id."""
    return fault(database, in_force, script).ticket_id


# -- urge --------------------------------------------------------------------------------------


def test_urging_is_counted_and_limited_in_number_and_pace(database: Database, in_force: Rulebook, made: int) -> None:
    pace, most = in_force.limits.urge_every, in_force.limits.urges
    for n in range(most):
        with database.write() as tx:
            assert followup.urge(tx, in_force, made, "急", CLERK, NOW + n * pace) == n + 1
        if n < most - 1:
            with refused(database, UrgedEnough, "less than 30m ago") as tx:
                followup.urge(tx, in_force, made, "急", CLERK, NOW + (n + 1) * pace - timedelta(seconds=1))
    with refused(database, UrgedEnough, "5 times already") as tx:
        followup.urge(tx, in_force, made, "急", CLERK, NOW + timedelta(days=1))
    last = acts(database, made)[-1]
    assert (last.act, last.detail, last.hop_id) == ("urge", {"times": 5, "reason": "急"}, live_id(database, made))


def test_only_a_ticket_under_way_is_urged(database: Database, in_force: Rulebook, made: int) -> None:
    with refused(database, BadInput, "reason is empty") as tx:
        followup.urge(tx, in_force, made, "", CLERK, NOW)
    with refused(database, NotFound) as tx:
        followup.urge(tx, in_force, 999, "急", CLERK, NOW)
    assert forbidden(database, lambda tx, actor: followup.urge(tx, in_force, made, "急", actor, NOW)) == all_roles_but(
        Role.AGENT_10050, Role.AGENT_10086, Role.CLERK, Role.COMMUNITY_MANAGER, Role.SUPERVISOR
    )
    archived(database, in_force, made)
    with refused(database, UrgedEnough, "it is archived") as tx:
        followup.urge(tx, in_force, made, "急", CLERK, NOW)


# -- withdraw ----------------------------------------------------------------------------------


def sent(database: Database) -> None:
    with database.write() as tx:
        hops.take_due(tx, NOW, LEASE, 9, ["noc"])


def received(database: Database) -> None:
    with database.write() as tx:
        hops.receive(tx, [each.pair for each in hops.take_due(tx, NOW, LEASE, 9, ["noc"])], NOW, LEASE)


@pytest.mark.parametrize("state", ["due", "sent", "received", "waiting", "claimed", "held", "quarantined"])
def test_a_ticket_is_withdrawn_in_whatever_state_its_hop_is(
    database: Database, in_force: Rulebook, made: int, state: str
) -> None:
    bring: dict[str, Callable[[], object]] = {
        "due": lambda: None,
        "sent": lambda: sent(database),
        "received": lambda: received(database),
        "waiting": lambda: on_board(database, in_force, made),
        "claimed": lambda: claimed(database, in_force, made, NOC),
        "held": lambda: held(database, in_force, made, NOC, NOW + 9 * HOUR),
        "quarantined": lambda: quarantined(database, made),
    }
    bring[state]()
    before = hop(database, live_id(database, made))
    assert before.state == state
    with database.write() as tx:
        followup.withdraw(tx, made, "好了", CLERK, NOW + HOUR)
    after = hop(database, before.id)
    assert (after.state, after.ended_at, after.wake_at, after.reason) == ("withdrawn", NOW + HOUR, None, "好了")
    assert after.held_seconds == (3600 if state == "held" else 0)
    row = ticket(database, made)
    assert (row.state, row.outcome, row.ended_at) == ("withdrawn", "withdrawn", NOW + HOUR)
    assert live(database, made) is None
    with database.write() as tx:
        assert hops.receive(tx, [(before.id, before.generation)], NOW, LEASE) == [], "a message on its way is stale"
        assert hops.take_due(tx, NOW + timedelta(days=9), LEASE, 9, list(in_force.teams)) == []
    with refused(database, IllegalMove, "withdraw: it is withdrawn") as tx:
        followup.withdraw(tx, made, "x", CLERK, NOW)


def test_a_report_that_was_never_dispatched_is_withdrawn_too(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    account(database)
    with database.write() as tx:
        taken = intake.submit(tx, in_force, script, intake.FaultReport("GZ1", "slow", "慢"), AGENT_10050, NOW)
        followup.withdraw(tx, taken.ticket_id, "好了", CLERK, NOW)
    assert ticket(database, taken.ticket_id).state == "withdrawn"


def test_withdrawal_is_refused_to_other_roles_without_a_reason_and_after_the_archive(
    database: Database, in_force: Rulebook, made: int
) -> None:
    assert forbidden(database, lambda tx, actor: followup.withdraw(tx, made, "x", actor, NOW)) == all_roles_but(
        Role.AGENT_10086, Role.CLERK, Role.COMMUNITY_MANAGER, Role.SUPERVISOR
    )
    with refused(database, BadInput, "reason is empty") as tx:
        followup.withdraw(tx, made, "", CLERK, NOW)
    with refused(database, NotFound) as tx:
        followup.withdraw(tx, 999, "x", CLERK, NOW)
    archived(database, in_force, made)
    with refused(database, IllegalMove, "withdraw: it is archived") as tx:
        followup.withdraw(tx, made, "x", CLERK, NOW)


def _waits_for_a_lock(database: Database) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with database.read() as tx:
        return bool(tx.execute(text(waiting)).scalar())


def _while_its_hop_moves_on(
    postgresql: Database, rulebook: Rulebook, script: Script, followed: Callable[[Tx, int], object]
) -> Iterator[int]:
    """An act on the whole ticket looks for the live hop, and must wait for a transaction that is just making another
    one. Returns the ids of the tickets to which the act was done."""
    put_in_force(postgresql, rulebook)
    moved = fault(postgresql, rulebook, script, "GZ1").ticket_id
    hop_id = claimed(postgresql, rulebook, moved, NOC)
    account(postgresql, "GZ2")
    with postgresql.write() as tx:
        opened = intake.submit(
            tx, rulebook, script, intake.FaultReport("GZ2", "no-internet", "断网"), AGENT_10050, NOW
        ).ticket_id
    meanwhile: dict[int, Callable[[Tx], object]] = {
        moved: lambda tx: handling.end(tx, rulebook, Report(hop_id, NOC, "outside-plant", OUTSIDE), NOW),
        opened: lambda tx: intake.take_over(tx, rulebook, script, opened, NOT_SOLVED, AGENT_10086, NOW),
    }

    def follow_up(ticket_id: int) -> None:
        with postgresql.write() as tx:
            followed(tx, ticket_id)

    with ThreadPoolExecutor(1) as another:
        for ticket_id, act in meanwhile.items():
            with postgresql.write() as tx:
                act(tx)
                doing = another.submit(follow_up, ticket_id)
                while not _waits_for_a_lock(postgresql):
                    assert not doing.done()
            doing.result(10)
            yield ticket_id


def test_a_ticket_withdrawn_while_its_hop_moves_on_leaves_no_live_hop(
    postgresql: Database, rulebook: Rulebook, script: Script
) -> None:
    def withdraw(tx: Tx, ticket_id: int) -> None:
        followup.withdraw(tx, ticket_id, "好了", CLERK, NOW)

    for ticket_id in _while_its_hop_moves_on(postgresql, rulebook, script, withdraw):
        assert (ticket(postgresql, ticket_id).state, live(postgresql, ticket_id)) == ("withdrawn", None)


def test_a_ticket_urged_while_its_hop_moves_on_is_urged_on_its_next_board(
    postgresql: Database, rulebook: Rulebook, script: Script
) -> None:
    def urge(tx: Tx, ticket_id: int) -> None:
        followup.urge(tx, rulebook, ticket_id, "急", CLERK, NOW)

    for ticket_id in _while_its_hop_moves_on(postgresql, rulebook, script, urge):
        now_with = live(postgresql, ticket_id)
        assert now_with is not None
        assert now_with.rank == rank(now_with.priority, 1)


def _reported_while(postgresql: Database, rulebook: Rulebook, script: Script, act: Callable[[Tx, int], object]) -> int:
    """NOC ends a fault's hop and must wait for a transaction that has just done this to the ticket. Returns the
    ticket's id."""
    put_in_force(postgresql, rulebook)
    made = fault(postgresql, rulebook, script).ticket_id
    hop_id = claimed(postgresql, rulebook, made, NOC)

    def report() -> None:
        with postgresql.write() as tx:
            handling.end(tx, rulebook, Report(hop_id, NOC, "outside-plant", OUTSIDE), NOW)

    with ThreadPoolExecutor(1) as another:
        with postgresql.write() as tx:
            act(tx, made)
            reporting = another.submit(report)
            while not _waits_for_a_lock(postgresql):
                assert not reporting.done()
        reporting.result(10)
    return made


def test_a_hop_that_ends_while_its_ticket_is_urged_hands_the_urge_on(
    postgresql: Database, rulebook: Rulebook, script: Script
) -> None:
    def urge(tx: Tx, ticket_id: int) -> None:
        followup.urge(tx, rulebook, ticket_id, "急", CLERK, NOW)

    now_with = live(postgresql, _reported_while(postgresql, rulebook, script, urge))
    assert now_with is not None
    assert (now_with.team, now_with.rank) == ("installer", rank(now_with.priority, 1))


def test_a_hop_ends_even_when_its_ticket_changes_at_the_same_moment(
    postgresql: Database, rulebook: Rulebook, script: Script
) -> None:
    def change(tx: Tx, ticket_id: int) -> None:
        tx.execute(update(tickets.ticket).where(tickets.ticket.c.id == ticket_id).values(description="还是不通"))

    made = _reported_while(postgresql, rulebook, script, change)
    assert [visit.team for visit in journey(postgresql, made)] == ["noc", "installer"]
    assert (ticket(postgresql, made).description, ticket(postgresql, made).last_seq) == ("还是不通", 2)
