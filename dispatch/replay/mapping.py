"""Reads `replay_mapping.yaml` strictly: which of our teams stands for each assignment group of a log.

All faults are reported at once, each `FILE:LINE:COLUMN: message`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from pydantic_core import ErrorDetails

from dispatch.domain.kind import Kind
from dispatch.domain.title import Wording
from dispatch.errors import BadReplayMapping
from dispatch.replay.log import IncidentLog
from dispatch.routing.checks import unknown
from dispatch.routing.faults import Fault, Faults, read_text
from dispatch.routing.loader import read_model, shape_fault
from dispatch.routing.rulebook import Rulebook
from dispatch.routing.schema import Name, Strict
from dispatch.routing.strict_yaml import Path, YamlDocument

FLOW = Kind.FAULT
"""The flow of replayed cases."""

Group = Annotated[str, StringConstraints(min_length=1, max_length=80)]
LogPriority = Annotated[str, StringConstraints(pattern=r"^\d{1,9}$")]
Priority = Annotated[int, Field(ge=1, le=4)]


class MappingFile(Strict):
    """The shape of replay_mapping.yaml. Group names are text, so a number must be in quotes: `007` isn't 7."""

    version: Literal[1]
    without_group: Name
    priorities: dict[LogPriority, Priority]
    groups: dict[Name, list[Group]]


@dataclass(frozen=True, slots=True)
class ReplayMapping:
    """The team of each group, the team of a case without a group, and our priority (1–4) for each of the log's."""

    team_of: Mapping[str, str]
    without_group: str
    priority_of: Mapping[int, int]


def load(file: FilePath, rulebook: Rulebook) -> ReplayMapping:
    """Read a mapping to teams of people in `rulebook`'s fault flow. Raises BadReplayMapping with every fault."""
    return parse(read_text(file, BadReplayMapping), str(file), rulebook)


def parse(text: str, name: str, rulebook: Rulebook) -> ReplayMapping:
    """Parse `text` as a mapping; `name` is the file's name in faults. Raises BadReplayMapping with every fault."""
    faults = Faults(name, BadReplayMapping)
    document, model, _ = read_model(text, MappingFile, faults, _shape_fault)
    if model is not None:
        faults.extend(
            document.fault(path, said, at_key=at_key) for path, said, at_key in _check(model, document, rulebook)
        )
    faults.raise_any()
    assert model is not None
    return ReplayMapping(
        team_of={group: team for team, groups in model.groups.items() for group in groups},
        without_group=model.without_group,
        priority_of={int(theirs): ours for theirs, ours in model.priorities.items()},
    )


def check_covers(mapping: ReplayMapping, log: IncidentLog, name: str) -> None:
    """Raise BadReplayMapping with every group and priority of the log that the mapping, read from `name`, lacks."""
    faults = Faults(log.file, BadReplayMapping)
    faults.extend(
        Fault(
            line,
            0,
            Wording(
                f"组 {group} 没有对应的班组：请加到 {name} 的 `groups` 下",
                f"group {group} has no team: add it under `groups` in {name}",
            ),
        )
        for group, line in log.groups.items()
        if group not in mapping.team_of
    )
    faults.extend(
        Fault(
            line,
            0,
            Wording(
                f"优先级 {priority} 还没有对应：请加到 {name} 的 `priorities` 下",
                f"priority {priority} is none of ours yet: add it under `priorities` in {name}",
            ),
        )
        for priority, line in log.priorities.items()
        if priority not in mapping.priority_of
    )
    faults.raise_any()


def identity(rulebook: Rulebook) -> ReplayMapping:
    """Return the mapping for a log that uses our own team names and priorities."""
    teams = _teams(rulebook)
    start = rulebook.starts[FLOW][-1].to
    return ReplayMapping(
        team_of={team: team for team in teams},
        without_group=start if start in teams or not teams else teams[0],
        priority_of={priority: priority for priority in range(1, 5)},
    )


def _teams(rulebook: Rulebook) -> tuple[str, ...]:
    """Return the teams of people in the fault flow."""
    return tuple(team for team in rulebook.flows.get(FLOW, {}) if not rulebook.teams[team].automatic)


def _check(model: MappingFile, document: YamlDocument, rulebook: Rulebook) -> Iterator[tuple[Path, Wording, bool]]:
    """Yield every fault of meaning as (path in the file, message, whether it is about the key there)."""
    known = _teams(rulebook)
    if not known:
        nowhere = Wording(
            f"规则中没有流程“{FLOW}”，无处可回放", f"the rules have no flow '{FLOW}': there is nothing to replay into"
        )
        yield (), nowhere, False
        return
    if model.without_group not in known:
        yield ("without_group",), _unknown(model.without_group, known), False
    first: dict[str, int] = {}
    for team, groups in model.groups.items():
        if team not in known:
            yield ("groups", team), _unknown(team, known), True
        for i, group in enumerate(groups):
            path: Path = ("groups", team, i)
            if group in first:
                twice = Wording(
                    f"组 {group} 在第 {first[group]} 行已有班组",
                    f"group {group} already has a team, on line {first[group]}",
                )
                yield path, twice, False
            first.setdefault(group, document.where[path][0])


_TEAM = Wording("故障流程中有人的班组", "team of people in the fault flow")


def _unknown(team: str, known: tuple[str, ...]) -> Wording:
    return unknown(_TEAM, team, known)


def _shape_fault(document: YamlDocument, error: ErrorDetails) -> Fault:
    """Word a pydantic error for this file; other errors are worded as by the rules' loader."""
    path = tuple(part for part in error["loc"] if part != "[key]")
    if error["type"] == "string_type" and path[:1] == ("groups",) and isinstance(error["input"], int | float):
        return document.fault(
            path,
            Wording(
                f"{error['input']} 在这里是数：请把组名写在引号内",
                f"{error['input']} is a number here: put the group's name in quotes",
            ),
        )
    if error["type"] == "list_type":
        return document.fault(path, Wording(f"“{path[-1]}”应为一列组", f"'{path[-1]}' must be a list of groups"))
    if error["type"] == "string_pattern_mismatch" and path[:1] == ("priorities",):
        return document.fault(
            path,
            Wording(
                f"“{error['input']}”不是优先级：请写整数", f"'{error['input']}' is no priority: write a whole number"
            ),
            at_key=True,
        )
    return shape_fault(document, error)
