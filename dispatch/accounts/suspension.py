"""4 停机: suspend the service for one of several kinds, each with its reason; account, port and number are kept.

The customer asks for a pause 停机保号 and reports a loss 挂失, and proves to be the holder: by a bound telephone, or by
account and document. The operator sets the other kinds, which need the account alone, and some of them a supervisor.
Source: 家庭宽带业务流程 V1.0, section 4, steps 1 to 4.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from dispatch import effects
from dispatch.accounts import authentication, pausing, suspension_state
from dispatch.accounts.authentication import Owned
from dispatch.accounts.open_faults import warn_of_open_fault
from dispatch.accounts.operation import Act, Counter, OperationOutcome, OperationResult, Text, carry_out
from dispatch.accounts.payment import LONGEST_REFERENCE, Paid
from dispatch.accounts.proof import Code, require_bound
from dispatch.accounts.reason import Reasoned, reason_lines
from dispatch.accounts.registration import Scans, scans_line, store_scans
from dispatch.accounts.representation import Agent, AgentIfAny, attended
from dispatch.accounts.secret import Prompt
from dispatch.domain.account import AccountState
from dispatch.domain.naming import read_mobile
from dispatch.domain.reasons import SUSPENSION_REASONS
from dispatch.domain.roles import Actor, Role, role_wordings
from dispatch.domain.suspension import BY_MISTAKE, BY_THE_HOLDER, MEANT_BY, SET_BY, SETTLES, SuspensionKind
from dispatch.domain.text import NOTE, clean
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadInput, OtherRole
from dispatch.slips.forms import Section, SlipLine
from dispatch.storage import suspensions
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx

KindWord = Literal["official", "abuse", "real-name", "lost", "arrears", "keep"]


BY_US = frozenset(
    {
        *(reason for reason, kind in MEANT_BY.items() if kind not in BY_THE_HOLDER),
        *(reason for reason, kind in SETTLES.items() if kind in (SuspensionKind.OFFICIAL, SuspensionKind.ABUSE)),
        BY_MISTAKE,
    }
)
"""The reasons for which the operator suspends and resumes by itself, without the customer."""


class Proved(Reasoned):
    """Who asks: the bound `mobile` number, proved by the `code` that was sent to it; or `account` and
    `document_number`; `account` alone for what the operator does by itself."""

    mobile: Annotated[str | None, Field(description="或已绑定的手机号码 · or the bound mobile number")] = None
    code: Code = None
    account: Annotated[str | None, Field(description="宽带账号 · broadband account")] = None
    document_number: Annotated[
        SecretStr | None,
        Field(description="证件号码 · number of the document"),
        Prompt(beside="account", not_for=BY_US),
    ] = None


class Suspension(Proved):
    """Suspends the account of the bound `mobile` number, or `account`, proved by `document_number`; what the operator
    sets by itself needs the account alone. The reason says the kind. A pause has `months` and is paid in advance; an
    agent may ask for it."""

    kind: Annotated[KindWord | None, Field(description="停机种类 · kind, else what the reason means")] = None
    months: Annotated[int | None, Field(description="停机保号月数 · months of a pause", ge=1, le=60)] = None
    payment: Annotated[Paid | None, Field(description="收款 · the customer's payment")] = None
    authority: Annotated[Text, Field(description="主管部门 · authority that ordered it")] = ""
    reference: Annotated[Text, Field(description="文号或凭据 · number of its order, or of the evidence")] = ""
    scans: Scans = ()
    agent: AgentIfAny = None


def suspend(tx: Tx, counter: Counter, request: Suspension, actor: Actor, now: datetime) -> OperationOutcome:
    """Suspend an account. `result`: account, kind; of a pause also `from`, `until` and invoice.

    An open fault must be confirmed (`open-fault`). Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "suspend", request, actor, now, lambda act: _suspend(act, request))


def is_a_pause(request: Suspension) -> bool:
    """Return whether the request asks for a pause, for which billing is asked what is owed."""
    return MEANT_BY.get(request.reason) == SuspensionKind.KEEP


def _suspend(act: Act, request: Suspension) -> OperationResult:
    lines = reason_lines(request, SUSPENSION_REASONS, Title("停机原因", "Reason"))
    kind = _kind(request)
    require_role(act, kind, SET_BY[kind])
    account, customer = found(act, request) if kind in BY_THE_HOLDER else operators(act, request)
    _require_possible(act, account, kind)
    warn_of_open_fault(act, account)
    shown = (SlipLine(Title("停机种类", "Kind"), str(kind.label)), *lines)
    if kind == SuspensionKind.KEEP:
        if request.authority or request.reference:
            raise BadInput(what=Wording("停机保号没有主管部门和文号", "a pause has no authority and no reference"))
        agreed = (*shown, *attended(act, customer, request.agent, request.scans).lines)
        return pausing.agree(act, account, customer, request.reason, request.months, request.payment, agreed)
    require_no_agent(request.agent)
    if request.months is not None or request.payment is not None:
        raise BadInput(what=Wording("只有停机保号有月数和收款", "only a pause has months and a payment"))
    authority, reference = _evidence(act, request, kind)
    suspensions.add(
        act.tx,
        account.id,
        kind,
        act.now,
        reason=request.reason,
        authority=authority,
        reference=reference,
        set_by=act.operation_id,
    )
    suspension_state.stop(act.tx, account, act.key, act.now)
    reason = SUSPENSION_REASONS[request.reason]
    text = f"您的宽带账号{account.number}已停机（{reason.zh}）。如非本人办理，请到营业厅或拨打10086。"
    effects.tell(act.tx, act.key, customer.mobile, text, act.now)
    sections = [Section(Title("停机", "Suspension"), (*shown, *_evidence_lines(request, authority, reference)))]
    slip = act.slip(account.number, customer, sections=sections, by_us=kind not in BY_THE_HOLDER)
    return OperationResult(account, slip, {"account": account.number, "kind": kind})


def require_no_agent(agent: Agent | None) -> None:
    """Raises BadInput where an agent acts in what only a pause allows."""
    if agent is not None:
        raise BadInput(what=Wording("只有停机保号可由经办人代办", "an agent may begin and end a pause alone"))


def require_role(act: Act, kind: SuspensionKind, allowed: Collection[Role]) -> None:
    """Raises OtherRole."""
    if act.actor.role not in allowed:
        raise OtherRole(kind=kind.label, allowed=role_wordings(sorted(allowed)))


def _kind(request: Suspension) -> SuspensionKind:
    """Raises BadInput when the reason means another kind than the one named."""
    kind = MEANT_BY[request.reason]
    if request.kind not in (None, kind):
        fitting = "、".join(reason for reason, meant in MEANT_BY.items() if meant == request.kind)
        raise BadInput(
            what=Wording(
                f"“{SuspensionKind(str(request.kind)).label.zh}”的原因有：{fitting}",
                f"reasons for {request.kind} are: {fitting}",
            )
        )
    return kind


def found(act: Act, request: Proved) -> Owned:
    """Authenticate by the bound mobile number, also of a named account, or by account and document; lock the account.

    Raises AuthenticationFailed, AuthenticationLocked, MobileNotBound, BadCode, BadMobile, WrongState; BadInput.
    """
    number, document_number = request.account, request.document_number
    if request.mobile is not None and document_number is None:
        account, customer = authentication.by_bound_mobile(act, request.mobile, number)
        require_bound(act, read_mobile(request.mobile), request.code, account)
        return account, customer
    if request.mobile is None and number is not None and document_number is not None:
        return authentication.by_document(act, number, document_number)
    raise BadInput(
        what=Wording(
            "请给出绑定的手机号码，或账号和证件号码", "give a bound mobile number, or account and document number"
        )
    )


def operators(act: Act, request: Proved) -> Owned:
    """Find the account by its number alone, for what the operator does by itself; a proof that is given must be right.

    Raises NoSuchCustomer; BadInput; as `found`.
    """
    if request.mobile is not None or request.document_number is not None:
        return found(act, request)
    if request.account is None:
        raise BadInput(what=Wording("请给出宽带账号", "give the broadband account"))
    return authentication.unproved(act, request.account)


def _require_possible(act: Act, account: AccountRow, kind: SuspensionKind) -> None:
    """Raises WrongState for an account that isn't in service yet, or is suspended so already."""
    if account.state not in (AccountState.IN_SERVICE, AccountState.SUSPENDED):
        raise act.wrong_state(account)
    if kind in suspension_state.kinds_of(suspension_state.open_rows(act.tx, account, act.now)):
        raise act.wrong_state(account, Wording(kind.label.zh, f"suspended: {kind.label.en}"))


def _evidence(act: Act, request: Suspension, kind: SuspensionKind) -> tuple[str | None, str | None]:
    """The authority and the reference, which some kinds need; an official suspension also needs the order's scan.

    Raises DocumentsMissing; BadInput.
    """
    authority, reference = (clean(text, NOTE, least=0) or None for text in (request.authority, request.reference))
    is_official = kind == SuspensionKind.OFFICIAL
    if is_official and authority is None:
        raise BadInput(what=Wording("请写明主管部门", "name the authority"))
    if kind in (SuspensionKind.OFFICIAL, SuspensionKind.ABUSE) and reference is None:
        raise BadInput(what=Wording("请写明文号或凭据", "give the number of the order, or of the evidence"))
    if any(text is not None and len(text) > LONGEST_REFERENCE for text in (authority, reference)):
        raise BadInput(
            what=Wording(f"主管部门、文号各最多 {LONGEST_REFERENCE} 字", f"at most {LONGEST_REFERENCE} characters each")
        )
    store_scans(act, request.scans, ("official-order",) if is_official else ())
    return authority, reference


def _evidence_lines(request: Suspension, authority: str | None, reference: str | None) -> Sequence[SlipLine]:
    lines = []
    if authority:
        lines.append(SlipLine(Title("主管部门", "Authority"), authority))
    if reference:
        lines.append(SlipLine(Title("文号或凭据", "Reference"), reference))
    if request.scans:
        lines.append(scans_line(request.scans))
    return lines
