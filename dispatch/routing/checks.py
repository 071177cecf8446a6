"""Faults of meaning in a well-shaped rules file: unknown names, rules that never match, flows without an end.

Pure: a `RulesFile` in, (path, message) pairs out, all of them.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterator

from dispatch.domain.channel import CHANNELS
from dispatch.domain.roles import ROLES
from dispatch.domain.title import Wording, same
from dispatch.routing.rulebook import EFFECTS, END, REPEATS, SENDER
from dispatch.routing.schema import AtLeast, FlowModel, RuleModel, RulesFile
from dispatch.routing.strict_yaml import Path

Found = Iterator[tuple[Path, Wording]]

OWN_FACTS = ("category", "channel", "symptom", "priority", "area", REPEATS)
"""Facts of the ticket itself; a finding's evidence is added to them."""


NUMBERS = ("priority", REPEATS)
"""Those of them that are numbers."""


def check(file: RulesFile) -> Found:
    """Every fault of meaning, as (path in the file, message)."""
    yield from _teams(file)
    yield from _limits(file)
    yield from _findings(file)
    for name, flow in file.flows.items():
        yield from _flow(file, name, flow)
    yield from _unused(file)


ROLE, TEAM, FLOW, RULE = (
    Wording("角色", "role"),
    Wording("班组", "team"),
    Wording("流程", "flow"),
    Wording("规则", "rule"),
)
EVIDENCE, FINDING = Wording("佐证", "evidence"), Wording("结论", "finding")
FACT, CATEGORY = Wording("事实", "fact"), Wording("故障类别", "category")


def unknown(kind: Wording, name: str, known: Collection[str]) -> Wording:
    """The fault of a name that leads nowhere, with the nearest known one."""
    near, listed = difflib.get_close_matches(name, known, n=1), ", ".join(known)
    if near:
        hint = Wording(f"是不是“{near[0]}”？", f"did you mean '{near[0]}'?")
    else:
        hint = Wording(f"有：{listed or '无'}", f"known are: {listed or 'none'}")
    return Wording(f"没有{kind.zh}“{name}”；{hint.zh}", f"unknown {kind.en} '{name}'; {hint.en}")


def _teams(file: RulesFile) -> Found:
    for name, team in file.teams.items():
        if name in (END, SENDER):
            yield (
                ("teams", name),
                Wording(f"“{name}”是规则的用词，不能作班组", f"'{name}' is a word of the rules and can't be a team"),
            )
        if name == EFFECTS:
            yield (
                ("teams", name),
                Wording(
                    f"“{name}”不能作班组：外部动作的队列就叫这个名字",
                    f"'{name}' can't be a team: outside effects have a queue of that name",
                ),
            )
        for field, roles in (("members", team.members), ("filed_by", team.filed_by)):
            for i, role in enumerate(roles):
                if role not in ROLES:
                    yield ("teams", name, field, i), unknown(ROLE, role, ROLES)
        for i, other in enumerate(team.passes_on_to):
            if other not in file.teams:
                yield ("teams", name, "passes_on_to", i), unknown(TEAM, other, file.teams)
            elif file.teams[other].automatic:
                yield (
                    ("teams", name, "passes_on_to", i),
                    Wording(
                        f"“{other}”是自动班组，没有人接手", f"'{other}' is automatic, nobody there takes work over"
                    ),
                )


def _limits(file: RulesFile) -> Found:
    name = file.limits.then
    if not name:
        return  # already a fault of shape
    if name not in file.teams:
        yield ("limits", "then"), unknown(TEAM, name, file.teams)
        return
    if file.teams[name].automatic:
        yield (
            ("limits", "then"),
            Wording(
                f"“{name}”是自动班组；来回派的单须由人处理",
                f"'{name}' is automatic; a case that goes round needs a person",
            ),
        )
    for flow, model in file.flows.items():
        for finding, rules in model.teams.get(name, {}).items():
            for i, rule in enumerate(rules):
                if rule.to in file.teams and not file.teams[rule.to].automatic:
                    path = ("flows", flow, "teams", name, finding, i, "to")
                    yield (
                        path,
                        Wording(
                            f"“{name}”了结来回派的单，不能再派给“{rule.to}”",
                            f"'{name}' ends what goes round: it can't send a case to '{rule.to}' again",
                        ),
                    )


def _findings(file: RulesFile) -> Found:
    for name, finding in file.findings.items():
        for i, evidence in enumerate(finding.evidence):
            if evidence not in file.evidence:
                yield ("findings", name, "evidence", i), unknown(EVIDENCE, evidence, file.evidence)


def _flow(file: RulesFile, name: str, flow: FlowModel) -> Found:
    base: Path = ("flows", name)
    yield from _rules(file, (*base, "start"), flow.start, None, asked=False)
    yield from _names_of_the_start(base, flow)
    for team, findings in flow.teams.items():
        path: Path = (*base, "teams", team)
        if team not in file.teams:
            yield path, unknown(TEAM, team, file.teams)
        if not findings:
            yield (
                path,
                Wording(f"班组“{team}”没有结论，单子出不去", f"team '{team}' has no findings: nothing leads out of it"),
            )
        for finding, rules in findings.items():
            if finding not in file.findings:
                yield (*path, finding), unknown(FINDING, finding, file.findings)
            yield from _rules(file, (*path, finding), rules, finding, asked=_always_asked(file, flow, team))
    yield from _ways(file, base, flow)


def _rules(file: RulesFile, path: Path, rules: list[RuleModel], finding: str | None, *, asked: bool) -> Found:
    if not rules:
        yield path, Wording("没有去向：请写班组、'sender' 或 'end'", "leads nowhere: name a team, 'sender' or 'end'")
        return
    if rules[-1].when:
        yield (
            (*path, len(rules) - 1),
            Wording(
                "最后一条规则不能有 `when`：没有默认去向，单子可能无处可派",
                "the last rule needs no `when`: without a default a case could be unroutable",
            ),
        )
    before = _Before()
    named: dict[str, int] = {}
    for i, rule in enumerate(rules):
        if rule.name is not None and named.setdefault(rule.name, i) != i:
            yield (
                (*path, i, "name"),
                Wording(
                    f"本列表第 {named[rule.name] + 1} 条规则已叫“{rule.name}”",
                    f"rule {named[rule.name] + 1} of this list is called '{rule.name}' already",
                ),
            )
        target = (*path, i, "to")
        if rule.to == SENDER:
            if finding is None:
                yield (
                    target,
                    Wording("这里不能用 'sender'：还没有班组派过来", "'sender' can't stand here: nobody asked yet"),
                )
            elif not asked:
                yield (
                    target,
                    Wording(
                        "这里不能用 'sender'：单子可能不经班组派就到这里",
                        "'sender' can't stand here: the case can come to this team without anybody asking",
                    ),
                )
        elif rule.to == END:
            if finding is None:
                yield (
                    target,
                    Wording("这里不能用 'end'：还没有人办过", "'end' can't stand here: nobody has done anything yet"),
                )
        elif rule.to not in file.teams:
            yield target, unknown(TEAM, rule.to, [*file.teams, SENDER, END])
        yield from _conditions(file, (*path, i, "when"), rule, finding)
        earlier = before.covers(rule)
        if earlier is not None:
            yield (
                (*path, i),
                Wording(
                    f"永远用不到：本列表第 {earlier + 1} 条规则已包括它的全部情况",
                    f"never reached: rule {earlier + 1} of this list already matches all that it would",
                ),
            )
        before.add(rule)


def _names_of_the_start(base: Path, flow: FlowModel) -> Found:
    """A rule of the start must not be known by the same name as the rules of a team that is called `start`."""
    taken = flow.teams.get("start", {})
    for i, rule in enumerate(flow.start):
        if rule.name in taken:
            yield (
                (*base, "start", i, "name"),
                Wording(
                    f"“{rule.name}”是班组 'start' 的结论：请给规则另取名称",
                    f"'{rule.name}' is a finding of team 'start': call the rule otherwise",
                ),
            )


def _always_asked(file: RulesFile, flow: FlowModel, team: str) -> bool:
    """Return whether every visit to `team` has an asker.

    The start, automatic teams and the limits send cases unasked, and nobody asks an automatic team."""
    if team in file.teams and file.teams[team].automatic:
        return False
    unasked = {rule.to for rule in flow.start} | {file.limits.then}
    for name, findings in flow.teams.items():
        if name in file.teams and file.teams[name].automatic:
            unasked |= {rule.to for rules in findings.values() for rule in rules}
    return team not in unasked


def _conditions(file: RulesFile, path: Path, rule: RuleModel, finding: str | None) -> Found:
    evidence = file.findings[finding].evidence if finding in file.findings else []
    for fact, wanted in rule.when.items():
        here = (*path, fact)
        if fact not in OWN_FACTS and fact not in evidence:
            yield here, unknown(FACT, fact, [*OWN_FACTS, *evidence])
            continue
        known = vocabulary(file, fact)
        numeric = fact in NUMBERS or (fact in file.evidence and file.evidence[fact].kind == "number")
        if isinstance(wanted, AtLeast):
            if not numeric:
                yield (
                    here,
                    Wording(
                        f"“{fact}”不是数，不能用 `at_least`", f"'{fact}' is no number, `at_least` can't be asked of it"
                    ),
                )
            continue
        values = wanted if isinstance(wanted, list) else [wanted]
        for i, value in enumerate(values):
            if known is not None and value not in known and not (numeric and not isinstance(value, int)):
                place = (*here, i) if isinstance(wanted, list) else here
                yield place, unknown(Wording(f" {fact} 的值", f"value of {fact}"), str(value), [str(k) for k in known])


def vocabulary(file: RulesFile, fact: str) -> Collection[str | int | bool] | None:
    """The values that `fact` can have; None for any."""
    match fact:
        case "category":
            return list(file.categories)
        case "channel":
            return CHANNELS
        case "priority":
            return (1, 2, 3, 4)
        case "symptom" | "area" | "repeats":
            return None
    evidence = file.evidence.get(fact)
    if evidence is None or evidence.kind in ("text", "number"):
        return None
    return (True, False) if evidence.kind == "yes-no" else list(evidence.choices)


class _Before:
    """The rules of a list so far, indexed by the values of their rarest condition. A rule that covers another allows
    all the other's values, so only rules under one of those values are compared: ten thousand rules take seconds."""

    def __init__(self) -> None:
        self._rules: list[RuleModel] = []
        self._under: dict[tuple[str, object], list[int]] = defaultdict(list)
        self._always: list[int] = []

    def add(self, rule: RuleModel) -> None:
        ways = [[(fact, value) for value in _kept_under(wanted)] for fact, wanted in rule.when.items()]
        rarest = min(ways, key=lambda way: sum(len(self._under[key]) for key in way), default=None)
        for places in [self._always] if rarest is None else [self._under[key] for key in rarest]:
            places.append(len(self._rules))
        self._rules.append(rule)

    def covers(self, rule: RuleModel) -> int | None:
        """The index of the first rule that takes every case of `rule`."""
        near = [*self._always]
        for fact, wanted in rule.when.items():
            near += self._under.get((fact, _kept_under(wanted)[0]), ())
            near += self._under.get((fact, AtLeast), ())
        return next((place for place in sorted(near) if _covers(self._rules[place], rule)), None)


def _kept_under(wanted: object) -> list[object]:
    return [AtLeast] if isinstance(wanted, AtLeast) else _as_list(wanted)


def _covers(earlier: RuleModel, later: RuleModel) -> bool:
    """Return whether every case that `later` matches is taken by `earlier`."""
    return all(fact in later.when and _includes(wanted, later.when[fact]) for fact, wanted in earlier.when.items())


def _includes(outer: object, inner: object) -> bool:
    if isinstance(outer, AtLeast):
        if isinstance(inner, AtLeast):
            return inner.at_least >= outer.at_least
        return all(isinstance(v, int) and v >= outer.at_least for v in _as_list(inner))
    if isinstance(inner, AtLeast):
        return False
    return set(_as_list(inner)) <= set(_as_list(outer))


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _ways(file: RulesFile, base: Path, flow: FlowModel) -> Found:
    """Unreachable teams, teams without a path to the end, teams without a section. A case that comes back by `sender`
    is where it was before, so being answered is no progress for the team that asked. A team's own `sender` is: it leads
    to a team that is checked here too. With an unknown name in the flow nothing is said about paths: the spelling may
    be the only fault."""
    out = {team: {rule.to for rules in findings.values() for rule in rules} for team, findings in flow.teams.items()}
    started = {rule.to for rule in flow.start} | {file.limits.then}
    passed = {name: set(team.passes_on_to) for name, team in file.teams.items()}
    reached = _closure(started, {t: out.get(t, set()) | passed.get(t, set()) for t in {*out, *passed}})
    left_out = sorted(reached & set(file.teams) - set(flow.teams) - {END, SENDER})
    for team in left_out:
        yield (
            (*base, "teams"),
            Wording(
                f"会派到班组“{team}”，但这里没有它的一节，单子出不去",
                f"team '{team}' can be reached but has no section here: nothing leads out of it",
            ),
        )
    if not flow.start or not reached <= {*file.teams, END, SENDER}:
        return
    ahead = {team: targets - {SENDER} for team, targets in out.items()}
    astray = {team for team, targets in out.items() if SENDER in targets and not _always_asked(file, flow, team)}
    ends = {END, *left_out, *astray}  # the last two are faults already
    for team in flow.teams:
        path = (*base, "teams", team)
        if team not in file.teams:
            continue
        if team not in reached:
            yield path, Wording(f"没有路派到班组“{team}”", f"no way leads to team '{team}'")
        elif out[team] and SENDER not in out[team] and not ends & _closure({team}, ahead):
            only_back = SENDER in _closure({team}, out)
            hint = (
                Wording("；'sender' 只是派回去", "; an answer by 'sender' only leads back") if only_back else same("")
            )
            yield (
                path,
                Wording(
                    f"从班组“{team}”没有路到结案{hint.zh}",
                    f"no way leads from team '{team}' to the end of the case{hint.en}",
                ),
            )


def _closure(seeds: set[str], edges: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    todo = set(seeds)
    while todo:
        seen |= todo
        todo = {t for s in todo for t in edges.get(s, ())} - seen
    return seen


def _unused(file: RulesFile) -> Found:
    lists = [rules for flow in file.flows.values() for findings in flow.teams.values() for rules in findings.values()]
    in_flows = {team for flow in file.flows.values() for team in flow.teams} | {r.to for rules in lists for r in rules}
    for team in file.teams:
        if team not in in_flows | {END, SENDER, EFFECTS}:
            yield ("teams", team), Wording(f"班组“{team}”不在任何流程中", f"team '{team}' stands in no flow")
    reported = {f for flow in file.flows.values() for findings in flow.teams.values() for f in findings}
    for name in file.findings:
        if name not in reported:
            yield ("findings", name), Wording(f"没有班组能回结论“{name}”", f"no team may report finding '{name}'")
    needed = {e for finding in file.findings.values() for e in finding.evidence}
    for name in file.evidence:
        if name not in needed:
            yield ("evidence", name), Wording(f"没有结论需要佐证“{name}”", f"no finding needs evidence '{name}'")
