"""A file of devices 终端 for the register, read strictly: all faults at once, `FILE:LINE:COLUMN: …`.

CSV in UTF-8 with the columns of `COLUMNS`, in any order; prices in yuan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dispatch.domain.device import MOST_PRICE, DeviceKind, read_serial_of
from dispatch.domain.money import typed_yuan, write_yuan
from dispatch.domain.title import Wording, WrongValue
from dispatch.errors import BadDeviceFile
from dispatch.routing.csv_reading import CsvReading, Line, text_of

COLUMNS = ("serial", "kind", "model", "price")
LONGEST_MODEL = 60
"""Characters: the table's column size."""

_EMPTY = Wording("只有表头，没有终端", "there is a header and no device below it")


class ListedDevice(NamedTuple):
    """A device of the file: serial number as kept, price in fen; `line` is where it stands."""

    serial: str
    kind: DeviceKind
    model: str
    price: int
    line: int


class DeviceList(NamedTuple):
    """A whole file."""

    file: str
    rows: tuple[ListedDevice, ...]


def load(file: Path) -> DeviceList:
    """Raises BadDeviceFile with every fault; OSError when there is no such file."""
    return parse(text_of(file, BadDeviceFile), str(file))


def parse(text: str, name: str) -> DeviceList:
    """Raises BadDeviceFile with every fault."""
    csv, lines, rows = CsvReading(name, COLUMNS, BadDeviceFile), dict[str, int](), list[ListedDevice]()

    def take(line: Line) -> None:
        faults = list(_faults(line))
        for column, message in faults:
            csv.fault(line.number, line.column(column), message)
        if faults:
            return
        kind = DeviceKind(line.given["kind"])
        serial = read_serial_of(kind, line.given["serial"])
        first = lines.setdefault(serial, line.number)
        if first != line.number:
            what = Wording(f"与第 {first} 行的序列号相同", f"the same serial number as on line {first}")
            csv.fault(line.number, line.column("serial"), what)
        rows.append(ListedDevice(serial, kind, line.given["model"], typed_yuan(line.given["price"]), line.number))

    csv.read(text, take, _EMPTY)
    return DeviceList(name, tuple(rows))


def _faults(line: Line) -> Iterator[tuple[str, Wording]]:
    """The faults of one line by itself, as (column, message)."""
    given, known = line.given, ", ".join(DeviceKind)
    if given["kind"] not in tuple(DeviceKind):
        yield (
            "kind",
            Wording(f"没有种类“{given['kind']:.40}”；有：{known}", f"{given['kind']!r:.40} is none of {known}"),
        )
    else:
        try:
            read_serial_of(DeviceKind(given["kind"]), given["serial"])
        except WrongValue as wrong:
            yield "serial", wrong.what
    model = given["model"]
    if not model or len(model) > LONGEST_MODEL or not model.isprintable():
        yield (
            "model",
            Wording(
                f"型号须有 1 至 {LONGEST_MODEL} 个可打印字符", f"a model has 1 to {LONGEST_MODEL} printable characters"
            ),
        )
    try:
        price = typed_yuan(given["price"])
    except WrongValue as wrong:
        yield "price", wrong.what
        return
    if price > MOST_PRICE:
        most = write_yuan(MOST_PRICE)
        yield "price", Wording(f"单价超过 {most} 元", f"the price is above {most} yuan")
