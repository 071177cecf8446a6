"""An operator's CSV file, read strictly: UTF-8, known columns in any order, all faults at once with their places."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dispatch.domain.title import Wording
from dispatch.routing.faults import Fault, Faults, FileError

LARGEST = 200_000_000
"""Bytes of the largest file; it is read whole."""

MOST_FAULTS = 100
"""Faults listed; the rest is counted."""


class Line(NamedTuple):
    """A line below the header: its number from 1, its text, and its values by column, without space around them."""

    number: int
    text: str
    given: Mapping[str, str]
    places: Mapping[str, int]

    def column(self, name: str) -> int:
        """The column at which that value begins, from 1."""
        return _column(self.text, self.places[name])


def text_of(file: Path, error: FileError) -> str:
    """The file's text, without a byte order mark. Raises `error`; OSError when there is no such file."""
    with file.open("rb") as raw:
        content = raw.read(LARGEST + 1)
    name = str(file)
    megabytes = LARGEST // 1_000_000
    if len(content) > LARGEST:
        raise error(
            file=name,
            faults=[Wording(f"超过 {megabytes} MB：请拆分", f"larger than {megabytes} MB: split it").at(f"{name}:1:1")],
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        column = wrong.start - content.rfind(b"\n", 0, wrong.start)
        what = Wording(
            f"本行第 {column} 个字节不是 UTF-8：请把文件另存为 CSV UTF-8",
            f"byte {column} of this line is not UTF-8: save the file as CSV UTF-8",
        )
        raise error(file=name, faults=[what.at(f"{name}:{line}:{column}")]) from None


class CsvReading:
    """Reads one file's text with these columns, and collects its faults."""

    def __init__(self, name: str, columns: Sequence[str], error: FileError) -> None:
        self.columns = columns
        self.faults = Faults(name, error, MOST_FAULTS)

    def fault(self, line: int, column: int, message: Wording) -> None:
        self.faults.add(Fault(line, column, message))

    def read(self, text: str, take: Callable[[Line], None], empty: Wording) -> None:
        """Give each line to `take`, which may note faults. Raises the file's error with every fault; `empty` is the one
        of a file with a header alone."""
        lines = text.split("\n")
        places = self._header(lines[0].removesuffix("\r"))
        taken = 0
        for number, line in enumerate(lines[1:] if places else (), start=2):
            if line.strip():
                taken += 1
                self._row(number, line.removesuffix("\r"), places, take)
        if places and not taken:
            self.fault(1, 1, empty)
        self.faults.raise_any()

    def _header(self, line: str) -> dict[str, int]:
        """The place of each column; empty when the header is at fault."""
        columns = ", ".join(self.columns)
        names = [name.strip() for name in self._fields(1, line) or ()]
        for place, name in enumerate(names):
            if name not in self.columns:
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
        if missing := [name for name in self.columns if name not in names]:
            lacking = ", ".join(missing)
            self.fault(1, 1, Wording(f"表头缺少 {lacking}", f"the header lacks {lacking}"))
        return {} if self.faults.found else {name: place for place, name in enumerate(names)}

    def _row(self, number: int, line: str, places: Mapping[str, int], take: Callable[[Line], None]) -> None:
        fields = self._fields(number, line)
        if fields is None:
            return
        if len(fields) != len(places):
            found, columns = len(fields), len(places)
            wrong = Wording(f"有 {found} 项，表头有 {columns} 列", f"{found} fields, the header has {columns} columns")
            self.fault(number, 1, wrong)
            return
        take(Line(number, line, {name: fields[place].strip() for name, place in places.items()}, places))

    def _fields(self, number: int, line: str) -> list[str] | None:
        try:
            return next(csv.reader([line], strict=True), [])
        except csv.Error as wrong:
            broken = Wording(
                f"不是 CSV（{wrong}）：请检查本行的引号", f"no CSV ({wrong}): check the quotes of this line"
            )
            self.fault(number, 1, broken)
            return None


def _column(line: str, place: int) -> int:
    """The column at which that field begins, from 1; the last one's where quotes in the middle hide commas."""
    starts, quoted = [1], False
    for at, character in enumerate(line, start=1):
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            starts.append(at + 1)
    return starts[min(place, len(starts) - 1)]
