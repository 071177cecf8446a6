"""A damaged database is found by the doctor, and every command that meets one says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dispatch.doctor import damage
from dispatch.doctor.finding import Grade
from dispatch.storage.database import Database, Tx
from tests.acceptance.conftest import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "paidan")
    made.done("account", "add", "GZ1", "--area", "tianhe", "--mobile", "13800138000", "--as", "chen", "--role", "clerk")
    return made


def head(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(b"no header of a database")


def cut(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)


def pages(file: Path) -> None:
    """The inner pages of tables and of their indexes."""
    with file.open("r+b") as opened:
        for page in range(2, file.stat().st_size // 4096):
            opened.seek(page * 4096)
            opened.write(b"\xff" * 64)


DAMAGES = [head, cut, pages]


@pytest.mark.parametrize("spoil", DAMAGES)
def test_the_doctor_finds_a_damaged_file_and_says_how_to_restore(home: Home, spoil: Callable[[Path], None]) -> None:
    spoil(home.folder / "paidan.db")
    before = (home.folder / "paidan.db").read_bytes()
    status, out, err = home.call("doctor", "--json")
    found = {each["check"]: each for each in json.loads(out)}
    assert (status, err, found["damage"]["verdict"]) == (1, "", "bad")
    assert "dispatch restore" in found["damage"]["remedy"]
    assert "dispatch restore" in found["damage"]["remedy_zh"]
    assert "已损坏" in found["damage"]["found_zh"]
    assert "schema" not in found, "a damaged file isn't asked about itself"
    assert (home.folder / "paidan.db").read_bytes() == before


@pytest.mark.parametrize("spoil", DAMAGES)
@pytest.mark.parametrize(
    "words",
    [
        ("board", "noc"),
        ("tickets",),
        ("effects",),
        ("backup", "{home}/../backup.db"),
        ("migrate",),
        ("account", "add", "GZ2", "--area", "tianhe", "--mobile", "13800138000", "--as", "chen", "--role", "clerk"),
    ],
)
def test_a_command_on_a_damaged_file_ends_with_one_sentence_and_the_remedy(
    home: Home, spoil: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    spoil(home.folder / "paidan.db")
    for language, remedy in (("en", "restore a backup"), ("zh", "从备份恢复")):
        home.settings["DISPATCH_LANG"] = language
        status, out, err = home.call(*(word.format(home=home.folder) for word in words))
        assert (status, out) == (1, "")
        [sentence] = [line for line in err.splitlines() if not line.endswith("…")]  # that is a note of what begins
        assert remedy in sentence
    assert not list(home.folder.parent.glob("*backup.db*"))


def test_a_sound_file_is_said_to_be_sound_with_its_size(home: Home) -> None:
    found = {each["check"]: each for each in json.loads(home.call("doctor", "--json")[1])}
    assert (found["damage"]["verdict"], found["damage"]["found"]) == ("good", "none found (1 MB)")


def test_a_large_file_is_examined_for_a_while_only_and_that_is_said(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage, "LONGEST_SECONDS", -1.0)
    monkeypatch.setattr(damage, "STEPS", 1)
    found = damage.examine_sqlite(sqlite.url)
    assert found.verdict is Grade.DOUBTFUL
    assert "not all of it" in found.found.text("en")
    assert "PRAGMA quick_check" in str(found.remedy)


@pytest.mark.parametrize(
    ("failures", "verdict", "told"),
    [
        (None, Grade.DOUBTFUL, "checksums are off"),
        (0, Grade.GOOD, "no page has failed"),
        (3, Grade.BAD, "3 pages failed their checksum, last at 2026-05-02 10:00 UTC"),
    ],
)
def test_pages_that_failed_their_checksum_are_told(failures: int | None, verdict: Grade, told: str) -> None:
    counted: Any = SimpleNamespace(one=lambda: (failures, datetime(2026, 5, 2, 10, tzinfo=UTC)))
    found = damage.examine_postgresql(cast("Tx", SimpleNamespace(execute=lambda _: counted)))
    assert (found.verdict, told in found.found.text("en")) == (verdict, True)


def test_a_postgresql_is_asked_for_its_failed_pages(postgresql: Database) -> None:
    with postgresql.read() as tx:
        assert damage.examine_postgresql(tx).verdict in (
            Grade.GOOD,
            Grade.DOUBTFUL,
        )  # the server has checksums, or none
