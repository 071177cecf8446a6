"""Alerts, judged by Debian's Prometheus and Alertmanager. Without them the tests are skipped, and in CI they fail."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dispatch.reports import gauges
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.runtime import metrics
from dispatch.runtime.child_process import die_with_parent
from dispatch.storage import heartbeats
from dispatch.storage.database import Database
from tests.deploy.compose import PROJECT, free_port
from tests.factories import fault, put_in_force, quarantined
from workers.measured import begin_at_zero

DEPLOY = PROJECT / "deploy"
TOKEN = "x" * 32
BY_WORKERS = "relay_lag|hop_seconds|sent|leases|stale|failures|out_of_reach|quarantined_total|database_connections"
"""What a web on SQLite alone doesn't measure."""


def program(name: str) -> str:
    """Return a program's path; skip the test without it, except in CI."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing: install prometheus and prometheus-alertmanager")
        pytest.skip(f"no {name} here: install prometheus and prometheus-alertmanager")
    return found


def run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def yaml(file: Path) -> Any:
    return YAML(typ="safe").load(file.read_text(encoding="utf-8"))


def alerts() -> list[str]:
    return [rule["alert"] for group in yaml(DEPLOY / "alerts.yml")["groups"] for rule in group["rules"]]


def test_every_alert_fires_at_the_first_and_only_when_it_should() -> None:
    run(program("promtool"), "check", "rules", str(DEPLOY / "alerts.yml"))
    run(program("promtool"), "test", "rules", str(DEPLOY / "alerts_test.yml"))


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    cases = [case for each in yaml(DEPLOY / "alerts_test.yml")["tests"] for case in each["alert_rule_test"]]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == set(alerts())
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == set(alerts())


def test_prometheus_takes_its_configuration_and_sends_alerts_to_alertmanager(tmp_path: Path) -> None:
    text = (DEPLOY / "prometheus.yml").read_text(encoding="utf-8")
    token = tmp_path / "token"
    token.write_text(TOKEN)
    placed = text.replace("/etc/prometheus/alerts.yml", str(DEPLOY / "alerts.yml"))
    (tmp_path / "prometheus.yml").write_text(placed.replace("/run/secrets/metrics_token", str(token)))
    run(program("promtool"), "check", "config", str(tmp_path / "prometheus.yml"))
    (manager,) = yaml(DEPLOY / "prometheus.yml")["alerting"]["alertmanagers"]
    (target,) = manager["static_configs"][0]["targets"]
    composed = yaml(PROJECT / "docker-compose.yml")["services"]
    assert target.partition(":")[0] in composed
    (published,) = composed["alertmanager"]["ports"]
    assert published.endswith(f":{target.partition(':')[2]}")


def test_alertmanager_takes_its_configuration_with_each_receiver_that_it_offers(tmp_path: Path) -> None:
    text = (DEPLOY / "alertmanager.yml").read_text(encoding="utf-8")
    filled = re.sub(r"^#(  )", r"\1", text, flags=re.MULTILINE)
    for number, made in enumerate((text, filled)):
        file = tmp_path / f"{number}.yml"
        file.write_text(made, encoding="utf-8")
        run(program("amtool"), "check-config", str(file))
    offered = [each["name"] for each in YAML(typ="safe").load(filled)["receivers"]]
    assert offered == ["nobody", "webhook", "wecom", "e-mail"]


def series(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if line.startswith("paidan_"))
    return {name: float(value) for name, _, value in lines}


def test_every_team_receiver_and_kind_of_process_is_shown_with_0_from_the_start(
    sqlite: Database, rulebook: Rulebook
) -> None:
    def shown() -> dict[str, float]:
        return series(metrics.exposition(gauges.Gauges(sqlite, lambda: rulebook.teams)).decode())

    found = shown()
    for team in rulebook.teams:
        assert found[f'paidan_hops{{state="quarantined",team="{team}"}}'] == 0
        assert found[f'paidan_hops_oldest_due_seconds{{team="{team}"}}'] == 0
        assert found[f'paidan_hops_late{{team="{team}"}}'] == 0
    assert found['paidan_effects{port="sms",state="quarantined"}'] == 0
    assert found['paidan_processes{kind="relay"}'] == found['paidan_processes{kind="worker"}'] == 0
    now = datetime.now(UTC)
    with sqlite.write() as tx:
        heartbeats.beat(tx, "relay@here", "relay", now, now)
        heartbeats.beat(tx, "worker@here", "worker", now, now - heartbeats.SILENCE)
    found = shown()
    assert (found['paidan_processes{kind="relay"}'], found['paidan_processes{kind="worker"}']) == (1, 0)


def test_a_workers_counters_are_there_before_anything_happens(rulebook: Rulebook) -> None:
    begin_at_zero(rulebook)
    found = series(metrics.exposition().decode())
    assert found.keys() >= {
        'paidan_quarantined_total{step="noc.board"}',
        'paidan_quarantined_total{step="noc.receive"}',
        'paidan_failures_total{step="effects.sms"}',
        'paidan_sent_total{to="noc"}',
        'paidan_leases_expired_total{to="sms"}',
        'paidan_stale_dropped_total{outbox="hops"}',
    }


# -- A real Prometheus ---------------------------------------------------------------------------------


@contextmanager
def process(words: list[str], log: Path, **environment: str) -> Iterator[None]:
    with log.open("wb") as out:
        running = subprocess.Popen(
            words, env={**os.environ, **environment}, stdout=out, stderr=out, preexec_fn=die_with_parent
        )
    try:
        yield
    finally:
        running.terminate()
        running.wait(20)


def asked(url: str, **words: str) -> Any:
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(words)}", timeout=5) as answer:
        return json.load(answer)["data"]


def eventually(condition: Any, log: Path, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := condition():
                return found
        except OSError:  # it doesn't listen yet
            pass
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
        time.sleep(0.2)


def expressions() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana/dashboards/paidan.json").read_text(encoding="utf-8"))
    return [each["expr"] for panel in dashboard["panels"] for each in panel["targets"]]


@pytest.mark.system
def test_the_first_hop_in_the_quarantine_is_an_alert_in_a_real_prometheus(
    sqlite: Database, rulebook: Rulebook, script: Script, tmp_path: Path
) -> None:
    prometheus = program("prometheus")
    put_in_force(sqlite, rulebook)
    made = fault(sqlite, rulebook, script)
    web, port = free_port(), free_port()
    (tmp_path / "token").write_text(TOKEN)
    targets = {"authorization": {"credentials_file": str(tmp_path / "token")}}
    scraped = {"job_name": "web", **targets, "static_configs": [{"targets": [f"127.0.0.1:{web}"]}]}
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(DEPLOY / "alerts.yml")],
        "scrape_configs": [scraped],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    own = {"DISPATCH_WEB_PORT": str(web), "DISPATCH_METRICS_TOKEN": TOKEN}
    words = [prometheus, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/tsdb"]
    words += [f"--web.listen-address=127.0.0.1:{port}"]
    logs = tmp_path / "web.log", tmp_path / "prometheus.log"
    api = f"http://127.0.0.1:{port}/api/v1"
    with process([sys.executable, "-m", "dispatch.web"], logs[0], **own), process(words, logs[1]):
        query = {"query": 'paidan_hops{state="quarantined",team="noc"}'}
        zero = eventually(lambda: asked(f"{api}/query", **query)["result"], logs[1])
        assert zero[0]["value"][1] == "0"
        assert not [each for each in asked(f"{api}/alerts")["alerts"] if each["labels"]["alertname"] == "Quarantine"]
        quarantined(sqlite, made.ticket_id)
        found = eventually(
            lambda: [
                each
                for each in asked(f"{api}/alerts")["alerts"]
                if each["labels"]["alertname"] == "Quarantine" and each["state"] == "firing"
            ],
            logs[1],
        )
        assert [each["labels"].get("team") for each in found] == ["noc"]
        for expression in expressions():
            asking = partial(asked, f"{api}/query", query=expression)  # a fault in it is an HTTPError, an OSError
            if re.search(BY_WORKERS, expression):
                asking()
            else:
                eventually(lambda asking=asking: asking()["result"], logs[1])
