"""A broker that can't be used is named at once, with what is in the way, before anything waits for it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from dispatch.errors import BrokerAway
from dispatch.runtime.reservation import free_port, reserve
from dispatch.settings import Settings
from tests import valkey
from tests.acceptance.conftest import Home
from workers import broker_check
from workers.broker_check import end_without_broker, why_unreachable


@pytest.fixture
def installation(tmp_path: Path) -> Home:
    return Home(tmp_path / "paidan")


def named(url: str, **more: object) -> Settings:
    return Settings(broker_url=SecretStr(url), **more)


def why(url: str, **more: object) -> str:
    found = why_unreachable(named(url, **more))
    return found.en if found else ""


@pytest.mark.parametrize("kind", ["redis", "rediss", "valkey", "amqp"])
def test_a_port_where_nobody_listens_is_told_as_such(kind: str) -> None:
    assert why(f"{kind}://u:geheim@127.0.0.1:{free_port()}//") == "Connection refused"


def test_sentinels_that_are_away_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_check, "REACH_SECONDS", 0.5)
    url = ";".join(f"sentinel://:geheim@127.0.0.1:{free_port()}" for _ in range(3))
    assert "no answer" in (said := why(url, broker_master="paidan")) or "no Sentinel" in said


@pytest.mark.parametrize("kind", ["redis", "rediss", "amqp"])
def test_a_server_that_never_answers_costs_a_few_seconds(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert broker_check.REACH_SECONDS <= 4
    monkeypatch.setattr(broker_check, "REACH_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        assert "no answer within" in why(f"{kind}://127.0.0.1:{silent.getsockname()[1]}//")
        assert time.monotonic() - began < 10


def test_a_wrong_password_is_told_as_such_and_a_right_one_is_good(tmp_path: Path) -> None:
    with valkey.broker(tmp_path, "--requirepass", "richtig") as port:
        deadline = time.monotonic() + 10
        while "refused" in (said := why(f"valkey://:geheim@127.0.0.1:{port}/0")) and "password" not in said:
            assert time.monotonic() < deadline
        assert said == "it refuses the user's name or the password"
        assert why(f"redis://:richtig@127.0.0.1:{port}/0") == ""


@pytest.fixture(scope="module")
def with_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Debian's redis-server with TLS on loopback, and the authority that signed its certificate."""
    server, openssl = shutil.which("redis-server"), shutil.which("openssl")
    if not (server and openssl):
        if os.environ.get("CI"):
            pytest.fail("redis-server and openssl are missing")
        pytest.skip("no redis-server or openssl here")
    folder, port = tmp_path_factory.mktemp("tls"), free_port()
    subject = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "pem"), "-days", "2"]
    subprocess.run([openssl, "req", "-x509", *subject, *files], check=True, capture_output=True)
    tls = ["--tls-port", str(port), "--tls-cert-file", str(folder / "pem"), "--tls-key-file", str(folder / "key")]
    tls += ["--tls-ca-cert-file", str(folder / "pem"), "--tls-auth-clients", "no"]
    words = [server, "--port", "0", "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), *tls]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while why(f"rediss://localhost:{port}?ssl_cert_reqs=none"):
            assert time.monotonic() < deadline
        yield port, folder / "pem"
    finally:
        process.terminate()
        process.wait(10)


def test_a_certificate_is_looked_at_and_an_authority_of_ones_own_can_be_named(with_tls: tuple[int, Path]) -> None:
    port, authority = with_tls
    assert "its certificate: self-signed" in why(f"rediss://localhost:{port}/0")
    assert "its certificate: self-signed" in why(f"valkeys://localhost:{port}/0")
    assert why(f"valkeys://localhost:{port}/0?ssl_ca_certs={authority}") == ""
    assert "its certificate: IP address mismatch" in why(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={authority}")


def test_up_asks_the_broker_before_it_makes_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, url = tmp_path / "paidan", f"redis://:geheim@127.0.0.1:{free_port()}/0"
    monkeypatch.setenv("DISPATCH_BROKER_URL", url)
    with pytest.raises(BrokerAway) as told:
        reserve(named(url, home=home), web=False, flower=False)
    assert "redis://:***@127.0.0.1" in str(told.value)
    assert "Connection refused" in str(told.value)
    assert "DISPATCH_BROKER_URL" in str(told.value)
    assert not home.exists()


def test_the_command_ends_with_that_word_and_status_1(installation: Home) -> None:
    installation.settings = {"DISPATCH_BROKER_URL": f"amqp://u:geheim@127.0.0.1:{free_port()}//"}
    began = time.monotonic()
    status, out, err = installation.call("up")
    assert (status, out) == (1, "")
    assert "amqp://u:***@127.0.0.1" in err
    assert "geheim" not in err
    assert time.monotonic() - began < 30
    assert not installation.folder.exists()
    told = json.loads(installation.call("doctor", "--json")[1])
    assert "amqp://u:***@127.0.0.1" in json.dumps(told)


def test_a_process_on_its_own_ends_at_once_and_a_supervised_one_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    away = named(f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.delenv("SUPERVISED_AS", raising=False)
    with pytest.raises(SystemExit, match="is out of reach: Connection refused"):
        end_without_broker(away)
    monkeypatch.setenv("SUPERVISED_AS", "relay")
    end_without_broker(away)


@pytest.mark.system
def test_a_worker_without_its_broker_ends_with_a_word(installation: Home) -> None:
    installation.settings = {"DISPATCH_BROKER_URL": f"redis://:geheim@127.0.0.1:{free_port()}/0"}
    words = [sys.executable, "-m", "celery", "-A", "workers.app", "worker", "-Q", "noc", "--loglevel=WARNING"]
    done = subprocess.run(words, env=installation.environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "The broker redis://:***@127.0.0.1" in done.stderr
    assert "geheim" not in done.stderr
