"""The name under which a browser shows or saves a file (RFC 6266)."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import quote

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def content_disposition(shown: Literal["inline", "attachment"], name: str) -> str:
    """The header's value for a name with a suffix. Programs that read no `filename*` see `filename`: the name's plain
    part, with `_` for what else is in it."""
    stem, _, suffix = name.rpartition(".")
    plain = f"{_UNSAFE.sub('_', stem).strip('_.-') or 'file'}.{_UNSAFE.sub('_', suffix)}"
    header = f'{shown}; filename="{plain}"'
    return header if plain == name else f"{header}; filename*=UTF-8''{quote(name, safe='')}"
