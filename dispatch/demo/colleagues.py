"""Made-up colleagues, who claim, hold, pass on and report hops at a human pace and leave enough for visitors.

They never touch a ticket on which a visitor of the demonstration has acted. They keep no state: the next act and its
time follow from the database and the hop's id.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from dispatch.demo.made_up_findings import REASONS_TO_HAND_BACK, REASONS_TO_HOLD, REASONS_TO_PASS_ON, found
from dispatch.demo.pace import Pace, dice
from dispatch.demo.staff import COLLEAGUES, OURS, Colleague, at_the_desk
from dispatch.domain.roles import CUSTOMER, RELAY, WORKER, Role
from dispatch.domain.ticket import HopState
from dispatch.errors import DispatchError
from dispatch.reports import lists
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import replay_runs
from dispatch.storage.database import Database
from dispatch.storage.rows import BoardLine
from dispatch.tickets import handling
from dispatch.tickets.handling import Claim, End, HandBack, PassOn, Report

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

    def __init__(self, database: Database, rulebook: Rulebook, pace: Pace) -> None:
        self.database, self.rulebook, self.pace = database, rulebook, pace
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
        finding, evidence = found(self.rulebook, row.kind, row.team, row.hops, chance)
        if Role.NETWORK_SERVICE_SUPPORT in team.filed_by and chance.random() < FILED_BY_SUPPORT:
            filer = chance.choice(at_the_desk(Role.NETWORK_SERVICE_SUPPORT))
            return Report(row.id, filer.actor, finding, evidence, on_behalf_of=holder.name)
        return Report(row.id, holder.actor, finding, evidence)

    def _claim(self, claims: list[Claim], now: datetime) -> int:
        if claims:
            with self.database.write() as tx:
                _note(handling.claim_many(tx, self.rulebook, claims, now))
        return len(claims)

    def _end(self, ends: list[End], now: datetime) -> int:
        if ends:
            with self.database.write() as tx:
                _note(handling.end_many(tx, self.rulebook, ends, now))
        return len(ends)

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
