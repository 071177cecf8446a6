"""Reads a log of incidents, one row per update, into cases: which groups had each case, in which order.

The format is that of the "Incident management process enriched event log" (UCI data set 498) as CSV, gzipped or plain.
The whole file is read and checked before the replay starts, so that no replay breaks off in the middle.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dispatch.domain.title import Wording
from dispatch.replay.lines import LogFaults, Progress, lines

MISSING = "?"
"""The log's mark for a missing value."""

LONGEST_NUMBER = 30
"""The most characters in an incident's number, which becomes part of an account number and of a request key."""

COLUMNS = ("number", "sys_mod_count", "opened_at", "assignment_group", "reopen_count", "priority")
"""The columns that are read. Their order is free, and there may be others."""


@dataclass(frozen=True, slots=True)
class LoggedCase:
    """One incident. `rounds[i]` is the sequence of groups that had it after its i-th reopening.

    No two neighbours in a round are equal. A round is empty when the log names no group in it. `opened_at` is in UTC.
    `priority` is the case's first priority, in the log's own numbers.
    """

    number: str
    opened_at: datetime
    priority: int
    reopens: int
    rounds: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class IncidentLog:
    """A whole file. `cases` are in the order of opening; `groups` and `priorities` map a value to its first line."""

    file: str
    cases: tuple[LoggedCase, ...]
    rows: int
    groups: Mapping[str, int]
    priorities: Mapping[int, int]


@dataclass(slots=True)
class _Draft:
    """A case while its rows are read. `updates` has (sys_mod_count, reopen_count, group) for each row."""

    line: int
    opened_text: str
    opened_at: datetime
    priority: int
    updates: list[tuple[int, int, str]] = field(default_factory=list)


def read(file: Path, progress: Progress | None = None) -> IncidentLog:
    """Read the log in `file`; `progress` is called with the bytes read so far of the file as stored.

    Raises BadReplayFile with up to 20 faults, each `FILE:LINE: message`.
    """
    faults = LogFaults(str(file))
    reading = _Reading(faults)
    for line, row in _rows(lines(file, faults, progress), faults):
        reading.take(line, row)
    if not reading.drafts and not faults.found:
        faults.fault(
            1,
            Wording("文件只有表头，没有可回放的行", "the file has a header and no rows: there is nothing to replay"),
        )
    faults.raise_any()
    return reading.log()


def _rows(text: Iterator[str], faults: LogFaults) -> Iterator[tuple[int, list[str]]]:
    """Yield (the line on which a row ends, the row's fields in the order of COLUMNS)."""
    reader = csv.reader(text, strict=True)
    header = _next(reader, faults)
    places = _places(header or [], faults)
    while (row := _next(reader, faults)) is not None:
        if len(row) == len(header or []):
            yield reader.line_num, [row[place] for place in places]
        elif row:
            found, wanted = len(row), len(header or [])
            message = Wording(
                f"本行有 {found} 列，表头有 {wanted} 列：每列都要有值，没有的写 '?'",
                f"the row has {found} columns, the header {wanted}: give every column a value or '?'",
            )
            faults.fault(reader.line_num, message)


def _next(reader: Iterator[list[str]], faults: LogFaults) -> list[str] | None:
    """Return the next row, None at the end. A row that isn't CSV is a fault and is returned as an empty row."""
    try:
        return next(reader, None)
    except csv.Error as wrong:
        message = Wording(f"不是 CSV（{wrong}）：请检查本行的引号", f"not CSV ({wrong}): check the quotes of this row")
        faults.fault(getattr(reader, "line_num", 1), message)
        return []


def _places(header: list[str], faults: LogFaults) -> list[int]:
    """Return the index of each of COLUMNS in the header. Raises BadReplayFile when one is missing or there twice."""
    for name in COLUMNS:
        if name not in header:
            listed = ", ".join(header)[:200]
            message = Wording(
                f"缺少列 {name}；表头有：{listed or '无'}",
                f"column {name} is missing; the header has: {listed or 'nothing'}",
            )
            faults.fault(1, message)
        elif header.count(name) > 1:
            faults.fault(1, Wording(f"列 {name} 出现两次：请去掉一个", f"column {name} stands twice: take one away"))
    faults.raise_any()
    return [header.index(name) for name in COLUMNS]


class _Reading:
    """Collects rows into cases."""

    def __init__(self, faults: LogFaults) -> None:
        self.faults = faults
        self.drafts: dict[str, _Draft] = {}
        self.rows = 0
        self.groups: dict[str, int] = {}
        self.priorities: dict[int, int] = {}

    def take(self, line: int, row: list[str]) -> None:
        number, mod_count, opened_at, group, reopen_count, priority = row
        self.rows += 1
        draft = self._draft(line, number, opened_at, self._whole(line, "priority", priority))
        update = (
            self._whole(line, "sys_mod_count", mod_count),
            self._whole(line, "reopen_count", reopen_count),
            sys.intern(group.strip() or MISSING),
        )
        draft.updates.append(update)
        if update[2] != MISSING:
            self.groups.setdefault(update[2], line)

    def _draft(self, line: int, number: str, opened_at: str, priority: int) -> _Draft:
        draft = self.drafts.get(number)
        if draft is None:
            if not number.strip() or number == MISSING:
                self._fault(
                    line, "number", Wording("是空的：每行都要有故障编号", "is empty: every row must name its incident")
                )
            elif len(number) > LONGEST_NUMBER or not number.isprintable():
                message = Wording(
                    f"{number!r:.60} 不是故障编号：最多 {LONGEST_NUMBER} 个可打印字符",
                    f"{number!r:.60} is no incident's number: at most {LONGEST_NUMBER} printable characters",
                )
                self._fault(line, "number", message)
            draft = self.drafts[number] = _Draft(line, opened_at, self._date(line, opened_at), priority)
            self.priorities.setdefault(priority, line)
        elif draft.opened_text != opened_at:
            message = Wording(
                f"{opened_at!r}，但第 {draft.line} 行写 {number} 于 {draft.opened_text} 开单：其中一个有误",
                f"{opened_at!r}, but {number} was opened at {draft.opened_text} on line {draft.line}: "
                "one of the two is wrong",
            )
            self._fault(line, "opened_at", message)
        return draft

    def _fault(self, line: int, column: str, message: Wording) -> None:
        self.faults.fault(line, Wording(f"列 {column}：{message.zh}", f"column {column}: {message.en}"))

    def _whole(self, line: int, column: str, text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 10:
            return int(text)
        message = Wording(f"{text!r} 不是整数：只写数字", f"{text!r} is no whole number: write digits only")
        self._fault(line, column, message)
        return 0

    def _date(self, line: int, text: str) -> datetime:
        try:
            read = datetime.fromisoformat(text)
            return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            message = Wording(
                f"{text!r} 不是日期：应写作 2016-02-29T01:16:00",
                f"{text!r} is no date: write it like 2016-02-29T01:16:00",
            )
            self._fault(line, "opened_at", message)
            return datetime.min.replace(tzinfo=UTC)

    def log(self) -> IncidentLog:
        cases = sorted(map(_case, self.drafts, self.drafts.values()), key=lambda case: (case.opened_at, case.number))
        return IncidentLog(self.faults.file, tuple(cases), self.rows, self.groups, self.priorities)


def _case(number: str, draft: _Draft) -> LoggedCase:
    """Make a case of a draft's rows in their order; a new round starts where the count of reopenings rises."""
    rounds: list[list[str]] = [[]]
    reopens = 0
    for _, reopened, group in sorted(draft.updates, key=lambda update: update[0]):
        if reopened > reopens:
            rounds.append([])
            reopens = reopened
        if group != MISSING and (not rounds[-1] or rounds[-1][-1] != group):
            rounds[-1].append(group)
    return LoggedCase(number, draft.opened_at, draft.priority, reopens, tuple(map(tuple, rounds)))
