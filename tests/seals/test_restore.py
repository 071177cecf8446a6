"""The chain of seals over a real backup and restore: what a mark still proves afterwards, and what it doesn't."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from dispatch import backup
from dispatch.cli.archive import archive
from dispatch.domain.roles import Actor, Role
from dispatch.domain.seal import Mark
from dispatch.seals.sealing import seal_new
from dispatch.seals.verification import Flaw, verify
from dispatch.settings import Settings, load_settings
from dispatch.storage import epoch, operations, seals
from dispatch.storage.database import Database
from tests.postgres import programs

ROOT = Actor("root", Role.OPS)
At = Callable[[], Database]


@pytest.fixture
def settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", make_url(database.url).render_as_string(hide_password=False))
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    return load_settings()


def sealed(database: Database, subject: str) -> Mark:
    """Write an audit entry and seal it at once; return the mark that is kept outside."""
    now = datetime.now(UTC)
    with database.write() as tx:
        operations.note_audit(tx, "look", subject, "", ROOT, now)
        seals.note_due(tx, now)
    made, _ = seal_new(database, now)
    assert made is not None
    return made.mark


def test_after_a_restore_a_mark_of_before_the_backup_is_proven_and_one_of_after_it_is_a_fork(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    kept = [sealed(database, "first"), sealed(database, "second")]
    backup.backup(settings, tmp_path / "kept")
    lost = sealed(database, "third")
    assert verify(database, [*kept, lost]).proven == [*kept, lost]
    database.dispose()
    backup.restore(settings, tmp_path / "kept", datetime.now(UTC), replace=True, without_keys=True)
    verdict = verify(database, [*kept, lost])
    assert verdict.proven == kept
    assert [(each.kind, each.seal) for each in verdict.differences] == [(Flaw.FORK, lost.number)]
    assert (verdict.seals, verdict.newest) == (2, kept[-1])
    new = sealed(database, "after the restore")
    assert (new.number, new.epoch > lost.epoch) == (lost.number, True)
    verdict = verify(database, [*kept, new])
    assert (verdict.is_intact, verdict.proven, verdict.restored_at) == (True, [*kept, new], [new.number])


@pytest.mark.parametrize("done_by_hand", [False, True])
def test_a_backup_that_is_restored_twice_begins_two_epochs_and_a_mark_of_the_first_is_a_fork(
    database: Database, settings: Settings, tmp_path: Path, done_by_hand: bool
) -> None:
    sealed(database, "first")
    backup.backup(settings, tmp_path / "kept")
    marks: list[Mark] = []
    bases: list[int] = []
    for _ in range(2):
        database.dispose()
        begun = backup.restore(settings, tmp_path / "kept", datetime.now(UTC), replace=True, without_keys=True).epoch
        if done_by_hand and not marks:
            with database.write() as tx:
                begun = backup.new_epoch(tx, datetime.now(UTC))
        marks.append(sealed(database, "after the restore"))
        bases.append(begun.base)
    assert bases[1] >= bases[0] + epoch.GENERATIONS, "no generation of the first can come again"
    verdict = verify(database, marks)
    assert verdict.proven == [marks[1]]
    assert [(each.kind, each.seal) for each in verdict.differences] == [(Flaw.FORK, marks[0].number)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_command_says_what_is_proven_and_what_not_after_a_restore(
    database: Database, settings: Settings, tmp_path: Path, language: str
) -> None:
    def told(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(archive, list(words), env={"DISPATCH_LANG": language, "COLUMNS": "200"})
        return done.exit_code, done.stdout

    kept = sealed(database, "first")
    file = tmp_path / "kept"
    backup.backup(settings, file)
    lost = sealed(database, "second")
    database.dispose()
    backup.restore(settings, file, datetime.now(UTC), replace=True, without_keys=True)
    status, words = told("--against", str(kept))
    assert status == 0
    assert {"zh": "已证明", "en": "Proven: since mark 1 was kept"}[language] in words
    assert {"zh": "未证明", "en": "Not proven"}[language] in words
    status, words = told("--against", str(lost))
    assert status == 1
    assert str(lost.number) in words
    sealed(database, "after the restore")
    status, words = told()
    assert status == 0
    assert {"zh": "封存 2 起为恢复之后", "en": "seal 2 is the first after a restore"}[language] in words
