"""The words by which pages call states, moves and roles. Source: 家庭宽带业务流程 V1.0, and `docs/glossary.md`."""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.ticket.finding import Title
from dispatch.ticket.life import HopState, TicketState
from dispatch.ticket.roles import Role

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


def ticket_state(name: str) -> Title:
    return TICKET_STATES[TicketState(name)]


def kind(name: str) -> Title:
    """A ticket's, and so its flow's."""
    return KINDS.get(name, Title(name, name))


def hop_state(name: str) -> Title:
    return HOP_STATES[HopState(name)]


def role(name: str) -> Title:
    return ROLES[Role(name)]


def act(name: str) -> Title:
    """A move's, or another act's of the history; one that has no name of its own is called as it is written."""
    return ACTS.get(name, Title(name, name))


def audited(name: str) -> Title:
    return AUDITED.get(name, Title(name, name))
