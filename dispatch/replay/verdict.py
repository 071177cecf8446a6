"""The verdict on a run, counted from the database and from the ledger outside it, which must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dispatch.domain.kind import Kind
from dispatch.domain.numbers import read_ticket_number
from dispatch.domain.title import Title
from dispatch.ports.ledger import Effect, Ledger
from dispatch.storage.database import Database
from dispatch.storage.replay_runs import RunCounts, run_counts, run_hops, run_tickets
from dispatch.storage.rows import TimedHop

STAGES = (
    Title("派出", "made → sent"),
    Title("收到", "sent → received"),
    Title("上板", "received → on the board"),
    Title("接单", "on the board → claimed"),
    Title("回单", "claimed → reported"),
)
"""The stages between two successive times of a hop, in the order of `_add`."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Seconds that one stage took, over all hops that went through it."""

    title: Title
    hops: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class ReplayVerdict:
    """The verdict on one run.

    `accepted`: accepted tickets in the ledger. `lost`: numbers of those tickets that, in the database, have neither
    ended nor exactly one live hop. `doubled`: effects of this run that are in the ledger more than once.
    """

    counts: RunCounts
    accepted: int
    filed: int  # archive effects in the ledger
    lost: list[str]
    doubled: list[Effect]
    hops_by_team: Counter[str]
    stages: list[Stage] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.lost and not self.doubled and self.accepted == self.counts.archived == self.counts.closed


def judge(database: Database, ledger: Ledger, name: str, kind: Kind = Kind.FAULT) -> ReplayVerdict:
    """Judge a run that has ended: its faults, or its construction orders."""
    with database.read() as tx:
        counts = run_counts(tx, name, kind)
        known = {id_ for id_, _ in run_tickets(tx, name, kind)}
        hops: set[int] = set()
        teams: Counter[str] = Counter()
        times: list[list[float]] = [[] for _ in STAGES]
        for row in run_hops(tx, name, kind):
            hops.add(row.id)
            teams[row.team] += 1
            _add(times, row)
    accepted = [thing for effect, thing in ledger.effects() if effect == f"accepted/{name}"]
    ours = _ours(name, hops)
    unplaced = set(counts.unplaced)
    return ReplayVerdict(
        counts=counts,
        accepted=len(accepted),
        filed=sum(effect == "archive.file" and int(thing) in hops for effect, thing in ledger.effects()),
        lost=[n for n in accepted if (id_ := read_ticket_number(n)) not in known or id_ in unplaced],
        doubled=[effect for effect in ledger.doubled() if ours(effect)],
        hops_by_team=teams,
        stages=[_stage(title, seconds) for title, seconds in zip(STAGES, times, strict=True)],
    )


def _ours(name: str, hops: set[int]) -> Callable[[Effect], bool]:
    """Make a test whether a ledger entry is this run's: an acceptance, or an effect on one of its hops.

    A hop is written as `17`, or as `17/2` (id/generation) for a step that may come again. Outside effects, such as
    `effects.sms`, belong to no run; `demo.effect_tally` counts them.
    """

    def ours(effect: Effect) -> bool:
        what, thing = effect
        if what.startswith("accepted/"):
            return what == f"accepted/{name}"
        if what.startswith("effects."):
            return False
        return int(thing.partition("/")[0]) in hops

    return ours


def _add(times: Sequence[list[float]], row: TimedHop) -> None:
    """Add the seconds that the hop spent in each stage that it passed."""
    moments = (row.made_at, row.sent_at, row.received_at, row.boarded_at, row.claimed_at, row.ended_at)
    for seconds, (first, last) in zip(times, pairwise(moments), strict=True):
        if first is not None and last is not None:
            seconds.append((last - first).total_seconds())


def _stage(title: Title, seconds: list[float]) -> Stage:
    seconds.sort()

    def at(share: float) -> float:
        return seconds[min(int(len(seconds) * share), len(seconds) - 1)] if seconds else 0.0

    return Stage(title, len(seconds), at(0.5), at(0.95), at(0.99))
