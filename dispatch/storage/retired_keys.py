"""Retired keys 停用的密钥: put aside into `retired.keys` beside the key file, brought back when they are needed again.

Backups from before a rotation need them. The file has one line, `id:key`, for each key of either purpose. A key that
came back stays in it too: a crash in between loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dispatch.domain.key_state import KeyPurpose
from dispatch.domain.title import same
from dispatch.errors import KeysMissing
from dispatch.settings import Settings
from dispatch.storage import key_source
from dispatch.storage.field_cipher import FieldCipher, read_keys

FILE = "retired.keys"


@dataclass(frozen=True)
class RetiredKey:
    """A key that was put aside; `written` is how it stands in its line of the key file."""

    id: str
    purpose: KeyPurpose
    written: str


def file(settings: Settings) -> Path:
    return settings.root / FILE


def put_aside(settings: Settings, name: str, key: str) -> None:
    """Add a key to the file, once."""
    aside, line = file(settings), f"{name}:{key}"
    old = aside.read_text().splitlines() if aside.exists() else []
    if line not in old:
        key_source.written(aside, [*old, line]).rename(aside)
        key_source.sync(aside.parent)


def bring_back(settings: Settings, require: Callable[[FieldCipher | None], object]) -> list[str]:
    """Put the retired keys that `require` misses back into the key file, after its own; return their ids.

    Raises what `require` raises of the keys of both files, and then changes nothing; BadSettings for a faulty file.
    """
    cipher = key_source.find(settings)
    try:
        require(cipher)
    except KeysMissing as missing:
        if not key_source.uses_file(settings):
            raise
        aside = read(settings)
        back = [key for key in aside if key.id in missing.keys]
        if cipher is None and not any(key.purpose is KeyPurpose.INDEX for key in back):
            back += [key for key in aside if key.purpose is KeyPurpose.INDEX]  # an old backup names no index key
        fields, index = key_source.lines(settings) if cipher else ("", "")
        fields, index = _with(fields, back, KeyPurpose.ENCRYPTION), _with(index, back, KeyPurpose.INDEX)
        if not back or not fields or not index:
            raise
        require(read_keys(fields, index, key_source.where(settings)))
        key_source.change(settings, fields, index)
        return [key.id for key in back]
    return []


def read(settings: Settings) -> list[RetiredKey]:
    """The keys that were put aside. Raises BadSettings, which names the line."""
    aside = file(settings)
    if not aside.exists():
        return []
    lines = enumerate(aside.read_text().splitlines(), 1)
    return [_read(line.strip(), f"{aside}:{number}") for number, line in lines if line.strip()]


def _read(line: str, place: str) -> RetiredKey:
    name, _, key = line.partition(":")
    cipher = read_keys(line, key, same(place))
    if name in cipher.index_keys:  # an index key's id comes from the key
        return RetiredKey(name, KeyPurpose.INDEX, key)
    return RetiredKey(name, KeyPurpose.ENCRYPTION, line)


def _with(line: str, back: list[RetiredKey], purpose: KeyPurpose) -> str:
    return ",".join(filter(None, [line, *(key.written for key in back if key.purpose is purpose)]))
