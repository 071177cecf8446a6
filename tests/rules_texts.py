"""The project's rules with a team more or fewer, as an operator would edit them."""

from __future__ import annotations

import re

TEAM = """  field-power:
    title: {zh: 动力, en: Field power}
    members: [noc]
    respond_within: 1h
    finish_within: 4h
"""


def with_field_power(text: str) -> str:
    """A team more: faults of the area `powerville` go to it first."""
    text = text.replace("  supervisor:\n    title", f"{TEAM}  supervisor:\n    title", 1)
    start = "      - {when: {area: powerville}, to: field-power}\n      - {name: otherwise, to: noc}\n    teams:\n"
    section = "      field-power:\n        fixed: archive\n        not-ours: noc\n"
    return text.replace("      - {name: otherwise, to: noc}\n    teams:\n", start + section, 1)


def without_data_network(text: str) -> str:
    """A team fewer: transmission does the data network's part."""
    text = re.sub(r"  data-network:\n    title.*?passes_on_to: \[data-network, transmission\]\n", "", text, flags=re.S)
    text = re.sub(r"      data-network:  .*?to: noc\}\n", "", text, count=1, flags=re.S)
    text = re.sub(r"      data-network:\n        fixed: \{cause: [^\n]*\n", "", text, count=1)
    text = re.sub(r"          - \{name: data-network, [^\n]*\n", "", text)
    text = re.sub(r"      data-network: \{clarified: sender\}\n", "", text)
    text = re.sub(r"          - \{name: data-or-routing, .*?to: data-network\}\n", "", text)
    return text.replace("routing-fault: data-network", "routing-fault: transmission").replace(
        "transmission, data-network", "transmission"
    )
