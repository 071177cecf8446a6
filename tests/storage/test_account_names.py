"""Names of accounts that differ only in case are one name: unique, and found however they are typed."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from dispatch.doctor import books
from dispatch.doctor.finding import CheckResult, Grade
from dispatch.domain.account import AccountState
from dispatch.storage import accounts
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate
from dispatch.storage.tables.accounts import account
from tests import factories as f
from tests.query_plans import plan

STAMP = f.NOW.strftime("%Y-%m-%d %H:%M:%S")


def enter(database: Database, *numbers: str) -> int:
    with database.write() as tx:
        return accounts.enter_existing(tx, [(number, "tianhe", "13800138000") for number in numbers], f.CLERK, f.NOW)


def found(database: Database, typed: str) -> str | None:
    """The number of the account that is found by this name in both ways; None when there is none."""
    with database.read() as tx:
        one, many = accounts.find(tx, typed), accounts.by_numbers(tx, [typed]).get(typed)
    assert (one and one.number) == (many and many.number)
    return one.number if one else None


def doctor(database: Database) -> CheckResult:
    with database.read() as tx:
        return books.account_names(tx)


@pytest.mark.parametrize("typed", ["kd0000000001", "KD0000000001", "Kd0000000001"])
def test_an_account_is_found_in_either_case_and_shown_as_it_was_given(database: Database, typed: str) -> None:
    enter(database, "KD0000000001")
    assert found(database, typed) == "KD0000000001"


@pytest.mark.parametrize(
    "typed", ["ｋｄ０００００００００１", " kd0000000001 ", "kd00 0000 0001", "kd0000000001\u200b"]
)
def test_a_report_finds_its_account_as_people_type_it(database: Database, typed: str) -> None:
    enter(database, "KD0000000001")
    with database.read() as tx:
        assert accounts.by_numbers(tx, [typed])[typed].number == "KD0000000001"


def test_a_name_is_not_entered_again_in_another_case(database: Database) -> None:
    assert enter(database, "gz1", "GZ1", "Gz2") == 2
    assert enter(database, "GZ1", "gz2", "gz3") == 1


def test_the_database_refuses_a_living_account_whose_name_differs_only_in_case(database: Database) -> None:
    enter(database, "GZ1")
    row = {"number": "gz1", "state": "in-service", "area": "tianhe", "mobile": "1", "added_at": f.NOW, "added_by": "x"}
    with pytest.raises(IntegrityError), database.write() as tx:
        tx.execute(insert(account).values(row))
    with database.write() as tx:
        gone = accounts.find(tx, "GZ1")
        assert gone is not None
        accounts.change(tx, gone.id, state=AccountState.CLOSED, ended_at=f.NOW, ended_for="moving")
        tx.execute(insert(account).values(row))
    assert found(database, "GZ1") == "gz1", "the name is free again, and the living account has it"


def test_accounts_that_differ_only_in_case_survive_the_migration_and_the_doctor_names_them(database: Database) -> None:
    migrate(database, "0018")
    with database.write() as tx:
        for number in ("kd1", "GZ9", "KD1", "Kd1"):
            columns = "number, area, mobile, state, added_at, added_by"
            values = f"'{number}', 'tianhe', '13800138000', 'in-service', '{STAMP}', 'x'"
            tx.execute(text(f"INSERT INTO account ({columns}) VALUES ({values})"))
    migrate(database)
    assert [found(database, name) for name in ("kd1", "KD1", "Kd1", "gz9")] == ["kd1", "KD1", "Kd1", "GZ9"]
    assert found(database, "kD1") is None, "which of the three is meant can't be told"
    assert enter(database, "kD1") == 0
    told = doctor(database)
    assert told.verdict is Grade.DOUBTFUL
    assert str(told.found) == "differ only in case: kd1 = KD1 = Kd1"
    with database.write() as tx:
        for name, new in (("KD1", "13900139001"), ("Kd1", "13900139002")):
            twin = accounts.find(tx, name)
            assert twin is not None
            accounts.rename(tx, twin.id, new)
    assert found(database, "KD1") == "kd1"
    assert doctor(database).verdict is Grade.GOOD, "its remedy mends it"
    migrate(database, "0018")
    migrate(database)
    assert found(database, "KD1") == "kd1"


def test_an_account_is_looked_up_in_the_index_of_names(database: Database) -> None:
    with database.write() as tx:
        rows = [{"number": f"GZ{n}", "area": "tianhe", "mobile": "1", "state": "in-service"} for n in range(2000)]
        tx.execute(insert(account), [{**row, "added_at": f.NOW, "added_by": "x"} for row in rows])
        if database.kind == "postgresql":
            tx.execute(text("ANALYZE account"))
    for look in (lambda tx: accounts.find(tx, "gz7"), lambda tx: accounts.by_numbers(tx, ["gz7", "gz8"])):
        assert "account_name" in plan(database, look)
