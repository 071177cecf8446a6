"""Races: two people attempt acts on one hop at the same moment that exclude each other; one wins, the other is refused.

Both are threads with a connection of their own, released together. A race has one winner when exactly one of two
mutually exclusive acts was done, and the history shows exactly one end, or one claim, of the hop.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations

from sqlalchemy import Row, select

from dispatch.domain.roles import Actor, Role
from dispatch.errors import DispatchError
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, hops
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables.tickets import history, hop
from dispatch.tickets import followup, handling, intake
from dispatch.tickets.handling import Claim, PassOn, Report

CLERK, SUPERVISOR = Actor("chen", Role.CLERK), Actor("gao", Role.SUPERVISOR)
ZHAO, QIAN = Actor("zhao", Role.NOC), Actor("qian", Role.NOC)
AT_ONCE = 200
"""The number of hops brought to their boards together before their races."""
LEASE = timedelta(seconds=30)

Act = Callable[[Tx, Rulebook, Row, datetime], None]  # type: ignore[type-arg]


def _claim(who: Actor) -> Act:
    return lambda tx, rules, row, now: handling.claim(tx, rules, Claim(row.id, who), now)


def _end(make: Callable[[int], handling.End]) -> Act:
    return lambda tx, rules, row, now: handling.end(tx, rules, make(row.id), now)


def _withdraw(tx: Tx, _rules: Rulebook, row: Row, now: datetime) -> None:  # type: ignore[type-arg]
    followup.withdraw(tx, row.ticket_id, "好了", CLERK, now)


CLAIMS: dict[str, Act] = {"zhao claims": _claim(ZHAO), "qian claims": _claim(QIAN)}
ENDS: dict[str, Act] = {
    "reports": _end(lambda hop_id: Report(hop_id, ZHAO, "fixed", {"cause": "fibre"})),
    "passes on": _end(lambda hop_id: PassOn(hop_id, ZHAO, "system-support", "转派")),
    "supervisor passes on": _end(lambda hop_id: PassOn(hop_id, SUPERVISOR, "supervisor", "转派")),
    "withdraws": _withdraw,
}
PAIRS = [
    (("zhao claims", "qian claims"), False),
    *((("zhao claims", end), False) for end in ("supervisor passes on", "withdraws")),
    *((pair, True) for pair in combinations(ENDS, 2)),
    *((("withdraws", "withdraws"), held) for held in (False, True)),
]
"""The moves that race, and whether zhao has claimed the hop before."""
ENDINGS = ("report", "pass on", "hand back", "withdraw")


@dataclass
class Races:
    """The results of the races. `odd` describes each race that had not exactly one winner."""

    races: int = 0
    odd: list[str] = field(default_factory=list)


def run(
    database: Database, rulebook: Rulebook, script: Script, count: int, progress: Callable[[int], None] = lambda _: None
) -> Races:
    """Do this many races; the pairs of PAIRS take turns."""
    result, dice = Races(), random.Random(count)
    acts = {**CLAIMS, **ENDS}
    with ThreadPoolExecutor(2) as people:
        for start in range(0, count, AT_ONCE):
            pairs = [PAIRS[n % len(PAIRS)] for n in range(start, min(start + AT_ONCE, count))]
            rows = _on_boards(database, rulebook, script, start, pairs)
            for (names, _held), row in zip(pairs, rows, strict=True):
                order = list(names)
                dice.shuffle(order)
                barrier = threading.Barrier(2)
                runs = [people.submit(_one, database, rulebook, acts[name], row, barrier) for name in order]
                broken = [f"{type(error).__name__}" for each in runs if (error := each.exception())]
                done = [] if broken else [name for name, each in zip(order, runs, strict=True) if each.result()]
                result.races += 1
                if fault := ", ".join(broken) or _wrong(database, row, done):
                    result.odd.append(f"{' × '.join(names)}: {fault}")
            progress(result.races)
    return result


def _one(database: Database, rulebook: Rulebook, act: Act, row: Row, barrier: threading.Barrier) -> bool:  # type: ignore[type-arg]
    """Return whether the act was done. Raises any error but a refusal: the loser must be refused, not broken."""
    barrier.wait(30)
    try:
        with database.write() as tx:
            act(tx, rulebook, row, datetime.now(UTC))
    except DispatchError:
        return False
    return True


def _wrong(database: Database, row: Row, done: Sequence[str]) -> str:  # type: ignore[type-arg]
    """Return what is wrong with the result of a race, or nothing where it has one winner.

    A withdrawal concerns the ticket: after a claim or a pass-on it may still be done, and is then the only end of the
    ticket's last hop.
    """
    with database.read() as tx:
        noted = select(history.c.act, history.c.hop_id).where(history.c.ticket_id == row.ticket_id)
        acts = [(each.act, each.hop_id) for each in tx.execute(noted)]
        chain = tx.execute(select(hop.c.id, hop.c.state, hop.c.seq).where(hop.c.ticket_id == row.ticket_id)).all()
    claims = sum(act == "claim" and hop_id == row.id for act, hop_id in acts)
    endings = sum(act in ENDINGS and hop_id == row.id for act, hop_id in acts)
    exclusive = len(done) == 2 and not ({"withdraws", "zhao claims", "qian claims"} & set(done))
    if not done:
        return "nobody won"
    if claims > 1 or endings > 1:
        return f"claimed {claims} times, ended {endings} times"
    if exclusive or done in (["zhao claims", "qian claims"], ["qian claims", "zhao claims"], ["withdraws"] * 2):
        return f"both were done: {done}"
    if len(chain) > 2 or len({each.seq for each in chain}) < len(chain):
        return f"{len(chain)} hops were made"
    return ""


def _on_boards(
    database: Database,
    rulebook: Rulebook,
    script: Script,
    start: int,
    pairs: Sequence[tuple[tuple[str, str], bool]],
) -> Sequence[Row]:  # type: ignore[type-arg]
    """Make a NOC hop for each race, on the board, or claimed by zhao where the race needs that."""
    now = datetime.now(UTC)
    numbers = [f"RACE{start + n}" for n in range(len(pairs))]
    with database.write() as tx:
        accounts.enter_existing(
            tx, [(number, "tianhe", "13800138000") for number in numbers], Actor("ma", Role.OPS), now
        )
        reports = [intake.FaultReport(number, "no-internet", "断网", category="network") for number in numbers]
        made = intake.submit_many(tx, rulebook, script, reports, CLERK, now)
        ids = [each.ticket_id for each in made if isinstance(each, intake.AcceptedReport)]
        assert len(ids) == len(pairs), made
        sent = hops.take_due(tx, now, LEASE, len(pairs) + 1, ["noc"])
        hops.receive(tx, [each.pair for each in sent], now, LEASE)
        hops.put_on_board(tx, [each.id for each in sent], now, None)
        rows = tx.execute(select(hop).where(hop.c.ticket_id.in_(ids)).order_by(hop.c.ticket_id)).all()
        held = [Claim(row.id, ZHAO) for row, (_, holds) in zip(rows, pairs, strict=True) if holds]
        assert not handling.claim_many(tx, rulebook, held, now)
    return rows
