"""A file of standard addresses 标准地址 and their ports, read strictly: all faults at once, `FILE:LINE:COLUMN: …`.

CSV in UTF-8 with the columns of `COLUMNS`, in any order. An address without a port leaves the last three columns
empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dispatch.domain import folding
from dispatch.domain.naming import read_address
from dispatch.domain.title import Wording, sentences
from dispatch.errors import BadAddress, BadAddressFile
from dispatch.routing.csv_reading import CsvReading, Line, text_of

COLUMNS = ("address", "area", "olt", "port", "capacity")
LONGEST = {"area": 40, "olt": 60, "port": 20}
"""Characters: the tables' column sizes."""

MOST_ON_A_PORT = 1024
"""Subscribers. Source: the ONU-ID of XGS-PON has 10 bits (ITU-T G.9807.1)."""

_EMPTY = Wording("只有表头，没有地址", "there is a header and no address below it")


class CoveredAddress(NamedTuple):
    """A standard address and the PON port that reaches it, if any does."""

    text: str
    area: str
    olt: str = ""
    port: str = ""
    capacity: int = 0


class AddressList(NamedTuple):
    """A whole file. `port_lines` has the line where each (OLT, port) is first, and `columns` where its places are."""

    file: str
    rows: tuple[CoveredAddress, ...]
    port_lines: dict[tuple[str, str], int]


def load(file: Path) -> AddressList:
    """Raises BadAddressFile with every fault; OSError when there is no such file."""
    return parse(text_of(file, BadAddressFile), str(file))


def parse(text: str, name: str) -> AddressList:
    """Raises BadAddressFile with every fault."""
    csv = CsvReading(name, COLUMNS, BadAddressFile)
    reading = _Reading(csv)
    csv.read(text, reading.row, _EMPTY)
    return AddressList(name, tuple(reading.rows), {port: line for port, (line, _) in reading.ports.items()})


class _Reading:
    """Lines in, addresses and faults out."""

    def __init__(self, csv: CsvReading) -> None:
        self.csv = csv
        self.rows: list[CoveredAddress] = []
        self.addresses: dict[str, int] = {}
        self.ports: dict[tuple[str, str], tuple[int, CoveredAddress]] = {}

    def row(self, line: Line) -> None:
        given = dict(line.given)
        given |= {name: folding.device(given[name]) for name in ("olt", "port")}
        faults = list(_faults(given))
        for name, message in faults:
            self.csv.fault(line.number, line.column(name), message)
        if not faults:
            reach = CoveredAddress(read_address(given["address"]), given["area"])
            if given["olt"]:
                reach = reach._replace(olt=given["olt"], port=given["port"], capacity=int(given["capacity"]))
            self._take(line.number, reach, line.column)

    def _take(self, number: int, reach: CoveredAddress, column: Callable[[str], int]) -> None:
        """Keep the row; a contradiction with an earlier row is a fault."""
        first = self.addresses.setdefault(folding.address_key(reach.text), number)
        if first != number:
            self.csv.fault(
                number, column("address"), Wording(f"与第 {first} 行的地址相同", f"the same address as on line {first}")
            )
        if reach.olt:
            line, same = self.ports.setdefault((reach.olt, reach.port), (number, reach))
            for name in ("area", "capacity"):
                here, there = getattr(reach, name), getattr(same, name)
                if here != there:
                    message = Wording(
                        f"端口 {reach.olt} {reach.port} 的 {name} 在第 {line} 行是 {there}，这里是 {here}",
                        f"port {reach.olt} {reach.port} has {name} {there} on line {line}, {here} here",
                    )
                    self.csv.fault(number, column(name), message)
        self.rows.append(reach)


def _faults(given: dict[str, str]) -> Iterator[tuple[str, Wording]]:
    """The faults of one row by itself, as (column, message)."""
    try:
        read_address(given["address"])
    except BadAddress as wrong:
        yield "address", sentences(wrong)
    for name, most in LONGEST.items():
        if len(given[name]) > most or not given[name].isprintable():
            yield name, Wording(f"{name} 最多 {most} 个可打印字符", f"{name} has at most {most} printable characters")
    if not given["area"]:
        yield "area", Wording("area 是空的", "area is empty")
    reaching: Sequence[str] = ("olt", "port", "capacity")
    if not any(given[name] for name in reaching):
        return
    for name in reaching:
        if not given[name]:
            yield (
                name,
                Wording(
                    f"{name} 是空的：端口须有 olt、port、capacity；三项全空表示无资源",
                    f"{name} is empty: a port has olt, port and capacity; without all three nothing reaches",
                ),
            )
    capacity = given["capacity"]
    is_whole = capacity.isascii() and capacity.isdigit() and len(capacity) < 6
    if capacity and not (is_whole and 1 <= int(capacity) <= MOST_ON_A_PORT):
        yield (
            "capacity",
            Wording(f"capacity 应为整数，1 至 {MOST_ON_A_PORT}", f"capacity is a whole number, 1 to {MOST_ON_A_PORT}"),
        )
