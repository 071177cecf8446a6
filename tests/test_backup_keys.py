"""A restore says which keys the backup needs before it replaces anything."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from dispatch import backup
from dispatch.cli.keys import keys as keys_commands
from dispatch.domain.roles import Actor, Role
from dispatch.errors import BadSettings, KeysMissing, WrongKeys
from dispatch.settings import Settings, load_settings
from dispatch.storage import customers, encrypted, key_source, retired_keys, rotation, seals, uploads
from dispatch.storage.database import SCHEMA, Database
from dispatch.storage.field_cipher import FieldCipher, fingerprint, new_index_key, new_key
from dispatch.storage.migration import migrate
from dispatch.storage.open_keys import open_cipher
from dispatch.storage.tables.accounts import customer
from tests import postgres
from tests.factories import NOW

OPS = Actor("root", Role.OPS)
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


def rotated(settings: Settings, database: Database) -> list[str]:
    """Rotate the keys to the end; return the ids of the old ones."""
    before = open_cipher(settings, database)
    rotation.start(settings, database, OPS, NOW)
    assert rotation.switch(database)
    while rotation.step(database, open_cipher(settings, database)):
        pass
    return [before.current, *before.index_keys][:2]


@pytest.mark.parametrize("emptied", [False, True], ids=["the key file is there", "only retired.keys is left"])
def test_a_restore_takes_back_the_retired_keys_that_the_backup_needs(
    sqlite: Database, tmp_path: Path, emptied: bool
) -> None:
    settings, source = load_settings(), tmp_path / "kept"
    fill(sqlite, open_cipher(settings, sqlite))
    backup.backup(settings, source)
    old = rotated(settings, sqlite)
    for key in old:
        rotation.retire(settings, sqlite, key, OPS, NOW)
    sqlite.dispose()
    if emptied:
        key_source.key_file(settings).unlink()
    restored = backup.restore(settings, source, LATER, replace=True)
    assert sorted(restored.keys) == sorted(old)
    opened = Database(settings.database)
    with opened.read() as tx:
        assert customers.find(tx, open_cipher(settings, opened), "passport", "E1") is not None
    for key in rotated(settings, opened):  # what came back may go again, and is there once
        rotation.retire(settings, opened, key, OPS, LATER)
    opened.dispose()
    aside = retired_keys.file(settings).read_text().splitlines()
    assert sorted(line.partition(":")[0] for line in aside) == sorted(old)


def test_a_key_that_is_nowhere_is_named_alone_and_none_comes_back(sqlite: Database, tmp_path: Path) -> None:
    settings, source = load_settings(), tmp_path / "kept"
    fill(sqlite, open_cipher(settings, sqlite))
    backup.backup(settings, source)
    key, index = rotated(settings, sqlite)
    for each in (key, index):
        rotation.retire(settings, sqlite, each, OPS, NOW)
    sqlite.dispose()
    aside, kept = retired_keys.file(settings), key_source.lines(settings)
    aside.write_text("".join(f"{line}\n" for line in aside.read_text().splitlines() if line.startswith("i-")))
    with pytest.raises(KeysMissing) as refused:
        backup.restore(settings, source, LATER, replace=True)
    assert list(refused.value.keys) == [key]
    assert key_source.lines(settings) == kept
    aside.write_text("nonsense\n")
    with pytest.raises(BadSettings, match=r"retired\.keys:1"):
        backup.restore(settings, source, LATER, replace=True)


def test_a_restore_asks_for_no_key_under_which_nothing_is(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, open_cipher(settings, database))
    (new, index), old = (":".join(new_key()), new_index_key()), held(settings)
    if database.kind == "postgresql":
        settings = put_keys(database, monkeypatch, f"{old[0]},{new}", f"{old[1]},{index}")
    rotated(settings, database)
    fields, indexes = (line.split(",") for line in held(settings))
    backup.backup(settings, tmp_path / "kept")
    database.dispose()
    monkeypatch.delenv("DISPATCH_FIELD_KEYS", raising=False)
    monkeypatch.delenv("DISPATCH_INDEX_KEY", raising=False)
    key_source.key_file(settings).unlink(missing_ok=True)
    with pytest.raises(KeysMissing) as refused:
        backup.restore(load_settings(), tmp_path / "kept", LATER, replace=True)
    assert len(refused.value.keys) == 2
    newest = put_keys(database, monkeypatch, fields[-1], indexes[-1])
    backup.restore(newest, tmp_path / "kept", LATER, replace=True)
    opened = Database(newest.database)
    with opened.read() as tx:
        assert customers.find(tx, open_cipher(newest, opened), "passport", "E1") is not None
    opened.dispose()


def held(settings: Settings) -> tuple[str, str]:
    """The two lines of keys, wherever they are."""
    if key_source.uses_file(settings):
        return key_source.lines(settings)
    assert settings.field_keys is not None
    assert settings.index_key is not None
    return settings.field_keys.get_secret_value(), settings.index_key.get_secret_value()


def test_a_database_put_back_by_hand_gets_its_retired_keys_from_keys_show(sqlite: Database, tmp_path: Path) -> None:
    settings = load_settings()
    fill(sqlite, open_cipher(settings, sqlite))
    backup.backup(settings, tmp_path / "kept")
    old = rotated(settings, sqlite)
    for key in old:
        rotation.retire(settings, sqlite, key, OPS, NOW)
    sqlite.dispose()
    backup.restore(settings, tmp_path / "kept", LATER, replace=True, without_keys=True)
    shown = CliRunner().invoke(keys_commands, ["show", "--json"])
    assert sorted(json.loads(shown.stdout)["brought_back"]) == sorted(old)
    assert json.loads(CliRunner().invoke(keys_commands, ["show", "--json"]).stdout)["brought_back"] == []
    opened = Database(settings.database)
    open_cipher(settings, opened)
    opened.dispose()
