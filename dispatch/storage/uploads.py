"""Uploads 上传件: photos of a hop's evidence, and scans that wait for their operation.

Their contents are stored encrypted, as those of kept documents are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update

from dispatch.storage import key_ring
from dispatch.storage.access_rows import PhotoRow, UploadRow
from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.rows import shaped
from dispatch.storage.tables.access import upload
from dispatch.storage.tables.tickets import hop

_TOLD = [column for column in upload.c if column.name != "content"]


def add(
    tx: Tx,
    cipher: FieldCipher,
    hop_id: int | None,
    media_type: str,
    sha256: str,
    content: bytes,
    by: str,
    now: datetime,
) -> int:
    """Insert the file and return its id. The row comes first, for the ciphertext is bound to the row's id."""
    cipher = key_ring.for_writing(tx, cipher)
    row = {"hop_id": hop_id, "media_type": media_type, "size": len(content), "sha256": sha256, "content": b""}
    made = insert(upload).values(**row, made_at=now, made_by=by).returning(upload.c.id)
    upload_id = int(tx.execute(made).scalar_one())
    sealed = cipher.encrypt(content, "upload", "content", upload_id)
    tx.execute(update(upload).where(upload.c.id == upload_id).values(content=sealed))
    return upload_id


def count_of_hop(tx: Tx, hop_id: int) -> int:
    return tx.execute(select(func.count()).where(upload.c.hop_id == hop_id)).scalar_one()


def counts_of_hops(tx: Tx, hop_ids: Sequence[int]) -> dict[int, int]:
    """The number of photos of each of these hops, by hop id; hops without any are left out."""
    query = select(upload.c.hop_id, func.count()).where(upload.c.hop_id.in_(hop_ids)).group_by(upload.c.hop_id)
    return {row.hop_id: int(row[1]) for row in tx.execute(query)}


def of_ticket(tx: Tx, ticket_id: int) -> Sequence[PhotoRow]:
    """The photos of the ticket's hops, without their contents, the oldest first."""
    query: Select[Any] = select(*_TOLD, hop.c.seq).join(hop, hop.c.id == upload.c.hop_id)
    return shaped(PhotoRow, tx.execute(query.where(hop.c.ticket_id == ticket_id).order_by(upload.c.id))).all()


def ids_of_user(tx: Tx, ids: Sequence[int], by: str, since: datetime) -> set[int]:
    """Return the ids that belong to scans which this user uploaded after `since`."""
    mine = (upload.c.made_by == by) & upload.c.hop_id.is_(None) & (upload.c.made_at > since)
    return set(tx.execute(select(upload.c.id).where(upload.c.id.in_(ids), mine)).scalars())


def get(tx: Tx, upload_id: int) -> UploadRow:
    """The upload with its encrypted content."""
    return shaped(UploadRow, tx.execute(select(upload).where(upload.c.id == upload_id))).one()


def content(cipher: FieldCipher, row: UploadRow) -> bytes:
    """The upload's content in clear."""
    return cipher.decrypt(row.content, "upload", "content", row.id)


def sweep(tx: Tx, before: datetime) -> None:
    """Delete old scans: an operation that used one has its own copy."""
    tx.execute(delete(upload).where(upload.c.hop_id.is_(None), upload.c.made_at <= before))
