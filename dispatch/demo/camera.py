"""Made-up photos of made-up people: a small picture of one colour, which differs from photo to photo."""

from __future__ import annotations

import hashlib
import struct
import zlib
from datetime import datetime

from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher
from dispatch.tickets import photos

WIDTH, HEIGHT = 64, 48


class Camera:
    """Takes a photo for a hop's evidence."""

    def __init__(self, cipher: FieldCipher) -> None:
        self.cipher = cipher

    def take(self, tx: Tx, hop_id: int, by: str, now: datetime) -> None:
        """Raises PhotosEnough."""
        picture = _png(hashlib.blake2b(str(hop_id).encode(), digest_size=3).digest())
        photos.add(tx, self.cipher, hop_id, "image/png", hashlib.sha256(picture).hexdigest(), picture, by, now)


def _png(colour: bytes) -> bytes:
    """A PNG of one colour, given as RGB. Source: W3C PNG, sections 5 and 11."""
    rows = (b"\0" + colour * WIDTH) * HEIGHT
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
