"""Made-up findings with the evidence that the rules in force ask for, in words that people would use. Pure."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping

from dispatch.domain.finding import DEVICES, Evidence, Finding, Value
from dispatch.routing.rulebook import Rulebook

OFTEN: Mapping[str, Mapping[str, float]] = {
    "noc": {"fixed": 3, "inside-plant": 3, "outside-plant": 5},
    "system-support": {"fixed": 5},
    "installer": {"fixed-on-site": 6, "line-fault": 2.5, "routing-fault": 1.5},
    "transmission": {"fixed": 8},
    "data-network": {"fixed": 8},
    "construction": {"installed": 8},
}
"""The weight of each of a team's findings; findings that aren't listed have weight 1."""

TRIES = 60

ENDING = ("fixed", "fixed-on-site")
"""Findings that are six times likelier once a case has been with other teams."""

_WORDS: Mapping[str, tuple[str, ...]] = {
    "test-result": (
        "收光 -28.4 dBm，低于门限，OLT 侧有 LOS 告警",
        "PPPoE 拨号超时，BRAS 无该用户会话",
        "光路正常，光猫在线，认证返回 691",
        "PON 口误码偏高，同一分光器下 3 户受影响",
        "端口配置与工单不一致，上行 VLAN 缺失",
        "远程重启光猫后仍掉线，每 10 分钟一次",
        "测速 12 Mbit/s，签约 300 Mbit/s，上联口拥塞",
    ),
    "location": (
        "3 号楼弱电间分纤箱，2 号分光器",
        "小区南门外人井，光缆被施工挖断",
        "客户楼道皮线，被门挤压折断",
        "体育西路交接箱 2 框 7 芯",
        "地下室桥架，光缆有鼠咬痕迹",
    ),
    "remark": (
        "已更换跳线，客户在场测速正常",
        "已与客户电话确认可以上网",
        "建议后续更换老化分纤箱",
        "客户要求周末前处理完毕，已电话告知",
    ),
}
_NUMBERS: Mapping[str, tuple[float, float]] = {"optical-power": (-24.5, -14.5), "speed-test": (930, 960)}

REASONS_TO_PASS_ON = ("不在本班组专业范围，请协助处理", "需核对上游设备数据", "本班组人手不足，请支援")
REASONS_TO_HAND_BACK = ("查无本专业故障，请重新定位", "测试情况不全，请补充后再派")
REASONS_TO_HOLD = ("客户今天不在家，已约改天上门", "等备件到货", "等物业开弱电间的门")
REASONS_TO_URGE = ("客户再次来电，要求尽快恢复", "客户在家办公，急用", "商铺收款受影响，客户催促")


def found(
    rulebook: Rulebook,
    flow: str,
    team: str,
    hops: int,
    chance: random.Random,
    fits: Callable[[str, Mapping[str, Value]], bool] = lambda _finding, _evidence: True,
) -> tuple[str, dict[str, Value]]:
    """Draw a finding of the team and all its evidence; `hops`: the ticket's visits to people, this one included.

    `fits` tells whether the rules would take it. After `TRIES` draws that don't fit, the last one is returned.
    """
    known = rulebook.findings_of(flow, team)
    often = OFTEN.get(team, {})
    weights = [often.get(each.name, 1) * (6 if hops > 2 and each.name in ENDING else 1) for each in known]
    for _ in range(TRIES):
        [finding] = chance.choices(known, weights)
        evidence = _evidence(finding, chance)
        if fits(finding.name, evidence):
            break
    return finding.name, evidence


def _evidence(finding: Finding, chance: random.Random) -> dict[str, Value]:
    known = (each for each in finding.evidence if each.kind not in DEVICES or not each.optional)
    asked = (each for each in known if not each.optional or chance.random() < 0.4)
    return {each.name: _value(each, chance) for each in asked}


def _value(evidence: Evidence, chance: random.Random) -> Value:
    match evidence.kind:
        case "choice":
            return chance.choice(list(evidence.choices))
        case "number":
            least, most = _NUMBERS.get(evidence.name, (evidence.least, evidence.most))
            if not math.isfinite(most - least):
                least, most = (least, least + 10) if math.isfinite(least) else (0, 10)
            return round(chance.uniform(max(least, evidence.least), min(most, evidence.most)), 1)
        case "yes-no":
            return True
        case "new-device" | "old-device":
            return "DEMO00000000"  # `store.supplied` puts a carried one in its place
        case _:
            return chance.choice(_WORDS.get(evidence.name, (evidence.title.zh,)))
