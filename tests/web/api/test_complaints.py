"""The API of complaints and compensations: who takes, sees and answers them, and what their page shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from dispatch.domain.kind import Kind
from dispatch.domain.numbers import ticket_number
from dispatch.domain.roles import Grant, Role
from tests import factories as f
from tests.web.conftest import API, Web

ASKED = {"account": "GZ1", "kind": "missed-visit", "text": "等了一天没人来", "wish": "尽快上门"}
TIANHE = frozenset({"tianhe"})


def take(client: TestClient, **other: Any) -> Any:
    return client.post(f"{API}/complaints", json={**ASKED, **other})


@pytest.fixture
def agent(small_web: Web) -> TestClient:
    f.account(small_web.database)
    return small_web.browser("he", Grant(Role.AGENT_10086, TIANHE))


@pytest.fixture
def supervisor(small_web: Web) -> TestClient:
    return small_web.browser("gao", Grant(Role.SUPERVISOR, TIANHE))


def test_an_agent_takes_a_complaint_and_a_supervisor_has_it_on_top_of_the_list(
    small_web: Web, agent: TestClient, supervisor: TestClient
) -> None:
    taken = take(agent, source="12345")
    assert taken.status_code == 201
    body = taken.json()
    number = body["ticket"]
    assert number.startswith("K")
    assert body["renamed"] is None
    (listed,) = supervisor.get(f"{API}/complaints").json()["items"]
    assert (listed["ticket"], listed["source"], listed["team"], listed["late"]) == (
        number,
        "12345",
        "complaints",
        False,
    )
    small_web.now += timedelta(hours=3)
    supervisor, agent = small_web.program("gao"), small_web.program("he")
    assert supervisor.get(f"{API}/complaints").json()["items"][0]["late"]
    called = supervisor.post(f"{API}/complaints/{number}/contact", json={"reached": True, "note": "已致歉"})
    assert called.json()["contacted_at"]
    told = agent.get(f"{API}/tickets/{number}").json()
    assert told["complaint"]["wish"] == "尽快上门"
    assert "call about a complaint" in told["may"]


def test_every_kind_of_ticket_is_found_by_its_number(small_web: Web, agent: TestClient) -> None:
    for kind in Kind:
        answer = agent.get(f"{API}/tickets/{ticket_number(kind, 99)}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), kind
        assert agent.get(f"/tickets/find?q={ticket_number(kind, 99)}", follow_redirects=False).headers["location"] == (
            f"/tickets/{ticket_number(kind, 99)}"
        )


def test_a_complaint_of_another_area_is_unknown(small_web: Web, agent: TestClient) -> None:
    number = take(agent).json()["ticket"]
    elsewhere = small_web.browser(
        "ou", Grant(Role.SUPERVISOR, frozenset({"yuexiu"})), Grant(Role.CLERK, frozenset({"yuexiu"}))
    )
    assert elsewhere.get(f"{API}/complaints").json()["items"] == []
    assert elsewhere.post(f"{API}/complaints/{number}/contact", json={"reached": True}).status_code == 404
    assert take(elsewhere).json()["code"] == "unknown-account"


def test_a_second_one_of_the_kind_is_refused_until_it_is_confirmed(agent: TestClient) -> None:
    first = take(agent).json()["ticket"]
    refused = take(agent)
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate-complaint")
    assert first in refused.json()["detail"]
    assert take(agent, again=True).status_code == 201


def test_above_the_desks_limit_the_answer_names_the_approval_to_ask_for(
    agent: TestClient, supervisor: TestClient
) -> None:
    number = take(agent).json()["ticket"]
    asked = {"basis": "goodwill", "amount": "80", "reason": "三次爽约"}
    refused = agent.post(f"{API}/tickets/{number}/compensations", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "approval-needed")
    needed = refused.json()["approval"]
    made = agent.post(f"{API}/approvals", json={**needed, "reason": "三次爽约，客户要向通信管理局申诉"}).json()
    assert made["subject_name"] == number
    assert supervisor.post(f"{API}/approvals/{made['approval']}/approve", json={}).is_success
    given = agent.post(f"{API}/tickets/{number}/compensations", json={**asked, "approvals": [made["approval"]]})
    assert (given.status_code, given.json()["fen"], given.json()["approval"]) == (201, 80_00, made["approval"])
    seen = agent.get(f"{API}/tickets/{number}/compensations").json()
    assert ([each["basis"] for each in seen["given"]], seen["offered"]) == (["goodwill"], [])
    again = agent.post(f"{API}/tickets/{number}/compensations", json=asked)
    assert again.json()["code"] == "compensated-before"


def test_a_builder_sees_neither_the_list_nor_the_money(small_web: Web, agent: TestClient) -> None:
    number = take(agent).json()["ticket"]
    builder = small_web.browser("huang", Grant(Role.CONSTRUCTION, TIANHE))
    assert builder.get(f"{API}/complaints").status_code == 403
    assert builder.get("/complaints").status_code == 403
    assert builder.get(f"{API}/tickets/{number}/compensations").status_code == 403


def test_the_pages_show_a_complaint_its_times_and_the_money(agent: TestClient, supervisor: TestClient) -> None:
    number = take(agent).json()["ticket"]
    page = supervisor.get("/complaints").text
    assert number in page
    assert "未按约上门" in page
    assert 'data-api="POST /api/v1/complaints"' not in page
    assert 'data-api="POST /api/v1/complaints"' in agent.get("/complaints").text
    ticket = agent.get(f"/tickets/{number}").text
    assert "尽快上门" in ticket
    assert "服务" in ticket
    assert f'data-api="POST /api/v1/tickets/{number}/compensations"' in ticket
    assert f'data-api="POST /api/v1/complaints/{number}/contact"' in ticket
