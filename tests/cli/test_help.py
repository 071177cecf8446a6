"""Every help page is in one language, and the list of commands is in panels."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from dispatch.cli.commands import PANELS, TABLE

PAGES = """
import contextlib, io, sys
import typer
from dispatch.__main__ import cli
from dispatch.cli.commands import TABLE
from dispatch.cli.framework import fetch

def pages(command, path):
    with contextlib.suppress(SystemExit, typer.Exit):
        with command.make_context(path, ["--help"], resilient_parsing=True) as context:
            print(f"## {path}")
            command.get_help(context)
    for name in getattr(command, "commands", {}):
        pages(command.commands[name], f"{path} {name}")

for row in TABLE:
    pages(fetch(row), row.name)
"""


def pages(language: str) -> dict[str, str]:
    """Return the help page of every command by name, from a process in this language."""
    words = {**os.environ, "DISPATCH_LANG": language, "COLUMNS": "80", "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", PAGES], env=words, capture_output=True, text=True, check=True)
    return dict(part.split("\n", 1) for part in done.stdout.split("## ")[1:])


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    return pages("en")


@pytest.fixture(scope="module")
def chinese() -> dict[str, str]:
    return pages("zh")


def test_an_english_page_has_no_chinese_word(english: dict[str, str]) -> None:
    assert len(english) > len(TABLE)
    assert [name for name, page in english.items() if re.search(r"[\u4e00-\u9fff]", page)] == []


def test_a_chinese_page_has_no_english_sentence(chinese: dict[str, str]) -> None:
    sentence = re.compile(r"(?:\b[a-z]{2,}\b +){4,}")  # option names, values and file names are not sentences
    found = {name: match.group() for name, page in chinese.items() if (match := sentence.search(page))}
    assert found == {}
    assert [name for name, page in chinese.items() if "用法" not in page] == []


def test_every_page_fits_eighty_columns(english: dict[str, str], chinese: dict[str, str]) -> None:
    from rich.cells import cell_len

    for name, page in [*english.items(), *chinese.items()]:
        assert max(map(cell_len, page.splitlines())) <= 80, name


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_list_of_commands_shows_every_one_in_its_panel(language: str) -> None:
    words = {**os.environ, "DISPATCH_LANG": language, "COLUMNS": "100"}
    call = [sys.executable, "-m", "dispatch", "--help"]
    page = subprocess.run(call, env=words, capture_output=True, text=True, check=True).stdout
    heads = [panel.zh if language == "zh" else panel.en for panel in PANELS]
    places = [page.index(f"─ {head} ─") for head in heads]
    assert places == sorted(places)
    for row in TABLE:
        start = places[PANELS.index(row.panel)]
        assert f"│ {row.name} " in page[start:].split("╰")[0], row.name


def test_a_wrong_command_line_is_told_in_the_language_of_the_terminal() -> None:
    told = {}
    for language in ("zh", "en"):
        call = [sys.executable, "-m", "dispatch", "claim"]
        done = subprocess.run(call, env={**os.environ, "DISPATCH_LANG": language}, capture_output=True, text=True)
        assert done.returncode == 2
        told[language] = done.stderr.splitlines()[-1]
    assert told == {"zh": "错误 bad-usage: 缺少 HOP", "en": "Error bad-usage: Missing HOP."}


def test_a_page_shows_what_an_option_takes_and_nothing_beside_a_flag(chinese: dict[str, str]) -> None:
    page = chinese["submit"]
    assert re.search(r"--description +文字 ", page)
    assert re.search(r"--despite-duplicate +确是", page)
    assert "submit [选项] ACCOUNT\n" in re.sub(" +\n", "\n", page)
    assert not [name for name, each in chinese.items() if "<str>" in each or "<bool>" in each]
