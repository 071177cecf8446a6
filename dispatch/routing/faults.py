"""The faults of an operator's file: all at once, one line each, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dispatch.domain.system_faults import system_fault
from dispatch.domain.title import Wording, same
from dispatch.errors import BadFile, BadRules

FileError = type[BadFile]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault and its place; lines and columns count from 1."""

    line: int
    column: int
    message: Wording


class Faults:
    """The faults found so far in `file`, raised as one `error`. It lists at most `most` of them and counts the rest."""

    def __init__(self, file: str, error: FileError = BadRules, most: int | None = None) -> None:
        self.file, self.error, self.most = file, error, most
        self.found: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self.found.append(fault)

    def extend(self, faults: Iterable[Fault]) -> None:
        self.found.extend(faults)

    def extend_elsewhere(self, faults: Iterable[Fault]) -> None:
        """Add only faults at places that have none yet: the first pass that sees a fault names it best."""
        places = {(fault.line, fault.column) for fault in self.found}
        self.found += [fault for fault in faults if (fault.line, fault.column) not in places]

    @property
    def full(self) -> bool:
        return self.most is not None and len(self.found) >= self.most

    def raise_any(self) -> None:
        """Raises `error` with each fault once, unless there is none."""
        if not self.found:
            return
        faults = sorted(dict.fromkeys(self.found), key=lambda fault: (fault.line, fault.column))
        lines = [self._line(fault) for fault in faults[: self.most]]
        if len(faults) > len(lines):
            more = len(faults) - len(lines)
            lines.append(Wording(f"另有 {more} 处", f"and {more} more").at(self.file))
        raise self.error(file=self.file, faults=lines)

    def _line(self, fault: Fault) -> Wording:
        """`FILE:LINE:COLUMN: message`; `FILE:LINE: message` for a fault of a whole line, whose column is 0."""
        place = f"{fault.line}:{fault.column}" if fault.column else str(fault.line)
        return fault.message.at(f"{self.file}:{place}")


def read_text(file: Path, error: FileError = BadRules) -> str:
    """The file's text. Raises `error` when it can't be read or isn't UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        why = system_fault(wrong) if isinstance(wrong, OSError) else same(str(wrong))
        unread = Wording(f"无法读取：{why.zh}", f"can't be read: {why.en}")
        raise error(file=str(file), faults=[unread.at(f"{file}:1:1")]) from None
