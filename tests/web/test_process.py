"""`dispatch web` as a process of its own: it answers without broker and workers, ends in order, and logs no data."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from dispatch.domain.roles import Role
from dispatch.errors import MissingPart
from dispatch.settings import load_settings
from dispatch.storage.database import Database
from dispatch.web.__main__ import listen
from tests import factories as f
from tests.users import PASSWORD
from tests.web.conftest import API, Web

PROJECT = Path(__file__).parents[2]


def start() -> subprocess.Popen[str]:
    """Start the process in the test's own home, which holds its database."""
    environment = {**os.environ, "DISPATCH_WEB_PORT": "0"}
    words = [sys.executable, "-m", "dispatch", "web"]
    return subprocess.Popen(
        words, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def process(sqlite: Database) -> Iterator[subprocess.Popen[str]]:
    process = start()
    yield process
    process.kill()
    process.communicate()


def test_the_web_process_alone_takes_a_fault_ends_in_order_and_logs_no_customer(
    small_web: Web, process: subprocess.Popen[str]
) -> None:
    """No broker runs and none is needed: due hops wait in the database."""
    f.account(small_web.database)
    small_web.now = datetime.now(UTC)  # the process uses the real clock
    token = small_web.program("chen", Role.CLERK).headers["authorization"]
    survey = f.token(
        small_web.database, f.archived(small_web.database, small_web.rulebook, small_web.fault("GZ2").ticket_id)
    )
    assert process.stdout
    ready = process.stdout.readline()
    assert re.fullmatch(r"ready: http://127\.0\.0\.1:\d+\n", ready), ready
    with httpx2.Client(base_url=ready.split()[1]) as client:
        assert client.get("/readyz").json()["status"] == "ok"
        body: dict[str, Any] = {"account": "GZ1", "symptom": "slow", "description": "客户家里断网"}
        made = client.post(f"{API}/faults", json=body, headers={"Authorization": token})
        assert made.status_code == 201, made.text
        assert client.get(f"{API}/surveys/{survey}").json()["open"] is True
        assert client.post(f"{API}/session", json={"name": "chen", "password": PASSWORD + "x"}).status_code == 401
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGTERM), err
    assert made.headers["x-request-id"] in err
    for secret in (survey, "GZ1", "断网", "13800138000", PASSWORD, token.removeprefix("Bearer "), "chen"):
        assert secret not in out + err, secret


def test_an_occupied_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("DISPATCH_WEB_PORT", str(taken.getsockname()[1]))
        with pytest.raises(MissingPart, match="DISPATCH_WEB_PORT"):
            listen(load_settings())
