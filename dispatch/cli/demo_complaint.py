"""The demonstrated customer complains: a clerk takes it, a supervisor replies, the bill is credited."""

from __future__ import annotations

from datetime import UTC, datetime

from dispatch.cli.context import Desk
from dispatch.cli.demo_board import Wait, has_ended, waiting_hop
from dispatch.cli.journey import picture
from dispatch.cli.language import text
from dispatch.cli.output import out
from dispatch.demo.moving_in import CLERK
from dispatch.domain.compensation import Basis
from dispatch.domain.complaint import Agreement, ComplaintKind
from dispatch.domain.money import write_yuan
from dispatch.domain.roles import Actor, Role
from dispatch.reports import lists
from dispatch.tickets import compensation, complaints, handling
from dispatch.tickets.compensation import WantedCredit
from dispatch.tickets.complaints import ACCEPTED, REPLIED, REPLY, NewComplaint
from dispatch.tickets.handling import Claim, Report

SUPERVISOR = Actor("gao", Role.SUPERVISOR)
AGREED = 20_00
"""Fen."""


def complain(desk: Desk, account: str, wait: Wait) -> None:
    """Take the complaint, credit the bill, reply, and show the ticket's way."""
    terms, zone = desk.complaint_terms, desk.settings.zone
    asked = NewComplaint(account, ComplaintKind.QUALITY, "修了两天，耽误上网课", wish="减免月费")
    with desk.database.write() as tx:
        taken = complaints.take(tx, desk.rulebook, terms, asked, CLERK, _now())
    due = f"{taken.reply_by.astimezone(zone):%m-%d %H:%M}"
    out.print(text(f"{taken.number} 已受理，{due}前答复", f"{taken.number} taken, reply by {due}"))
    wanted = WantedCredit(taken.ticket_id, Basis.GOODWILL, "两天才修好，致歉", AGREED)
    with desk.database.write() as tx:
        given = compensation.compensate(tx, desk.rulebook, terms.compensation, zone, wanted, CLERK, _now())
    paid = write_yuan(given.fen)
    out.print(text(f"减免 {paid} 元，计入账单", f"{paid} yuan credited to the bill"))
    hop_id = waiting_hop(desk, taken.ticket_id, "complaints", wait)
    said = {REPLY: f"给您带来不便，已减免{paid}元，线路已复测正常。", ACCEPTED: str(Agreement.YES)}
    with desk.database.write() as tx:
        handling.claim(tx, desk.rulebook, Claim(hop_id, SUPERVISOR), _now())
        handling.end(tx, desk.rulebook, Report(hop_id, SUPERVISOR, REPLIED, said), _now())
    wait(lambda: has_ended(desk, taken.ticket_id))
    with desk.database.read() as tx:
        out.print(picture(desk, lists.journey(tx, taken.ticket_id)))


def _now() -> datetime:
    return datetime.now(UTC)
