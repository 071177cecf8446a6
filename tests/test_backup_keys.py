"""A restore says which keys the backup needs before it replaces anything."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dispatch import backup
from dispatch.errors import KeysMissing, WrongKeys
from dispatch.settings import Settings, load_settings
from dispatch.storage import customers, encrypted, key_source, seals, uploads
from dispatch.storage.database import SCHEMA, Database
from dispatch.storage.field_cipher import FieldCipher, fingerprint, new_index_key, new_key
from dispatch.storage.migration import migrate
from dispatch.storage.open_keys import open_cipher
from dispatch.storage.tables.accounts import customer
from tests import postgres
from tests.factories import NOW

LATER = NOW + timedelta(days=1)


@pytest.fixture
def settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with keys in its settings on PostgreSQL, in its file on SQLite."""
    if database.kind == "postgresql":
        monkeypatch.setenv("PATH", str(postgres.programs()), prepend=":")
        monkeypatch.setenv("DISPATCH_DATABASE_URL", database.url)
    put_keys(database, monkeypatch, f"k1:{new_key()[1]}", new_index_key())
    return load_settings()


def put_keys(database: Database, monkeypatch: pytest.MonkeyPatch, fields: str, index: str) -> Settings:
    if database.kind == "sqlite":
        key_source.change(load_settings(), fields, index)
    else:
        monkeypatch.setenv("DISPATCH_FIELD_KEYS", fields)
        monkeypatch.setenv("DISPATCH_INDEX_KEY", index)
    return load_settings()


def fill(database: Database, cipher: FieldCipher) -> None:
    with database.write() as tx:
        customers.insert_customer(tx, cipher, "张三\t\\三", "passport", "E1", None, "13800138000", NOW)
        uploads.add(tx, cipher, None, "image/jpeg", "0" * 64, b"photo", "li", NOW)


def count(settings: Settings) -> int:
    database = Database(settings.database)
    with database.read() as tx:
        found: int = tx.execute(select(func.count()).select_from(customer)).scalar_one()
    database.dispose()
    return found


@pytest.mark.parametrize("older", [False, True])
def test_a_restore_names_the_missing_or_wrong_key_and_replaces_nothing(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, older: bool
) -> None:
    cipher, source = open_cipher(settings, database), tmp_path / "kept"
    fill(database, cipher)
    if older:  # from before the fingerprints
        monkeypatch.setattr(backup, "SCHEMA", "0010")
        migrate(database, "0010")
        monkeypatch.setattr(Database, "require_schema", lambda _: None)
        monkeypatch.setattr(seals, "last", lambda _: None)
    backup.backup(settings, source)
    if older:
        monkeypatch.setattr(backup, "SCHEMA", SCHEMA)
        migrate(database)
    with database.write() as tx:
        tx.execute(encrypted.COLUMNS[2].table.delete())
        tx.execute(customer.delete())
    database.dispose()
    if database.kind == "sqlite":
        kept = key_source.lines(settings)
        key_source.key_file(settings).unlink()
    else:
        kept = (settings.field_keys.get_secret_value(), settings.index_key.get_secret_value())  # type: ignore[union-attr]
        monkeypatch.delenv("DISPATCH_FIELD_KEYS")
        monkeypatch.delenv("DISPATCH_INDEX_KEY")
    needed = "k1" if older else f"k1 \\({fingerprint(cipher.keys['k1'])}\\)"
    with pytest.raises(KeysMissing, match=rf"(field\.keys|DISPATCH_FIELD_KEYS).*{needed}"):
        backup.restore(load_settings(), source, LATER, replace=True)
    wrong = put_keys(database, monkeypatch, f"k1:{new_key()[1]}", kept[1])
    with pytest.raises(WrongKeys, match="k1"):
        backup.restore(wrong, source, LATER, replace=True)
    assert count(wrong) == 0
    right = put_keys(database, monkeypatch, *kept)
    backup.restore(right, source, LATER, replace=True)
    assert count(right) == 1
    opened = Database(right.database)
    with opened.read() as tx:
        found = customers.find(tx, open_cipher(right, opened), "passport", "E1")
    opened.dispose()
    assert found is not None


def test_the_data_may_be_restored_before_their_keys_when_that_is_said(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, open_cipher(settings, database))
    backup.backup(settings, tmp_path / "kept")
    database.dispose()
    other = put_keys(database, monkeypatch, ":".join(new_key()), new_index_key())
    backup.restore(other, tmp_path / "kept", LATER, replace=True, without_keys=True)
    opened = Database(other.database)
    with pytest.raises(KeysMissing, match="k1"):
        open_cipher(other, opened)
    opened.dispose()
