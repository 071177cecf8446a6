"""The roles of the rule book, and their permissions for acts on reports and accounts. Anything else is denied. Pure.

Acts of a team's members on a hop are permitted by the rules file (`teams: members, filed_by`). The permissions in here
are the same for every operator. Source: 家庭宽带业务流程 V1.0, column 责任角色.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dispatch.domain.acts import act_wording
from dispatch.domain.channel import Channel
from dispatch.domain.title import Title, TitledEnum, Wording, same
from dispatch.errors import NotAllowed


class Role(TitledEnum):
    """A role with its name for people. `customer` acts by a survey's link; `worker` is the role of worker processes."""

    @property
    def wording(self) -> Wording:
        """The role in a sentence: the Chinese name, and in English the value."""
        return Wording(self.label.zh, str(self))

    CLERK = "clerk", Title("营业员", "Clerk")
    COMMUNITY_MANAGER = "community-manager", Title("小区经理", "Community manager")
    AGENT_10050 = "agent-10050", Title("10050客服", "10050 agent")
    AGENT_10086 = "agent-10086", Title("10086客服", "10086 agent")
    NOC = "noc", Title("网管监控", "NOC")
    SYSTEM_SUPPORT = "system-support", Title("业务支撑中心", "System support")
    TRANSMISSION = "transmission", Title("网络维护(传输)", "Transmission")
    DATA_NETWORK = "data-network", Title("网络维护(数据)", "Data network")
    INSTALLER = "installer", Title("装维人员", "Installer")
    NETWORK_SERVICE_SUPPORT = "network-service-support", Title("网络服务支撑", "Network service support")
    CONSTRUCTION = "construction", Title("施工人员", "Construction")
    SUPERVISOR = "supervisor", Title("调度主管", "Supervisor")
    OPS = "ops", Title("系统运维", "Operations")
    ADMINISTRATOR = "administrator", Title("系统管理员", "Administrator")
    CUSTOMER = "customer", Title("客户", "Customer")
    WORKER = "worker", Title("系统", "System")


ROLES: tuple[str, ...] = tuple(Role)
HELD_BY_PEOPLE: tuple[Role, ...] = tuple(role for role in Role if role not in (Role.CUSTOMER, Role.WORKER))
"""The roles that a user can hold."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A user, or the system, as it acts: a name (no personal data of customers), a role, and the areas in which the
    role is held; None: in all areas."""

    name: str
    role: str
    areas: frozenset[str] | None = None

    def covers(self, area: str) -> bool:
        """Return whether the role is held in this area. A use case treats what lies elsewhere as missing."""
        return self.areas is None or area in self.areas


@dataclass(frozen=True, slots=True)
class Grant:
    """A role of a user, and the areas in which they hold it; None: all areas."""

    role: Role
    areas: frozenset[str] | None = None

    def covers(self, area: str | None) -> bool:
        """Return whether the role is held in this area; None lies in every area."""
        return area is None or self.areas is None or area in self.areas


WORKER = Actor("worker", Role.WORKER)
RELAY = Actor("relay", Role.WORKER)
CUSTOMER = Actor("customer", Role.CUSTOMER)

_DESK = (Role.CLERK, Role.COMMUNITY_MANAGER, Role.AGENT_10086)

_PLANNERS = (Role.OPS, Role.NETWORK_SERVICE_SUPPORT, Role.SUPERVISOR, Role.COMMUNITY_MANAGER)
"""Those who plan where ports are built, and call who waits for one."""

PERMITTED: dict[str, tuple[Role, ...]] = {
    "submit": (Role.AGENT_10050, *_DESK),
    "transfer": (Role.AGENT_10050,),
    "refer": (Role.AGENT_10050, Role.AGENT_10086),
    "take over": (Role.AGENT_10086,),
    "see transfers": (Role.AGENT_10086, Role.SUPERVISOR),
    "take call": (Role.AGENT_10086,),
    "refer callers": (Role.AGENT_10050, Role.AGENT_10086),
    "see referrals": (Role.AGENT_10050, Role.AGENT_10086, Role.SUPERVISOR),
    "urge": (Role.AGENT_10050, *_DESK, Role.SUPERVISOR),
    "call customers": (Role.AGENT_10086,),
    "see opinions": (Role.SUPERVISOR,),
    "see requests": (Role.NETWORK_SERVICE_SUPPORT, Role.SUPERVISOR),
    "complain": _DESK,
    "call about a complaint": (*_DESK, Role.SUPERVISOR),
    "see complaints": (*_DESK, Role.SUPERVISOR),
    "compensate": (*_DESK, Role.SUPERVISOR),
    "see who is listed": (Role.SUPERVISOR,),
    "withdraw": (*_DESK, Role.SUPERVISOR),
    "release": (Role.SUPERVISOR, Role.OPS),
    "add accounts": (Role.CLERK, Role.OPS),
    "sign slips": (Role.CLERK, Role.COMMUNITY_MANAGER, Role.SUPERVISOR),
    "load": (Role.OPS, Role.NETWORK_SERVICE_SUPPORT),
    "see demands": (Role.CLERK, *_PLANNERS),
    "see who asked": _PLANNERS,
    "notify": _PLANNERS,
    "end": _PLANNERS,
    "export who asked": (Role.OPS,),
    "ask for approval": (*_DESK, Role.SUPERVISOR),
    "see approvals": (*_DESK, Role.SUPERVISOR),
    "decide approvals": (Role.SUPERVISOR,),
    "load devices": (Role.OPS,),
    "rebuild the search": (Role.OPS,),
    "see devices": (Role.OPS, Role.NETWORK_SERVICE_SUPPORT, Role.SUPERVISOR),
    "hand out": (Role.NETWORK_SERVICE_SUPPORT,),
    "take in": (Role.NETWORK_SERVICE_SUPPORT,),
    "lose": (Role.NETWORK_SERVICE_SUPPORT, Role.OPS),
    "scrap": (Role.NETWORK_SERVICE_SUPPORT, Role.OPS),
}

AT_THE_COUNTER: dict[str, tuple[Role, ...]] = {
    "register-demand": _DESK,
    "open": (Role.CLERK,),
    "transfer": (Role.CLERK,),
    "settle-preview": (Role.CLERK,),
    "close": (Role.CLERK,),
    "suspend": (Role.CLERK, Role.AGENT_10086, Role.SUPERVISOR),
    "resume": (Role.CLERK, Role.SUPERVISOR),
    "change-password": (Role.CLERK,),
    "reset-password": (Role.CLERK,),
    "view": _DESK,
    "modify": (Role.CLERK,),
    "bind": (Role.CLERK,),
    "unbind": (Role.CLERK,),
    "bindings": (Role.CLERK,),
    "contact": (Role.CLERK, Role.COMMUNITY_MANAGER),
    "appoint": (Role.CLERK, Role.COMMUNITY_MANAGER),
    "refund": (Role.CLERK, Role.COMMUNITY_MANAGER),
    "rename": (Role.CLERK,),
    "change-plan": (Role.CLERK,),
    "devices": (Role.CLERK,),
    "return-device": (Role.CLERK,),
    "lose-device": (Role.CLERK,),
    "send-code": (Role.CLERK,),
    "move": (Role.CLERK,),
}
"""The roles that may carry out each account operation. It is apart from `PERMITTED`, since `transfer` is in both."""

UNMASKING = (Role.CLERK,)
"""The roles that see a customer's sensitive fields in clear, for a reason; others who view them see them masked."""

CHANNEL_OF: dict[Role, Channel] = {
    Role.AGENT_10050: Channel.HOTLINE_10050,
    Role.AGENT_10086: Channel.HOTLINE_10086,
    Role.CLERK: Channel.COUNTER,
    Role.COMMUNITY_MANAGER: Channel.COMMUNITY_MANAGER,
}
"""The one channel by which each role takes reports."""


NOBODY = Wording("无", "nobody")


def role_wording(name: str) -> Wording:
    """A role in a sentence; the name itself where there is no such role."""
    return Role(name).wording if name in ROLES else same(name)


def role_wordings(names: Collection[str]) -> list[Wording]:
    """Roles in a sentence, or `nobody`."""
    return [role_wording(name) for name in names] or [NOBODY]


def require(
    actor: Actor, act: str, what: Wording, allowed: Collection[str] | None = None, title: Title | None = None
) -> None:
    """Raises NotAllowed unless the actor's role may do `act`. `allowed` overrides the table for a team's own roles;
    `title` is what people call the act where `domain.acts` has another of that name.
    """
    roles = PERMITTED[act] if allowed is None else allowed
    if actor.role not in roles:
        allowed_roles = role_wordings(roles)
        raise NotAllowed(
            role=role_wording(actor.role),
            actor=actor.name,
            act=Wording(title.zh, act) if title else act_wording(act),
            what=what,
            allowed=allowed_roles,
        )
