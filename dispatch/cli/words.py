"""Evidence, and what a worker found out by itself, in the reader's words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispatch.cli.context import Desk
from dispatch.cli.language import text
from dispatch.cli.output import local, said
from dispatch.domain import billing_check
from dispatch.domain.account import AccountState
from dispatch.domain.finding import (
    SUSPECTS,
    TESTED_AGAIN,
    TESTED_AT,
    TESTED_LATE,
    UNAVAILABLE,
    UNTESTED,
    Evidence,
    Value,
    time_first,
)
from dispatch.domain.suspension import MEANT_BY
from dispatch.domain.title import Title


def evidence(desk: Desk, finding: str | None, given: dict[str, Value]) -> str:
    """Each piece under its title, a choice by its title too."""
    known = desk.rulebook.findings.get(finding or "")
    asked = {each.name: each for each in known.evidence} if known else {}
    return text("，", ", ").join(_piece(asked.get(name), name, value) for name, value in given.items())


def _piece(asked: Evidence | None, name: str, value: Value) -> str:
    if asked is None:
        return f"{name} {value}"
    if isinstance(value, bool):
        shown = text("是", "yes") if value else text("否", "no")
    elif str(value) in asked.choices:
        shown = said(asked.choices[str(value)])
    else:
        shown = f"{value} {asked.unit or ''}".rstrip()
    return f"{said(asked.title)}{text(' ', ': ')}{shown}"


_FOUND = {
    "optical_power": Title("收光", "optical power"),
    "online": Title("在线", "online"),
    "suspect": Title("判断", "verdict"),
    "account": Title("状态", "state"),
    "suspended_for": Title("停机原因", "suspended for"),
    "unconfirmed": Title("未确认的外部动作", "unconfirmed effects"),
    "operations": Title("最近办理", "last done"),
}


def found(values: dict[str, Any], retest_at: datetime | None = None) -> str:
    """What a worker found. `retest_at`: when the line is tested again."""
    return text("，", ", ").join(_found_part(key, value, retest_at) for key, value in time_first(values))


def _found_part(key: str, value: Any, retest_at: datetime | None) -> str:
    if key == "line_test" and value == UNAVAILABLE:
        return said(UNTESTED) if retest_at is None else f"{said(TESTED_AGAIN)} {local(retest_at)}"
    if key == TESTED_AT:
        return f"{said(TESTED_LATE)} {local(datetime.fromisoformat(value))}"
    if key == billing_check.BILLING:
        return said(billing_check.told(value)[0])
    return f"{said(_FOUND[key]) if key in _FOUND else key} {_found_value(key, value)}"


def _found_value(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return text("是", "yes") if value else text("否", "no")
    if key == "account" and value in list(AccountState):
        return said(AccountState(value).label)
    if key == "suspended_for" and value in MEANT_BY:
        return said(MEANT_BY[value].label)
    if key == "suspect" and value in SUSPECTS:
        return said(SUSPECTS[value])
    if key == "operations":
        from dispatch.accounts.operation import TITLES  # slow to import, and rarely needed

        return text("、", ", ").join(said(TITLES[each]) if each in TITLES else each for each in value)
    if key == "optical_power":
        return f"{value} dBm"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
