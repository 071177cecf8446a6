"""The API of approvals: a clerk asks, a supervisor of the area sees it and decides, the clerk sees the decision."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from dispatch.domain.roles import Grant, Role
from tests.web.conftest import API, Web

ASKED = {
    "act": "cash-refund",
    "subject": "account/1",
    "area": "tianhe",
    "fen": 1200_00,
    "reason": "客户坚持要现金，金额较大",
}


def ask(client: TestClient, **other: Any) -> Any:
    return client.post(f"{API}/approvals", json={**ASKED, **other})


def states(client: TestClient, query: str = "") -> list[tuple[int, str, bool]]:
    items = client.get(f"{API}/approvals{query}").json()["items"]
    return [(each["approval"], each["state"], each["may_decide"]) for each in items]


@pytest.fixture
def clerk(small_web: Web) -> TestClient:
    return small_web.browser("li", Grant(Role.CLERK, frozenset({"tianhe"})))


@pytest.fixture
def supervisor(small_web: Web) -> TestClient:
    return small_web.browser("zhou", Grant(Role.SUPERVISOR, frozenset({"tianhe"})))


def test_a_supervisor_decides_what_a_clerk_asked(clerk: TestClient, supervisor: TestClient) -> None:
    made = ask(clerk)
    assert made.status_code == 201
    number = made.json()["approval"]
    assert states(supervisor, "?waiting=true") == [(number, "waiting", True)]
    assert states(clerk) == [(number, "waiting", False)]

    answer = supervisor.post(f"{API}/approvals/{number}/approve", json={})

    assert answer.json()["state"] == "approved"
    assert clerk.get(f"{API}/approvals/{number}").json()["decided_by"] == "zhou"
    assert states(supervisor, "?waiting=true") == []
    assert supervisor.post(f"{API}/approvals/{number}/refuse", json={}).json()["code"] == "approval-over"


def test_a_supervisor_refuses(clerk: TestClient, supervisor: TestClient) -> None:
    number = ask(clerk).json()["approval"]

    assert supervisor.post(f"{API}/approvals/{number}/refuse", json={}).json()["state"] == "refused"


def test_who_asked_cannot_decide(supervisor: TestClient) -> None:
    number = ask(supervisor).json()["approval"]

    assert states(supervisor) == [(number, "waiting", False)]
    answer = supervisor.post(f"{API}/approvals/{number}/approve", json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "own-approval")


def test_elsewhere_nothing_of_it_is_seen(small_web: Web, clerk: TestClient) -> None:
    number = ask(clerk).json()["approval"]
    elsewhere = small_web.browser("sun", Grant(Role.SUPERVISOR, frozenset({"yuexiu"})))
    colleague = small_web.browser("wang", Grant(Role.CLERK, frozenset({"tianhe"})))

    assert states(elsewhere) == states(colleague) == states(elsewhere, "?waiting=true") == []
    assert elsewhere.post(f"{API}/approvals/{number}/approve", json={}).status_code == 404
    assert elsewhere.get(f"{API}/approvals/{number}").status_code == 404
    assert colleague.get(f"{API}/approvals/{number}").status_code == 404
    assert ask(clerk, area="yuexiu").json()["code"] == "bad-input"


def test_a_reason_is_needed_and_an_act_that_is_known(clerk: TestClient) -> None:
    assert ask(clerk, reason="急").status_code == 422
    assert ask(clerk, act="tea").status_code == 422
    assert states(clerk) == []


def test_a_request_sent_twice_is_asked_once(clerk: TestClient) -> None:
    key = {"Idempotency-Key": "k1"}

    numbers = {clerk.post(f"{API}/approvals", json=ASKED, headers=key).json()["approval"] for _ in range(2)}

    assert len(numbers) == 1
