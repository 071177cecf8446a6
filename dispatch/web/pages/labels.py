"""Names of states, moves, roles and findings as the pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from dispatch.accounts.operation import TITLES as OPERATIONS
from dispatch.domain import billing_check
from dispatch.domain.access_acts import AccessAct, SignInWay
from dispatch.domain.account import AccountState
from dispatch.domain.acts import Parting
from dispatch.domain.channel import Channel
from dispatch.domain.complaint import ComplaintSource
from dispatch.domain.finding import SUSPECTS, TESTED_AGAIN, TESTED_LATE, UNTESTED, Evidence, Value, time_first
from dispatch.domain.kind import OWN_CATEGORIES, OWN_SYMPTOMS, Kind
from dispatch.domain.opinion import GRADE_TITLES as GRADE_TITLES
from dispatch.domain.opinion import SurveyReason
from dispatch.domain.roles import Role
from dispatch.domain.suspension import MEANT_BY
from dispatch.domain.ticket import HopState, TicketState
from dispatch.domain.title import Title

SURVEY_REASONS = tuple(SurveyReason)

YES, NO = Title("是", "Yes"), Title("否", "No")

OPERATORS_FILES: Mapping[str, Title] = {
    "rules": Title("规则文件", "the rules file"),
    "prehandling": Title("预处理脚本", "the pre-handling script"),
    "plans": Title("营销案", "the marketing plans"),
    "messages": Title("客户短信", "the text messages"),
    "complaints": Title("投诉时限", "the times for complaints"),
}
"""The operator's files, by the names of their settings."""

AUDITED: Mapping[str, Title] = {
    "add user": Title("新增用户", "Added a user"),
    "set roles": Title("设置角色", "Set the roles"),
    "disable user": Title("停用用户", "Disabled a user"),
    "enable user": Title("启用用户", "Enabled a user"),
    "set password": Title("设置密码", "Set a password"),
    "make token": Title("发放令牌", "Made a token"),
    "revoke token": Title("吊销令牌", "Revoked a token"),
    "bind identity": Title("绑定统一认证", "Bound to the identity provider"),
    "unbind identity": Title("解除统一认证绑定", "Unbound from the identity provider"),
    "release effect": Title("放行外部动作", "Released an effect"),
    "unmask": Title("查看隐去的资料", "Saw what is masked"),
    "load addresses": Title("导入地址", "Entered addresses"),
    "notify demand": Title("通知登记人", "Told who asked for a line"),
    "end demand": Title("结束需求", "Ended a demand"),
    "load devices": Title("导入终端", "Loaded devices"),
    "export demands": Title("导出登记人的联系方式", "Exported who asked for lines"),
    "approve": Title("批准", "Approved"),
    "refuse approval": Title("不批准", "Refused to approve"),
}


class WorkerFinding(NamedTuple):
    """One result that a worker found by itself; `bad` highlights it. `at`: a time that follows the title."""

    title: Title
    bad: bool = False
    at: datetime | None = None


def found(of: Mapping[str, Any], retest_at: datetime | None = None) -> list[WorkerFinding]:
    """The entries of a hop's `found`; an entry without a label is shown as it is. `retest_at`: when its line is tested
    again."""
    said = []
    for name, value in time_first(of):
        match name, value:
            case "optical_power", int() | float():
                said.append(WorkerFinding(Title(f"收光 {value:g} dBm", f"{value:g} dBm received")))
            case "online", bool():
                said.append(WorkerFinding(Title("在线", "Online") if value else Title("离线", "Offline"), not value))
            case "tested_at", str():
                said.append(WorkerFinding(TESTED_LATE, at=datetime.fromisoformat(value)))
            case "line_test", "unavailable" if retest_at:
                said.append(WorkerFinding(TESTED_AGAIN, bad=True, at=retest_at))
            case "line_test", "unavailable":
                said.append(WorkerFinding(UNTESTED, bad=True))
            case "suspect", str() if value in SUSPECTS:
                said.append(WorkerFinding(SUSPECTS[value], value != "none"))
            case "account", str() if value in tuple(AccountState):
                said.append(WorkerFinding(AccountState(value).label))
            case "suspended_for", str() if value in MEANT_BY:
                said.append(WorkerFinding(MEANT_BY[value].label, bad=True))
            case "billing", dict() | "unavailable":
                said.append(WorkerFinding(*billing_check.told(value)))
            case "unconfirmed", list():
                said.append(WorkerFinding(Title(f"未确认 {len(value)}", f"{len(value)} unconfirmed"), bad=bool(value)))
            case "operations", list() if all(each in OPERATIONS for each in value):
                titles = [OPERATIONS[each] for each in value]
                last = Title("、".join(each.zh for each in titles), ", ".join(each.en for each in titles))
                said.append(WorkerFinding(Title(f"最近办理 {last.zh}", f"last done: {last.en}")))
            case _:
                said.append(WorkerFinding(Title(f"{name}: {value}", f"{name}: {value}")))
    return said


def options(of: Evidence) -> list[tuple[str, Title]]:
    """The values of a choice, as they are sent and as they are shown."""
    if of.kind == "yes-no":
        return [("true", YES), ("false", NO)]
    return list(of.choices.items())


def value(of: Evidence | None, given: Value) -> Title:
    """A piece of evidence as it is shown; `of` None: the rules no longer know it."""
    if isinstance(given, bool):
        return YES if given else NO
    if of is not None and given in of.choices:
        return of.choices[str(given)]
    text = f"{given:g}" if isinstance(given, float) else str(given)
    unit = f" {of.unit}" if of is not None and of.unit else ""
    return Title(text + unit, text + unit)


def symptom(name: str) -> Title:
    return OWN_SYMPTOMS.get(name, Title(name, name))


def category(name: str, known: Mapping[str, Title]) -> Title:
    """The title of a category; `known` are those of the rules."""
    return OWN_CATEGORIES.get(name) or known.get(name) or Title(name, name)


def complaint_source(name: str) -> Title:
    return ComplaintSource.label_of(name)


def ticket_state(name: str) -> Title:
    return TicketState(name).label


def kind(name: str) -> Title:
    """The title of a ticket's kind, and so of its flow."""
    return Kind.label_of(name)


def hop_state(name: str) -> Title:
    return HopState(name).label


def parting(name: str) -> Title:
    return Parting.label_of(name)


def role(name: str) -> Title:
    return Role(name).label


def channel(name: str) -> Title:
    return Channel.label_of(name)


def audited(name: str) -> Title:
    return AUDITED.get(name, Title(name, name))


def access_act(name: str) -> Title:
    return AccessAct.label_of(name)


def sign_in_way(name: str) -> Title:
    """The title of a way, with the token's id where there is one."""
    way, _, token = name.partition("/")
    title = SignInWay.label_of(way)
    return Title(f"{title.zh} {token}", f"{title.en} {token}") if token else title
