"""Who stands there, after the opening: a unit's handler, a guardian and an agent at every other operation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr

from dispatch.accounts import binding, closure, moving, plan_change, profile, refund
from dispatch.accounts.billing import Paid
from dispatch.accounts.catalogue import OPERATIONS
from dispatch.accounts.operation import Counter, OperationAccepted, OperationRequest
from dispatch.accounts.registration import Person
from dispatch.domain.numbers import read_ticket_number
from dispatch.ports.identity_check import CheckPurpose, FraudAnswer
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import agents
from dispatch.storage.database import Database
from dispatch.storage.tables.identity import operation_agent
from tests import factories as f
from tests.accounts import factories as a
from tests.accounts.agents import AUTHORISED, GUARDED, HANDLED, agent, child, childs_number, scans
from tests.accounts.registry import ToldRegistry

BASES = {"handler-needed": "unit-handler", "guardian-needed": "guardian", "": "authorised"}


class Told(NamedTuple):
    """A customer who can't come alone, or needn't: what proves them, who comes, and what is said without them."""

    holder: Person
    document: SecretStr
    papers: tuple[str, ...]
    alone: str
    missing: str


UNIT = Told(a.unit(), a.unit().document_number, HANDLED, "handler-needed", "单位证件、经办人证件、授权书")
CHILD = Told(child(), SecretStr(childs_number()), GUARDED, "guardian-needed", "经办人证件、监护证明")
ADULT = Told(a.person(), a.document(), AUTHORISED, "", "经办人证件、授权书")


@pytest.fixture
def counter(rulebook: Rulebook, sqlite: Database) -> Counter:
    f.put_in_force(sqlite, rulebook)
    return a.offering(a.counter(rulebook), a.plan("city-1000", 1000, 80_00, {}))


def requests(number: str, document: SecretStr) -> Iterator[tuple[str, OperationRequest]]:
    """Every operation by the document, in an order in which each is possible; the move comes before the closing."""
    proved: dict[str, Any] = {"account": number, "document_number": document}
    yield "bind", binding.Binding(**proved, mobile=a.mobile(5))
    yield "unbind", binding.Unbinding(**proved, mobile=a.mobile(5))
    yield "modify", profile.Modification(**proved, contact=a.mobile(6))
    yield "change-plan", plan_change.PlanChange(**proved, plan="city-1000")
    yield "close", closure.Closure(**proved, reason="moving", confirm=("settlement", "penalty-due"))


def through_an_agent(
    sqlite: Database, counter: Counter, told: Told, kind: str, request: OperationRequest
) -> OperationAccepted:
    """Do an operation alone, with an agent who brings nothing, and with one who brings all."""
    operation = OPERATIONS[kind][1]
    if told.alone:
        assert a.refused(sqlite, operation, counter, request).code == told.alone, kind
    bare = request.model_copy(update={"agent": agent()})
    assert a.refused(sqlite, operation, counter, bare).said.zh == f"资料不齐全，缺少：{told.missing}。", kind

    done = a.accepted(sqlite, operation, counter, bare.model_copy(update={"scans": scans(*told.papers)}))

    sections = a.slip(sqlite, done).sections
    shown = {line.label.zh: line.value for each in sections if each.title.zh == "经办" for line in each.lines}
    assert shown["经办人"].startswith(agent().name), kind
    assert shown["存留资料"].startswith(told.missing.partition("、")[0]), kind
    with sqlite.read() as tx:
        (kept,) = agents.of_operations(tx, [done.operation_id])
    assert kept.basis == BASES[told.alone], kind
    return done


@pytest.mark.parametrize("told", [UNIT, CHILD, ADULT], ids=["unit", "child", "adult"])
def test_an_agent_who_must_or_may_come_stands_there_at_every_operation_by_the_document(
    sqlite: Database, counter: Counter, told: Told
) -> None:
    come: dict[str, Any] = {"agent": agent(), "scans": scans(*told.papers)} if told.alone else {}
    number = a.in_service(sqlite, counter, holder=told.holder, **come)
    for kind, request in requests(number, told.document):
        through_an_agent(sqlite, counter, told, kind, request)


def test_a_unit_moves_and_has_a_failed_move_refunded_through_its_handler_alone(
    sqlite: Database, counter: Counter
) -> None:
    number = a.in_service(sqlite, counter, holder=UNIT.holder, agent=agent(), scans=scans(*HANDLED))
    moving_to = moving.AccountMove(
        account=number,
        document_number=UNIT.document,
        address=a.address(sqlite, 2),
        day=f.NOW.date() + timedelta(days=1),
        part="morning",
        payment=Paid(method="cash", amount="100.00"),
    )
    done = through_an_agent(sqlite, counter, UNIT, "move", moving_to)
    order = read_ticket_number(str(done.result["order"]))
    f.reported(sqlite, counter.rulebook, order, f.BUILDER, "construction-failed", failure_cause="no-way-for-cable")
    f.work(sqlite, counter.rulebook)

    back = refund.Refund(
        account=number, password=SecretStr(a.PASSWORD), reason="no-way-for-cable", invoice="electronic"
    )
    through_an_agent(sqlite, counter, UNIT, "refund", back)


def test_a_handler_who_corrects_the_name_is_checked_as_the_unit_is(sqlite: Database, counter: Counter) -> None:
    number = a.in_service(sqlite, counter, holder=UNIT.holder, agent=agent(), scans=scans(*HANDLED))
    registry = counter.identity
    assert isinstance(registry, ToldRegistry)
    registry.asked.clear()
    renamed = profile.Modification(
        account=number,
        document_number=UNIT.document,
        name="羊城一号商贸有限公司",
        agent=agent(),
        scans=scans("owner-document", "agent-document"),
    )
    outcome = a.refused(sqlite, profile.modify, counter, renamed)
    assert outcome.said.zh == "资料不齐全，缺少：授权书。", "the licence is there as the owner's document"

    whole = renamed.model_copy(update={"scans": (*renamed.scans, a.scan("authorisation"))})
    registry.tell(a.resident_id(8), fraud=FraudAnswer.LISTED)
    assert a.refused(sqlite, profile.modify, counter, whole).code == "to-be-verified"
    registry.tell(a.resident_id(8))
    a.accepted(sqlite, profile.modify, counter, whole)

    assert {(name, purpose) for name, _, purpose in registry.asked} == {
        ("羊城一号商贸有限公司", CheckPurpose.MODIFY),
        (agent().name, CheckPurpose.MODIFY),
    }
    assert [row.basis for row in a.rows(sqlite, operation_agent)] == ["unit-handler"] * 2


def test_rename_and_change_password_are_never_done_by_an_agent() -> None:
    for kind in ("rename", "change-password"):
        assert "agent" not in OPERATIONS[kind][0].model_fields
