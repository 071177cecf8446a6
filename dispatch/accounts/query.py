"""7 资料查询: the unified view of a customer, by account or by document. Sensitive fields are masked.

Unmasking a field is the clerk's and needs a reason; the audit trail keeps who saw which field, when and why. The
hotline and community managers, who answer for the customer's line without seeing them, have the view masked; every look
of theirs is in the audit trail.

Source: 家庭宽带业务流程 V1.0, section 7, steps 1 to 3.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import Field, SecretStr

from dispatch.accounts import lookup
from dispatch.accounts.operation import (
    TITLES,
    Act,
    Counter,
    OperationOutcome,
    OperationRefused,
    OperationRequest,
    OperationResult,
    Text,
    carry_out,
)
from dispatch.accounts.registration import IssuingCountry
from dispatch.accounts.schemas import Data, Sensitive
from dispatch.accounts.secret import Prompt
from dispatch.accounts.unified_view import read_view
from dispatch.domain import folding
from dispatch.domain.naming import read_account_number
from dispatch.domain.roles import UNMASKING, Actor, require
from dispatch.domain.text import REASON, clean
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NoSuchCustomer
from dispatch.storage import accounts, aliases, customers, operations
from dispatch.storage.database import Tx


class View(OperationRequest):
    """Shows a customer, by `account` or by the number of their document; its kind, or a passport's country, is needed
    only where two have that number. `show` chooses the kinds of data;
    `unmask` names the sensitive fields to show in clear, for a `reason`."""

    account: Annotated[str | None, Field(description="按宽带账号 · by the account …")] = None
    document_number: Annotated[
        SecretStr | None,
        Field(description="或按证件号码 · … or by the number of the document"),
        Prompt(beside="document_kind"),
    ] = None
    document_kind: Annotated[
        str | None, Field(description="证件类型，一般不填 · kind of document, where two have that number")
    ] = None
    issuing_country: IssuingCountry = None
    show: Annotated[tuple[Data, ...], Field(min_length=1, description="查询内容 · kinds of data to show")] = (
        "customer",
        "accounts",
    )
    unmask: Annotated[tuple[Sensitive, ...], Field(description="查看明文 · fields to show unmasked")] = ()
    reason: Annotated[Text, Field(description="查看明文的理由 · why, for the audit trail")] = ""


def view(tx: Tx, counter: Counter, request: View, actor: Actor, now: datetime) -> OperationOutcome:
    """Show a customer. `result`: a `CustomerView` as plain data. There is no slip, since nothing changes.

    Raises NotAllowed, KeyReused, BadInput.
    """
    outcome = carry_out(tx, counter, "view", request, actor, now, lambda act: _find(act, request))
    if isinstance(outcome, OperationRefused):
        return outcome
    # The view is read now and not stored with the operation: a repeated request shows current data, audited again.
    customer_id, account_ids = outcome.result["customer_id"], outcome.result["account_ids"]
    assert isinstance(account_ids, list)
    customer = None
    if isinstance(customer_id, int):
        customer = customers.get(tx, customer_id)
        account_ids = [row.id for row in accounts.of_customer(tx, customer_id) if actor.covers(row.area)]
    subject = f"customer/{customer_id}" if customer else f"account/{account_ids[0]}"
    if actor.role not in UNMASKING:
        operations.note_audit(tx, "view", subject, "", actor, now)
    for field in dict.fromkeys(request.unmask):
        operations.note_audit(tx, "unmask", f"{subject}/{field}", _reason(request), actor, now)
    shown = read_view(tx, counter.cipher, customer, account_ids, request.show, request.unmask)
    return replace(outcome, result={**shown.model_dump(mode="json"), "renamed": outcome.result.get("renamed")})


def _find(act: Act, request: View) -> OperationResult:
    """Find the customer or the account to show. Raises NotAllowed, NoSuchCustomer, UnknownDocumentKind,
    DocumentKindNeeded; BadInput."""
    if request.unmask:
        require(act.actor, "view", Wording("客户资料明文", "a customer's data in clear"), UNMASKING, TITLES["view"])
    _reason(request)
    if request.account is not None and request.document_kind is None and request.document_number is None:
        number = read_account_number(request.account)
        account = aliases.called(act.tx, [number], act.now).get(number)
        if account is None or not act.actor.covers(account.area):
            raise NoSuchCustomer()
        act.say_if_renamed(account, number)
        return OperationResult(account, None, {"customer_id": account.customer_id, "account_ids": [account.id]})
    if request.account is None and request.document_number is not None:
        typed = request.document_number.get_secret_value()
        registered = lookup.registered(act.tx, act.counter.cipher, request.document_kind, typed)
        country = None if request.issuing_country is None else folding.code(request.issuing_country)
        registered = [each for each in registered if country in (None, each.issuing_country)]
        found = [each for each in registered if _is_served(act, each.id)]
        lookup.require_one_kind([each.document_kind for each in found])
        if not found:
            raise NoSuchCustomer()
        return OperationResult(None, None, {"customer_id": found[0].id, "account_ids": []})
    raise BadInput(what=Wording("请给出账号，或证件号码", "give the account, or else the number of the document"))


def _is_served(act: Act, customer_id: int) -> bool:
    """Return whether the customer has an account in the actor's areas, or no account at all."""
    held = accounts.of_customer(act.tx, customer_id)
    return not held or any(act.actor.covers(row.area) for row in held)


def _reason(request: View) -> str:
    """The reason for unmasking; empty when nothing is unmasked. Raises BadInput when the reason is missing, or when the
    request doesn't show the customer's data."""
    if not request.unmask:
        return ""
    if "customer" not in request.show:
        raise BadInput(
            what=Wording(
                "查看明文须同时查询客户资料（customer）", "unmasked fields are the customer's: show `customer` too"
            )
        )
    return clean(request.reason, REASON)
