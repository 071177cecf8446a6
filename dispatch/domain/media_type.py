"""What a photo or a scan is, by what it holds and not by what it is called. Pure."""

from __future__ import annotations

MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp", "application/pdf")
"""What is kept of a case or with an operation."""

LONGEST_MAGIC = 12
"""So many bytes of a file are enough to tell."""

_MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"%PDF-": "application/pdf"}


def media_type(content: bytes) -> str | None:
    """One of `MEDIA_TYPES`, or None for whatever else it is; the file's first bytes are enough.

    Sources: ISO 10918-1 (JPEG), W3C PNG 5.2, RFC 9649 section 2.4 (WebP), ISO 32000-1 7.5.2 (PDF).
    """
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), None)
