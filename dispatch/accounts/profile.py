"""8 资料修改: correct a customer's data. A change that makes it another holder's is a transfer, and is refused here.

Source: 家庭宽带业务流程 V1.0, section 8, steps 1 to 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from dispatch import effects
from dispatch.accounts import authentication
from dispatch.accounts.identity_check import check, of_document
from dispatch.accounts.operation import (
    AccountNumber,
    Act,
    Counter,
    OperationOutcome,
    OperationRequest,
    OperationResult,
    carry_out,
)
from dispatch.accounts.proof import Code, require_code
from dispatch.accounts.registration import IssuingCountry, Scans
from dispatch.accounts.representation import AgentIfAny, attended
from dispatch.accounts.secret import DocumentNumber
from dispatch.accounts.typed_dates import BirthDay, LastDay
from dispatch.domain.account import LIVING
from dispatch.domain.agency import CheckedPerson
from dispatch.domain.identity import DOCUMENT_KINDS, Document, completed, read_document
from dispatch.domain.naming import masked_mobile, read_account_number, read_mobile, read_name
from dispatch.domain.roles import Actor
from dispatch.domain.title import Title, Wording
from dispatch.errors import AnotherHolder, DocumentTaken, NothingChanged
from dispatch.ports.identity_check import CheckPurpose
from dispatch.slips.forms import Change
from dispatch.storage import accounts, aliases, customers
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.customer_rows import CustomerRow
from dispatch.storage.database import Tx

TITLES = {
    "name": Title("姓名", "Name"),
    "document": Title("证件", "Document"),
    "mobile": Title("联系手机", "Mobile number"),
    "contact": Title("装机联系电话", "The line's contact"),
}
"""Data that may be changed, in a slip's order. `contact` belongs to the line, the rest to the customer."""


class NewDocument(BaseModel):
    """The document that replaces the old one; `expires` is left out for a permanent document 长期."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Annotated[str, Field(description="新证件类型 · kind of the new document")]
    number: DocumentNumber
    expires: Annotated[
        LastDay, Field(description="有效期至，长期不填 · its last day; leave out if it never expires")
    ] = None
    issuing_country: IssuingCountry = None
    birth: BirthDay = None


class Modification(OperationRequest):
    """Corrects a customer's data; what is left out stays. A name or document needs the scan `owner-document`, a new
    `mobile` the `code` that was sent to it."""

    account: AccountNumber
    document_number: DocumentNumber
    name: Annotated[str | None, Field(description="更正后的姓名 · corrected name")] = None
    new_document: Annotated[NewDocument | None, Field(description="新证件 · the new document")] = None
    mobile: Annotated[str | None, Field(description="新联系手机 · new mobile number of the customer")] = None
    code: Code = None
    contact: Annotated[str | None, Field(description="新装机联系电话 · new contact of this line alone")] = None
    scans: Scans = ()
    agent: AgentIfAny = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer's data and the contact of one of their lines, before or after the change."""

    name: str
    document: Document
    mobile: str
    contact: str

    def shown(self) -> dict[str, str]:
        """The values as a slip shows them, by the names in `TITLES`; masked except the name."""
        kind, until = DOCUMENT_KINDS[self.document.kind].title.zh, self.document.expires
        country = f"{self.document.country} " if self.document.country else ""
        return {
            "name": self.name,
            "document": f"{kind} {country}{self.document.masked} {f'有效期至{until}' if until else '长期'}",
            "mobile": masked_mobile(self.mobile),
            "contact": masked_mobile(self.contact),
        }


def modify(tx: Tx, counter: Counter, request: Modification, actor: Actor, now: datetime) -> OperationOutcome:
    """Correct a customer's data. `result`: account, and `changed`, the names of the data that changed.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "modify", request, actor, now, lambda act: _modify(act, request))


def _modify(act: Act, request: Modification) -> OperationResult:
    number = read_account_number(request.account)
    called = aliases.called(act.tx, [number], act.now).get(number)
    if called is not None:  # the holder's other lines change with this one
        accounts.lock_accounts_of_holder(act.tx, called.number)
    account, customer = authentication.by_document(act, request.account, request.document_number)
    customer = customers.get(act.tx, customer.id, lock=True)
    before = _on_file(act, account, customer)
    after = _read(act, request, before)
    changed = [name for name in TITLES if getattr(after, name) != getattr(before, name)]
    if not changed:
        raise NothingChanged()
    _require_same_holder(act, customer, before, after)
    proved = [name for name in ("name", "document") if name in changed]
    checked_for = (CheckPurpose.MODIFY, account.area) if proved else None
    required = ("owner-document",) if proved else ()
    standing = attended(act, customer, request.agent, request.scans, required, checked_for=checked_for)
    unsent = require_code(act, after.mobile, request.code, account) if "mobile" in changed else None
    if proved and not act.trial:
        bearing = of_document(after.name, after.document)
        check(act, CheckedPerson.HOLDER, bearing, CheckPurpose.MODIFY, account.area)
    _write(act, account, customer, before, after)
    titles = "、".join(TITLES[name].zh for name in changed)
    text = f"您的宽带账号{account.number}的客户资料（{titles}）已修改。如非本人办理，请到营业厅或拨打10086。"
    effects.tell(act.tx, act.key, before.mobile, text, act.now)
    was, now_is = before.shown(), after.shown()
    changes = [Change(TITLES[name], was[name], now_is[name]) for name in changed]
    notes = [*_also_of(act, account, customer, changed), *filter(None, [unsent])]
    slip = act.slip(
        account.number, customers.get(act.tx, customer.id), changes=changes, sections=standing.sections(), notes=notes
    )
    return OperationResult(accounts.get(act.tx, account.id), slip, {"account": account.number, "changed": changed})


def _on_file(act: Act, account: AccountRow, customer: CustomerRow) -> Profile:
    number = customers.document_number(act.counter.cipher, customer)
    birth = None if DOCUMENT_KINDS[customer.document_kind].unit else customers.birth(act.counter.cipher, customer)
    document = Document(customer.document_kind, number, customer.document_expires, birth, customer.issuing_country)
    return Profile(customer.name, document, customer.mobile, account.mobile)


def _read(act: Act, request: Modification, before: Profile) -> Profile:
    """The data after the change. A contact that is the customer's own number changes with it.

    Raises UnknownDocumentKind, BadDocument, ExpiryMissing, DocumentExpired, DocumentForMinors, IssuingCountryMissing,
    BadIssuingCountry, BirthMissing, BadBirth, BadName, BadMobile.
    """
    document = before.document
    if request.new_document is not None:
        new, today = request.new_document, act.today
        read = read_document(new.kind, new.number.get_secret_value(), new.expires, today)
        document = completed(read, new.issuing_country, new.birth or _known_birth(read, document), today)
    mobile = before.mobile if request.mobile is None else read_mobile(request.mobile)
    contact = mobile if before.contact == before.mobile else before.contact
    return Profile(
        name=before.name if request.name is None else read_name(request.name),
        document=document,
        mobile=mobile,
        contact=contact if request.contact is None else read_mobile(request.contact),
    )


def _known_birth(new: Document, before: Document) -> date | None:
    """The holder's date of birth, where a new document's number doesn't tell it."""
    return None if new.of_unit or new.birth is not None else before.birth


def _require_same_holder(act: Act, customer: CustomerRow, before: Profile, after: Profile) -> None:
    """Raises AnotherHolder, DocumentTaken."""
    if before.document.of_unit != after.document.of_unit:
        raise AnotherHolder(
            what=Wording("个人证件与单位证件互换", "To put a unit's document for a person's, or the reverse,")
        )
    old, new = ((each.kind, each.number, each.country) for each in (before.document, after.document))
    if old == new:
        return
    if before.name != after.name:
        raise AnotherHolder(what=Wording("同时更换姓名和证件", "To change name and document at once"))
    known = customers.find(act.tx, act.counter.cipher, *new)
    if known is not None and known.id != customer.id:
        raise DocumentTaken()


def _write(act: Act, account: AccountRow, customer: CustomerRow, before: Profile, after: Profile) -> None:
    customers.change(act.tx, customer.id, name=after.name, mobile=after.mobile)
    if after.document != before.document:
        customers.change_document(act.tx, act.counter.cipher, customer.id, after.document)
    accounts.change_contact_of_holder(act.tx, customer.id, before.mobile, after.mobile)
    accounts.change(act.tx, account.id, mobile=after.contact)


def _also_of(act: Act, account: AccountRow, customer: CustomerRow, changed: list[str]) -> list[str]:
    """The slip's note that the change applies to the customer's other living accounts too, if there are any."""
    others = sum(row.state in LIVING and row.id != account.id for row in accounts.of_customer(act.tx, customer.id))
    if not others or changed == ["contact"]:
        return []
    zh = f"客户资料的变更同时适用于名下另{others}个宽带账号。"
    return [f"{zh}The change applies to the customer's other accounts ({others}) too."]
