"""The metrics for Prometheus: the readers, the figures, and the absence of any customer, number or path."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from dispatch.domain.roles import HELD_BY_PEOPLE
from dispatch.runtime import metrics
from dispatch.settings import Settings
from dispatch.storage import hops
from dispatch.tickets import followup
from dispatch.web.middleware import RequestGuard
from tests import factories as f
from tests.web.conftest import API, Web

TOKEN = "the-installation's-own"


@pytest.fixture
def machine(web: Web) -> Any:
    web.installation.settings = Settings(metrics_token=SecretStr(TOKEN))
    return web.client(Authorization=f"Bearer {TOKEN}")


def read(client: Any) -> dict[tuple[str, ...], float]:
    """Return {(name, label values …): value}."""
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_nobody_may_read_metrics_without_a_token_in_the_settings(small_web: Web) -> None:
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        assert small_web.client(**headers).get("/metrics").status_code == 401


def test_no_user_of_any_role_and_no_other_token_may_read_metrics(web: Web, machine: Any) -> None:
    assert web.program("everything", *HELD_BY_PEOPLE).get("/metrics").status_code == 401
    assert web.browser("everything").get("/metrics").status_code == 401
    assert web.client(Authorization=f"Bearer {TOKEN}x").get("/metrics").status_code == 401
    assert machine.get("/metrics").status_code == 200


def test_metrics_tell_how_much_waits_at_each_team_and_for_how_long(web: Web, machine: Any) -> None:
    before = datetime.now(UTC) - timedelta(minutes=5)
    for number in ("GZ1", "GZ2"):
        web.fault(number, now=before)
    web.on_board("GZ3")
    told = read(machine)
    assert told["paidan_hops_due", "noc"] == 2
    assert 300 <= told["paidan_hops_oldest_due_seconds", "noc"] < 360
    assert told["paidan_hops", "waiting", "noc"] == 1
    assert told["paidan_hops", "quarantined", "noc"] == 0
    assert told["paidan_tickets_open",] == told["paidan_tickets_made_total",] == 3
    assert told["paidan_tickets_ended_total",] == 0
    assert told["paidan_database_up",] == 1
    assert told["paidan_database_connections", "in use"] + told["paidan_database_connections", "idle"] >= 1


def test_an_expired_lease_is_distinguished_from_a_first_sending(web: Web) -> None:
    web.fault(now=f.NOW)
    with web.database.write() as tx:
        (first,) = hops.take_due(tx, f.NOW + timedelta(seconds=2), f.LEASE, 9, ["noc"])
        (again,) = hops.take_due(tx, f.NOW + timedelta(seconds=2) + f.LEASE, f.LEASE, 9, ["noc"])
    assert first.waited == (2.0, False)
    assert again.waited == (0.0, True)


def test_requests_are_measured_by_operation_and_never_by_path(web: Web, machine: Any) -> None:
    machine.get(f"{API}/surveys/secret-token")
    machine.get("/no/such/path")
    told = read(machine)
    assert told["paidan_api_seconds_count", "surveys-see-survey", "4xx"] >= 1
    assert told["paidan_api_seconds_count", "none", "4xx"] >= 1
    assert not any("secret-token" in word or "such" in word for labels in told for word in labels)


def test_metrics_contain_no_customer_and_no_number(web: Web, machine: Any) -> None:
    web.on_board("GZ-SECRET", description="客户家里断网")
    text = machine.get("/metrics").text
    for secret in ("GZ-SECRET", "客户", "13800138000", "tianhe", "F0000"):
        assert secret not in text


def test_metrics_say_when_the_database_is_unreachable(web: Web, machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("", None, Exception("away"))

    monkeypatch.setattr(web.database, "read", away)
    told = read(machine)
    assert told["paidan_database_up",] == 0
    assert not any(name[0] == "paidan_hops" for name in told)


@pytest.mark.parametrize("seconds", [[], [0.05], [0.049, 0.05, 0.051, 1e9, 0.0]])
def test_a_batch_is_measured_like_single_requests(seconds: Sequence[float]) -> None:
    one, all_ = (Histogram("x", "x", buckets=(0.05, 1), registry=CollectorRegistry()) for _ in range(2))
    for each in seconds:
        one.observe(each)
    metrics.observe_all(all_, seconds)
    drop = [(s.name, s.labels, s.value) for s in next(iter(one.collect())).samples if not s.name.endswith("_created")]
    assert drop == [
        (s.name, s.labels, s.value) for s in next(iter(all_.collect())).samples if not s.name.endswith("_created")
    ]


def test_the_duration_of_a_stream_is_not_measured_as_its_requests() -> None:
    async def lasting(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.6)
        await send({"type": "http.response.body"})

    with capture_logs() as said:
        TestClient(RequestGuard(lasting, https=False)).get("/")
    assert [each["ms"] < 500 for each in said if "ms" in each] == [True]


def test_metrics_tell_how_many_lines_wait_for_their_test_and_since_when(web: Web, machine: Any) -> None:
    before = datetime.now(UTC) - timedelta(minutes=5)
    assert (read(machine)["paidan_retests",], read(machine)["paidan_retests_oldest_seconds",]) == (0, 0)
    ticket_ids = [web.fault(number).ticket_id for number in ("GZ1", "GZ2")]
    for ticket_id in ticket_ids:
        f.untested(web.database, web.rulebook, ticket_id, before)
    told = read(machine)
    assert told["paidan_retests",] == 2
    assert 300 <= told["paidan_retests_oldest_seconds",] < 360
    with web.database.write() as tx:
        followup.withdraw(tx, ticket_ids[0], "好了", f.CLERK, before)
    assert read(machine)["paidan_retests",] == 1


def test_the_time_in_which_a_slow_client_sends_its_body_is_not_measured_as_ours() -> None:
    async def slow() -> Message:
        await asyncio.sleep(0.6)
        return {"type": "http.request", "body": b"x", "more_body": False}

    async def reading(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def ignored(_message: Message) -> None:
        """The answer."""

    with capture_logs() as said:
        asyncio.run(RequestGuard(reading, https=False)({"type": "http", "method": "POST"}, slow, ignored))
    assert [each["ms"] < 500 for each in said if "ms" in each] == [True]
