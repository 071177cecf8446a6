"""What one command needs doesn't make the others slower to start."""

from __future__ import annotations

import subprocess
import sys

SLOW = ("argon2", "cn2an", "fontTools", "phonenumbers", "segno", "stdnum", "typst")
"""Libraries that only the counter needs, each slow to import."""


def imported_after(statement: str) -> set[str]:
    words = [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)"]
    return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


def test_no_command_waits_for_what_the_counter_needs() -> None:
    modules = imported_after("import dispatch.__main__")
    assert modules & set(SLOW) == set()
    assert "dispatch.accounts.operation" not in modules


def test_the_counters_commands_find_what_they_need() -> None:
    modules = imported_after("import dispatch.cli.accounts")
    assert "dispatch.accounts.operation" in modules
    assert modules & {"argon2", "cn2an", "typst"} == set()  # not before something is hashed or printed
