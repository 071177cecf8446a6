"""【查】 The script's questions that the books answer: preselected with what they say, overruled with a note.

What billing knows is asked before the transaction of a report, since nobody waits for a system outside while the
database is locked. While it is out of reach the agent answers as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from dispatch.domain.account import LIVING, AccountState
from dispatch.domain.book_data import (
    BEHIND,
    CHANGED,
    ENDED,
    IN_SERVICE,
    LATELY,
    NO_SLIP,
    OTHER,
    PAYMENT,
    RENAMED,
    SAME,
    UNCHANGED,
    BillingSays,
    BookSays,
    payment,
)
from dispatch.domain.effect import lane_of
from dispatch.domain.text import NOTE, clean
from dispatch.domain.time import local_date
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadInput
from dispatch.ports.billing import Billing, QuotePurpose
from dispatch.routing.prehandling import Answers, Question, Symptom, follow
from dispatch.storage import accounts, aliases, enrolments, line_books, plan_changes
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx
from dispatch.tickets import suspended_lines

VOIDED = "voided"
"""`ended_for` of enrolments whose number was lost."""


def ask_billing(
    billing: Billing, account_id: int | None, symptom: Symptom | None, answers: Answers, now: datetime, zone: tzinfo
) -> BillingSays | None:
    """Ask billing of the account, if the next question or one that was answered needs it; outside of a transaction that
    writes. None: nothing is asked, or billing is out of reach."""
    if account_id is None or symptom is None or not needs_billing(symptom, answers):
        return None
    try:
        quote = billing.quote(account_id, local_date(now, zone), QuotePurpose.CHECK)
        payments = billing.payments(account_id, now - LATELY)
    except OSError:
        return None
    return BillingSays(quote.owed, payments[0].at if payments else None)


def needs_billing(symptom: Symptom, answers: Answers) -> bool:
    """Return whether the next question, or one that was answered, is about payments. Raises BadAnswer."""
    progress = follow(symptom, answers)
    asked = [step.question for step in progress.asked] + ([progress.next] if progress.next else [])
    return any(question.from_books is not None and question.from_books.datum == PAYMENT for question in asked)


def says(
    tx: Tx, account: AccountRow, typed: str, question: Question, now: datetime, billing: BillingSays | None
) -> tuple[str, BookSays] | None:
    """The answer that the books give to a question, and what they say; None: the agent asks the customer."""
    if question.from_books is None:
        return None
    said = _datum(tx, account, typed, question.from_books.datum, now, billing)
    answer = question.from_books.answer(said.values) if said else None
    return None if said is None or answer is None else (answer, said)


def overruled(
    tx: Tx,
    account: AccountRow,
    typed: str,
    symptom: Symptom,
    answers: Answers,
    notes: Mapping[str, str],
    now: datetime,
    billing: BillingSays | None,
) -> dict[str, str]:
    """The notes on answers that differ from what the books say, by question. Raises BadInput where a note is missing,
    or stands at a question that nobody overruled."""
    kept = {}
    for step in follow(symptom, answers).asked:
        booked = says(tx, account, typed, step.question, now, billing)
        if booked is None or booked[0] == step.answer.name:
            continue
        kept[step.question.name] = clean(notes.get(step.question.name, ""), NOTE, least=0)
        if not kept[step.question.name]:
            raise _unexplained(step.question, booked[1])
    if strange := sorted(notes.keys() - kept.keys()):
        names = "、".join(strange)
        raise BadInput(
            what=Wording(
                f"这些问题的回答与系统一致，不需要备注：{names}", f"nothing is overruled there, so no note: {names}"
            )
        )
    return kept


def found(tx: Tx, typed: str, now: datetime) -> AccountRow | None:
    """The account that is called so, also by its former name."""
    return aliases.called(tx, [typed], now).get(typed)


def _unexplained(question: Question, said: BookSays) -> BadInput:
    return BadInput(
        what=Wording(
            f"“{question.ask.zh}”系统显示：{said.title.zh}。回答与系统不符，请写明原因（{question.name}）",
            f"the books say of {question.name}: {said.title.en}. To answer otherwise, note why",
        )
    )


def _datum(
    tx: Tx, account: AccountRow, typed: str, datum: str, now: datetime, billing: BillingSays | None
) -> BookSays | None:
    match datum:
        case "account-state":
            return _state(tx, account, typed, now)
        case "payment":
            return None if billing is None else payment(billing, now)
        case "speed":
            return _speed(tx, account)
        case "slip":
            return _slip(tx, account)
        case "number":
            return _number(tx, account, now)
    return None


def _state(tx: Tx, account: AccountRow, typed: str, now: datetime) -> BookSays:
    if account.state not in LIVING:
        return BookSays((ENDED,), AccountState(account.state).label)
    kind = suspended_lines.kind_of(account)
    if kind is not None:
        return BookSays((kind,), kind.label, line_books.suspended_since(tx, account.id, kind))
    renaming = aliases.renaming(tx, account, typed, now)
    if renaming is not None:
        title = Title(f"已改为 {renaming.new}", f"Renamed to {renaming.new}")
        return BookSays((RENAMED, IN_SERVICE), title, renaming.at)
    return BookSays((IN_SERVICE,), AccountState(account.state).label)


def _speed(tx: Tx, account: AccountRow) -> BookSays | None:
    """Whether the line has the speed of the plan in force, as far as the provisioning system has confirmed."""
    bought = accounts.line_data(tx, [account.id])[account.id].speed
    if bought is None:
        return None
    ordered, is_confirmed, at = line_books.speed_order(tx, lane_of(account.id))
    is_behind = ordered is not None and (not is_confirmed or ordered != bought)
    title = f"签约 {bought}M", f"{bought} Mbit/s bought"
    if is_behind:
        return BookSays((BEHIND,), Title(f"{title[0]}，网络侧未生效", f"{title[1]}, not confirmed"), at)
    return BookSays((SAME,), Title(*title), at)


def _slip(tx: Tx, account: AccountRow) -> BookSays:
    slip = line_books.plan_slip(tx, account.id)
    if slip is None:
        return BookSays((NO_SLIP,), Title("没有受理单", "No slip"))
    operation_id, at = slip
    plan, change = enrolments.in_force(tx, account.id), plan_changes.scheduled(tx, account.id)
    if operation_id in {each.operation_id for each in (plan, change) if each is not None}:
        return BookSays((SAME,), Title("与受理单一致", "As on the slip"), at)
    return BookSays((OTHER,), Title("与受理单不一致", "Not as on the slip"), at)


def _number(tx: Tx, account: AccountRow, now: datetime) -> BookSays:
    at = line_books.number_lost(tx, account.id, VOIDED, now - LATELY)
    if at is None:
        return BookSays((UNCHANGED,), Title("90 天内没有变更", "Not changed in 90 days"))
    return BookSays((CHANGED,), Title("号码已变更或营销案已失效", "A number was changed, or a plan voided"), at)
