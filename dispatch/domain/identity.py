"""Real-name documents 实名证件: their kinds, and a strict reader for each. Pure.

Sources: 《电话用户真实身份信息登记规定》 (工业和信息化部令第25号) art. 7 (persons) and 8 (units) for the kinds;
出境入境管理法 art. 14 for the passport of a Chinese citizen who lives abroad; 苏政办发〔2015〕80号 art. 5 for the
household register, which is for minors.
No error's text and no `repr` has a document's number in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from stdnum.cn import ric, uscc

from dispatch.domain import folding
from dispatch.domain.country import COUNTRIES
from dispatch.domain.title import Title
from dispatch.errors import (
    BadBirth,
    BadDocument,
    BadIssuingCountry,
    BirthMissing,
    DocumentExpired,
    DocumentForMinors,
    ExpiryMissing,
    IssuingCountryMissing,
    UnknownDocumentKind,
)

OF_AGE = 18
"""Years. Source: 民法典 art. 17; a younger person needs a guardian beside them (art. 19, 20)."""

OLDEST = 130
"""Years; the oldest age that is believed."""

LONGEST_NUMBER = 24
"""Characters in a document's number: what a column for its mask must hold."""


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """One kind of document: the `form` of its normalised number, `in_words` for the clerk, its check digit if any."""

    name: str
    title: Title
    form: re.Pattern[str]
    in_words: Title
    check_digit: Callable[[str], str] | None = None
    born_at: slice | None = None  # where the number has the date of birth, as YYYYMMDD
    unit: bool = False  # of a unit 单位, not of a person
    always_expires: bool = False  # every document of this kind expires: a missing date was left out
    of_any_country: bool = False  # its number tells nobody apart without the country that issued it


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read. `expires` is None for a permanent document 长期, `birth` when nobody has said it.
    `country` is the one that issued a passport, as in `COUNTRIES`; None for other kinds, and where it is not known."""

    kind: str
    number: str = field(repr=False)
    expires: date | None = None
    birth: date | None = field(default=None, repr=False)
    country: str | None = None

    @property
    def masked(self) -> str:
        return masked(self.number)

    @property
    def of_unit(self) -> bool:
        return DOCUMENT_KINDS[self.kind].unit


_PROVINCE = "(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])"  # Source: GB/T 2260, the mainland's 31
_CITIZEN = re.compile(_PROVINCE + "[0-9]{15}[0-9X]")
_EIGHTEEN = Title("18位，末位为数字或X", "18 digits, the last may be X")
_BORN = slice(6, 14)

# Sources of the forms: GB 11643 (citizens), GB 32100 (units), the rules of the National Immigration Administration.
# Of python-stdnum only the check digits are used: its `validate` refuses counties younger than the holder, though a
# number is given at registration and not at birth, and letters at the head of a unit's code.
_CODE = re.compile("[1-9ANY][0-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_CODE_WORDS = Title("18位统一社会信用代码", "18 signs, the unified social credit code")
_SERVICE = re.compile("(?:[一-鿿]{1,4}字第)?[0-9]{4,12}号?")
_SERVICE_WORDS = Title("如：军字第1234567号", "as in 军字第1234567号")

_KINDS = (
    DocumentKind(
        "resident-id", Title("居民身份证", "Resident identity card"),
        _CITIZEN, _EIGHTEEN, ric.calc_check_digit, _BORN,
    ),
    DocumentKind(
        "temporary-resident-id", Title("临时居民身份证", "Temporary resident identity card"),
        _CITIZEN, _EIGHTEEN, ric.calc_check_digit, _BORN, always_expires=True,
    ),
    DocumentKind(
        "household-register", Title("户口簿", "Household register"),
        _CITIZEN, _EIGHTEEN, ric.calc_check_digit, _BORN,
    ),
    DocumentKind(
        "hk-macau-taiwan-residence-permit",
        Title("港澳台居民居住证", "Residence permit for Hong Kong, Macau and Taiwan"),
        re.compile("8[123]0000[0-9]{11}[0-9X]"),
        Title("以810000、820000或830000开头的18位", "18 digits that begin with 810000, 820000 or 830000"),
        ric.calc_check_digit, _BORN, always_expires=True,
    ),
    DocumentKind(
        "hk-macau-permit", Title("港澳居民来往内地通行证", "Mainland travel permit for Hong Kong and Macau"),
        re.compile("[HM][0-9]{8}"), Title("字母H或M加8位数字", "H or M and 8 digits"), always_expires=True,
    ),
    DocumentKind(
        "taiwan-permit", Title("台湾居民来往大陆通行证", "Mainland travel permit for Taiwan"),
        re.compile("[0-9]{8}"), Title("8位数字", "8 digits"), always_expires=True,
    ),
    DocumentKind(
        "military-id", Title("军人身份证件", "Identity document of the armed forces"), _SERVICE, _SERVICE_WORDS,
    ),
    DocumentKind(
        "armed-police-id", Title("武装警察身份证件", "Identity document of the armed police"), _SERVICE, _SERVICE_WORDS,
    ),
    DocumentKind(
        "passport", Title("护照", "Passport"),
        re.compile("(?=.*[0-9])[A-Z0-9]{5,9}"), Title("5至9位字母和数字", "5 to 9 letters and digits"),
        always_expires=True, of_any_country=True,
    ),
    DocumentKind(
        "foreigner-permanent-residence", Title("外国人永久居留身份证", "Foreign permanent resident ID card"),
        re.compile("9[0-9]{16}[0-9X]|[A-Z]{3}[0-9]{12}"),
        Title("以9开头的18位，或3个字母加12位数字", "18 digits that begin with 9, or 3 letters and 12 digits"),
        ric.calc_check_digit, _BORN, always_expires=True,
    ),
    DocumentKind(
        "business-licence", Title("营业执照", "Business licence"),
        _CODE, _CODE_WORDS, uscc.calc_check_digit, unit=True,
    ),
    DocumentKind(
        "institution-certificate", Title("事业单位法人证书", "Certificate of a public institution"),
        _CODE, _CODE_WORDS, uscc.calc_check_digit, unit=True,
    ),
    DocumentKind(
        "association-certificate", Title("社会团体法人登记证书", "Certificate of an association"),
        _CODE, _CODE_WORDS, uscc.calc_check_digit, unit=True,
    ),
    DocumentKind(
        "credit-code-certificate", Title("统一社会信用代码证书", "Unified social credit code certificate"),
        _CODE, _CODE_WORDS, uscc.calc_check_digit, unit=True,
    ),
)  # fmt: skip

DOCUMENT_KINDS: Mapping[str, DocumentKind] = {kind.name: kind for kind in _KINDS}
"""Every kind by its name, in the order in which the counter shows them."""

OF_ANY_COUNTRY = frozenset(kind.name for kind in _KINDS if kind.of_any_country)
"""The kinds whose numbers tell nobody apart without the country that issued them."""


def read_document(kind: str, number: str, expires: date | None, today: date) -> Document:
    """Read a document as a clerk types it; `expires` None means that it never expires 长期.

    Raises UnknownDocumentKind, BadDocument, ExpiryMissing, DocumentExpired, DocumentForMinors.
    """
    if kind not in DOCUMENT_KINDS:
        raise UnknownDocumentKind(known=list(DOCUMENT_KINDS))
    of = DOCUMENT_KINDS[kind]
    number = normalised(number)
    if not of.form.fullmatch(number):
        raise BadDocument(kind=of.title, why=Title(f"应为{of.in_words.zh}", f"it should be {of.in_words.en}"))
    birth = None
    if len(number) == 18:  # the older permanent residents' cards have 15 signs, and no such parts
        birth = _checked(of, number, today)
    if expires is None and of.always_expires:
        raise ExpiryMissing(kind=of.title)
    if expires is not None and expires < today:
        raise DocumentExpired(kind=of.title, expires=expires)
    document = Document(kind, number, expires, birth)
    if kind == "household-register" and not is_minor(document, today):
        raise DocumentForMinors(kind=of.title, age=OF_AGE)
    return document


def completed(document: Document, country: str | None, birth: date | None, today: date) -> Document:
    """The document with what its number doesn't tell: a passport's country, and a person's date of birth.

    Raises IssuingCountryMissing, BadIssuingCountry, BirthMissing, BadBirth.
    """
    of = DOCUMENT_KINDS[document.kind]
    country = None if country is None else folding.code(country)
    if of.of_any_country and country is None:
        raise IssuingCountryMissing(kind=of.title)
    if country is not None and not of.of_any_country:
        raise BadIssuingCountry(why=Title(f"{of.title.zh}不填", f"a document of this kind ({of.title.en}) has none"))
    if country is not None and country not in COUNTRIES:
        raise BadIssuingCountry(why=Title("应为护照上的三字代码，如 CHN", "give its three letters, as CHN"))
    if of.unit and birth is not None:
        raise BadBirth(why=Title("单位不填", "a unit has none"))
    if not of.unit and document.birth is None and birth is None:
        raise BirthMissing(kind=of.title)
    if birth is not None and document.birth not in (None, birth):
        raise BadBirth(why=Title("与证件号码不符", "the document's number says another"))
    if birth is not None and not _is_possible(birth, today):
        raise BadBirth(why=Title("不可能存在", "it is impossible"))
    return replace(document, country=country, birth=document.birth or birth)


def birth_in(kind: str, number: str) -> date | None:
    """The date of birth in a number that was read before; None where numbers of its kind have none."""
    at = DOCUMENT_KINDS[kind].born_at
    if at is None or len(number) != 18:  # the older permanent residents' cards have 15 signs, and no such parts
        return None
    return date.fromisoformat(f"{number[at][:4]}-{number[at][4:6]}-{number[at][6:]}")


def normalised(number: str) -> str:
    """The number normalised, as `folding.document` tells. Look-ups use the same form."""
    return folding.document(number)


def fitting_kinds(number: str) -> tuple[str, ...]:
    """The kinds of documents that this normalised number can be of, by its form."""
    return tuple(kind.name for kind in DOCUMENT_KINDS.values() if kind.form.fullmatch(number))


def is_minor(document: Document, today: date) -> bool:
    """Return whether the holder is under age and needs a guardian; False when the number has no date of birth."""
    return document.birth is not None and is_under_age(document.birth, today)


def is_under_age(birth: date, today: date) -> bool:
    return _years(birth, today) < OF_AGE


def masked(number: str) -> str:
    """The number with stars in its middle: a long one keeps its first three and last four signs, a short one its first
    sign and its last quarter. At least half is hidden, and with it an identity card's date of birth."""
    if len(number) >= 15:
        first, last = 3, 4
    else:
        first, last = (1, len(number) // 4) if len(number) >= 4 else (0, 0)
    hidden = len(number) - first - last
    return number[:first] + "*" * hidden + number[first + hidden :]


def _checked(of: DocumentKind, number: str, today: date) -> date | None:
    """The date of birth in the number, if it has one. Raises BadDocument for a wrong check digit or an impossible
    date."""
    if of.check_digit is not None and of.check_digit(number) != number[-1]:
        raise BadDocument(
            kind=of.title, why=Title("校验码不符，请核对各位数字", "its check digit doesn't fit the rest")
        )
    if of.born_at is None:
        return None
    digits = number[of.born_at]
    try:
        birth = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        birth = date.max
    if not _is_possible(birth, today):
        raise BadDocument(kind=of.title, why=Title("其中的出生日期不可能存在", "the birth date in it is impossible"))
    return birth


def _is_possible(birth: date, today: date) -> bool:
    return birth <= today and _years(birth, today) <= OLDEST


def _years(birth: date, today: date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
