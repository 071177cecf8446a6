"""照片 The photos of a hop's evidence."""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.numbers import hop_number
from dispatch.errors import PhotosEnough
from dispatch.storage import hops, uploads
from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher

MOST_PHOTOS = 12
"""Photos of one hop."""


def add(
    tx: Tx,
    cipher: FieldCipher,
    hop_id: int,
    media_type: str,
    sha256: str,
    content: bytes,
    by: str,
    now: datetime,
) -> int:
    """Keep a photo with its hop; its id. The caller has checked who may. Raises PhotosEnough."""
    if uploads.count_of_hop(tx, hop_id) >= MOST_PHOTOS:
        [row] = hops.read(tx, [hop_id])
        raise PhotosEnough(hop=hop_number(row.kind, row.ticket_id, row.seq), most=MOST_PHOTOS)
    return uploads.add(tx, cipher, hop_id, media_type, sha256, content, by, now)
