"""主管批准: asked with a reason, decided by another, cited once, and for nothing but what it was given for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic_core import to_json

from dispatch import approvals
from dispatch.accounts import closure
from dispatch.accounts.closure import Closure
from dispatch.accounts.operation import (
    Act,
    Counter,
    OperationAccepted,
    OperationOutcome,
    OperationResult,
    carry_out,
)
from dispatch.domain.approval import ApprovalNeed, ApprovalState
from dispatch.domain.request_key import unveiled
from dispatch.domain.roles import Actor, Role
from dispatch.errors import ApprovalOver, BadInput, NotAllowed, NotFound, OwnApproval
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database
from dispatch.storage.operation_rows import ApprovalRow
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as a

NEED = ApprovalNeed.CASH_REFUND
WHY = "客户坚持要现金，金额较大"
CLERK, SUPERVISOR = f.CLERK, Actor("zhou", Role.SUPERVISOR)
MINUTES = timedelta(minutes=1)


@pytest.fixture
def counter(in_force: Rulebook) -> Counter:
    return a.counter(in_force)


def asked(database: Database, actor: Actor = CLERK, now: Any = f.NOW, **other: Any) -> ApprovalRow:
    told = {"need": NEED, "subject": "account/12", "area": "tianhe", "fen": 1200_00, "reason": WHY, **other}
    with database.write() as tx:
        return approvals.ask(tx, actor=actor, now=now, **told)


def decided(database: Database, row: ApprovalRow, outcome: Any = ApprovalState.APPROVED, **how: Any) -> ApprovalRow:
    with database.write() as tx:
        return approvals.decide(tx, row.id, outcome, how.get("actor", SUPERVISOR), how.get("now", f.NOW))


def needing(
    database: Database, counter: Counter, *cited: int, now: Any = f.NOW, actor: Actor = CLERK, **other: Any
) -> OperationOutcome:
    """Do an operation that needs the approval."""
    what = {"need": NEED, "subject": "account/12", "area": "tianhe", "fen": 1200_00, **other}

    def body(act: Act) -> OperationResult:
        act.approved(**what)
        return OperationResult(None, None, {})

    request = Closure(account="GZ1", document_number=a.document(), reason="moving", approvals=cited)
    with database.write() as tx:
        return carry_out(tx, counter, "close", request, actor, now, body)


def test_an_act_without_approval_is_refused_and_the_refusal_says_what_to_ask_for(
    database: Database, counter: Counter
) -> None:
    outcome = needing(database, counter)

    assert not isinstance(outcome, OperationAccepted)
    assert outcome.code == "approval-needed"
    assert outcome.said.zh == "须主管批准（大额现金退费）。"
    assert outcome.result == {
        "approval": {"act": "cash-refund", "subject": "account/12", "area": "tianhe", "fen": 1200_00}
    }


def test_the_askers_operation_cites_the_approval_and_uses_it_up(database: Database, counter: Counter) -> None:
    row = decided(database, asked(database))

    outcome = needing(database, counter, row.id)

    assert isinstance(outcome, OperationAccepted)
    (kept,) = a.rows(database, b.approval)
    assert kept.used_by == f"operation/{outcome.operation_id}"
    assert needing(database, counter, row.id).operation_id != outcome.operation_id
    again = needing(database, counter, row.id)
    assert not isinstance(again, OperationAccepted)
    assert again.code == "approval-needed"


def test_a_refused_operation_uses_no_approval_up(database: Database, counter: Counter) -> None:
    row = decided(database, asked(database))

    def body(act: Act) -> OperationResult:
        act.approved(NEED, "account/12", "tianhe", 1200_00)
        act.approved(ApprovalNeed.UNIT_LINES, "address/1", "tianhe")
        raise AssertionError

    request = Closure(account="GZ1", document_number=a.document(), reason="moving", approvals=(row.id,))
    with database.write() as tx:
        outcome = carry_out(tx, counter, "close", request, CLERK, f.NOW, body)

    assert outcome.result == {"approval": {"act": "unit-lines", "subject": "address/1", "area": "tianhe", "fen": None}}
    assert a.rows(database, b.approval)[0].used_by is None


@pytest.mark.parametrize(
    "other",
    [
        {"need": ApprovalNeed.COMPENSATION},
        {"subject": "account/13"},
        {"area": "yuexiu"},
        {"fen": 1200_01},
        {"actor": Actor("other", Role.CLERK)},
        {"now": f.NOW + 30 * MINUTES},
    ],
    ids=["act", "account", "area", "more money", "asker", "after 30 minutes"],
)
def test_an_approval_counts_for_nothing_else(database: Database, counter: Counter, other: dict[str, Any]) -> None:
    row = decided(database, asked(database))

    assert not isinstance(needing(database, counter, row.id, **other), OperationAccepted)


def test_an_approval_is_good_for_30_minutes_and_for_less_money(database: Database, counter: Counter) -> None:
    row = decided(database, asked(database))

    last = f.NOW + 30 * MINUTES - timedelta(seconds=1)
    assert isinstance(needing(database, counter, row.id, fen=900_00, now=last), OperationAccepted)


def test_a_refused_or_undecided_request_allows_nothing(database: Database, counter: Counter) -> None:
    waits = asked(database)
    refused = decided(database, asked(database), ApprovalState.REFUSED)

    assert not isinstance(needing(database, counter, waits.id, refused.id, 999), OperationAccepted)


def test_nobody_approves_what_they_asked_for(database: Database) -> None:
    row = asked(database, actor=SUPERVISOR)

    with pytest.raises(OwnApproval):
        decided(database, row, actor=Actor("ZHOU", Role.SUPERVISOR))

    assert approvals.state(decided(database, row, actor=Actor("li", Role.SUPERVISOR)), f.NOW) == "approved"


def test_only_a_supervisor_of_the_area_decides(database: Database) -> None:
    row = asked(database)

    with pytest.raises(NotAllowed):
        decided(database, row, actor=Actor("wang", Role.CLERK))
    with pytest.raises(NotFound):
        decided(database, row, actor=Actor("li", Role.SUPERVISOR, frozenset({"yuexiu"})))


def test_what_is_decided_or_has_lapsed_is_decided_no_more(database: Database) -> None:
    row = asked(database)
    decided(database, row, ApprovalState.REFUSED)

    with pytest.raises(ApprovalOver):
        decided(database, row)
    with pytest.raises(ApprovalOver):
        decided(database, asked(database), now=f.NOW + 30 * MINUTES)


@pytest.mark.parametrize("reason", ["", "客户要现金", "​" * 20], ids=["none", "short", "unseen"])
def test_a_reason_has_ten_characters_at_least(database: Database, reason: str) -> None:
    with pytest.raises(BadInput):
        asked(database, reason=reason)


@pytest.mark.parametrize("other", [{"need": "tea"}, {"subject": "账号"}, {"actor": Actor("w", "clerk", frozenset())}])
def test_what_no_refusal_named_is_not_asked_for(database: Database, other: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        asked(database, **other)


def test_a_request_without_approval_is_the_same_as_to_the_release_before(database: Database, counter: Counter) -> None:
    number = a.in_service(database, counter)
    request = Closure(account=number, document_number=a.document(), reason="moving")
    before = {name: value for name, value in unveiled(request).items() if name != "approvals"}

    a.accepted(database, closure.close, counter, request)

    (row,) = a.rows(database, b.operation, b.operation.c.kind == "close")
    assert row.fingerprint == counter.cipher.indexes("request", "close", to_json(before).decode())[0]
