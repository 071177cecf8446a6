"""Printing 打印: slips and invoices on the counter's printer."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
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

    A sheet whose name is already in the folder counts as printed. The ledger beside the folder has a line for each
    sheet that was really printed.
    """

    def __init__(self, tray: Path) -> None:
        self.tray = tray
        self.ledger = Ledger(tray.with_suffix(".tsv"))
        tray.mkdir(parents=True, exist_ok=True, mode=0o700)

    def print(self, sheets: Sequence[Sheet]) -> None:
        for sheet in sheets:
            if not _NAME.fullmatch(sheet.name):
                raise ValueError("a sheet's name has letters, digits and dashes only")
            if self._put(sheet):
                self.ledger.write("print", [sheet.key])

    def _put(self, sheet: Sheet) -> bool:
        """Write the file atomically; return False when it exists already."""
        with tempfile.NamedTemporaryFile(dir=self.tray) as part:
            part.write(sheet.pdf)
            part.flush()
            os.fsync(part.fileno())
            try:
                os.link(part.name, self.tray / f"{sheet.name}.pdf")
            except FileExistsError:
                return False
        return True
