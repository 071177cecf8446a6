"""`dispatch archive verify`: what it says, what it proves, and its exit status."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from dispatch.cli.archive import archive
from dispatch.seals.sealing import seal_new
from dispatch.storage.database import Database
from tests.seals.test_seals import by_hand, note


def verify(*words: str, language: str = "en") -> Result:
    return CliRunner().invoke(archive, list(words), env={"DISPATCH_LANG": language, "COLUMNS": "80"})


def sealed(database: Database) -> str:
    """Seal a new audit entry; return the mark."""
    note(database, "x")
    with database.write() as tx:
        tx.execute(text("UPDATE sealing SET due_at = '1970-01-01 00:00:00'"))
    made, _ = seal_new(database, datetime.now(UTC))
    assert made is not None
    return str(made.mark)


def test_an_intact_archive_says_what_is_proven_and_what_is_not(sqlite: Database) -> None:
    mark = sealed(sqlite)
    told = verify()
    assert told.exit_code == 0
    said = " ".join(told.stdout.split())
    assert "Not proven: that nobody with write access to everything rewrote the rows and the seals." in said
    assert mark in said
    proven = " ".join(verify("--against", mark).stdout.split())
    assert "Proven: since mark 1 was kept, no row of seal 1 or before it was changed or removed." in proven
    assert "未证明" in verify(language="zh").stdout


def test_a_changed_row_is_told_and_the_exit_status_is_1(sqlite: Database) -> None:
    sealed(sqlite)
    by_hand(sqlite, "UPDATE audit SET subject = 'y'")
    told = verify()
    assert told.exit_code == 1
    assert "✗ audit entry 1 (seal 1) was changed" in told.stdout
    data = json.loads(verify("--json").stdout)
    assert (data["intact"], data["first_seal"]) == (False, 1)
    assert data["differences"] == [{"kind": "changed", "seal": 1, "row": "audit 1"}]
    assert "✗ 审计记录 1（封存 1）已被改动" in verify(language="zh").stdout


def test_marks_are_taken_from_a_file_and_a_wrong_one_is_told(sqlite: Database, tmp_path: Path) -> None:
    mark = sealed(sqlite)
    log = tmp_path / "relay.log"
    log.write_text(f"sealed mark={mark} rows=1\n")
    assert json.loads(verify("--against", str(log), "--json").stdout)["proven"] == [mark]
    log.write_text(mark[:-1] + ("0" if mark[-1] != "0" else "1"))
    told = verify("--against", str(log))
    assert told.exit_code == 1
    assert "seal 1 isn't the mark's" in told.stdout


def test_the_backup_has_the_marks_of_its_time(sqlite: Database, tmp_path: Path) -> None:
    from dispatch import backup
    from dispatch.settings import load_settings

    mark = sealed(sqlite)
    made = backup.backup(load_settings(), tmp_path / "kept")
    assert str(made.mark) == mark
    sealed(sqlite)
    assert json.loads(verify("--against", str(tmp_path / "kept"), "--json").stdout)["proven"] == [mark]


@pytest.mark.parametrize(("given", "said"), [("nothing", "EPOCH/NUMBER/ROOT"), (__file__, "there is no mark in")])
def test_what_is_no_mark_is_refused(sqlite: Database, given: str, said: str) -> None:
    told = verify("--against", given)
    assert said in str(told.exception)
    assert told.exit_code == 1
