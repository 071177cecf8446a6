"""A photo's or scan's type, read from its first bytes and not from its name. Pure."""

from __future__ import annotations

MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp", "application/pdf")
"""The types that are kept with a case or an operation."""

SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf"}
"""How the names of their files end."""

LONGEST_MAGIC = 12
"""Bytes at a file's head that suffice."""

_MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"%PDF-": "application/pdf"}


def media_type(content: bytes) -> str | None:
    """One of `MEDIA_TYPES`, or None for any other type; the file's first bytes suffice.

    Sources: ISO 10918-1 (JPEG), W3C PNG 5.2, RFC 9649 section 2.4 (WebP), ISO 32000-1 7.5.2 (PDF).
    """
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), None)
