"""The rules in force are the file's while it is good, else the last good ones, and this is visible."""

from __future__ import annotations

import dataclasses
import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from dispatch.errors import BadRules, NotFound
from dispatch.routing.rulebook import Rulebook
from dispatch.rules_in_force import RulesInForce
from dispatch.storage import rulebooks
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate
from dispatch.storage.tables import tickets as t
from tests.factories import NOW
from tests.web.test_database_refuses import refusing

BAD = "version: 1\nteams: {}\n"
_stamps = itertools.count(1)


@pytest.fixture
def file(tmp_path: Path, rulebook: Rulebook) -> Path:
    """A copy of the project's rules."""
    return rewritten(tmp_path / "rules.yaml", rulebook.text)


def rewritten(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(next(_stamps), next(_stamps)))  # a tick of the clock may be longer than a test
    return file


def changed(rulebook: Rulebook) -> str:
    """Return another good version: a case may go round for longer."""
    return rulebook.text.replace("hops: 40 ", "hops: 41 ")


def noted(database: Database) -> list[str]:
    with database.read() as tx:
        return list(tx.execute(select(t.rules_refused.c.faults).order_by(t.rules_refused.c.id)).scalars())


def versions(database: Database) -> list[str]:
    """Return every version ever in force, the present one last."""
    with database.read() as tx:
        return list(tx.execute(select(t.rulebook.c.version).order_by(t.rulebook.c.place)).scalars())


def test_a_good_file_is_in_force_and_not_read_again_until_it_changes(
    database: Database, file: Path, rulebook: Rulebook
) -> None:
    rules = RulesInForce(file, database)
    first = rules.get()
    assert (first.version, rules.refused, versions(database)) == (rulebook.version, None, [rulebook.version])
    assert rules.get() is first


def test_rules_put_in_force_by_a_slow_clock_are_the_latest_all_the_same(database: Database, rulebook: Rulebook) -> None:
    new = dataclasses.replace(rulebook, version="0" * 12)
    for taken_up, now in ((rulebook, NOW), (new, NOW - timedelta(hours=1)), (rulebook, NOW - timedelta(hours=2))):
        with database.write() as tx:
            rulebooks.put_in_force(tx, taken_up, now)
        with database.read() as tx:
            assert rulebooks.latest(tx) == taken_up.version


def test_rules_from_before_the_counter_keep_their_order_when_migrated(database: Database) -> None:
    migrate(database, "0010")
    with database.write() as tx:
        for version, hour in (("later", 3), ("first", 1), ("second", 2)):
            at = (NOW + timedelta(hours=hour)).strftime("%Y-%m-%d %H:%M:%S")
            tx.execute(sql(f"INSERT INTO rulebook (version, text, in_force_from) VALUES ('{version}', '', '{at}')"))
    migrate(database)
    assert versions(database) == ["first", "second", "later"]


def test_a_changed_good_file_is_taken_up_and_the_earlier_version_can_still_be_read(
    database: Database, file: Path, rulebook: Rulebook
) -> None:
    rules = RulesInForce(file, database)
    rules.get()
    rewritten(file, changed(rulebook))
    new = rules.get()
    assert new.limits.hops == 41
    assert versions(database) == [rulebook.version, new.version]
    assert rules.version(rulebook.version).teams.keys() == rulebook.teams.keys()
    with pytest.raises(NotFound, match="rules of version 0123"):
        rules.version("0123")


def test_an_earlier_version_that_returns_is_in_force_again(database: Database, file: Path, rulebook: Rulebook) -> None:
    rules = RulesInForce(file, database)
    for text in (rulebook.text, changed(rulebook), rulebook.text):
        rewritten(file, text)
        last = rules.get()
    assert last.version == rulebook.version == versions(database)[-1]
    assert len(versions(database)) == 2


@pytest.mark.parametrize("text", ["changed", BAD], ids=["good", "faulty"])
def test_a_file_edited_while_the_database_takes_no_changes_waits_and_the_rules_in_force_are_read(
    database: Database, file: Path, rulebook: Rulebook, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = RulesInForce(file, database)
    good = rules.get()
    rewritten(file, changed(rulebook) if text == "changed" else text)
    with refusing(database):
        assert rules.get() is good
        assert RulesInForce(file, database).get().version == good.version, "also by a process that starts now"
    assert rules.get() is good, "the database is asked again a little later"
    monkeypatch.setattr(rules, "_parsed", rules._parsed if text == BAD else None)  # a good file is parsed once
    for _ in range(2):  # the first may still have a connection of before
        rules._not_before = 0
        last = rules.get()
    assert (last is good) is (text == BAD)
    assert len(noted(database)) == (text == BAD)


def test_a_new_database_that_takes_no_changes_is_an_error(database: Database, file: Path) -> None:
    with refusing(database), pytest.raises(DBAPIError):
        RulesInForce(file, database).get()
    database.dispose()


@pytest.mark.parametrize("broken", [BAD, "version: [", "", None], ids=["faulty", "not YAML", "empty", "gone"])
def test_a_bad_file_keeps_the_last_good_one_in_force_and_is_noted_once(
    database: Database, file: Path, rulebook: Rulebook, broken: str | None
) -> None:
    one, other = RulesInForce(file, database), RulesInForce(file, database)
    good = one.get()
    other.get()
    if broken is None:
        file.unlink()
    else:
        rewritten(file, broken)
    for rules in (one, other, one):
        assert rules.get().version == good.version
        assert rules.refused is not None
        assert rules.refused.lines
    assert RulesInForce(file, database).get().version == good.version, "a process that starts now has them too"
    assert len(noted(database)) == 1
    assert versions(database) == [good.version]
    rewritten(file, rulebook.text)
    assert one.get().version == good.version
    assert one.refused is None


def test_different_faults_are_noted_anew(database: Database, file: Path) -> None:
    rules = RulesInForce(file, database)
    rules.get()
    for text in (BAD, BAD, "version: 2\n"):
        rewritten(file, text)
        rules.get()
    assert len(noted(database)) == 2


def test_a_bad_file_without_any_good_version_is_an_error_and_is_noted(database: Database, file: Path) -> None:
    rewritten(file, BAD)
    rules = RulesInForce(file, database)
    for _ in range(2):
        with pytest.raises(BadRules):
            rules.get()
    assert len(noted(database)) == 1
    assert versions(database) == []


def test_a_process_that_missed_a_good_version_falls_back_on_that_one_and_not_on_its_own(
    database: Database, file: Path, rulebook: Rulebook
) -> None:
    awake, sleeper = RulesInForce(file, database), RulesInForce(file, database)
    sleeper.get()
    rewritten(file, changed(rulebook))
    newest = awake.get()
    rewritten(file, BAD)
    assert sleeper.get().version == newest.version


def test_a_process_that_cannot_read_the_rules_of_a_later_release_goes_on_with_its_own(
    database: Database, file: Path, rulebook: Rulebook
) -> None:
    running = RulesInForce(file, database)
    running.get()
    later = rulebook.text.replace("version: 1\n", "version: 1\nholidays: none\n")
    put_in_force_by_a_later_release(database, rulebook, later)
    rewritten(file, later)
    assert running.get().version == rulebook.version
    assert running.refused is not None
    assert "unknown key 'holidays'" in running.refused.lines[0]
    with pytest.raises(BadRules, match=str(file)):
        RulesInForce(file, database).get()


def put_in_force_by_a_later_release(database: Database, rulebook: Rulebook, text: str) -> None:
    with database.write() as tx:
        rulebooks.put_in_force(tx, dataclasses.replace(rulebook, version="f" * 12, text=text), datetime.now(UTC))


def test_two_processes_may_take_the_same_change_up_at_the_same_moment(
    postgresql: Database, file: Path, rulebook: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(2)
    put_in_force = rulebooks.put_in_force

    def at_once(*arguments: Any) -> None:
        together.wait(10)
        put_in_force(*arguments)

    monkeypatch.setattr(rulebooks, "put_in_force", at_once)
    with ThreadPoolExecutor(2) as processes:
        taken = list(processes.map(lambda _: RulesInForce(file, postgresql).get().version, range(2)))
    assert taken == [rulebook.version] * 2
    assert versions(postgresql) == [rulebook.version]
