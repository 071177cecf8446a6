"""Identity numbers at rest: the ciphertexts, the places where they can be decrypted, and the errors elsewhere."""

from __future__ import annotations

import stat
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.errors import BadSettings, MissingPart
from dispatch.settings import load_settings
from dispatch.storage.field_cipher import FieldCipher, new_keys, open_cipher

CIPHER = FieldCipher({"k2": b"2" * 32, "k1": b"1" * 32}, "k2", b"i" * 32)
PLACE = ("customer", "document_number", 7)


@given(st.text())
def test_an_encrypted_value_is_read_back_in_its_place(plain: str) -> None:
    assert CIPHER.decrypt_text(CIPHER.encrypt_text(plain, *PLACE), *PLACE) == plain


@pytest.mark.parametrize(
    "elsewhere", [("account", "document_number", 7), ("customer", "name", 7), ("customer", "document_number", 8)]
)
def test_a_ciphertext_moved_elsewhere_cannot_be_decrypted(elsewhere: tuple[str, str, int]) -> None:
    with pytest.raises(MissingPart, match="encrypted with another key"):
        CIPHER.decrypt(CIPHER.encrypt(b"440102199001011234", *PLACE), *elsewhere)


def test_a_changed_ciphertext_cannot_be_decrypted() -> None:
    sealed = bytearray(CIPHER.encrypt(b"440102199001011234", *PLACE))
    sealed[-1] ^= 1
    with pytest.raises(MissingPart):
        CIPHER.decrypt(bytes(sealed), *PLACE)


def test_one_number_has_ever_new_ciphertexts_but_always_the_same_index() -> None:
    one, other = (CIPHER.encrypt_text("440102199001011234", *PLACE) for _ in range(2))
    assert one != other
    assert CIPHER.index("resident-id", "4401") == CIPHER.index("resident-id", "4401")
    assert CIPHER.index("resident-id", "4401") != CIPHER.index("passport", "4401")
    assert CIPHER.index("a", "bc") != CIPHER.index("ab", "c")
    assert CIPHER.index("x") != replace(CIPHER, index_key=b"j" * 32).index("x")


def test_an_older_key_still_decrypts_what_it_encrypted_and_a_lost_one_is_named() -> None:
    old = replace(CIPHER, current="k1").encrypt(b"x", *PLACE)
    assert CIPHER.decrypt(old, *PLACE) == b"x"
    with pytest.raises(MissingPart, match="field key 'k1'"):
        replace(CIPHER, keys={"k2": b"2" * 32}).decrypt(old, *PLACE)


def test_no_representation_shows_the_keys() -> None:
    assert "2222" not in repr(CIPHER)


def test_the_embedded_installation_makes_its_keys_once_readable_by_its_owner_alone() -> None:
    settings = load_settings()
    sealed = open_cipher(settings).encrypt(b"x", *PLACE)
    assert open_cipher(settings).decrypt(sealed, *PLACE) == b"x"
    assert stat.S_IMODE((settings.root / "field.keys").stat().st_mode) == 0o600
    assert [file.name for file in settings.root.iterdir()] == ["field.keys"]


def test_a_servers_database_without_keys_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", "postgresql+psycopg://x/y")
    with pytest.raises(MissingPart, match="DISPATCH_FIELD_KEYS and DISPATCH_INDEX_KEY is not there"):
        open_cipher(load_settings())


def test_keys_from_the_environment_are_used_and_a_bad_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    field_keys, index_key = new_keys()
    monkeypatch.setenv("DISPATCH_FIELD_KEYS", f"{field_keys},old:{new_keys()[1]}")
    monkeypatch.setenv("DISPATCH_INDEX_KEY", index_key)
    cipher = open_cipher(load_settings())
    assert (cipher.current, set(cipher.keys)) == ("k1", {"k1", "old"})
    monkeypatch.setenv("DISPATCH_FIELD_KEYS", "k1:short")
    with pytest.raises(BadSettings, match="key 'k1': must be 32 bytes"):
        open_cipher(load_settings())
