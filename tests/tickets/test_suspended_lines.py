"""停机线路的报障: the script decides first; solved calls count by kind, and only a system fault becomes a ticket."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatch.domain.account import AccountState
from dispatch.domain.roles import Actor
from dispatch.domain.suspension import SuspensionKind
from dispatch.errors import AccountNotInService, AccountSuspended, BadInput
from dispatch.reports.overview import overview
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts
from dispatch.storage.database import Database
from dispatch.tickets import intake
from dispatch.tickets.intake import AcceptedReport, FaultReport
from tests import factories as f

PAID = (("account-state", "in-arrears"), ("paid", "paid-still-suspended"))
NOT_PAID = (("account-state", "in-arrears"), ("paid", "not-yet"))
REPORT = FaultReport("GZ1", "no-internet", "不能上网")


def suspended(database: Database, kind: SuspensionKind = SuspensionKind.ARREARS) -> None:
    f.account(database)
    f.suspended(database, kind)


def submit(
    database: Database, rules: Rulebook, script: Script, report: FaultReport, actor: Actor = f.AGENT_10086
) -> AcceptedReport:
    with database.write() as tx:
        return intake.submit(tx, rules, script, report, actor, f.NOW)


@pytest.mark.parametrize("actor", [f.AGENT_10086, f.CLERK, f.MANAGER], ids=lambda actor: actor.role)
def test_in_arrears_and_not_paid_yet_is_solved_on_the_phone(
    database: Database, in_force: Rulebook, script: Script, actor: Actor
) -> None:
    suspended(database)
    made = submit(database, in_force, script, replace(REPORT, answers=NOT_PAID), actor)
    row = f.ticket(database, made.ticket_id)
    assert (made.state, row.outcome, row.suspension_kind) == ("solved", "solved", "arrears")
    assert f.journey(database, made.ticket_id) == []


def test_paid_and_still_suspended_becomes_a_ticket_at_system_support(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    suspended(database)
    made = submit(database, in_force, script, replace(REPORT, answers=PAID))
    (first,) = f.journey(database, made.ticket_id)
    assert (made.state, first.team) == ("open", "system-support")
    assert f.ticket(database, made.ticket_id).suspension_kind == "arrears"


def test_reports_of_suspended_lines_solved_on_the_phone_are_counted_by_kind(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    suspended(database)
    submit(database, in_force, script, replace(REPORT, answers=NOT_PAID))
    submit(database, in_force, script, replace(REPORT, answers=NOT_PAID))
    suspended(database, SuspensionKind.LOST)
    submit(database, in_force, script, replace(REPORT, answers=(("account-state", "suspended-by-request"),)))
    with database.write() as tx:
        row = accounts.find(tx, "GZ1", lock=True)
        assert row is not None
        accounts.change(tx, row.id, state=AccountState.IN_SERVICE, suspended_for=None)
    submit(database, in_force, script, replace(REPORT, answers=f.SOLVED))
    with database.read() as tx:
        assert overview(tx, in_force, f.NOW, f.NOW).explained == {"arrears": 2, "lost": 1}


@pytest.mark.parametrize("kind", list(SuspensionKind))
def test_a_network_fault_of_a_suspended_line_is_refused_and_the_customer_hears_what_lifts_it(
    database: Database, in_force: Rulebook, script: Script, kind: SuspensionKind
) -> None:
    suspended(database, kind)
    with pytest.raises(AccountSuspended) as refused:
        submit(database, in_force, script, replace(REPORT, answers=f.NOT_SOLVED))
    assert kind.label.zh in refused.value.sentence("zh")


def test_no_category_of_the_taker_makes_a_ticket_of_what_the_script_calls_a_network_fault(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    suspended(database)
    for report in (
        replace(REPORT, answers=f.NOT_SOLVED, category="system"),
        replace(REPORT, answers=PAID, category="network"),
    ):
        with pytest.raises(AccountSuspended):
            submit(database, in_force, script, report)


def test_the_script_of_a_suspended_line_is_not_skipped(database: Database, in_force: Rulebook, script: Script) -> None:
    suspended(database)
    with pytest.raises(AccountSuspended):
        submit(database, in_force, script, REPORT, f.CLERK)
    with pytest.raises(BadInput, match="what"):
        submit(database, in_force, script, replace(REPORT, symptom="account-system"), f.CLERK)


def test_10050_may_report_a_suspended_line_and_10086_decides_by_the_script(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    suspended(database)
    taken = submit(database, in_force, script, REPORT, f.AGENT_10050)
    assert taken.state == "reported"
    with database.write() as tx:
        intake.transfer(tx, taken.ticket_id, "", f.AGENT_10050, f.NOW)
    with pytest.raises(AccountSuspended), database.write() as tx:
        intake.take_over(tx, in_force, script, taken.ticket_id, f.NOT_SOLVED, f.AGENT_10086, f.NOW)
    with database.write() as tx:
        made = intake.take_over(tx, in_force, script, taken.ticket_id, PAID, f.AGENT_10086, f.NOW)
    (first,) = f.journey(database, made.ticket_id)
    assert (made.state, first.team) == ("open", "system-support")


def test_a_line_that_is_not_built_yet_has_no_fault(database: Database, in_force: Rulebook, script: Script) -> None:
    f.installing(database, "GZ1")
    with pytest.raises(AccountNotInService):
        submit(database, in_force, script, replace(REPORT, answers=PAID))
