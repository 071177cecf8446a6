"""Hops over the API: claim, report, pass on, hand back, hold, resume, release; for oneself, for another, in batches."""

from __future__ import annotations

import re
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from dispatch.access import users
from dispatch.domain.roles import Grant, Role
from dispatch.storage.tables.tickets import hop
from dispatch.storage.wakeups import came_onto_board
from dispatch.web import server_events
from tests import factories as f
from tests.acceptance.conftest import eventually
from tests.users import CONSOLE, user
from tests.web.conftest import API, Web

OUTSIDE = {"finding": "outside-plant", "evidence": {"test-result": "收光 -31 dBm"}}
FIXED = {"finding": "fixed-on-site", "evidence": dict(f.FIXED_ON_SITE)}


@pytest.fixture
def noc(web: Web) -> TestClient:
    return web.program("zhao", Role.NOC)


def post(client: TestClient, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    return client.post(f"{API}{path}", json={} if body is None else body, headers=headers)


def at_installers(web: Web, noc: TestClient, number: str = "GZ1") -> str:
    """A fault that NOC has sent to the installers, on their board; the hop's name."""
    ticket = web.on_board(number)
    post(noc, f"/hops/{ticket}/claim")
    assert post(noc, f"/hops/{ticket}/report", OUTSIDE).status_code == 200
    f.work(web.database, web.rulebook)
    return f"{ticket}-2"


def test_a_hop_is_claimed_and_reported_and_its_ticket_goes_on(web: Web, noc: TestClient) -> None:
    ticket = web.on_board()
    claimed = post(noc, f"/hops/{ticket}/claim").json()
    assert (claimed["hop"]["state"], claimed["hop"]["holder"], claimed["next"]) == ("claimed", "zhao", None)
    reported = post(noc, f"/hops/{ticket}-1/report", OUTSIDE)
    assert reported.status_code == 200
    done = reported.json()
    assert (done["hop"]["finding"], done["next"]["hop"], done["next"]["team"]) == (
        "outside-plant",
        f"{ticket}-2",
        "installer",
    )


def test_one_of_two_people_who_claim_wins_and_the_other_is_told_who(web: Web, noc: TestClient) -> None:
    ticket, other = web.on_board(), web.program("qian", Role.NOC)
    assert post(noc, f"/hops/{ticket}/claim").status_code == 200
    lost = post(other, f"/hops/{ticket}/claim")
    assert (lost.status_code, lost.json()["code"]) == (409, "already-claimed")
    assert "zhao" in lost.json()["detail"]
    stolen = post(other, f"/hops/{ticket}/report", OUTSIDE)
    assert (stolen.status_code, stolen.json()["code"]) == (403, "not-yours")


def test_network_service_support_claims_and_reports_for_an_installer_and_the_history_says_so(
    web: Web, noc: TestClient
) -> None:
    user(web.database, "li.wei", Role.INSTALLER)
    hop, support = at_installers(web, noc), web.program("wang", Role.NETWORK_SERVICE_SUPPORT)
    ghost = post(support, f"/hops/{hop}/claim", {"on_behalf_of": "nobody-like-this"})
    assert (ghost.status_code, ghost.json()["code"]) == (422, "unknown-user")
    assert support.get(f"{API}/hops/{hop}").json()["may"] == ["claim"]
    assert post(support, f"/hops/{hop}/claim").json()["code"] == "not-allowed"
    assert post(support, f"/hops/{hop}/claim", {"on_behalf_of": "li.wei"}).json()["hop"]["holder"] == "li.wei"
    assert support.get(f"{API}/hops/{hop}").json()["may"] == ["report", "pass on", "hand back", "give back"]
    assert post(support, f"/hops/{hop}/report", {**FIXED, "on_behalf_of": "li.wei"}).status_code == 200
    history = support.get(f"{API}/tickets/{hop[:9]}").json()["history"]
    last = next(act for act in reversed(history) if act["act"] == "report")
    assert (last["actor"], last["role"], last["on_behalf_of"]) == ("wang", "network-service-support", "li.wei")


def test_a_hop_is_passed_on_handed_back_held_and_resumed(web: Web, noc: TestClient) -> None:
    hop, installer = at_installers(web, noc), web.program("li.wei", Role.INSTALLER)
    post(installer, f"/hops/{hop}/claim")
    until = (web.now + timedelta(hours=4)).isoformat()
    held = post(installer, f"/hops/{hop}/hold", {"until": until, "reason": "客户不在家"}).json()
    assert held["hop"]["state"] == "held"
    assert post(installer, f"/hops/{hop}/resume").json()["hop"]["state"] == "claimed"
    back = post(installer, f"/hops/{hop}/hand-back", {"reason": "非线路问题"}).json()
    assert (back["hop"]["state"], back["next"]["team"]) == ("handed-back", "noc")
    f.work(web.database, web.rulebook)
    post(noc, f"/hops/{hop[:9]}/claim")
    on = post(noc, f"/hops/{hop[:9]}/pass-on", {"to": "transmission", "reason": "转派传输"}).json()
    assert (on["hop"]["state"], on["next"]["team"]) == ("passed-on", "transmission")


def test_a_supervisor_passes_on_a_hop_that_another_person_holds(web: Web, noc: TestClient) -> None:
    ticket, supervisor = web.on_board(), web.program("gao", Role.SUPERVISOR)
    post(noc, f"/hops/{ticket}/claim")
    assert "pass on" in supervisor.get(f"{API}/hops/{ticket}").json()["may"]
    assert post(supervisor, f"/hops/{ticket}/pass-on", {"to": "noc", "reason": "下班"}).json()["next"]["team"] == "noc"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("report", {"finding": "satisfied"}, 422, "unknown-finding"),
        ("report", {"finding": "outside-plant"}, 422, "bad-evidence"),
        ("report", {"finding": "outside-plant", "evidence": {"x": []}}, 422, "invalid-request"),
        ("report", {"finding": "a\0b"}, 422, "invalid-request"),
        ("report", {"finding": "fixed", "nonsense": 1}, 422, "invalid-request"),
        ("pass-on", {"to": "archive", "reason": "x"}, 422, "not-passable"),
        ("pass-on", {"to": "noc", "reason": " "}, 422, "bad-input"),
        ("hand-back", {"reason": "x"}, 409, "nobody-asked"),
        ("hold", {"until": "2026-03-02T07:00:00Z", "reason": "x"}, 422, "held-too-long"),
        ("hold", {"until": "2026-03-02T09:00:00", "reason": "x"}, 422, "bad-input"),
        ("hold", {"until": "tomorrow", "reason": "x"}, 422, "invalid-request"),
        ("resume", None, 409, "illegal-move"),
        ("claim", None, 409, "already-claimed"),
        ("release", None, 403, "not-allowed"),
    ],
)
def test_an_impossible_act_on_a_hop_is_a_problem_with_its_code(
    small_web: Web, path: str, body: dict[str, Any] | None, status: int, code: str
) -> None:
    noc = small_web.program("zhao", Role.NOC)
    ticket = small_web.on_board()
    post(noc, f"/hops/{ticket}/claim")
    answer = post(noc, f"/hops/{ticket}/{path}", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert noc.get(f"{API}/hops/{ticket}").json()["hop"]["state"] == "claimed"


@pytest.mark.parametrize("name", ["F99999999", "F00000001-9", "F00000001"])
def test_an_unknown_hop_is_not_found(small_web: Web, name: str) -> None:
    noc = small_web.program("zhao", Role.NOC)
    for answer in (noc.get(f"{API}/hops/{name}"), post(noc, f"/hops/{name}/claim")):
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert post(noc, "/hops/nonsense/claim").json()["code"] == "invalid-request"


def test_hops_of_other_areas_and_other_teams_appear_not_to_exist(web: Web) -> None:
    ticket = web.on_board()
    strangers = (
        web.program("far", Grant(Role.NOC, frozenset({"yuexiu"}))),
        web.program("sun", Role.TRANSMISSION),
        web.program("root", Role.ADMINISTRATOR),
    )
    absent = f"F{int(ticket[1:]) + 1:08d}"
    for stranger in strangers[:2]:
        for real, none in (
            (stranger.get(f"{API}/hops/{ticket}-1"), stranger.get(f"{API}/hops/{absent}-1")),
            (post(stranger, f"/hops/{ticket}-1/claim"), post(stranger, f"/hops/{absent}-1/claim")),
        ):
            assert real.status_code == none.status_code == 404
            told = real.json()["detail"].replace(f"number {int(ticket[1:])}", f"number {int(absent[1:])}")
            assert told == none.json()["detail"]
    assert post(strangers[2], f"/hops/{ticket}-1/claim").status_code == 403


def test_a_batch_of_claims_and_reports_does_or_refuses_each_by_itself(web: Web, noc: TestClient) -> None:
    tickets = [web.on_board(f"GZ{n}") for n in range(3)]
    post(web.program("qian", Role.NOC), f"/hops/{tickets[0]}/claim")
    asked = [*tickets, "F99999999"]
    answer = post(noc, "/hops/claim", {"claims": [{"hop": name} for name in asked]})
    assert answer.status_code == 200
    assert answer.json()["done"] == [f"{name}-1" for name in tickets[1:]]
    assert {(each["hop"], each["problem"]["code"]) for each in answer.json()["refused"]} == {
        (tickets[0], "already-claimed"),
        ("F99999999", "not-found"),
    }
    reports = [{"hop": name, **OUTSIDE} for name in tickets] + [{"hop": tickets[1] + "-1", "finding": "fixed"}]
    assert post(noc, "/hops/report", {"reports": reports}).json()["code"] == "bad-input"  # one hop twice
    reported = post(noc, "/hops/report", {"reports": reports[:3]}).json()
    assert (len(reported["done"]), [each["problem"]["code"] for each in reported["refused"]]) == (2, ["not-yours"])


def test_a_batch_has_a_largest_size_and_a_smallest(small_web: Web) -> None:
    noc = small_web.program("zhao", Role.NOC)
    for claims in ([], [{"hop": "F00000001"}] * 201):
        assert post(noc, "/hops/claim", {"claims": claims}).status_code == 422


def test_an_act_on_an_outdated_version_is_refused(web: Web, noc: TestClient) -> None:
    ticket = web.on_board()
    seen = noc.get(f"{API}/hops/{ticket}").headers["etag"]
    assert post(noc, f"/hops/{ticket}/claim", None, **{"If-Match": seen}).status_code == 200
    until = (web.now + timedelta(hours=1)).isoformat()
    late = post(noc, f"/hops/{ticket}/hold", {"until": until, "reason": "x"}, **{"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "changed-meanwhile")
    assert post(noc, f"/hops/{ticket}/hold", {"until": until, "reason": "x"}, **{"If-Match": "*"}).status_code == 200


def test_a_hop_that_failed_too_often_waits_in_quarantine_until_released(web: Web) -> None:
    made = web.fault()
    with web.database.write() as tx:
        tx.execute(update(hop).values(state="quarantined", failures=5, failure="board: ValueError", wake_at=None))
    ops = web.program("ops", Role.OPS)
    (waiting,) = ops.get(f"{API}/quarantine").json()["items"]
    assert (waiting["hop"], waiting["failure"]) == (f"{made.number}-1", "board: ValueError")
    far = web.program("far", Grant(Role.OPS, frozenset({"yuexiu"})))
    assert far.get(f"{API}/quarantine").json()["items"] == []
    assert post(far, f"/hops/{waiting['hop']}/release").status_code == 404
    assert post(ops, f"/hops/{waiting['hop']}/release").json()["hop"]["state"] == "due"
    assert web.program("zhao", Role.NOC).get(f"{API}/quarantine").status_code == 403


class Asking:
    """A program that waits for its hop in a thread of its own, while other requests change the hop."""

    def __init__(self, web: Web, client: TestClient, path: str, prefer: str = "wait=30") -> None:
        self.web, self.client, self.path, self.prefer = web, client, path, prefer

    def __enter__(self) -> Future[Any]:
        self.web.installation.live.start()
        self.threads = ThreadPoolExecutor(1)
        return self.threads.submit(self.client.get, f"{API}{self.path}", headers={"Prefer": self.prefer})

    def __exit__(self, *_: object) -> None:
        self.web.installation.live.stop()
        self.web.installation.live.join()
        self.threads.shutdown()


@pytest.mark.parametrize("told", [True, False])
def test_a_waiting_request_is_answered_once_the_hop_is_on_its_board_even_if_the_notice_is_missed(
    web: Web, noc: TestClient, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_events, "MISSED", 60 if told else 0.1)
    made = web.fault()
    with Asking(web, noc, f"/hops/{made.number}-1") as answer:
        eventually(lambda: str(made.ticket_id) in web.installation.live.awaited)
        f.work(web.database, web.rulebook)
        if told:
            with web.database.write() as tx:
                came_onto_board(tx, "noc", [made.ticket_id])
        assert answer.result(10).json()["hop"]["state"] == "waiting"


def test_a_wait_that_times_out_is_answered_with_the_present_state(web: Web, noc: TestClient) -> None:
    made = web.fault()
    with Asking(web, noc, f"/hops/{made.number}-1", "respond-async, wait=1") as answer:
        assert answer.result(10).json()["hop"]["state"] == "due"


def test_a_request_for_a_hop_on_its_board_does_not_wait(web: Web, noc: TestClient) -> None:
    with Asking(web, noc, f"/hops/{web.on_board()}") as answer:
        assert answer.result(10).json()["hop"]["state"] == "waiting"


@pytest.mark.parametrize("prefer", ["", "wait=soon", "return=minimal", "await=30"])
def test_a_request_that_asks_for_no_wait_does_not_wait(web: Web, noc: TestClient, prefer: str) -> None:
    with Asking(web, noc, f"/hops/{web.fault().number}", prefer) as answer:
        assert answer.result(10).json()["hop"]["state"] == "due"


def test_a_stopping_process_answers_all_waiting_requests(web: Web, noc: TestClient) -> None:
    made = web.fault()
    with Asking(web, noc, f"/hops/{made.number}-1") as answer:
        eventually(lambda: str(made.ticket_id) in web.installation.live.awaited)
        web.installation.live.stop()
        assert answer.result(10).json()["hop"]["state"] == "due"


def test_a_waiting_request_does_not_count_as_a_slow_one(
    web: Web, noc: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    with Asking(web, noc, f"/hops/{web.fault().number}", "wait=1") as answer:
        answer.result(10)
    took = re.search(r"ms=(\d+) +operation=hops-see-hop", capsys.readouterr().out)
    assert took is not None
    assert int(took[1]) < 500


def test_who_lost_the_role_is_refused_and_a_colleague_is_offered_the_hop(web: Web, noc: TestClient) -> None:
    ticket, other = web.on_board(), web.program("qian", Role.NOC)
    post(noc, f"/hops/{ticket}/claim")
    assert other.get(f"{API}/hops/{ticket}").json()["may"] == []
    with web.database.write() as tx:
        area = Grant(Role.NOC, frozenset({"elsewhere"}))
        held = users.get(tx, "zhao")
        users.set_grants(tx, held.name, [area], CONSOLE, web.now)
    [shown] = other.get(f"{API}/teams/noc/board").json()["items"]
    assert (shown["holder"], shown["left"], shown["may"]) == ("zhao", True, ["claim"])
    assert other.get(f"{API}/hops/{ticket}").json()["may"] == ["claim"]
    page = other.get(f"/teams/noc/hops/{ticket}-1", headers={"Accept": "text/html"}).text
    assert "zhao 已停用或不再有此角色" in page
    assert post(noc, f"/hops/{ticket}/report", OUTSIDE).status_code in (403, 404)
    assert post(other, f"/hops/{ticket}/claim").json()["hop"]["holder"] == "qian"


def test_no_photo_is_added_for_a_holder_who_lost_the_role(web: Web, noc: TestClient) -> None:
    user(web.database, "li.wei", Role.INSTALLER)
    hop, support = at_installers(web, noc), web.program("wang", Role.NETWORK_SERVICE_SUPPORT)
    post(support, f"/hops/{hop}/claim", {"on_behalf_of": "li.wei"})
    with web.database.write() as tx:
        users.set_grants(tx, "li.wei", [Grant(Role.NOC)], CONSOLE, web.now)
    answer = support.post(
        f"{API}/hops/{hop}/photos", content=b"\x89PNG\r\n\x1a\n" + bytes(64), headers={"Content-Type": "image/png"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "unfit-user")


def test_who_may_never_claim_is_told_whose_work_it_is(web: Web) -> None:
    number = web.on_board()
    refused = web.program("chen", Role.CLERK).post(f"{API}/hops/{number}/claim", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    assert "for: construction, data-network, installer, " in refused.json()["detail"]
