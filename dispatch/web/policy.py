"""Permissions, as one table: role × operation × team × area × state × field. Everything else is denied. Pure.

The rulebook names a team's own roles (`members`, `filed_by`), `domain.roles.PERMITTED` those of the desk, and the life
tables the states; this table combines them. Every route names its operation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from dispatch.accounts.demand import REGISTER
from dispatch.accounts.operation import TITLES as OPERATIONS
from dispatch.domain.acts import act_wording
from dispatch.domain.lifecycle import State
from dispatch.domain.roles import AT_THE_COUNTER, HELD_BY_PEOPLE, PERMITTED, Role
from dispatch.domain.ticket import HOP_MOVES, TICKET_ENDS, TICKET_MOVES, HopState, TicketState
from dispatch.domain.title import Wording
from dispatch.routing.rulebook import Team


class Permission(StrEnum):
    ALLOWED = "allowed"
    UNTIMELY = "untimely"  # the caller's to do, but not in this state
    FORBIDDEN = "forbidden"  # visible to the caller, but not theirs to do
    HIDDEN = "hidden"  # as if it did not exist


class Subject(Enum):
    """The kind of thing that an operation is done to."""

    NOTHING = "nothing"
    ACCOUNT = "account"
    TEAM = "team"
    TICKET = "ticket"
    HOP = "hop"


class Audience(Enum):
    ANYBODY = "anybody"  # also visitors who haven't signed in
    SIGNED_IN = "signed in"  # in whatever role, or in none
    ROLES = "roles"
    MACHINE = "machine"  # a program with the installation's own token; no user, whatever their roles
    SIGNED = "signed"  # a program outside that signs what it sends; no user either


@dataclass(frozen=True, slots=True)
class Policy:
    """The callers who may do an operation: the roles named, and on a team's work its `members`, or its `filers` for
    the members. `states` are those in which it can be done; None: in all."""

    on: Subject = Subject.NOTHING
    roles: frozenset[Role] = frozenset()
    members: bool = False
    filers: bool = False
    states: frozenset[State] | None = None
    who: Audience = Audience.ROLES


@dataclass(frozen=True, slots=True)
class Target:
    """The thing acted upon. `team` has it now, `teams` are all that ever had it; `area` None: in no area."""

    area: str | None = None
    team: Team | None = None
    teams: tuple[Team, ...] = ()
    state: State | None = None
    on_behalf: bool = False


NOTHING = Target()

_EVERYBODY = frozenset(HELD_BY_PEOPLE)
_KEEPS_NO_CASES = frozenset({Role.OPS, Role.ADMINISTRATOR})
_AT_THE_COUNTER = frozenset(role for kind in AT_THE_COUNTER if kind != REGISTER for role in AT_THE_COUNTER[kind]) - {
    Role.AGENT_10086
}
"""Roles that carry out operations on accounts, and so work with their slips and scans. A hotline has no papers."""
_DESK = frozenset(PERMITTED["submit"]) | frozenset(PERMITTED["take over"])
_WATCHING = frozenset({Role.SUPERVISOR, Role.OPS})
_SEES_ALL = _DESK | _WATCHING
"""Roles that see every ticket of their areas; the others see tickets that their teams have or had."""


def _sources(moves: Collection[object], *names: str) -> frozenset[State]:
    return frozenset(state for move in moves if move.name in names for state in move.sources)  # type: ignore[attr-defined]


def _on_ticket(act: str, *moves: str, states: Collection[State] = ()) -> Policy:
    where = frozenset(states) or _sources(TICKET_MOVES, *moves)
    return Policy(Subject.TICKET, frozenset(PERMITTED[act]), states=where)


def _on_hop(move: str, *roles: Role, filers: bool = True) -> Policy:
    return Policy(Subject.HOP, frozenset(roles), members=True, filers=filers, states=_sources(HOP_MOVES, move))


POLICIES: Mapping[str, Policy] = {
    # anybody
    "ask for health": Policy(who=Audience.ANYBODY),
    "see the schema": Policy(who=Audience.ANYBODY),
    "sign in": Policy(who=Audience.ANYBODY),
    "see a survey": Policy(who=Audience.ANYBODY),
    "answer a survey": Policy(who=Audience.ANYBODY),
    "take an answer back": Policy(who=Audience.ANYBODY),
    # a machine
    "read metrics": Policy(who=Audience.MACHINE),
    # a system outside
    "tell of billing": Policy(who=Audience.SIGNED),
    # oneself
    "see one's session": Policy(who=Audience.SIGNED_IN),
    "sign out": Policy(who=Audience.SIGNED_IN),
    "change one's password": Policy(who=Audience.SIGNED_IN),
    "have tokens": Policy(who=Audience.SIGNED_IN),
    # the desk
    "follow the script": Policy(roles=_DESK),
    "see warnings": Policy(Subject.ACCOUNT, _DESK),
    "submit": Policy(Subject.ACCOUNT, frozenset(PERMITTED["submit"])),
    "transfer": _on_ticket("transfer", "transfer"),
    "refer": _on_ticket("refer", "refer"),
    "take over": _on_ticket("take over", "solve", "open"),
    "see transfers": Policy(Subject.ACCOUNT, frozenset(PERMITTED["see transfers"])),
    "take next call": Policy(Subject.ACCOUNT, frozenset(PERMITTED["take call"])),
    "take call": _on_ticket("take over", states=(TicketState.TRANSFERRED,)),
    "hang up": _on_ticket("take over", states=(TicketState.TRANSFERRED,)),
    "refer callers": Policy(roles=frozenset(PERMITTED["refer callers"])),
    "see referrals": Policy(roles=frozenset(PERMITTED["see referrals"])),
    "urge": _on_ticket("urge", states=(TicketState.OPEN, TicketState.TRANSFERRED)),
    "withdraw": _on_ticket("withdraw", "withdraw"),
    "answer by phone": Policy(Subject.TICKET, members=True, states=frozenset({TicketState.ARCHIVED})),
    "see callbacks": Policy(Subject.ACCOUNT, frozenset(PERMITTED["call customers"])),
    "call a customer": Policy(Subject.TICKET, members=True, states=frozenset({TicketState.ARCHIVED})),
    "see who is listed": Policy(Subject.ACCOUNT, frozenset(PERMITTED["see who is listed"])),
    "see requests": Policy(Subject.ACCOUNT, frozenset(PERMITTED["see requests"])),
    "see opinions": Policy(Subject.ACCOUNT, frozenset(PERMITTED["see opinions"])),
    "complain": Policy(Subject.ACCOUNT, frozenset(PERMITTED["complain"])),
    "see complaints": Policy(Subject.ACCOUNT, frozenset(PERMITTED["see complaints"])),
    "compensate": Policy(Subject.TICKET, frozenset(PERMITTED["compensate"])),
    "call about a complaint": _on_ticket("call about a complaint", states=(TicketState.OPEN,)),
    # tickets
    "list tickets": Policy(roles=_EVERYBODY - {Role.ADMINISTRATOR}),
    "see a ticket": Policy(Subject.TICKET, _EVERYBODY - {Role.ADMINISTRATOR}),
    # the search: what is found is limited by what may be seen
    "search": Policy(roles=_EVERYBODY - {Role.ADMINISTRATOR}),
    # hops
    "see a hop": Policy(Subject.HOP, _EVERYBODY - {Role.ADMINISTRATOR}),
    "claim": _on_hop("claim"),
    "report": _on_hop("report"),
    "override": Policy(Subject.HOP, frozenset({Role.SUPERVISOR}), states=_sources(HOP_MOVES, "report")),
    "pass on": _on_hop("pass on", Role.SUPERVISOR),
    "hand back": _on_hop("hand back"),
    "give back": _on_hop("give back"),
    "hold": _on_hop("hold", filers=False),
    "resume": _on_hop("resume", filers=False),
    "agree on visit": _on_hop("hold", filers=False),
    "set out": _on_hop("hold", filers=False),
    "release": Policy(Subject.HOP, frozenset(PERMITTED["release"]), states=_sources(HOP_MOVES, "release")),
    "see the quarantine": Policy(roles=frozenset(PERMITTED["release"])),
    # uploads
    "add a photo": Policy(Subject.HOP, members=True, filers=True, states=frozenset({HopState.CLAIMED, HopState.HELD})),
    "see photos": Policy(Subject.TICKET, _EVERYBODY - _KEEPS_NO_CASES),
    "add a scan": Policy(roles=_AT_THE_COUNTER),
    # the counter
    **{f"account {kind}": Policy(Subject.ACCOUNT, frozenset(roles)) for kind, roles in AT_THE_COUNTER.items()},
    "find customers": Policy(Subject.ACCOUNT, _DESK | {Role.SUPERVISOR}),
    "list operations": Policy(Subject.ACCOUNT, _AT_THE_COUNTER),
    "see slips": Policy(Subject.ACCOUNT, _AT_THE_COUNTER),
    "sign slips": Policy(Subject.ACCOUNT, frozenset(PERMITTED["sign slips"])),
    "see failed orders": Policy(Subject.ACCOUNT, frozenset(AT_THE_COUNTER["refund"])),
    "list accounts": Policy(Subject.ACCOUNT, _AT_THE_COUNTER | _WATCHING),
    "add accounts": Policy(Subject.ACCOUNT, frozenset(PERMITTED["add accounts"])),
    "search addresses": Policy(Subject.ACCOUNT, _AT_THE_COUNTER | frozenset(AT_THE_COUNTER[REGISTER])),
    "see addresses": Policy(Subject.ACCOUNT, _AT_THE_COUNTER | _WATCHING | frozenset(PERMITTED["load"])),
    "see demands": Policy(Subject.ACCOUNT, frozenset(PERMITTED["see demands"])),
    "see who asked": Policy(Subject.ACCOUNT, frozenset(PERMITTED["see who asked"])),
    "notify": Policy(Subject.ACCOUNT, frozenset(PERMITTED["notify"])),
    "end": Policy(Subject.ACCOUNT, frozenset(PERMITTED["end"])),
    "export who asked": Policy(Subject.ACCOUNT, frozenset(PERMITTED["export who asked"])),
    "ask for approval": Policy(Subject.ACCOUNT, frozenset(PERMITTED["ask for approval"])),
    "see approvals": Policy(Subject.ACCOUNT, frozenset(PERMITTED["see approvals"])),
    "decide approvals": Policy(Subject.ACCOUNT, frozenset(PERMITTED["decide approvals"])),
    "see devices": Policy(roles=frozenset(PERMITTED["see devices"])),
    "hand out": Policy(roles=frozenset(PERMITTED["hand out"])),
    "take in": Policy(roles=frozenset(PERMITTED["take in"])),
    "lose": Policy(roles=frozenset(PERMITTED["lose"])),
    "scrap": Policy(roles=frozenset(PERMITTED["scrap"])),
    "see plans": Policy(roles=_DESK | _WATCHING),
    "see effects": Policy(roles=frozenset(PERMITTED["release"])),
    "release effects": Policy(roles=frozenset(PERMITTED["release"])),
    # teams
    "see teams": Policy(roles=_EVERYBODY),
    "see a board": Policy(Subject.TEAM, _WATCHING, members=True, filers=True),
    "see a crew": Policy(Subject.TEAM, _WATCHING, members=True, filers=True),
    "add to a crew": Policy(Subject.TEAM, frozenset({Role.SUPERVISOR})),
    # rules, figures
    "see rules": Policy(roles=_EVERYBODY),
    "try rules": Policy(roles=_EVERYBODY),
    "see figures": Policy(roles=_WATCHING),
    # users
    "manage users": Policy(roles=frozenset({Role.ADMINISTRATOR})),
    "see the audit trail": Policy(roles=frozenset({Role.ADMINISTRATOR})),
}


_WORDS: Mapping[str, str] = {
    "ask for health": "查看健康状况",
    "see the schema": "查看接口文档",
    "sign in": "登录",
    "see a survey": "查看回访",
    "answer a survey": "答复回访",
    "read metrics": "读取指标",
    "tell of billing": "上报计费事件",
    "see one's session": "查看自己的会话",
    "sign out": "退出登录",
    "change one's password": "修改自己的密码",
    "have tokens": "管理自己的令牌",
    "follow the script": "做预处理",
    "see warnings": "查看重复提醒",
    "answer by phone": "电话回访",
    "see callbacks": "查看待电话回访",
    "call a customer": "拨打回访电话",
    "see requests": "查看装维请求",
    "see opinions": "查看客户评价",
    "see who is listed": "查看须核实的人员",
    "take an answer back": "撤回回访答复",
    "list tickets": "查看工单列表",
    "see a ticket": "查看工单",
    "see a hop": "查看环节",
    "see the quarantine": "查看隔离区",
    "add a photo": "加照片",
    "see photos": "查看照片",
    "add a scan": "上传扫描件",
    "find customers": "查找客户",
    "list operations": "查看受理记录",
    "see slips": "查看受理单",
    "see failed orders": "查看退单清单",
    "list accounts": "查看账号列表",
    "search": "查找",
    "search addresses": "查找地址",
    "see addresses": "查看地址",
    "see plans": "查看营销案",
    "see effects": "查看外部动作",
    "release effects": "放行外部动作",
    "see teams": "查看班组",
    "see a board": "查看看板",
    "see a crew": "查看班组人员",
    "add to a crew": "增减班组人员",
    "see rules": "查看规则",
    "try rules": "试算规则",
    "see figures": "查看大屏数字",
    "manage users": "管理用户",
    "see the audit trail": "查看审计记录",
}
"""Names for people of the operations that are neither acts on tickets nor account operations."""


def wording(operation: str) -> Wording:
    """An operation in a sentence."""
    kind = OPERATIONS.get(operation.removeprefix("account "))
    if kind is not None and operation.startswith("account "):
        return Wording(kind.zh, operation)
    return Wording(_WORDS[operation], operation) if operation in _WORDS else act_wording(operation)


def decide(operation: str, role: Role, in_area: bool, thing: Target = NOTHING) -> Permission:
    """Return the permission of one role. `in_area`: whether the caller holds it where the thing lies."""
    policy = POLICIES.get(operation)
    if policy is None:
        return Permission.HIDDEN
    if policy.who is not Audience.ROLES:
        return Permission.HIDDEN if policy.who in (Audience.MACHINE, Audience.SIGNED) else Permission.ALLOWED
    if policy.on is not Subject.NOTHING and not in_area:
        return Permission.HIDDEN
    if policy.on in (Subject.TICKET, Subject.HOP) and not sees(role, thing.teams):
        return Permission.HIDDEN
    if not _permits(policy, role, thing):
        return Permission.FORBIDDEN
    if policy.states is not None and thing.state not in policy.states:
        return Permission.UNTIMELY
    return Permission.ALLOWED


def is_possible(operation: str, role: Role, teams: Collection[Team]) -> bool:
    """Return whether the role could ever do it with the work of any of these teams. It is checked before any read."""
    policy = POLICIES[operation]
    if policy.who is not Audience.ROLES or (role in policy.roles and not policy.members):
        return True
    return any(
        _permits(policy, role, Target(team=team, on_behalf=behalf)) for team in teams for behalf in (False, True)
    )


def sees(role: Role, teams: Collection[Team]) -> bool:
    """Return whether the role sees tickets that these teams have had."""
    return role in _SEES_ALL or any(serves(role, team) for team in teams)


def sees_all(role: Role) -> bool:
    """Return whether the role sees every ticket of its areas."""
    return role in _SEES_ALL


def serves(role: Role, team: Team) -> bool:
    """Return whether the role is the team's, or files for its members."""
    return role in team.members or role in team.filed_by


def _permits(policy: Policy, role: Role, thing: Target) -> bool:
    team = thing.team
    if policy.on is Subject.HOP and policy.members and team is not None and team.automatic:
        return False  # only its worker, or the customer, ends its hops
    if role in policy.roles:
        return True
    if team is None:
        return False
    by_member, by_filer = policy.members and role in team.members, policy.filers and role in team.filed_by
    if policy.on is Subject.HOP:
        return by_filer if thing.on_behalf else by_member
    return by_member or by_filer


class GuardedField(StrEnum):
    """Fields that not every caller who sees the thing may see."""

    CUSTOMER = (
        "customer"  # of a ticket: account, address, mobile, description, what was said, the answers, reasons, evidence
    )
    FAILURE = "failure"  # of a hop: what went wrong in its worker
    LOAD = "load"  # of a team: how much it has before it
    REFUSED = "refused"  # of the rules: why the file as it stands isn't in force


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """The roles that see a field: those in `always`; `until_ended` until the ticket ends; if `own`, the team's."""

    always: frozenset[Role]
    until_ended: frozenset[Role] = field(default_factory=frozenset)
    own: bool = False


FIELDS: Mapping[GuardedField, FieldPolicy] = {
    GuardedField.CUSTOMER: FieldPolicy(_DESK | {Role.SUPERVISOR}, until_ended=_EVERYBODY - _KEEPS_NO_CASES),
    GuardedField.FAILURE: FieldPolicy(_WATCHING),
    GuardedField.LOAD: FieldPolicy(_WATCHING, own=True),
    GuardedField.REFUSED: FieldPolicy(_WATCHING | {Role.ADMINISTRATOR}),
}

_OF_TICKETS = (GuardedField.CUSTOMER, GuardedField.FAILURE)


def shows(which: GuardedField, role: Role, thing: Target = NOTHING) -> bool:
    """Return whether the role sees this field of the thing."""
    policy = FIELDS[which]
    if which in _OF_TICKETS and not sees(role, thing.teams):
        return False
    if role in policy.always:
        return True
    if policy.own and thing.team is not None and serves(role, thing.team):
        return True
    return role in policy.until_ended and thing.state not in TICKET_ENDS


def searches_tickets(role: Role) -> bool | None:
    """Return whether the role finds tickets by all that they say: True also ended ones, False open ones, None none."""
    policy = FIELDS[GuardedField.CUSTOMER]
    return True if role in policy.always else False if role in policy.until_ended else None


MOVES_OF_HOPS = ("claim", "report", "override", "pass on", "hand back", "give back", "hold", "resume", "release")
"""The operations that a board offers."""

assert all(isinstance(state, HopState) for name in MOVES_OF_HOPS for state in POLICIES[name].states or ())
