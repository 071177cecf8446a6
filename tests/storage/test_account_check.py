"""The account data that system support's worker looks up, and the line data for the provisioning system."""

from __future__ import annotations

from sqlalchemy import insert, update

from dispatch.domain.account import AccountState
from dispatch.storage import accounts, operations
from dispatch.storage.accounts import LineData
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f


def done(database: Database, account_id: int, *kinds: str, outcome: str = "accepted") -> None:
    code = {"code": "x", "reason": "x"} if outcome == "refused" else {}
    row = {"fingerprint": "0" * 64, "account_id": account_id, "at": f.NOW, "outlet": "天河", "result": {}}
    with database.write() as tx:
        for kind in kinds:
            tx.execute(insert(b.operation).values(**row, **code, kind=kind, actor="x", role="clerk", outcome=outcome))


def test_the_last_operations_of_each_account_are_listed_newest_first(database: Database) -> None:
    one, two, three = (f.installing(database, number) for number in ("GZ1", "GZ2", "GZ3"))
    done(database, one, "bind", "suspend")
    done(database, two, "modify")
    done(database, one, "resume")
    done(database, one, "close", outcome="refused")
    with database.read() as tx:
        assert operations.latest_kinds(tx, [one, two], 3) == {
            one: ["resume", "suspend", "bind"],
            two: ["modify", "opening"],
        }
        assert operations.latest_kinds(tx, [three], 1) == {three: ["opening"]}
        assert operations.latest_kinds(tx, [], 3) == {}


def test_an_accounts_state_is_given_with_the_reason_of_its_suspension(database: Database) -> None:
    one, two = f.installing(database, "GZ1"), f.installing(database, "GZ2")
    with database.write() as tx:
        accounts.change(tx, two, state=AccountState.SUSPENDED, suspended_for="arrears")
    with database.read() as tx:
        assert accounts.states(tx, [one, two]) == {one: ("installing", None), two: ("suspended", "arrears")}


def test_a_line_is_found_by_its_account_with_its_port_and_the_speed_of_the_plan_in_force(
    database: Database,
) -> None:
    one, two = f.installing(database, "GZ1"), f.installing(database, "GZ2")
    f.account(database, "GZ3")
    with database.write() as tx:
        ended = update(b.enrolment).where(b.enrolment.c.account_id == two).values(ended_at=f.NOW, ended_for="voided")
        tx.execute(ended)
    with database.read() as tx:
        assert accounts.line_data(tx, [one, two, 3]) == {
            one: LineData(one, "GZ1", "OLT-GZ1", "0/1/1", 300),
            two: LineData(two, "GZ2", "OLT-GZ2", "0/1/1", None),
            3: LineData(3, "GZ3", None, None, None),
        }
