"""封存 Seals: batches of archive records, history and audit entries, each chained to the batch before. Pure.

A seal's root is the SHA-256 of its heading and of its rows' leaves; a leaf is the SHA-256 of one row. The heading names
the root before it, so that whoever keeps one root elsewhere can check every row that was sealed up to it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dispatch.domain.title import Title, TitledEnum

FIRST = "0" * 64
"""The root before the first seal."""


Name = tuple[str, int, int, int]


class Source(TitledEnum):
    """A table whose rows are sealed."""

    HISTORY = "history", Title("工单历史", "history entry")
    RECORD = "archive_record", Title("归档记录", "archive record")
    AUDIT = "audit", Title("审计记录", "audit entry")


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """A sealed row. `part`: the round of an archive record, else 0; `ticket_id`: 0 for an audit entry."""

    source: str
    key: int
    part: int
    ticket_id: int
    leaf: str

    @property
    def name(self) -> Name:
        """What tells the row from all others. SQLite may give the id of a row that moved into the case store again, to
        another ticket's."""
        return self.source, self.key, self.part, self.ticket_id


@dataclass(frozen=True, slots=True)
class Mark:
    """A seal as it is told outside of the database, written EPOCH/NUMBER/ROOT."""

    epoch: int
    number: int
    root: str

    def __str__(self) -> str:
        return f"{self.epoch}/{self.number}/{self.root}"


_MARK = re.compile(r"(?<![\w/])(\d{1,10})/(\d{1,12})/([0-9a-f]{64})(?![\w/])")


def read_marks(text: str) -> list[Mark]:
    """All marks that stand in a text, such as a log or a backup's report, in their order."""
    return [Mark(int(found[1]), int(found[2]), found[3]) for found in _MARK.finditer(text)]


def leaf(row: Mapping[str, Any]) -> str:
    """The hash of one row: of its columns by name, times in UTC."""
    return hashlib.sha256(_canonical(row)).hexdigest()


def root(epoch: int, number: int, made_at: datetime, previous: str, items: Iterable[Item]) -> str:
    """The root of a seal over these items, which stand in any order."""
    rows = hashlib.sha256()
    count = 0
    for item in sorted(items):
        rows.update(f"{item.source}/{item.key}/{item.part}/{item.ticket_id}/{item.leaf}\n".encode())
        count += 1
    heading = {
        "epoch": epoch,
        "number": number,
        "made_at": made_at,
        "previous": previous,
        "rows": count,
        "leaves": rows.hexdigest(),
    }
    return hashlib.sha256(_canonical(heading)).hexdigest()


def _canonical(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return text.encode()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"no column holds a {type(value).__name__}")
