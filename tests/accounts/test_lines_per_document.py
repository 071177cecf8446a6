"""一证限户: one document has so many lines and no more, wherever they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from dispatch import approvals
from dispatch.accounts import opening, transfer
from dispatch.accounts.operation import Counter
from dispatch.domain.approval import ApprovalState
from dispatch.domain.roles import Actor, Role
from dispatch.errors import BadRules
from dispatch.routing import plans_file
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database
from tests import factories as f
from tests.accounts import factories as a
from tests.accounts.agents import HANDLED, agent, scans
from tests.conftest import PROJECT

WHY = "单位分店较多，已核实营业执照"


@pytest.fixture
def counter(rulebook: Rulebook, sqlite: Database) -> Counter:
    """A counter at which a person has two lines at most, and a unit one."""
    f.put_in_force(sqlite, rulebook)
    made = a.counter(rulebook)
    return replace(made, plans=replace(made.plans, lines_per_document={"person": 2, "unit": 1}))


def test_a_person_has_so_many_living_lines_and_no_more(sqlite: Database, counter: Counter) -> None:
    numbers = [a.in_service(sqlite, counter, n, holder=a.person(1)) for n in (1, 2)]
    a.address(sqlite, 3)

    outcome = a.refused(sqlite, opening.open_account, counter, a.application(3, holder=a.person(1)))

    assert (outcome.code, outcome.said.zh) == ("too-many-lines", "该证件名下已有2条宽带，达到上限。")
    a.closed(sqlite, counter, numbers[0])
    a.accepted(sqlite, opening.open_account, counter, a.application(3, holder=a.person(1)))


def test_nobody_gets_past_the_limit_by_a_transfer(sqlite: Database, counter: Counter) -> None:
    for n in (1, 2):
        a.opened(sqlite, counter, n, holder=a.person(1))
    number = a.in_service(sqlite, counter, 3)
    request = transfer.Transfer(
        account=number,
        document_number=a.document(3),
        new_owner=a.person(1),
        password=SecretStr("Kw4!tRz9"),
        scans=scans(*transfer.REQUIRED),
    )

    assert a.refused(sqlite, transfer.transfer, counter, request).code == "too-many-lines"


def test_a_unit_has_more_lines_by_a_supervisors_approval(sqlite: Database, counter: Counter) -> None:
    handled: dict[str, Any] = {"holder": a.unit(1), "agent": agent(), "scans": scans(*HANDLED)}
    a.opened(sqlite, counter, **handled)
    a.address(sqlite, 2)
    outcome = a.refused(sqlite, opening.open_account, counter, a.application(2, **handled))
    needed: Any = outcome.result["approval"]
    assert (outcome.code, needed["act"]) == ("approval-needed", "unit-lines")

    decider = Actor("zhou", Role.SUPERVISOR)
    with sqlite.write() as tx:
        asked = approvals.ask(tx, "unit-lines", needed["subject"], "tianhe", None, WHY, f.CLERK, f.NOW)
        approvals.decide(tx, asked.id, ApprovalState.APPROVED, decider, f.NOW)
    a.accepted(sqlite, opening.open_account, counter, a.application(2, **handled, approvals=(asked.id,)))


def test_the_plans_file_says_how_many_and_five_and_two_hundred_without_it() -> None:
    text = (PROJECT / "marketing_plans.yaml").read_text()
    line = next(each for each in text.splitlines() if each.startswith("lines_per_document"))

    assert plans_file.parse(text, "p").lines_per_document == {"person": 5, "unit": 200}
    assert plans_file.parse(text.replace(line, ""), "p").lines_per_document == {"person": 5, "unit": 200}
    one = plans_file.parse(text.replace(line, "lines_per_document: {person: 1}"), "p")
    assert one.lines_per_document == {"person": 1, "unit": 200}
    with pytest.raises(BadRules, match="person"):
        plans_file.parse(text.replace(line, "lines_per_document: {person: 0}"), "p")
