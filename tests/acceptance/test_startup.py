"""A command loads only the libraries that it needs, so that all others start quickly."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from tests.acceptance.conftest import Home

SLOW = ("argon2", "cn2an", "fontTools", "phonenumbers", "segno", "stdnum", "typst")
"""Slow libraries that only the counter needs."""


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
    assert modules & {"argon2", "cn2an", "typst"} == set()  # loaded only to hash or to print


def called(*arguments: str) -> str:
    """Return statements that run the command in their process."""
    words = f"import sys\nsys.argv[1:] = {list(arguments)}\nfrom dispatch.__main__ import main"
    return f"{words}\ntry:\n    main()\nexcept SystemExit:\n    pass"


PROCESSOR_SECONDS = 1.0
"""Processor seconds that --help, or one act, may take at most: twice the 0.5 s wanted on a quiet machine."""


def processor_seconds(home: Home, *arguments: str) -> float:
    """Return the processor seconds of the whole process, user and system: the least of three runs, because others use
    the processor's caches too."""
    words, taken = [sys.executable, "-m", "dispatch", *arguments], []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(words, env=home.environment, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)


@pytest.mark.parametrize("arguments", [("--help",), ("board", "noc", "--json"), ("board", "noc")])
def test_a_command_starts_in_a_moment(home: Home, arguments: tuple[str, ...]) -> None:
    home.done("migrate")
    assert processor_seconds(home, *arguments) < PROCESSOR_SECONDS


def test_the_help_imports_no_command() -> None:
    modules = imported_after(called("--help"))
    assert modules & {"sqlalchemy", "dispatch.cli.context", "dispatch.cli.handling", "dispatch.settings"} == set()


def test_an_act_imports_no_yaml_and_no_log_once_the_rules_are_known(home: Home) -> None:
    home.done("migrate")
    run = f"{called('board', 'noc', '--json')}\nprint('modules', *sys.modules)"
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", run], env=home.environment, capture_output=True, text=True, check=True
        )
    modules = set(done.stdout.rpartition("modules")[2].split())
    assert "sqlalchemy" in modules
    assert modules & {"ruamel", "ruamel.yaml", "structlog", "dispatch.routing.loader", "celery", "fastapi"} == set()
