"""One operation is one transaction: a crash between any two of its statements leaves nothing of it."""

from __future__ import annotations

import pytest

from dispatch.accounts.operation import Counter
from dispatch.storage.database import Database
from tests import factories as f
from tests.accounts.factories import answered
from tests.accounts.prepared_operations import (
    LATER,
    PREPARED,
    Prepare,
    fail_to_authenticate,
    open_without_resources,
)
from tests.killed_transaction import is_all_or_nothing

OUTCOMES = {**PREPARED, "without resources": open_without_resources, "fails to authenticate": fail_to_authenticate}


CASES = {f"sqlite-{name}": ("sqlite", prepare) for name, prepare in OUTCOMES.items()}
CASES |= {f"postgresql-{name}": ("postgresql", OUTCOMES[name]) for name in ("open", "transfer", "close", "move")}
"""PostgreSQL runs the operations with the most statements: what one transaction holds is the code's doing."""


@pytest.mark.parametrize(("database", "prepare"), CASES.values(), ids=CASES, indirect=["database"])
def test_an_operation_that_dies_between_any_two_statements_leaves_nothing(
    database: Database, counter: Counter, prepare: Prepare
) -> None:
    operation, request = prepare(database, counter)
    with database.write() as tx:
        ready = answered(tx, operation, counter, request, LATER)
    is_all_or_nothing(database, lambda tx: operation(tx, ready, request, f.CLERK, LATER))
