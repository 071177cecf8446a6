"""身份核验: registry and list of fraudsters are asked before an operation, and what they answer decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from dispatch import approvals
from dispatch.accounts import opening, password, profile, resumption, suspension, transfer
from dispatch.accounts.operation import Counter
from dispatch.accounts.password import PasswordReset
from dispatch.accounts.profile import Modification
from dispatch.domain.approval import ApprovalState
from dispatch.domain.roles import Actor, Role
from dispatch.ports.identity_check import CheckPurpose, FraudAnswer, RegistryAnswer
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import identity_checks
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables.identity import identity_check
from tests import factories as f
from tests.accounts import factories as a
from tests.accounts.agents import AUTHORISED, agent, scans
from tests.accounts.registry import ToldRegistry

NEW = SecretStr("Kw4!tRz9")


@pytest.fixture
def registry() -> ToldRegistry:
    return ToldRegistry()


@pytest.fixture
def counter(rulebook: Rulebook, sqlite: Database, registry: ToldRegistry) -> Counter:
    f.put_in_force(sqlite, rulebook)
    return replace(a.counter(rulebook), identity=registry)


@pytest.fixture
def address(sqlite: Database) -> str:
    return a.address(sqlite)


def refusal(sqlite: Database, counter: Counter, **asked: Any) -> Any:
    return a.refused(sqlite, opening.open_account, counter, a.application(**asked))


def test_a_name_that_is_not_the_numbers_is_refused(
    sqlite: Database, counter: Counter, registry: ToldRegistry, address: str
) -> None:
    registry.tell(a.resident_id(), RegistryAnswer.MISMATCH)

    outcome = refusal(sqlite, counter)

    assert (outcome.code, outcome.said.zh) == ("identity-mismatch", "姓名与证件号码不一致。")


def test_who_is_on_the_list_hears_no_reason_and_supervisors_of_the_area_are_told(
    sqlite: Database, counter: Counter, registry: ToldRegistry, address: str
) -> None:
    registry.tell(a.resident_id(), fraud=FraudAnswer.LISTED)

    outcome = refusal(sqlite, counter)

    assert (outcome.code, outcome.said.zh) == ("to-be-verified", "暂不能办理，请到指定营业厅核实。")
    with sqlite.read() as tx:
        (told,) = identity_checks.listed(tx, f.NOW, ["tianhe"], 10)
        assert not identity_checks.listed(tx, f.NOW, ["haizhu"], 10)
    assert (told.operation_id, told.kind, told.checked, told.actor) == (
        outcome.operation_id,
        "open",
        "holder",
        f.CLERK.name,
    )


def test_nobody_is_served_while_the_registry_or_the_list_is_away(
    sqlite: Database, counter: Counter, registry: ToldRegistry, address: str
) -> None:
    registry.tell(a.resident_id(), RegistryAnswer.AWAY)
    assert refusal(sqlite, counter).code == "port-unavailable"
    registry.tell(a.resident_id(), fraud=FraudAnswer.AWAY)
    assert refusal(sqlite, counter).code == "port-unavailable"
    registry.away = True
    assert refusal(sqlite, counter).code == "port-unavailable"


def test_whom_the_registry_does_not_know_a_supervisor_may_approve(
    sqlite: Database, counter: Counter, registry: ToldRegistry, address: str
) -> None:
    registry.tell(a.resident_id(), RegistryAnswer.NONE)
    outcome = refusal(sqlite, counter)
    needed: Any = outcome.result["approval"]
    assert (outcome.code, needed["act"], needed["area"]) == ("approval-needed", "not-in-registry", "tianhe")
    assert a.resident_id() not in needed["subject"]

    with sqlite.write() as tx:
        why = "新办证件，登记系统尚未更新"
        row = approvals.ask(tx, needed["act"], needed["subject"], needed["area"], None, why, f.CLERK, f.NOW)
        approvals.decide(tx, row.id, ApprovalState.APPROVED, Actor("zhou", Role.SUPERVISOR), f.NOW)
    a.accepted(sqlite, opening.open_account, counter, a.application(approvals=(row.id,)))


def test_outcome_reference_and_time_are_kept_of_holder_and_agent_and_no_number(
    sqlite: Database, counter: Counter, registry: ToldRegistry, address: str
) -> None:
    request = a.application(agent=agent(), scans=scans(*AUTHORISED))

    done = a.accepted(sqlite, opening.open_account, counter, request)

    assert registry.asked == [
        (a.person().name, a.resident_id(), CheckPurpose.OPEN),
        (agent().name, a.resident_id(8), CheckPurpose.OPEN),
    ]
    kept = [
        (row.operation_id, row.checked, row.registry, row.fraud, row.reference)
        for row in a.rows(sqlite, identity_check)
    ]
    assert kept == [
        (done.operation_id, "holder", "match", "clear", "R1"),
        (done.operation_id, "agent", "match", "clear", "R2"),
    ]
    assert {row.at for row in a.rows(sqlite, identity_check)} == {f.NOW}
    assert a.resident_id() not in str(f.dump(sqlite))


def test_an_agent_is_checked_as_the_holder_is(
    sqlite: Database, counter: Counter, registry: ToldRegistry, address: str
) -> None:
    registry.tell(a.resident_id(8), RegistryAnswer.MISMATCH)

    assert refusal(sqlite, counter, agent=agent(), scans=scans(*AUTHORISED)).code == "identity-mismatch"


def test_the_new_owner_is_checked_before_a_transfer(sqlite: Database, counter: Counter, registry: ToldRegistry) -> None:
    number = a.in_service(sqlite, counter)
    registry.tell(a.resident_id(2), fraud=FraudAnswer.LISTED)
    request = transfer.Transfer(
        account=number,
        document_number=a.document(),
        new_owner=a.person(2),
        password=NEW,
        scans=scans(*transfer.REQUIRED),
    )

    assert a.refused(sqlite, transfer.transfer, counter, request).code == "to-be-verified"


def test_the_holder_is_checked_before_a_lost_password_is_reset_and_a_loss_ended(
    sqlite: Database, counter: Counter, registry: ToldRegistry
) -> None:
    number = a.in_service(sqlite, counter)
    registry.tell(a.resident_id(), RegistryAnswer.MISMATCH)
    request = PasswordReset(
        account=number, document_number=a.document(), new_password=NEW, scans=scans("owner-document")
    )
    assert a.refused(sqlite, password.reset, counter, request).code == "identity-mismatch"

    a.accepted(sqlite, suspension.suspend, counter, a.lost(number))
    assert a.refused(sqlite, resumption.resume, counter, a.found_again(number)).code == "identity-mismatch"


def test_a_corrected_name_is_checked_with_the_number_on_file(
    sqlite: Database, counter: Counter, registry: ToldRegistry
) -> None:
    number = a.in_service(sqlite, counter)
    asked: dict[str, Any] = {"account": number, "document_number": a.document()}
    registry.asked.clear()
    named = Modification(**asked, name="张𬭛乙", scans=scans("owner-document"))
    a.accepted(sqlite, profile.modify, counter, named)
    assert registry.asked == [("张𬭛乙", a.resident_id(), CheckPurpose.MODIFY)]

    registry.asked.clear()
    a.accepted(sqlite, profile.modify, counter, Modification(**asked, contact=a.mobile(5)))
    assert not registry.asked, "a contact is nobody's name"


def test_nobody_is_asked_about_a_customer_who_is_not_there(
    sqlite: Database, counter: Counter, registry: ToldRegistry
) -> None:
    number = a.in_service(sqlite, counter)
    registry.asked.clear()
    wrong = PasswordReset(
        account=number, document_number=a.document(3), new_password=NEW, scans=scans("owner-document")
    )

    assert a.refused(sqlite, password.reset, counter, wrong).code == "authentication-failed"

    assert not registry.asked
    assert not a.rows(sqlite, b.customer, b.customer.c.name == a.person(3).name)
