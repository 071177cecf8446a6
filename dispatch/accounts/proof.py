"""发送验证码: a code in a text message proves that the customer has a mobile number, where no document says so.

A number that suspends a line, that is bound, also at an opening, that becomes an account's name, a customer's own or a
new owner's is proved in this way.
The code is sent as an operation by itself; the operation that needs it brings it along.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from dispatch import messages
from dispatch.accounts import authentication
from dispatch.accounts.operation import (
    TITLES,
    Act,
    Counter,
    OperationOutcome,
    OperationRequest,
    OperationResult,
    carry_out,
)
from dispatch.domain.account import LIVING
from dispatch.domain.messages import Event
from dispatch.domain.naming import masked_mobile, read_account_number, read_mobile
from dispatch.domain.proof import (
    AGAIN_AFTER,
    CLERK_WINDOW,
    DIGITS,
    GOOD_FOR,
    MOST_A_CLERK,
    MOST_A_DAY,
    is_good,
    read_code,
    seconds_to_wait,
)
from dispatch.domain.roles import AT_THE_COUNTER, Actor, require
from dispatch.domain.time import begin_of_day
from dispatch.domain.title import Wording
from dispatch.errors import BadCode, BadInput, CodesEnough, CodeTooSoon, MobileNotBound, NoSuchCustomer, Refusal
from dispatch.storage import accounts, aliases, enrolments, proofs
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.operation_rows import ProofRow

SEND = "send-code"

Purpose = Literal["open", "transfer", "suspend", "resume", "bind", "modify", "rename"]
"""The operations that a code proves a number for."""

BY_BOUND_NUMBER = ("suspend", "resume")
BEFORE_AN_ACCOUNT = ("open",)

Code = Annotated[SecretStr | None, Field(description="短信验证码 · code from the text message")]


class CodeRequest(OperationRequest):
    """Sends a code to a mobile number, by which the operation `purpose` knows that the customer has it. Where the
    number doesn't find the account, `account` names it; an opening has none yet."""

    purpose: Annotated[Purpose, Field(description="用于哪项业务 · operation that it is for")]
    mobile: Annotated[str, Field(description="手机号码 · mobile number")]
    account: Annotated[str | None, Field(description="宽带账号 · broadband account")] = None


def send(tx: Tx, counter: Counter, request: CodeRequest, actor: Actor, now: datetime) -> OperationOutcome:
    """Send a code. `result`: `mobile`, masked, and `minutes` for which the code is good.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, SEND, request, actor, now, lambda act: _send(act, request))


def require_code(act: Act, mobile: str, typed: SecretStr | None, account: AccountRow | None) -> str | None:
    """Require the code that was sent to this number for this operation, and use it up. `account` None: there is none
    yet.

    While the message gateway doesn't take messages, the holder's document, which the operation has seen, is enough:
    returned is then the slip's note of it. A trial checks no code. Raises BadCode, counted as a failed authentication;
    AuthenticationLocked.
    """
    if act.trial:
        return None
    found = _newest(act, mobile, account)
    if typed is None and found is not None and _is_lost(act, found):
        proofs.use(act.tx, found.id, act.operation_id)
        return "短信网关不通，号码凭证件核实。No code could be sent: the number was taken on the holder's document."
    _check(act, found, mobile, typed, account)
    return None


def require_bound(act: Act, mobile: str, typed: SecretStr | None, account: AccountRow) -> None:
    """Require the code that was sent to a bound number: it stands for the holder's document. Raises as
    `require_code`."""
    if not act.trial:
        _check(act, _newest(act, mobile, account), mobile, typed, account)


def keep(
    tx: Tx,
    cipher: FieldCipher,
    purpose: str,
    mobile: str,
    account_id: int | None,
    actor: Actor,
    code: str,
    source: str | None,
    now: datetime,
) -> None:
    """Keep that this code is sent to a number, in the message about `source`."""
    hashed = _code_hashes(cipher, mobile, purpose, actor.name, code)[0]
    proofs.add(tx, _number_hashes(cipher, mobile)[0], purpose, account_id, actor.name, hashed, source, now)


def _code_hashes(cipher: FieldCipher, mobile: str, purpose: str, actor: str, code: str) -> list[str]:
    """The keyed hashes under which a code may be stored, the one for writing first."""
    return cipher.indexes("code", mobile, purpose, actor, code)


def _number_hashes(cipher: FieldCipher, mobile: str) -> list[str]:
    """The keyed hashes under which a code's number may be stored, the one for writing first."""
    return cipher.indexes("mobile", mobile)


def _newest(act: Act, mobile: str, account: AccountRow | None) -> ProofRow | None:
    hashes = _number_hashes(act.counter.cipher, mobile)
    account_id = None if account is None else account.id
    return proofs.newest(act.tx, hashes, act.kind, account_id, act.actor.name)


def _check(act: Act, found: ProofRow | None, mobile: str, typed: SecretStr | None, account: AccountRow | None) -> None:
    authentication.require_unlocked(act, account)
    if found is None or typed is None or not is_good(found.made_at, found.tries, found.used_by, act.now):
        raise _wrong(act, account, None)
    code = read_code(typed.get_secret_value())
    hashes = _code_hashes(act.counter.cipher, mobile, act.kind, act.actor.name, code)
    if not any(hmac.compare_digest(each, found.code_hmac) for each in hashes):
        raise _wrong(act, account, found)
    proofs.use(act.tx, found.id, act.operation_id)


def _wrong(act: Act, account: AccountRow | None, tried: ProofRow | None) -> Refusal:
    if tried is not None:
        proof_id = tried.id
        act.keep_refused.append(lambda: proofs.count_try(act.tx, proof_id))
    return authentication.count_failure(act, account, BadCode())


def _is_lost(act: Act, found: ProofRow) -> bool:
    """Return whether the gateway should have taken the code's message long ago, and hasn't."""
    if found.used_by is not None or found.source is None or act.now - found.made_at < AGAIN_AFTER:
        return False
    return act.now - found.made_at < GOOD_FOR and not proofs.is_taken(act.tx, found.source)


def _send(act: Act, request: CodeRequest) -> OperationResult:
    title = TITLES[request.purpose]
    require(act.actor, request.purpose, Wording("宽带账号", "an account"), AT_THE_COUNTER[request.purpose], title)
    mobile = read_mobile(request.mobile)
    authentication.require_unlocked(act, None)
    account = _account(act, request, mobile)
    _require_few(act, mobile)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    minutes = int(GOOD_FOR.total_seconds() // 60)
    account_id = None if account is None else account.id
    source, facts = f"operation/{act.operation_id}", {"code": code, "act": title.stored()}
    messages.tell(act.tx, act.now, messages.Told(Event.CODE, source, facts, account_id, mobile))
    keep(act.tx, act.counter.cipher, request.purpose, mobile, account_id, act.actor, code, source, act.now)
    return OperationResult(account, None, {"mobile": masked_mobile(mobile), "minutes": minutes})


def _account(act: Act, request: CodeRequest, mobile: str) -> AccountRow | None:
    """The account that the operation is about; None: there is none yet.

    Raises NoSuchCustomer; MobileNotBound, counted as a failed authentication; BadInput.
    """
    if request.purpose in BY_BOUND_NUMBER:
        bound = enrolments.bound_to(act.tx, mobile)
        found = None if bound is None else accounts.get(act.tx, bound.account_id)
        if found is None or not act.actor.covers(found.area):
            raise authentication.count_failure(act, None, MobileNotBound())
        return found
    if request.purpose in BEFORE_AN_ACCOUNT:
        return None
    if request.account is None:
        raise BadInput(what=Wording("请给出宽带账号", "give the account"))
    number = read_account_number(request.account)
    found = aliases.called(act.tx, [number], act.now).get(number)
    if found is None or found.state not in LIVING or not act.actor.covers(found.area):
        raise NoSuchCustomer()
    return found


def _require_few(act: Act, mobile: str) -> None:
    """Raises CodeTooSoon, CodesEnough."""
    sent, last = proofs.sent_to(
        act.tx, _number_hashes(act.counter.cipher, mobile), begin_of_day(act.today, act.counter.zone)
    )
    if seconds := seconds_to_wait(last, act.now):
        raise CodeTooSoon(seconds=seconds)
    if sent >= MOST_A_DAY:
        raise CodesEnough(why=Wording(f"该号码今日已发{MOST_A_DAY}次", f"the number got {MOST_A_DAY} today"))
    if proofs.sent_by(act.tx, act.actor.name, act.now - CLERK_WINDOW) >= MOST_A_CLERK:
        raise CodesEnough(why=Wording(f"您一小时内已发{MOST_A_CLERK}次", f"you had {MOST_A_CLERK} sent in an hour"))
