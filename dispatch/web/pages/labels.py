"""The words by which pages call states, moves and roles. Source: 家庭宽带业务流程 V1.0, and `docs/glossary.md`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dispatch.accounts.operation import TITLES as OPERATIONS
from dispatch.domain.account import STATE_TITLES as ACCOUNT_STATES
from dispatch.domain.account import AccountState
from dispatch.domain.channel import Channel
from dispatch.domain.finding import Evidence, Value
from dispatch.domain.reasons import SUSPENSION_REASONS
from dispatch.domain.roles import Role
from dispatch.domain.ticket import HopState, TicketState
from dispatch.domain.title import Title

YES, NO = Title("是", "Yes"), Title("否", "No")

KINDS: Mapping[str, Title] = {"fault": Title("故障单", "Fault"), "construction": Title("施工单", "Construction order")}

TICKET_STATES: Mapping[TicketState, Title] = {
    TicketState.REPORTED: Title("已受理", "Reported"),
    TicketState.TRANSFERRED: Title("已转10086", "At 10086"),
    TicketState.OPEN: Title("处理中", "Open"),
    TicketState.ARCHIVED: Title("已归档", "Archived"),
    TicketState.SOLVED: Title("电话解决", "Solved on the phone"),
    TicketState.REFERRED: Title("非我方业务", "Not our business"),
    TicketState.WITHDRAWN: Title("已撤单", "Withdrawn"),
    TicketState.CLOSED: Title("已结单", "Closed"),
}

HOP_STATES: Mapping[HopState, Title] = {
    HopState.DUE: Title("待派", "Due"),
    HopState.SENT: Title("已派", "Sent"),
    HopState.RECEIVED: Title("系统处理", "At its worker"),
    HopState.WAITING: Title("待接单", "Waiting"),
    HopState.CLAIMED: Title("处理中", "In hand"),
    HopState.HELD: Title("挂起", "On hold"),
    HopState.QUARANTINED: Title("隔离", "Quarantined"),
    HopState.REPORTED: Title("已回单", "Reported"),
    HopState.PASSED_ON: Title("已转派", "Passed on"),
    HopState.HANDED_BACK: Title("已退单", "Handed back"),
    HopState.WITHDRAWN: Title("已撤单", "Withdrawn"),
}

CHANNELS: Mapping[str, Title] = {
    Channel.HOTLINE_10050: Title("10050热线", "10050 hotline"),
    Channel.HOTLINE_10086: Title("10086热线", "10086 hotline"),
    Channel.COUNTER: Title("营业厅", "Counter"),
    Channel.COMMUNITY_MANAGER: Title("小区经理", "Community manager"),
}

ACTS: Mapping[str, Title] = {
    "claim": Title("接单", "Claim"),
    "report": Title("回单", "Report"),
    "pass on": Title("转派", "Pass on"),
    "hand back": Title("退单", "Hand back"),
    "hold": Title("挂起", "Hold"),
    "resume": Title("解挂", "Resume"),
    "release": Title("放行", "Release"),
    "urge": Title("催单", "Urge"),
    "withdraw": Title("撤单", "Withdraw"),
    "submit": Title("受理", "Intake"),
    "transfer": Title("转10086", "To 10086"),
    "refer": Title("转出", "Refer"),
    "solve": Title("电话解决", "Solved on the phone"),
    "open": Title("派单", "Dispatch"),
    "overdue": Title("超时", "Overdue"),
    "finish": Title("系统完成", "Done by itself"),
    "answer": Title("客户答复", "Answered"),
}

ROLES: Mapping[Role, Title] = {
    Role.CLERK: Title("营业员", "Clerk"),
    Role.COMMUNITY_MANAGER: Title("小区经理", "Community manager"),
    Role.AGENT_10050: Title("10050客服", "10050 agent"),
    Role.AGENT_10086: Title("10086客服", "10086 agent"),
    Role.NOC: Title("网管监控", "NOC"),
    Role.SYSTEM_SUPPORT: Title("业务支撑中心", "System support"),
    Role.TRANSMISSION: Title("网络维护(传输)", "Transmission"),
    Role.DATA_NETWORK: Title("网络维护(数据)", "Data network"),
    Role.INSTALLER: Title("装维人员", "Installer"),
    Role.NETWORK_SERVICE_SUPPORT: Title("网络服务支撑", "Network service support"),
    Role.CONSTRUCTION: Title("施工人员", "Construction"),
    Role.SUPERVISOR: Title("调度主管", "Supervisor"),
    Role.OPS: Title("系统运维", "Operations"),
    Role.ADMINISTRATOR: Title("系统管理员", "Administrator"),
    Role.CUSTOMER: Title("客户", "Customer"),
    Role.WORKER: Title("系统", "System"),
}

AUDITED: Mapping[str, Title] = {
    "add user": Title("新增用户", "Added a user"),
    "set roles": Title("设置角色", "Set the roles"),
    "disable user": Title("停用用户", "Disabled a user"),
    "enable user": Title("启用用户", "Enabled a user"),
    "set password": Title("设置密码", "Set a password"),
    "make token": Title("发放令牌", "Made a token"),
    "revoke token": Title("吊销令牌", "Revoked a token"),
    "release effect": Title("放行外部动作", "Released an effect"),
    "unmask": Title("查看隐去的资料", "Saw what is masked"),
    "load addresses": Title("导入地址", "Entered addresses"),
}

SYMPTOMS: Mapping[str, Title] = {"new-installation": Title("新装", "New installation")}
"""Those that no script knows: construction orders have none."""

SUSPECTS: Mapping[str, Title] = {
    "inside-plant": Title("疑似局内障碍", "Inside plant suspected"),
    "outside-plant": Title("疑似局外障碍", "Outside plant suspected"),
    "system": Title("疑似系统故障", "System suspected"),
    "none": Title("测试未见异常", "Nothing suspicious"),
}
"""What the line test guesses."""


class Found(NamedTuple):
    """One thing that a worker found out by itself; `bad` draws the eye."""

    title: Title
    bad: bool = False


def found(of: Mapping[str, Any]) -> list[Found]:
    """What stands in a hop's `found`; what this page has no words for as it is written."""
    said = []
    for name, value in of.items():
        match name, value:
            case "optical_power", int() | float():
                said.append(Found(Title(f"收光 {value:g} dBm", f"{value:g} dBm received")))
            case "online", bool():
                said.append(Found(Title("在线", "Online") if value else Title("离线", "Offline"), not value))
            case "suspect", str() if value in SUSPECTS:
                said.append(Found(SUSPECTS[value], value != "none"))
            case "account", str() if value in ACCOUNT_STATES:
                said.append(Found(ACCOUNT_STATES[AccountState(value)]))
            case "suspended_for", str() if value in SUSPENSION_REASONS:
                said.append(Found(SUSPENSION_REASONS[value], bad=True))
            case "unconfirmed", list():
                said.append(Found(Title(f"未确认 {len(value)}", f"{len(value)} unconfirmed"), bad=bool(value)))
            case "operations", list() if all(each in OPERATIONS for each in value):
                titles = [OPERATIONS[each] for each in value]
                last = Title("、".join(each.zh for each in titles), ", ".join(each.en for each in titles))
                said.append(Found(Title(f"最近办理 {last.zh}", f"last done: {last.en}")))
            case _:
                said.append(Found(Title(f"{name}: {value}", f"{name}: {value}")))
    return said


def options(of: Evidence) -> list[tuple[str, Title]]:
    """What one chooses among, as it is sent and as it is shown."""
    if of.kind == "yes-no":
        return [("true", YES), ("false", NO)]
    return list(of.choices.items())


def value(of: Evidence | None, given: Value) -> Title:
    """A piece of evidence as it is shown; `of` None: the rules know it no more."""
    if isinstance(given, bool):
        return YES if given else NO
    if of is not None and given in of.choices:
        return of.choices[str(given)]
    text = f"{given:g}" if isinstance(given, float) else str(given)
    unit = f" {of.unit}" if of is not None and of.unit else ""
    return Title(text + unit, text + unit)


def symptom(name: str) -> Title:
    return SYMPTOMS.get(name, Title(name, name))


def ticket_state(name: str) -> Title:
    return TICKET_STATES[TicketState(name)]


def kind(name: str) -> Title:
    """A ticket's, and so its flow's."""
    return KINDS.get(name, Title(name, name))


def hop_state(name: str) -> Title:
    return HOP_STATES[HopState(name)]


def role(name: str) -> Title:
    return ROLES[Role(name)]


def channel(name: str) -> Title:
    return CHANNELS.get(name, Title(name, name))


def act(name: str) -> Title:
    """A move's, or another act's of the history; one that has no name of its own is called as it is written."""
    return ACTS.get(name, Title(name, name))


def audited(name: str) -> Title:
    return AUDITED.get(name, Title(name, name))
