"""The files of an installation agree with the code and with each other."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from ruamel.yaml import YAML

from dispatch import defaults
from dispatch.domain.trusted_proxies import TrustedProxies
from dispatch.reports import gauges
from dispatch.routing.rulebook import EFFECTS, Rulebook
from dispatch.runtime import metrics
from dispatch.settings import IN_FILE, PREFIX, Settings, variables
from dispatch.storage.database import Database
from dispatch.web.connection_guard import ConnectionGuard, ConnectionLimits
from tests.deploy.compose import PROJECT, default_of, load, ours

NOT_IN_CONTAINERS = {
    "DISPATCH_WORKERS": "that is `dispatch up`; here workers are services",
    "DISPATCH_SURVEY_URL": "follows from DISPATCH_WEB_URL",
    "DISPATCH_RECORD_URL": "follows from DISPATCH_WEB_URL",
    "DISPATCH_FONTS": "the image has its own",
    "DISPATCH_SENTINEL_PASSWORD": "the broker here has no Sentinels; whoever uses their own adds its secret",
    "DISPATCH_QUIET_HOURS": "for demonstrations and load tests",
    "DISPATCH_USER": "for a person's terminal",
    "DISPATCH_ROLE": "for a person's terminal",
    "DISPATCH_LANG": "for a person's terminal",
}


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    return load()


def services(composed: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(composed["services"].items())


def test_every_variable_of_the_compose_file_is_a_setting_and_every_setting_can_be_set(composed: dict[str, Any]) -> None:
    found = {
        name for _, service in services(composed) for name in service.get("environment", {}) if name.startswith(PREFIX)
    }
    assert found <= variables()
    settable = {name.removesuffix(IN_FILE) for name in found}
    assert settable == {PREFIX + name.upper() for name in Settings.model_fields} - set(NOT_IN_CONTAINERS)


def test_an_unset_variable_has_the_same_default_as_without_containers(composed: dict[str, Any]) -> None:
    for _, service in services(composed):
        for name, value in service.get("environment", {}).items():
            if name.startswith(PREFIX) and "${" in str(value):
                assert re.fullmatch(rf"\$\{{{name}:-.*\}}", value)
                field = Settings.model_fields[name.removeprefix(PREFIX).lower()]
                assert default_of(value) == str(field.default)


def test_secrets_come_from_files_alone_and_the_script_makes_each_of_them(
    composed: dict[str, Any], tmp_path: Path
) -> None:
    subprocess.run(["sh", str(PROJECT / "deploy/secrets.sh"), str(tmp_path)], check=True)
    made = {file.name: file.read_text() for file in tmp_path.iterdir()}
    named = {name: Path(secret["file"]).name for name, secret in composed["secrets"].items()}
    assert named == {name: name for name in made}
    for service_name, service in services(composed):
        wanted = {
            str(value).removeprefix("/run/secrets/")
            for value in service.get("environment", {}).values()
            if str(value).startswith("/run/secrets/")
        }
        if service_name not in ("redis", "prometheus", "alertmanager"):  # these name their secrets in their own files
            assert set(service.get("secrets", [])) == wanted, service_name
    subprocess.run(["sh", str(PROJECT / "deploy/secrets.sh"), str(tmp_path)], check=True)
    assert made == {file.name: file.read_text() for file in tmp_path.iterdir()}, "what was there stays"
    for role in ("relay", "worker", "flower", "doctor"):
        password = made[f"broker_url_{role}"].split(":")[2].split("@")[0]
        assert len(password) == 32
        assert password not in made["redis_acl"]


def test_the_operators_files_are_mounted_and_the_script_makes_them_unless_they_are_there(
    composed: dict[str, Any], tmp_path: Path
) -> None:
    script = ["sh", str(PROJECT / "deploy/config.sh"), str(tmp_path / "config")]
    subprocess.run(script, check=True)
    made = {file.name for file in (tmp_path / "config").iterdir()}
    for name, service in services(composed):
        if ours(service):
            assert "./deploy/config:/etc/paidan:ro" in service["volumes"], name
            named = {
                service["environment"][f"{PREFIX}{each}"]
                for each in ("RULES", "PREHANDLING", "PLANS", "MESSAGES", "COMPLAINTS")
            }
            assert named == {f"/etc/paidan/{file}" for file in made}, name
    rules = tmp_path / "config/routing_rules.yaml"
    assert rules.read_bytes() == (PROJECT / "routing_rules.yaml").read_bytes()
    rules.write_text("edited")
    subprocess.run(script, check=True)
    assert rules.read_text() == "edited"


def test_one_service_builds_the_image_and_the_others_wait_for_it(composed: dict[str, Any]) -> None:
    """Several that export the same tag at once fail on current versions of Docker."""
    assert [name for name, service in services(composed) if "build" in service] == ["migrate"]
    for name, service in services(composed):
        if ours(service):
            assert service.get("pull_policy") == (None if name == "migrate" else "never"), name
            assert service["image"] == composed["services"]["migrate"]["image"], name


def test_every_queue_has_a_worker_of_its_own(composed: dict[str, Any], rulebook: Rulebook) -> None:
    queues = [
        service["command"][service["command"].index("-Q") + 1]
        for name, service in services(composed)
        if name.startswith("worker-")
    ]
    assert sorted(queues) == sorted([*rulebook.teams, EFFECTS])
    assert {f"worker-{queue}" for queue in queues} <= {name for name, _ in services(composed)}


def test_every_service_is_monitored_limited_and_unprivileged(composed: dict[str, Any]) -> None:
    once = {"migrate", "doctor"}
    for name, service in services(composed):
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is True, name
        assert service["logging"]["options"]["max-size"], name
        assert ours(service) or service["user"] not in ("root", "0"), name
        assert ("healthcheck" in service) is (name not in once), name
        assert service["restart"] == ("no" if name in once else "unless-stopped"), name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
        for needed, how in (service.get("depends_on") or {}).items():
            ends = composed["services"][needed]["restart"] == "no"
            assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy"), name


def test_only_services_that_need_the_identity_keys_have_them(composed: dict[str, Any]) -> None:
    assert {name for name, each in services(composed) if "field_keys" in each.get("secrets", [])} == {"web", "doctor"}


def test_the_image_is_locked_by_hash_and_runs_unprivileged() -> None:
    lines = (PROJECT / "Dockerfile").read_text()
    assert "--require-hashes" in lines
    assert re.search(r"^USER 10001:10001$", lines, re.MULTILINE)
    assert lines.count("\nFROM ") == 2
    assert len(set(re.findall(r"^FROM (\S+)", lines, re.MULTILINE))) == 1  # what one Python installed the same one runs
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    for source in re.findall(r"^COPY (?!--)(.+) \S+$", lines, re.MULTILINE):
        for path in source.split():
            assert (PROJECT / path).exists()
            assert f"!{path}" in ignored
    copied = {path for source in re.findall(r"^COPY (?!--)(.+) \S+$", lines, re.MULTILINE) for path in source.split()}
    links = {link.resolve().relative_to(PROJECT) for link in defaults.PACKAGE.iterdir() if link.is_symlink()}
    assert {str(link) for link in links} <= copied  # or links of the package would lead nowhere


# -- Prometheus and Grafana --------------------------------------------------------------------------


def yaml(name: str) -> Any:
    return YAML(typ="safe").load((PROJECT / "deploy" / name).read_text(encoding="utf-8"))


def test_prometheus_reads_every_process_that_exposes_metrics(composed: dict[str, Any]) -> None:
    jobs = {job["job_name"]: job for job in yaml("prometheus.yml")["scrape_configs"]}
    names = {name for job in jobs.values() for found in job.get("dns_sd_configs", []) for name in found["names"]}
    ports = {
        name: found["port"] for j in jobs.values() for found in j.get("dns_sd_configs", []) for name in found["names"]
    }
    shown = {
        name: service["environment"].get("DISPATCH_METRICS_PORT") or service["environment"]["DISPATCH_WEB_PORT"]
        for name, service in services(composed)
        if "DISPATCH_METRICS_TOKEN_FILE" in service.get("environment", {})
    }
    assert ports == shown
    assert names == set(shown)


@pytest.fixture
def measured(sqlite: Database) -> set[str]:
    """The names of all metrics."""
    assert metrics.SENT  # importing the module registers the metrics
    own = [each.name for each in REGISTRY.collect()]
    pool = [each.name for each in gauges.Gauges(sqlite).collect()]
    limits = ConnectionLimits(most=1, head=1, slowest=1)
    visitors = [each.name for each in ConnectionGuard(limits, TrustedProxies("")).collect()]
    return {*own, *pool, *visitors}


def names_in(expression: str) -> set[str]:
    found = set(re.findall(r"\b((?:paidan|process)_[a-z_]+)", expression))
    return {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in found}


def test_alerts_and_dashboard_use_existing_metrics_and_every_metric_is_used(measured: set[str]) -> None:
    alerts = {
        name for group in yaml("alerts.yml")["groups"] for rule in group["rules"] for name in names_in(rule["expr"])
    }
    dashboard = json.loads((PROJECT / "deploy/grafana/dashboards/paidan.json").read_text(encoding="utf-8"))
    panels = {name for panel in dashboard["panels"] for each in panel["targets"] for name in names_in(each["expr"])}
    assert alerts | panels <= measured
    assert {name for name in measured if name.startswith("paidan_")} - panels == {
        "paidan_database_up",  # an alert
        "paidan_effects_oldest_seconds",  # an alert too
        "paidan_processes",  # two alerts
        "paidan_retests_oldest_seconds",  # an alert
        "paidan_file_refused",  # an alert
        "paidan_sealing_overdue_seconds",  # an alert
        "paidan_seal_number",  # these two are kept, as a copy outside the database
        "paidan_seal_root",
    }


def test_grafana_finds_its_dashboard_and_its_source(composed: dict[str, Any]) -> None:
    mounts = dict(each.split(":")[:2] for each in composed["services"]["grafana"]["volumes"])
    there = {inside: PROJECT / outside for outside, inside in mounts.items() if outside.startswith("./")}
    provider = yaml("grafana/provisioning/dashboards/paidan.yml")["providers"][0]
    assert (there[provider["options"]["path"]] / "paidan.json").exists()
    source = yaml("grafana/provisioning/datasources/prometheus.yml")["datasources"][0]
    dashboard = json.loads((PROJECT / "deploy/grafana/dashboards/paidan.json").read_text(encoding="utf-8"))
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"
