"""Groups of a log become the project's teams by a file that is read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.errors import BadReplayMapping
from dispatch.replay.log import IncidentLog
from dispatch.replay.mapping import check_covers, identity, load, parse
from dispatch.routing import loader
from dispatch.routing.rulebook import Rulebook

PROJECT = Path(__file__).parents[2]
GOOD = """version: 1
without_group: noc
priorities: {1: 1, 2: 4}
groups:
  noc: ["70", "71"]
  installer: ["25"]
"""


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return loader.load(PROJECT / "routing_rules.yaml")


def faults_of(text: str, rulebook: Rulebook) -> tuple[str, ...]:
    with pytest.raises(BadReplayMapping) as caught:
        parse(text, "map.yaml", rulebook)
    return caught.value.lines


def test_groups_and_priorities_are_mapped(rulebook: Rulebook) -> None:
    mapping = parse(GOOD, "map.yaml", rulebook)
    assert mapping.team_of == {"70": "noc", "71": "noc", "25": "installer"}
    assert mapping.priority_of == {1: 1, 2: 4}
    assert mapping.without_group == "noc"


def test_the_shipped_mapping_gives_every_team_of_the_flow_some_groups(rulebook: Rulebook) -> None:
    mapping = load(PROJECT / "replay_mapping.yaml", rulebook)
    assert len(mapping.team_of) == 78
    teams = {"noc", "system-support", "installer", "transmission", "data-network"}
    assert set(mapping.team_of.values()) == teams


def test_the_projects_own_team_names_map_to_themselves(rulebook: Rulebook) -> None:
    mapping = identity(rulebook)
    assert mapping.team_of["data-network"] == "data-network"
    assert "archive" not in mapping.team_of
    assert mapping.without_group == "noc"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "installer:",
            "instaler:",
            "6:3: unknown team of people in the fault flow 'instaler'; did you",
        ),
        ("installer:", "archive:", "6:3: unknown team of people in the fault flow 'archive'"),
        ("without_group: noc", "without_group: nobody", "2:16: unknown team of people in the fault flow 'nobody'"),
        ("without_group: noc\n", "", "'without_group' is missing"),
        ('"25"', '"70"', "6:15: group 70 already has a team, on line 5"),
        ('"25"', "25", "6:15: 25 is a number here: put the group's name in quotes"),
        ('["25"]', '"25"', "6:14: 'installer' must be a list of groups"),
        ("2: 4", "2: 5", "3:23: '2'"),
        ("2: 4", "low: 4", "3:20: 'low' is no priority: write a whole number"),
        ("2: 4", "1: 4", "3:20: duplicate key '1', first given on line 3"),
        ("version: 1", "version: 1\nteams: {}", "2:1: unknown key 'teams'"),
        ("version: 1", "version: 2", "map.yaml:1:10: "),
        ("groups:", "groups: [", "not YAML"),
    ],
)
def test_each_fault_is_told_with_its_place(rulebook: Rulebook, old: str, new: str, told: str) -> None:
    (fault, *_) = faults_of(GOOD.replace(old, new, 1), rulebook)
    assert fault.startswith("map.yaml:")
    assert told in fault


def test_all_faults_are_told_at_once(rulebook: Rulebook) -> None:
    text = GOOD.replace("without_group: noc", "without_group: nobody").replace('"25"', '"70"')
    assert len(faults_of(text, rulebook)) == 2


def test_an_unreadable_file_is_a_fault(rulebook: Rulebook, tmp_path: Path) -> None:
    with pytest.raises(BadReplayMapping, match="can't be read"):
        load(tmp_path / "none.yaml", rulebook)
    assert faults_of("", rulebook) == ("map.yaml:1:1: the file is empty",)


def test_unmapped_groups_and_priorities_are_told_with_their_first_lines(rulebook: Rulebook) -> None:
    log = IncidentLog("log.csv", (), 9, {"70": 2, "99": 7, "98": 3}, {1: 2, 8: 4})
    with pytest.raises(BadReplayMapping) as caught:
        check_covers(parse(GOOD, "map.yaml", rulebook), log, "map.yaml")
    assert caught.value.lines == (
        "log.csv:3: group 98 has no team: add it under `groups` in map.yaml",
        "log.csv:4: priority 8 is none of ours yet: add it under `priorities` in map.yaml",
        "log.csv:7: group 99 has no team: add it under `groups` in map.yaml",
    )


def test_a_fully_mapped_log_passes(rulebook: Rulebook) -> None:
    check_covers(parse(GOOD, "map.yaml", rulebook), IncidentLog("log.csv", (), 1, {"70": 2}, {1: 2}), "map.yaml")
