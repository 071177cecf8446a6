"""Encryption of identity numbers and scans at rest with AES-256-GCM, and a blind index to look a number up by.

A ciphertext names its key (`k-5f0c21aa.…`) and is bound to its table, column and row: moved elsewhere, it can't be
decrypted. `storage.key_source` reads the keys, `storage.key_ring` says which of them is for writing.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dispatch.domain.title import Wording
from dispatch.errors import BadSettings, MissingPart

NONCE = 12
"""Bytes. GCM uses a nonce of this size without hashing it. Source: NIST SP 800-38D, 5.2.1.1."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True)
class FieldCipher:
    """`keys` are 32 bytes each, by id; `current` names the key that encrypts. New blind indexes are made with
    `index_key`; those of rows that a rotation hasn't reached yet, with one of `other_index_keys`."""

    keys: Mapping[str, bytes] = field(repr=False)
    current: str
    index_key: bytes = field(repr=False)
    other_index_keys: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def index_keys(self) -> Mapping[str, bytes]:
        """The index keys by their ids, the one for writing first. An index key's id comes from its fingerprint."""
        return {index_id(key): key for key in (self.index_key, *self.other_index_keys)}

    def fingerprints(self) -> dict[str, str]:
        """The fingerprint of every key, by the key's id."""
        return {name: fingerprint(key) for name, key in (*self.keys.items(), *self.index_keys.items())}

    def writing(self, encryption_key: str, index_key: str) -> FieldCipher:
        """The same cipher, writing with these keys, which it must have."""
        if self.current == encryption_key and index_id(self.index_key) == index_key:
            return self
        others = tuple(key for name, key in self.index_keys.items() if name != index_key)
        return replace(self, current=encryption_key, index_key=self.index_keys[index_key], other_index_keys=others)

    def encrypt(self, plain: bytes, table: str, column: str, row: int) -> bytes:
        """`<key id>.<nonce><ciphertext>` of `plain`, bound to this table, column and row."""
        nonce = os.urandom(NONCE)
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, plain, _place(table, column, row))
        return self.current.encode() + b"." + nonce + sealed

    def decrypt(self, sealed: bytes, table: str, column: str, row: int) -> bytes:
        """Raises MissingPart when the key is missing, or when the content wasn't encrypted for this place."""
        name, rest = key_of(sealed), sealed.partition(b".")[2]
        key = self.keys.get(name)
        if key is None:
            shown = repr(name)
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
        return _index(self.index_key, parts)

    def indexes(self, *parts: str) -> list[str]:
        """The blind index by every index key, the one for writing first: a stored index may be any of them."""
        return [_index(key, parts) for key in self.index_keys.values()]


def key_of(sealed: bytes) -> str:
    """The id of the key under which this was encrypted, from its first bytes."""
    return sealed.partition(b".")[0].decode(errors="replace")


def fingerprint(key: bytes) -> str:
    """A key's fingerprint, 16 hex digits: it tells keys apart, and nothing can be decrypted with it."""
    return hmac.new(key, b"paidan key fingerprint", hashlib.sha256).hexdigest()[:16]


def index_id(key: bytes) -> str:
    return f"i-{fingerprint(key)[:8]}"


def new_key() -> tuple[str, str]:
    """A fresh encryption key and its id, which is taken from its fingerprint, so that no two keys have the same."""
    key = secrets.token_urlsafe(32)
    return f"k-{fingerprint(_decoded(key))[:8]}", key


def new_index_key() -> str:
    return secrets.token_urlsafe(32)


def new_keys() -> tuple[str, str]:
    """Fresh values of DISPATCH_FIELD_KEYS and DISPATCH_INDEX_KEY."""
    name, key = new_key()
    return f"{name}:{key}", new_index_key()


def read_keys(field_keys: str, index_keys: str, where: Wording) -> FieldCipher:
    """The cipher of these keys: `id:key,…` and `key,…`, the first of each for writing. Raises BadSettings."""
    if not field_keys.strip():
        raise BadSettings(Wording(f"{where.zh} 中的密钥是空的", f"{where.en}: the keys are empty"))
    keys: dict[str, bytes] = {}
    for part in field_keys.split(","):
        name, _, text = part.strip().partition(":")
        what = Wording(f"{where.zh} 中的密钥 {name!r}", f"{where.en}, key {name!r}")
        if not _ID.fullmatch(name):
            raise BadSettings(
                Wording(
                    f"{what.zh}：密钥的编号只用字母、数字、- 和 _，最多 40 个字符",
                    f"{what.en}: a key's id has letters, digits, - and _, at most 40 characters",
                )
            )
        key = _key(what, text)
        if keys.setdefault(name, key) != key:
            raise BadSettings(
                Wording(f"{what.zh}：两个不同的密钥同用这个编号", f"{what.en}: two different keys have this id")
            )
    what = Wording(f"{where.zh} 中的索引密钥", f"{where.en}, index key")
    first, *others = (_key(what, each.strip()) for each in index_keys.split(","))
    return FieldCipher(keys, next(iter(keys)), first, tuple(others))


def _index(key: bytes, parts: tuple[str, ...]) -> str:
    return hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


def _place(table: str, column: str, row: int) -> bytes:
    return f"{table}/{column}/{row}".encode()


def _key(what: Wording, text: str) -> bytes:
    with contextlib.suppress(ValueError):
        key = _decoded(text)
        if len(key) == 32:
            return key
    raise BadSettings(
        Wording(
            f"{what.zh}：应为 URL-safe base 64 编码的 32 字节，如 `dispatch keys` 所生成",
            f"{what.en}: must be 32 bytes in URL-safe base 64, as `dispatch keys` prints them",
        )
    )


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
