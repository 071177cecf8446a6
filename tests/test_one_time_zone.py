"""One time zone: no code asks for the machine's, the browser's, or names one of its own."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.errors import BadSettings
from dispatch.settings import load_settings

PROJECT = Path(__file__).parents[1]
SOURCES = [file for folder in ("dispatch", "workers") for file in sorted((PROJECT / folder).rglob("*.py"))]
SCRIPTS = [file for file in sorted((PROJECT / "dispatch/web/static").glob("*.js")) if file.name != "zone.js"]

OF_THE_MACHINE = {"today", "utcnow", "utcfromtimestamp", "localtime", "ctime", "tzset", "mktime"}
LEAST_ARGUMENTS = {"astimezone": 1, "fromtimestamp": 2, "now": 1}
OF_THE_BROWSER = re.compile(
    r"getTimezoneOffset|toLocale\w*|toDateString|toTimeString|Intl\.DateTimeFormat"
    r"|\.[gs]et(Hours|Minutes|Date|Day|Month|FullYear)\("
)


def bare(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the calls that use the machine's time zone: (line, method)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, arguments = node.func.attr, len(node.args) + len(node.keywords)
            of_datetime = name != "now" or ast.unparse(node.func.value).endswith(("datetime", "Datetime"))
            of_time = name not in ("localtime", "ctime", "mktime", "tzset") or ast.unparse(node.func.value) == "time"
            if (name in OF_THE_MACHINE and of_time and name != "today") or (
                arguments < LEAST_ARGUMENTS.get(name, 0) and of_datetime
            ):
                yield node.lineno, name
            if name == "today" and ast.unparse(node.func.value) in ("date", "datetime"):
                yield node.lineno, name


@pytest.mark.parametrize("statement", ["x.astimezone()", "datetime.fromtimestamp(3)", "date.today()", "datetime.now()"])
def test_the_guard_sees_a_bare_call(statement: str) -> None:
    assert list(bare(ast.parse(statement)))


def test_nobody_takes_the_day_of_utc_for_today() -> None:
    """From 16:00 to 24:00 UTC it is another day than the operator's: a test that did would fail in the evening."""
    files = [*SOURCES, *(PROJECT / "tests").rglob("*.py")]
    wrong = re.compile(r"now\((datetime\.)?UTC\)\.(date|year|month|day)\b")
    assert [str(file.relative_to(PROJECT)) for file in files if wrong.search(file.read_text(encoding="utf-8"))] == []


def test_no_code_reads_the_machines_time_zone_or_names_another() -> None:
    found = []
    for file in SOURCES:
        source = file.read_text(encoding="utf-8")
        found += [f"{file.relative_to(PROJECT)}:{line}: {name}" for line, name in bare(ast.parse(source))]
        if file.name not in ("settings.py", "setting_meanings.py", "forms.py"):  # earlier slips were in China's time
            found += [
                f"{file.relative_to(PROJECT)}: {each}" for each in re.findall(r"Asia/\w+|timedelta\(hours=8\)", source)
            ]
    assert not found


def test_no_script_of_the_pages_reads_the_browsers_time_zone() -> None:
    assert SCRIPTS
    assert not [f"{file.name}: {each[0]}" for file in SCRIPTS for each in OF_THE_BROWSER.finditer(file.read_text())]


def test_an_unknown_time_zone_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_TIMEZONE", "Asia/Shangahi")
    with pytest.raises(BadSettings, match=r"DISPATCH_TIMEZONE.*did you mean Asia/Shanghai\?"):
        load_settings()


@pytest.mark.parametrize("name", ["", "../etc/passwd", "/etc/localtime", "Asia", "x" * 5000, "a\0b"])
def test_what_is_no_time_zones_name_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from dispatch.settings import Settings

    with pytest.raises(ValueError, match="there is no time zone"):
        Settings(timezone=name)


def test_a_machine_without_time_zones_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import sys; sys.modules['tzdata'] = None\n"
        "from dispatch.settings import load_settings\n"
        "from dispatch.errors import BadSettings\n"
        "try: load_settings()\n"
        "except BadSettings as refused: print(refused)\n"
    )
    empty = os.environ | {"PYTHONTZPATH": ""}
    said = subprocess.run([sys.executable, "-c", program], env=empty, capture_output=True, text=True, check=True).stdout
    assert "DISPATCH_TIMEZONE" in said
    assert "install the package tzdata" in said


def test_the_locked_packages_bring_the_time_zones_where_the_machine_has_none() -> None:
    program = "from dispatch.settings import load_settings; print(load_settings().zone)"
    empty = os.environ | {"PYTHONTZPATH": ""}
    said = subprocess.run([sys.executable, "-c", program], env=empty, capture_output=True, text=True, check=True).stdout
    assert said == "Asia/Shanghai\n"


def test_lines_of_logs_carry_the_desks_time_with_its_offset() -> None:
    program = (
        "import logging, zoneinfo\n"
        "from dispatch.runtime.logs import Log, configure_logs\n"
        "configure_logs(zoneinfo.ZoneInfo('Asia/Kathmandu'))\n"
        "Log().info('event')\n"
        "print(logging.Formatter('%(asctime)s').formatTime(logging.makeLogRecord({'created': 0.0}), '%H:%M'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"TZ": "UTC"}, capture_output=True, text=True, check=True
    )
    assert "+05:45'" in done.stderr
    assert done.stdout == "05:30\n"  # Nepal's offset in 1970
