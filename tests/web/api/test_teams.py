"""Teams, boards and crews over the API: the source of forms, the visibility of figures, and paging of boards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from dispatch.domain.roles import Grant, Role
from dispatch.storage.tables import tickets as t
from tests import factories as f
from tests.users import user
from tests.web.conftest import API, Web

YUEXIU = frozenset({"yuexiu"})


def hops(answer: Any) -> list[str]:
    return [each["hop"] for each in answer.json()["items"]]


def test_a_teams_form_is_made_from_the_rules(web: Web) -> None:
    told = web.program("li.wei", Role.INSTALLER).get(f"{API}/teams/installer").json()
    assert told["title"] == {"zh": "装维", "en": "Installers"}
    (fixed,) = [each for each in told["findings"]["fault"] if each["name"] == "fixed-on-site"]
    evidence = {each["name"]: each for each in fixed["evidence"]}
    assert (evidence["optical-power"]["unit"], evidence["optical-power"]["least"]) == ("dBm", -40)
    assert evidence["cause"]["choices"]["fibre"]["zh"] == "光纤光缆"
    assert evidence["remark"]["optional"]
    assert fixed["leads"][-1]["to"] == "archive"


def test_a_teams_backlog_is_shown_to_it_and_its_overseers_for_their_areas(web: Web) -> None:
    web.on_board("GZ1")
    f.account(web.database, "GZ2", "yuexiu")
    web.on_board("GZ2")
    web.fault("GZ3")
    for grants, expected in (
        ((Role.NOC,), {"noc": 3}),
        ((Grant(Role.NOC, YUEXIU),), {"noc": 1}),
        ((Role.CLERK,), {"noc": None}),
        ((Role.SUPERVISOR,), {"noc": 3, "installer": 0}),
        ((Grant(Role.SUPERVISOR, YUEXIU), Role.INSTALLER), {"noc": 1, "installer": 0}),
    ):
        someone = web.program(f"u{abs(hash(grants))}", *grants)
        loads = {each["name"]: each["load"] for each in someone.get(f"{API}/teams").json()["items"]}
        for team, number in expected.items():
            load = loads[team]
            assert (None if load is None else load["due"] + load["waiting"]) == number, (grants, team)


def test_a_board_has_the_urged_and_the_urgent_first_and_is_read_on_page_by_page(web: Web) -> None:
    made = []
    for n, priority in enumerate((3, 1, 3, 2, 3)):
        number = web.fault(f"GZ{n}", priority=priority).number
        f.on_board(web.database, web.rulebook, int(number[1:]), web.now + timedelta(minutes=n))
        made.append(f"{number}-1")
    clerk, noc = web.program("chen", Role.CLERK), web.program("zhao", Role.NOC)
    clerk.post(f"{API}/tickets/{made[4][:9]}/urge", json={"reason": "急"})
    order = [made[4], made[1], made[3], made[0], made[2]]
    assert hops(noc.get(f"{API}/teams/noc/board")) == order
    read, cursor = [], ""
    while True:
        page = noc.get(f"{API}/teams/noc/board?limit=2{cursor}").json()
        read += [each["hop"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert read == order


def test_hops_boarded_at_the_same_moment_keep_their_order_page_by_page(web: Web) -> None:
    made = [f"{web.on_board(f'GZ{n}')}-1" for n in range(5)]
    with web.database.write() as tx:
        tx.execute(update(t.hop).values(boarded_at=f.NOW))
    noc = web.program("zhao", Role.NOC)
    first = noc.get(f"{API}/teams/noc/board?limit=3").json()
    second = noc.get(f"{API}/teams/noc/board?limit=3&cursor={first['next']}").json()
    assert [each["hop"] for page in (first, second) for each in page["items"]] == made


def test_a_board_is_shown_to_its_team_in_their_areas_and_to_overseers(web: Web) -> None:
    number = web.on_board()
    for grants, expected in (
        ((Role.NOC,), [f"{number}-1"]),
        ((Grant(Role.NOC, YUEXIU),), []),
        ((Role.OPS,), [f"{number}-1"]),
        ((Grant(Role.NOC, YUEXIU), Grant(Role.OPS, frozenset({"tianhe"}))), [f"{number}-1"]),
    ):
        someone = web.program(f"u{abs(hash(grants))}", *grants)
        assert hops(someone.get(f"{API}/teams/noc/board")) == expected, grants
    for role in (Role.CLERK, Role.INSTALLER, Role.ADMINISTRATOR):
        assert web.program(role, role).get(f"{API}/teams/noc/board").status_code == 403


def test_a_board_lists_the_acts_open_to_its_reader_on_each_hop(web: Web) -> None:
    number = web.on_board()
    noc, other, ops = web.program("zhao", Role.NOC), web.program("qian", Role.NOC), web.program("o", Role.OPS)

    def may(client: Any) -> list[str]:
        (hop,) = client.get(f"{API}/teams/noc/board").json()["items"]
        found: list[str] = hop["may"]
        return found

    assert (may(noc), may(ops)) == (["claim"], [])
    noc.post(f"{API}/hops/{number}/claim", json={})
    assert (may(noc), may(other)) == (["report", "pass on", "hand back", "give back", "hold"], [])
    (hidden,) = ops.get(f"{API}/teams/noc/board").json()["items"]
    assert (hidden["account"], hidden["description"], hidden["holder"]) == (None, None, "zhao")


def test_a_crew_is_entered_by_a_supervisor_of_its_areas_and_seen_by_its_team(web: Web) -> None:
    supervisor = web.program("gao", Grant(Role.SUPERVISOR, frozenset({"tianhe"})))
    place = {"team": "installer", "area": "tianhe", "person": "li.wei"}
    ghost = supervisor.post(f"{API}/crew", json=place)
    assert (ghost.status_code, ghost.json()["code"]) == (422, "unknown-user")
    user(web.database, "li.wei", Grant(Role.INSTALLER, frozenset({"tianhe"})))
    assert supervisor.post(f"{API}/crew", json=place).status_code == 201
    twice = supervisor.post(f"{API}/crew", json=place)
    assert (twice.status_code, twice.json()["code"]) == (422, "bad-input")
    assert supervisor.post(f"{API}/crew", json={**place, "area": "yuexiu"}).status_code == 404
    assert supervisor.post(f"{API}/crew", json={**place, "team": "haunted"}).status_code == 404
    assert supervisor.post(f"{API}/crew", json={**place, "person": " "}).status_code == 422
    for name, grants, expected in (
        ("i", (Role.INSTALLER,), [place]),
        ("j", (Grant(Role.INSTALLER, YUEXIU),), []),
        ("w", (Role.NETWORK_SERVICE_SUPPORT,), [place]),
        ("n", (Role.NOC,), []),
        ("o", (Role.OPS,), [place]),
    ):
        assert web.program(name, *grants).get(f"{API}/crew").json()["items"] == expected, name
    assert web.program("a", Role.ADMINISTRATOR).get(f"{API}/crew").status_code == 403
    assert supervisor.get(f"{API}/teams/installer/crew").json()["items"] == [place]
    assert supervisor.delete(f"{API}/teams/installer/crew/LI.WEI", params={"area": "yuexiu"}).status_code == 404
    assert supervisor.delete(f"{API}/teams/installer/crew/LI.WEI").status_code == 204
    assert supervisor.delete(f"{API}/teams/installer/crew/li.wei").status_code == 404
    assert supervisor.get(f"{API}/teams/installer/crew").json()["items"] == []
