"""Where the keys are: in the settings, or in the embedded installation's file `field.keys`.

The file has two lines: the encryption keys as `id:key,…`, and the index keys as `key,…`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from dispatch.domain.system_faults import at_file
from dispatch.domain.title import Wording, same
from dispatch.errors import BadSettings, MissingPart
from dispatch.settings import Settings
from dispatch.storage.field_cipher import FieldCipher, new_keys, read_keys

FILE = "field.keys"


def uses_file(settings: Settings) -> bool:
    """Return whether the keys are in the home's file: with the embedded database, unless the settings hold keys."""
    return settings.embedded_database and settings.field_keys is None and settings.index_key is None


def key_file(settings: Settings) -> Path:
    return settings.root / FILE


def where(settings: Settings) -> Wording:
    """The place of the keys, for a person."""
    if uses_file(settings):
        return same(str(key_file(settings)))
    return Wording("DISPATCH_FIELD_KEYS 和 DISPATCH_INDEX_KEY", "DISPATCH_FIELD_KEYS and DISPATCH_INDEX_KEY")


def find(settings: Settings) -> FieldCipher | None:
    """The cipher with the keys that are there; None when there are none. Raises BadSettings; MissingPart for one half
    of the settings, or a file without either line."""
    if uses_file(settings):
        file = key_file(settings)
        try:
            lines = file.read_text().split()
        except FileNotFoundError:
            return None
        if len(lines) != 2:
            raise BadSettings(
                Wording(
                    f"{file}：应有两行：加密密钥和索引密钥", f"{file}: must have two lines, encryption and index keys"
                )
            )
        return read_keys(lines[0], lines[1], where(settings))
    if settings.field_keys is None and settings.index_key is None:
        return None
    if settings.field_keys is None or settings.index_key is None:
        raise missing(settings)
    return read_keys(settings.field_keys.get_secret_value(), settings.index_key.get_secret_value(), where(settings))


def missing(settings: Settings) -> MissingPart:
    """The error that the settings lack the keys of a server's database."""
    return MissingPart(
        part=where(settings),
        remedy=Wording("两个都要设置，`dispatch keys` 可生成", "set both: `dispatch keys` prints new ones"),
    )


def make(settings: Settings) -> None:
    """Make the key file. Of two processes that do so at once, the first to link it wins, and both read its keys."""
    file = key_file(settings)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    mine = written(file, new_keys())
    with contextlib.suppress(FileExistsError):
        os.link(mine, file)
    mine.unlink()
    sync(file.parent)


def lines(settings: Settings) -> tuple[str, str]:
    """The two lines of the key file."""
    fields, index = key_file(settings).read_text().split()
    return fields, index


def change(settings: Settings, *lines: str) -> None:
    """Replace the key file's lines by these two: a reader finds the old file or the new one, also after a crash."""
    file = key_file(settings)
    written(file, lines).rename(file)
    sync(file.parent)


def written(file: Path, lines: Sequence[str]) -> Path:
    """Write the lines to a temporary file beside `file`, on the disk before this returns."""
    mine = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as out:
            out.write("\n".join(lines) + "\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as wrong:
        mine.unlink(missing_ok=True)
        raise at_file(wrong, file) from None
    return mine


def sync(folder: Path) -> None:
    """Make a new name in the folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
