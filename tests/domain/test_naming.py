"""Names, mobile numbers, account names and addresses: one way of writing, clear refusals, masks."""

from __future__ import annotations

import pytest

from dispatch.domain.naming import masked_mobile, masked_name, read_account_number, read_address, read_mobile, read_name
from dispatch.errors import BadAddress, BadInput, BadMobile, BadName


@pytest.mark.parametrize(
    "name",
    [
        "张三",
        "欧阳小三",
        "㛃",  # extension A
        "𬭛",  # extension E
        "𪚥",  # extension B
        "\U0003134a",  # extension G
        "\U0002ebf0",  # extension I, younger than Python 3.11's tables
        "〇",
        "买买提·艾力",
        "拉毛·才让",
        "Nguyễn Văn A",
        "Jean-Luc O'Neill, Jr.",
        "محمد",
        "नरेश",
        "广州天河(集团)有限公司",
        "3M中国有限公司",
    ],
)
def test_names_of_people_and_units_in_any_script_are_kept_as_they_are(name: str) -> None:
    assert read_name(name) == name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  张三\n", "张三"),
        ("张　三", "张三"),
        ("John   Smith", "John Smith"),
        ("John\u00a0Smith", "John Smith"),
        ("ＪＯＨＮ", "JOHN"),
        ("买买提•艾力", "买买提·艾力"),
        ("D’Angelo", "D'Angelo"),
        ("e\u0301lodie", "\u00e9lodie"),
        ("广州（天河）", "广州(天河)"),
    ],
)
def test_the_same_name_typed_in_another_way_is_the_same_name(typed: str, name: str) -> None:
    assert read_name(typed) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "it is empty"),
        (" \t ", "it is empty"),
        ("张" * 61, "it has 61 characters, at most 60"),
        ("张\x00三", "character 2, U\\+0000"),
        ("张\n三", "character 2, U\\+000A"),
        ("张三\u202eabc", "character 3, U\\+202E"),
        ("张\u200b三", "character 2, U\\+200B"),
        ("张\ud83d", "character 2, U\\+D83D"),
        ("张\ue001", "character 2, U\\+E001"),
        ("张\u0378", "character 2, U\\+0378"),
        ("张\ufe00", "character 2, U\\+FE00"),
        ("\u3164\u3164", "character 1, U\\+3164"),
        ("张\U0002ffff", "character 2, U\\+2FFFF"),
        ("张三😀", "character 3, U\\+1F600"),
        ("张三;DROP", "character 3, U\\+003B"),
        ("<b>张三", "character 1, U\\+003C"),
        ("13800138000", "it has no letter in it"),
        ("···", "it has no letter in it"),
    ],
)
def test_an_invalid_name_is_refused_with_the_fault_and_its_place(name: str, why: str) -> None:
    with pytest.raises(BadName, match=why) as refused:
        read_name(name)
    assert not name.strip() or name not in str(refused.value)


def test_a_name_of_sixty_rare_characters_is_the_longest() -> None:
    assert read_name("𬭛" * 60) == "𬭛" * 60


@pytest.mark.parametrize(
    ("name", "shown"),
    [("张三", "张*"), ("张小三", "张*三"), ("欧阳小三", "欧**三"), ("李", "*"), ("", ""), ("𬭛㛃三", "𬭛*三")],
)
def test_a_masked_name_shows_its_ends(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        " 138 0013 8000 ",
        "138-0013-8000",
        "+86 138 0013 8000",
        "+8613800138000",
        "0086 13800138000",
        "8613800138000",
        "１３８００１３８０００",
        "＋８６　１３８００１３８０００",
    ],
)
def test_a_mobile_number_is_its_eleven_digits_however_it_is_typed(typed: str) -> None:
    assert read_mobile(typed) == "13800138000"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1380013800",
        "138001380001",
        "12800138000",
        "020-38001380",
        "+852 5123 4567",
        "+1 650 253 0000",
        "13800138000 ext 5",
        "tel:13800138000",
        "13800138000\n13900139000",
        "١٣٨٠٠١٣٨٠٠٠",
        "1380013800O",
        "()()()()()()",
        "+" + "1" * 5000,
    ],
)
def test_an_invalid_mobile_number_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(BadMobile, match="no mobile number") as refused:
        read_mobile(typed)
    assert not typed or typed not in str(refused.value)


def test_a_masked_mobile_number_hides_its_middle() -> None:
    assert masked_mobile("13800138000") == "138****8000"
    assert masked_mobile("1380") == "****"


@pytest.mark.parametrize(
    "typed", ["GZ10086001", "020_3800@gd.cn", " 13800138000 ", "ＧＺ１", "GZ\u200b1", "kd00 0000 0001"]
)
def test_an_account_name_has_letters_digits_and_a_few_signs(typed: str) -> None:
    assert read_account_number(typed).isascii()


@pytest.mark.parametrize("typed", ["", "G Z", "张三", "a" * 41, "GZ1\n2", "GZ1;", "GZ1 GZ2"])
def test_an_invalid_account_name_is_bad_input(typed: str) -> None:
    with pytest.raises(BadInput, match="no account number"):
        read_account_number(typed)


def test_an_address_is_one_line_with_single_spaces_and_plain_digits() -> None:
    assert read_address("  天河区五山路　１２号  3栋 ") == "天河区五山路 12号 3栋"
    assert read_address("㙟村𬭛里1号") == "㙟村𬭛里1号"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("五山路", "it has 3 characters, 4 to 120"),
        ("路" * 121, "it has 121 characters"),
        ("天河区\n五山路12号", "character 4, U\\+000A"),
        ("天河区\u202e五山路", "character 4, U\\+202E"),
        ("123456", "digits alone"),
    ],
)
def test_an_invalid_address_is_refused(typed: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why):
        read_address(typed)
