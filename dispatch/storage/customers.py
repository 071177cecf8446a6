"""Customers, their kept documents, and failed authentications.

Identity numbers are stored as ciphertext, with a blind index to look them up by.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import func, insert, or_, select, update

from dispatch.domain.country import COUNTRIES
from dispatch.domain.identity import OF_ANY_COUNTRY, Document, birth_in
from dispatch.domain.roles import Actor
from dispatch.storage import key_ring, search_index
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.customer_rows import CustomerRow, ScanRow
from dispatch.storage.database import Tx
from dispatch.storage.encrypted import document_parts
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import authentication_failure, customer, kept_document


def get(tx: Tx, customer_id: int, *, lock: bool = False) -> CustomerRow:
    query = select(customer).where(customer.c.id == customer_id)
    return shaped(CustomerRow, tx.execute(query.with_for_update() if lock else query)).one()


def holder(tx: Tx, account: AccountRow) -> CustomerRow:
    """The customer of an account that has one: any but an account that was taken over from elsewhere."""
    assert account.customer_id is not None, f"account {account.id} has no customer"
    return get(tx, account.customer_id)


def find(tx: Tx, cipher: FieldCipher, kind: str, number: str, country: str | None = None) -> CustomerRow | None:
    """The customer with this document; of a passport whose country was never asked, whoever has its number.

    During a rotation of keys their index may still be one of an older key.
    """
    indexes = document_indexes(cipher, kind, number, country)
    query = select(customer).where(customer.c.document_index.in_(indexes))
    query = query.where(or_(customer.c.issuing_country.is_(None), customer.c.issuing_country == country))
    found = shaped(CustomerRow, tx.execute(query.order_by(customer.c.issuing_country.is_(None)))).all()
    return next(iter(found), None)


def find_by_number(tx: Tx, cipher: FieldCipher, kinds: Collection[str], number: str) -> Sequence[CustomerRow]:
    """The customers who have a document of one of these kinds with this number, of whichever country, by their ids."""
    indexes = {
        index
        for kind in kinds
        for country in (COUNTRIES if kind in OF_ANY_COUNTRY else (None,))
        for index in document_indexes(cipher, kind, number, country)
    }
    query = select(customer).where(customer.c.document_index.in_(indexes)).order_by(customer.c.id)
    return shaped(CustomerRow, tx.execute(query)).all()


def insert_customer(
    tx: Tx,
    cipher: FieldCipher,
    name: str,
    document_kind: str,
    document_number: str,
    document_expires: date | None,
    mobile: str,
    now: datetime,
    *,
    country: str | None = None,
    birth: date | None = None,
) -> int:
    """Insert the customer and return its id. The row comes first, for the ciphertext is bound to the row's id."""
    cipher = key_ring.for_writing(tx, cipher)
    made = (
        insert(customer)
        .values(
            name=name,
            document_kind=document_kind,
            document_number="",
            document_index=document_index(cipher, document_kind, document_number, country),
            document_expires=document_expires,
            mobile=mobile,
            made_at=now,
        )
        .returning(customer.c.id)
    )
    customer_id = int(tx.execute(made).scalar_one())
    document = Document(document_kind, document_number, document_expires, birth, country)
    change_document(tx, cipher, customer_id, document)
    return customer_id


def change_document(tx: Tx, cipher: FieldCipher, customer_id: int, document: Document) -> None:
    """Give the customer this document. The date of birth is only kept where the number doesn't tell it."""
    cipher = key_ring.for_writing(tx, cipher)
    kind, number = document.kind, document.number
    birth = None if birth_in(kind, number) is not None else document.birth
    change(
        tx,
        customer_id,
        document_kind=kind,
        document_number=cipher.encrypt_text(number, "customer", "document_number", customer_id),
        document_index=document_index(cipher, kind, number, document.country),
        document_expires=document.expires,
        issuing_country=document.country,
        birth=None if birth is None else cipher.encrypt_text(str(birth), "customer", "birth", customer_id),
    )


def document_number(cipher: FieldCipher, row: CustomerRow) -> str:
    """The document's number in clear: to compare, to mask, or to show when the reason is in the audit trail."""
    return cipher.decrypt_text(row.document_number, "customer", "document_number", row.id)


def birth(cipher: FieldCipher, row: CustomerRow) -> date | None:
    """The date of birth; None of a unit, and of whoever was never asked."""
    if row.birth is not None:
        return date.fromisoformat(cipher.decrypt_text(row.birth, "customer", "birth", row.id))
    return birth_in(row.document_kind, document_number(cipher, row))


def document_index(cipher: FieldCipher, kind: str, number: str, country: str | None = None) -> str:
    """The blind index to be stored with this document."""
    return cipher.index("document", *document_parts(kind, number, country))


def document_indexes(cipher: FieldCipher, kind: str, number: str, country: str | None = None) -> list[str]:
    """Every blind index that may be stored with this document: also without its country, as releases before made it."""
    with_country = cipher.indexes("document", *document_parts(kind, number, country))
    return with_country if country is None else [*with_country, *cipher.indexes("document", kind, number)]


def change(tx: Tx, customer_id: int, **columns: object) -> None:
    tx.execute(update(customer).where(customer.c.id == customer_id).values(**columns))
    if columns.keys() & search_index.OF_CUSTOMERS:
        search_index.renew_customer(tx, customer_id)


def keep_scan(
    tx: Tx, cipher: FieldCipher, operation_id: int, kind: str, media_type: str, sha256: str, content: bytes
) -> None:
    cipher = key_ring.for_writing(tx, cipher)
    made = (
        insert(kept_document)
        .values(
            operation_id=operation_id, kind=kind, media_type=media_type, size=len(content), sha256=sha256, content=b""
        )
        .returning(kept_document.c.id)
    )
    row = int(tx.execute(made).scalar_one())
    sealed = cipher.encrypt(content, "kept_document", "content", row)
    tx.execute(update(kept_document).where(kept_document.c.id == row).values(content=sealed))


def scans_of(tx: Tx, operation_id: int) -> Sequence[ScanRow]:
    """The documents kept with an operation, without their contents."""
    columns = [column for column in kept_document.c if column.name != "content"]
    query = select(*columns).where(kept_document.c.operation_id == operation_id)
    return shaped(ScanRow, tx.execute(query.order_by(kept_document.c.id))).all()


def scan(tx: Tx, cipher: FieldCipher, scan_id: int) -> tuple[str, bytes] | None:
    """The document's (media type, content in clear); None when there is none with this id."""
    row = tx.execute(select(kept_document).where(kept_document.c.id == scan_id)).one_or_none()
    if row is None:
        return None
    return row.media_type, cipher.decrypt(row.content, "kept_document", "content", row.id)


def note_failure(tx: Tx, account_id: int | None, actor: Actor, now: datetime) -> None:
    tx.execute(insert(authentication_failure).values(account_id=account_id, actor=actor.name, at=now))


def failures_on(tx: Tx, account_id: int, since: datetime) -> int:
    failed = authentication_failure.c
    query = select(func.count()).where(failed.account_id == account_id, failed.at > since)
    return tx.execute(query).scalar_one()


def failures_by(tx: Tx, actor: Actor, since: datetime) -> int:
    failed = authentication_failure.c
    return tx.execute(select(func.count()).where(failed.actor == actor.name, failed.at > since)).scalar_one()
