"""过户结清: what the old owner settles before an account goes to a new one, and what becomes of its balance.

Everything owed is paid first, the month under way up to today included: the new owner's share of that month is its fee
less that. What is paid in advance goes over with the account, or back to the old owner.
Source: 民法典, article 555.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dispatch.accounts import red_letters, settling
from dispatch.accounts.billing import Paid
from dispatch.accounts.enrolment import warn_of_penalty
from dispatch.accounts.operation import Act
from dispatch.accounts.quotes import quoted
from dispatch.accounts.red_letters import Standing
from dispatch.accounts.settlement import InvoiceBook, ends_today, for_changes, paid_for_changes, paper_of
from dispatch.accounts.settling import OWED, SettledUp
from dispatch.domain.money import write_yuan
from dispatch.domain.plans import CHARGES
from dispatch.domain.settlement import SettlementKind, SettlementLine, hand_over, total
from dispatch.domain.title import Title
from dispatch.errors import ArrearsOpen
from dispatch.ports.billing import QuotePurpose
from dispatch.slips.forms import Section, SlipLine
from dispatch.storage import enrolments
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.customer_rows import CustomerRow

BalanceGoes = Literal["move", "back"]

BALANCE: Mapping[BalanceGoes, Title] = {
    "move": Title("转给新机主", "Goes over to the new owner"),
    "back": Title("退给原机主", "Goes back to the old owner"),
}
"""What becomes of what is paid in advance."""


@dataclass(frozen=True, slots=True)
class HandingOver:
    """What the old owner settles. `taken`: the parts of invoices that are offset; `moves`: what goes over, in fen."""

    lines: tuple[SettlementLine, ...]
    paper: InvoiceBook
    taken: Standing
    moves: int


def work_out(act: Act, account: AccountRow, balance: BalanceGoes, *, voided: bool) -> HandingOver | None:
    """Work out what the old owner of a locked account settles, before anything of it is changed; None in a trial.

    `voided`: the plan ends with the transfer. Raises PortUnavailable, QuoteChanged.
    """
    quote = quoted(act, account, QuotePurpose.TRANSFER)
    if quote is None:
        return None
    paper, prepaid = paper_of(act, account), CHARGES["prepaid"]
    for_change: Standing = {number: paper.stands[number] for number in paper.unused}
    back = quote.refundable
    if balance == "move":  # but what was paid in advance for a change of plan that doesn't take place
        back = min(back, red_letters.of_item(for_change, prepaid))
    of = paper.stands if balance == "back" else for_change
    leaving = replace(ends_today(act, account, waived=not voided), change=paid_for_changes(paper))
    lines = hand_over(quote, leaving, back)
    taken = red_letters.together(for_changes(paper), red_letters.take(of, {prepaid: back}))
    covered = quote.unbilled - total(lines, SettlementKind.UNBILLED)
    return HandingOver(lines, paper, taken, quote.refundable - back - covered)


def warn(act: Act, account: AccountRow, handing_over: HandingOver | None) -> None:
    """Warn of a penalty for a plan that is voided, or of a term that passes over.

    The account's plan has been voided by then, if it is. Raises NeedsConfirmation (`penalty-due`, `term-passes`).
    """
    if handing_over is not None:
        warn_of_penalty(act, total(handing_over.lines, SettlementKind.PENALTY))
    enrolment = enrolments.in_force(act.tx, account.id)
    if enrolment is not None and enrolment.until is not None and enrolment.until > act.today:
        zh, en = f"合约期至{enrolment.until}由新机主承担", f"the term to {enrolment.until} passes to the new owner"
        act.warn("term-passes", Title(zh, en))


def settle(
    act: Act, account: AccountRow, old: CustomerRow, handing_over: HandingOver | None, paid: Paid | None
) -> SettledUp:
    """Take what the old owner owes, or pay back what is theirs, to the fen.

    Raises ArrearsOpen when something is owed and nothing is paid; BadAmount, ApprovalNeeded, ReferenceUsed; BadInput.
    """
    if handing_over is None:
        return SettledUp()
    due = total(handing_over.lines)
    if paid is None and due > 0 and total(handing_over.lines, *OWED):
        raise ArrearsOpen(sum=write_yuan(due))
    title, paper, taken = Title("原机主结清", "Settled by the old owner"), handing_over.paper, handing_over.taken
    settled = settling.clear(act, account, old, title, handing_over.lines, paid, paper, taken)
    return replace(settled, sections=[*settled.sections, *_moved(handing_over)])


def _moved(handing_over: HandingOver) -> Sequence[Section]:
    """The balance that goes over, as a part of the slip."""
    if handing_over.moves <= 0:
        return []
    line = SlipLine(BALANCE["move"], f"{write_yuan(handing_over.moves)} 元 yuan")
    return [Section(Title("预存余额", "Prepaid"), (line,))]
