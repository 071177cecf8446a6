"""Users: their names, the roles they hold and where; every change is recorded."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from dispatch.access import users
from dispatch.access.passwords import PasswordChecker, check_password, kept_password
from dispatch.access.request_origin import RequestOrigin
from dispatch.access.sign_in import Door, sign_in
from dispatch.domain.roles import Actor, Grant, Role
from dispatch.errors import BadInput, ChangedMeanwhile, NotAllowed, NotFound
from dispatch.storage import users as rows
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate
from dispatch.storage.tables import access as w
from dispatch.storage.tables import accounts as b
from tests.factories import NOW, refused
from tests.users import CONSOLE, PASSWORD, cheap_hasher, user

ADMINISTRATOR = Actor("root", Role.ADMINISTRATOR)
TIANHE = Grant(Role.INSTALLER, frozenset({"tianhe"}))


def audit(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as tx:
        return [
            tuple(r) for r in tx.execute(select(b.audit.c.actor, b.audit.c.act, b.audit.c.subject, b.audit.c.reason))
        ]


def test_a_user_holds_each_role_in_its_own_areas_or_everywhere(database: Database) -> None:
    user(database, "li.wei", TIANHE, Role.CLERK)
    with database.read() as tx:
        found = users.get(tx, "Li.Wei")
    assert found.grants == (Grant(Role.CLERK), TIANHE)
    assert audit(database) == [("console:root", "add user", "li.wei", "installer in tianhe; clerk everywhere")]


def test_roles_are_set_as_a_whole_and_the_version_grows(database: Database) -> None:
    before = user(database, "li.wei", TIANHE)
    with database.write() as tx:
        after = users.set_grants(tx, "li.wei", [Grant(Role.NOC)], ADMINISTRATOR, NOW, before.version)
    assert (after.grants, after.version) == ((Grant(Role.NOC),), before.version + 1)
    with refused(database, ChangedMeanwhile) as tx:
        users.set_grants(tx, "li.wei", [], ADMINISTRATOR, NOW, before.version)
    assert audit(database)[-1] == ("root", "set roles", "li.wei", "noc everywhere")


def test_nobody_changes_their_own_roles_or_disables_themselves(database: Database) -> None:
    user(database, "root", Role.ADMINISTRATOR)
    with refused(database, NotAllowed) as tx:
        users.set_grants(tx, "root", [Grant(Role.SUPERVISOR)], ADMINISTRATOR, NOW)
    with refused(database, NotAllowed) as tx:
        users.disable(tx, "root", ADMINISTRATOR, NOW)


@pytest.mark.parametrize("written", [" CHEN ", "ｃｈｅｎ", "𝐜𝐡𝐞𝐧"])
def test_a_user_name_is_unique_however_it_is_written(database: Database, written: str) -> None:
    user(database, "chen")
    with refused(database, BadInput, "there is a user chen already") as tx:
        users.add(tx, written, "hash", [], CONSOLE, NOW)


def test_a_name_that_only_looks_like_another_is_refused(database: Database) -> None:
    user(database, "cope")
    with refused(database, BadInput, "there is a user cope already") as tx:
        users.add(tx, "соре", "hash", [], CONSOLE, NOW)  # every letter Cyrillic
    with refused(database, BadInput, "mixes letters of different alphabets") as tx:
        users.add(tx, "сhen", "hash", [], CONSOLE, NOW)


def test_the_database_itself_refuses_a_second_name_that_compares_the_same(database: Database) -> None:
    user(database, "chen")
    with pytest.raises(IntegrityError), database.write() as tx:
        tx.execute(insert(w.user).values(name="CHEN", folded="chen", made_at=NOW, made_by="x"))


def test_a_user_whom_an_earlier_release_adds_during_an_upgrade_keeps_the_name(database: Database) -> None:
    with database.write() as tx:
        tx.execute(insert(w.user).values(name="chen", made_at=NOW, made_by="the release before"))
    with refused(database, BadInput, "there is a user chen already") as tx:
        users.add(tx, "Ｃhen", "hash", [], CONSOLE, NOW)
    user(database, "gao")
    with database.read() as tx:
        assert [row.folded for row in tx.execute(select(w.user).order_by(w.user.c.name))] == ["chen", "gao"]


def test_names_of_before_that_compare_the_same_survive_the_migration_and_each_finds_its_own(database: Database) -> None:
    migrate(database, "0012")
    with database.write() as tx:
        for name in ("ｃhen", "chen", "gao"):
            tx.execute(insert(w.user).values(name=name, made_at=NOW, made_by="x"))
    migrate(database)
    with database.read() as tx:
        assert rows.twins(tx) == [["ｃhen", "chen"]]
        found = [rows.find(tx, name) for name in ("ｃhen", "chen", "CHEN")]
    assert [row and row.name for row in found] == ["ｃhen", "chen", "ｃhen"]


@pytest.mark.parametrize("name", ["", " ", "two words", "worker", "relay", "customer", "x" * 61, "a/b", "-x", "a\nb"])
def test_an_invalid_user_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        users.read_name(name)


@pytest.mark.parametrize(
    "raw",
    [
        [("king", None)],
        [("customer", None)],
        [("worker", None)],
        [("noc", ())],
        [("noc", ["*"])],
        [("noc", [" "])],
        [("noc", ["x" * 41])],
        [("noc", None), ("noc", ["tianhe"])],
    ],
)
def test_an_invalid_grant_is_refused(raw: list[Any]) -> None:
    with pytest.raises(BadInput):
        users.read_grants(raw)


def test_an_unknown_user_is_not_found(database: Database) -> None:
    for act in (users.disable, users.enable):
        with refused(database, NotFound) as tx:
            act(tx, "nobody", CONSOLE, NOW)


def test_disabling_a_user_twice_is_recorded_once(database: Database) -> None:
    user(database, "chen", Role.CLERK)
    with database.write() as tx:
        users.disable(tx, "chen", CONSOLE, NOW)
        assert users.disable(tx, "chen", CONSOLE, NOW).disabled_at == NOW
        assert users.enable(tx, "chen", CONSOLE, NOW).disabled_at is None
    assert [row[1] for row in audit(database)] == ["add user", "disable user", "enable user"]


COMMON = [
    "1234567890",
    "qwertyuiop",
    "Passw0rd123",
    "1qaz2wsx3edc",
    "woaini1314",
    "a123456789",
    "5201314520",
    "abcdefghij",
]


@pytest.mark.parametrize("password", COMMON)
def test_a_common_password_is_refused_with_the_reason_in_both_languages(password: str) -> None:
    with pytest.raises(BadInput, match="easy to guess") as told:
        kept_password(cheap_hasher(), password, "chen")
    assert "密码太容易猜到" in told.value.sentence("zh")
    assert password not in str(told.value)


@pytest.mark.parametrize(
    "password", ["Paidan-k7-river", "kx7-广东移动-river-9", "Kx7-Broadband-lake", "GDMOBILE-kx7-lake"]
)
def test_a_password_with_the_operators_or_the_programs_name_is_refused(password: str) -> None:
    with pytest.raises(BadInput, match="operator's or this program's name"):
        kept_password(cheap_hasher(), password, "chen", "广东移动 GDMobile Broadband")


def test_a_weak_password_of_before_still_signs_in(database: Database) -> None:
    kept = cheap_hasher().hash("1234567890")
    with database.write() as tx:
        users.add(tx, "chen", kept, [Grant(Role.CLERK)], CONSOLE, NOW)
    door = Door(database, PasswordChecker(cheap_hasher()), lambda _kind, text: text)
    assert sign_in(door, "chen", "1234567890", RequestOrigin("192.0.2.1"), NOW).name == "chen"


def test_a_longest_password_is_judged_in_no_time() -> None:
    began = time.perf_counter()
    check_password("kX7-mountain-" * 9, "chen")
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaa", "abababababab", "my-chen-2026", "x" * 129, "tab\x00bed-and-more"]
)
def test_an_easily_guessed_password_is_refused(password: str) -> None:
    with pytest.raises(BadInput):
        kept_password(cheap_hasher(), password, "chen")
    assert cheap_hasher().verify(PASSWORD, kept_password(cheap_hasher(), PASSWORD, "chen"))
