"""业务受理: how every account operation is carried out: once for its request key, and either whole or refused.

A refusal is an outcome: the operation's changes are rolled back, and the refusal is recorded. Anything else that goes
wrong is an error, and then nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import to_json
from sqlalchemy.exc import IntegrityError

from dispatch import effects, port_answers
from dispatch.accounts import waiting_list
from dispatch.approvals import use as use_approval
from dispatch.domain.account import AccountState, account_move
from dispatch.domain.agency import Party
from dispatch.domain.approval import ApprovalNeed
from dispatch.domain.identity import DOCUMENT_KINDS, masked
from dispatch.domain.language import LANGUAGES
from dispatch.domain.naming import masked_mobile
from dispatch.domain.numbers import slip_serial
from dispatch.domain.outlet_hours import USUAL_HOURS, OutletHours
from dispatch.domain.plans import Plans
from dispatch.domain.request_key import LONGEST_KEY, unveiled
from dispatch.domain.roles import AT_THE_COUNTER, Actor, Role, require
from dispatch.domain.time import local_date
from dispatch.domain.title import Title, Wording
from dispatch.errors import (
    ApprovalNeeded,
    IllegalMove,
    KeyReused,
    MissingGlyph,
    NeedsConfirmation,
    Refusal,
    Renamed,
    Unprintable,
    WrongState,
)
from dispatch.port_answers import Answer, PortQuestion
from dispatch.ports.billing import Billing
from dispatch.ports.identity_check import IdentityCheck
from dispatch.routing.rulebook import Rulebook
from dispatch.slips.forms import Change, InvoiceMention, Payment, Section, SlipData
from dispatch.slips.signers import signers
from dispatch.storage import accounts, aliases, customers, enrolments, epoch, operations, resources, suspensions
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.customer_rows import CustomerRow
from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher

Text = Annotated[str, StringConstraints(max_length=500)]


def _number(raw: Any) -> Any:
    """A number as people type it, and as a list of options gives it."""
    return int(raw) if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 19 else raw


ApprovalNumber = Annotated[int, BeforeValidator(_number), Field(ge=1, lt=2**63)]
AccountNumber = Annotated[str, Field(description="宽带账号 · broadband account")]

TITLES: Mapping[str, Title] = {
    "register-demand": Title("需求登记", "Register a demand"),
    "open": Title("开户", "Open account"),
    "transfer": Title("过户", "Transfer ownership"),
    "settle-preview": Title("结算预览", "Preview settlement"),
    "close": Title("销户", "Close account"),
    "suspend": Title("停机", "Suspend"),
    "resume": Title("开机", "Resume"),
    "change-password": Title("密码修改", "Change password"),
    "reset-password": Title("密码重置", "Reset password"),
    "view": Title("资料查询", "Query"),
    "modify": Title("资料修改", "Modify data"),
    "bind": Title("绑定手机号码", "Bind mobile number"),
    "unbind": Title("解除手机号码绑定", "Unbind mobile number"),
    "bindings": Title("绑定关系查询", "Query bindings"),
    "contact": Title("查看联系电话", "Show contact number"),
    "appoint": Title("预约退单退费", "Appoint cancel and refund"),
    "refund": Title("退单退费", "Cancel and refund"),
    "rename": Title("修改账号", "Change account name"),
    "change-plan": Title("变更营销案", "Change plan"),
    "devices": Title("终端查询", "Query devices"),
    "return-device": Title("退回终端", "Return a device"),
    "lose-device": Title("终端遗失", "Report a device lost"),
    "send-code": Title("发送验证码", "Send code"),
    "move": Title("移机", "Move line"),
}
"""Every kind of account operation, in the rule book's order."""


class OperationRequest(BaseModel):
    """The fields of every request: its idempotency key, and the warnings that the customer has confirmed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    request_key: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_KEY)] | None = Field(
        None, description="请求号，重复提交只办一次 · the same key again gives the same outcome again"
    )
    confirm: tuple[str, ...] = Field(
        (), description="客户已听取并确认的提示 · a warning that the customer was told and confirmed"
    )
    approvals: tuple[ApprovalNumber, ...] = Field((), description="主管批准的编号 · number of a supervisor's approval")


@dataclass
class Trial:
    """试办: an operation that is rolled back. It collects its warnings, also confirmed ones, and refusals for missing
    scans, instead of stopping at the first.

    A trial checks no proof of the customer and compares nothing with hidden data: otherwise somebody could guess them
    here, uncounted.
    """

    warnings: dict[str, Title] = field(default_factory=dict)
    wanting: list[Refusal] = field(default_factory=list)


class Hasher(Protocol):
    """Hashes accounts' passwords and compares them, slowly on purpose."""

    def hash(self, password: str, /) -> str: ...

    def verify(self, password: str, hash: str, /) -> bool: ...


@dataclass(frozen=True)
class Counter:
    """A counter 柜台 with the parts that its operations need. `trial` is set while an operation is only tried."""

    cipher: FieldCipher
    passwords: Hasher
    plans: Plans
    rulebook: Rulebook
    billing: Billing
    identity: IdentityCheck
    operator: str
    outlet: str
    record_url: str
    zone: tzinfo  # of the dates and times that customers and clerks read
    fonts: Path | None = None  # folder of fonts; None: the font of the package
    demand_turn: timedelta = timedelta(days=7)  # for which nobody else is told of a place
    bill_day: int = 1  # of a month: on it a bill begins
    pause_fee: int = 5_00  # fen a month of 停机保号
    pause_months: int = 6  # the most, also within twelve months
    answers: tuple[int, ...] = ()  # ids of what systems outside answered before the operation (`port_answers`)
    device_months: int = 36  # until a lost device is worth nothing
    hours: OutletHours = USUAL_HOURS  # in which customers come for their refund
    trial: Trial | None = None


@dataclass(frozen=True)
class Act:
    """One operation while it is carried out. `keep_refused` holds writes to make even if it is refused."""

    kind: str
    tx: Tx
    counter: Counter
    actor: Actor
    now: datetime
    operation_id: int
    confirmed: frozenset[str]
    approvals: tuple[int, ...] = ()
    keep_refused: list[Callable[[], None]] = field(default_factory=list)
    warnings: list[Title] = field(default_factory=list)
    agents: set[Party] = field(default_factory=set)  # whom somebody else stands there for
    renamed: list[Renamed] = field(default_factory=list)  # said when the account was found by its former name

    @property
    def today(self) -> date:
        """The date at the counter."""
        return local_date(self.now, self.counter.zone)

    @property
    def trial(self) -> bool:
        return self.counter.trial is not None

    @property
    def key(self) -> str:
        """The first part of the idempotency keys of this operation's effects."""
        return f"operation/{epoch.name(self.tx, epoch.OF_OPERATIONS, self.operation_id)}"

    @property
    def serial(self) -> str:
        return slip_serial(self.operation_id)

    def move(self, account: AccountRow, name: str, **columns: object) -> None:
        """Move the account by the life table and set `columns`. Raises WrongState."""
        try:
            moved = account_move(AccountState(account.state), name)
        except IllegalMove:
            raise self.wrong_state(account) from None
        accounts.change(self.tx, account.id, state=moved, **columns)

    def wrong_state(self, account: AccountRow, state: Wording | None = None) -> WrongState:
        """The refusal for the caller to raise: the operation isn't possible in the account's state, or in `state`."""
        state = state or AccountState(account.state).wording
        return WrongState(account=account.number, operation=TITLES[self.kind], state=state)

    def slip(
        self,
        account: str,
        customer: CustomerRow,
        *,
        sections: Sequence[Section] = (),
        changes: Sequence[Change] = (),
        payment: Payment | None = None,
        invoice: InvoiceMention | None = None,
        notes: Sequence[str] = (),
        by_us: bool = False,
    ) -> SlipData:
        """The operation's slip 受理单. The customer's document and contact are masked; the caller masks the rest.
        `by_us`: the operator does it by itself, and no customer is there to sign."""
        counter = self.counter
        return SlipData(
            serial=self.serial,
            operation=self.kind,
            title=TITLES[self.kind],
            operator=counter.operator,
            outlet=counter.outlet,
            clerk=self.actor.name,
            accepted_at=self.now.astimezone(counter.zone),
            account=account,
            customer=customer.name,
            document=self.shown_document(customer),
            contact=masked_mobile(customer.mobile),
            sections=tuple(sections),
            changes=tuple(changes),
            warnings=tuple(str(warning) for warning in self.warnings),
            payment=payment,
            invoice=invoice,
            notes=tuple(notes),
            record_url=f"{counter.record_url}{self.serial}",
            signers=() if by_us or self.actor.role == Role.AGENT_10086 else signers(self.kind, self.agents),
        )

    def shown_document(self, customer: CustomerRow) -> str:
        """The kind of the customer's document and its masked number."""
        number = customers.document_number(self.counter.cipher, customer)
        country = f"{customer.issuing_country} " if customer.issuing_country else ""
        return f"{DOCUMENT_KINDS[customer.document_kind].title.zh} {country}{masked(number)}"

    def say_if_renamed(self, account: AccountRow, typed: str) -> None:
        """Note that the account was found by a former name, for the clerk to tell the customer."""
        found = aliases.renaming(self.tx, account, typed, self.now)
        if found is not None:
            self.renamed.append(found.said(self.counter.zone))

    def want(self, refusal: Refusal) -> None:
        """Raise the refusal; in a trial, note it and go on."""
        if self.counter.trial is None:
            raise refusal
        self.counter.trial.wanting.append(refusal)

    def approved(self, need: ApprovalNeed, subject: str, area: str, fen: int | None = None) -> None:
        """Require a supervisor's approval, and use it up. `subject` as account/12; `fen`: the money that it is about.

        Raises ApprovalNeeded; a trial notes it and goes on.
        """
        used_by = f"operation/{self.operation_id}"
        try:
            use_approval(self.tx, self.approvals, need, subject, area, used_by, self.actor, self.now, fen=fen)
        except ApprovalNeeded as needed:
            self.want(needed)

    def answer(self, question: PortQuestion) -> Answer | None:
        """What a system outside answered to this question before the operation (`asked_first`); None in a trial, which
        asks nobody. Raises PortUnavailable."""
        if self.trial:
            return None
        return port_answers.cited(self.tx, self.counter.cipher, question, self.counter.answers, self.now)

    def warn(self, code: str, warning: Title) -> None:
        """Require that the customer has confirmed this warning. Raises NeedsConfirmation; a trial notes it and goes
        on."""
        if self.counter.trial is not None:
            self.counter.trial.warnings[code] = warning
        elif code not in self.confirmed:
            raise NeedsConfirmation(warning=code, what=warning)
        self.warnings.append(warning)


@dataclass(frozen=True)
class OperationResult:
    """The result of an operation's body: the account, the slip (None for a query), and the values for the caller."""

    account: AccountRow | None
    slip: SlipData | None
    result: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class OperationAccepted:
    """An operation that was carried out. `slip` is the serial of the slip to sign; `result` depends on the operation.

    `repeated`: an earlier request with the same key carried it out.
    """

    operation_id: int
    operation: str
    slip: str | None
    result: Mapping[str, object]
    repeated: bool = False


@dataclass(frozen=True)
class OperationRefused:
    """An operation that was refused. `reason` is as stored (see `read_out`).

    `result` names the warning to `confirm`, if a confirmation is all that is missing; the `approval` to ask for, if
    that is. `repeated`: an earlier request with the same key was refused.
    """

    operation_id: int
    operation: str
    code: str
    reason: str
    result: Mapping[str, object] = field(default_factory=dict)
    repeated: bool = False

    @property
    def said(self) -> Wording:
        """The reason in both languages."""
        return read_out(self.reason)


OperationOutcome = OperationAccepted | OperationRefused


def _keep(refusal: Refusal) -> str:
    """A refusal's reason as it is stored: the Chinese and the English sentence, each on a line of its own."""
    return "\n".join(" ".join(refusal.sentence(language).splitlines()) for language in LANGUAGES)


def read_out(reason: str) -> Wording:
    """A stored reason as the clerk reads it out. Older rows have both on one line; the first 。 parts them."""
    zh, parted, en = reason.partition("\n")
    if not parted:
        zh, mark, en = reason.partition("。")
        zh += mark
    return Wording(zh, en.strip())


_TRIES = 3
"""Tries of an operation: another transaction may take an address or a number between our check and our insert, and the
retry then sees it."""


def carry_out(
    tx: Tx,
    counter: Counter,
    kind: str,
    request: OperationRequest,
    actor: Actor,
    now: datetime,
    body: Callable[[Act], OperationResult],
) -> OperationOutcome:
    """Carry out one operation by its `body`, in the open transaction.

    A request key that was used before returns the first outcome again. Raises NotAllowed, KeyReused, BadInput, and then
    nothing is written.
    """
    require(actor, kind, Wording("宽带账号", "an account"), AT_THE_COUNTER[kind], TITLES[kind])
    key, fingerprint = None, ""
    if counter.trial is None:
        key, fingerprint = request.request_key, _fingerprints(counter, kind, request)[0]
    operation_id = operations.begin(tx, kind, key, fingerprint, actor, counter.outlet, now)
    if operation_id is None:
        return _again(tx, request, _fingerprints(counter, kind, request))
    confirmed = frozenset(request.confirm)
    for tries_left in reversed(range(_TRIES)):
        act = Act(kind, tx, counter, actor, now, operation_id, confirmed, request.approvals)
        try:
            with tx.begin_nested():
                return _accepted(act, body(act))
        except Refusal as refusal:
            return _refused(act, refusal)
        except IntegrityError:
            if not tries_left:
                raise
    raise AssertionError


def _accepted(act: Act, done: OperationResult) -> OperationAccepted:
    account_id = None if done.account is None else done.account.id
    result = {**done.result}
    for said in act.renamed:
        result["renamed"] = {language: said.sentence(language) for language in LANGUAGES}
    if done.slip is not None:
        try:
            from dispatch.slips.typesetting import demand_glyphs  # fonts take half a second, for slips alone

            demand_glyphs(done.slip, fonts=act.counter.fonts)
        except MissingGlyph as missing:
            raise Unprintable(characters=missing.facts["characters"]) from None
        operations.insert_slip(act.tx, act.operation_id, done.slip.as_json())
        effects.print_slip(act.tx, act.operation_id, act.now)
    operations.finish(act.tx, act.operation_id, "accepted", account_id, result)
    return OperationAccepted(act.operation_id, act.kind, done.slip.serial if done.slip else None, result)


def _refused(act: Act, refusal: Refusal) -> OperationRefused:
    for keep in act.keep_refused:
        keep()
    reason = _keep(refusal)
    result: dict[str, object] = {}
    if isinstance(refusal, NeedsConfirmation):
        result["confirm"] = refusal.facts["warning"]
    if isinstance(refusal, ApprovalNeeded):
        result["approval"] = {name: refusal.facts[name] for name in ("act", "subject", "area", "fen")}
    operations.finish(act.tx, act.operation_id, "refused", None, result, refusal.code, reason)
    return OperationRefused(act.operation_id, act.kind, refusal.code, reason, result)


def _again(tx: Tx, request: OperationRequest, fingerprints: Sequence[str]) -> OperationOutcome:
    """The outcome of the first request with this key. Raises KeyReused when that was a different request."""
    assert request.request_key is not None
    row = operations.by_request_key(tx, request.request_key)
    if row.fingerprint not in fingerprints:
        raise KeyReused(key=request.request_key)
    if row.outcome == "refused":
        assert row.code is not None  # the database's constraint `refused`
        assert row.reason is not None
        return OperationRefused(row.id, row.kind, row.code, row.reason, row.result, repeated=True)
    serial = slip_serial(row.id) if operations.slip_content(tx, row.id) else None
    return OperationAccepted(row.id, row.kind, serial, row.result, repeated=True)


def release(act: Act, account: AccountRow, why: str) -> None:
    """Release what an account occupied: its place on the port, its bound numbers, its plan, its former names, its
    suspensions. Who waits for the place is told."""
    if account.pon_port_id is not None:
        resources.free_port(act.tx, account.pon_port_id)
        waiting_list.tell_of_freed(act.tx, account.pon_port_id, act.now, act.counter.demand_turn)
    bound = enrolments.valid_bindings(act.tx, account.id)
    enrolments.unbind(act.tx, [each.id for each in bound], act.operation_id, act.now)
    enrolments.end_enrolment(act.tx, account.id, why, act.now)
    aliases.end(act.tx, account.id)
    suspended = [row.id for row in suspensions.unlifted(act.tx, account.id)]
    suspensions.lift(act.tx, suspended, act.operation_id, why, act.now)


def _fingerprints(counter: Counter, kind: str, request: OperationRequest) -> list[str]:
    """The keyed hashes that the same request may have been stored with, the one for a new request first."""
    return counter.cipher.indexes("request", kind, _canonical(request))


def _canonical(request: OperationRequest) -> str:
    """The whole request as canonical JSON, secrets included: it is only used for a keyed hash."""
    asked = unveiled(request)
    # Requests of earlier releases had no such fields: repeated, they are the same.
    if not request.approvals:
        del asked["approvals"]
    if isinstance(paid := asked.get("payment"), dict) and not paid.get("more"):
        paid.pop("more", None)
    return to_json(asked, bytes_mode="base64").decode()
