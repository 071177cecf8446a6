"""The encrypted columns, and what is under which key. Every ciphertext begins with the id of its key."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, func, inspect, null, select

from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher, key_of
from dispatch.storage.tables.access import upload
from dispatch.storage.tables.accounts import customer, kept_document, operation
from dispatch.storage.tables.identity import operation_agent
from dispatch.storage.tables.signatures import signature

HEAD = 56
"""The first bytes of a ciphertext, or characters of its base 64: the longest id of a key and its point are in them."""
AT_ONCE = 5_000
"""Rows looked at in one statement: PostgreSQL ends a statement that runs for ten seconds."""


@dataclass(frozen=True)
class EncryptedColumn:
    """A column of ciphertexts; `text`: as base 64. `indexed`: of document numbers, of which the row has a blind
    index."""

    table: Table
    column: Column[object]
    text: bool
    indexed: bool = False

    @property
    def identity(self) -> Column[int]:
        """The column by which its rows are known: the ciphertexts are bound to it."""
        (only,) = self.table.primary_key.columns
        return only

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
    EncryptedColumn(customer, customer.c.document_number, text=True, indexed=True),
    EncryptedColumn(kept_document, kept_document.c.content, text=False),
    EncryptedColumn(upload, upload.c.content, text=False),
    EncryptedColumn(customer, customer.c.birth, text=True),
    EncryptedColumn(operation_agent, operation_agent.c.document_number, text=True, indexed=True),
    EncryptedColumn(signature, signature.c.png, text=False),
)
"""All of them."""


def document_parts(kind: str, number: str, country: str | None) -> tuple[str, ...]:
    """What the blind index of a document is made of."""
    return (kind, number) if country is None else (kind, number, country)


@dataclass(frozen=True)
class BlindIndex:
    """The blind index that a row has of its document, with what it is made of beside the number."""

    kind: str
    country: str | None
    stored: str

    def made(self, cipher: FieldCipher, number: str) -> list[str]:
        """The indexes that the cipher's keys make, the one for writing first."""
        return cipher.indexes("document", *document_parts(self.kind, number, self.country))

    def fits(self, cipher: FieldCipher, number: str) -> bool:
        return self.stored in self.made(cipher, number)


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
    held = [select(each.identity).limit(1) for each in COLUMNS]
    held.append(select(operation.c.id).where(operation.c.request_key.is_not(None)).limit(1))
    return any(tx.execute(query).first() is not None for query in held)


def look(tx: Tx) -> Found:
    """Look at the head of every ciphertext. Reads each row once."""
    found = Found(Counter(), {})
    for column in _present(tx):
        seen = set()
        for row, key in _heads(tx, column):
            found.rows[key] += 1
            if key not in seen:
                seen.add(key)
                found.samples.setdefault(key, []).append(Sample(column, row))
    return found


def decrypts(tx: Tx, cipher: FieldCipher, sample: Sample) -> bool:
    """Return whether the cipher reads this row and, of a document, has the key of its blind index."""
    table, column = sample.column.table, sample.column
    more: tuple[ColumnElement[Any], ...] = ()
    if column.indexed:
        has_country = any(each["name"] == "issuing_country" for each in inspect(tx).get_columns(table.name))
        country = table.c.issuing_country if has_country else null()  # a backup may be of an earlier release
        more = (table.c.document_kind, country, table.c.document_index)
    stored, *parts = tx.execute(select(column.column, *more).where(column.identity == sample.row)).one()
    return reads(cipher, column, stored, sample.row, BlindIndex(*parts) if parts else None)


def reads(
    cipher: FieldCipher, column: EncryptedColumn, stored: str | bytes, row: int, index: BlindIndex | None = None
) -> bool:
    """Return whether the cipher reads what is stored and, of a document, makes this blind index of it."""
    try:
        plain = column.decrypt(cipher, stored, row)
    except Exception:  # what isn't a ciphertext may raise anything
        return False
    return index is None or index.fits(cipher, plain.decode())


def _present(tx: Tx) -> list[EncryptedColumn]:
    """The columns that this database has: a backup may be of an earlier release."""
    schema = inspect(tx)
    tables = {each.table.name for each in COLUMNS if schema.has_table(each.table.name)}
    there = {name: {each["name"] for each in schema.get_columns(name)} for name in tables}
    return [each for each in COLUMNS if each.column.name in there.get(each.table.name, ())]


def _heads(tx: Tx, column: EncryptedColumn) -> Iterator[tuple[int, str]]:
    """Each row's id and the id of its key, by row."""
    identity, last = column.identity, 0
    query = select(identity, func.substr(column.column, 1, HEAD)).where(column.column.is_not(None))
    query = query.order_by(identity).limit(AT_ONCE)
    while rows := tx.execute(query.where(identity > last)).all():
        for row, stored in rows:
            yield row, _key_in(column, stored)
        last = rows[-1][0]


def _key_in(column: EncryptedColumn, head: str | bytes) -> str:
    try:
        return key_of(column.sealed(head))
    except ValueError:
        return "?"
