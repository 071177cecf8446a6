"""Identity numbers at rest: the ciphertexts, the places where they can be decrypted, and the errors elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.title import Wording, same
from dispatch.errors import BadSettings, MissingPart
from dispatch.storage.field_cipher import FieldCipher, fingerprint, index_id, new_keys, read_keys

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


def test_no_two_new_keys_have_the_same_id() -> None:
    ids = {name for name, _, _ in (new_keys()[0].partition(":") for _ in range(50))}
    assert len(ids) == 50
    assert not any(name == "k1" for name in ids)


def test_two_different_keys_under_one_id_are_refused() -> None:
    keys = ",".join(f"k1:{new_keys()[1]}" for _ in range(2))
    with pytest.raises(BadSettings, match="two different keys have this id"):
        read_keys(keys, new_keys()[1], same("here"))


def test_a_fingerprint_tells_keys_apart_and_gives_nothing_of_them_away() -> None:
    assert fingerprint(b"1" * 32) != fingerprint(b"2" * 32)
    assert len(fingerprint(b"1" * 32)) == 16
    assert CIPHER.fingerprints().keys() == {"k1", "k2", index_id(b"i" * 32)}


def test_a_blind_index_of_an_older_index_key_is_still_found() -> None:
    old = CIPHER.index("document", "passport", "E1")
    new = replace(CIPHER, index_key=b"j" * 32, other_index_keys=(b"i" * 32,))
    assert new.index("document", "passport", "E1") != old
    assert old in new.indexes("document", "passport", "E1")


def test_keys_that_are_empty_are_told_as_empty() -> None:
    with pytest.raises(BadSettings, match="DISPATCH_FIELD_KEYS: the keys are empty"):
        read_keys("", "B" * 43, Wording("DISPATCH_FIELD_KEYS", "DISPATCH_FIELD_KEYS"))
