"""A construction order from its start to its end: built and in service, or failed and waiting for its refund."""

from __future__ import annotations

import pytest

from dispatch.domain.account import AccountState
from dispatch.domain.ticket import HopState, TicketState
from dispatch.errors import IllegalMove, NotAllowed, NotWithdrawable, SurveyOver
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, hops
from dispatch.storage.database import Database
from dispatch.tickets import closing, construction, followup, handling, next_hop
from dispatch.tickets.handling import Claim, PassOn, Report
from dispatch.tickets.next_hop import Ending
from tests import factories as f


def teams(database: Database, ticket_id: int) -> list[str]:
    return [hop.team for hop in f.journey(database, ticket_id)]


def account_state(database: Database, ticket_id: int) -> str:
    with database.read() as tx:
        (row,) = accounts.lock(tx, [f.ticket(database, ticket_id).account_id])
    return str(row.state)


def failed(database: Database, rulebook: Rulebook) -> int:
    """An order that couldn't be built, on the refund desk; the ticket's id."""
    made = f.order(database, rulebook)
    f.reported(database, rulebook, made, f.BUILDER, "construction-failed", failure_cause="no-way-for-cable")
    f.work(database, rulebook)
    return made


def test_an_order_is_provisioned_built_activated_and_closed(database: Database, in_force: Rulebook) -> None:
    made = f.order(database, in_force)
    f.work(database, in_force)
    assert teams(database, made) == ["provisioning", "construction"]
    f.reported(database, in_force, made, f.BUILDER, "installed", f.NOW, **f.INSTALLED)
    assert account_state(database, made) == AccountState.INSTALLING
    f.work(database, in_force)
    assert teams(database, made) == ["provisioning", "construction", "activation", "archive"]
    assert (f.ticket(database, made).state, f.ticket(database, made).outcome) == (TicketState.CLOSED, "activated")
    assert account_state(database, made) == AccountState.IN_SERVICE


def test_an_installer_may_build_too_and_network_service_support_files_their_report(
    database: Database, in_force: Rulebook
) -> None:
    hop_id = f.claimed(database, in_force, f.order(database, in_force), f.INSTALLER)
    f.photo(database, hop_id)
    serial = f.carried(database, f.INSTALLER.name)
    with database.write() as tx:
        given = {**f.INSTALLED, "device-serial": serial}
        report = Report(hop_id, f.SUPPORT, "installed", given, on_behalf_of=f.INSTALLER.name)
        handling.end(tx, in_force, report, f.NOW)
    assert f.hop(database, hop_id).state == HopState.REPORTED


def test_an_order_that_could_not_be_built_waits_at_the_refund_desk_without_limit(
    database: Database, in_force: Rulebook
) -> None:
    made = failed(database, in_force)
    waiting = f.live(database, made)
    assert waiting is not None
    assert (waiting.team, waiting.state, waiting.wake_at) == ("refund-desk", HopState.WAITING, None)
    assert account_state(database, made) == AccountState.INSTALLING


def test_an_order_refused_by_provisioning_goes_to_the_refund_desk_with_its_reason(
    database: Database, in_force: Rulebook
) -> None:
    made = f.order(database, in_force)
    with database.write() as tx:
        (sending,) = hops.take_due(tx, f.NOW, f.LEASE, 10, ["provisioning"])
        rows = hops.lock_received(tx, hops.receive(tx, [sending.pair], f.NOW, f.LEASE))
        construction.end_provisioned(tx, in_force, rows, {sending.id: "port-full"}, f.NOW)
    first = f.journey(database, made)[0]
    assert (first.finding, first.evidence) == ("not-provisioned", {"refused-for": "port-full"})
    f.work(database, in_force)
    assert teams(database, made) == ["provisioning", "refund-desk"]


def test_a_hop_at_the_refund_desk_allows_no_act(database: Database, in_force: Rulebook) -> None:
    made = failed(database, in_force)
    hop_id = f.live_id(database, made)
    for actor in (f.CLERK, f.MANAGER, f.SUPERVISOR):
        with f.refused(database, NotAllowed) as tx:
            handling.claim(tx, in_force, Claim(hop_id, actor), f.NOW)
        with f.refused(database, NotAllowed) as tx:
            handling.end(tx, in_force, Report(hop_id, actor, "refunded"), f.NOW)
        with f.refused(database, NotAllowed) as tx:
            handling.end(tx, in_force, PassOn(hop_id, actor, "construction", "再试"), f.NOW)
    with f.refused(database, SurveyOver) as tx:
        closing.answer_by_phone(tx, in_force, made, "refunded", f.CLERK, f.NOW)


def test_a_refunded_order_is_archived_and_closed(database: Database, in_force: Rulebook) -> None:
    made = failed(database, in_force)
    hop_id = f.live_id(database, made)
    with database.write() as tx:
        row = hops.lock(tx, [hop_id])[hop_id]
        next_hop.end_hops(tx, in_force, [Ending(row, "finish", f.CLERK, finding=construction.REFUNDED)], f.NOW)
    f.work(database, in_force)
    assert teams(database, made) == ["provisioning", "construction", "refund-desk", "archive"]
    assert (f.ticket(database, made).state, f.ticket(database, made).outcome) == (TicketState.CLOSED, "refunded")


def test_a_construction_order_cannot_be_withdrawn(database: Database, in_force: Rulebook) -> None:
    made = f.order(database, in_force)
    with f.refused(database, NotWithdrawable, match=f"C{made:08d}") as tx:
        followup.withdraw(tx, made, "不装了", f.CLERK, f.NOW)


def test_an_account_that_is_not_being_installed_is_not_activated(database: Database, in_force: Rulebook) -> None:
    made = f.order(database, in_force)
    f.reported(database, in_force, made, f.BUILDER, "installed", f.NOW, **f.INSTALLED)
    with database.write() as tx:
        accounts.change(tx, f.ticket(database, made).account_id, state=AccountState.IN_SERVICE)
    with pytest.raises(IllegalMove):
        f.work(database, in_force)


def test_the_supervisor_ends_an_order_that_went_round(database: Database, hasty_in_force: Rulebook) -> None:
    made = f.order(database, hasty_in_force)
    for _ in range(f.HOPS):
        f.passed_on(database, hasty_in_force, made, f.BUILDER, "construction")
    hop = f.reported(
        database, hasty_in_force, made, f.SUPERVISOR, "construction-failed", failure_cause="no-entry", remark="三次上门"
    )
    assert hop is not None
    assert hop.team == "refund-desk"
