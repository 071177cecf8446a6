"""Printing 打印: slips and invoices on the counter's printer."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

from dispatch.ports.ledger import Ledger

_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """`key` is the idempotency key: a key is printed once, however often it is handed in.

    `name` is the sheet's file name without `.pdf`: 1 to 40 letters, digits and dashes.
    """

    key: str
    name: str
    pdf: bytes


class Printer(Protocol):
    """The port: the counter's printer."""

    def print(self, sheets: Sequence[Sheet]) -> None:
        """Print the sheets; a return means that all are accepted. Raises OSError when the printer is out of reach."""


class SimulatedPrinter:
    """Prints into a folder outside our database: `NAME.pdf` for each sheet, readable only by its owner.

    A folder beside it has a link to each sheet by its key: a key that is there was printed. Another sheet of the same
    name becomes `NAME-2.pdf`, for a printer prints whatever is new. The ledger has a line for each sheet that was
    really printed.
    """

    simulated = True

    def __init__(self, tray: Path) -> None:
        self.tray = tray
        self.keys = tray.with_suffix(".keys")
        self.ledger = Ledger(tray.with_suffix(".tsv"))
        for folder in (tray, self.keys):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def print(self, sheets: Sequence[Sheet]) -> None:
        for sheet in sheets:
            if not _NAME.fullmatch(sheet.name):
                raise ValueError("a sheet's name has letters, digits and dashes only")
            known = self.keys / hashlib.sha256(sheet.key.encode()).hexdigest()
            is_new = self._keep(sheet.pdf, known)
            if self._put(sheet, known) and is_new:
                self.ledger.write("print", [sheet.key])

    def _keep(self, pdf: bytes, known: Path) -> bool:
        """Write the file under its key, atomically; return False when the key is known already."""
        with tempfile.NamedTemporaryFile(dir=self.keys) as part:
            part.write(pdf)
            part.flush()
            os.fsync(part.fileno())
            return _link(Path(part.name), known)

    def _put(self, sheet: Sheet, known: Path) -> bool:
        """Lay the key's sheet into the tray, unless it lies there: a process may have died before it did."""
        for number in count(1):
            file = self.tray / (f"{sheet.name}-{number}.pdf" if number > 1 else f"{sheet.name}.pdf")
            if _link(known, file):
                return True
            if file.samefile(known) or _printed_before(file, sheet.pdf):
                return False
        raise AssertionError("numbers don't end")


def _link(source: Path, target: Path) -> bool:
    """Link the file; return False when the target exists already."""
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    return True


def _printed_before(file: Path, pdf: bytes) -> bool:
    """Return whether an earlier release, which kept no keys, printed this sheet."""
    return file.stat().st_nlink == 1 and file.read_bytes() == pdf
