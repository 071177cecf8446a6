"""The keys in the database 密钥登记: their fingerprints, and which of them is for writing. No key itself.

Whatever writes a ciphertext or a blind index asks for the keys in its own transaction and locks the answer. So a
rotation waits for those who write under the old key, and afterwards nobody does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.domain.key_state import KeyPurpose, KeyState
from dispatch.domain.title import Wording, same
from dispatch.errors import KeysMissing, WrongKeys
from dispatch.storage import encrypted
from dispatch.storage.access_rows import KeyRow, ReencryptionRow
from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher, index_id
from dispatch.storage.rows import shaped
from dispatch.storage.tables.keys import field_key, key_ring, reencryption

SYSTEM = "system"
"""By whom keys were noted that nobody rotated in."""

_encryption, _index = field_key.alias("encryption"), field_key.alias("index_of")
_FOR_WRITING = (
    select(key_ring.c.encryption_key, key_ring.c.index_key, _encryption.c.fingerprint, _index.c.fingerprint)
    .join(_encryption, _encryption.c.id == key_ring.c.encryption_key)
    .join(_index, _index.c.id == key_ring.c.index_key)
    .with_for_update(read=True, of=key_ring)
)


@dataclass(frozen=True)
class KeyRing:
    """The keys that the database knows. `encryption_key` and `index_key` name those for writing."""

    encryption_key: str
    index_key: str
    rotation: int
    keys: Sequence[KeyRow]

    def in_state(self, *states: KeyState) -> list[KeyRow]:
        return [key for key in self.keys if key.state in states]


def read(tx: Tx, *, lock: bool = False) -> KeyRing | None:
    """The ring; None as long as nothing was ever encrypted. `lock` is for who changes it."""
    query = select(key_ring)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None
    keys = shaped(KeyRow, tx.execute(select(field_key).order_by(field_key.c.added_at, field_key.c.id))).all()
    return KeyRing(row.encryption_key, row.index_key, row.rotation, keys)


def for_writing(tx: Tx, cipher: FieldCipher, where: Wording | None = None) -> FieldCipher:
    """The cipher with the keys that everything is to be written under until this transaction ends.

    Raises KeysMissing when the cipher lacks one of them, WrongKeys when the database holds another's fingerprints.
    """
    place, has = where or Wording("密钥", "the keys"), cipher.fingerprints()
    row = tx.execute(_FOR_WRITING).one_or_none()
    if row is None or (has.get(row[0]), has.get(row[1])) != (row[2], row[3]):
        _replace(tx, cipher, place)
        row = tx.execute(_FOR_WRITING).one()
    return cipher.writing(row[0], row[1])


def is_outdated(tx: Tx, ring: KeyRing, cipher: FieldCipher | None) -> bool:
    """Return whether the ring holds keys that nothing needs, and the cipher has others."""
    has = {} if cipher is None else cipher.fingerprints()
    return any(has.get(key.id) != key.fingerprint for key in ring.keys) and not encrypted.needs_keys(tx)


def _replace(tx: Tx, cipher: FieldCipher, where: Wording) -> None:
    """Note this cipher's keys where there are none, or none that anything needs. Raises KeysMissing, WrongKeys."""
    ring = read(tx, lock=True)
    if ring is None:
        require_of_data(tx, cipher, where)
    elif is_outdated(tx, ring, cipher):
        tx.execute(delete(key_ring))
        tx.execute(delete(field_key))
    else:
        require(tx, ring, cipher, where)
    register(tx, cipher, where)


def register(tx: Tx, cipher: FieldCipher, where: Wording) -> None:
    """Note this cipher's keys as the database's first. Raises WrongKeys when another process has just noted others."""
    now, index = datetime.now(UTC), index_id(cipher.index_key)
    for name, seen in cipher.fingerprints().items():
        current = name in (cipher.current, index)
        purpose = KeyPurpose.INDEX if name in cipher.index_keys else KeyPurpose.ENCRYPTION
        state = KeyState.CURRENT if current else KeyState.OLD
        _insert_new(tx, field_key, key_row(name, purpose, seen, state, SYSTEM, now, used_from=now if current else None))
    if not _insert_new(tx, key_ring, {"id": 1, "encryption_key": cipher.current, "index_key": index}):
        ring = read(tx)
        assert ring is not None, "another process noted its keys first"
        require(tx, ring, cipher, where)


def key_row(
    name: str, purpose: KeyPurpose, seen: str, state: KeyState, by: str, now: datetime, used_from: datetime | None
) -> dict[str, object]:
    told = {"id": name, "purpose": purpose, "fingerprint": seen, "state": state}
    return {**told, "added_at": now, "added_by": by, "used_from": used_from}


def require(tx: Tx, ring: KeyRing, cipher: FieldCipher | None, where: Wording) -> None:
    """Require the keys that the data need, by their fingerprints. Raises KeysMissing, WrongKeys."""
    has = {} if cipher is None else cipher.fingerprints()
    wrong = [key for key in ring.keys if key.id in has and has[key.id] != key.fingerprint]
    # An index key's id comes from its fingerprint, so another index key has another id.
    if wrong:
        raise WrongKeys(where, wrong[0].id, has[wrong[0].id], same(wrong[0].fingerprint))
    lacking = [key for key in ring.in_state(KeyState.CURRENT, KeyState.OLD) if key.id not in has]
    if lacking:  # only then it is worth a look at every row
        in_use = encrypted.look(tx).rows.keys()
        unfinished = any(row.ended_at is None or row.unreadable for row in work(tx, ring))
        needed = [key for key in lacking if is_needed(key.id, key.purpose, key.state, in_use, unfinished=unfinished)]
        if needed:
            raise KeysMissing(where, {key.id: key.fingerprint for key in needed})


def is_needed(name: str, purpose: str, state: str, in_use: Collection[str], *, unfinished: bool) -> bool:
    """Return whether the data need this key: it is current, or old with something under it still.

    `in_use`: the encryption keys that ciphertexts name. `unfinished`: the last rotation hasn't written all blind
    indexes again. A request under an idempotency key from before a rotation is refused without the old index key.
    """
    if state == KeyState.CURRENT:
        return True
    return state == KeyState.OLD and (unfinished if purpose == KeyPurpose.INDEX else name in in_use)


def work(tx: Tx, ring: KeyRing) -> Sequence[ReencryptionRow]:
    """What the last rotation writes again: one row for each encrypted column."""
    query = select(reencryption).where(reencryption.c.rotation == ring.rotation).order_by(reencryption.c.place)
    return shaped(ReencryptionRow, tx.execute(query)).all()


def require_of_data(tx: Tx, cipher: FieldCipher | None, where: Wording) -> None:
    """Require the keys of a database that knows no fingerprints yet: each key that occurs must read a row.

    Raises KeysMissing, WrongKeys.
    """
    samples = encrypted.look(tx).samples
    lacking = sorted(key for key in samples if cipher is None or key not in cipher.keys)
    if lacking:
        raise KeysMissing(where, dict.fromkeys(lacking, ""))
    for key, rows in samples.items():
        assert cipher is not None
        if not all(encrypted.decrypts(tx, cipher, sample) for sample in rows):
            seen = cipher.fingerprints()[key]
            unknown = Wording("未知（数据库尚无登记）", "not noted in this database yet")
            raise WrongKeys(where, key, seen, unknown)


def _insert_new(tx: Tx, table: Table, values: Mapping[str, object]) -> bool:
    """Insert unless the row is there. Returns whether it was inserted."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    return tx.execute(dialect.insert(table).values(**values).on_conflict_do_nothing()).rowcount == 1


def count_rotations(tx: Tx) -> int:
    return int(tx.execute(select(func.coalesce(func.max(key_ring.c.rotation), 0))).scalar_one())


def announce(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    tx.execute(insert(field_key), list(rows))
