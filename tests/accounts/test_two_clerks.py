"""Two processes at work on the same few lines at once leave the books as if one had followed the other."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections import Counter as Tally
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr

from dispatch.accounts import closure, opening, renaming, resumption, suspension
from dispatch.accounts.operation import Counter, OperationAccepted, OperationOutcome, OperationRequest
from dispatch.domain.account import LIVING
from dispatch.domain.roles import Actor
from dispatch.errors import DispatchError
from dispatch.routing import loader
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as a

LINES = 3
STEPS = 60
RULES = Path(__file__).parents[2] / "routing_rules.yaml"


class Clerk:
    """One process: opens, suspends, renames and closes lines at random; a refusal counts as a success."""

    def __init__(self, url: str, seed: int) -> None:
        self.database, self.dice = Database(url), Random(seed)
        self.counter: Counter = a.counter(loader.load(RULES))
        self.actor = Actor(f"clerk-{seed}", "clerk")

    def work(self) -> dict[str, int]:
        """Count the accepted operations by kind."""
        done: Tally[str] = Tally()
        acts = [self.open, self.open, self.build, self.build, self.stop_or_go, self.stop_or_go, self.rename, self.close]
        for _ in range(STEPS):
            outcome = self.dice.choice(acts)()
            if isinstance(outcome, OperationAccepted):
                done[outcome.operation] += 1
        self.database.dispose()
        return dict(done)

    def do(self, operation: a.Operation, request: OperationRequest) -> OperationOutcome:
        return a.do(self.database, operation, self.counter, request, self.actor, f.NOW)

    def open(self) -> OperationOutcome:
        """Open a line with one of two mobile numbers for three lines, so that the clerks compete for a free number."""
        return self.do(
            opening.open_account, a.application(self.dice.randint(1, LINES), mobile=a.mobile(self.dice.randint(7, 8)))
        )

    def line(self) -> tuple[str, SecretStr] | None:
        """Return a living account as read a moment ago, and its owner's document."""
        names = {f"张㛃{'甲乙丙丁'[n]}": n for n in range(1, LINES + 1)}
        living = [row for row in a.rows(self.database, b.account) if row.state in LIVING]
        customers = {
            row.id: names[row.name] for row in a.rows(self.database, b.customer)
        }  # includes every account's owner
        if not living:
            return None
        row = self.dice.choice(living)
        return row.number, SecretStr(a.resident_id(customers[row.customer_id]))

    def stop_or_go(self) -> OperationOutcome | None:
        if not (line := self.line()):
            return None
        proved: dict[str, Any] = {"account": line[0], "document_number": line[1]}
        if self.dice.random() < 0.5:
            return self.do(suspension.suspend, suspension.Suspension(**proved, reason="lost-password"))
        new, scans = SecretStr(f"Wq2!zz{self.dice.randint(1000, 9999)}"), (a.scan("owner-document"),)
        ends = resumption.Resumption(**proved, reason="password-reset", new_password=new, scans=scans)
        return self.do(resumption.resume, ends)

    def rename(self) -> OperationOutcome | None:
        if not (line := self.line()):
            return None
        new = a.mobile(self.dice.randint(1, 2))
        return self.do(renaming.rename, renaming.Renaming(account=line[0], document_number=line[1], new_account=new))

    def close(self) -> OperationOutcome | None:
        if self.dice.random() < 0.5 or not (line := self.line()):
            return None
        return self.do(closure.close, closure.Closure(account=line[0], document_number=line[1], reason="moving"))

    def build(self) -> None:
        """Build the first open construction order."""
        waiting = a.rows(self.database, b.account, b.account.c.state == "installing")
        with contextlib.suppress(DispatchError, AssertionError, KeyError):  # the other clerk's builder was quicker
            order = a.order_of(self.database, waiting[0].number) if waiting else None
            if order is not None:
                f.reported(self.database, self.counter.rulebook, order, f.BUILDER, "installed", f.NOW, **f.INSTALLED)
                f.work(self.database, self.counter.rulebook)


def clerk_at_work(url: str, seed: int) -> dict[str, int]:
    return Clerk(url, seed).work()


@pytest.mark.parametrize("seed", [1, 2])
def test_two_processes_at_work_on_the_same_lines_keep_the_books_consistent(
    database: Database, in_force: Rulebook, seed: int
) -> None:
    for n in range(1, LINES + 1):
        a.address(database, n, capacity=1)
    url = database.engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        both = [pool.submit(clerk_at_work, url, 10 * seed + n) for n in range(2)]
        done: Tally[str] = sum((Tally(each.result(timeout=100)) for each in both), Tally())
    assert min(done[kind] for kind in ("open", "suspend", "close")) > 0, done
    living = a.rows(database, b.account, b.account.c.ended_at.is_(None))
    assert {row.id: row.used for row in a.rows(database, b.pon_port)} == {
        port.id: sum(row.pon_port_id == port.id for row in living) for port in a.rows(database, b.pon_port)
    }
    bound = a.rows(database, b.binding, b.binding.c.until.is_(None))
    assert {row.account_id for row in bound} == {row.id for row in living}, "each was opened with a number of its own"
    assert len({row.mobile for row in bound}) == len(bound)
    operations = a.rows(database, b.operation)
    assert Tally(row.kind for row in operations if row.outcome == "accepted") == +done
    invoices = a.rows(database, b.invoice)
    assert [row.number for row in invoices] == list(range(1, done["open"] + 1))
    for account in a.rows(database, b.account):
        acts = Tally(row.kind for row in operations if row.account_id == account.id and row.outcome == "accepted")
        assert acts["open"] == 1
        assert acts["close"] == (account.state == "closed")
        assert acts["suspend"] - acts["resume"] == (account.state == "suspended") or account.state == "closed"
