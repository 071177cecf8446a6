"""Made-up colleagues, who claim, hold, pass on and report hops at a human pace and leave enough for visitors.

They never touch a ticket on which a visitor of the demonstration has acted. They keep no state: the next act and its
time follow from the database and the hop's id.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from dispatch.demo.camera import Camera
from dispatch.demo.made_up_findings import REASONS_TO_HAND_BACK, REASONS_TO_HOLD, REASONS_TO_PASS_ON, found
from dispatch.demo.pace import Pace, dice
from dispatch.demo.staff import COLLEAGUES, OURS, Colleague, at_the_desk
from dispatch.demo.store import supplied
from dispatch.domain.finding import Value
from dispatch.domain.requirement import PHOTOS, judge
from dispatch.domain.roles import CUSTOMER, RELAY, WORKER, Role
from dispatch.domain.ticket import HopState
from dispatch.errors import DispatchError
from dispatch.ports.adapters import LINE_TESTER
from dispatch.reports import lists
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops, replay_runs
from dispatch.storage.database import Database, Tx
from dispatch.storage.rows import BoardLine, LockedHop
from dispatch.tickets import evidence_check, handling
from dispatch.tickets.evidence_check import Measured
from dispatch.tickets.handling import Claim, End, HandBack, PassOn, Report
from dispatch.tickets.next_hop import known_facts

log = structlog.get_logger()

ALL_OF_US = (*OURS, WORKER.name, RELAY.name, CUSTOMER.name)
"""The actors of the demonstration itself. Any other actor in a ticket's history is a visitor."""

SELDOM = ("supervisor",)
"""Teams that get hardly any hops: only one waiting hop and no claimed one is left there for visitors."""

MOST_ON_A_BOARD = 500
HELD, PASSED_ON, HANDED_BACK, FILED_BY_SUPPORT = 0.10, 0.05, 0.04, 0.6
"""The shares of hops put on hold, passed on, handed back; of installers' reports filed by network service support."""


class _InHand(NamedTuple):
    """A claimed hop, the colleague who holds it, and the time of the claim."""

    row: BoardLine
    holder: Colleague
    since: datetime


class Colleagues:
    """All made-up colleagues at the boards of their teams."""

    def __init__(self, database: Database, rulebook: Rulebook, pace: Pace, camera: Camera) -> None:
        self.database, self.rulebook, self.pace, self.camera = database, rulebook, pace, camera
        self.line_tester = LINE_TESTER()
        self.teams = sorted({each.team for each in COLLEAGUES if each.team} & set(rulebook.teams))

    def act(self, now: datetime) -> int:
        """Do the acts that are due by now, at most `pace.at_once`; return how many."""
        with self.database.read() as tx:
            rows = [row for team in self.teams for row in lists.board(tx, team, MOST_ON_A_BOARD)]
            strange = replay_runs.touched_by_others(tx, [row.ticket_id for row in rows], ALL_OF_US)
        boards = {
            team: [row for row in rows if row.team == team and row.ticket_id not in strange] for team in self.teams
        }
        left = self.pace.at_once
        for team, rows in random.sample(list(boards.items()), len(boards)):
            if left <= 0:
                break
            left -= self._end(list(self._finished(team, rows, now))[:left], now)
            left -= self._hold(list(self._to_be_held(rows, now))[:left], now)
            left -= self._claim(list(self._claimable(team, rows, now))[: max(left, 0)], now)
        return self.pace.at_once - left

    def _claimable(self, team: str, rows: Sequence[BoardLine], now: datetime) -> Iterator[Claim]:
        """Yield claims of due hops, the oldest first, and leave some hops for visitors."""
        waiting = sorted((row for row in rows if row.state == HopState.WAITING), key=lambda row: row.boarded_at)
        spare = len(waiting) - (1 if team in SELDOM else self.pace.left)
        for row in waiting:
            who = self._who(row, now)
            if spare > 0 and who is not None and now >= row.boarded_at + self.pace.until_claimed(row.id):
                spare -= 1
                yield Claim(row.id, who.actor)

    def _who(self, row: BoardLine, now: datetime) -> Colleague | None:
        """Pick who claims this hop: the proposed colleague, or anybody of the team in its area.

        None while a visitor is proposed and the courtesy time lasts.
        """
        if proposed := OURS.get(row.assignee or ""):
            return proposed
        if row.assignee is not None and now < row.boarded_at + self.pace.courtesy:
            return None
        team = [each for each in COLLEAGUES if each.team == row.team and each.area in (None, row.area)]
        return dice(f"who {row.id}").choice(team) if team else None

    def _finished(self, team: str, rows: Sequence[BoardLine], now: datetime) -> Iterator[End]:
        in_hand = list(_in_our_hands(rows))
        spare = len(in_hand) - (0 if team in SELDOM else self.pace.left // 2)
        due = [each for each in in_hand if now >= each.since + self._works(each.row)]
        for each in sorted(due, key=lambda each: each.since)[: max(spare, 0)]:
            yield self._ending(each.row, each.holder)

    def _works(self, row: BoardLine) -> timedelta:
        return self.pace.until_reported(row.id) + (self.pace.hold if _is_held(row) else timedelta())

    def _to_be_held(self, rows: Sequence[BoardLine], now: datetime) -> Iterator[tuple[_InHand, datetime]]:
        """Yield (hop, end of the hold) for hops to be held: in the middle of the work, and only once."""
        for each in _in_our_hands(rows):
            since = each.since + self.pace.until_reported(each.row.id) / 2
            if _is_held(each.row) and since <= now < since + self.pace.hold:
                yield each, since + self.pace.hold

    def _ending(self, row: BoardLine, holder: Colleague) -> End:
        chance = dice(f"end {row.id}")
        team = self.rulebook.teams[row.team]
        what = chance.random()
        if what < PASSED_ON and team.passes_on_to:
            return PassOn(row.id, holder.actor, chance.choice(team.passes_on_to), chance.choice(REASONS_TO_PASS_ON))
        if what > 1 - HANDED_BACK and row.asker_team:
            return HandBack(row.id, holder.actor, chance.choice(REASONS_TO_HAND_BACK))
        finding, evidence, test = self._found(row, chance)
        if Role.NETWORK_SERVICE_SUPPORT in team.filed_by and chance.random() < FILED_BY_SUPPORT:
            filer = chance.choice(at_the_desk(Role.NETWORK_SERVICE_SUPPORT))
            return Report(row.id, filer.actor, finding, evidence, holder.name, test)
        return Report(row.id, holder.actor, finding, evidence, line_test=test)

    def _found(self, row: BoardLine, chance: random.Random) -> tuple[str, dict[str, Value], Measured | None]:
        """Draw a finding that the rules take here with its evidence, and test the line if the finding needs it."""
        [hop] = self._hops([row.id])
        tested: Measured = self.line_tester.test([row.account], mended_by=row.team)[row.account]
        with self.database.read() as tx:
            seen = evidence_check.look_around(tx, self.rulebook, hop, tested)
        seen = replace(seen, values={**seen.values, PHOTOS: 1})  # taken when the report is sent

        def fits(finding: str, evidence: Mapping[str, Value]) -> bool:
            asked = self.rulebook.requirements(row.kind, row.team, finding)
            return not judge(asked, evidence, seen, known_facts(hop)).unmet

        finding, evidence = found(self.rulebook, row.kind, row.team, row.hops, chance, fits)
        asks = evidence_check.asks_test(self.rulebook, row.kind, row.team, finding)
        return finding, evidence, tested if asks else None

    def _hops(self, ids: Sequence[int]) -> Sequence[LockedHop]:
        with self.database.read() as tx:
            return hops.read(tx, ids)

    def _claim(self, claims: list[Claim], now: datetime) -> int:
        if claims:
            with self.database.write() as tx:
                _note(handling.claim_many(tx, self.rulebook, claims, now))
        return len(claims)

    def _end(self, ends: list[End], now: datetime) -> int:
        if ends:
            rows = {row.id: row for row in self._hops([end.hop_id for end in ends])}
            with self.database.write() as tx:
                prepared = [self._prepared(tx, rows[end.hop_id], end, now) for end in ends]
                _note(handling.end_many(tx, self.rulebook, prepared, now))
        return len(ends)

    def _prepared(self, tx: Tx, row: LockedHop, end: End, now: datetime) -> End:
        """A report with the photo and the device that it needs; another act as it is."""
        if not isinstance(end, Report):
            return end
        if evidence_check.asks_photos(self.rulebook, row, end.finding, end.evidence):
            self.camera.take(tx, end.hop_id, end.on_behalf_of or end.actor.name, now)
        return supplied(tx, self.rulebook, row.kind, row.team, end, now)

    def _hold(self, holds: list[tuple[_InHand, datetime]], now: datetime) -> int:
        for (row, holder, _), until in holds:
            reason = dice(f"hold {row.id}").choice(REASONS_TO_HOLD)
            try:
                with self.database.write() as tx:
                    handling.hold(tx, self.rulebook, row.id, until, reason, holder.actor, now)
            except DispatchError as refused:
                _note({row.id: refused})
        return len(holds)


def _in_our_hands(rows: Sequence[BoardLine]) -> Iterator[_InHand]:
    for row in rows:
        if (
            row.state == HopState.CLAIMED
            and row.holder is not None
            and row.holder in OURS
            and row.claimed_at is not None
        ):
            yield _InHand(row, OURS[row.holder], row.claimed_at)


def _is_held(row: BoardLine) -> bool:
    return dice(f"held {row.id}").random() < HELD


def _note(refusals: handling.Refusals) -> None:
    """Log refusals. They are expected when a visitor was quicker."""
    for hop_id, refused in refusals.items():
        log.info("colleague refused", hop=hop_id, code=refused.code)
