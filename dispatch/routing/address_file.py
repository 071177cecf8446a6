"""A file of standard addresses 标准地址 and their ports, read strictly: all faults at once, `FILE:LINE:COLUMN: …`.

CSV in UTF-8 with the columns of `COLUMNS`, in any order. An address without a port leaves the last three columns
empty."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dispatch.domain import folding
from dispatch.domain.naming import read_address
from dispatch.domain.title import Wording, sentences
from dispatch.errors import BadAddress, BadAddressFile
from dispatch.routing.faults import Fault, Faults

COLUMNS = ("address", "area", "olt", "port", "capacity")
LONGEST = {"area": 40, "olt": 60, "port": 20}
"""Characters: the tables' column sizes."""

MOST_ON_A_PORT = 1024
"""Subscribers. Source: the ONU-ID of XGS-PON has 10 bits (ITU-T G.9807.1)."""

LARGEST = 200_000_000
"""Bytes of the largest file; it is read whole."""

MOST_FAULTS = 100
"""Faults listed; the rest is counted."""


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
    with file.open("rb") as raw:
        content = raw.read(LARGEST + 1)
    name = str(file)
    megabytes = LARGEST // 1_000_000
    if len(content) > LARGEST:
        raise BadAddressFile(
            file=name,
            faults=[Wording(f"超过 {megabytes} MB：请拆分", f"larger than {megabytes} MB: split it").at(f"{name}:1:1")],
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        column = wrong.start - content.rfind(b"\n", 0, wrong.start)
        what = Wording(
            f"本行第 {column} 个字节不是 UTF-8：请把文件另存为 CSV UTF-8",
            f"byte {column} of this line is not UTF-8: save the file as CSV UTF-8",
        )
        raise BadAddressFile(file=name, faults=[what.at(f"{name}:{line}:{column}")]) from None
    return parse(text, name)


def parse(text: str, name: str) -> AddressList:
    """Raises BadAddressFile with every fault."""
    reading = _Reading(name)
    lines = text.split("\n")
    places = reading.header(lines[0].removesuffix("\r"))
    if places:
        for number, line in enumerate(lines[1:], start=2):
            if line.strip():
                reading.row(number, line.removesuffix("\r"), places)
        if not reading.rows and not reading.faults.found:
            reading.fault(1, 1, Wording("只有表头，没有地址", "there is a header and no address below it"))
    reading.faults.raise_any()
    return AddressList(name, tuple(reading.rows), {port: line for port, (line, _) in reading.ports.items()})


class _Reading:
    """Lines in, addresses and faults out."""

    def __init__(self, name: str) -> None:
        self.faults = Faults(name, BadAddressFile, MOST_FAULTS)
        self.rows: list[CoveredAddress] = []
        self.addresses: dict[str, int] = {}
        self.ports: dict[tuple[str, str], tuple[int, CoveredAddress]] = {}

    def fault(self, line: int, column: int, message: Wording) -> None:
        self.faults.add(Fault(line, column, message))

    def header(self, line: str) -> dict[str, int]:
        """The place of each column; empty when the header is at fault."""
        columns = ", ".join(COLUMNS)
        names = [name.strip() for name in self._fields(1, line) or ()]
        for place, name in enumerate(names):
            if name not in COLUMNS:
                self.fault(
                    1,
                    _column(line, place),
                    Wording(
                        f"没有列 {name!r:.40}；列有：{columns}",
                        f"unknown column {name!r:.40}: the columns are {columns}",
                    ),
                )
            elif name in names[:place]:
                self.fault(1, _column(line, place), Wording(f"列 {name} 出现两次", f"column {name} stands twice"))
        if missing := [name for name in COLUMNS if name not in names]:
            lacking = ", ".join(missing)
            self.fault(1, 1, Wording(f"表头缺少 {lacking}", f"the header lacks {lacking}"))
        return {} if self.faults.found else {name: place for place, name in enumerate(names)}

    def row(self, number: int, line: str, places: dict[str, int]) -> None:
        fields = self._fields(number, line)
        if fields is None:
            return
        if len(fields) != len(places):
            found, columns = len(fields), len(places)
            wrong = Wording(f"有 {found} 项，表头有 {columns} 列", f"{found} fields, the header has {columns} columns")
            self.fault(number, 1, wrong)
            return
        given = {name: fields[place].strip() for name, place in places.items()}
        given |= {name: folding.device(given[name]) for name in ("olt", "port")}
        faults = list(_faults(given))
        for name, message in faults:
            self.fault(number, _column(line, places[name]), message)
        if not faults:
            reach = CoveredAddress(read_address(given["address"]), given["area"])
            if given["olt"]:
                reach = reach._replace(olt=given["olt"], port=given["port"], capacity=int(given["capacity"]))
            self._take(number, reach, lambda name: _column(line, places[name]))

    def _take(self, number: int, reach: CoveredAddress, column: Callable[[str], int]) -> None:
        """Keep the row; a contradiction with an earlier row is a fault."""
        first = self.addresses.setdefault(folding.address_key(reach.text), number)
        if first != number:
            self.fault(
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
                    self.fault(number, column(name), message)
        self.rows.append(reach)

    def _fields(self, number: int, line: str) -> list[str] | None:
        try:
            return next(csv.reader([line], strict=True), [])
        except csv.Error as wrong:
            broken = Wording(
                f"不是 CSV（{wrong}）：请检查本行的引号", f"no CSV ({wrong}): check the quotes of this line"
            )
            self.fault(number, 1, broken)
            return None


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


def _column(line: str, place: int) -> int:
    """The column at which that field begins, from 1; the last one's where quotes in the middle hide commas."""
    starts, quoted = [1], False
    for at, character in enumerate(line, start=1):
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            starts.append(at + 1)
    return starts[min(place, len(starts) - 1)]
