"""Signatures on slips. The picture is stored encrypted, as kept documents are."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.storage import key_ring
from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.rows import shaped
from dispatch.storage.tables.signatures import signature


class SignatureRow(Protocol):
    """Who signed a slip, and when."""

    operation_id: int
    who: str  # a word of `domain.agency.CheckedPerson`
    png: bytes | None  # encrypted; None: signed on paper
    sha256: str | None  # of the picture in clear
    slip_sha256: str  # of the slip's content that was signed
    at: datetime
    taken_by: str


def add(
    tx: Tx,
    cipher: FieldCipher,
    operation_id: int,
    who: str,
    png: bytes | None,
    sha256: str | None,
    slip_sha256: str,
    by: str,
    now: datetime,
) -> bool:
    """Insert the signature; return False when the slip is signed already.

    Of two at the same time, the second waits here until the first ends.
    """
    sealed = None
    if png is not None:
        sealed = key_ring.for_writing(tx, cipher).encrypt(png, "signature", "png", operation_id)
    row = {"operation_id": operation_id, "who": who, "png": sealed, "sha256": sha256, "slip_sha256": slip_sha256}
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    made = dialect.insert(signature).values(**row, at=now, taken_by=by)
    added = made.on_conflict_do_nothing().returning(signature.c.operation_id)
    return tx.execute(added).scalar_one_or_none() is not None


def of_slip(tx: Tx, operation_id: int) -> SignatureRow | None:
    query = select(signature).where(signature.c.operation_id == operation_id)
    return shaped(SignatureRow, tx.execute(query)).one_or_none()


def picture(cipher: FieldCipher, row: SignatureRow) -> bytes | None:
    """The picture in clear; None: signed on paper."""
    if row.png is None:
        return None
    return cipher.decrypt(row.png, "signature", "png", row.operation_id)
