"""A broadband account's password: easily guessed ones are refused."""

from __future__ import annotations

import pytest

from dispatch.domain.password import check_password
from dispatch.errors import BadPassword

KNOWN = ("GZ10086001", "440106199003071231", "13800138000")


@pytest.mark.parametrize("new", ["mofang-88", "Wx7#pq2L", "80527493", "Hai2Zhu9Qu", "!@#$abc2468xyz=+"])
def test_a_strong_password_is_accepted(new: str) -> None:
    check_password(new, *KNOWN)


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("", "8 to 16 characters"),
        ("a1b2c3d", "8 to 16 characters are needed"),
        ("a1b2c3d4e5f6g7h8i", "8 to 16"),
        ("密码密码密码密码", "plain keyboard"),
        ("with space1", "plain keyboard"),
        ("tab\tandmore", "plain keyboard"),
        ("aaaaaaaa", "same or in a row"),
        ("ababababab", "same or in a row"),
        ("12345678", "same or in a row"),
        ("x98765y1", "same or in a row"),
        ("abcdefgh", "same or in a row"),
        ("GZ10086001", "part of the account"),
        ("gz10086x", "part of the account"),
        ("ab19900307", "part of the account"),
        ("00138000ab", "part of the account, document or mobile number"),
    ],
)
def test_an_easy_password_is_refused_with_its_reason_and_never_repeated(new: str, why: str) -> None:
    with pytest.raises(BadPassword, match=why) as refused:
        check_password(new, *KNOWN)
    assert not new or new not in str(refused.value)


def test_five_characters_in_common_with_known_data_are_allowed() -> None:
    check_password("8000-qwe71", "13800138000")


def test_a_run_of_four_characters_is_allowed() -> None:
    check_password("1234-9m-4321")
