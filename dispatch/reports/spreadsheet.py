"""Lists as files for spreadsheet programs. No cell of them is a formula, whatever customers wrote."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

BOM = "\ufeff"
"""Without it, a spreadsheet program in China reads the file as GBK."""

_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Source: OWASP, CSV Injection."""


def as_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV (RFC 4180) with a byte order mark. None is an empty cell; a text that would be a formula gets a `'`."""
    file = io.StringIO()
    file.write(BOM)
    writer = csv.writer(file)
    writer.writerow(head)
    writer.writerows([_defused(cell) for cell in row] for row in rows)
    return file.getvalue()


def _defused(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_BEGINS_FORMULA) else cell
