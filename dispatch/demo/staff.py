"""The staff of a demonstration: users for its visitors, and made-up colleagues who work beside them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dispatch.domain.roles import HELD_BY_PEOPLE, Actor, Role

AREAS = ("tianhe", "haizhu", "panyu")
"""The areas of a demonstration's households."""

VISITORS: Mapping[Role, str] = {
    Role.CLERK: "chen",
    Role.COMMUNITY_MANAGER: "feng",
    Role.AGENT_10050: "huang",
    Role.AGENT_10086: "shen",
    Role.NOC: "zhao",
    Role.SYSTEM_SUPPORT: "qian",
    Role.TRANSMISSION: "zhou",
    Role.DATA_NETWORK: "dong",
    Role.INSTALLER: "deng",
    Role.NETWORK_SERVICE_SUPPORT: "zheng",
    Role.CONSTRUCTION: "wang",
    Role.SUPERVISOR: "liang",
    Role.OPS: "xiao",
    Role.ADMINISTRATOR: "tang",
}
"""The user name with which a visitor signs in to see the pages of each role."""

assert set(VISITORS) == set(HELD_BY_PEOPLE)


@dataclass(frozen=True, slots=True)
class Colleague:
    """A made-up colleague. `team`: the team whose board they work, None at the desks; `area`: None for all areas."""

    name: str
    role: Role
    team: str | None = None
    area: str | None = None

    @property
    def actor(self) -> Actor:
        return Actor(self.name, self.role)


def _team(team: str, role: Role, *names: str) -> tuple[Colleague, ...]:
    return tuple(Colleague(name, role, team) for name in names)


def _crew(team: str, role: Role, *names: str) -> tuple[Colleague, ...]:
    """Spread the people over the areas in turn."""
    return tuple(Colleague(name, role, team, AREAS[i % len(AREAS)]) for i, name in enumerate(names))


def _desk(role: Role, *names: str) -> tuple[Colleague, ...]:
    return tuple(Colleague(name, role) for name in names)


COLLEAGUES: tuple[Colleague, ...] = (
    *_desk(Role.CLERK, "fang.min", "guan.xin"),
    *_desk(Role.COMMUNITY_MANAGER, "hou.bin"),
    *_desk(Role.AGENT_10050, "ding.yue"),
    *_desk(Role.AGENT_10086, "shen.jia", "luo.ying", "song.qi"),
    *_desk(Role.NETWORK_SERVICE_SUPPORT, "he.fang"),
    *_team("noc", Role.NOC, "qian.lei", "feng.xue", "cao.jun"),
    *_team("system-support", Role.SYSTEM_SUPPORT, "peng.fei", "jiang.nan"),
    *_crew("installer", Role.INSTALLER, "deng.hao", "cai.ming", "tian.rui", "ma.chao", "zhu.kai", "hu.bo"),
    *_team("transmission", Role.TRANSMISSION, "pan.yong", "yuan.bo"),
    *_team("data-network", Role.DATA_NETWORK, "dong.qi", "yu.tao"),
    *_crew("construction", Role.CONSTRUCTION, "lv.gang", "su.ping", "wei.dong"),
    *_team("supervisor", Role.SUPERVISOR, "gao.shan"),
)

OURS: Mapping[str, Colleague] = {each.name: each for each in COLLEAGUES}

assert len(OURS) == len(COLLEAGUES)
assert not set(OURS) & set(VISITORS.values())


def at_the_desk(role: Role) -> tuple[Colleague, ...]:
    return tuple(each for each in COLLEAGUES if each.role == role and each.team is None)
