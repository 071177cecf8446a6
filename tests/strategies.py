"""Strategies of the property tests: facts, cases' histories, durations, broken rules files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from dispatch.domain.channel import CHANNELS
from dispatch.domain.finding import Value
from dispatch.routing import prehandling_file
from dispatch.routing.loader import load
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Facts, Rulebook

RULES = Path(__file__).parent.parent / "routing_rules.yaml"
RULEBOOK: Rulebook = load(RULES)
SCRIPT: Script = prehandling_file.load(RULES.with_name("prehandling.yaml"), RULEBOOK.categories)
FLOW = "fault"

own_facts: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {},
    optional={
        "category": st.sampled_from([*RULEBOOK.categories]),
        "channel": st.sampled_from(CHANNELS),
        "symptom": st.sampled_from(["no-light", "slow", "no-address"]),
        "priority": st.integers(1, 4),
        "area": st.sampled_from(["east", "west"]),
    },
)


@st.composite
def evidence_of(draw: st.DrawFn, finding: str) -> dict[str, Any]:
    """Draw evidence that the finding accepts; optional pieces may be absent."""
    given: dict[str, Any] = {}
    for wanted in RULEBOOK.findings[finding].evidence:
        if wanted.optional and draw(st.booleans()):
            continue
        match wanted.kind:
            case "choice":
                given[wanted.name] = draw(st.sampled_from([*wanted.choices]))
            case "number":
                given[wanted.name] = draw(st.floats(wanted.least, wanted.most))
            case "yes-no":
                given[wanted.name] = draw(st.booleans())
            case "new-device" | "old-device":
                given[wanted.name] = draw(st.sampled_from(["ZTEG00000001", "4857544300000001"]))
            case _:
                given[wanted.name] = "说明"
    return given


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Draw the possible facts at the end of any visit: every team with each of its findings."""
    team = draw(st.sampled_from([*RULEBOOK.flows[FLOW]]))
    finding = draw(st.sampled_from([*RULEBOOK.flows[FLOW][team]]))
    askers = [name for name in RULEBOOK.flows[FLOW] if not RULEBOOK.teams[name].automatic and name != team]
    return Facts(
        flow=FLOW,
        known={**draw(own_facts), **draw(evidence_of(finding))},
        team=team,
        finding=finding,
        sender=draw(st.sampled_from(askers)),
        hops=draw(st.integers(0, RULEBOOK.limits.hops + 3)),
        reopened=draw(st.integers(0, RULEBOOK.limits.reopens + 2)),
        archived=team == "callback-survey",
    )


seconds = st.integers(0, 400 * 86400).map(lambda count: timedelta(seconds=count))
moments = st.integers(1_577_836_800, 2_208_988_800).map(lambda second: datetime.fromtimestamp(second, UTC))
