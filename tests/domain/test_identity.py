"""Real-name documents: the accepted numbers, the refused ones with the reason, and the masks."""

from __future__ import annotations

from datetime import date

import pytest

from dispatch.domain.identity import DOCUMENT_KINDS, LONGEST_NUMBER, Document, is_minor, masked, read_document
from dispatch.errors import (
    BadDocument,
    DocumentExpired,
    DocumentForMinors,
    ExpiryMissing,
    Refusal,
    UnknownDocumentKind,
)

TODAY = date(2026, 11, 24)
LATER = date(2031, 1, 1)
ADULT, CHILD = "440106199003071231", "440106201503071238"


def read(kind: str, number: str, expires: date | None = LATER) -> Document:
    return read_document(kind, number, expires, TODAY)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("resident-id", "11010519491231002X"),  # the example of GB 11643
        ("resident-id", "440301195001010014"),  # born before the county was founded, registered after
        ("temporary-resident-id", ADULT),
        ("household-register", CHILD),
        ("hk-macau-taiwan-residence-permit", "810000199408230021"),
        ("hk-macau-permit", "H12345678"),
        ("taiwan-permit", "12345678"),
        ("military-id", "军字第2001988号"),
        ("armed-police-id", "武字第0123456号"),
        ("passport", "E12345678"),
        ("passport", "PA0940416"),
        ("foreigner-permanent-residence", "CAN110177083010"),
        ("foreigner-permanent-residence", "911124198108030024"),
        ("business-licence", "91440101MA5PADN01B"),
        ("institution-certificate", "12100000400000624D"),
        ("association-certificate", "51100000500000007W"),
        ("credit-code-certificate", "N2440106MF00000044"),
    ],
)
def test_a_document_of_every_kind_is_read(kind: str, number: str) -> None:
    document = read(kind, number)
    assert (document.kind, document.number, document.expires) == (kind, number, LATER)
    assert len(number) <= LONGEST_NUMBER


def test_every_kind_has_an_example_above() -> None:
    marks = test_a_document_of_every_kind_is_read.pytestmark  # type: ignore[attr-defined]
    assert {kind for kind, _ in marks[0].args[1]} == set(DOCUMENT_KINDS)


@pytest.mark.parametrize(
    "typed", ["１１０１０５１９４９１２３１００２ｘ", " 110105 19491231 002x ", "110105　19491231　002X"]
)
def test_full_width_digits_spaces_and_a_small_x_are_the_same_number(typed: str) -> None:
    assert read("resident-id", typed).number == "11010519491231002X"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("110105194912310021", "its check digit doesn't fit"),
        ("110105491231002", "18 digits"),  # first generation, not valid since 2013
        ("11010519491231002Y", "18 digits"),
        ("٤٤٠١٠٦١٩٩٠٠٣٠٧١٢٣٣", "18 digits"),
        ("990106199003071239", "18 digits"),
        ("", "18 digits"),
        ("440106199002300012", "birth date in it is impossible"),
        ("440106203001010012", "birth date in it is impossible"),
        ("440106179001010015", "birth date in it is impossible"),
        ("440106000001010012", "birth date in it is impossible"),
    ],
)
def test_a_wrong_identity_number_is_refused_with_its_reason_and_without_the_number(number: str, why: str) -> None:
    with pytest.raises(BadDocument, match=why) as refused:
        read("resident-id", number)
    assert "居民身份证号码有误" in refused.value.sentence("zh")
    assert not number or number not in str(refused.value)
    assert number not in {str(fact) for fact in refused.value.facts.values()}


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("hk-macau-permit", "X12345678"),
        ("hk-macau-permit", "H1234567801"),  # the older form; the last expired in 2023
        ("taiwan-permit", "1234567"),
        ("passport", "ABCDEFGH"),
        ("passport", "E123456789"),
        ("hk-macau-taiwan-residence-permit", ADULT),
        ("resident-id", "810000199408230021"),
        ("business-licence", "91440101MA5PADN01T"),
        ("business-licence", "91440101MA5PADN0I0"),
        ("foreigner-permanent-residence", ADULT),
        ("military-id", "军字第号"),
    ],
)
def test_a_number_of_another_form_is_refused(kind: str, number: str) -> None:
    with pytest.raises(BadDocument):
        read(kind, number)


def test_a_document_is_valid_on_its_last_day_and_expired_the_day_after() -> None:
    assert read("resident-id", ADULT, TODAY).expires == TODAY
    with pytest.raises(DocumentExpired, match=r"Resident identity card.*expired on 2026-11-23"):
        read("resident-id", ADULT, date(2026, 11, 23))


def test_an_identity_card_may_be_permanent_a_passport_may_not() -> None:
    assert read("resident-id", ADULT, None).expires is None
    with pytest.raises(ExpiryMissing, match=r"Passport.*expires: enter the date"):
        read("passport", "E12345678", None)


def test_an_unknown_kind_is_refused_with_the_known_ones_and_not_repeated() -> None:
    with pytest.raises(UnknownDocumentKind, match="resident-id, temporary-resident-id") as refused:
        read(ADULT, "resident-id")
    assert ADULT not in str(refused.value)


def test_a_household_register_serves_only_minors() -> None:
    assert is_minor(read("household-register", CHILD), TODAY)
    with pytest.raises(DocumentForMinors, match="serves only persons under 18"):
        read("household-register", ADULT)


def test_a_person_is_of_age_on_their_eighteenth_birthday() -> None:
    child = read("resident-id", CHILD)
    assert child.birth == date(2015, 3, 7)
    assert is_minor(child, date(2033, 3, 6))
    assert not is_minor(child, date(2033, 3, 7))


def test_a_units_document_has_no_birth_date_and_is_known_as_a_units() -> None:
    licence = read("business-licence", "91440101MA5PADN01B", None)
    assert licence.of_unit
    assert not is_minor(licence, TODAY)
    assert not read("resident-id", ADULT).of_unit


def test_all_refusals_share_one_error_class_and_each_has_its_own_code() -> None:
    kinds = [UnknownDocumentKind, BadDocument, DocumentExpired, ExpiryMissing, DocumentForMinors]
    assert all(issubclass(kind, Refusal) for kind in kinds)
    assert len({kind.code for kind in kinds}) == len(kinds)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("11010519491231002X", "110***********002X"),
        ("E12345678", "E******78"),
        ("12345678", "1*****78"),
        ("E1234", "E***4"),
        ("123", "***"),
        ("", ""),
    ],
)
def test_a_masked_document_number_shows_only_its_ends(number: str, shown: str) -> None:
    assert masked(number) == shown


def test_a_documents_repr_contains_neither_number_nor_birth_date() -> None:
    document = read("resident-id", ADULT)
    assert ADULT not in repr(document)
    assert "1990" not in repr(document)
    assert document.masked == "440***********1231"
