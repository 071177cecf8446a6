"""A database that was put back by hand would give ids out again: it is refused until a new epoch begins."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from dispatch import backup
from dispatch.doctor.contents import GIVEN_OUT
from dispatch.doctor.database import examine
from dispatch.errors import BadSettings, DatabaseOlder
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings, load_settings
from dispatch.storage import given_out
from dispatch.storage.database import Database
from dispatch.storage.migration import open_database
from tests import factories as f
from tests.postgres import programs


@pytest.fixture
def settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", make_url(database.url).render_as_string(hide_password=False))
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    made = load_settings()
    made.root.mkdir(parents=True, exist_ok=True)
    return made


def put_back(database: Database, kept: Path) -> None:
    """Put a copy of the database back as a person does who doesn't know `dispatch restore`."""
    database.dispose()
    url = make_url(database.url)
    if database.kind == "sqlite":
        for leftover in ("-wal", "-shm"):
            Path(f"{url.database}{leftover}").unlink(missing_ok=True)
        shutil.copyfile(kept, url.database or "")
        return
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    subprocess.run(["pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={address}", kept], check=True)


def test_a_database_that_was_put_back_by_hand_is_refused_until_a_new_epoch_begins(
    settings: Settings, database: Database, in_force: Rulebook, script: Script, tmp_path: Path
) -> None:
    f.fault(database, in_force, script, "GZ1")
    given_out.note(settings, database)
    backup.backup(settings, tmp_path / "kept")
    lost = f.fault(database, in_force, script, "GZ2").ticket_id
    given_out.note(settings, database)
    open_database(settings).dispose()
    put_back(database, tmp_path / "kept")
    with pytest.raises(DatabaseOlder, match="dispatch restore --done"):
        open_database(settings)
    with pytest.raises(DatabaseOlder):  # nor does a relay that went on running write it down
        given_out.note(settings, database)
    (row,) = (each for each in examine(settings, None) if each.check == GIVEN_OUT)
    assert re.fullmatch(r"the database went back: \w+ is at \d+, given out was \d+", row.found.text("en"))
    with database.write() as tx:
        backup.new_epoch(tx, f.NOW, given_out.known(settings))
    assert GIVEN_OUT not in [each.check for each in examine(settings, None)]
    open_database(settings).dispose()
    assert f.fault(database, in_force, script, "GZ2").ticket_id > lost
    given_out.note(settings, database)


def test_ids_that_were_written_down_do_not_come_again_even_with_a_clock_that_stands_still(
    settings: Settings, database: Database, in_force: Rulebook, script: Script, tmp_path: Path
) -> None:
    backup.backup(settings, tmp_path / "kept")
    first = f.fault(database, in_force, script).ticket_id
    noted = {**given_out.known(settings), "ticket": 10**9}
    with database.write() as tx:
        begun = backup.new_epoch(tx, f.NOW, noted)
    assert begun.first_ids["ticket"] > 10**9 > first


def test_a_database_that_lost_only_what_never_was_committed_is_not_refused(
    settings: Settings, database: Database, in_force: Rulebook, script: Script
) -> None:
    """A crash takes back the ids of transactions that had not ended: they were in nobody's hands."""
    f.fault(database, in_force, script, "GZ1")
    with database.trial():
        given_out.note(settings, database)  # beside a transaction that writes
    with database.write() as tx:
        tx.execute(text("DELETE FROM effect"))  # rows that are gone were given out all the same
    given_out.note(settings, database)
    open_database(settings).dispose()


def test_another_database_of_the_same_home_is_its_own_and_no_password_is_written_down(
    settings: Settings, database: Database, in_force: Rulebook, script: Script, tmp_path: Path
) -> None:
    f.fault(database, in_force, script)
    given_out.note(settings, database)
    file = settings.root / given_out.FILE
    (name,) = json.loads(file.read_text())
    assert (make_url(name).password, make_url(name).username) == (None, None)
    assert file.stat().st_mode & 0o077 == 0
    assert [each.name for each in settings.root.glob(".given-out*")] == []
    other = settings.model_copy(update={"database_url": None, "home": tmp_path / "other"})
    assert given_out.known(other) == {}


def test_a_damaged_file_is_named_and_nothing_is_taken_for_given_out(settings: Settings, database: Database) -> None:
    (settings.root / given_out.FILE).write_text('{"x": 1')
    with pytest.raises(BadSettings, match=given_out.FILE):
        open_database(settings)
