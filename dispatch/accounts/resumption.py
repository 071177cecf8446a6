"""4 开机: lift a suspension, each kind only by what settles it; the service goes on when the last is lifted.

A supervisor may approve that a suspension was set by mistake 误停: that lifts any, and what it cost is given back.
Source: 家庭宽带业务流程 V1.0, section 4, steps 1 to 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import Field

from dispatch import effects
from dispatch.accounts import billing, pausing, suspension_state
from dispatch.accounts.authentication import Owned, by_document
from dispatch.accounts.identity_check import check_holder, recheck
from dispatch.accounts.operation import Act, Counter, OperationOutcome, OperationResult, Text, carry_out
from dispatch.accounts.password import set_password
from dispatch.accounts.payment import LONGEST_REFERENCE, Paid, read_parts
from dispatch.accounts.quotes import quoted
from dispatch.accounts.reason import reason_lines
from dispatch.accounts.registration import Scans, scans_line, store_scans
from dispatch.accounts.representation import AgentIfAny, attended
from dispatch.accounts.secret import NewPasswordIfAny
from dispatch.accounts.suspension import BY_US, KindWord, Proved, found, operators, require_no_agent, require_role
from dispatch.domain.approval import ApprovalNeed
from dispatch.domain.money import write_yuan
from dispatch.domain.monthly_fee import fee_of_days
from dispatch.domain.reasons import RESUMPTION_REASONS
from dispatch.domain.roles import Actor
from dispatch.domain.suspension import (
    BY_MISTAKE,
    KNOWN_AS,
    LIFTABLE_BY,
    LIFTED_BY,
    SETTLES,
    SuspensionKind,
    first_of,
)
from dispatch.domain.text import NOTE, clean
from dispatch.domain.time import local_date
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadInput, NotLiftedSo
from dispatch.ports.billing import BillingEntry, EntryKind, QuotePurpose
from dispatch.ports.identity_check import CheckPurpose
from dispatch.slips.forms import InvoiceMention, Payment, Section, SlipLine
from dispatch.storage import enrolments, operations, suspensions
from dispatch.storage.account_rows import AccountRow, SuspensionRow
from dispatch.storage.customer_rows import CustomerRow
from dispatch.storage.database import Tx

_K = SuspensionKind
_SCANS = {_K.OFFICIAL: "official-release", _K.ABUSE: "rectification", _K.LOST: "owner-document"}
"""The scan that lifting a kind needs."""


class Resumption(Proved):
    """Lifts the suspension that the reason settles. What is owed is paid here; a loss ends with the holder's document
    and a new password; what the operator set by itself needs the account alone, and a scan of what settles it."""

    kind: Annotated[KindWord | None, Field(description="误停恢复的停机种类 · kind that was set by mistake")] = None
    new_password: NewPasswordIfAny = None
    payment: Annotated[Paid | None, Field(description="收款 · the customer's payment")] = None
    reference: Annotated[Text, Field(description="解除文书文号或凭据 · number of what settles it")] = ""
    scans: Scans = ()
    agent: AgentIfAny = None


def resume(tx: Tx, counter: Counter, request: Resumption, actor: Actor, now: datetime) -> OperationOutcome:
    """Lift a suspension. `result`: account, lifted, invoice, and for what the account is still suspended, if it is.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "resume", request, actor, now, lambda act: _resume(act, request))


def pays_arrears(request: Resumption) -> bool:
    """Return whether billing must be asked what is owed."""
    return request.reason == "arrears-paid"


@dataclass
class _Settled:
    """What settled a suspension, for the slip and the books."""

    lines: list[SlipLine] = field(default_factory=list)
    reference: str | None = None
    payment: Payment | None = None
    invoice: InvoiceMention | None = None


def _resume(act: Act, request: Resumption) -> OperationResult:
    lines = reason_lines(request, RESUMPTION_REASONS, Title("开机原因", "Reason"))
    kind = None if request.reason == BY_MISTAKE else SETTLES[request.reason]
    if kind is not None:
        require_role(act, kind, LIFTABLE_BY[kind])
    account, customer = _found(act, request, kind)
    rows = _to_lift(act, account, request, kind)
    settled = _settle(act, account, customer, request, rows, kind)
    suspensions.lift(
        act.tx, [row.id for row in rows], act.operation_id, request.reason, act.now, reference=settled.reference
    )
    still = suspension_state.go_on(act.tx, account, act.key, act.now)
    effects.tell(act.tx, act.key, customer.mobile, suspension_state.said(account.number, still), act.now)
    had = "、".join(str(SuspensionKind(row.kind).label) for row in rows)
    shown = [*lines, SlipLine(Title("原停机种类", "Was suspended"), had), *settled.lines]
    if still:
        shown.append(SlipLine(Title("仍停机", "Still suspended"), str(still.label)))
    slip = act.slip(
        account.number,
        customer,
        sections=[Section(Title("开机", "Resumption"), tuple(shown))],
        payment=settled.payment,
        invoice=settled.invoice,
        by_us=request.reason in BY_US and kind != _K.ABUSE,  # who promises to mend it may stand there
    )
    lifted = "、".join(row.kind for row in rows)
    result = {"account": account.number, "lifted": lifted, "suspended_for": KNOWN_AS[still] if still else None}
    if settled.invoice is not None:
        result["invoice"] = settled.invoice.number
    return OperationResult(account, slip, result)


def _found(act: Act, request: Resumption, kind: SuspensionKind | None) -> Owned:
    """Authenticate the customer as this kind demands: what the operator set by itself and lifts by itself, or by
    mistake, needs no proof; a loss only ends by the holder's document."""
    if request.reason in BY_US:
        return operators(act, request)
    if kind == _K.LOST and (request.account is None or request.document_number is None or request.mobile is not None):
        raise BadInput(what=Wording("解除挂失须给出账号和证件号码", "a loss ends by account and document number"))
    if kind == _K.LOST:
        assert request.account is not None
        assert request.document_number is not None
        return by_document(act, request.account, request.document_number)
    return found(act, request)


def _to_lift(
    act: Act, account: AccountRow, request: Resumption, kind: SuspensionKind | None
) -> Sequence[SuspensionRow]:
    """The suspensions that this reason lifts. Raises WrongState when there is none at all, NotLiftedSo."""
    rows = suspension_state.open_rows(act.tx, account, act.now)
    if not rows:
        raise act.wrong_state(account)
    wanted = request.kind if kind is None else kind
    if kind is not None and request.kind not in (None, kind):
        raise BadInput(what=Wording("原因与停机种类不符", "the reason doesn't settle this kind"))
    lifted = [row for row in rows if wanted in (None, row.kind)]
    if not lifted:
        first = first_of(suspension_state.kinds_of(rows))
        raise NotLiftedSo(kind=first.label, what=LIFTED_BY[first])
    return lifted


def _settle(
    act: Act,
    account: AccountRow,
    customer: CustomerRow,
    request: Resumption,
    rows: Sequence[SuspensionRow],
    kind: SuspensionKind | None,
) -> _Settled:
    """Do what lifts this kind. Raises NotLiftedSo, ApprovalNeeded, DocumentsMissing, BadAmount, BadPassword,
    ToBeVerified, PortUnavailable; BadInput."""
    settled = _Settled(reference=_reference(request))
    if kind == _K.KEEP:
        settled.lines.extend(attended(act, customer, request.agent, request.scans).lines)
    else:
        require_no_agent(request.agent)
        store_scans(act, request.scans, [_SCANS[kind]] if kind in _SCANS else ())
        if request.scans:
            settled.lines.append(scans_line(request.scans))
    if kind != _K.ARREARS and request.payment is not None:
        raise BadInput(what=Wording("只有缴清欠费才收款", "only arrears are paid here"))
    if (kind == _K.LOST) != (request.new_password is not None):
        raise BadInput(what=Wording("解除挂失须设新密码，其他不设", "a loss ends with a new password, nothing else"))
    match kind:
        case None:
            act.approved(ApprovalNeed.WRONG_SUSPENSION, f"account/{account.id}", account.area)
        case _K.OFFICIAL:
            if settled.reference is None:
                raise BadInput(what=Wording("请写明解除文书文号", "give the number of the release"))
            act.approved(ApprovalNeed.OFFICIAL_LIFT, f"account/{account.id}", account.area)
        case _K.REAL_NAME if not act.trial and not operations.is_put_in_order(act.tx, account.id, rows[0].from_at):
            matched = None if request.document_number is None else recheck(act, customer, account.area)
            if matched is None:
                raise NotLiftedSo(kind=kind.label, what=LIFTED_BY[kind])
            settled.lines.append(
                SlipLine(Title("身份核验", "Identity check"), "姓名与证件号码一致 name and number match")
            )
            settled.reference = settled.reference or matched
        case _K.LOST:
            assert request.new_password is not None
            check_holder(act, customer, CheckPurpose.END_LOSS, account.area)
            set_password(act, account, customer, request.new_password)
        case _K.ARREARS:
            _pay(act, account, customer, request.payment, settled)
        case _:
            pass
    if kind is None or kind == _K.KEEP:
        _give_back(act, account, rows, settled, by_mistake=kind is None)
    if settled.reference is not None:
        settled.lines.append(SlipLine(Title("凭据", "Reference"), settled.reference))
    return settled


def _pay(act: Act, account: AccountRow, customer: CustomerRow, paid: Paid | None, settled: _Settled) -> None:
    """Take what is overdue, exactly, late fee included, and book it at billing, each part with its own reference.

    A bill that isn't due yet may wait. Raises BadAmount, PortUnavailable."""
    quote = quoted(act, account, QuotePurpose.RESUME)
    if quote is None:
        return
    due = [(Title("欠费", "Arrears"), quote.overdue), (Title("滞纳金", "Late fee"), quote.late_fee)]
    settled.payment, settled.invoice = billing.charge(act, account, customer.name, due, paid, on_bill=False)
    if settled.invoice is None or paid is None:
        settled.reference = settled.reference or quote.quote_id
        return
    number, parts = settled.invoice.number, read_parts(paid)
    settled.reference = settled.reference or (parts[0].reference if len(parts) == 1 else None) or number
    entries = [BillingEntry(EntryKind.PAYMENT, part.fen, act.now, reference=part.reference or number) for part in parts]
    effects.book(act.tx, act.key, account, entries, act.now)


def _give_back(
    act: Act, account: AccountRow, rows: Sequence[SuspensionRow], settled: _Settled, *, by_mistake: bool
) -> None:
    """End a pause; by mistake, give back what the suspensions cost: a pause's fee, or the monthly fee of their days."""
    enrolment, credit = enrolments.in_force(act.tx, account.id), 0
    for row in rows:
        if row.kind == _K.KEEP:
            back, term = pausing.end(act.tx, account, row, act.key, act.now, act.counter.zone, give_back_all=by_mistake)
            if back:
                settled.lines.append(_line(Title("退回余额", "Paid back to the balance"), back))
            if term is not None:
                settled.lines.append(SlipLine(pausing.TERM, f"{term[0]} → {term[1]}"))
        elif by_mistake and enrolment is not None:
            first = local_date(row.from_at, act.counter.zone)
            credit = max(credit, fee_of_days(enrolment.terms["monthly_fee"], first, act.today))
    if credit:
        settled.lines.append(_line(Title("减免停机期间月费", "Monthly fee of these days, credited"), credit))
        entry = BillingEntry(EntryKind.CREDIT, credit, act.now)
        effects.book(act.tx, f"{act.key}/credit", account, [entry], act.now)


def _line(label: Title, fen: int) -> SlipLine:
    return SlipLine(label, f"{write_yuan(fen)} 元 yuan")


def _reference(request: Resumption) -> str | None:
    reference = clean(request.reference, NOTE, least=0)
    if len(reference) > LONGEST_REFERENCE:
        raise BadInput(
            what=Wording(
                f"文号或凭据最多 {LONGEST_REFERENCE} 字",
                f"a reference has at most {LONGEST_REFERENCE} characters",
            )
        )
    return reference or None
