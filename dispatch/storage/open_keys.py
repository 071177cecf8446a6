"""Open the keys of an installation, checked against the database; make them only for a database that needs none yet."""

from __future__ import annotations

from dispatch.domain.title import Wording
from dispatch.errors import KeysMissing
from dispatch.settings import Settings
from dispatch.storage import key_ring, key_source, retired_keys
from dispatch.storage.database import Database, Tx
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.key_ring import KeyRing


def open_cipher(settings: Settings, database: Database) -> FieldCipher:
    """The cipher of this installation, with the keys for writing. It only reads the database.

    The embedded installation makes its keys on first use, but never for a database that holds encrypted rows. Raises
    BadSettings; MissingPart when a server's database is used without keys; KeysMissing, WrongKeys when the keys aren't
    this database's. Then nothing is written.
    """
    cipher, where = key_source.find(settings), key_source.where(settings)
    with database.read() as tx:
        ring = check(tx, cipher, where)
    if cipher is None:
        if not key_source.uses_file(settings):
            raise key_source.missing(settings)
        key_source.make(settings)
        cipher = key_source.find(settings)
        assert cipher is not None, "the key file was just made"
    return cipher if ring is None else cipher.writing(ring.encryption_key, ring.index_key)


def check_keys(settings: Settings, database: Database, *, uses_keys: bool) -> None:
    """The check at the start of a process. One that uses no keys needs none, and those that it has must be right.

    One that uses keys notes their fingerprints in a database that knows none.
    Raises BadSettings, KeysMissing, WrongKeys.
    """
    cipher, where = key_source.find(settings), key_source.where(settings)
    if cipher is None and not uses_keys and not key_source.uses_file(settings):
        return
    with database.read() as tx:
        ring = check(tx, cipher, where)
    if ring is None and cipher is not None and uses_keys:
        with database.write() as tx:
            key_ring.for_writing(tx, cipher, where)


def bring_back(settings: Settings, database: Database) -> list[str]:
    """Bring back from `retired.keys` what the database needs, as after a restore by other means; return the ids.

    Raises KeysMissing, WrongKeys, BadSettings, and then changes nothing.
    """
    if not key_source.uses_file(settings):
        return []
    where = key_source.where(settings)
    try:
        with database.read() as tx:
            check(tx, key_source.find(settings), where)
    except KeysMissing:
        with database.write() as tx:  # a rotation changes the key file too, under this lock
            return retired_keys.bring_back(settings, lambda cipher: check(tx, cipher, where))
    return []


def check(tx: Tx, cipher: FieldCipher | None, where: Wording) -> KeyRing | None:
    """Check the keys against the database, and return what it knows of them; None when it knows nothing, or when
    nothing in it needs a key and the keys are new. Raises KeysMissing, WrongKeys."""
    ring = key_ring.read(tx)
    if ring is None:
        key_ring.require_of_data(tx, cipher, where)
    elif key_ring.is_outdated(tx, ring, cipher):
        return None
    else:
        key_ring.require(tx, ring, cipher, where)
    return ring
