"""Names of holders, accounts and places: read strictly, normalised, and masked. Pure.

No error quotes what was typed: names, mobile numbers and addresses are personal data."""

from __future__ import annotations

import re
import unicodedata

from dispatch.domain import folding
from dispatch.domain.text import unprintable
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadAddress, BadInput, BadMobile, BadName

LONGEST_NAME = 60
SHORTEST_ADDRESS, LONGEST_ADDRESS = 4, 120
"""Characters: the columns' sizes, and the length of a line on a slip."""

_IN_NAMES = " ·-.,'&/()“”《》、"
_ACCOUNT = re.compile(r"[A-Za-z0-9@._-]{1,40}")
_TYPED_MOBILE = re.compile(r"[(+]{0,2}[0-9 ().·-]{11,24}")
_BESIDE_DIGITS = re.compile(r"[ ().·-]")


def read_name(raw: str) -> str:
    """A person's or a unit's name, normalised. Raises BadName."""
    name = folding.person(raw)
    if not name:
        raise BadName(why=Title("未填写", "it is empty"))
    if len(name) > LONGEST_NAME:
        why = f"共{len(name)}个字符，最多{LONGEST_NAME}个", f"it has {len(name)} characters, at most {LONGEST_NAME} fit"
        raise BadName(why=Title(*why))
    found = unprintable(name) or _not_of_names(name)
    if found:
        raise BadName(why=_at(*found))
    if not any(_is_letter(c) for c in name):
        raise BadName(why=Title("其中没有文字", "it has no letter in it"))
    return name


def masked_name(name: str) -> str:
    """The name with stars: 张三 as 张*, 欧阳小三 as 欧**三. Longer names keep the last character too."""
    first, last = len(name) > 1, len(name) > 2
    hidden = len(name) - first - last
    return name[:first] + "*" * hidden + name[first + hidden :]


def read_mobile(raw: str) -> str:
    """A mainland mobile number as its 11 digits, however it was typed: +86, 0086, spaces, dashes. Raises BadMobile.

    Source: the numbering plan in libphonenumber, region CN."""
    # Imported here: only commands that take a mobile number need it.
    import phonenumbers

    typed = folding.phone(raw)
    if not _TYPED_MOBILE.fullmatch(typed):
        raise BadMobile()
    try:
        number = phonenumbers.parse(_BESIDE_DIGITS.sub("", typed), "CN")
    except phonenumbers.NumberParseException:
        raise BadMobile() from None
    if (
        not phonenumbers.is_valid_number_for_region(number, "CN")
        or phonenumbers.number_type(number) != phonenumbers.PhoneNumberType.MOBILE
    ):
        raise BadMobile()
    return str(number.national_number)


def masked_mobile(mobile: str) -> str:
    """The number with its middle hidden: `138****8000`."""
    return f"{mobile[:3]}****{mobile[-4:]}" if len(mobile) == 11 else "*" * len(mobile)


def read_account_number(raw: str) -> str:
    """A broadband account's name: letters, digits and @ . _ -, at most 40. Look-ups find it in either case.

    Raises BadInput."""
    number = folding.account(raw)
    if not _ACCOUNT.fullmatch(number):
        raise BadInput(
            what=Wording(
                "宽带账号有误：只能用字母、数字和 @ . _ -，最多 40 个字符",
                "that is no account number: letters, digits and @ . _ -, at most 40",
            )
        )
    return number


def read_address(raw: str) -> str:
    """An address, normalised: 4 to 120 characters on one line. Raises BadAddress."""
    address = folding.address(raw)
    if not SHORTEST_ADDRESS <= len(address) <= LONGEST_ADDRESS:
        raise BadAddress(
            why=Title(
                f"共{len(address)}个字符，应为{SHORTEST_ADDRESS}至{LONGEST_ADDRESS}个",
                f"it has {len(address)} characters, {SHORTEST_ADDRESS} to {LONGEST_ADDRESS} are needed",
            )
        )
    found = unprintable(address)
    if found:
        raise BadAddress(why=_at(*found))
    if address.isdigit():
        raise BadAddress(why=Title("只有数字", "it is digits alone"))
    return address


def _not_of_names(name: str) -> tuple[int, str] | None:
    """The first character that is neither a letter, a mark on one, a digit, nor one of the signs in `_IN_NAMES`."""
    for place, character in enumerate(name, start=1):
        kind = unicodedata.category(character)
        if not (_is_letter(character) or kind in ("Mn", "Mc", "Nd") or character in _IN_NAMES):
            return place, f"U+{ord(character):04X}"
    return None


def _is_letter(character: str) -> bool:
    """Return whether it is a letter, as are 〇 and ideographs of planes 2 and 3 that this Python's Unicode lacks."""
    kind = unicodedata.category(character)
    return kind[0] == "L" or kind == "Nl" or ord(character) >= 0x20000


def _at(place: int, code: str) -> Title:
    return Title(f"第{place}个字符 {code} 不能使用", f"character {place}, {code}, can't stand in it")
