"""Opens the lines of a demonstration's customers at the counter and builds them, before the faults come.

It works from outside, as people do: a clerk takes the orders, and builders find them on their board.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from dispatch.accounts.identity_check import with_simulated_answers
from dispatch.accounts.opening import open_account
from dispatch.accounts.operation import Counter, OperationAccepted
from dispatch.demo.camera import Camera
from dispatch.demo.codes import with_code
from dispatch.demo.households import Household
from dispatch.demo.store import supplied
from dispatch.domain.finding import Value
from dispatch.domain.kind import Kind
from dispatch.domain.roles import Actor, Role
from dispatch.domain.ticket import HopState
from dispatch.domain.time import local_date
from dispatch.ports.ledger import Ledger
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database, Tx
from dispatch.storage.replay_runs import on_boards, run_progress
from dispatch.storage.rows import BoardedHop
from dispatch.tickets import handling
from dispatch.tickets.handling import Claim, Report

AT_ONCE = 10
"""Openings in one transaction: few, because each hashes a password while other writers wait."""

STALLED_SECONDS = 120
LEISURE_SECONDS = 0.1

CLERK = Actor("demo", Role.CLERK)
BUILDER = Actor("demo-builder", Role.CONSTRUCTION)
TEAM = "construction"
INSTALLED: dict[str, Value] = {"optical-power": -18.6, "customer-confirmed": True, "speed-test": 940}


class OpeningRefused(Exception):
    """The counter refused one of a demonstration's own customers."""


def move_in(
    database: Database,
    counter: Counter,
    ledger: Ledger,
    name: str,
    customers: Sequence[Household],
    tend: Callable[[], None],
    progress: Callable[[int], None] = lambda _done: None,
) -> list[str]:
    """Open an account for each customer, build its line, and return the account numbers, now in service.

    `progress` is called with the number of ended orders. Raises OpeningRefused, and TimeoutError when nothing moves for
    STALLED_SECONDS.
    """
    opened: list[OperationAccepted] = []
    for start in range(0, len(customers), AT_ONCE):
        opened += open_accounts(database, counter, ledger, name, customers[start : start + AT_ONCE])
        build(database, counter)
        tend()
    await_built(database, counter, name, len(customers), tend, progress)
    return [str(each.result["account"]) for each in opened]


def open_accounts(
    database: Database, counter: Counter, ledger: Ledger, name: str, customers: Sequence[Household]
) -> list[OperationAccepted]:
    """Open the customers' accounts. `name` is the run's name and prefixes the request keys.

    The construction orders are written to the ledger as `accepted/NAME`. Raises OpeningRefused.
    """
    now = datetime.now(UTC)
    opened = []
    with database.write() as tx:
        for each in customers:
            request = each.application(counter.plans, local_date(now, counter.zone), f"{name}/{each.n}")
            request = with_code(tx, counter, request, CLERK, now)
            answered = with_simulated_answers(tx, counter, "open", request, now)
            outcome = open_account(tx, answered, request, CLERK, now)
            if not isinstance(outcome, OperationAccepted):
                raise OpeningRefused(f"{outcome.code}: {outcome.reason}")
            opened.append(outcome)
    ledger.write(f"accepted/{name}", [each.result["construction"] for each in opened])
    return opened


def await_built(
    database: Database,
    counter: Counter,
    name: str,
    count: int,
    tend: Callable[[], None],
    progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Work the builders' board until `count` orders of the run have ended. Raises TimeoutError as `move_in` does."""
    ended, moved_at = 0, time.monotonic()
    while ended < count:
        built = build(database, counter)
        tend()
        with database.read() as tx:
            before, ended = ended, run_progress(tx, name, Kind.CONSTRUCTION)
        progress(ended)
        if built or ended > before:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > STALLED_SECONDS:
            raise TimeoutError(f"{count - ended} construction orders don't move any more")
        else:
            time.sleep(LEISURE_SECONDS)


def build(database: Database, counter: Counter) -> int:
    """Claim and report the orders that wait on the builders' board, each with a photo; return how many."""
    rulebook, camera = counter.rulebook, Camera(counter.cipher)
    with database.read() as tx:
        waiting = [row for row in on_boards(tx, [TEAM], [], 0, 1000) if row.state == HopState.WAITING]
    if not waiting:
        return 0
    now = datetime.now(UTC)
    with database.write() as tx:
        refused = handling.claim_many(tx, rulebook, [Claim(row.id, BUILDER) for row in waiting], now)
    ours = [row for row in waiting if row.id not in refused]
    with database.write() as tx:
        for row in ours:
            camera.take(tx, row.id, BUILDER.name, now)
        handling.end_many(tx, rulebook, [_report(tx, rulebook, row, now) for row in ours], now)
    return len(ours)


def _report(tx: Tx, rulebook: Rulebook, row: BoardedHop, now: datetime) -> Report:
    if row.kind == Kind.MOVE:
        return Report(row.id, BUILDER, "relocated", INSTALLED)
    return supplied(tx, rulebook, Kind.CONSTRUCTION, row.team, Report(row.id, BUILDER, "installed", INSTALLED), now)
