"""The doctor changes nothing: a home that can't be written is examined like any other and stays as it was."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.doctor import examination
from dispatch.doctor.finding import Grade
from dispatch.domain.title import Wording
from dispatch.settings import load_settings
from dispatch.storage import customers, encrypted, key_source
from dispatch.storage.database import Database
from dispatch.storage.open_keys import open_cipher
from tests.factories import NOW


def state(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file's time of change and content, and every folder's."""
    found = {}
    for path in sorted([folder, *folder.rglob("*")]):
        content = "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path)] = (path.stat().st_mtime_ns, content)
    return found


@pytest.fixture
def home(sqlite: Database) -> Iterator[Path]:
    """A home with a customer, a lock file and keys, all closed for writing."""
    settings = load_settings()
    cipher = open_cipher(settings, sqlite)
    with sqlite.write() as tx:
        customers.insert_customer(tx, cipher, "张三", "passport", "E1", None, "13800138000", NOW)
    sqlite.dispose()
    settings.run.mkdir()
    (settings.run / "up.lock").touch()
    os.chmod(settings.root, 0o500)
    yield settings.root
    os.chmod(settings.root, 0o700)


def keys_told() -> tuple[Grade, str]:
    (told,) = (each for each in examination.examine() if each.check.en == "keys")
    return told.verdict, told.found.text("en")


def test_an_examination_leaves_the_home_as_it_was(home: Path) -> None:
    before = state(home)
    assert keys_told()[0] is Grade.GOOD
    assert state(home) == before


def test_an_examination_beside_a_writer_leaves_the_home_as_it_was(home: Path, sqlite: Database) -> None:
    os.chmod(home, 0o700)
    with sqlite.write() as tx:
        customers.change(tx, 1, name="李四")
    before = state(home)
    assert keys_told()[0] is Grade.GOOD
    after = state(home)
    shm = str(home / "paidan.db-shm")  # the readers' marks in memory that the processes share
    assert {name: seen for name, seen in after.items() if name != shm} == {
        name: seen for name, seen in before.items() if name != shm
    }


def test_a_missing_key_file_is_told_and_not_made(home: Path) -> None:
    os.chmod(home, 0o700)
    kept = key_source.key_file(load_settings()).rename(home.parent / f"{home.name}.keys")
    before = state(home)
    verdict, found = keys_told()
    assert (verdict, "field.keys lacks" in found, "changed" in found) == (Grade.BAD, True, False)
    assert state(home) == before
    kept.unlink()


def test_a_row_under_each_key_is_decrypted_and_the_key_of_an_unreadable_one_is_named(
    home: Path, sqlite: Database
) -> None:
    os.chmod(home, 0o700)
    settings = load_settings()
    fields, index = key_source.lines(settings)
    assert isinstance(key_source.where(settings), Wording)
    cipher = open_cipher(settings, sqlite)
    with sqlite.write() as tx:
        other = customers.insert_customer(tx, cipher, "李四", "passport", "E2", None, "13800138001", NOW)
        sealed = type(cipher)({"lost": b"3" * 32}, "lost", b"4" * 32).encrypt_text(
            "E2", "customer", "document_number", other
        )
        customers.change(tx, other, document_number=sealed)
        assert set(encrypted.look(tx).rows) == {"lost", cipher.current}
    verdict, found = keys_told()
    assert (verdict, found) == (Grade.BAD, f"can't be read: lost: customer.document_number {other}")
    assert key_source.lines(settings) == (fields, index)
