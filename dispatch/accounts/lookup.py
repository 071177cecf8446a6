"""查找客户: find a customer's accounts by account, mobile number or document. Personal data comes masked.

More about an account is shown by the unified view (`accounts.query`), which is recorded as an operation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, tzinfo

from dispatch.accounts.schemas import AccountFound
from dispatch.domain.account import AccountState
from dispatch.domain.identity import DOCUMENT_KINDS, fitting_kinds, normalised
from dispatch.domain.language import LANGUAGES
from dispatch.domain.naming import masked_mobile, masked_name, read_account_number, read_mobile
from dispatch.errors import DocumentKindNeeded, UnknownDocumentKind
from dispatch.storage import accounts, aliases, customers, unified_view
from dispatch.storage.account_rows import AccountMatch
from dispatch.storage.customer_rows import CustomerRow
from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher

MOST = 50
Areas = Collection[str] | None


def by_account(tx: Tx, typed: str, areas: Areas, now: datetime, zone: tzinfo) -> list[AccountFound]:
    """Accounts that have or had this number, the living one first; also the one whose former name it is.

    Raises BadInput.
    """
    number = read_account_number(typed)
    former = aliases.find(tx, [number], now).get(number)
    found = _found(unified_view.find_accounts(tx, accounts.has_name(number), areas, MOST))
    if former is None:
        return found
    (renamed,) = _found(unified_view.find_accounts(tx, unified_view.is_account(former.account_id), areas, 1)) or (None,)
    if renamed is None:
        return found
    said = aliases.FormerName(former.made_at, renamed.account).said(zone)
    told = {language: said.sentence(language) for language in LANGUAGES}
    return [renamed.model_copy(update={"renamed": told}), *found]


def by_mobile(tx: Tx, mobile: str, areas: Areas) -> list[AccountFound]:
    """Accounts whose name, bound number, contact or customer's number this is. Raises BadMobile."""
    return _found(unified_view.find_accounts(tx, unified_view.reached_by_mobile(read_mobile(mobile)), areas, MOST))


def by_document(tx: Tx, cipher: FieldCipher, kind: str | None, number: str, areas: Areas) -> list[AccountFound]:
    """Accounts of the customer who is registered with this document. Raises UnknownDocumentKind, DocumentKindNeeded."""
    found: dict[str, list[AccountFound]] = {}
    for each in registered(tx, cipher, kind, number):  # several: passports of several countries with one number
        held = _found(unified_view.find_accounts(tx, unified_view.of_customer(each.id), areas, MOST))
        if held:
            found.setdefault(each.document_kind, []).extend(held)
    require_one_kind(list(found))
    return next(iter(found.values()), [])


def registered(tx: Tx, cipher: FieldCipher, kind: str | None, typed: str) -> Sequence[CustomerRow]:
    """The customers registered with this number; where no kind is given, with a document of any kind that it fits.

    Raises UnknownDocumentKind.
    """
    if kind is not None and kind not in DOCUMENT_KINDS:
        raise UnknownDocumentKind(known=list(DOCUMENT_KINDS))
    number = normalised(typed)
    return customers.find_by_number(tx, cipher, fitting_kinds(number) if kind is None else (kind,), number)


def require_one_kind(kinds: Sequence[str]) -> None:
    """Raises DocumentKindNeeded when a number is found under several kinds: they may be several people's."""
    if len(kinds) > 1:
        raise DocumentKindNeeded(kinds=[DOCUMENT_KINDS[each].title for each in dict.fromkeys(kinds)])


def _found(rows: Sequence[AccountMatch]) -> list[AccountFound]:
    return [
        AccountFound(
            account=row.number,
            state=AccountState(row.state),
            state_title=str(AccountState(row.state).label),
            area=row.area,
            address=row.address,
            customer=None if row.name is None else masked_name(row.name),
            contact=masked_mobile(row.mobile),
        )
        for row in rows
    ]
