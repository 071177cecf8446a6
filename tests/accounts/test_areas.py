"""片区 at the counter: an account outside of the actor's areas is as if it were not there."""

from __future__ import annotations

from dataclasses import replace

from dispatch.accounts import query
from dispatch.accounts.operation import Counter, OperationRefused
from dispatch.accounts.query import View
from dispatch.storage.database import Database
from tests import factories as f
from tests.accounts import factories as c


def test_a_clerk_of_another_area_finds_no_such_customer(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    for areas, code in ((frozenset({"panyu"}), "no-such-customer"), (frozenset({"tianhe"}), None)):
        with database.write() as tx:
            outcome = query.view(tx, counter, View(account=number), replace(f.CLERK, areas=areas), f.NOW)
        assert (outcome.code if isinstance(outcome, OperationRefused) else None) == code
