"""The hotlines in the demonstration: a stranger calls 10050, then the customer, whose line is cut though they paid."""

from __future__ import annotations

from datetime import UTC, datetime

from dispatch.accounts import billing_events
from dispatch.cli.context import Desk
from dispatch.cli.demo_board import Wait, has_ended, waiting_hop
from dispatch.cli.journey import picture
from dispatch.cli.language import text
from dispatch.cli.output import out
from dispatch.domain.account import AccountState
from dispatch.domain.billing_event import BillingEvent, BillingEventKind
from dispatch.domain.effect import lane_of
from dispatch.domain.opinion import read_opinion
from dispatch.domain.referral import Whose
from dispatch.domain.roles import Actor, Role
from dispatch.reports import lists
from dispatch.storage import accounts, effects
from dispatch.tickets import closing, handling, intake, referrals
from dispatch.tickets.handling import Claim, Report
from dispatch.tickets.intake import FaultReport
from dispatch.tickets.referrals import Stranger
from dispatch.tickets.suspended_lines import SYSTEM_FAULT

AGENT, AGENT_10086 = Actor("lin", Role.AGENT_10050), Actor("he", Role.AGENT_10086)
SUPPORT = Actor("qin", Role.SYSTEM_SUPPORT)
OWED, REFERENCE = 60_00, "T20261201"
"""Fen."""
PAID = (("account-state", "in-arrears"), ("paid", "paid-still-suspended"))
"""What the customer says in the script of `no-internet`."""


def take_calls(desk: Desk, account: str, wait: Wait) -> None:
    """Record the stranger; report the customer's suspended line, a fault of our systems, and have it mended."""
    called = Stranger("02081234567", "宽带断网", Whose.TELECOM, "请拨打10000")
    with desk.database.write() as tx:
        number = referrals.refer(tx, called, AGENT, _now())
    whose = Whose.TELECOM.label
    out.print(text(f"来电登记 {number}：{whose.zh}，{called.told}", f"call {number}: {whose.en}, {called.told}"))

    _tell(desk, account, 1, BillingEventKind.ARREARS)
    out.print(
        text(f"{account} 欠费停机；客户已缴费，仍停机", f"{account}: suspended for arrears, paid, and still suspended")
    )
    report = FaultReport(account, "no-internet", "昨天已缴费，仍不能上网", category=SYSTEM_FAULT, answers=PAID)
    with desk.database.write() as tx:
        taken = intake.submit(tx, desk.rulebook, desk.script, report, AGENT_10086, _now())
    hop_id = waiting_hop(desk, taken.ticket_id, "system-support", wait)
    _tell(desk, account, 2, BillingEventKind.CLEARED)
    wait(lambda: _is_resumed(desk, account))
    with desk.database.write() as tx:
        handling.claim(tx, desk.rulebook, Claim(hop_id, SUPPORT), _now())
        mended = {"cause": "account", "remark": f"缴费 {REFERENCE} 已销账，已复机"}
        handling.end(tx, desk.rulebook, Report(hop_id, SUPPORT, "fixed", mended), _now())
    waiting_hop(desk, taken.ticket_id, "callback-survey", wait)
    with desk.database.write() as tx:
        closing.answer_by_phone(tx, desk.rulebook, taken.ticket_id, read_opinion(True, 4), AGENT_10086, _now())
    wait(lambda: has_ended(desk, taken.ticket_id))
    with desk.database.read() as tx:
        out.print(picture(desk, lists.journey(tx, taken.ticket_id)))


def _tell(desk: Desk, account: str, seq: int, kind: BillingEventKind) -> None:
    """Let billing tell of the account, as it does by itself."""
    with desk.database.write() as tx:
        account_id = accounts.by_numbers(tx, [account])[account].id
        billing_events.receive(tx, BillingEvent(f"demo-{seq}", account_id, seq, kind, OWED, REFERENCE), _now())


def _is_resumed(desk: Desk, account: str) -> bool:
    """Return whether the line is in service and the network has done what it was told."""
    with desk.database.read() as tx:
        row = accounts.by_numbers(tx, [account])[account]
        return row.state == AccountState.IN_SERVICE and not effects.waiting_in_lane(tx, lane_of(row.id))


def _now() -> datetime:
    return datetime.now(UTC)
