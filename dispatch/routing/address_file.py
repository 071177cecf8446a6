"""A file of standard addresses 标准地址 and of what reaches each, strictly: all faults at once, `FILE:LINE:COLUMN: …`.

CSV in UTF-8 with the columns of `COLUMNS`, in any order. An address that nothing reaches leaves the last three empty.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dispatch.domain.naming import read_address
from dispatch.errors import BadAddress, BadAddressFile
from dispatch.routing.faults import Faults
from dispatch.routing.strict_yaml import Fault

COLUMNS = ("address", "area", "olt", "port", "capacity")
LONGEST = {"area": 40, "olt": 60, "port": 20}
"""Characters: what the columns of the tables hold."""

MOST_ON_A_PORT = 1024
"""Subscribers. Source: the ONU-ID of XGS-PON has 10 bits (ITU-T G.9807.1)."""

LARGEST = 200_000_000
"""Bytes of a file that is read whole."""

MOST_FAULTS = 100
"""Faults listed; of the rest it is said how many there are."""


class CoveredAddress(NamedTuple):
    """A standard address and what reaches it; without a port, nothing does."""

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
    if len(content) > LARGEST:
        raise BadAddressFile(file=name, faults=(f"{name}:1:1: larger than {LARGEST // 1_000_000} MB: split it",))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        column = wrong.start - content.rfind(b"\n", 0, wrong.start)
        what = f"byte {column} of this line is not UTF-8: save the file as CSV UTF-8"
        raise BadAddressFile(file=name, faults=(f"{name}:{line}:{column}: {what}",)) from None
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
            reading.fault(1, 1, "there is a header and no address below it")
    reading.faults.raise_any()
    return AddressList(name, tuple(reading.rows), {port: line for port, (line, _) in reading.ports.items()})


class _Reading:
    """Lines in, addresses and faults out."""

    def __init__(self, name: str) -> None:
        self.faults = Faults(name, BadAddressFile, MOST_FAULTS)
        self.rows: list[CoveredAddress] = []
        self.addresses: dict[str, int] = {}
        self.ports: dict[tuple[str, str], tuple[int, CoveredAddress]] = {}

    def fault(self, line: int, column: int, message: str) -> None:
        self.faults.add(Fault(line, column, message))

    def header(self, line: str) -> dict[str, int]:
        """Where each column stands; nothing when the rows can't be read by it."""
        names = [name.strip() for name in self._fields(1, line) or ()]
        for place, name in enumerate(names):
            if name not in COLUMNS:
                self.fault(
                    1, _column(line, place), f"unknown column {name!r:.40}: the columns are {', '.join(COLUMNS)}"
                )
            elif name in names[:place]:
                self.fault(1, _column(line, place), f"column {name} stands twice")
        if missing := [name for name in COLUMNS if name not in names]:
            self.fault(1, 1, f"the header lacks {', '.join(missing)}")
        return {} if self.faults.found else {name: place for place, name in enumerate(names)}

    def row(self, number: int, line: str, places: dict[str, int]) -> None:
        fields = self._fields(number, line)
        if fields is None:
            return
        if len(fields) != len(places):
            self.fault(number, 1, f"{len(fields)} fields, the header has {len(places)} columns")
            return
        given = {name: fields[place].strip() for name, place in places.items()}
        faults = list(_faults(given))
        for name, message in faults:
            self.fault(number, _column(line, places[name]), message)
        if not faults:
            reach = CoveredAddress(read_address(given["address"]), given["area"])
            if given["olt"]:
                reach = reach._replace(olt=given["olt"], port=given["port"], capacity=int(given["capacity"]))
            self._take(number, reach, lambda name: _column(line, places[name]))

    def _take(self, number: int, reach: CoveredAddress, column: Callable[[str], int]) -> None:
        """The row agrees with those before it, or is a fault."""
        first = self.addresses.setdefault(reach.text, number)
        if first != number:
            self.fault(number, column("address"), f"the same address as on line {first}")
        if reach.olt:
            line, same = self.ports.setdefault((reach.olt, reach.port), (number, reach))
            for name in ("area", "capacity"):
                here, there = getattr(reach, name), getattr(same, name)
                if here != there:
                    message = f"port {reach.olt} {reach.port} has {name} {there} on line {line}, {here} here"
                    self.fault(number, column(name), message)
        self.rows.append(reach)

    def _fields(self, number: int, line: str) -> list[str] | None:
        try:
            return next(csv.reader([line], strict=True), [])
        except csv.Error as wrong:
            self.fault(number, 1, f"no CSV ({wrong}): check the quotes of this line")
            return None


def _faults(given: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(column, what is wrong with it) of one row by itself."""
    try:
        read_address(given["address"])
    except BadAddress as wrong:
        yield "address", str(wrong)
    for name, most in LONGEST.items():
        if len(given[name]) > most or not given[name].isprintable():
            yield name, f"{name} has at most {most} printable characters"
    if not given["area"]:
        yield "area", "area is empty"
    reaching: Sequence[str] = ("olt", "port", "capacity")
    if not any(given[name] for name in reaching):
        return
    for name in reaching:
        if not given[name]:
            yield name, f"{name} is empty: a port has olt, port and capacity; without all three nothing reaches"
    capacity = given["capacity"]
    is_whole = capacity.isascii() and capacity.isdigit() and len(capacity) < 6
    if capacity and not (is_whole and 1 <= int(capacity) <= MOST_ON_A_PORT):
        yield "capacity", f"capacity is a whole number, 1 to {MOST_ON_A_PORT}"


def _column(line: str, place: int) -> int:
    """The character at which that field begins, from 1."""
    starts, quoted = [1], False
    for at, character in enumerate(line, start=1):
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            starts.append(at + 1)
    return starts[place]
