"""A rotation of the keys loses nothing: whichever process dies, whoever writes meanwhile, whoever lacks the new key."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select, update

from dispatch.cli.keys import rows_told
from dispatch.domain.roles import Actor, Role
from dispatch.errors import KeyInUse, KeysMissing, NoNewKey, RotationUnderWay
from dispatch.settings import Settings, load_settings
from dispatch.storage import (
    customers,
    encrypted,
    heartbeats,
    key_ring,
    key_source,
    operations,
    rotation,
    signatures,
    uploads,
)
from dispatch.storage.clock import database_time
from dispatch.storage.database import Database
from dispatch.storage.field_cipher import FieldCipher, new_index_key, new_key
from dispatch.storage.open_keys import open_cipher
from dispatch.storage.tables.accounts import customer
from tests.factories import NOW

OPS = Actor("root", Role.OPS)
PEOPLE = 12


@pytest.fixture
def settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with an old key, `k1`: in its file on SQLite, in its settings on PostgreSQL."""
    old, index = f"k1:{new_key()[1]}", new_index_key()
    if database.kind == "sqlite":
        key_source.change(load_settings(), old, index)
    else:
        monkeypatch.setenv("DISPATCH_DATABASE_URL", database.url)
        monkeypatch.setenv("DISPATCH_FIELD_KEYS", old)
        monkeypatch.setenv("DISPATCH_INDEX_KEY", index)
    return load_settings()


@pytest.fixture
def filled(database: Database, settings: Settings) -> list[int]:
    """Customers, photos and a signature under the old key; the customers' ids."""
    cipher = open_cipher(settings, database)
    with database.write() as tx:
        operation_id = operations.begin(tx, "open", None, "", OPS, "", NOW)
        assert operation_id is not None
        operations.insert_slip(tx, operation_id, "{}")
        assert signatures.add(tx, cipher, operation_id, "holder", b"strokes", "0" * 64, "0" * 64, "li", NOW)
        for n in range(3):
            uploads.add(tx, cipher, None, "image/jpeg", "0" * 64, b"photo %d" % n, "li", NOW)
        return [
            customers.insert_customer(tx, cipher, "张三", "passport", f"E{n}", None, "13800138000", NOW)
            for n in range(PEOPLE)
        ]


def more_keys(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings with a new key appended, as an operator does it."""
    if key_source.uses_file(settings):
        return settings
    for name, more in (("DISPATCH_FIELD_KEYS", ":".join(new_key())), ("DISPATCH_INDEX_KEY", new_index_key())):
        monkeypatch.setenv(name, f"{os.environ[name]},{more}")
    return load_settings()


def finish(database: Database, settings: Settings) -> FieldCipher:
    cipher = open_cipher(settings, database)
    while rotation.step(database, cipher):
        pass
    return open_cipher(settings, database)


def readable(database: Database, cipher: FieldCipher) -> list[str]:
    """Every customer's number, found again by its blind index too."""
    with database.read() as tx:
        rows = tx.execute(select(customer).order_by(customer.c.id)).all()
        numbers = [customers.document_number(cipher, row) for row in rows]
        for row, number in zip(rows, numbers, strict=True):
            found = customers.find(tx, cipher, "passport", number)
            assert found is not None
            assert found.id == row.id
        for upload in (1, 2, 3):
            assert uploads.content(cipher, uploads.get(tx, upload)).startswith(b"photo")
        signed = signatures.of_slip(tx, 1)
        assert signed is not None
        assert signatures.picture(cipher, signed) == b"strokes"
    return numbers


def keys_of_rows(database: Database) -> dict[str, int]:
    with database.read() as tx:
        return dict(encrypted.look(tx).rows)


def test_everything_is_under_the_new_keys_at_the_end_and_the_old_one_may_go(
    database: Database, settings: Settings, filled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = more_keys(settings, monkeypatch)
    before = open_cipher(settings, database)
    (new, index) = rotation.start(settings, database, OPS, NOW)
    assert keys_of_rows(database) == {"k1": PEOPLE + 4}
    with pytest.raises(RotationUnderWay):
        rotation.start(settings, database, OPS, NOW)
    assert rotation.switch(database)
    with pytest.raises(KeyInUse, match=rf"\({PEOPLE + 4} rows\)"):
        rotation.retire(settings, database, "k1", OPS, NOW)
    assert readable(database, open_cipher(settings, database)) == [f"E{n}" for n in range(PEOPLE)]
    after = finish(database, settings)
    assert keys_of_rows(database) == {new: PEOPLE + 4}
    assert (after.current, next(iter(after.index_keys))) == (new, index)
    assert readable(database, after) == [f"E{n}" for n in range(PEOPLE)]
    with database.read() as tx:
        stored = set(tx.execute(select(customer.c.document_index)).scalars())
        assert stored == {after.index("document", "passport", f"E{n}") for n in range(PEOPLE)}
        assert [(row.act, row.actor, row.subject) for row in operations.audit_trail(tx, 9)] == [
            ("rotate keys", "root", new)
        ]
    with pytest.raises(KeyInUse):
        rotation.retire(settings, database, new, OPS, NOW)
    for name in ("k1", next(iter(before.index_keys))):
        rotation.retire(settings, database, name, OPS, NOW)
    if key_source.uses_file(settings):
        only = key_source.find(settings)
        assert only is not None
        assert set(only.fingerprints()) == {new, index}
        assert (settings.root / "retired.keys").read_text().startswith("k1:")
        assert open_cipher(settings, database).current == new


def test_a_key_is_used_only_when_every_living_process_has_it(
    database: Database, settings: Settings, filled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = more_keys(settings, monkeypatch)
    new = rotation.start(settings, database, OPS, NOW)

    def beat(name: str, keys: list[str] | None, ago: int = 0) -> None:
        with database.write() as tx:
            now = database_time(tx)
            heartbeats.beat(tx, name, "web", now, now - ago * heartbeats.SILENCE, 0.0, keys)

    beat("web@behind", ["k1"])
    beat("web@dead", ["k1"], ago=2)
    beat("relay@a", None)
    assert not rotation.switch(database)
    with database.read() as tx:
        assert rotation.progress(tx).lagging == ["web@behind"]
    assert finish(database, settings).current == "k1"
    beat("web@behind", ["k1", *new])
    assert rotation.switch(database)


def test_a_process_without_the_new_key_writes_nothing_once_it_is_used(
    database: Database, settings: Settings, filled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = open_cipher(settings, database)
    settings = more_keys(settings, monkeypatch)
    rotation.start(settings, database, OPS, NOW)
    assert rotation.switch(database)
    with pytest.raises(KeysMissing), database.write() as tx:
        customers.insert_customer(tx, behind, "李四", "passport", "E99", None, "13800138000", NOW)
    assert readable(database, finish(database, settings)) == [f"E{n}" for n in range(PEOPLE)]


def test_who_writes_under_the_old_key_is_waited_for_by_the_switch(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", postgresql.url)
    monkeypatch.setenv("DISPATCH_FIELD_KEYS", f"k1:{new_key()[1]}")
    monkeypatch.setenv("DISPATCH_INDEX_KEY", new_index_key())
    cipher = open_cipher(load_settings(), postgresql)
    with postgresql.write() as tx:
        key_ring.for_writing(tx, cipher)
    settings = more_keys(load_settings(), monkeypatch)
    rotation.start(settings, postgresql, OPS, NOW)
    with postgresql.write() as tx:
        made = customers.insert_customer(tx, cipher, "张三", "passport", "E1", None, "13800138000", NOW)
        with pytest.raises(Exception, match="lock timeout"):
            rotation.switch(postgresql)
    assert rotation.switch(postgresql)
    after = finish(postgresql, settings)
    assert keys_of_rows(postgresql) == {after.current: 1}
    with postgresql.read() as tx:
        assert customers.document_number(after, customers.get(tx, made)) == "E1"


def test_a_crash_between_the_file_and_the_database_makes_no_second_new_key(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings()
    open_cipher(settings, sqlite)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "note_audit", dies)
        with suppress(KeyboardInterrupt):
            rotation.start(settings, sqlite, OPS, NOW)
    with sqlite.read() as tx:
        assert not rotation.progress(tx).announced
    announced = rotation.start(settings, sqlite, OPS, NOW)
    keys = key_source.find(settings)
    assert keys is not None
    assert len(keys.keys) == len(keys.index_keys) == 2
    assert {*announced} <= {*keys.fingerprints()}


def test_a_damaged_row_holds_nothing_up_and_is_named(
    database: Database, settings: Settings, filled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as tx:
        damaged = encrypted.COLUMNS[0].encrypt(open_cipher_of_nobody(), b"x", filled[3])
        tx.execute(update(customer).where(customer.c.id == filled[3]).values(document_number=damaged))
    settings = more_keys(settings, monkeypatch)
    rotation.start(settings, database, OPS, NOW)
    assert rotation.switch(database)
    finish(database, settings)
    with database.read() as tx:
        done = rotation.progress(tx)
    assert not done.under_way
    assert [(row.unreadable, row.unreadable_id) for row in done.work if row.unreadable] == [(1, filled[3])]
    with pytest.raises(KeyInUse):
        rotation.retire(settings, database, "k1", OPS, NOW)


def open_cipher_of_nobody() -> FieldCipher:
    return FieldCipher({"k1": b"9" * 32}, "k1", b"8" * 32)


def test_an_operator_who_has_added_no_key_to_the_settings_is_told_so(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_FIELD_KEYS", f"k1:{new_key()[1]}")
    monkeypatch.setenv("DISPATCH_INDEX_KEY", new_index_key())
    with pytest.raises(NoNewKey, match="DISPATCH_FIELD_KEYS"):
        rotation.start(load_settings(), sqlite, OPS, NOW)


WORKS = """
from dispatch.settings import load_settings
from dispatch.storage import rotation
from dispatch.storage.database import Database
from dispatch.storage.open_keys import open_cipher
rotation.MOST_ROWS = 1
settings = load_settings()
database = Database(settings.database)
cipher = open_cipher(settings, database)
print("begun", flush=True)
while rotation.step(database, cipher):
    print("row", flush=True)
"""


def test_a_rotation_killed_at_any_point_goes_on_where_it_was(
    database: Database, settings: Settings, filled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = more_keys(settings, monkeypatch)
    rotation.start(settings, database, OPS, NOW)
    assert rotation.switch(database)
    for rows in (0, 3, 7):  # of eighteen
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        with subprocess.Popen([sys.executable, "-c", WORKS], env=environment, stdout=subprocess.PIPE) as worker:
            assert worker.stdout is not None
            for _ in range(rows + 1):
                assert worker.stdout.readline()
            worker.send_signal(signal.SIGKILL)
        assert readable(database, open_cipher(settings, database)) == [f"E{n}" for n in range(PEOPLE)]
    with database.read() as tx:
        assert rotation.progress(tx).under_way
    after = finish(database, settings)
    assert keys_of_rows(database) == {after.current: PEOPLE + 4}
    assert readable(database, after) == [f"E{n}" for n in range(PEOPLE)]
    with database.read() as tx:
        assert sum(row.rewritten for row in rotation.progress(tx).work) == PEOPLE + 4


def test_a_row_is_counted_in_the_singular_and_more_in_the_plural() -> None:
    assert [rows_told(count) for count in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
