"""Photos that come with a report at the terminal: files of this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from dispatch.domain.media_type import media_type
from dispatch.domain.system_faults import system_fault
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, WrongFileType
from dispatch.settings import Settings
from dispatch.storage.database import Database, Tx
from dispatch.tickets import photos

Attach = Callable[[Tx, int, str, datetime], None]
"""Keeps the photos with the hop of this id, for the actor of this name: a refused report keeps none."""


def read_photos(settings: Settings, database: Database, files: Sequence[Path]) -> Attach:
    """The files, read before the report's transaction. `Attach` raises PhotosEnough.

    Raises BadInput, WrongFileType, and what is wrong with keys.
    """
    contents = [_read(file, settings.largest_upload) for file in files]
    kinds = [media_type(content) for content in contents]
    if not files:
        return lambda *_: None
    from dispatch.storage.open_keys import open_cipher  # of all commands only a few need the keys

    cipher = open_cipher(settings, database)

    def attach(tx: Tx, hop_id: int, by: str, now: datetime) -> None:
        for kind, content in zip(kinds, contents, strict=True):
            if kind is None:
                raise WrongFileType()
            photos.add(tx, cipher, hop_id, kind, hashlib.sha256(content).hexdigest(), content, by, now)

    return attach


def _read(file: Path, largest: int) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(largest + 1)
    except OSError as wrong:
        why = system_fault(wrong)
        raise BadInput(
            what=Wording(f"无法读取照片 {file}：{why.zh}", f"photo {file} can't be read: {why.en}")
        ) from None
    if len(content) > largest:
        raise BadInput(what=Wording(f"照片 {file} 超过 {largest} 字节", f"photo {file} is larger than {largest} bytes"))
    return content
