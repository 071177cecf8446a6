"""`dispatch doctor` finds users whose names look alike, and work in the hands of those who can't do it."""

from __future__ import annotations

from sqlalchemy import insert

from dispatch.access import users
from dispatch.doctor import people
from dispatch.doctor.finding import CheckResult, Grade
from dispatch.domain.roles import Actor, Role
from dispatch.storage.database import Database
from dispatch.storage.tables.access import user as user_table
from tests.factories import NOW
from tests.tickets.installers import ADMINISTRATOR, LI, TIANHE, YUEXIU, Stage
from tests.users import user

TWIN = "l\u0456.wei"  # a Cyrillic letter that looks like i


def of_names(database: Database) -> CheckResult:
    with database.read() as tx:
        return people.names(tx)


def of_work(stage: Stage) -> CheckResult:
    with stage.database.read() as tx:
        return people.work_in_hand(tx, stage.rulebook)


def enter_twin(database: Database) -> None:
    """Enter a user as a release did that compared names letter by letter."""
    with database.write() as tx:
        tx.execute(insert(user_table).values(name=TWIN, password="x", made_at=NOW, made_by="tang"))


def test_users_whose_names_look_alike_are_named_with_what_to_do(database: Database) -> None:
    user(database, "li.wei")
    assert of_names(database).verdict is Grade.GOOD
    enter_twin(database)
    found = of_names(database)
    assert found.verdict is Grade.DOUBTFUL
    assert "'li.wei' = 'l\\u0456.wei'" in str(found.found), "each is told apart by its letters"
    assert found.remedy is not None
    for sentence in (found.remedy.zh, found.remedy.en):
        assert "dispatch user add" in sentence
        assert "--hand-over-to" in sentence


def test_once_one_of_them_is_disabled_all_is_well(database: Database) -> None:
    user(database, "li.wei")
    enter_twin(database)
    with database.write() as tx:
        users.disable(tx, TWIN, ADMINISTRATOR, NOW)
    assert of_names(database).verdict is Grade.GOOD


def test_work_that_an_earlier_release_left_with_disabled_users_is_found(stage: Stage) -> None:
    user(stage.database, "li.wei", TIANHE)
    tickets = [stage.visit(f"GZ{n}") for n in range(1, 6)]
    for each in tickets:
        stage.claim(each, LI)
    assert of_work(stage).verdict is Grade.GOOD
    with stage.database.write() as tx:
        users.disable(tx, "li.wei", ADMINISTRATOR, NOW)  # the work stays, as it did then
    found = of_work(stage)
    assert found.verdict is Grade.DOUBTFUL
    hops = ", ".join(f"F{each:08d}-2" for each in tickets[:3])
    assert str(found.found) == f"with people who can't work them: 5, li.wei (disabled): {hops} …"
    assert found.remedy is not None
    for sentence in (found.remedy.zh, found.remedy.en):
        assert "dispatch user disable" in sentence
    stage.disable("li.wei")
    assert of_work(stage).verdict is Grade.GOOD, "its remedy mends it"


def test_work_of_users_who_lost_the_role_and_of_nobody_known_is_found(stage: Stage) -> None:
    nobodys = stage.visit("GZ1")
    stage.claim(nobodys, Actor("ghost", Role.INSTALLER))
    assert of_work(stage).verdict is Grade.GOOD, "without users a name stands for itself"
    user(stage.database, "li.wei", TIANHE)
    stage.claim(stage.visit("GZ2"), LI)
    with stage.database.write() as tx:
        users.set_grants(tx, "li.wei", [YUEXIU], ADMINISTRATOR, NOW)
    told = str(of_work(stage).found)
    assert "ghost (not a user)" in told
    assert "li.wei (no longer in this role)" in told
