"""封存 The chain of seals: every change of a sealed row is told, on both databases, and none is told without one."""

from __future__ import annotations

from datetime import datetime, timedelta
from unittest.mock import Mock

import pytest
from sqlalchemy import func, select, text

from dispatch.backup import new_epoch
from dispatch.domain.roles import Actor, Role
from dispatch.domain.seal import Mark, read_marks
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.seals import sealing, verification
from dispatch.seals.sealing import seal_new
from dispatch.seals.verification import Flaw, Verdict, verify
from dispatch.storage import operations, retention, seals
from dispatch.storage.database import Database
from dispatch.storage.tables.seals import seal, seal_item
from dispatch.storage.tables.tickets import archive_record, history
from dispatch.tickets import closing
from tests import factories as f

MINUTE = timedelta(minutes=1)
ROOT = Actor("root", Role.OPS)


@pytest.fixture
def archived(database: Database, in_force: Rulebook, script: Script) -> int:
    """A closed case and some audit entries, sealed in several batches; the case's id."""
    ticket_id = f.fault(database, in_force, script).ticket_id
    survey = f.archived(database, in_force, ticket_id)
    note(database, "first")
    seal_all(database, f.NOW)
    with database.write() as tx:
        closing.answer(tx, in_force, f.link(tx, survey), "satisfied", f.NOW)
    note(database, "second")
    seal_all(database, f.NOW + MINUTE)
    return ticket_id


def note(database: Database, subject: str) -> None:
    with database.write() as tx:
        operations.note_audit(tx, "look", subject, "", ROOT, f.NOW)


def seal_all(database: Database, now: datetime) -> list[Mark]:
    """Seal as the relay does until nothing is left; return the marks."""
    marks = []
    while True:
        made, is_full = seal_new(database, now)
        marks += [made.mark] if made else []
        if not is_full:
            return marks


def by_hand(database: Database, *statements: str) -> None:
    """Do what only somebody with the database's own password can: triggers are no obstacle to them."""
    with database.write() as tx:
        if database.kind == "sqlite":
            for name, _sql in tx.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all():
                tx.execute(text(f"DROP TRIGGER {name}"))
        else:
            tx.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            tx.execute(text(statement))


def told(verdict: Verdict) -> list[tuple[str, int | None, str | None]]:
    return [(each.kind.value, each.seal, each.row) for each in verdict.differences]


def test_an_untouched_archive_is_intact_and_every_row_is_sealed(database: Database, archived: int) -> None:
    verdict = verify(database)
    assert (verdict.is_intact, verdict.unsealed, verdict.seals) == (True, 0, 2)
    with database.read() as tx:
        rows = sum(tx.execute(select(func.count()).select_from(t)).scalar_one() for t in (history, archive_record))
    assert verdict.rows == rows + 2
    note(database, "third")
    assert (verify(database).is_intact, verify(database).unsealed) == (True, 1)


@pytest.mark.parametrize(
    ("statement", "kind", "number", "row"),
    [
        ("UPDATE history SET actor = 'another' WHERE id = 1", Flaw.CHANGED, 1, "history 1"),
        ("UPDATE history SET detail = '{\"x\": 1}' WHERE id = 2", Flaw.CHANGED, 1, "history 2"),
        ("UPDATE audit SET subject = 'nothing' WHERE id = 2", Flaw.CHANGED, 2, "audit 2"),
        ("UPDATE archive_record SET content = '{}'", Flaw.CHANGED, 1, "archive_record 1/0"),
        ("DELETE FROM audit WHERE id = 1", Flaw.MISSING, 1, "audit 1"),
        ("DELETE FROM archive_record", Flaw.MISSING, 1, "archive_record 1/0"),
        ("DELETE FROM history WHERE id = 1", Flaw.MISSING, 1, "history 1"),
    ],
)
def test_a_row_changed_or_removed_by_sql_is_named_with_its_seal(
    database: Database, archived: int, statement: str, kind: Flaw, number: int, row: str
) -> None:
    by_hand(database, statement)
    verdict = verify(database)
    assert told(verdict) == [(kind, number, row)]
    assert verdict.first_seal == number


def test_a_row_added_to_the_past_is_named(database: Database, archived: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no seal, though the rows behind it have one; it is never sealed later."""
    monkeypatch.setattr(seals, "LATE", {"sqlite": 0, "postgresql": 0})
    columns = "at, actor, role, act, subject, reason"
    by_hand(
        database,
        f"INSERT INTO audit (id, {columns}) SELECT -1, {columns} FROM audit WHERE id = 1",
        "INSERT INTO archive_record SELECT ticket_id, 7, archived_at, content, sha256 FROM archive_record",
    )
    assert told(verify(database))[-1] == ("added", None, "archive_record 1/7")
    seal_all(database, f.NOW + 9 * MINUTE)
    assert ("added", None, "archive_record 1/7") in told(verify(database))


def test_records_without_a_seal_are_all_looked_for_page_by_page(
    database: Database, archived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "ROWS", 2)
    more = "SELECT ticket_id, {}, archived_at, content, sha256 FROM archive_record WHERE round = 0"
    by_hand(database, *(f"INSERT INTO archive_record {more.format(number)}" for number in range(1, 6)))
    assert told(verify(database)) == [("added", None, f"archive_record 1/{number}") for number in range(1, 6)]
    by_hand(database, "DELETE FROM seal_item", "DELETE FROM seal")
    with database.read() as tx:
        rows = sum(tx.execute(select(func.count()).select_from(t)).scalar_one() for t in (history, archive_record))
    assert verify(database).unsealed == rows + 2


def test_a_changed_seal_a_changed_item_and_a_missing_seal_break_the_chain(database: Database, archived: int) -> None:
    note(database, "third")
    seal_all(database, f.NOW + 5 * MINUTE)
    by_hand(database, "UPDATE seal_item SET leaf = 'x' WHERE source = 'audit' AND key = 1")
    assert (Flaw.SEAL, 1, None) in told(verify(database))
    by_hand(database, "DELETE FROM seal_item WHERE seal_number = 2", "DELETE FROM seal WHERE number = 2")
    assert (Flaw.CHAIN, 2, None) in told(verify(database))


def test_a_mark_kept_elsewhere_finds_a_chain_that_was_rewritten(database: Database, archived: int) -> None:
    """Who may write everything may compute the chain anew. Only a root kept outside tells that."""
    with database.read() as tx:
        kept = [each.mark for each in seals.after(tx, 0, 9)]
    assert verify(database, kept).proven == kept
    by_hand(
        database,
        "UPDATE history SET actor = 'another' WHERE id = 1",
        "DELETE FROM seal_item",
        "DELETE FROM seal",
        "UPDATE sealing SET due_at = '1970-01-01 00:00:00'",
    )
    seal_all(database, f.NOW + MINUTE)
    assert verify(database).is_intact
    assert told(verify(database, kept[:1])) == [(Flaw.MARK, 1, None)]


def test_a_row_that_commits_late_with_a_lower_id_is_sealed_too(postgresql: Database) -> None:
    with postgresql.engine.connect() as slow, slow.begin():
        operations.note_audit(slow, "look", "slow", "", ROOT, f.NOW)
        note(postgresql, "quick")
        seal_all(postgresql, f.NOW)
    assert verify(postgresql).unsealed == 1
    seal_all(postgresql, f.NOW + MINUTE)
    verdict = verify(postgresql)
    assert (verdict.is_intact, verdict.unsealed, verdict.rows) == (True, 0, 2)


def test_it_is_sealed_once_a_minute_by_one_process_and_in_batches(
    database: Database, archived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BATCH", 3)
    later = f.NOW + 5 * MINUTE
    for number in range(8):
        note(database, str(number))
    assert [mark.number for mark in seal_all(database, later)] == [3, 4, 5]
    note(database, "one more")
    assert seal_all(database, later) == []
    assert [mark.number for mark in seal_all(database, later + MINUTE)] == [6]
    assert verify(database).is_intact


def test_only_one_of_two_processes_seals(postgresql: Database) -> None:
    note(postgresql, "x")
    with postgresql.write() as tx:
        assert seals.take_turn(tx, f.NOW)
        assert seal_new(postgresql, f.NOW) == (None, False)
    assert len(seal_all(postgresql, f.NOW)) == 1


def test_a_process_that_dies_while_it_seals_leaves_nothing_sealed_twice_or_skipped(
    database: Database, archived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(database, "third")
    for statement in ("add", "note_due"):
        sound = getattr(seals, statement)
        with monkeypatch.context() as dying:
            dying.setattr(seals, statement, lambda *given, sound=sound: (sound(*given), 1 / 0))
            with pytest.raises(ZeroDivisionError):
                seal_new(database, f.NOW + 5 * MINUTE)
        assert (verify(database).seals, verify(database).unsealed) == (2, 1)
    seal_all(database, f.NOW + 5 * MINUTE)
    verdict = verify(database)
    assert (verdict.is_intact, verdict.unsealed, verdict.seals) == (True, 0, 3)


def test_a_case_that_moves_into_the_case_store_stays_proven(
    database: Database, archived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as tx:
        assert retention.store_ended(tx, timedelta(0), f.NOW + MINUTE, 9) == 1
    assert verify(database).is_intact
    seal_all(database, f.NOW + 9 * MINUTE)
    assert verify(database).is_intact
    by_hand(database, "DELETE FROM stored_case")
    assert {each.kind for each in verify(database).differences} == {Flaw.MISSING}


def test_cases_stored_before_there_were_seals_are_sealed_as_they_lie(database: Database, archived: int) -> None:
    with database.write() as tx:
        retention.store_ended(tx, timedelta(0), f.NOW + MINUTE, 9)
    by_hand(database, "DELETE FROM seal_item", "DELETE FROM seal", "UPDATE sealing SET due_at = '1970-01-01 00:00:00'")
    assert verify(database).unsealed > 5
    seal_all(database, f.NOW)
    verdict = verify(database)
    assert (verdict.is_intact, verdict.unsealed) == (True, 0)


def test_after_a_restore_the_chain_goes_on_and_a_mark_from_what_was_lost_is_told_as_a_fork(
    database: Database, archived: int
) -> None:
    """The database goes back to its first seal, as a restore would take it."""
    with database.read() as tx:
        kept = [each.mark for each in seals.after(tx, 0, 9)]
    by_hand(
        database,
        "DELETE FROM audit WHERE id IN (SELECT key FROM seal_item WHERE source = 'audit' AND seal_number = 2)",
        "DELETE FROM history WHERE id IN (SELECT key FROM seal_item WHERE source = 'history' AND seal_number = 2)",
        "DELETE FROM seal_item WHERE seal_number = 2",
        "DELETE FROM seal WHERE number = 2",
    )
    with database.write() as tx:
        new_epoch(tx, f.NOW + MINUTE)
    note(database, "after the restore")
    seal_all(database, f.NOW + 5 * MINUTE)
    verdict = verify(database, kept)
    assert verdict.restored_at == [2]
    assert verdict.proven == kept[:1]
    assert told(verdict) == [(Flaw.FORK, 2, None)]


def test_ids_that_a_restore_left_out_are_neither_missing_nor_looked_for(
    database: Database, archived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as tx:
        begun = new_epoch(tx, f.NOW + MINUTE)
    note(database, "after the restore")
    seal_all(database, f.NOW + 5 * MINUTE)
    note(database, "not sealed yet")
    asked = Mock(wraps=seals.unsealed)
    monkeypatch.setattr(seals, "unsealed", asked)
    verdict = verify(database, [])
    assert (verdict.is_intact, verdict.unsealed) == (True, 1)
    assert begun.first_ids["audit"] > 1_000_000
    assert asked.call_count < 10


def test_marks_are_read_from_a_log_and_from_a_report() -> None:
    mark = Mark(1, 12, "ab" * 32)
    said = f'{{"event": "sealed", "mark": "{mark}"}}\nsealed mark={mark}, rows=3 12/{"a" * 63} {"c" * 64}'
    assert read_marks(said) == [mark, mark]


def test_the_tables_of_the_seals_refuse_changes(database: Database, archived: int) -> None:
    for table in (seal, seal_item):
        with pytest.raises(Exception, match="append-only"), database.write() as tx:
            tx.execute(table.delete())
