"""The encrypted columns, and what is under which key. Every ciphertext begins with the id of its key."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Column, Table, func, select

from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher, key_of
from dispatch.storage.tables.access import upload
from dispatch.storage.tables.accounts import customer, kept_document, operation

HEAD = 56
"""The first bytes of a ciphertext, or characters of its base 64: the longest id of a key and its point are in them."""
AT_ONCE = 5_000
"""Rows looked at in one statement: PostgreSQL ends a statement that runs for ten seconds."""


@dataclass(frozen=True)
class EncryptedColumn:
    """A column of ciphertexts; `text`: as base 64."""

    table: Table
    column: Column[object]
    text: bool

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column.name}"

    def sealed(self, stored: str | bytes) -> bytes:
        """The ciphertext, or its beginning, from what is stored."""
        if isinstance(stored, bytes):
            return stored
        return base64.urlsafe_b64decode(stored[: len(stored) // 4 * 4])

    def decrypt(self, cipher: FieldCipher, stored: str | bytes, row: int) -> bytes:
        """The plain value. Raises MissingPart."""
        return cipher.decrypt(self.sealed(stored), self.table.name, self.column.name, row)

    def encrypt(self, cipher: FieldCipher, plain: bytes, row: int) -> str | bytes:
        """The ciphertext as it is stored."""
        if self.text:
            return cipher.encrypt_text(plain.decode(), self.table.name, self.column.name, row)
        return cipher.encrypt(plain, self.table.name, self.column.name, row)


COLUMNS = (
    EncryptedColumn(customer, customer.c.document_number, text=True),
    EncryptedColumn(kept_document, kept_document.c.content, text=False),
    EncryptedColumn(upload, upload.c.content, text=False),
)
"""All of them."""


@dataclass(frozen=True)
class Sample:
    """One row under a key."""

    column: EncryptedColumn
    row: int


@dataclass(frozen=True)
class Found:
    """How many rows are under each key, and one row of each column under each key."""

    rows: Counter[str]
    samples: dict[str, list[Sample]]


def needs_keys(tx: Tx) -> bool:
    """Return whether the database holds anything that new keys could not read or recognise again."""
    held = [select(each.table.c.id).limit(1) for each in COLUMNS]
    held.append(select(operation.c.id).where(operation.c.request_key.is_not(None)).limit(1))
    return any(tx.execute(query).first() is not None for query in held)


def look(tx: Tx) -> Found:
    """Look at the head of every ciphertext. Reads each row once."""
    found = Found(Counter(), {})
    for column in COLUMNS:
        seen = set()
        for row, key in _heads(tx, column):
            found.rows[key] += 1
            if key not in seen:
                seen.add(key)
                found.samples.setdefault(key, []).append(Sample(column, row))
    return found


def decrypts(tx: Tx, cipher: FieldCipher, sample: Sample) -> bool:
    """Return whether the cipher reads this row and, of a customer, has the key of its blind index."""
    table, column = sample.column.table, sample.column
    more = (customer.c.document_kind, customer.c.document_index) if table is customer else ()
    stored, *of_customer = tx.execute(select(column.column, *more).where(table.c.id == sample.row)).one()
    return reads(cipher, column, stored, sample.row, *of_customer)


def reads(
    cipher: FieldCipher,
    column: EncryptedColumn,
    stored: str | bytes,
    row: int,
    kind: str | None = None,
    index: str | None = None,
) -> bool:
    """Return whether the cipher reads what is stored and, of a customer, makes this blind index of their document."""
    try:
        plain = column.decrypt(cipher, stored, row)
    except Exception:  # what isn't a ciphertext may raise anything
        return False
    return kind is None or index in cipher.indexes("document", kind, plain.decode())


def _heads(tx: Tx, column: EncryptedColumn) -> Iterator[tuple[int, str]]:
    """Each row's id and the id of its key, by row."""
    identity, last = column.table.c.id, 0
    query = select(identity, func.substr(column.column, 1, HEAD)).order_by(identity).limit(AT_ONCE)
    while rows := tx.execute(query.where(identity > last)).all():
        for row, stored in rows:
            yield row, _key_in(column, stored)
        last = rows[-1][0]


def _key_in(column: EncryptedColumn, head: str | bytes) -> str:
    try:
        return key_of(column.sealed(head))
    except ValueError:
        return "?"
