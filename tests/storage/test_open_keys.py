"""The keys of an installation are its database's, or nothing begins; none are made for a database that has others."""

from __future__ import annotations

import stat

import pytest

from dispatch.errors import BadSettings, KeysMissing, MissingPart, WrongKeys
from dispatch.settings import Settings, load_settings
from dispatch.storage import customers, encrypted, key_ring, key_source, uploads
from dispatch.storage.database import Database
from dispatch.storage.field_cipher import FieldCipher, fingerprint, new_keys
from dispatch.storage.keys_in_force import KeysInForce
from dispatch.storage.migration import migrate
from dispatch.storage.open_keys import check_keys, open_cipher
from tests.factories import NOW

PLACE = ("customer", "document_number", 7)
OLD_KEYS = "k1:" + "A" * 43


def add_customer(database: Database, cipher: FieldCipher, number: str = "E12345678") -> int:
    with database.write() as tx:
        return customers.insert_customer(tx, cipher, "张三", "passport", number, None, "13800138000", NOW)


def plain(database: Database, cipher: FieldCipher, customer: int) -> str:
    with database.read() as tx:
        return customers.document_number(cipher, customers.get(tx, customer))


@pytest.fixture
def embedded(sqlite: Database) -> Settings:
    """An installation on its own SQLite database."""
    return load_settings()


def test_the_embedded_installation_makes_its_keys_once_readable_by_its_owner_alone(
    embedded: Settings, sqlite: Database
) -> None:
    before = {file.name for file in embedded.root.iterdir()}
    sealed = open_cipher(embedded, sqlite).encrypt(b"x", *PLACE)
    assert open_cipher(embedded, sqlite).decrypt(sealed, *PLACE) == b"x"
    assert stat.S_IMODE((embedded.root / "field.keys").stat().st_mode) == 0o600
    made = {file.name for file in embedded.root.iterdir()} - before
    assert {name for name in made if not name.startswith("paidan.db")} == {"field.keys"}


def test_no_key_is_made_while_the_database_holds_an_encrypted_row(embedded: Settings, sqlite: Database) -> None:
    cipher = open_cipher(embedded, sqlite)
    customer = add_customer(sqlite, cipher)
    kept = key_source.key_file(embedded).rename(embedded.root / "kept")
    seen = fingerprint(cipher.keys[cipher.current])
    with pytest.raises(KeysMissing, match=rf"field\.keys.*{cipher.current} \({seen}\)"):
        open_cipher(embedded, sqlite)
    for uses in (True, False):  # the web, a worker
        with pytest.raises(KeysMissing):
            check_keys(embedded, sqlite, uses_keys=uses)
    assert not key_source.key_file(embedded).exists()
    kept.rename(key_source.key_file(embedded))
    assert plain(sqlite, open_cipher(embedded, sqlite), customer) == "E12345678"


def test_no_key_is_made_while_the_database_holds_a_photo_alone(embedded: Settings, sqlite: Database) -> None:
    cipher = open_cipher(embedded, sqlite)
    with sqlite.write() as tx:
        uploads.add(tx, cipher, None, "image/jpeg", "0" * 64, b"photo", "li", NOW)
    key_source.key_file(embedded).unlink()
    with pytest.raises(KeysMissing):
        open_cipher(embedded, sqlite)


def test_an_installation_without_encrypted_rows_may_have_new_keys(embedded: Settings, sqlite: Database) -> None:
    first = open_cipher(embedded, sqlite)
    key_source.key_file(embedded).unlink()
    second = open_cipher(embedded, sqlite)
    assert first.current != second.current
    add_customer(sqlite, second)
    assert open_cipher(embedded, sqlite).current == second.current


def test_keys_of_another_database_under_the_same_id_are_refused_with_both_fingerprints(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", str(database.url))
    monkeypatch.setenv("DISPATCH_FIELD_KEYS", OLD_KEYS)
    monkeypatch.setenv("DISPATCH_INDEX_KEY", "B" * 43)
    cipher = open_cipher(load_settings(), database)
    customer = add_customer(database, cipher)
    monkeypatch.setenv("DISPATCH_FIELD_KEYS", "k1:" + new_keys()[1])
    with pytest.raises(WrongKeys, match=rf"k1 .* needed is\s+{fingerprint(cipher.keys['k1'])}"):
        open_cipher(load_settings(), database)
    with pytest.raises(WrongKeys):
        check_keys(load_settings(), database, uses_keys=False)
    monkeypatch.setenv("DISPATCH_FIELD_KEYS", OLD_KEYS)
    monkeypatch.setenv("DISPATCH_INDEX_KEY", new_keys()[1])
    with pytest.raises(KeysMissing, match="i-"):
        open_cipher(load_settings(), database)
    monkeypatch.setenv("DISPATCH_INDEX_KEY", "B" * 43)
    assert plain(database, open_cipher(load_settings(), database), customer) == "E12345678"


def test_a_database_from_before_the_fingerprints_takes_its_own_keys_alone(embedded: Settings, sqlite: Database) -> None:
    key_source.change(embedded, OLD_KEYS, "B" * 43)
    cipher = open_cipher(embedded, sqlite)
    customer = add_customer(sqlite, cipher)
    migrate(sqlite, "0010")
    migrate(sqlite)
    for lines in (("k1:" + new_keys()[1], "B" * 43), (OLD_KEYS, new_keys()[1])):
        key_source.change(embedded, *lines)
        with pytest.raises(WrongKeys, match="not noted in this database yet"):
            open_cipher(embedded, sqlite)
    key_source.change(embedded, new_keys()[0], "B" * 43)
    with pytest.raises(KeysMissing, match="k1"):
        open_cipher(embedded, sqlite)
    key_source.change(embedded, OLD_KEYS, "B" * 43)
    check_keys(embedded, sqlite, uses_keys=True)
    assert plain(sqlite, open_cipher(embedded, sqlite), customer) == "E12345678"
    with sqlite.read() as tx:
        ring = key_ring.read(tx)
    assert ring is not None
    assert ring.encryption_key == "k1"


def test_who_writes_without_having_opened_the_keys_notes_their_fingerprints_too(database: Database) -> None:
    add_customer(database, FieldCipher({"k1": b"1" * 32}, "k1", b"2" * 32))
    with pytest.raises(WrongKeys):
        add_customer(database, FieldCipher({"k1": b"3" * 32}, "k1", b"2" * 32), "E2")
    with pytest.raises(KeysMissing):
        add_customer(database, FieldCipher({"k9": b"1" * 32}, "k9", b"2" * 32), "E3")
    with database.read() as tx:
        assert encrypted.look(tx).rows == {"k1": 1}


def test_a_servers_database_without_keys_is_refused_and_a_relay_needs_none(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", str(postgresql.url))
    settings = load_settings()
    with pytest.raises(MissingPart, match=r"DISPATCH_FIELD_KEYS and DISPATCH_INDEX_KEY is not there"):
        open_cipher(settings, postgresql)
    check_keys(settings, postgresql, uses_keys=True)
    add_customer(postgresql, FieldCipher({"k1": b"1" * 32}, "k1", b"2" * 32))
    check_keys(settings, postgresql, uses_keys=False)
    with pytest.raises(KeysMissing, match=r"DISPATCH_FIELD_KEYS and DISPATCH_INDEX_KEY.*k1"):
        check_keys(settings, postgresql, uses_keys=True)


def test_keys_from_the_environment_are_used_and_a_bad_one_is_named(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    field_keys, index_key = new_keys()
    monkeypatch.setenv("DISPATCH_FIELD_KEYS", f"{field_keys},old:{new_keys()[1]}")
    monkeypatch.setenv("DISPATCH_INDEX_KEY", index_key)
    cipher = open_cipher(load_settings(), sqlite)
    assert (cipher.current, set(cipher.keys)) == (field_keys.partition(":")[0], {cipher.current, "old"})
    monkeypatch.setenv("DISPATCH_FIELD_KEYS", "k1:short")
    with pytest.raises(BadSettings, match="key 'k1': must be 32 bytes"):
        open_cipher(load_settings(), sqlite)


def test_a_running_process_learns_of_a_key_from_the_file_and_refuses_a_wrong_file(
    embedded: Settings, sqlite: Database
) -> None:
    keys = KeysInForce(embedded, sqlite)
    first = keys.get()
    add_customer(sqlite, first)
    fields, index = key_source.key_file(embedded).read_text().split()
    more, _ = new_keys()
    key_source.change(embedded, f"{fields},{more}", index)
    assert set(keys.get().keys) == {first.current, more.partition(":")[0]}
    assert keys.get().current == first.current
    key_source.change(embedded, more, index)
    assert first.current in keys.get().keys


def test_every_place_that_encrypts_is_among_the_encrypted_columns() -> None:
    assert [each.name for each in encrypted.COLUMNS] == [
        "customer.document_number",
        "kept_document.content",
        "upload.content",
        "customer.birth",
        "operation_agent.document_number",
        "signature.png",
    ]
