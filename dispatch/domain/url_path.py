"""Names as parts of an address. Pure."""

from __future__ import annotations

from urllib.parse import quote


def segment(name: object) -> str:
    """A name as one segment of a path, percent-encoded: `/`, `?`, `#` and `%` in it separate nothing, and Chinese is
    UTF-8 (RFC 3986)."""
    return quote(str(name), safe="")
