"""A relay or worker outside the supervisor shows its metrics to holders of the installation's token alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx2
import pytest
from pydantic import SecretStr

from dispatch.errors import BadSettings, MissingPart
from dispatch.runtime import metrics
from dispatch.settings import Settings
from workers.metrics_port import serve_metrics


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert serve_metrics(Settings(metrics_token=SecretStr("own"), metrics_port=port)) == port
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


def test_the_token_opens_the_metrics_port(client: httpx2.Client) -> None:
    metrics.STALE.labels("hops").inc(3)
    answer = client.get("/metrics", headers={"Authorization": "Bearer own"})
    assert answer.status_code == 200
    assert 'paidan_stale_dropped_total{outbox="hops"}' in answer.text


@pytest.mark.parametrize("shown", [{}, {"Authorization": "Bearer other"}, {"Authorization": "Basic own"}])
def test_nothing_but_the_token_opens_the_metrics_port(client: httpx2.Client, shown: dict[str, str]) -> None:
    answer = client.get("/metrics", headers=shown)
    assert (answer.status_code, answer.text) == (401, "")


def test_the_metrics_port_serves_nothing_else(client: httpx2.Client) -> None:
    assert client.get("/", headers={"Authorization": "Bearer own"}).status_code == 404


def test_an_unreadable_or_occupied_metrics_port_is_told() -> None:
    assert serve_metrics(Settings()) == 0
    with pytest.raises(BadSettings, match="DISPATCH_METRICS_TOKEN"):
        serve_metrics(Settings(metrics_port=9))
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(MissingPart, match="DISPATCH_METRICS_PORT"):
        serve_metrics(Settings(metrics_token=SecretStr("own"), metrics_port=taken.getsockname()[1]))
