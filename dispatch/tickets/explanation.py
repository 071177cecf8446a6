"""为何派到这里: a hop's decision made again, from the facts kept with it, by the rules that were in force then."""

from __future__ import annotations

from typing import Any

from dispatch.domain.numbers import hop_number
from dispatch.routing.rulebook import END, Facts, Rulebook
from dispatch.rules_in_force import RulesInForce
from dispatch.storage.database import Tx
from dispatch.storage.rows import HopRow


def explain_hop(tx: Tx, rules: RulesInForce, hop: HopRow) -> dict[str, Any]:
    """`hop`, `to`, `rule`, `rules_version`, `file` (name@version:line), `facts`, `because`; and of every rule that was
    looked at before and `did_not_match`: `rule`, `to`, `because` (what was otherwise)."""
    rulebook, facts = facts_of(tx, rules, hop)
    told: dict[str, Any] = {
        "hop": hop_number(facts.flow, hop.ticket_id, hop.seq),
        "to": hop.team,
        "rule": hop.rule,
        "rules_version": hop.rulebook,
        "facts": {
            "from": facts.team or "start",
            "finding": facts.finding,
            "asked by": facts.sender,
            **facts.known,
            "hops": facts.hops,
            "reopened": facts.reopened,
        },
        "did_not_match": [],
    }
    told["facts"] = {key: value for key, value in told["facts"].items() if value is not None}
    if is_by_hand(facts):
        act = "handed back to the team that asked" if hop.rule == "hand back" else "passed on by hand"
        return {**told, "file": f"{rules.file.name}@{hop.rulebook}", "because": act}
    decision, considered = rulebook.explain(facts)
    told["did_not_match"] = [
        {"rule": c.rule.name, "to": c.rule.to, "because": c.missed} for c in considered if c.missed
    ]
    told["file"] = f"{rules.file.name}@{hop.rulebook}:{decision.line}"
    matched = considered[-1].rule
    why = " and ".join(map(str, matched.when)) or (
        "the only rule" if len(considered) == 1 else "the default, last in its list"
    )
    if decision.rule != matched.name:
        why = f"{matched.name} would lead to {matched.to}, but a limit was reached"
    elif decision.returns:
        why = f"{why}; sender is the team that asked: {decision.to}"
    assert decision.to in (hop.team, END)
    return {**told, "because": why}


def facts_of(tx: Tx, rules: RulesInForce, hop: HopRow) -> tuple[Rulebook, Facts]:
    """The rules that decided on the hop, and the facts that they looked at."""
    return rules.version_in(tx, hop.rulebook), Facts(**hop.facts)


def is_by_hand(facts: Facts) -> bool:
    """Whether no rule led on, but a person, who passed on or handed back."""
    return facts.team is not None and facts.finding is None
