"""Text as people write it, folded to the one form that is kept, compared and shown. Pure; the readers check it.

Input methods, phones and copied tables write one thing in many ways: full width, five kinds of middle dot, dashes,
marks that nobody sees, 號 for 号. Only what means the same is folded. What could be meant otherwise stays, and its
reader refuses it.
"""

from __future__ import annotations

import re
import unicodedata

_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xFFE5: 0xA5}
"""Full-width ASCII, its space and its ￥, as Chinese input methods type them."""

_RADICALS = {
    code: unicodedata.normalize("NFKC", chr(code))
    for code in (*range(0x2E80, 0x2FE0), *range(0xF900, 0xFB00))
    if len(unicodedata.normalize("NFKC", chr(code))) == 1
}
"""Radicals and compatibility ideographs, which text copied from a PDF has in place of the characters: ⾦ for 金."""

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣⁃"), "-")
_DOTS = dict.fromkeys(map(ord, "•‧∙・⋅･●﹒"), "·") | {ord("’"): "'", ord("‘"): "'"}
"""The middle dot 间隔号 of names such as 买买提·艾力 is U+00B7 (GB/T 15834); input methods type others too."""

_HAN = "〇㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff"
_DOT_BETWEEN = re.compile(f"(?<=[{_HAN}]) ?[·.] ?(?=[{_HAN}])")
_SPACE_BETWEEN = re.compile(f"(?<=[{_HAN}]) (?=[{_HAN}])")

SIMPLIFIED = str.maketrans(
    "號樓棟層單開門區縣鄉鎮莊東廣場園陽橋漢灣島龍華興豐寶順業電廠學國灘蘇齊濟內裡後雲聯馬鳳鐵銀黃綠藍麗"
    "澤義藝衛營軍證舊總機關車錦護蓮湧澗濱潤滙長貿達遠運進萬鄭趙陳劉楊張吳許鄧葉",
    "号楼栋层单开门区县乡镇庄东广场园阳桥汉湾岛龙华兴丰宝顺业电厂学国滩苏齐济内里后云联马凤铁银黄绿蓝丽"
    "泽义艺卫营军证旧总机关车锦护莲涌涧滨润汇长贸达远运进万郑赵陈刘杨张吴许邓叶",
)
"""Traditional forms in addresses: the words of an address, and what streets are named after most. Names of people keep
theirs, for so they stand on the document."""

_NUMBER_SIGN = re.compile(r"(?<=[0-9a-z])#")
_GAP_IN_NUMBERS = re.compile(r"(?<=[0-9a-z]) +(?=[0-9a-z])")

_IN_DOCUMENTS = dict.fromkeys(map(ord, "×✕ХΧ"), "X") | {ord("號"): "号"}

_SPACE_BEFORE_DIGIT = re.compile(r"(?<=[0-9A-Za-z-]) +(?=[0-9])")
_MOBILE_AS_NAME = re.compile(r"(?:(?:\+|00)86-?)?(1[3-9][0-9])-?([0-9]{4})-?([0-9]{4})")

_IN_DAYS = {ord("。"): ".", ord("·"): ".", ord("號"): "号", ord("點"): "点", ord("時"): "时"}

_CURRENCY = re.compile(r"(?:¥|RMB|CNY|人民币)?(.*?)(?:元整?|圆整?|RMB|CNY)?", re.IGNORECASE)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?=\.|$)")


def half_width(raw: str) -> str:
    """`raw` with full-width letters, digits and signs as plain ones."""
    return raw.translate(_HALF)


def one_line(raw: str) -> str:
    """`raw` half-width and composed (NFC), without space around it, and every space in it a single plain one.

    Line ends and tabs inside are kept, so that `text.unprintable` finds them: a name or an address has none.
    """
    text = unicodedata.normalize("NFC", half_width(raw).translate(_RADICALS))
    parts = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text).split(" ")
    return " ".join(part for part in parts if part).strip()


def person(raw: str) -> str:
    """A name of a person or unit: between Chinese characters every dot is ·, and no space stands there or beside it."""
    name = one_line(raw).translate(_DOTS)
    return _SPACE_BETWEEN.sub("", _DOT_BETWEEN.sub("·", name))


def _seen(raw: str) -> str:
    """`raw` half-width, dashes and spaces plain, without space around it and without marks that nobody sees.

    Phones put marks of writing direction around numbers that are copied from their address book.
    """
    plain = half_width(raw).translate(_DASHES)
    shown = ((sign, unicodedata.category(sign)) for sign in plain)
    return "".join(" " if kind == "Zs" else sign for sign, kind in shown if kind != "Cf").strip()


def phone(raw: str) -> str:
    """A telephone number: half-width, its dashes, dots and spaces plain. Those inside stay: two aren't one number."""
    return _seen(raw).translate(_DOTS)


def code(raw: str) -> str:
    """A number that our papers bear, such as a ticket's: half-width, in capitals, without space."""
    return "".join(_seen(raw).upper().split())


def document(raw: str) -> str:
    """A document's number: as `code`; × and letters that look like X are X."""
    return code(raw).translate(_IN_DOCUMENTS)


def account(raw: str) -> str:
    """An account's name: half-width, without space before a digit. Look-ups find it in either case.

    A mobile number as a name is its eleven digits, however it is typed.
    """
    name = _SPACE_BEFORE_DIGIT.sub("", _seen(raw))
    mobile = _MOBILE_AS_NAME.fullmatch(name)
    return "".join(mobile.groups()) if mobile else name


def address(raw: str) -> str:
    """An address as it is shown: compatibility forms and traditional characters of addresses resolved, on one line."""
    return one_line(unicodedata.normalize("NFKC", one_line(raw)).translate(SIMPLIFIED).translate(_DASHES))


def address_key(text: str) -> str:
    """The form by which addresses are compared: lower case, without space and punctuation.

    Between two letters or digits a sign or space is kept as one `-`: 1-2号 is not 12号. After a digit # is 号.
    """
    key = _NUMBER_SIGN.sub("号", address(text).lower())
    spaced = "".join(" " if unicodedata.category(sign)[0] in "ZPS" else sign for sign in key)
    return _GAP_IN_NUMBERS.sub("-", spaced).replace(" ", "")


def amount(raw: str) -> str:
    """An amount in yuan as `read_yuan` takes it: without currency and groups of three. ，and 。 stand for , and ."""
    plain = _seen(raw).replace(" ", "").replace("。", ".")
    found = _CURRENCY.fullmatch(plain)
    bare = found[1] if found else plain
    grouped = _GROUPED.match(bare)
    return bare.replace(",", "") if grouped and "," not in bare[grouped.end() :] else bare


def day(raw: str) -> str:
    """A date or a time: half-width, its dashes plain, every dot and 。 a point, 號 as 号."""
    return phone(raw).translate(_IN_DAYS)


def device(raw: str) -> str:
    """A device's or a port's name: on one line, its dashes plain, no space beside - / : and _."""
    return re.sub(r" ?([-/:_]) ?", r"\1", one_line(raw).translate(_DASHES))
