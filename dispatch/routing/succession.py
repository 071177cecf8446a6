"""What new rules must keep of those in force: the names that live rows need, and the teams that are served. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dispatch.domain.numbers import ticket_number
from dispatch.domain.title import Wording
from dispatch.routing.rulebook import Rulebook

SHOWN = 3
"""Tickets named in a refusal; the others are counted."""


@dataclass(frozen=True, slots=True)
class NeededTeam:
    """A team whose name live hops need: they are with it or, if `asked`, may go back to it, which asked for them.

    `tickets`: their number. `first`: the ids of some of them, the oldest first.
    """

    flow: str
    team: str
    asked: bool
    tickets: int
    first: Sequence[int]


@dataclass(frozen=True, slots=True)
class Serving:
    """The teams of the processes that run.

    `served`: teams whose hops some relay sends and some worker takes. `started`: teams in the rules files with which
    they started; None: unknown, for some are of an earlier release. `modules`: teams that have a worker module.
    `starting`: the caller is a start of the whole installation, and will serve every team that has a module.
    """

    served: Collection[str]
    started: Collection[str] | None
    modules: Collection[str]
    starting: bool = False


def obstacles(new: Rulebook, old: Rulebook | None, needed: Sequence[NeededTeam], serving: Serving) -> Iterator[Wording]:
    """The reasons why `new` can't take the place of `old`, the rules in force; none when it can. `old` is None when no
    rules are in force yet, or when those can't be read."""
    for each in needed:
        yield from _still_needed(new, old, each)
    if old is None or serving.starting:
        yield from _without_module(new, old, serving)
    else:
        yield from _not_served(new, old, serving)


def _still_needed(new: Rulebook, old: Rulebook | None, needed: NeededTeam) -> Iterator[Wording]:
    name, section = needed.team, new.flows.get(needed.flow, {}).get(needed.team, {})
    if name not in new.teams:
        yield _kept(needed, "不能去掉", "can't be dropped")
        return
    before = old.teams.get(name) if old else None
    if before is not None and before.automatic != new.teams[name].automatic:
        yield _kept(needed, "不能在有人与自动之间改变", "can't change between automatic and people")
    if not section:
        yield _kept(needed, f"在流程“{needed.flow}”中的一节不能去掉", f"can't lose its section in flow '{needed.flow}'")
        return
    if before is not None and before.automatic and old is not None:  # its worker reports these by itself
        for finding in old.flows.get(needed.flow, {}).get(name, {}):
            if finding not in section:
                yield _kept(needed, f"的结论“{finding}”不能去掉", f"can't lose its finding '{finding}'")


def _kept(needed: NeededTeam, zh: str, en: str) -> Wording:
    """The fault of a name that tickets need, with some of the tickets and what to do."""
    numbers = [ticket_number(needed.flow, ticket_id) for ticket_id in needed.first[:SHOWN]]
    more = "…" if needed.tickets > len(numbers) else ""
    listed_zh, listed_en = "、".join(numbers) + more, ", ".join(numbers) + (" …" if more else "")
    count = needed.tickets
    if needed.asked:
        why = Wording(
            f"{count} 张工单由它派出，可能退回给它（{listed_zh}）",
            f"{count} ticket{'s' * (count != 1)} that it asked others for may come back to it ({listed_en})",
        )
    else:
        why = Wording(
            f"{count} 张工单在它那里未办结（{listed_zh}）",
            f"{count} open ticket{'s are' if count != 1 else ' is'} with it ({listed_en})",
        )
    return Wording(
        f"班组“{needed.team}”{zh}：{why.zh}；办结后自动生效",
        f"team '{needed.team}' {en}: {why.en}; the file is taken up once they are done",
    )


def _without_module(new: Rulebook, old: Rulebook | None, serving: Serving) -> Iterator[Wording]:
    for team in new.teams:
        if team not in serving.modules and (old is None or team not in old.teams):
            module = f"workers/teams/{team.replace('-', '_')}.py"
            yield Wording(
                f"班组“{team}”没有工作进程模块：请写 {module}；`STRETCH = Stretch()` 即可",
                f"team '{team}' has no worker module: write {module}; `STRETCH = Stretch()` is enough",
            )


def _not_served(new: Rulebook, old: Rulebook, serving: Serving) -> Iterator[Wording]:
    yield from _without_module(new, old, serving)
    for team in new.teams:
        if team not in old.teams and team in serving.modules and team not in serving.served:
            yield Wording(
                f"新班组“{team}”还没有进程处理，下次启动后生效",
                f"nobody serves the new team '{team}' yet: it takes effect at the next start",
            )
    for team in old.teams:
        if team not in new.teams and (serving.started is None or team in serving.started):
            yield Wording(
                f"班组“{team}”去掉了，但运行中的进程还在处理它，下次启动后生效",
                f"team '{team}' is dropped but still served: that takes effect at the next start",
            )
