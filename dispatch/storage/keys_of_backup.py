"""The keys that a backup needs, looked up before anything is replaced by it.

A backup of this schema holds the keys' fingerprints. In an older one, each key that occurs must read a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect

from dispatch.domain.key_state import KeyState
from dispatch.domain.title import Wording, same
from dispatch.errors import KeysMissing, WrongKeys
from dispatch.storage import encrypted, key_ring
from dispatch.storage.database import Database
from dispatch.storage.encrypted import EncryptedColumn
from dispatch.storage.field_cipher import FieldCipher, key_of
from dispatch.storage.open_keys import check

Dumped = Callable[[str], Iterator[str]]
"""The lines of a table's data in a dump of PostgreSQL."""
NULL = "\\N"
"""Source: PostgreSQL, COPY, text format."""


def require_for_sqlite(source: Path, cipher: FieldCipher | None, where: Wording) -> None:
    """Require the keys of a backup of SQLite, which is only read. Raises KeysMissing, WrongKeys."""
    database = Database(f"sqlite:///{source}", read_only=True)
    try:
        with database.read() as tx:
            tables = inspect(tx)
            if tables.has_table("key_ring"):
                check(tx, cipher, where)
            elif tables.has_table("upload"):  # the last table that holds ciphertexts
                key_ring.require_of_data(tx, cipher, where)
    finally:
        database.dispose()


def require_for_postgresql(dumped: Dumped, cipher: FieldCipher | None, where: Wording) -> None:
    """Require the keys of a dump of PostgreSQL. Raises KeysMissing, WrongKeys."""
    has = {} if cipher is None else cipher.fingerprints()
    if any(True for _ in copied(dumped("key_ring"))):
        held = [row for row in copied(dumped("field_key")) if row["state"] in (KeyState.CURRENT, KeyState.OLD)]
        for row in held:
            if row["id"] in has and has[row["id"]] != row["fingerprint"]:
                raise WrongKeys(where, row["id"], has[row["id"]], same(row["fingerprint"]))
        if (lacking := [row for row in held if row["id"] not in has]) and (needed := _needed(lacking, dumped)):
            raise KeysMissing(where, {row["id"]: row["fingerprint"] for row in needed})
        return
    samples = _all_samples(dumped)
    if unknown_keys := sorted({sample.key for sample in samples if cipher is None or sample.key not in cipher.keys}):
        raise KeysMissing(where, dict.fromkeys(unknown_keys, ""))
    for sample in samples:
        if cipher is not None and not sample.is_read_by(cipher):
            unknown = Wording("未知（备份中没有登记）", "not noted in this backup")
            raise WrongKeys(where, sample.key, has[sample.key], unknown)


def _needed(rows: Sequence[Mapping[str, str]], dumped: Dumped) -> list[Mapping[str, str]]:
    """Those of the dump's keys that its data need."""
    works = list(copied(dumped("reencryption")))
    last = max((int(work["rotation"]) for work in works), default=0)
    unfinished = any(
        work["ended_at"] == NULL or work["unreadable"] != "0" for work in works if int(work["rotation"]) == last
    )
    in_use = {sample.key for sample in _all_samples(dumped)}
    return [
        row
        for row in rows
        if key_ring.is_needed(row["id"], row["purpose"], row["state"], in_use, unfinished=unfinished)
    ]


@dataclass(frozen=True)
class _Sample:
    column: EncryptedColumn
    key: str
    row: Mapping[str, str]

    def is_read_by(self, cipher: FieldCipher) -> bool:
        stored = _value(self.column, self.row)
        index = None
        if self.column.indexed:
            country = self.row.get("issuing_country", NULL)  # a dump of before has no such column
            kind, had = self.row["document_kind"], self.row["document_index"]
            index = encrypted.BlindIndex(kind, None if country == NULL else country, had)
        return encrypted.reads(cipher, self.column, stored, int(self.row[self.column.identity.name]), index)


def _all_samples(dumped: Dumped) -> list[_Sample]:
    return [sample for column in encrypted.COLUMNS for sample in _samples(column, dumped(column.table.name))]


def _samples(column: EncryptedColumn, lines: Iterator[str]) -> list[_Sample]:
    """One row under each key, also of a table that the dump doesn't have."""
    found: dict[str, _Sample] = {}
    for row in copied(lines):
        if row.get(column.column.name, NULL) == NULL:
            continue
        key = key_of(column.sealed(_value(column, row)))
        found.setdefault(key, _Sample(column, key, row))
    return list(found.values())


def _value(column: EncryptedColumn, row: Mapping[str, str]) -> str | bytes:
    stored = row[column.column.name]
    return stored if column.text else bytes.fromhex(stored.lstrip("\\").removeprefix("x"))


def copied(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """The rows of a COPY block, by column, as they stand in it. Source: PostgreSQL, COPY, text format."""
    columns: list[str] | None = None
    for line in lines:
        text = line.rstrip("\n")
        if columns is None:
            if text.startswith("COPY ") and text.endswith(" FROM stdin;"):
                columns = [name.strip().strip('"') for name in text[text.index("(") + 1 : text.rindex(")")].split(",")]
        elif text == "\\.":
            columns = None
        else:
            yield dict(zip(columns, text.split("\t"), strict=True))
