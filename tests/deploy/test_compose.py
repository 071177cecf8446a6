"""Every command of docker-compose.yml is really started and becomes healthy by its own health check."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from redis import Redis

from dispatch.runtime.reservation import broker_program
from tests.acceptance.conftest import eventually
from tests.deploy.compose import PORTS, PROJECT, Container, containers, free_port, load, secrets, tools
from tests.postgres import programs, server

pytestmark = pytest.mark.system

ONCE = ("migrate-1", "doctor-1")


@dataclass
class Installation:
    folder: Path
    ports: dict[str, int]
    running: dict[str, Container]

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text().strip()

    def dispatch(self, *words: str) -> str:
        """Run a command as `docker compose exec web python -m dispatch …` does."""
        web = self.running["web-1"]
        done = subprocess.run(
            ["python", "-m", "dispatch", *words], env=web.environment, cwd=PROJECT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def postgres_on_loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start a server set up as in the file, but on loopback and with a password for the user paidan; return its
    port."""
    port = free_port()
    with server(tmp_path_factory.getbasetemp().parent / "postgres.turn", port, _database_options()):
        yield port


def _database_options() -> list[str]:
    """`-c name=value …`"""
    _, *options = load()["services"]["postgres"]["command"]
    return [str(each) for each in options]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, postgres_on_loopback: int) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("compose")
    ports = {"postgres": postgres_on_loopback, **{name: free_port() for name in PORTS if name != "postgres"}}
    secrets(folder / "secrets", ports)
    with (folder / "secrets/redis_acl").open("a") as users:
        users.write("user watching on nopass ~* &* +@all\n")  # a user for this test
    tools(
        folder / "bin",
        broker_program(),
        programs(),
    )
    composed = load()
    password = (folder / "secrets/postgres_password").read_text().strip()
    with psycopg.connect(host="127.0.0.1", port=ports["postgres"], user="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE ROLE paidan LOGIN PASSWORD '{password}'")
        admin.execute("CREATE DATABASE paidan OWNER paidan")
    running = {each.name: each for each in containers(composed, folder, ports)}
    made = Installation(folder, ports, running)
    try:
        _start(made, composed)
        yield made
    finally:
        broker = running.pop("redis-1")
        with ThreadPoolExecutor(len(running)) as all_at_once:
            list(all_at_once.map(Container.stop, running.values()))
        broker.stop()


def _start(made: Installation, composed: dict[str, Any]) -> None:
    """Start all services in the order of `depends_on`."""
    database = Container(
        "postgres", composed["services"]["postgres"], {"5432": str(made.ports["postgres"])}, made.folder / "postgres"
    )
    broker, migrate = made.running["redis-1"], made.running["migrate-1"]
    broker.start()
    database.await_health()
    broker.await_health()
    assert migrate.run_once() == 0, migrate.said()
    rest = [each for each in made.running.values() if each not in (broker, migrate) and each.name not in ONCE]
    for container in rest:
        container.start()
    for container in rest:
        container.await_health()


def test_every_service_becomes_healthy_and_a_fault_goes_through_them(installation: Installation) -> None:
    assert len([name for name in installation.running if name.startswith("worker-")]) == 15
    assert {"relay-1", "relay-2", "web-1", "flower-1"} <= set(installation.running)
    installation.dispatch(
        "account", "add", "GZ1", "--area", "tianhe", "--mobile", "13800138000", "--as", "chen", "--role", "clerk"
    )
    report = ("--symptom", "no-internet", "--description", "断网", "--as", "chen", "--role", "clerk")
    installation.dispatch(
        "submit",
        "GZ1",
        *report,
        "--answer",
        "account-state=normal",
        "--answer",
        "lights=dark",
        "--answer",
        "after-power=still-dark",
    )
    board = eventually(lambda: json.loads(installation.dispatch("board", "noc", "--json")), 60)
    assert board[0]["hop"] == "F00000001-1"


def test_the_database_is_set_up_as_the_file_says_and_has_room_for_three_workers_a_team(
    installation: Installation,
) -> None:
    wanted = dict(option.split("=") for option in _database_options()[1::2])
    with psycopg.connect(installation.secret("database_url").replace("+psycopg", "")) as asking:
        rows = asking.execute("SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY (%s)", [[*wanted]])
        assert dict(rows) == wanted
        rows = asking.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'paidan'")
        (held,) = next(rows)
    assert len(installation.running) / 2 < held < int(wanted["max_connections"]) / 3


def test_relay_and_workers_show_their_metrics_to_the_token_alone(installation: Installation) -> None:
    bearer = {"Authorization": f"Bearer {installation.secret('metrics_token')}"}
    urls = {
        name: f"http://127.0.0.1:{port}/metrics"
        for name, container in installation.running.items()
        if (port := container.environment.get("DISPATCH_METRICS_PORT"))
    }
    assert {name: httpx2.get(url).status_code for name, url in urls.items()} == dict.fromkeys(urls, 401)

    def measured(*names: str) -> str:
        return "".join(httpx2.get(urls[name], headers=bearer).text for name in names)

    # A step's time is counted after its commit, so the board may show the hop first.
    eventually(lambda: 'paidan_hop_seconds_count{step="noc.board"} 1.0' in measured("worker-noc-1"))
    eventually(lambda: 'paidan_sent_total{to="noc"} 1.0' in measured("relay-1", "relay-2"))
    web = f"http://127.0.0.1:{installation.ports['web']}/metrics"
    assert httpx2.get(web).status_code == 401
    assert 'paidan_hops{state="waiting",team="noc"} 1.0' in httpx2.get(web, headers=bearer).text


def test_flower_asks_for_its_password_and_shows_teams_and_tickets(installation: Installation) -> None:
    url = f"http://127.0.0.1:{installation.ports['flower']}"
    assert httpx2.get(f"{url}/tasks").status_code == 401
    assert httpx2.get(f"{url}/api/tasks").status_code == 401
    user = base64.b64encode(f"paidan:{installation.secret('flower_password')}".encode()).decode()
    asked = {"Authorization": f"Basic {user}"}

    def seen() -> set[tuple[str, str, str]]:
        tasks = httpx2.get(f"{url}/api/tasks", headers=asked).json().values()
        return {(task["name"], task["args"], str(task["worker"]).partition("@")[0]) for task in tasks}

    steps = ("noc.line-test", "noc.board")
    eventually(lambda: {(step, "(1 hop: F00000001)", "noc") for step in steps} <= seen())


def test_the_brokers_permissions_denied_no_service_a_command(installation: Installation) -> None:
    with Redis(port=installation.ports["redis"], username="watching", password="-") as broker:
        denied = [(each["username"], each["reason"], each["object"]) for each in broker.acl_log()]
        assert denied == []
        assert broker.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert broker.config_get("appendonly") == {"appendonly": "yes"}


def test_a_stopped_relay_and_a_stopped_worker_end_in_order(installation: Installation) -> None:
    assert installation.running["relay-2"].stop() == 0
    assert installation.running["worker-noc-1"].stop() == 0
