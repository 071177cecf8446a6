"""Tickets over the API: lists within the reader's rights, journeys, explanations, urging, withdrawing, surveys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispatch.domain.roles import Grant, Role
from dispatch.tickets import followup, timers
from tests import factories as f
from tests.web.conftest import API, Web

TIANHE, YUEXIU = frozenset({"tianhe"}), frozenset({"yuexiu"})


def numbers(answer: Any) -> list[str]:
    return [each["number"] for each in answer.json()["items"]]


def test_a_journey_tells_each_team_its_times_its_finding_and_the_reason(web: Web) -> None:
    made = web.fault()
    f.reported(web.database, web.rulebook, made.ticket_id, f.NOC, "outside-plant", test_result="收光 -31 dBm")
    clerk = web.program("chen", Role.CLERK)
    journey = clerk.get(f"{API}/tickets/{made.number}").json()
    assert [hop["team"] for hop in journey["hops"]] == ["noc", "installer"]
    assert journey["hops"][0]["evidence"] == {"test-result": "收光 -31 dBm"}
    assert [act["act"] for act in journey["history"]] == ["open", "claim", "report"]
    assert journey["history"][1]["hop"] == f"{made.number}-1"
    assert set(journey["spent"]) == {"noc", "installer"}
    why = clerk.get(f"{API}/tickets/{made.number}/explanation").json()["hops"]
    assert [each["rule"] for each in why] == ["flows.fault.start.otherwise", "flows.fault.noc.outside-plant"]
    assert why[0]["did_not_match"][0]["because"] == ["category = system (is network)"]
    assert why[1]["facts"]["test-result"] == "收光 -31 dBm"


def test_the_customers_words_are_hidden_from_operations_and_from_teams_once_the_case_is_over(web: Web) -> None:
    made = web.fault()
    noc, ops, clerk = web.program("zhao", Role.NOC), web.program("o", Role.OPS), web.program("chen", Role.CLERK)

    def sees(client: Any) -> tuple[bool, bool, bool]:
        journey = client.get(f"{API}/tickets/{made.number}").json()
        words = str(client.get(f"{API}/tickets/{made.number}/explanation").json()) + str(journey)
        listed = client.get(f"{API}/tickets").json()["items"][0]
        return journey["ticket"]["description"] == "断网", listed["account"] == "GZ1", "客户说" in words

    f.reported(web.database, web.rulebook, made.ticket_id, f.NOC, "outside-plant", test_result="客户说没光")
    assert (sees(noc), sees(ops), sees(clerk)) == ((True,) * 3, (False,) * 3, (True,) * 3)
    with web.database.write() as tx:
        followup.withdraw(tx, made.ticket_id, "好了", f.CLERK, web.now)
    assert (sees(noc), sees(clerk)) == ((False,) * 3, (True,) * 3)


def test_lists_show_tickets_of_the_readers_areas_and_teams(web: Web) -> None:
    near = web.fault("GZ1").number
    f.account(web.database, "GZ2", "yuexiu")
    far = web.fault("GZ2").number
    f.reported(web.database, web.rulebook, int(near[1:]), f.NOC, "outside-plant", test_result="查不出原因")
    for grants, expected in (
        ((Role.SUPERVISOR,), [far, near]),
        ((Grant(Role.CLERK, TIANHE),), [near]),
        ((Grant(Role.CLERK, TIANHE | YUEXIU),), [far, near]),
        ((Role.INSTALLER,), [near]),
        ((Grant(Role.INSTALLER, YUEXIU),), []),
        ((Role.NETWORK_SERVICE_SUPPORT,), [near]),
        ((Role.TRANSMISSION,), []),
        ((Grant(Role.INSTALLER, TIANHE), Grant(Role.NOC, YUEXIU)), [far, near]),
    ):
        someone = web.program(f"u{abs(hash(grants))}", *grants)
        assert numbers(someone.get(f"{API}/tickets")) == expected, grants
    assert web.program("root", Role.ADMINISTRATOR).get(f"{API}/tickets").status_code == 403


def test_a_list_is_read_page_by_page_undisturbed_by_new_tickets(web: Web) -> None:
    made = [web.fault(f"GZ{n}").number for n in range(7)]
    clerk, read, cursor = web.program("chen", Role.CLERK), [], ""
    while True:
        page = clerk.get(f"{API}/tickets?limit=3{cursor}").json()
        read += [each["number"] for each in page["items"]]
        web.fault(f"GZ{10 + len(read)}")
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert read == made[::-1]


def test_a_list_is_filtered_by_account_by_team_and_to_open_tickets(web: Web) -> None:
    first, second = web.fault("GZ1").number, web.fault("GZ2", category="system").number
    clerk = web.program("chen", Role.CLERK)
    assert numbers(clerk.get(f"{API}/tickets?account=GZ2")) == [second]
    assert numbers(clerk.get(f"{API}/tickets?team=noc")) == [first]
    assert clerk.get(f"{API}/tickets").json()["items"][0]["now"]["team"] == "system-support"
    clerk.post(f"{API}/tickets/{first}/withdraw", json={"reason": "好了"})
    assert numbers(clerk.get(f"{API}/tickets?unfinished=true")) == [second]
    assert clerk.get(f"{API}/tickets?account=GZ1").json()["items"][0]["now"] is None


def test_a_ticket_of_another_area_appears_not_to_exist(web: Web) -> None:
    number = web.fault().number
    far = web.program("far", Grant(Role.SUPERVISOR, YUEXIU))
    real, none = (
        [
            far.get(f"{API}/tickets/{name}"),
            far.get(f"{API}/tickets/{name}/explanation"),
            far.post(f"{API}/tickets/{name}/urge", json={"reason": "急"}),
            far.post(f"{API}/tickets/{name}/withdraw", json={"reason": "好了"}),
        ]
        for name in (number, "F00777777")
    )
    assert {each.status_code for each in (*real, *none)} == {404}
    for one, other in zip(real, none, strict=True):
        assert one.json()["detail"].replace(str(int(number[1:])), "777777") == other.json()["detail"]


def test_a_customer_urges_as_often_as_the_rules_allow(web: Web) -> None:
    number, clerk = web.fault().number, web.program("chen", Role.CLERK)
    assert clerk.post(f"{API}/tickets/{number}/urge", json={"reason": "急"}).json() == {"urged": 1}
    soon = clerk.post(f"{API}/tickets/{number}/urge", json={"reason": "急"})
    assert (soon.status_code, soon.json()["code"]) == (409, "urged-enough")
    web.now += timedelta(minutes=31)
    assert clerk.post(f"{API}/tickets/{number}/urge", json={"reason": "急"}).json() == {"urged": 2}


def test_a_customer_answers_by_their_link_once_and_not_fixed_reopens_the_case(web: Web) -> None:
    made = web.fault()
    token = f.token(web.database, f.archived(web.database, web.rulebook, made.ticket_id))
    customer = web.client()
    asked = customer.get(f"{API}/surveys/{token}").json()
    assert (asked["ticket"], asked["open"], asked["answer"]) == (made.number, True, None)
    assert [each["name"] for each in asked["reasons"]][:3] == ["slow", "late", "missed-window"]
    wrong = (
        {"fixed": True},
        {"fixed": False, "grade": 3},
        {"fixed": True, "grade": 5, "reasons": ["slow"]},
        {"fixed": True, "grade": 2, "reasons": ["haunted"]},
        {"fixed": True, "grade": 5, "words": "好" * 501},
    )
    for said in wrong:
        assert customer.post(f"{API}/surveys/{token}", json=said).json()["code"] == "bad-input", said
    told = customer.post(f"{API}/surveys/{token}", json={"fixed": True, "grade": 5}).json()
    assert (told["open"], told["answer"], told["grade"]) == (False, "satisfied", 5)
    web.now += timedelta(seconds=59)
    back = customer.post(f"{API}/surveys/{token}/undo").json()
    assert (back["open"], back["answer"], back["undo_until"]) == (True, None, None)
    told = customer.post(f"{API}/surveys/{token}", json={"fixed": False, "words": "还是不行"}).json()
    assert (told["open"], told["answer"]) == (False, "not-fixed")
    twice = customer.post(f"{API}/surveys/{token}", json={"fixed": True, "grade": 5})
    assert (twice.status_code, twice.json()["code"]) == (409, "survey-over")
    web.now += timedelta(seconds=60)
    assert customer.post(f"{API}/surveys/{token}/undo").json()["code"] == "survey-over"
    with web.database.write() as tx:
        timers.fire_due_timers(tx, web.rulebook, web.now, 9)
    assert web.program("chen", Role.CLERK).get(f"{API}/tickets/{made.number}").json()["ticket"]["reopened"] == 1


@pytest.mark.parametrize("token", ["guess", "x" * 40])
def test_a_guessed_link_opens_nothing(small_web: Web, token: str) -> None:
    for answer in (
        small_web.client().get(f"{API}/surveys/{token}"),
        small_web.client().post(f"{API}/surveys/{token}", json={"fixed": True, "grade": 5}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_an_agent_calls_a_customer_who_answers_no_message(web: Web) -> None:
    made = web.fault()
    f.archived(web.database, web.rulebook, made.ticket_id)
    agent = web.program("he", Role.AGENT_10086)
    assert agent.get(f"{API}/tickets/{made.number}").json()["may"] == ["answer by phone"]
    clerk = web.program("chen", Role.CLERK)
    assert clerk.post(f"{API}/tickets/{made.number}/answer", json={"answer": "satisfied"}).status_code == 403
    answered = agent.post(f"{API}/tickets/{made.number}/answer", json={"answer": "unreachable"})
    assert answered.json()["state"] == "closed"
    over = agent.post(f"{API}/tickets/{made.number}/answer", json={"answer": "satisfied"})
    assert (over.status_code, over.json()["code"]) == (409, "survey-over")


def test_a_construction_order_is_not_withdrawn(web: Web) -> None:
    order = f.order(web.database, web.rulebook)
    answer = web.program("chen", Role.CLERK).post(f"{API}/tickets/C{order:08d}/withdraw", json={"reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not-withdrawable")


def test_a_hop_tells_when_its_line_is_tested_again(web: Web) -> None:
    made = web.fault()
    hop_id = f.untested(web.database, web.rulebook, made.ticket_id)
    reader = web.program("zhao", Role.NOC)

    def told() -> list[Any]:
        (of_ticket,) = reader.get(f"{API}/tickets/{made.number}").json()["hops"]
        (of_board,) = reader.get(f"{API}/teams/noc/board").json()["items"]
        of_hop = reader.get(f"{API}/hops/{made.number}-1").json()["hop"]
        return [(each["found"], each["retest_at"]) for each in (of_ticket, of_board, of_hop)]

    assert told() == [({"line_test": "unavailable"}, "2026-03-02T08:00:10Z")] * 3
    f.tested_again(web.database, hop_id, f.NOW + timedelta(minutes=5))
    assert told() == [({"tested_at": "2026-03-02T08:05:00+00:00", **f.TESTED}, None)] * 3
