"""A file of devices is read strictly: every fault at once, each with its line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.domain.device import DeviceKind
from dispatch.errors import BadDeviceFile
from dispatch.routing.device_file import ListedDevice, load, parse

HEADER = "serial,kind,model,price"


def faults(*rows: str, header: str = HEADER) -> list[str]:
    with pytest.raises(BadDeviceFile) as refused:
        parse("\n".join((header, *rows)), "d.csv")
    return list(refused.value.lines)


def test_the_sample_is_read() -> None:
    listed = load(Path(__file__).parents[2] / "docs/devices.csv")
    assert listed.rows[0] == ListedDevice("ZTEG1A2B3C01", DeviceKind.ONT, "F670L", 200_00, 2)
    assert {row.kind for row in listed.rows} == set(DeviceKind)


def test_serial_numbers_and_prices_are_taken_as_people_write_them() -> None:
    (row,) = parse(f"{HEADER}\nzteg 1a2b3c4d,ont,F670L,￥1，234．50元", "d.csv").rows
    assert (row.serial, row.price) == ("ZTEG1A2B3C4D", 1_234_50)


def test_every_fault_is_told_with_its_place() -> None:
    assert faults("ZTEG1A2B3C4D,modem,F670L,200", "ZTEG1A2B3C4,ont,,20001", "12345678,router,AX3,-1") == [
        "d.csv:2:14: 'modem' is none of ont, set-top-box, router",
        "d.csv:3:1: this is no ONT's serial number: four letters and eight digits to base 16, or sixteen such digits",
        "d.csv:3:17: a model has 1 to 60 printable characters",
        "d.csv:3:18: the price is above 10000.00 yuan",
        "d.csv:4:21: this is no amount: write yuan as 700 or 700.50, with no sign, comma or space",
    ]


def test_a_serial_number_stands_once_in_the_file() -> None:
    assert faults("ZTEG1A2B3C4D,ont,F670L,200", "zteg1a2b3c4d,ont,F670L,200") == [
        "d.csv:3:1: the same serial number as on line 2"
    ]


def test_a_header_alone_is_a_fault() -> None:
    assert faults() == ["d.csv:1:1: there is a header and no device below it"]
