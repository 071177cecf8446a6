"""密钥轮换: a new key is announced, then used for everything new, and what is under the old one is written again.

Each stage is a row, so it goes on after any crash, in whichever process with the keys comes next. The new key is used
only when every living process has it; the switch waits for those who write under the old key at that moment, so the
rows to be written again are those that there are then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, insert, select, update

from dispatch.domain.key_state import KeyPurpose, KeyState
from dispatch.domain.roles import Actor
from dispatch.domain.title import Wording
from dispatch.errors import KeyInUse, MissingPart, NoNewKey, NotFound, RotationUnderWay
from dispatch.settings import Settings
from dispatch.storage import encrypted, heartbeats, key_ring, key_source, operations, retired_keys
from dispatch.storage.access_rows import ReencryptionRow
from dispatch.storage.clock import database_time
from dispatch.storage.database import Database, Tx
from dispatch.storage.encrypted import BlindIndex, EncryptedColumn
from dispatch.storage.field_cipher import FieldCipher, key_of, new_index_key, new_key
from dispatch.storage.tables.keys import field_key, reencryption
from dispatch.storage.tables.keys import key_ring as ring_table

MOST_ROWS, MOST_BYTES = 50, 16_000_000
"""The most that one transaction writes again: little, so that others don't wait long."""


@dataclass(frozen=True)
class RotationProgress:
    """`announced`: keys that are not used yet; `lagging`: the processes that don't have them; `work`: what is being
    written again, of the last rotation."""

    announced: Sequence[str]
    lagging: Sequence[str]
    work: Sequence[ReencryptionRow]

    @property
    def under_way(self) -> bool:
        return bool(self.announced) or any(row.ended_at is None for row in self.work)

    @property
    def ended_at(self) -> datetime | None:
        """When the last rotation ended; None while one is under way, or before the first."""
        if self.under_way:
            return None
        return max((row.ended_at for row in self.work if row.ended_at is not None), default=None)


def progress(tx: Tx) -> RotationProgress:
    ring = key_ring.read(tx)
    if ring is None:
        return RotationProgress((), (), ())
    announced = [key.id for key in ring.in_state(KeyState.ANNOUNCED)]
    return RotationProgress(announced, _lagging(tx, announced), key_ring.work(tx, ring))


def start(settings: Settings, database: Database, by: Actor, now: datetime) -> list[str]:
    """Announce a new key, and return the ids of what is announced.

    The embedded installation makes it and writes it into its file first: after a crash in between, the next start takes
    that key. A key in the settings is the operator's to add. Raises RotationUnderWay, NoNewKey; KeysMissing, WrongKeys.
    """
    where = key_source.where(settings)
    with database.write() as tx:  # by itself: only what is noted already is not a new key
        key_ring.for_writing(tx, _keys(settings), where)
    with database.write() as tx:
        cipher = _keys(settings)
        ring = key_ring.read(tx, lock=True)
        assert ring is not None, "it was noted above"
        key_ring.require(tx, ring, cipher, where)
        if progress(tx).under_way:
            raise RotationUnderWay()
        known = {key.id for key in ring.keys}
        if not cipher.keys.keys() - known:
            if not key_source.uses_file(settings):
                raise NoNewKey(where=where)
            _add_to_file(settings)
            cipher = _keys(settings)
        rows = _announcements(cipher, known, by, now)
        tx.execute(insert(field_key), rows)
        operations.note_audit(tx, "rotate keys", str(rows[0]["id"]), "", by, now)
    return [str(row["id"]) for row in rows]


def switch(database: Database) -> bool:
    """Use the announced keys for everything new, once every living process has them. Returns whether it did."""
    with database.write() as tx:
        ring = key_ring.read(tx, lock=True)
        announced = [] if ring is None else ring.in_state(KeyState.ANNOUNCED)
        if ring is None or not announced or _lagging(tx, [key.id for key in announced]):
            return False
        now = database_time(tx)
        new = {key.purpose: key.id for key in announced}
        encryption = new.get(KeyPurpose.ENCRYPTION, ring.encryption_key)
        index = new.get(KeyPurpose.INDEX, ring.index_key)
        _set_state(tx, KeyState.OLD, {ring.encryption_key, ring.index_key} - {encryption, index})
        _set_state(tx, KeyState.CURRENT, new.values(), used_from=now)
        rotation = ring.rotation + 1
        tx.execute(update(ring_table).values(encryption_key=encryption, index_key=index, rotation=rotation))
        work = [{"rotation": rotation, "place": column.name, "due_at": now} for column in encrypted.COLUMNS]
        tx.execute(insert(reencryption), work)
    return True


def step(database: Database, cipher: FieldCipher) -> bool:
    """Write some rows again under the current keys. Returns whether there was anything to do.

    Raises KeysMissing when the cipher lacks the current keys.
    """
    with database.write() as tx:
        query = select(reencryption).where(reencryption.c.ended_at.is_(None)).order_by(reencryption.c.place).limit(1)
        work = tx.execute(query.with_for_update(skip_locked=True)).one_or_none()
        if work is None:
            return False
        _rewrite(tx, key_ring.for_writing(tx, cipher), work)
    return True


def retire(settings: Settings, database: Database, name: str, by: Actor, now: datetime) -> None:
    """Retire an old key under which nothing is any more, and put it aside. Raises NotFound, KeyInUse."""
    with database.write() as tx:
        ring = key_ring.read(tx, lock=True)
        key = next((key for key in ring.keys if key.id == name), None) if ring else None
        if ring is None or key is None:
            raise NotFound(what=Wording("密钥", "key"), which=name)
        if key.state != KeyState.RETIRED:
            work = key_ring.work(tx, ring)
            unread = sum(row.unreadable for row in work)
            rows = encrypted.look(tx).rows.get(name, 0) or unread
            if key.state != KeyState.OLD or rows or any(row.ended_at is None for row in work):
                raise KeyInUse(key=name, rows=rows)
            _set_state(tx, KeyState.RETIRED, [name], retired_at=now)
            operations.note_audit(tx, "retire key", name, "", by, now)
    if key_source.uses_file(settings):
        _take_from_file(settings, name)


def _keys(settings: Settings) -> FieldCipher:
    cipher = key_source.find(settings)
    if cipher is None:
        if key_source.uses_file(settings):
            key_source.make(settings)
            return _keys(settings)
        raise key_source.missing(settings)
    return cipher


def _announcements(cipher: FieldCipher, known: set[str], by: Actor, now: datetime) -> list[dict[str, object]]:
    """A row for the last unknown encryption key, and for the last unknown index key if there is one."""
    seen = cipher.fingerprints()
    rows = []
    for purpose, names in ((KeyPurpose.ENCRYPTION, cipher.keys), (KeyPurpose.INDEX, cipher.index_keys)):
        if fresh := [name for name in names if name not in known]:
            rows.append(key_ring.key_row(fresh[-1], purpose, seen[fresh[-1]], KeyState.ANNOUNCED, by.name, now, None))
    return rows


def _add_to_file(settings: Settings) -> None:
    fields, index = key_source.lines(settings)
    name, key = new_key()
    key_source.change(settings, f"{fields},{name}:{key}", f"{index},{new_index_key()}")


def _take_from_file(settings: Settings, name: str) -> None:
    fields, index = key_source.lines(settings)
    cipher = _keys(settings)
    parts = {part.partition(":")[0]: part for part in fields.split(",")}
    indexes = dict(zip(cipher.index_keys, index.split(","), strict=True))
    if gone := parts.pop(name, None) or indexes.pop(name, None):
        retired_keys.put_aside(settings, name, gone.removeprefix(f"{name}:"))
        key_source.change(settings, ",".join(parts.values()), ",".join(indexes.values()))


def _lagging(tx: Tx, announced: Sequence[str]) -> list[str]:
    """The living processes that have keys, and not these."""
    if not announced:
        return []
    alive = heartbeats.alive(tx, database_time(tx))
    return [row.name for row in alive if row.keys is not None and not {*announced} <= {*row.keys.split()}]


def _set_state(tx: Tx, state: KeyState, names: object, **columns: object) -> None:
    tx.execute(update(field_key).where(field_key.c.id.in_([*names])).values(state=state, **columns))  # type: ignore[misc]


def _rewrite(tx: Tx, cipher: FieldCipher, work: Row[tuple[object, ...]]) -> None:
    """Write the next rows of one column under the cipher's keys for writing, and note how far that is."""
    column = next(each for each in encrypted.COLUMNS if each.name == work.place)
    ids, more = _next_rows(tx, column, work.last_id)
    table, identity = column.table, column.identity
    rewritten, unreadable = 0, []
    for row in tx.execute(select(table).where(identity.in_(ids)).order_by(identity).with_for_update()).all():
        row_id = row._mapping[identity]
        try:
            changed = _changed(cipher, column, row)
        except MissingPart:  # a damaged row must not hold the others up; it stays as it is
            unreadable.append(row_id)
            continue
        if changed:
            tx.execute(update(table).where(identity == row_id).values(**changed))
            rewritten += 1
    done: dict[str, object] = {
        "last_id": ids[-1] if ids else work.last_id,
        "rewritten": work.rewritten + rewritten,
        "unreadable": work.unreadable + len(unreadable),
        "unreadable_id": work.unreadable_id or (unreadable[0] if unreadable else None),
        "ended_at": None if more else database_time(tx),
    }
    this = (reencryption.c.rotation == work.rotation) & (reencryption.c.place == work.place)
    tx.execute(update(reencryption).where(this).values(**done))


def _next_rows(tx: Tx, column: EncryptedColumn, last_id: int) -> tuple[list[int], bool]:
    """The ids of the next rows, not too many and not too large together, and whether more may follow."""
    table, identity = column.table, column.identity
    columns = [identity, *([table.c.size] if "size" in table.c else [])]
    rows = tx.execute(select(*columns).where(identity > last_id).order_by(identity).limit(MOST_ROWS)).all()
    ids: list[int] = []
    size = 0
    for row in rows:
        size += row[1] if len(row) > 1 else 0
        if ids and size > MOST_BYTES:
            return ids, True
        ids.append(row[0])
    return ids, len(rows) == MOST_ROWS


def _changed(cipher: FieldCipher, column: EncryptedColumn, row: Row[tuple[object, ...]]) -> dict[str, object]:
    """The columns to write, if the row isn't under the keys for writing. Raises MissingPart."""
    stored = getattr(row, column.column.name)
    changed: dict[str, object] = {}
    if stored is None:
        return changed
    row_id = row._mapping[column.identity]
    if column.indexed or key_of(column.sealed(stored)) != cipher.current:
        plain = column.decrypt(cipher, stored, row_id)
        if key_of(column.sealed(stored)) != cipher.current:
            changed[column.column.name] = column.encrypt(cipher, plain, row_id)
        if column.indexed:
            mapping = row._mapping
            had = BlindIndex(mapping["document_kind"], mapping["issuing_country"], mapping["document_index"])
            if (index := had.made(cipher, plain.decode())[0]) != had.stored:
                changed["document_index"] = index
    return changed
