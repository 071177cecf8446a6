"""Encryption of identity numbers and scans at rest with AES-256-GCM, and a blind index to look a number up by.

A ciphertext names its key (`k1.…`) and is bound to its table, column and row: moved elsewhere, it can't be decrypted.
Keys come from the environment. The embedded installation makes its own on first use, in a file that only its owner can
read.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dispatch.domain.title import Wording, same
from dispatch.errors import BadSettings, MissingPart
from dispatch.settings import Settings

NONCE = 12
"""Bytes. GCM uses a nonce of this size without hashing it. Source: NIST SP 800-38D, 5.2.1.1."""


@dataclass(frozen=True)
class FieldCipher:
    """`keys` are 32 bytes each, by id; `current` names the key that encrypts. `index_key` never changes."""

    keys: Mapping[str, bytes] = field(repr=False)
    current: str
    index_key: bytes = field(repr=False)

    def encrypt(self, plain: bytes, table: str, column: str, row: int) -> bytes:
        """`<key id>.<nonce><ciphertext>` of `plain`, bound to this table, column and row."""
        nonce = os.urandom(NONCE)
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, plain, _place(table, column, row))
        return self.current.encode() + b"." + nonce + sealed

    def decrypt(self, sealed: bytes, table: str, column: str, row: int) -> bytes:
        """Raises MissingPart when the key is missing, or when the content wasn't encrypted for this place."""
        name, _, rest = sealed.partition(b".")
        key = self.keys.get(name.decode(errors="replace"))
        if key is None:
            shown = repr(name.decode(errors="replace"))
            raise MissingPart(
                part=Wording(f"字段密钥 {shown}", f"field key {shown}"),
                remedy=Wording("请把它加入 DISPATCH_FIELD_KEYS", "add it to DISPATCH_FIELD_KEYS"),
            )
        try:
            return AESGCM(key).decrypt(rest[:NONCE], rest[NONCE:], _place(table, column, row))
        except InvalidTag:
            raise MissingPart(
                part=Wording(f"{table}.{column} 第 {row} 行的内容", f"the content of {table}.{column} in row {row}"),
                remedy=Wording(
                    "内容被改动过，或由另一密钥加密：请恢复该行或该密钥",
                    "it was changed, or encrypted with another key: restore the row or the key",
                ),
            ) from None

    def encrypt_text(self, plain: str, table: str, column: str, row: int) -> str:
        """`encrypt` for a text column, in base 64."""
        return base64.urlsafe_b64encode(self.encrypt(plain.encode(), table, column, row)).decode()

    def decrypt_text(self, sealed: str, table: str, column: str, row: int) -> str:
        return self.decrypt(base64.urlsafe_b64decode(sealed), table, column, row).decode()

    def index(self, *parts: str) -> str:
        """A blind index 盲索引, 64 hex digits: equal for equal parts, and irreversible without the key."""
        return hmac.new(self.index_key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


def _place(table: str, column: str, row: int) -> bytes:
    return f"{table}/{column}/{row}".encode()


def open_cipher(settings: Settings) -> FieldCipher:
    """The cipher of this installation. Raises BadSettings; MissingPart when a server database is used without keys."""
    if settings.field_keys is not None and settings.index_key is not None:
        return _read(settings.field_keys.get_secret_value(), settings.index_key.get_secret_value())
    if settings.field_keys is not None or settings.index_key is not None or not settings.embedded_database:
        raise MissingPart(
            part=Wording("DISPATCH_FIELD_KEYS 和 DISPATCH_INDEX_KEY", "DISPATCH_FIELD_KEYS and DISPATCH_INDEX_KEY"),
            remedy=Wording("两个都要设置，`dispatch keys` 可生成", "set both: `dispatch keys` prints new ones"),
        )
    file = settings.root / "field.keys"
    if not file.exists():
        _keep(file, *new_keys())
    field_keys, index_key = file.read_text().split()
    return _read(field_keys, index_key)


def new_keys() -> tuple[str, str]:
    """Fresh values of DISPATCH_FIELD_KEYS and DISPATCH_INDEX_KEY."""
    return f"k1:{secrets.token_urlsafe(32)}", secrets.token_urlsafe(32)


def _read(field_keys: str, index_key: str) -> FieldCipher:
    keys = {}
    for part in field_keys.split(","):
        name, _, key = part.strip().partition(":")
        keys[name] = _key(Wording(f"DISPATCH_FIELD_KEYS 中的 {name!r}", f"DISPATCH_FIELD_KEYS, key {name!r}"), key)
    return FieldCipher(keys, next(iter(keys)), _key(same("DISPATCH_INDEX_KEY"), index_key))


def _key(what: Wording, text: str) -> bytes:
    with contextlib.suppress(ValueError):
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if len(key) == 32:
            return key
    raise BadSettings(
        Wording(
            f"{what.zh}：应为 URL-safe base 64 编码的 32 字节，如 `dispatch keys` 所生成",
            f"{what.en}: must be 32 bytes in URL-safe base 64, as `dispatch keys` prints them",
        )
    )


def _keep(file: Path, *lines: str) -> None:
    """Write the key file. Of two processes that do so at once, the first to link it wins, and both read its keys."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    mine = file.with_suffix(f".{os.getpid()}")
    descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write("\n".join(lines) + "\n")
        out.flush()
        os.fsync(out.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(mine, file)
    mine.unlink()
