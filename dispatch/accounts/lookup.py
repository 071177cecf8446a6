"""查找客户: the accounts of a customer who gives his account, his mobile number or his document; all masked.

It only finds them: what is known of one is shown by the unified view, which is on record.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dispatch.accounts.schemas import AccountFound
from dispatch.domain.account import AccountState
from dispatch.domain.identity import normalised
from dispatch.domain.naming import masked_mobile, masked_name, read_account_number, read_mobile
from dispatch.storage import customers, unified_view
from dispatch.storage.account_rows import AccountMatch
from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher

MOST = 50
Areas = Collection[str] | None


def by_account(tx: Tx, number: str, areas: Areas) -> list[AccountFound]:
    """The account of this name, whoever has had it: the living one first. Raises BadInput."""
    return _found(unified_view.found(tx, unified_view.called(read_account_number(number)), areas, MOST))


def by_mobile(tx: Tx, mobile: str, areas: Areas) -> list[AccountFound]:
    """Accounts called so, those to which the number is bound, and those whose customer or contact has it.

    Raises BadMobile.
    """
    return _found(unified_view.found(tx, unified_view.reached_by(read_mobile(mobile)), areas, MOST))


def by_document(tx: Tx, cipher: FieldCipher, kind: str, number: str, areas: Areas) -> list[AccountFound]:
    """The accounts of the customer who is registered by this document."""
    customer = customers.find(tx, customers.document_index(cipher, kind, normalised(number)))
    if customer is None:
        return []
    return _found(unified_view.found(tx, unified_view.held_by(customer.id), areas, MOST))


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
