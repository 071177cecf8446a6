"""1.2 需求登记: a customer's wish for a line is kept, counted once, and they are told when their turn comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from dispatch.accounts import closure, demand, demand_planning, opening, waiting_list
from dispatch.accounts.closure import Closure
from dispatch.accounts.demand import DemandRegistration
from dispatch.accounts.operation import Counter, OperationAccepted
from dispatch.domain.roles import Actor, Role
from dispatch.errors import BadInput, IllegalMove, NoPlaceFree, NotAllowed, NotFound
from dispatch.routing.address_file import CoveredAddress
from dispatch.storage import demands, resources, retention
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as a

WEEK, DAY = timedelta(days=7), timedelta(days=1)
OPS = Actor("ops", Role.OPS)
PLANNERS = [
    Actor(role, role) for role in (Role.OPS, Role.NETWORK_SERVICE_SUPPORT, Role.SUPERVISOR, Role.COMMUNITY_MANAGER)
]
AGENT = Actor("xu", Role.AGENT_10086)


def wish(n: int = 1, address: str = "天河路1号", **changes: Any) -> DemandRegistration:
    asked = {"address": address, "name": a.person(n).name, "mobile": a.mobile(n), "speed": 300, "consent": True}
    return DemandRegistration(**{**asked, **changes})


def asks(database: Database, counter: Counter, n: int = 1, address: str = "天河路1号", **how: Any) -> dict[str, Any]:
    at = how.pop("now", f.NOW)
    done = a.accepted(database, demand.register, counter, wish(n, address, **how), now=at)
    return dict(done.result)


def load(database: Database, *texts: str, capacity: int = 1, port: str = "0/1/1", now: Any = f.NOW) -> int:
    rows = [CoveredAddress(text, "tianhe", "OLT-9", port, capacity) for text in texts]
    with database.write() as tx:
        resources.enter_addresses(tx, rows)
        return waiting_list.tell_of_loaded(tx, rows, now, WEEK)


def told(database: Database) -> list[str]:
    """The mobile numbers that were told that a line can be had, in that order."""
    return [row.mobile for row in a.rows(database, b.message, b.message.c.event == "demand")]


def states(database: Database) -> list[str]:
    return [row.state for row in a.rows(database, b.demand)]


def turns(database: Database, now: Any) -> None:
    with database.write() as tx:
        waiting_list.take_turns(tx, now, WEEK, 100)


def numbers(*which: int) -> list[str]:
    return [a.mobile(n) for n in which]


# -- what is enough, and what counts once ----------------------------------------------------------


def test_name_mobile_address_wanted_speed_and_consent_are_enough(database: Database, counter: Counter) -> None:
    outcome = a.do(database, demand.register, counter, wish(), AGENT)

    assert isinstance(outcome, OperationAccepted)
    assert outcome.slip is None
    (row,) = a.rows(database, b.demand)
    assert dict(outcome.result) == {"demand": row.id, "asked": 1, "state": "open"}
    assert (row.area, row.address, row.contact, row.mobile, row.speed) == (
        "", "天河路1号", a.person().name, a.mobile(), 300,
    )  # fmt: skip
    assert not a.rows(database, b.customer)


def test_the_same_person_and_address_is_one_demand_with_a_count(database: Database, counter: Counter) -> None:
    asks(database, counter, address="天河路 1 號", now=f.NOW - DAY)
    again = asks(database, counter, address="天河路1号", speed=500, name="张㛃")

    assert again["asked"] == 2
    (row,) = a.rows(database, b.demand)
    assert (row.asked, row.speed, row.contact, row.at, row.last_at) == (2, 500, "张㛃", f.NOW - DAY, f.NOW)


def test_a_lower_speed_that_is_asked_later_lowers_nothing(database: Database, counter: Counter) -> None:
    asks(database, counter, speed=500)
    asks(database, counter, speed=300)
    assert [row.speed for row in a.rows(database, b.demand)] == [500]


def test_another_number_or_another_address_is_another_demand(database: Database, counter: Counter) -> None:
    asks(database, counter, 1, "天河路1号")
    asks(database, counter, 2, "天河路1号")
    asks(database, counter, 1, "天河路1-2号")
    assert [row.asked for row in a.rows(database, b.demand)] == [1, 1, 1]


def test_two_who_register_the_same_at_once_make_one_demand(database: Database, counter: Counter) -> None:
    def registers(tx: Any) -> Any:
        return demand.register(tx, counter, wish(), f.CLERK, f.NOW)

    a.overtaken(database, registers, registers)
    assert [row.asked for row in a.rows(database, b.demand)] == [2]


def test_without_consent_nothing_is_kept(database: Database, counter: Counter) -> None:
    with pytest.raises(BadInput, match="agree"):
        a.do(database, demand.register, counter, wish(consent=False))
    with pytest.raises(BadInput, match="300, 500"):
        a.do(database, demand.register, counter, wish(speed=299))
    assert not a.rows(database, b.demand)


# -- an opening that can't be --------------------------------------------------------------------------


def test_an_opening_at_an_unknown_address_records_the_demand(database: Database, counter: Counter) -> None:
    outcome = a.refused(database, opening.open_account, counter, a.application(address="天河路 1 號"))
    assert (outcome.code, "需求已登记" in outcome.reason) == ("unknown-address", True)
    (row,) = a.rows(database, b.demand)
    assert (row.area, row.address_id, row.mobile, row.speed, row.state) == ("", None, a.mobile(), 300, "open")


def test_opening_by_mobile_or_by_address_ends_the_demand(database: Database, counter: Counter) -> None:
    where = a.address(database, 5)
    for n, address in ((1, "天河路1号"), (2, where), (3, "天河路3号")):
        asks(database, counter, n, address)
    a.accepted(database, opening.open_account, counter, a.application(1, address=where))
    assert states(database) == ["ended", "ended", "open"]
    assert [row.ended_for for row in a.rows(database, b.demand)] == ["opened", "opened", None]


def test_after_its_end_the_same_wish_is_a_new_demand(database: Database, counter: Counter) -> None:
    first = asks(database, counter)
    with database.write() as tx:
        demand_planning.end(tx, first["demand"], OPS, f.NOW)
    assert asks(database, counter)["asked"] == 1
    assert states(database) == ["ended", "open"]


# -- who is told ---------------------------------------------------------------------------------------


def test_one_place_is_loaded_and_three_wait_the_oldest_alone_is_told(database: Database, counter: Counter) -> None:
    for n in (2, 1, 3):
        asks(database, counter, n, f"天河路{n}号", now=f.NOW - 9 * DAY + n * timedelta(hours=1))

    assert load(database, "天河路1号", "天河路2号", "天河路3号", capacity=1) == 1

    assert told(database) == numbers(1)
    assert sorted(states(database)) == ["open", "open", "reachable"]


def test_an_address_is_matched_however_it_was_written(database: Database, counter: Counter) -> None:
    asks(database, counter, address="天河路 １ 號")
    assert load(database, "天河路1号") == 1
    (row,) = a.rows(database, b.demand)
    assert (row.state, row.area, row.told_at) == ("reachable", "tianhe", f.NOW)


@pytest.mark.parametrize("places", [1, 2, 3, 4])
def test_as_many_are_told_as_places_are_free(database: Database, counter: Counter, places: int) -> None:
    for n in (1, 2, 3):
        asks(database, counter, n, f"天河路{n}号", now=f.NOW + n * timedelta(minutes=1))
    load(database, *(f"天河路{n}号" for n in (1, 2, 3)), capacity=places)
    assert told(database) == numbers(1, 2, 3)[:places]
    load(database, *(f"天河路{n}号" for n in (1, 2, 3)), capacity=places)
    assert len(told(database)) == min(places, 3)  # the same file again tells nobody twice


def test_a_port_that_grows_tells_those_at_its_other_addresses(database: Database, counter: Counter) -> None:
    load(database, "天河路1号", "天河路2号", capacity=1)
    a.accepted(database, opening.open_account, counter, a.application(1, address="天河路1号"))
    asks(database, counter, 2, "天河路2号")
    assert load(database, "天河路1号", capacity=2) == 1
    assert told(database) == numbers(2)


def test_a_freed_place_is_told_in_the_transaction_that_frees_it(database: Database, counter: Counter) -> None:
    load(database, "天河路1号", "天河路2号", capacity=1)
    done = a.accepted(database, opening.open_account, counter, a.application(1, address="天河路1号"))
    account = str(done.result["account"])
    f.reported(database, counter.rulebook, a.order_of(database, account), f.BUILDER, "installed", f.NOW, **f.INSTALLED)
    f.work(database, counter.rulebook)
    asks(database, counter, 2, "天河路 2 號")
    assert told(database) == []

    request = Closure(account=account, document_number=SecretStr(a.resident_id(1)), reason="moving")
    a.accepted(database, closure.close, counter, request)

    assert told(database) == numbers(2)
    assert states(database) == ["reachable"]


def test_who_registers_where_a_place_is_free_can_have_it_at_once(database: Database, counter: Counter) -> None:
    load(database, "天河路1号")
    assert asks(database, counter)["state"] == "reachable"
    assert asks(database, counter)["asked"] == 2
    assert told(database) == numbers(1)


def test_nobody_is_told_of_an_address_that_has_a_line(database: Database, counter: Counter) -> None:
    load(database, "天河路1号", capacity=8)
    a.accepted(database, opening.open_account, counter, a.application(1, address="天河路1号"))
    assert asks(database, counter, 2)["state"] == "open"


def test_the_next_is_told_after_seven_days(database: Database, counter: Counter) -> None:
    for n in (1, 2, 3):
        asks(database, counter, n, f"天河路{n}号", now=f.NOW + n * timedelta(minutes=1))
    load(database, *(f"天河路{n}号" for n in (1, 2, 3)))
    turns(database, f.NOW + WEEK - timedelta(seconds=1))
    assert told(database) == numbers(1)
    turns(database, f.NOW + WEEK)
    turns(database, f.NOW + WEEK + DAY)
    assert told(database) == numbers(1, 2)
    assert states(database) == ["reachable", "reachable", "open"]  # the first stays on the list to call
    turns(database, f.NOW + 2 * WEEK)
    assert told(database) == numbers(1, 2, 3)


def test_who_comes_too_late_waits_again(database: Database, counter: Counter) -> None:
    asks(database, counter, 1, "天河路1号")
    load(database, "天河路1号", "天河路2号", capacity=1)
    a.accepted(database, opening.open_account, counter, a.application(2, address="天河路2号"))
    turns(database, f.NOW + WEEK)
    assert states(database) == ["open"]
    outcome = a.refused(database, opening.open_account, counter, a.application(1, address="天河路1号"))
    assert outcome.code == "no-resources"
    (row,) = a.rows(database, b.demand)
    assert (row.asked, row.state) == (2, "open")


def test_where_the_told_one_wants_it_no_more_the_next_is_told(database: Database, counter: Counter) -> None:
    first = asks(database, counter, 1, "天河路1号")
    asks(database, counter, 2, "天河路2号", now=f.NOW + DAY)
    load(database, "天河路1号", "天河路2号", now=f.NOW + DAY)
    with database.write() as tx:
        demand_planning.end(tx, first["demand"], OPS, f.NOW + 2 * DAY)
    turns(database, f.NOW + 2 * DAY)
    assert told(database) == numbers(1, 2)
    assert states(database) == ["ended", "reachable"]


def test_two_who_free_places_at_once_tell_two(database: Database, counter: Counter) -> None:
    for n in (1, 2, 3):
        asks(database, counter, n, f"天河路{n}号", now=f.NOW + n * timedelta(minutes=1))
    with database.write() as tx:
        rows = [CoveredAddress(f"天河路{n}号", "tianhe", "OLT-9", "0/1/1", 2) for n in (1, 2, 3)]
        resources.enter_addresses(tx, rows)
    [(port, _)] = [(row.id, row) for row in a.rows(database, b.pon_port)]

    def tells(tx: Any) -> Any:
        return waiting_list.tell_of_freed(tx, port, f.NOW, WEEK)

    a.overtaken(database, tells, tells)
    assert sorted(told(database)) == sorted(numbers(1, 2))


# -- planning ------------------------------------------------------------------------------------------


def test_planners_see_a_contact_for_a_reason_that_the_audit_trail_keeps(database: Database, counter: Counter) -> None:
    made = asks(database, counter)["demand"]
    for planner in PLANNERS:
        with database.write() as tx:
            assert demand_planning.who_asked(tx, made, "约上门看线", planner, f.NOW).mobile == a.mobile()
    assert [(row.act, row.subject, row.actor, row.reason) for row in a.rows(database, b.audit)] == [
        ("unmask", f"demand/{made}", planner.name, "约上门看线") for planner in PLANNERS
    ]


def test_a_contact_without_a_reason_or_for_somebody_else_is_not_shown(database: Database, counter: Counter) -> None:
    made = asks(database, counter)["demand"]
    elsewhere = replace(PLANNERS[2], areas=frozenset({"panyu"}))
    with database.write() as tx:
        with pytest.raises(BadInput):
            demand_planning.who_asked(tx, made, " ", OPS, f.NOW)
        with pytest.raises(NotAllowed):
            demand_planning.who_asked(tx, made, "想看", f.CLERK, f.NOW)
        with pytest.raises(NotFound):
            demand_planning.who_asked(tx, made, "想看", elsewhere, f.NOW)
        for planner in PLANNERS[1:]:
            with pytest.raises(NotAllowed):
                demand_planning.in_clear(tx, None, None, "规划", planner, f.NOW)
        assert [row.mobile for row in demand_planning.in_clear(tx, None, None, "规划", OPS, f.NOW)] == numbers(1)
    assert [(row.act, row.reason) for row in a.rows(database, b.audit)] == [("export demands", "规划")]


def test_a_similar_address_is_matched_by_hand(database: Database, counter: Counter) -> None:
    made = asks(database, counter, address="体育西那边一号楼")["demand"]
    load(database, "天河路1号")
    with database.write() as tx:
        with pytest.raises(BadInput, match="standard address"):
            demand_planning.notify(tx, made, OPS, f.NOW, WEEK)
        demand_planning.notify(tx, made, OPS, f.NOW, WEEK, "天河路1号")
        with pytest.raises(IllegalMove):
            demand_planning.notify(tx, made, OPS, f.NOW, WEEK, "天河路1号")
    (row,) = a.rows(database, b.demand)
    assert (row.state, row.area, told(database)) == ("reachable", "tianhe", numbers(1))


def test_nobody_is_told_by_hand_of_a_place_that_is_not_free(database: Database, counter: Counter) -> None:
    a.address(database, 1, capacity=0)
    made = asks(database, counter, address="广州市天河区体育西路1号")["demand"]
    with database.write() as tx, pytest.raises(NoPlaceFree):
        demand_planning.notify(tx, made, OPS, f.NOW, WEEK)
    assert told(database) == []


def test_demand_is_counted_by_area(database: Database, counter: Counter) -> None:
    a.address(database, 1, capacity=0)
    where = "广州市天河区体育西路1号"
    for n, address, speed in ((1, where, 300), (1, where, 500), (2, where, 300), (3, "哪里都不是1号", 300)):
        asks(database, counter, n, address, speed=speed)
    with database.read() as tx:
        found = [(row.area, row.wanted, row.asked, row.speed) for row in demands.by_area(tx)]
    assert found == [("tianhe", 2, 3, 800), ("", 1, 1, 300)]


# -- its end ---------------------------------------------------------------------------------------------


def erased(database: Database, now: Any, months: int = 24) -> int:
    with database.write() as tx:
        return retention.erase_demands(tx, months, counter_zone(), now, 100)


def counter_zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("Asia/Shanghai")


def test_after_24_months_a_demand_ends_and_who_asked_is_erased(database: Database, counter: Counter) -> None:
    asks(database, counter, note="傍晚在家")
    later = f.NOW.replace(year=f.NOW.year + 2)
    assert erased(database, later) == 0
    assert erased(database, later + DAY) == 1
    assert erased(database, later + DAY) == 0
    (row,) = a.rows(database, b.demand)
    assert (row.state, row.ended_for, row.contact, row.mobile, row.note) == ("ended", "expired", "", "", "")
    assert (row.address, row.speed, row.asked) == ("天河路1号", 300, 1)  # what planning counts stays


def test_an_ended_demand_is_erased_too_and_keeps_its_reason(database: Database, counter: Counter) -> None:
    made = asks(database, counter)["demand"]
    with database.write() as tx:
        demand_planning.end(tx, made, OPS, f.NOW)
    assert erased(database, f.NOW.replace(year=f.NOW.year + 3)) == 1
    (row,) = a.rows(database, b.demand)
    assert (row.mobile, row.ended_for) == ("", "not-wanted")


def written_by_the_release_before(database: Database, counter: Counter, n: int, address: str, speed: int) -> None:
    done = a.do(database, demand.register, counter, wish(9, "别处99号"))
    with database.write() as tx:
        row = {"area": "tianhe", "address": address, "contact": "张*", "mobile": a.mobile(n), "speed": speed}
        tx.execute(b.demand.insert().values(operation_id=done.operation_id, at=f.NOW - DAY, **row))


def test_what_a_process_of_the_release_before_wrote_is_folded(database: Database, counter: Counter) -> None:
    asks(database, counter, 1)
    for address, speed in (("天河路 1 號", 500), ("天河路1号", 300)):
        written_by_the_release_before(database, counter, 1, address, speed)
    written_by_the_release_before(database, counter, 2, "天河路2号", 300)
    with database.write() as tx:
        assert [demands.fold(tx, 100), demands.fold(tx, 100)] == [3, 0]
    mine: Sequence[Any] = a.rows(database, b.demand, b.demand.c.mobile != a.mobile(9))
    assert [(row.mobile, row.asked, row.speed) for row in mine] == [(a.mobile(1), 3, 500), (a.mobile(2), 1, 300)]
    assert load(database, "天河路2号") == 1
