"""Serial numbers of devices, and what a lost device is worth."""

from __future__ import annotations

from datetime import date

import pytest

from dispatch.domain.device import DeviceKind, price_now, read_serial, read_serial_of, whole_months
from dispatch.domain.title import WrongValue


def test_a_serial_number_is_kept_in_upper_case_without_spaces() -> None:
    assert read_serial(" zteg1a2b 3c4d ") == "ZTEG1A2B3C4D"
    assert read_serial_of(DeviceKind.ONT, "4857544312ab34cd") == "4857544312AB34CD"
    assert read_serial_of(DeviceKind.SET_TOP_BOX, "00-1a-2b-3c-4d") == "00-1A-2B-3C-4D"


@pytest.mark.parametrize("typed", ["", "ZTEG1A2", "ZTEG1A2B_C4D", "序列号12345678", "A" * 33])
def test_what_looks_like_no_serial_number_is_refused(typed: str) -> None:
    with pytest.raises(WrongValue):
        read_serial(typed)


@pytest.mark.parametrize("typed", ["ZTEG1A2B3C4", "ZTEG1A2B3C4G", "1234ABCDEF01", "485754431234567890"])
def test_an_ont_has_four_letters_and_eight_digits_to_base_16_or_sixteen(typed: str) -> None:
    with pytest.raises(WrongValue):
        read_serial_of(DeviceKind.ONT, typed)


@pytest.mark.parametrize(
    ("since", "today", "months"),
    [
        (date(2026, 1, 31), date(2026, 1, 31), 0),
        (date(2026, 1, 31), date(2026, 2, 27), 0),
        (date(2026, 1, 31), date(2026, 2, 28), 1),
        (date(2025, 9, 30), date(2026, 11, 30), 14),
        (date(2025, 10, 1), date(2026, 11, 30), 13),
        (date(2026, 2, 1), date(2026, 1, 1), 0),
    ],
)
def test_months_are_whole_ones(since: date, today: date, months: int) -> None:
    assert whole_months(since, today) == months


def test_an_ont_of_200_yuan_lost_after_14_months_is_122_22() -> None:
    assert price_now(200_00, date(2025, 9, 30), date(2026, 11, 30), 36) == 122_22


def test_a_device_is_worth_nothing_after_36_months_and_its_price_on_its_first_day() -> None:
    assert price_now(200_00, date(2026, 1, 5), date(2026, 1, 5), 36) == 200_00
    assert price_now(200_00, date(2020, 1, 5), date(2026, 1, 5), 36) == 0
