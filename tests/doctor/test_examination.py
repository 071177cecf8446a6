"""`dispatch doctor` on real installations, sound and broken, finds each fault and says how to mend it."""

from __future__ import annotations

import errno
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from rich.cells import cell_len
from sqlalchemy import insert, make_url, update

from dispatch.doctor import broker as broker_of
from dispatch.doctor import clocks as clocks_of
from dispatch.doctor import contents as contents_of
from dispatch.doctor import damage as damage_of
from dispatch.doctor import database as database_of
from dispatch.doctor import examination, files
from dispatch.doctor import people as people_of
from dispatch.doctor.finding import CheckResult, Grade
from dispatch.domain.title import Title
from dispatch.ports import adapters
from dispatch.routing.rulebook import Rulebook
from dispatch.seals.sealing import seal_new
from dispatch.settings import load_settings
from dispatch.storage import accounts, heartbeats, operations
from dispatch.storage.clock import database_time
from dispatch.storage.database import SCHEMA, Database
from dispatch.storage.tables import tickets as t
from dispatch.storage.tables.accounts import customer
from tests import factories as f
from tests import postgres, valkey
from tests.acceptance.conftest import Home
from tests.deploy.compose import free_port

GOOD, DOUBTFUL, BAD = Grade.GOOD, Grade.DOUBTFUL, Grade.BAD


def verdicts(findings: Iterator[CheckResult]) -> dict[str, Grade]:
    found = {}
    for each in findings:
        assert (each.remedy is None) is (each.verdict is GOOD), each
        found[each.check.en] = each.verdict
    return found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "paidan")


def told(home: Home) -> tuple[int, dict[str, dict[str, Any]]]:
    status, out, err = home.call("doctor", "--json")
    assert not err, err
    return status, {each["check"]: each for each in json.loads(out)}


# -- the whole command -----------------------------------------------------------------------------


def test_a_new_installation_is_sound_except_for_what_does_not_run_yet(home: Home) -> None:
    home.done("keys")  # any command that needs no database
    home.settings["DISPATCH_DATABASE_URL"] = f"sqlite:///{home.folder}/none.db"
    status, found = told(home)
    assert status == 1
    assert found["schema"]["verdict"] == "bad"
    assert "dispatch migrate" in found["schema"]["remedy"]
    assert "dispatch migrate" in found["schema"]["remedy_zh"]
    assert {name for name, each in found.items() if each["verdict"] == "bad"} == {"schema"}


def test_no_two_checks_have_the_same_name() -> None:
    modules = (examination, files, database_of, clocks_of, contents_of, damage_of, broker_of, people_of)
    checks = [each for module in modules for each in vars(module).values() if isinstance(each, Title)]
    assert len(checks) > 15
    assert len({each.en for each in checks}) == len({each.zh for each in checks}) == len(checks)


@pytest.mark.parametrize(
    ("language", "all_good", "remedy"),
    [("zh", "都认得", "谁能打开它，谁就能停掉工作进程"), ("en", "all known", "who opens Flower can stop workers")],
)
def test_the_report_lines_up_at_eighty_columns_in_one_language(
    home: Home, language: str, all_good: str, remedy: str
) -> None:
    home.settings |= {"DISPATCH_FLOWER_ADDRESS": "0.0.0.0", "DISPATCH_WEB_ADDRESS": "0.0.0.0"}
    home.settings["DISPATCH_LANG"] = language
    home.done("migrate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Home, "environment", property(lambda self: {**_environment(self), "COLUMNS": "80"}))
        status, out, _ = home.run("doctor")
    assert status == 1
    lines = out.splitlines()
    assert all(cell_len(line) <= 80 for line in lines)
    rows = [line for line in lines if line[1:2] in "✓!✗" and line[1:2]]
    starts = {cell_len(line[: line.index(word)]) for line in rows for word in (all_good, "0.0.0.0") if word in line}
    assert len(starts) == 1
    assert remedy in out
    assert ("谁能打开它" in out) is (language == "zh")


_environment = Home.environment.fget  # type: ignore[attr-defined]


def test_unknown_settings_and_a_bad_file_of_rules_are_named_with_the_command_that_tells_more(
    home: Home, tmp_path: Path
) -> None:
    home.done("migrate")
    bad_rules = tmp_path / "rules.yaml"
    bad_rules.write_text("teams: 3\n")
    home.settings["DISPATCH_RULES"] = str(bad_rules)
    status, found = told(home)
    assert status == 1
    assert found["rules file"]["verdict"] == "bad"
    assert "dispatch rules check" in found["rules file"]["remedy"]
    home.settings["DISPATCH_WROKERS"] = "2"
    status, found = told(home)
    assert status == 1
    assert "DISPATCH_WROKERS" in found["settings"]["found"]


def test_fonts_without_chinese_are_found_before_any_slip_is_printed(home: Home, tmp_path: Path) -> None:
    home.done("migrate")
    (tmp_path / "none").mkdir()
    home.settings["DISPATCH_FONTS"] = str(tmp_path / "none")
    status, found = told(home)
    assert (status, found["fonts"]["verdict"]) == (1, "bad")


def test_simulated_systems_outside_are_named_each_and_a_real_one_is_not(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.done("migrate")
    outside = told(home)[1]["systems outside"]
    assert outside["verdict"] == "doubtful"
    assert outside["found"] == "simulated: line test, short messages, provisioning, printing, billing, identity check"
    assert outside["found_zh"] == "模拟：线路测试、短信、服务开通、打印、计费、身份核验"
    monkeypatch.setattr(adapters.SMS_GATEWAY, "simulated", False)
    assert (
        told(home)[1]["systems outside"]["found"]
        == "simulated: line test, provisioning, printing, billing, identity check"
    )


def test_the_versions_that_a_report_of_a_fault_needs_are_told(home: Home) -> None:
    home.done("migrate")
    found = told(home)[1]
    assert re.fullmatch(r"Paidan \S+, Python 3\.\d+\.\d+, SQLite 3\.[\d.]+", found["versions"]["found"])
    assert found["schema"]["found"] == SCHEMA


# -- the database ------------------------------------------------------------------------------------


def examine(database: Database, monkeypatch: pytest.MonkeyPatch, file: Rulebook | None = None) -> dict[str, Grade]:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", str(database.url))
    monkeypatch.setenv("DISPATCH_FIELD_KEYS", "k1:" + "A" * 43)
    monkeypatch.setenv("DISPATCH_INDEX_KEY", "B" * 43)
    return verdicts(database_of.examine(load_settings(), file))


def test_a_database_at_work_is_sound(database: Database, in_force: Rulebook, monkeypatch: pytest.MonkeyPatch) -> None:
    found = examine(database, monkeypatch, in_force)
    assert set(found) >= {"schema", "rules in force", "keys", "hops due", "quarantine"}
    found.pop("durability", None)  # the tests' own server isn't durable
    found.pop("damage", None)  # and may have no checksums
    assert set(found.values()) == {GOOD}


def test_a_server_that_may_lose_commits_is_found(postgresql: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert examine(postgresql, monkeypatch)["durability"] is BAD  # fsync is off in tests


def test_unsent_hops_and_a_quarantine_are_found(
    sqlite: Database, rulebook: Rulebook, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    f.put_in_force(sqlite, rulebook)
    f.fault(sqlite, rulebook, script)
    made = f.fault(sqlite, rulebook, script, "GZ2")
    with sqlite.write() as tx:
        tx.execute(update(t.hop).where(t.hop.c.ticket_id == made.ticket_id).values(state="quarantined", wake_at=None))
    found = examine(sqlite, monkeypatch, rulebook)
    assert (found["hops due"], found["quarantine"]) == (BAD, DOUBTFUL)


def test_rows_that_wait_too_long_for_their_seal_are_found_with_the_number_of_seals(
    database: Database, in_force: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seals_found() -> CheckResult:
        return next(each for each in database_of.examine(load_settings(), in_force) if each.check.en == "seals")

    def note(at: datetime) -> None:
        with database.write() as tx:
            operations.note_audit(tx, "look", "x", "", f.CLERK, at)

    assert examine(database, monkeypatch, in_force)["seals"] is GOOD
    assert seals_found().found.text("en") == "none yet"
    long_ago = datetime.now(UTC) - timedelta(minutes=20)
    note(long_ago)
    made, _ = seal_new(database, long_ago)
    assert made is not None
    assert (seals_found().verdict, seals_found().found.text("zh")) == (
        GOOD,
        "共 1 个，都及时；此处不核对，见 dispatch archive verify",
    )
    note(long_ago)  # due a minute later, nineteen minutes ago
    late = seals_found()
    assert late.verdict is BAD
    assert re.fullmatch(r"1, new rows wait 11[34]\d s for one", late.found.text("en"))
    assert late.remedy is not None
    assert "dispatch up" in late.remedy.en
    seal_new(database, datetime.now(UTC))
    assert (seals_found().verdict, seals_found().found.text("en")) == (
        GOOD,
        "2, made in time; not verified here: `dispatch archive verify`",
    )


def test_a_table_that_lost_a_trigger_is_named_and_no_other_is(
    database: Database, in_force: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert examine(database, monkeypatch, in_force)["append-only tables"] is GOOD
    on = " ON history" if database.kind == "postgresql" else ""
    name = "history_append_only" if on else "history_no_update"
    with database.write() as tx:
        tx.exec_driver_sql(f"DROP TRIGGER {name}{on}")
    (row,) = (e for e in database_of.examine(load_settings(), in_force) if e.check.en == "append-only tables")
    assert (row.verdict, row.found.text("en")) == (BAD, "can be changed: history")


def test_lines_that_wait_for_their_test_are_counted_with_the_time_since(
    database: Database, in_force: Rulebook, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    assert examine(database, monkeypatch, in_force)["lines to test again"] is GOOD
    for number in ("GZ1", "GZ2"):
        f.untested(database, in_force, f.fault(database, in_force, script, number, minute_ago).ticket_id, minute_ago)
    assert examine(database, monkeypatch, in_force)["lines to test again"] is DOUBTFUL
    found = {each.check.en: each.found for each in database_of.examine(load_settings(), in_force)}
    assert re.fullmatch(r"2, oldest 6\d s", found["lines to test again"].text("en"))
    assert re.fullmatch(r"2 条，最久 6\d 秒", found["lines to test again"].text("zh"))


def test_a_rules_file_that_is_not_in_force_is_found(
    sqlite: Database, rulebook: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite.write() as tx:
        tx.execute(insert(t.rulebook).values(version="0" * 12, text="x", in_force_from=f.NOW))
    assert examine(sqlite, monkeypatch, rulebook)["rules in force"] is DOUBTFUL


def test_keys_that_do_not_fit_the_database_are_found(
    sqlite: Database, rulebook: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    f.put_in_force(sqlite, rulebook)
    with sqlite.write() as tx:
        accounts.enter_existing(tx, [("GZ1", "tianhe", "13800138000")], f.CLERK, f.NOW)
        columns = {c.name: "x" for c in customer.c if not c.nullable and c.name not in ("id",)}
        row = {**columns, **_dates(f.NOW)}
        tx.execute(insert(customer).values(**row))
    assert examine(sqlite, monkeypatch, rulebook)["keys"] is BAD


def _dates(now: Any) -> dict[str, Any]:
    return {c.name: now for c in customer.c if "at" in c.name.split("_") and not c.nullable}


def test_an_unreachable_database_is_reported_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"postgresql+psycopg://nobody:geheim@127.0.0.1:{free_port()}/none"
    monkeypatch.setenv("DISPATCH_DATABASE_URL", url)
    (away,) = database_of.examine(load_settings(), None)
    assert away.verdict is BAD
    assert "geheim" not in str(away)
    assert make_url(url).password == "geheim"


def reached(monkeypatch: pytest.MonkeyPatch, url: str) -> tuple[str, str, str]:
    """The row of a database that can't be reached: what was found, and the remedy in both languages."""
    monkeypatch.setenv("DISPATCH_DATABASE_URL", url)
    (away,) = database_of.examine(load_settings(), None)
    assert away.verdict is BAD
    assert away.remedy is not None
    return away.found.text("en"), away.remedy.en, away.remedy.zh


def test_a_server_that_refuses_the_connection_is_told_in_its_own_words_with_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    with postgres.server(tmp_path / "turn", port) as admin:
        with psycopg.connect(
            make_url(admin).set(drivername="postgresql").render_as_string(hide_password=False)
        ) as made:
            made.execute("CREATE USER paidan PASSWORD 'geheim'")
        place = f"127.0.0.1:{port}"
        found, remedy, zh = reached(monkeypatch, f"postgresql://paidan:falsch@{place}/postgres")
        assert found.endswith('FATAL:  password authentication failed for user "paidan"')
        assert (remedy, zh) == ("check the user's password and rights", "请检查该用户的密码和权限")
        found, remedy, zh = reached(monkeypatch, f"postgresql://paidan:geheim@{place}/none")
        assert found.endswith('FATAL:  database "none" does not exist')
        assert "mend the name" in remedy
        assert "库名" in zh
        found, remedy, _ = reached(monkeypatch, f"postgresql://paidan:geheim@{place}/postgres?sslmode=require")
        assert found.endswith("server does not support SSL, but SSL was required")
        assert "mend sslmode" in remedy
    found, remedy, _ = reached(monkeypatch, f"postgresql://paidan:geheim@{place}/postgres")
    assert found.endswith("Connection refused")
    assert remedy == "start it, or mend DISPATCH_DATABASE_URL"


def test_a_disk_that_is_full_is_no_matter_of_permissions(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: str) -> CheckResult:
        wrong = sqlite3.OperationalError("disk I/O error")
        wrong.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
        raise wrong

    monkeypatch.setattr(damage_of, "examine_sqlite", full)
    assert reached(monkeypatch, sqlite.url) == ("sqlite: disk I/O error", "make room there", "请腾出空间")


def test_a_server_that_is_too_old_is_told_with_the_version_that_is_needed(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.storage.postgresql.OLDEST", 99)
    found, remedy, _ = reached(monkeypatch, postgresql.url)
    assert re.fullmatch(r"PostgreSQL \d+\.\d+", found)
    assert remedy == "this program needs 99 or newer: upgrade the server"


@pytest.mark.parametrize(("ahead", "verdict"), [(0.2, GOOD), (-3, DOUBTFUL), (40, BAD)])
def test_clocks_that_differ_are_found(ahead: float, verdict: Grade) -> None:
    assert clocks_of.clock(clocks_of.CLOCK, ahead).verdict is verdict


def test_a_living_process_whose_clock_is_wrong_is_named_and_a_dead_one_is_not(
    database: Database, in_force: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert examine(database, monkeypatch, in_force)["clocks"] is GOOD
    with database.write() as tx:
        now = database_time(tx)
        for name, ago, ahead in (("worker1@a", 0, 0.1), ("relay@b", 0, 3600.0), ("relay@dead", 60, 7200.0)):
            heartbeats.beat(tx, name, name[:5], now, now - timedelta(seconds=ago), ahead)
    monkeypatch.setenv("DISPATCH_DATABASE_URL", str(database.url))
    (row,) = (each for each in database_of.examine(load_settings(), in_force) if each.check.en == "clocks")
    assert row.verdict is BAD
    assert row.found.text("en") == "relay@b 3600.0 s ahead"


# -- the broker --------------------------------------------------------------------------------------


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    """A badly configured broker: it drops messages when memory runs out, and persists nothing."""
    with valkey.broker(tmp_path, "--maxmemory-policy", "allkeys-lru", "--appendonly", "no") as port:
        yield port


def test_a_broker_that_loses_messages_and_queues_without_a_worker_are_found(
    broker: int, rulebook: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_BROKER_URL", f"redis://127.0.0.1:{broker}/0")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    found = {each.check.en: each for each in broker_of.examine(load_settings(), rulebook.teams)}
    assert found["broker"].verdict is GOOD
    assert found["broker memory"].verdict is BAD
    assert "noeviction" in str(found["broker memory"].remedy)
    assert found["broker durability"].verdict is DOUBTFUL
    assert found["queues"].verdict is BAD
    assert "noc" in str(found["queues"].remedy)


def test_an_unreachable_broker_is_reported_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_BROKER_URL", f"redis://:geheim@127.0.0.1:{free_port()}/0")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    (away,) = broker_of.examine(load_settings(), ["noc"])
    assert away.verdict is BAD
    assert "geheim" not in str(away)


SOUND = {
    "reached": True,
    "kind": "redis",
    "version": "7.2.4",
    "policy": "noeviction",
    "append_only": True,
    "clock": 0.0,
    "served": {"noc": ["noc@a"], "effects": ["effects@a"]},
}


@pytest.mark.parametrize(
    ("change", "check", "verdict"),
    [
        ({}, "queues", GOOD),
        ({"policy": None}, "broker memory", DOUBTFUL),
        ({"append_only": None}, "broker durability", DOUBTFUL),
        ({"clock": 60.0}, "broker clock", BAD),
        ({"served": {"noc": ["noc@a"]}}, "queues", BAD),
    ],
)
def test_the_brokers_answers_are_judged(change: dict[str, Any], check: str, verdict: Grade) -> None:
    found = verdicts(broker_of.judge({**SOUND, **change}, ["noc", "effects"]))
    assert found[check] is verdict


def test_a_team_that_the_rules_file_adds_waits_for_the_next_start_and_is_no_fault() -> None:
    (row,) = (each for each in broker_of.judge(SOUND, ["noc", "effects"], ["field-power"]) if each.check.en == "queues")
    assert (row.verdict, row.found.text("en")) == (DOUBTFUL, "new teams without a worker yet: field-power")
    assert row.remedy is not None
    assert row.remedy.en.startswith("stop and start `dispatch up`")
    assert "停止并重新启动 dispatch up" in row.remedy.zh


def test_only_teams_that_are_in_force_need_a_worker_now(
    database: Database, in_force: Rulebook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def ask(_: object, queues: Collection[str], new: Collection[str]) -> Iterator[CheckResult]:
        asked.append((set(queues), set(new)))
        return iter(())

    monkeypatch.setattr(broker_of, "examine", ask)
    monkeypatch.setenv("DISPATCH_DATABASE_URL", database.url)
    every = set(in_force.teams)
    monkeypatch.setattr(files, "rules_file", lambda _: SimpleNamespace(version="x", teams=[*every, "field-power"]))
    for others in (database_of, files):
        monkeypatch.setattr(others, "examine", lambda *_: iter(()))
    list(examination.examine())
    assert asked == [({*every, "effects"}, {"field-power"})]


def test_rabbitmq_is_not_asked_what_only_redis_knows() -> None:
    found = verdicts(broker_of.judge({**SOUND, "kind": "rabbitmq", "policy": None}, ["noc"]))
    assert found == {"broker": GOOD, "queues": GOOD}


def test_the_doctor_needs_no_working_app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The doctor must work when the rules are broken."""
    environment = {**os.environ, "DISPATCH_RULES": str(tmp_path / "none"), "PYTHONPATH": str(Path(__file__).parents[2])}
    environment["DISPATCH_BROKER_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    words = [sys.executable, "-m", "workers.broker_check"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["reached"] is False


def test_the_home_of_another_user_is_told_and_the_examination_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(files, "is_installed", refuse)
    monkeypatch.setattr(broker_of, "is_running", refuse)
    results = list(examination.examine())
    assert verdicts(iter(results)).items() >= {"home": BAD, "broker": BAD, "rules file": GOOD}.items()
    assert "can't be read: Permission denied" in next(each.found.text("en") for each in results if each.verdict is BAD)
