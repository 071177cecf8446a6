"""The real log (UCI data set 498), where it is at hand, is read, measured and planned. `dispatch replay` runs all of
it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dispatch.demo.made_up_log import figures
from dispatch.replay.log import IncidentLog, read
from dispatch.replay.mapping import check_covers, load
from dispatch.replay.plan import Planner
from dispatch.routing import loader

PROJECT = Path(__file__).parents[2]
FILE = Path(os.environ.get("PAIDAN_REAL_LOG", PROJECT.parent / "shared/data/incidents_servicenow.csv.gz"))

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the log isn't here: name it with PAIDAN_REAL_LOG")


@pytest.fixture(scope="module")
def log() -> IncidentLog:
    return read(FILE)


def test_the_real_log_has_its_published_figures(log: IncidentLog) -> None:
    found = figures(log.cases)
    assert found.cases == 24_918
    assert found.handovers_mean == pytest.approx(0.77, abs=0.01)
    assert (found.handovers_p50, found.handovers_p95, found.handovers_p99, found.handovers_max) == (0, 3, 7, 25)
    assert found.first_team == pytest.approx(0.65, abs=0.005)
    assert found.arrivals_peak == 99


def test_every_case_of_the_real_log_ends_in_the_archive(log: IncidentLog) -> None:
    rulebook = loader.load(PROJECT / "routing_rules.yaml")
    mapping = load(PROJECT / "replay_mapping.yaml", rulebook)
    check_covers(mapping, log, "replay_mapping.yaml")
    planner = Planner(mapping, rulebook)
    for each in log.cases:
        made = planner.plan(each)
        assert all(part.steps[-1].to == "archive" for part in made.rounds)
        assert made.limit or not made.unreconciled
