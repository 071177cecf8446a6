"""A backup is the database at one moment, while others write; a restore brings back that state and no more."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, make_url, select, text

from dispatch import backup
from dispatch.errors import AlreadyRunning, BackupFailed, DispatchError, MissingPart, WouldOverwrite
from dispatch.routing.rulebook import Rulebook
from dispatch.runtime.child_process import hold
from dispatch.settings import Settings, load_settings
from dispatch.storage import backup_checksum, epoch, seals
from dispatch.storage.database import SCHEMA, Database
from dispatch.storage.migration import migrate
from dispatch.storage.tables import tickets as t
from tests import factories as f
from tests.postgres import Reused, programs
from tests.small_disk import small_disk


@pytest.fixture
def settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation on a database of either kind, with PostgreSQL's own programs at hand."""
    monkeypatch.setenv("DISPATCH_DATABASE_URL", make_url(database.url).render_as_string(hide_password=False))
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    return load_settings()


def tickets(settings: Settings) -> int:
    database = Database(settings.database)
    with database.read() as tx:
        count = tx.execute(select(func.count()).select_from(t.ticket)).scalar_one()
    database.dispose()
    return int(count)


def test_a_restore_brings_back_the_data_of_the_backup_and_nothing_else(
    settings: Settings, database: Database, in_force: Rulebook, script: Any, tmp_path: Path
) -> None:
    file = tmp_path / "paidan.backup"
    f.fault(database, in_force, script)
    assert backup.backup(settings, file).size == file.stat().st_size > 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]
    f.fault(database, in_force, script, "GZ2")
    database.dispose()
    restored = backup.restore(settings, file, f.NOW, replace=True)
    assert (restored.schema, len(restored.epoch.mark)) == (SCHEMA, 6)
    assert tickets(settings) == 1
    if restored.put_aside:
        assert tickets(Settings(database_url=f"sqlite:///{restored.put_aside}")) == 2


def test_a_database_with_tickets_is_replaced_only_on_explicit_request(
    settings: Settings, database: Database, in_force: Rulebook, script: Any, tmp_path: Path
) -> None:
    backup.backup(settings, tmp_path / "empty")
    f.fault(database, in_force, script)
    database.dispose()
    with pytest.raises(WouldOverwrite, match="--replace"):
        backup.restore(settings, tmp_path / "empty", f.NOW)
    assert tickets(settings) == 1


def test_a_backup_overwrites_no_file(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("something")
    with pytest.raises(WouldOverwrite):
        backup.backup(settings, tmp_path / "there")
    assert (tmp_path / "there").read_text() == "something"


def test_an_invalid_backup_is_refused_and_the_database_stays(
    settings: Settings, database: Database, in_force: Rulebook, script: Any, tmp_path: Path
) -> None:
    f.fault(database, in_force, script)
    database.dispose()
    (tmp_path / "no").write_bytes(b"no backup" * 1000)
    with pytest.raises(BackupFailed):
        backup.restore(settings, tmp_path / "no", f.NOW, replace=True)
    with pytest.raises(MissingPart):
        backup.restore(settings, tmp_path / "missing", f.NOW, replace=True)
    assert tickets(settings) == 1


@pytest.mark.parametrize("kept", [0, 100, 300_000, -100], ids=["nothing", "the header", "a part", "all but the end"])
def test_a_backup_that_was_copied_in_part_is_called_incomplete_and_nothing_is_replaced(
    sqlite: Database, tmp_path: Path, kept: int
) -> None:
    settings, (whole, part) = load_settings(), (tmp_path / "whole", tmp_path / "part")
    backup.backup(settings, whole)
    sqlite.dispose()
    part.write_bytes(whole.read_bytes()[:kept])
    before = backup._file(settings).read_bytes()
    why = r"incomplete: \d+ bytes of at least \d+" if kept else "the file is empty"
    with pytest.raises(BackupFailed, match=why):
        backup.restore(settings, part, f.NOW, replace=True)
    assert backup._file(settings).read_bytes() == before


def test_a_backup_in_which_a_byte_has_changed_is_refused_and_one_without_a_checksum_says_so(
    settings: Settings, database: Database, in_force: Rulebook, script: Any, tmp_path: Path
) -> None:
    f.fault(database, in_force, script)
    backup.backup(settings, tmp_path / "whole")
    f.fault(database, in_force, script, "GZ2")
    database.dispose()
    whole = bytearray((tmp_path / "whole").read_bytes())
    (tmp_path / "old").write_bytes(whole[: -backup_checksum.LENGTH])
    whole[len(whole) // 2] ^= 1
    (tmp_path / "bad").write_bytes(whole)
    with pytest.raises(BackupFailed, match="checksum is another"):
        backup.restore(settings, tmp_path / "bad", f.NOW, replace=True)
    assert tickets(settings) == 2
    right = backup.restore(settings, tmp_path / "whole", f.NOW, replace=True)
    assert (tickets(settings), right.checksum) == (1, backup_checksum.check(tmp_path / "whole").computed)
    if database.kind == "sqlite":
        assert backup_checksum.check(backup._file(settings)).written is None
    assert right.dropped is (database.kind == "postgresql") is (right.put_aside is None)
    assert backup.restore(settings, tmp_path / "old", f.NOW + timedelta(seconds=1), replace=True).checksum is None
    assert tickets(settings) == 1


def test_a_dump_that_breaks_off_is_never_committed(
    postgresql: Database, rulebook: Rulebook, script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", make_url(postgresql.url).render_as_string(hide_password=False))
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    f.put_in_force(postgresql, rulebook)
    f.fault(postgresql, rulebook, script)
    postgresql.dispose()
    backup.backup(load_settings(), tmp_path / "whole")
    f.fault(postgresql, rulebook, script, number="GZ2")
    whole = (tmp_path / "whole").read_bytes()
    (tmp_path / "part").write_bytes(whole[: len(whole) * 9 // 10])
    with pytest.raises(BackupFailed, match="pg_restore"):
        backup.restore(load_settings(), tmp_path / "part", f.NOW, replace=True)
    assert tickets(load_settings()) == 2


def test_a_restore_says_that_it_begins_after_its_checks(
    settings: Settings, database: Database, in_force: Rulebook, script: Any, tmp_path: Path
) -> None:
    f.fault(database, in_force, script)
    database.dispose()
    backup.backup(settings, tmp_path / "kept")
    begun: list[str] = []
    for source, replace in (("missing", True), ("kept", False)):
        with pytest.raises(DispatchError):
            backup.restore(settings, tmp_path / source, f.NOW, replace, lambda: begun.append("begun"))
    assert begun == []
    backup.restore(settings, tmp_path / "kept", f.NOW, True, lambda: begun.append("begun"))
    assert begun == ["begun"]


def test_nothing_is_restored_under_a_running_installation(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "backup").touch()
    settings.run.mkdir(parents=True)
    with hold(settings.run / "up.lock"), pytest.raises(AlreadyRunning):
        backup.restore(settings, tmp_path / "backup", f.NOW, replace=True)


def test_missing_postgresql_programs_are_told_with_what_to_install(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", make_url(postgresql.url).render_as_string(hide_password=False))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPart, match="postgresql-client"):
        backup.backup(load_settings(), tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def version_of(server: Database) -> int:
    with server.read() as tx:
        return int(tx.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000


def test_programs_of_another_version_than_the_server_are_refused_before_they_dump_what_cant_be_restored(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 99.1 (Debian 99.1-1)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("DISPATCH_DATABASE_URL", make_url(postgresql.url).render_as_string(hide_password=False))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    server = version_of(postgresql)
    with pytest.raises(MissingPart, match=rf"pg_dump {server} .*postgresql-client-{server}"):
        backup.backup(load_settings(), tmp_path / "file")
    assert list(tmp_path.iterdir()) == [program]


def test_a_backup_under_load_is_whole(
    settings: Settings, database: Database, in_force: Rulebook, script: Any, tmp_path: Path
) -> None:
    """Check that every ticket has its hop: no transaction is torn."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            f.fault(database, in_force, script, f"GZ{number}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backup.backup(settings, tmp_path / "file")
    finally:
        stop.set()
        writer.join()
    database.dispose()
    backup.restore(settings, tmp_path / "file", f.NOW, replace=True)
    restored = Database(settings.database)
    with restored.read() as tx:
        torn = tx.execute(
            text("SELECT count(*) FROM ticket WHERE NOT EXISTS (SELECT 1 FROM hop WHERE ticket_id = ticket.id)")
        )
        assert torn.scalar_one() == 0
    restored.dispose()


def test_a_backup_of_an_older_schema_is_brought_up_to_date(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", sqlite.url)
    migrate(sqlite, "0001")
    monkeypatch.setattr(Database, "require_schema", lambda _: None)  # as that older program made it
    monkeypatch.setattr(seals, "last", lambda _: None)
    backup.backup(load_settings(), tmp_path / "old")
    sqlite.dispose()
    restored = backup.restore(load_settings(), tmp_path / "old", f.NOW, replace=True)
    assert restored.schema == "0001"
    with sqlite.read() as tx:
        assert tx.execute(select(epoch.BASE)).scalar() == restored.epoch.base >= epoch.GENERATIONS


def test_a_restore_into_an_empty_server_needs_no_explicit_request(
    postgres: Reused,
    postgresql: Database,
    rulebook: Rulebook,
    script: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The other machine, after the fire."""
    here = make_url(postgresql.url)
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    monkeypatch.setenv("DISPATCH_DATABASE_URL", here.render_as_string(hide_password=False))
    f.put_in_force(postgresql, rulebook)
    f.fault(postgresql, rulebook, script)
    backup.backup(load_settings(), tmp_path / "file")
    with postgres.admin.connect() as admin:
        admin.execute(text("CREATE DATABASE paidan_elsewhere"))
    try:
        elsewhere = here.set(database="paidan_elsewhere").render_as_string(hide_password=False)
        monkeypatch.setenv("DISPATCH_DATABASE_URL", elsewhere)
        assert backup.restore(load_settings(), tmp_path / "file", f.NOW).put_aside is None
        assert tickets(load_settings()) == 1
    finally:
        with postgres.admin.connect() as admin:
            admin.execute(text("DROP DATABASE paidan_elsewhere WITH (FORCE)"))


CONNECTING = """#!{python}
import json, os, pathlib, sys, psycopg
if sys.argv[1:] == ["--version"]:
    sys.exit(print("pg_dump (PostgreSQL) {version}.0"))
with psycopg.connect("") as connection:  # as libpq connects by itself
    row = connection.execute("SELECT current_setting('application_name'), current_setting('work_mem'), "
                             "current_setting('jit'), current_database()").fetchone()
    told = {{"settings": row, "host": connection.info.host, "words": sys.argv[1:]}}
pathlib.Path(sys.argv[-1].removeprefix("--file=")).write_text(json.dumps(told))
"""


@pytest.mark.parametrize(
    "hosts", ["host={socket}", "host=127.0.0.1,{socket}&port=1,{port}", "host=127.0.0.1:1&host={socket}"]
)
def test_the_servers_programs_get_every_option_and_host_of_the_url_and_show_no_password(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hosts: str
) -> None:
    """Stands in for pg_dump: a program that connects as libpq does."""
    here = make_url(postgresql.url)
    listed = hosts.format(socket=here.query["host"], port=here.port or 5432)
    options = "application_name=nightly&options=-c%20work_mem%3D7MB&sslmode=prefer&connect_timeout=3"
    url = f"postgresql+psycopg://{here.username}:s3cret@/{here.database}?{listed}&{options}"
    program = tmp_path / "pg_dump"
    program.write_text(CONNECTING.format(python=sys.executable, version=version_of(postgresql)))
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("DISPATCH_DATABASE_URL", url)
    backup.backup(load_settings(), tmp_path / "told")
    told = json.loads((tmp_path / "told").read_bytes()[: -backup_checksum.LENGTH])
    assert told["settings"] == ["nightly", "7MB", "off", here.database]
    assert told["host"] == here.query["host"]
    assert not [word for word in told["words"] if "s3cret" in word]


def test_a_full_disk_is_told_and_leaves_no_half_backup(
    settings: Settings, database: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with small_disk(tmp_path / "disk", 1 << 16) as disk:
        with pytest.raises(BackupFailed) as refused:
            backup.backup(settings, disk / "paidan.backup")
        assert list(disk.iterdir()) == []
    assert "No space left on device" in refused.value.sentence("en")
    if database.kind == "sqlite":
        assert refused.value.sentence("zh") == f"备份失败，未作任何改动：{disk}：磁盘已满"
    assert capfd.readouterr() == ("", "")
