"""减免: a credit on the customer's bill, once for each basis, above the desk's limit with a supervisor's approval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from dispatch import approvals
from dispatch.domain.approval import ApprovalNeed, ApprovalState
from dispatch.domain.compensation import Basis, Computed
from dispatch.domain.plans import CHARGES
from dispatch.domain.roles import Actor, Role
from dispatch.domain.title import Title
from dispatch.errors import ApprovalNeeded, BadInput, CompensatedBefore, NotAllowed, NotFound, NothingToCompensate
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.slips.forms import InvoiceData, InvoiceLine
from dispatch.storage import payments, tickets
from dispatch.storage.complaint_rows import CompensationRow
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables import tickets as t
from dispatch.tickets import compensation, complaints
from dispatch.tickets.compensation import WantedCredit
from dispatch.tickets.complaints import NewComplaint
from tests import factories as f
from tests.factories import CHINA

REPORTED = datetime(2026, 11, 3, 10, tzinfo=CHINA)
REPAIRED = datetime(2026, 11, 6, 15, tzinfo=CHINA)
OTHER_SUPERVISOR = Actor("shen", Role.SUPERVISOR)


class Stage:
    """A household with a plan of 60.00 a month."""

    def __init__(self, database: Database, rulebook: Rulebook, script: Script) -> None:
        self.database, self.rulebook, self.script = database, rulebook, script
        self.terms = f.complaint_terms().compensation
        self.lines = 0

    def fault(self, cause: str = "fibre", repaired: datetime = REPAIRED) -> int:
        """A fault reported on 3 November and repaired by the NOC; the ticket's id."""
        self.lines += 1
        made = f.fault(self.database, self.rulebook, self.script, f"GZ{self.lines}", now=REPORTED)
        self.enrol(made.ticket_id)
        f.reported(self.database, self.rulebook, made.ticket_id, f.NOC, "fixed", now=repaired, cause=cause)
        f.work(self.database, self.rulebook, repaired)
        return made.ticket_id

    def enrol(self, ticket: int, fee: int = 60_00) -> None:
        with self.database.write() as tx:
            account_id = tickets.get(tx, ticket).account_id
            asked = {"kind": "opening", "fingerprint": "0" * 64, "account_id": account_id, "at": f.NOW}
            done = {"actor": "chen", "role": "clerk", "outcome": "accepted", "outlet": "天河", "result": {}}
            made = insert(b.operation).values(**asked, **done).returning(b.operation.c.id)
            row = {"operation_id": tx.execute(made).scalar_one(), "plan": "home-300", "plans_version": "0" * 12}
            terms = {"monthly_fee": fee, "speed": 300}
            tx.execute(insert(b.enrolment).values(account_id=account_id, **row, terms=terms, from_at=f.NOW))

    def give(
        self, ticket: int, basis: str, fen: int | None = None, actor: Actor = f.CLERK, **more: Any
    ) -> CompensationRow:
        wanted = WantedCredit(ticket, basis, more.pop("reason", "客户要求按规定减免"), fen, **more)
        with self.database.write() as tx:
            return compensation.compensate(tx, self.rulebook, self.terms, CHINA, wanted, actor, REPAIRED)

    def offered(self, ticket: int) -> dict[Basis, Computed | None]:
        with self.database.read() as tx:
            row = tickets.get(tx, ticket)
            return compensation.offered(tx, self.rulebook, self.terms, CHINA, row)

    def approved(self, ticket: int, fen: int, asked_by: Actor = f.CLERK) -> int:
        with self.database.write() as tx:
            need, why = ApprovalNeed.COMPENSATION, "三次上门未修好，客户在柜台等候"
            row = approvals.ask(tx, need, f"ticket/{ticket}", "tianhe", fen, why, asked_by, REPAIRED)
            return approvals.decide(tx, row.id, ApprovalState.APPROVED, OTHER_SUPERVISOR, REPAIRED).id

    def booked(self) -> list[tuple[str, list[dict[str, Any]]]]:
        with self.database.read() as tx:
            rows = tx.execute(select(b.effect).where(b.effect.c.port == "billing").order_by(b.effect.c.id))
            return [(row.key, row.payload["entries"]) for row in rows]


@pytest.fixture
def stage(rulebook: Rulebook, script: Script) -> Iterator[Stage]:
    made = Stage(f.in_memory(rulebook), rulebook, script)
    yield made
    made.database.dispose()


def in_the_country(stage: Stage) -> None:
    stage.terms = replace(stage.terms, country=frozenset({"tianhe"}))


def test_a_repair_after_72_hours_in_the_country_is_credited_day_by_day(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    stage = Stage(database, in_force, script)
    in_the_country(stage)
    ticket = stage.fault()
    assert stage.offered(ticket)[Basis.REPAIR] == Computed(8_00, 4)
    row = stage.give(ticket, "repair")
    assert (row.fen, row.days, row.by, row.approval_id) == (8_00, 4, "chen", None)
    ((key, entries),) = stage.booked()
    assert key == f"compensation/{row.id}/billing"
    assert [(each["kind"], each["fen"]) for each in entries] == [("credit", 8_00)]
    with database.read() as tx:
        told = tx.execute(select(b.message).where(b.message.c.event == "compensated")).one()
    assert told.facts == {"sum": 8_00}
    assert [act.detail["fen"] for act in f.acts(database, ticket) if act.act == "compensate"] == [8_00]


def test_a_repair_within_48_hours_in_town_is_not_credited(stage: Stage) -> None:
    ticket = stage.fault(repaired=REPORTED + timedelta(hours=48))
    assert Basis.REPAIR not in stage.offered(ticket)
    with pytest.raises(NothingToCompensate):
        stage.give(ticket, "repair")
    assert stage.booked() == []


def test_a_fault_of_the_customers_own_device_is_not_credited(stage: Stage) -> None:
    ticket = stage.fault(cause="customer-premises")
    with pytest.raises(NothingToCompensate, match="own equipment"):
        stage.give(ticket, "repair")


def test_a_fault_that_is_not_repaired_yet_is_not_credited(stage: Stage) -> None:
    made = f.fault(stage.database, stage.rulebook, stage.script, now=REPORTED)
    stage.enrol(made.ticket_id)
    with pytest.raises(NothingToCompensate, match="isn't done yet"):
        stage.give(made.ticket_id, "repair")


def test_each_basis_is_credited_once_for_a_ticket(stage: Stage) -> None:
    ticket = stage.fault()
    stage.give(ticket, "repair")
    with pytest.raises(CompensatedBefore, match=r"8\.00"):
        stage.give(ticket, "repair")
    stage.give(ticket, "goodwill", 20_00)
    assert stage.offered(ticket) == {}
    assert len(stage.booked()) == 2


def test_the_desk_gives_50_yuan_and_a_supervisor_must_approve_more(stage: Stage) -> None:
    ticket = stage.fault()
    with pytest.raises(ApprovalNeeded) as needed:
        stage.give(ticket, "goodwill", 50_01)
    facts = {name: needed.value.facts[name] for name in ("act", "subject", "area", "fen")}
    assert facts == {"act": "compensation", "subject": f"ticket/{ticket}", "area": "tianhe", "fen": 50_01}
    small = stage.approved(ticket, 50_00)
    with pytest.raises(ApprovalNeeded):
        stage.give(ticket, "goodwill", 50_01, approvals=[small])
    enough = stage.approved(ticket, 50_01)
    assert stage.give(ticket, "goodwill", 50_01, approvals=[enough]).approval_id == enough
    other = stage.fault(repaired=REPORTED + timedelta(hours=1))
    assert stage.give(other, "goodwill", 50_00).approval_id is None


def test_an_approval_of_another_ticket_counts_for_nothing(stage: Stage) -> None:
    ticket, other = stage.fault(), stage.fault()
    elsewhere = stage.approved(other, 80_00)
    with pytest.raises(ApprovalNeeded):
        stage.give(ticket, "goodwill", 80_00, approvals=[elsewhere])


def test_a_complaint_may_be_settled_with_a_sum_that_is_agreed(stage: Stage) -> None:
    f.account(stage.database)
    with stage.database.write() as tx:
        new = NewComplaint("GZ1", "attitude", "态度差")
        ticket = complaints.take(tx, stage.rulebook, f.complaint_terms(), new, f.CLERK, REPORTED).ticket_id
    assert stage.offered(ticket) == {Basis.GOODWILL: None}
    row = stage.give(ticket, "goodwill", 20_00)
    assert (row.fen, row.days) == (20_00, None)
    for basis in ("repair", "building"):
        with pytest.raises(NothingToCompensate, match="for other tickets"):
            stage.give(ticket, basis)


def built(stage: Stage, after: timedelta, *, held: float = 0) -> int:
    """A line built so long after its order, for 100.00 and a deposit; the order's id."""
    ticket, done = f.order(stage.database, stage.rulebook, now=REPORTED), REPORTED + after
    f.reported(stage.database, stage.rulebook, ticket, f.BUILDER, "installed", now=done, **_built())
    f.work(stage.database, stage.rulebook, done)
    lines = InvoiceLine(CHARGES["installation"], 1, 100_00), InvoiceLine(CHARGES["deposit"], 1, 200_00)
    said = {"operator": "派单宽带", "outlet": "天河营业厅", "clerk": "chen", "buyer": "张三", "account": "GZ1"}
    data = InvoiceData(number="00000001", issued_on=REPORTED.date(), **said, method=Title("现金", "Cash"), lines=lines)
    with stage.database.write() as tx:
        tx.execute(update(t.hop).where(t.hop.c.team == "construction").values(held_seconds=held))
        account_id = tickets.get(tx, ticket).account_id
        operation_id = tx.execute(select(b.operation.c.id)).scalar_one()
        payments.insert_invoice(tx, 1, operation_id, account_id, 300_00, None, data.as_json(), REPORTED)
    return ticket


def _built() -> dict[str, Any]:
    return {name.replace("-", "_"): value for name, value in f.INSTALLED.items()}


def test_a_line_built_three_days_late_by_us_is_credited_with_one_percent_a_day(stage: Stage) -> None:
    ticket = built(stage, timedelta(days=10))
    row = stage.give(ticket, "building")
    assert (row.fen, row.days) == (3_00, 3)


def test_the_time_for_which_the_customer_had_it_wait_does_not_count(stage: Stage) -> None:
    ticket = built(stage, timedelta(days=10), held=86_400)
    assert stage.offered(ticket)[Basis.BUILDING] == Computed(2_00, 2)


def test_a_line_built_in_time_is_not_credited(stage: Stage) -> None:
    ticket = built(stage, timedelta(days=7))
    with pytest.raises(NothingToCompensate, match="in time"):
        stage.give(ticket, "building")


def test_another_areas_ticket_is_not_there_and_only_the_desk_and_supervisors_compensate(stage: Stage) -> None:
    ticket = stage.fault()
    with pytest.raises(NotFound):
        stage.give(ticket, "repair", actor=Actor("ou", Role.CLERK, frozenset({"yuexiu"})))
    for actor in (f.NOC, f.AGENT_10050, f.OPS):
        with pytest.raises(NotAllowed):
            stage.give(ticket, "repair", actor=actor)
    stage.give(ticket, "repair", actor=f.SUPERVISOR)


@pytest.mark.parametrize(
    "wrong",
    [
        {"basis": "weather"},
        {"basis": "goodwill"},
        {"basis": "goodwill", "fen": 0},
        {"basis": "repair", "fen": 5_00},
        {"basis": "repair", "reason": " "},
    ],
    ids=str,
)
def test_bad_input_is_refused_and_nothing_is_booked(stage: Stage, wrong: dict[str, Any]) -> None:
    ticket = stage.fault()
    with pytest.raises(BadInput):
        stage.give(ticket, **wrong)
    assert stage.booked() == []
