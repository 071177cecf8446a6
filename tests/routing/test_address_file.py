"""A file of addresses is read strictly: every fault at once, each with its line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.errors import BadAddressFile
from dispatch.routing.address_file import CoveredAddress, load, parse
from dispatch.routing.csv_reading import MOST_FAULTS

HEADER = "address,area,olt,port,capacity"
ROW = "广州市天河区体育西路1号,tianhe,OLT-1,0/1/1,64"


def faults(*rows: str, header: str = HEADER) -> list[str]:
    with pytest.raises(BadAddressFile) as refused:
        parse("\n".join((header, *rows)), "a.csv")
    return list(refused.value.lines)


def test_the_sample_is_read() -> None:
    listed = load(Path(__file__).parents[2] / "docs/addresses.csv")
    assert len(listed.rows) == 6
    assert listed.rows[4] == CoveredAddress("广州市番禺区市桥街康乐路6号,首层商铺", "panyu", "GZ-PY-OLT02", "0/1/8", 64)
    assert listed.rows[5] == CoveredAddress("广州市番禺区沙湾镇渡头村8号", "panyu")
    assert listed.port_lines[("GZ-TH-OLT01", "0/1/1")] == 2


def test_columns_may_stand_in_any_order() -> None:
    listed = parse(f"capacity,port,olt,area,address\n64,0/1/1,OLT-1,tianhe,{ROW.split(',')[0]}\n", "a.csv")
    assert listed.rows == parse(f"{HEADER}\n{ROW}", "a.csv").rows


def test_a_file_written_by_excel_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(f"\ufeff{HEADER}\r\n{ROW}\r\n\r\n".encode())
    assert len(load(file).rows) == 1


def test_addresses_are_normalised() -> None:
    typed = "  广州市天河区体育西路１号 , tianhe ,OLT-1,0/1/1, 64"
    assert parse(f"{HEADER}\n{typed}", "a.csv").rows == parse(f"{HEADER}\n{ROW}", "a.csv").rows


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("广,tianhe,,,", "1: The address is wrong: it has 1 characters"),
        ("12345,tianhe,,,", "1: The address is wrong: it is digits alone"),
        ("广州市天河区1号\u202e,tianhe,,,", "1: The address is wrong: character 9, U+202E"),
        ("广州市天河区1号,,,,", "10: area is empty"),
        (f"广州市天河区1号,{'x' * 41},,,", "10: area has at most 40 printable characters"),
        ("广州市天河区1号,tianhe,OLT,,", "21: port is empty"),
        ("广州市天河区1号,tianhe,,0/1,8", "17: olt is empty"),
        ("广州市天河区1号,tianhe,OLT,0/1,0", "25: capacity is a whole number, 1 to 1024"),
        ("广州市天河区1号,tianhe,OLT,0/1,-1", "25: capacity is a whole number, 1 to 1024"),
        ("广州市天河区1号,tianhe,OLT,0/1,٣", "25: capacity is a whole number, 1 to 1024"),
        ("广州市天河区1号,tianhe,OLT,0/1,99999999999999", "25: capacity is a whole number, 1 to 1024"),
        ('"广州市天河区,1号",,,,', "13: area is empty"),
        ('"广州市天河区"1号,tianhe,,,', "1: no CSV"),
        ("广州市天河区1号,tianhe", "1: 2 fields, the header has 5 columns"),
    ],
)
def test_each_fault_is_told_with_line_and_column(row: str, told: str) -> None:
    (first, *_) = faults(row)
    assert first.startswith(f"a.csv:2:{told}")


def test_all_faults_are_told_at_once() -> None:
    told = faults(ROW, ROW, "广,,,,", "广州市天河区体育西路2号,tianhe,OLT-1,0/1/1,32", "x,y")
    assert [line.split(":")[1] for line in told] == ["3", "4", "4", "5", "6"]
    assert told[0] == "a.csv:3:1: the same address as on line 2"
    assert told[3] == "a.csv:5:33: port OLT-1 0/1/1 has capacity 64 on line 2, 32 here"


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("address,area,olt,port", "a.csv:1:1: the header lacks capacity"),
        ("address;area;olt;port;capacity", "a.csv:1:1: unknown column"),
        (f"{HEADER},colour", "a.csv:1:32: unknown column 'colour'"),
        (f"{HEADER},area", "a.csv:1:32: column area stands twice"),
        ("", "a.csv:1:1: the header lacks address, area, olt, port, capacity"),
    ],
)
def test_an_unusable_header_is_the_only_fault_told(header: str, told: str) -> None:
    assert faults("广,,,,", header=header)[0].startswith(told)


def test_a_file_with_only_a_header_is_refused() -> None:
    assert faults() == ["a.csv:1:1: there is a header and no address below it"]


def test_a_long_list_of_faults_is_cut_and_says_so() -> None:
    told = faults(*["x,y"] * (MOST_FAULTS + 7))
    assert len(told) == MOST_FAULTS + 1
    assert told[-1] == "a.csv: and 7 more"


def test_a_wrong_encoding_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(f"{HEADER}\n".encode() + "天河路1号,tianhe,,,\n".encode("gb18030"))
    with pytest.raises(BadAddressFile) as refused:
        load(file)
    told = "byte 1 of this line is not UTF-8: save the file as CSV UTF-8"
    assert list(refused.value.lines) == [f"{file}:2:1: {told}"]
