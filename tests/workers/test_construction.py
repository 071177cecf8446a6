"""A construction order's automatic steps, and system support's: done once, however often their messages come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from sqlalchemy.exc import OperationalError

from dispatch.accounts import moving, suspension
from dispatch.accounts.billing import Paid
from dispatch.accounts.operation import Counter as Desk
from dispatch.domain.account import AccountState
from dispatch.domain.numbers import read_ticket_number
from dispatch.domain.ticket import TicketState
from dispatch.ports.billing import BillingEntry, Booking, EntryKind, SimulatedBilling
from dispatch.ports.provisioning import LineOrder, SimulatedProvisioning
from dispatch.routing.prehandling import Script
from dispatch.settings import Settings
from dispatch.storage import accounts, crew, hops
from dispatch.storage.survey_links import SurveyQuestion
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables import tickets as t
from dispatch.tickets import handling
from tests import factories as f
from tests.accounts import factories as at
from tests.workers.stepped_workers import SteppedWorkers

LONG = timedelta(days=1)


@pytest.fixture
def desk(stage: SteppedWorkers) -> Desk:
    return at.counter(stage.rulebook)


def system(stage: SteppedWorkers) -> SimulatedProvisioning:
    return SimulatedProvisioning(stage.context.settings.root / "provisioning.db")


def build(stage: SteppedWorkers, hop_id: int, finding: str, evidence: Mapping[str, Any]) -> None:
    with stage.context.database.write() as tx:
        now = datetime.now(UTC)
        handling.claim(tx, stage.rulebook, handling.Claim(hop_id, f.BUILDER), now)
        f.attach(tx, hop_id)
    row = f.hop(stage.context.database, hop_id)
    given = {**f.fitted(stage.context.database, stage.rulebook, row, finding), **evidence}
    with stage.context.database.write() as tx:
        handling.end(tx, stage.rulebook, handling.Report(hop_id, f.BUILDER, finding, given), now)


def live(stage: SteppedWorkers, ticket_id: int) -> Any:
    row = f.live(stage.context.database, ticket_id)
    assert row is not None
    return row


def test_every_step_from_opening_to_service_is_done_once_though_delivered_five_times(
    stage: SteppedWorkers, desk: Desk
) -> None:
    database = stage.context.database
    with database.write() as tx:
        crew.add(tx, "construction", "huang", "tianhe")
    number = at.opened(database, desk)
    order, line = at.order_of(database, number), at.line(database, number).id
    stage.work("provisioning", times=5)
    prepared = system(stage).line(line)
    assert prepared is not None
    assert (prepared.state, prepared.number, prepared.olt, prepared.speed) == ("prepared", number, "OLT-1", 300)
    stage.work("construction", times=5)
    assert (live(stage, order).state, live(stage, order).assignee) == ("waiting", "huang")
    build(stage, live(stage, order).id, "installed", f.INSTALLED)
    stage.work("activation", times=5)
    stage.work("archive", times=5)
    ticket = f.ticket(database, order)
    assert (ticket.state, ticket.outcome) == (TicketState.CLOSED, "activated")
    assert at.line(database, number).state == AccountState.IN_SERVICE
    effects = [row for row in at.rows(database, b.effect) if row.port != "printing"]
    assert [(row.port, row.key) for row in effects] == [
        ("provisioning", "hop/2/device"),
        ("provisioning", "construction/3/activate"),
        ("billing", "construction/3/fee/billing"),
        ("sms", "construction/3/sms"),
    ]
    assert effects[1].payload == {"account_id": line, "number": number, "order": "activate", "speed": 300}
    assert (effects[3].payload["mobile"], number in effects[3].payload["text"]) == (at.mobile(), True)
    assert stage.effects() == Counter(
        {
            ("provisioning.prepare", "1"): 1,
            ("construction.assign", "2"): 1,
            ("construction.board", "2"): 1,
            ("activation.activate", "3"): 1,
            ("archive.file", "4"): 1,
        }
    )
    assert list(system(stage).ledger.effects()) == [("prepare", "construction/1/prepare")]


def moved(stage: SteppedWorkers, desk: Desk) -> tuple[str, int]:
    """A line in service whose move is on the builders' board: its number, and the order."""
    database = stage.context.database
    number = at.in_service(database, desk)
    asked = {"account": number, "document_number": at.document(), "address": at.address(database, 2)}
    visit = {"day": f.NOW.date(), "part": "evening", "payment": Paid(method="cash", amount="100.00")}
    done = at.accepted(database, moving.move, desk, moving.AccountMove.model_validate({**asked, **visit}))
    for team in ("provisioning", "construction"):
        stage.work(team, times=5)
    return number, read_ticket_number(str(done.result["order"]))


def test_a_move_is_prepared_at_its_new_port_and_activated_at_its_new_address(stage: SteppedWorkers, desk: Desk) -> None:
    database = stage.context.database
    number, order = moved(stage, desk)
    assert [kind for kind, _ in system(stage).ledger.effects()][-1] == "prepare-move"
    build(stage, live(stage, order).id, "relocated", f.RELOCATED)
    for team in ("activation", "archive"):
        stage.work(team, times=5)
    assert f.ticket(database, order).state == TicketState.CLOSED
    assert {row.olt: row.used for row in at.rows(database, b.pon_port)} == {"OLT-1": 0, "OLT-2": 1}
    line = at.line(database, number)
    (address,) = at.rows(database, b.address, b.address.c.id == line.address_id)
    assert address.text == "广州市天河区体育西路2号"


def test_a_move_that_cannot_be_built_frees_its_new_place_as_soon_as_it_is_at_the_refund_desk(
    stage: SteppedWorkers, desk: Desk
) -> None:
    database = stage.context.database
    _, order = moved(stage, desk)
    build(stage, live(stage, order).id, "construction-failed", {"failure-cause": "no-way-for-cable"})
    stage.work("refund-desk", times=5)
    assert (live(stage, order).team, live(stage, order).state) == ("refund-desk", "waiting")
    assert {row.olt: row.used for row in at.rows(database, b.pon_port)} == {"OLT-1": 1, "OLT-2": 0}


def test_a_line_that_cannot_be_prepared_waits_at_the_refund_desk_with_the_reason(
    stage: SteppedWorkers, desk: Desk
) -> None:
    database = stage.context.database
    number = at.opened(database, desk)
    order = at.order_of(database, number)
    with database.write() as tx:
        accounts.change(tx, at.line(database, number).id, pon_port_id=None)
    stage.work("provisioning", times=5)
    stage.work("refund-desk", times=5)
    first = f.journey(database, order)[0]
    assert (first.finding, first.evidence) == ("not-provisioned", {"refused-for": "no-resource"})
    assert (live(stage, order).team, live(stage, order).state) == ("refund-desk", "waiting")
    assert at.line(database, number).state == AccountState.INSTALLING


def test_an_unreachable_provisioning_system_refuses_no_order(
    stage: SteppedWorkers, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = at.order_of(stage.context.database, at.opened(stage.context.database, desk))

    def away(*_: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as gone:
        gone.setattr(SimulatedProvisioning, "carry_out", away)
        stage.work("provisioning")
    assert (live(stage, order).team, live(stage, order).state) == ("provisioning", "due")
    stage.work("provisioning", after=LONG)
    assert live(stage, order).team == "construction"


def test_a_preparation_whose_answer_was_lost_is_ordered_again_and_done_once(
    stage: SteppedWorkers, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = at.order_of(stage.context.database, at.opened(stage.context.database, desk))
    asked: list[str] = []
    sound = SimulatedProvisioning.carry_out

    def carry_out(self: SimulatedProvisioning, orders: Sequence[LineOrder]) -> Mapping[str, str]:
        asked.extend(each.key for each in orders)
        return sound(self, orders)

    def killed(*_: object) -> None:
        raise OperationalError("x", {}, Exception("gone"))

    monkeypatch.setattr(SimulatedProvisioning, "carry_out", carry_out)
    with monkeypatch.context() as dying:
        dying.setattr(hops, "lock_received", killed)
        with pytest.raises(OperationalError):
            stage.work("provisioning")
    stage.work("provisioning", after=LONG)
    assert asked == ["construction/1/prepare"] * 2
    assert live(stage, order).team == "construction"
    assert system(stage).ledger.doubled() == []


def test_an_order_goes_into_service_beside_one_whose_account_is_not_being_installed(
    stage: SteppedWorkers, desk: Desk
) -> None:
    database = stage.context.database
    numbers = [at.opened(database, desk, n) for n in (1, 2)]
    stage.work("provisioning")
    stage.work("construction")
    for number in numbers:
        build(stage, live(stage, at.order_of(database, number)).id, "installed", f.INSTALLED)
    with database.write() as tx:
        accounts.change(tx, at.line(database, numbers[0]).id, state=AccountState.IN_SERVICE)
    stage.work("activation")
    held_up = live(stage, at.order_of(database, numbers[0]))
    assert (held_up.team, held_up.state, held_up.failure) == ("activation", "due", "activation.activate: IllegalMove")
    assert live(stage, at.order_of(database, numbers[1])).team == "archive"


def test_a_speed_changed_during_building_holds_when_the_line_goes_into_service(
    stage: SteppedWorkers, desk: Desk
) -> None:
    database = stage.context.database
    number = at.opened(database, desk)
    order, line = at.order_of(database, number), at.line(database, number).id
    stage.work("provisioning")
    stage.work("construction")
    with database.write() as tx:
        tx.execute(b.enrolment.update().values(terms={"speed": 500}))
    build(stage, live(stage, order).id, "installed", f.INSTALLED)
    stage.work("activation")
    orders = [row.payload for row in at.rows(database, b.effect) if row.port == "provisioning"]
    assert [(each["account_id"], each["speed"]) for each in orders if "speed" in each] == [(line, 500)]


@pytest.mark.parametrize(("kind", "text"), [("fault", "故障F00000007已修复"), ("construction", "新装C00000007已竣工")])
def test_a_survey_asks_about_what_was_done(app: Celery, kind: str, text: str) -> None:
    from workers.teams.callback_survey import _text

    question = SurveyQuestion(1, 1, 7, kind, "13800138000", "tok", None)
    settings = Settings(survey_url="https://x/")
    assert _text(f.messages(), question, settings, f.NOW) == f"{text}，请评价：https://x/tok"


# -- system support --------------------------------------------------------------------------------


def system_fault(stage: SteppedWorkers, script: Script, number: str) -> int:
    """A fault of a system kind on this account, on system support's board; its hop's id."""
    made = f.fault(stage.context.database, stage.rulebook, script, number, symptom="account-system")
    stage.work("system-support", times=5)
    return f.live_id(stage.context.database, made.ticket_id)


def found(stage: SteppedWorkers, hop_id: int) -> dict[str, Any]:
    with stage.context.database.read() as tx:
        query = t.hop.select().where(t.hop.c.id == hop_id)
        return dict(tx.execute(query).one().found)


def test_system_support_sees_the_accounts_state_its_unconfirmed_effects_and_last_operations(
    stage: SteppedWorkers, desk: Desk, script: Script
) -> None:
    database = stage.context.database
    number = at.in_service(database, desk)
    hop_id = system_fault(stage, script, number)
    assert found(stage, hop_id) == {
        "account": "in-service",
        "unconfirmed": ["hop/2/device", "construction/3/activate"],
        "operations": ["open"],
    }
    assert stage.effects()["system-support.account-check", str(hop_id)] == 1


def test_an_account_suspended_after_the_report_is_shown_as_suspended(
    stage: SteppedWorkers, desk: Desk, script: Script
) -> None:
    database = stage.context.database
    number = at.in_service(database, desk)
    made = f.fault(database, stage.rulebook, script, number, symptom="account-system")
    request = at.lost(number, confirm=("open-fault",))
    done = at.accepted(database, suspension.suspend, desk, request)
    stage.work("system-support")
    checked = found(stage, f.live_id(database, made.ticket_id))
    assert (checked["account"], checked["suspended_for"]) == ("suspended", "lost-password")
    stopped = f"operation/{done.operation_id}/suspend"
    assert checked["unconfirmed"] == ["hop/2/device", "construction/3/activate", stopped]
    assert checked["operations"] == ["suspend", "open"]


def test_an_account_from_elsewhere_shows_only_its_state(stage: SteppedWorkers, script: Script) -> None:
    assert found(stage, system_fault(stage, script, "GZ1")) == {"account": "in-service"}


def suspended_for_arrears(stage: SteppedWorkers, script: Script) -> int:
    """A system fault of an account suspended for arrears, due at system support; the account's id."""
    database = stage.context.database
    f.fault(database, stage.rulebook, script, "GZ1", symptom="account-system")
    return f.suspended(database)


def board_of_system_support(stage: SteppedWorkers) -> dict[str, Any]:
    stage.work("system-support", times=2)
    with stage.context.database.read() as tx:
        (hop,) = tx.execute(t.hop.select().where(t.hop.c.team == "system-support")).all()
    assert hop.state == "waiting"
    return dict(hop.found)


def test_system_support_sees_the_payment_with_reference_and_time_of_a_line_suspended_for_arrears(
    stage: SteppedWorkers, script: Script
) -> None:
    account_id = suspended_for_arrears(stage, script)
    now = datetime.now(UTC)
    bill = BillingEntry(EntryKind.FEE, 60_00, now - timedelta(days=70))
    paid = BillingEntry(EntryKind.PAYMENT, 200_00, now - timedelta(minutes=40), reference="4200001")
    stage.context.billing.book([Booking("x", account_id, "GZ1", (bill, paid))])
    said = board_of_system_support(stage)["billing"]
    assert (said["owed"], said["paid"], said["reference"]) == (0, 200_00, "4200001")
    assert datetime.fromisoformat(said["paid_at"]) == (now - timedelta(minutes=40)).replace(microsecond=0)


def test_a_case_comes_onto_system_supports_board_while_billing_is_away(
    stage: SteppedWorkers, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise ConnectionRefusedError

    suspended_for_arrears(stage, script)
    monkeypatch.setattr(SimulatedBilling, "quote", gone)
    assert board_of_system_support(stage)["billing"] == "unavailable"
