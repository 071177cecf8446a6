"""A file of the operator's that is refused while the last good one stays in force: pages and metrics say so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch.domain.roles import Role
from dispatch.reports.gauges import FILES
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings
from dispatch.web.installation import Installation
from dispatch.web.pages.labels import OPERATORS_FILES
from tests.conftest import PROJECT
from tests.rules_texts import with_field_power
from tests.users import cheap_hasher
from tests.web.conftest import Web

TOKEN = "scraped"
STRIP = "有文件改动未采用"


@pytest.fixture
def files(small_web: Web, tmp_path: Path) -> dict[str, Path]:
    """Copies of the operator's files, which the web reads by itself."""
    names = {
        "rules": "routing_rules.yaml",
        "prehandling": "prehandling.yaml",
        "plans": "marketing_plans.yaml",
        "messages": "messages.yaml",
        "complaints": "complaints.yaml",
    }
    copies = {setting: Path(shutil.copy(PROJECT / name, tmp_path / name)) for setting, name in names.items()}
    settings = Settings(**copies, metrics_token=TOKEN)
    small_web.installation = Installation(settings, small_web.database, cheap_hasher(), clock=lambda: small_web.now)
    small_web.app.state.installation = small_web.installation
    return copies


def edit(file: Path, change: Callable[[str], str]) -> None:
    before = file.stat().st_mtime_ns
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    os.utime(file, ns=(before + 1, before + 1))


def spoilt(text: str) -> str:
    return text + "nonsense: 1\n"


def gauges(web: Web) -> dict[str, float]:
    text = web.client(Authorization=f"Bearer {TOKEN}").get("/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("paidan_file_refused{")]
    return {line.partition('file="')[2].partition('"')[0]: float(line.rpartition(" ")[2]) for line in lines}


@pytest.mark.parametrize("setting", ["rules", "prehandling", "messages", "complaints"])
def test_a_refused_file_is_on_every_page_of_who_may_know_it_and_in_the_metrics(
    small_web: Web, files: dict[str, Path], setting: str
) -> None:
    supervisor, member = small_web.browser("gao", Role.SUPERVISOR), small_web.browser("zhao", Role.NOC)
    assert STRIP not in supervisor.get("/teams/noc").text
    assert gauges(small_web) == dict.fromkeys(FILES, 0)
    edit(files[setting], spoilt)
    page = supervisor.get("/teams/noc").text
    assert f"{STRIP}，仍按上一版：{OPERATORS_FILES[setting].zh}" in page
    assert 'href="/admin/rules">查看原因' in page
    assert STRIP not in member.get("/teams/noc").text
    shown = supervisor.get("/admin/rules").text
    assert OPERATORS_FILES[setting].zh in shown
    assert "nonsense" in shown
    assert "nonsense" not in member.get("/admin/rules").text
    assert gauges(small_web) == dict.fromkeys(FILES, 0) | {setting: 1}


def test_rules_that_wait_for_the_next_start_count_as_refused_until_they_are_taken_back(
    small_web: Web, files: dict[str, Path], rulebook: Rulebook
) -> None:
    edit(files["rules"], with_field_power)
    assert gauges(small_web)["rules"] == 1
    assert "workers/teams/field_power.py" in small_web.browser("gao", Role.SUPERVISOR).get("/admin/rules").text
    edit(files["rules"], lambda _: rulebook.text)
    assert gauges(small_web)["rules"] == 0


def test_refused_plans_are_told_once_the_counter_reads_them(small_web: Web, files: dict[str, Path]) -> None:
    small_web.installation.counter()
    edit(files["plans"], spoilt)
    small_web.installation.counter()
    assert gauges(small_web)["plans"] == 1


def test_every_file_has_its_words(small_web: Web) -> None:
    assert tuple(OPERATORS_FILES) == FILES
    assert small_web.installation.refused_files() == {}
