"""片区 at the counter: an account outside the actor's areas appears not to exist."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatch.accounts.catalogue import OPERATIONS
from dispatch.accounts.operation import Counter, OperationAccepted, OperationRefused
from dispatch.storage.database import Database
from tests import factories as f
from tests.accounts import factories as a
from tests.accounts.prepared_operations import LATER, PREPARED

IN_AREA, ELSEWHERE = (replace(f.CLERK, areas=frozenset({area})) for area in ("tianhe", "panyu"))
REFUSED_AS: dict[str, str] = {
    "open": "unknown-address",
    "view": "no-such-customer",
    "devices": "no-such-customer",
    "send-code": "no-such-customer",
    "contact": "order-not-failed",
    "appoint": "order-not-failed",
}
"""The codes that a clerk of another area gets: the same as for an address, a customer, an order that isn't there. All
other operations fail to authenticate the customer, as they do for an account that isn't there."""
EVERYWHERE = ("register-demand", "bindings")
"""A wish for a line is taken wherever it comes from; bindings are listed, as far as they lie in the clerk's areas."""
BY_AREA = [kind for kind in OPERATIONS if kind not in EVERYWHERE]


@pytest.mark.parametrize("kind", BY_AREA)
def test_an_operation_is_carried_out_only_in_the_clerks_areas(database: Database, counter: Counter, kind: str) -> None:
    operation, request = PREPARED[kind](database, counter)
    request = request.model_copy(update={"request_key": None})
    outcome = a.refused(database, operation, counter, request, actor=ELSEWHERE, now=LATER)
    assert outcome.code == REFUSED_AS.get(kind, "authentication-failed")
    assert isinstance(a.do(database, operation, counter, request, IN_AREA, LATER), OperationAccepted)


def test_only_bindings_of_the_clerks_areas_are_listed(database: Database, counter: Counter) -> None:
    operation, request = PREPARED["bindings"](database, counter)
    for actor, number in ((ELSEWHERE, 0), (IN_AREA, 1)):
        outcome = a.do(database, operation, counter, request, actor, LATER)
        assert not isinstance(outcome, OperationRefused)
        assert len(outcome.result["bindings"]) == number  # type: ignore[arg-type]
