"""终端: devices by their serial numbers: loaded, handed out, put in and exchanged by reports, returned, lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from dispatch.accounts import closure, device_register, devices, query
from dispatch.accounts.billing import Paid
from dispatch.accounts.closure import Closure
from dispatch.accounts.devices import DeviceLoss, DeviceReturn, DevicesQuery
from dispatch.accounts.operation import Counter
from dispatch.domain.device import DeviceKind, DeviceState
from dispatch.domain.roles import Actor, Role
from dispatch.errors import (
    BadDeviceFile,
    BadInput,
    DispatchError,
    EvidenceUnmet,
    IllegalMove,
    NotAllowed,
    NotFound,
    UnfitUser,
    UnknownUser,
)
from dispatch.routing import device_file
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import devices as register
from dispatch.storage.database import Database
from dispatch.storage.device_rows import DeviceLine
from dispatch.storage.devices import Cause
from dispatch.storage.tables.devices import device_move
from dispatch.tickets import handling
from dispatch.tickets.handling import Report
from tests import factories as f
from tests.accounts import factories as c
from tests.users import user

ONT, OTHER, BOX = "ZTEG00000001", "ZTEG00000002", "STB20260001"
FILE = f"serial,kind,model,price\n{ONT},ont,F670L,200.00\n{BOX},set-top-box,B860AV,150\n"
BUILT: dict[str, Any] = {**f.INSTALLED, "device-serial": ONT}
CHIEF = Actor("gao", Role.SUPERVISOR)
REASON = "序列号标签已磨损看不清"
MENDED: dict[str, Any] = {"cause": "power", "optical-power": -19.5, "customer-confirmed": True}
GOOD = {"optical_power": -19.5, "online": True, "suspect": "none"}


def device(database: Database, serial: str = ONT) -> DeviceLine:
    with database.read() as tx:
        row = register.line(tx, serial)
    assert row is not None
    return row


def where(database: Database, serial: str = ONT) -> tuple[str, str | None, str | None]:
    row = device(database, serial)
    return row.state, row.person, row.account


def moves(database: Database, serial: str = ONT) -> list[tuple[str | None, str, str, str]]:
    """(before, after, actor, source) of each move."""
    device_id = device(database, serial).id
    with database.read() as tx:
        return [(each.before, each.after, each.actor, each.source) for each in register.moves(tx, device_id)]


def in_hand(database: Database, rulebook: Rulebook, ticket: int, actor: Actor = f.BUILDER) -> int:
    """The ticket's hop in the actor's hands, with a photo."""
    hop_id = f.claimed(database, rulebook, ticket, actor)
    f.photo(database, hop_id)
    return hop_id


def report(
    database: Database,
    rulebook: Rulebook,
    hop_id: int,
    finding: str,
    actor: Actor,
    override: str | None = None,
    **given: Any,
) -> None:
    asked = {name.replace("_", "-"): value for name, value in given.items()}
    with database.write() as tx:
        made = Report(hop_id, actor, finding, asked, line_test=GOOD, override=override)
        handling.end(tx, rulebook, made, f.NOW)


def refusal(database: Database, rulebook: Rulebook, hop_id: int, finding: str, actor: Actor, **given: Any) -> str:
    """What a report is told that is refused for its devices, in Chinese. Nothing is done."""
    before = f.dump(database)
    with pytest.raises(EvidenceUnmet) as wrong:
        report(database, rulebook, hop_id, finding, actor, **given)
    assert f.dump(database) == before
    return wrong.value.sentence("zh")


# -- the store


def test_operations_load_devices_and_network_service_support_hands_them_out(database: Database) -> None:
    with database.write() as tx:
        assert device_register.load(tx, device_file.parse(FILE, "new.csv"), f.OPS, f.NOW) == 2
    assert where(database) == ("stock", None, None)
    with database.write() as tx:
        device_register.hand_out(tx, [ONT.lower(), BOX], f.BUILDER.name, f.SUPPORT, f.NOW)
    assert where(database) == where(database, BOX) == ("carried", f.BUILDER.name, None)
    assert moves(database) == [(None, "stock", "mo", "new.csv"), ("stock", "carried", "wang", "")]


def test_a_known_serial_number_stays_as_it_is_and_one_of_another_kind_is_refused(database: Database) -> None:
    f.carried(database, f.BUILDER.name)
    with database.write() as tx:
        assert device_register.load(tx, device_file.parse(FILE, "new.csv"), f.OPS, f.NOW) == 1
    assert where(database)[0] == "carried"
    other = device_file.parse(f"serial,kind,model,price\n{BOX},router,AX3000,180\n", "other.csv")
    with f.refused(database, BadDeviceFile, match="other.csv:2:1") as tx:
        device_register.load(tx, other, f.OPS, f.NOW)


def test_devices_are_handed_out_all_or_none(database: Database) -> None:
    f.stored(database)
    with f.refused(database, NotFound, match=OTHER) as tx:
        device_register.hand_out(tx, [ONT, OTHER], f.BUILDER.name, f.SUPPORT, f.NOW)


def test_a_device_that_somebody_carries_is_not_handed_out_again(database: Database) -> None:
    f.carried(database, "li")
    with f.refused(database, IllegalMove, match=ONT) as tx:
        device_register.hand_out(tx, [ONT], f.BUILDER.name, f.SUPPORT, f.NOW)


def test_devices_are_handed_out_to_installers_and_builders_only(database: Database) -> None:
    f.stored(database)
    user(database, "huang", Role.CONSTRUCTION)
    user(database, "chen", Role.CLERK)
    with f.refused(database, UnfitUser) as tx:
        device_register.hand_out(tx, [ONT], "chen", f.SUPPORT, f.NOW)
    with f.refused(database, UnknownUser) as tx:
        device_register.hand_out(tx, [ONT], "huangg", f.SUPPORT, f.NOW)
    with database.write() as tx:
        device_register.hand_out(tx, [ONT], "huang", f.SUPPORT, f.NOW)
    assert where(database)[:2] == ("carried", "huang")


Act = Callable[[Any, Actor], object]
ACTS: dict[str, tuple[tuple[Role, ...], Act]] = {
    "load": ((Role.OPS,), lambda tx, who: device_register.load(tx, device_file.parse(FILE, "x"), who, f.NOW)),
    "hand out": (
        (Role.NETWORK_SERVICE_SUPPORT,),
        lambda tx, who: device_register.hand_out(tx, [OTHER], "huang", who, f.NOW),
    ),
    "take in": ((Role.NETWORK_SERVICE_SUPPORT,), lambda tx, who: device_register.take_in(tx, [ONT], "", who, f.NOW)),
    "lose": (
        (Role.NETWORK_SERVICE_SUPPORT, Role.OPS),
        lambda tx, who: device_register.lose(tx, [ONT], "被盗", who, f.NOW),
    ),
    "scrap": (
        (Role.NETWORK_SERVICE_SUPPORT, Role.OPS),
        lambda tx, who: device_register.scrap(tx, [OTHER], "进水", who, f.NOW),
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_each_act_of_the_store_is_for_its_roles(database: Database, act: str) -> None:
    f.carried(database, f.BUILDER.name)
    f.stored(database, OTHER)
    allowed, do = ACTS[act]
    for role in set(Role) - set(allowed):
        with f.refused(database, NotAllowed) as tx:
            do(tx, Actor("x", role))
    for role in allowed:
        with database.engine.connect() as tx:  # rolled back at its end
            do(tx, Actor("x", role))


@pytest.mark.parametrize("act", [device_register.lose, device_register.scrap])
def test_what_is_written_off_needs_a_reason(database: Database, act: Any) -> None:
    f.stored(database)
    with f.refused(database, BadInput) as tx:
        act(tx, [ONT], " ", f.OPS, f.NOW)


# -- 施工完成


def test_the_report_that_a_line_is_built_gives_the_account_the_ont_that_its_builder_carries(
    database: Database, in_force: Rulebook
) -> None:
    hop_id = in_hand(database, in_force, f.order(database, in_force))
    f.carried(database, f.BUILDER.name)
    report(database, in_force, hop_id, "installed", f.BUILDER, **BUILT)
    assert where(database) == ("issued", None, "GZ1")
    assert moves(database)[-1] == ("carried", "issued", f.BUILDER.name, "C00000001-2")
    assert device(database).issued_at == f.NOW
    (ordered,) = [row for row in f.dump(database)["effect"] if "hop/" in str(row)]
    assert ONT in str(ordered)


def _not_registered(_database: Database) -> None: ...


NOT_HIS: dict[str, Callable[[Database], object]] = {
    "光猫序列号应为 huang 领用的终端，实为未登记的终端。请核对序列号；未领用的先领用。": _not_registered,
    "光猫序列号应为 huang 领用的终端，实为在库。": f.stored,
    "光猫序列号应为 huang 领用的终端，实为由 li.wei 领用。": lambda db: f.carried(db, f.INSTALLER.name),
    "光猫序列号应为 huang 领用的终端，实为机顶盒。": lambda db: f.carried(db, "huang", kind=DeviceKind.SET_TOP_BOX),
}


@pytest.mark.parametrize("said", NOT_HIS)
def test_a_serial_number_that_the_reporter_does_not_carry_is_refused(
    database: Database, in_force: Rulebook, said: str
) -> None:
    hop_id = in_hand(database, in_force, f.order(database, in_force))
    NOT_HIS[said](database)
    assert said in refusal(database, in_force, hop_id, "installed", f.BUILDER, **BUILT)


def test_nobody_may_override_a_serial_number(database: Database, in_force: Rulebook) -> None:
    hop_id = in_hand(database, in_force, f.order(database, in_force))
    told = refusal(database, in_force, hop_id, "installed", CHIEF, override=REASON, **{**BUILT, "speed-test": 1})
    assert "未登记的终端" in told
    f.carried(database, f.BUILDER.name)
    report(database, in_force, hop_id, "installed", CHIEF, override=REASON, **{**BUILT, "speed-test": 1})
    assert where(database) == ("issued", None, "GZ1")


def test_of_two_reports_of_a_batch_one_has_the_device(database: Database, in_force: Rulebook) -> None:
    hops = [in_hand(database, in_force, f.order(database, in_force, f"GZ{n}")) for n in (1, 2)]
    f.carried(database, f.BUILDER.name)
    with database.write() as tx:
        reports = [Report(hop_id, f.BUILDER, "installed", BUILT) for hop_id in hops]
        refused = handling.end_many(tx, in_force, reports, f.NOW)
    assert list(refused) == [hops[1]]
    assert "重复填报" in refused[hops[1]].sentence("zh")
    assert where(database)[2] == "GZ1"


# -- exchange 换机


@pytest.fixture
def broken(database: Database, in_force: Rulebook, script: Script) -> int:
    """A fault of a line with ONT, in the installer's hands; the hop's id."""
    made = f.fault(database, in_force, script)
    f.carried(database, f.BUILDER.name)
    with database.write() as tx:
        rows = register.lock(tx, [ONT])
        register.move(tx, rows, DeviceState.ISSUED, Cause("huang", f.NOW), account_id=made_account(database))
    f.reported(database, in_force, made.ticket_id, f.NOC, "outside-plant", test_result="收光持续偏低")
    return in_hand(database, in_force, made.ticket_id, f.INSTALLER)


def made_account(database: Database) -> int:
    return c.line(database, "GZ1").id


def test_an_exchange_takes_the_old_device_back_and_lets_the_new_ont_onto_the_line(
    database: Database, in_force: Rulebook, broken: int
) -> None:
    f.carried(database, f.INSTALLER.name, OTHER)
    report(database, in_force, broken, "fixed-on-site", f.INSTALLER, **MENDED, old_serial=ONT, new_serial=OTHER)
    assert where(database) == ("returned", None, "GZ1")
    assert where(database, OTHER) == ("issued", None, "GZ1")
    orders = [row for row in f.dump(database)["effect"] if "/device" in str(row)]
    assert len(orders) == 1
    assert OTHER in str(orders[0])
    with database.write() as tx:
        device_register.take_in(tx, [ONT], "外观完好", f.SUPPORT, f.NOW)
    assert where(database) == ("stock", None, None)


def test_an_account_has_one_ont(database: Database, in_force: Rulebook, broken: int) -> None:
    f.carried(database, f.INSTALLER.name, OTHER)
    told = refusal(database, in_force, broken, "fixed-on-site", f.INSTALLER, **MENDED, new_serial=OTHER)
    assert f"应连同换下的旧光猫 {ONT} 一起填报" in told
    told = refusal(database, in_force, broken, "fixed-on-site", f.INSTALLER, **MENDED, old_serial=ONT)
    assert "应连同换上的新光猫一起填报" in told


def test_only_a_device_of_the_account_is_taken_out(database: Database, in_force: Rulebook, broken: int) -> None:
    f.carried(database, f.INSTALLER.name, OTHER)
    told = refusal(
        database, in_force, broken, "fixed-on-site", f.INSTALLER, **MENDED, old_serial=OTHER, new_serial=OTHER
    )
    assert "换下终端的序列号应为该账号在用的终端，实为已领用。请核对序列号。" in told
    assert "重复填报" in told


# -- at the counter


@pytest.fixture
def number(database: Database, counter: Counter) -> str:
    return c.in_service(database, counter)


def returned(number: str, serial: str, n: int = 1) -> DeviceReturn:
    return DeviceReturn(account=number, document_number=c.document(n), serial=serial, note="电源线齐")


def lost(number: str, serial: str, amount: str | None) -> DeviceLoss:
    paid = None if amount is None else Paid(method="cash", amount=amount)
    return DeviceLoss(account=number, document_number=c.document(), serial=serial, payment=paid)


def test_the_accounts_view_shows_its_devices(database: Database, counter: Counter, number: str) -> None:
    ont = c.ont_of(database, number)
    shown = c.accepted(database, devices.show, counter, DevicesQuery(account=number)).result["devices"]
    assert isinstance(shown, list)
    assert [(each["serial"], each["kind"], each["state"]) for each in shown] == [(ont, "ont", "issued")]
    view = c.accepted(database, query.view, counter, query.View(account=number, show=("devices",))).result
    assert view["devices"] == shown


def test_a_device_that_comes_back_is_returned_with_a_slip(database: Database, counter: Counter, number: str) -> None:
    ont = c.ont_of(database, number)
    done = c.accepted(database, devices.take_back, counter, returned(number, ont))
    assert where(database, ont) == ("returned", None, number)
    assert moves(database, ont)[-1][2:] == (f.CLERK.name, done.slip)
    (section,) = c.slip(database, done).sections
    assert [(line.label.zh, line.value) for line in section.lines] == [("光猫", f"F670L {ont}"), ("说明", "电源线齐")]


def test_a_device_comes_back_also_after_the_account_was_closed(
    database: Database, counter: Counter, number: str
) -> None:
    ont = c.ont_of(database, number)
    c.closed(database, counter, number)
    c.accepted(database, devices.take_back, counter, returned(number, ont))
    assert where(database, ont)[0] == "returned"


def test_a_device_that_is_not_at_the_account_is_not_taken_back(
    database: Database, counter: Counter, number: str
) -> None:
    f.carried(database, f.BUILDER.name, OTHER)
    refused = c.refused(database, devices.take_back, counter, returned(number, OTHER))
    assert refused.code == "device-not-there"
    assert refused.said.zh == f"序列号{OTHER}不是账号{number}在用的终端，请核对。"


def test_a_return_asks_for_the_holders_document(database: Database, counter: Counter, number: str) -> None:
    refused = c.refused(database, devices.take_back, counter, returned(number, c.ont_of(database, number), n=2))
    assert refused.code == "authentication-failed"


def test_a_lost_ont_of_200_yuan_is_charged_122_22_after_14_months(
    database: Database, counter: Counter, number: str
) -> None:
    ont, later = c.ont_of(database, number), f.NOW + timedelta(days=450)
    refused = c.refused(database, devices.lose, counter, lost(number, ont, None), now=later)
    assert refused.code == "bad-amount"
    done = c.accepted(database, devices.lose, counter, lost(number, ont, "122.22"), now=later)
    assert where(database, ont) == ("lost", None, number)
    assert (done.result["charged"], c.printed(database, done)) == ("122.22", ["invoice/2", f"slip/{done.operation_id}"])
    slip = c.slip(database, done)
    assert slip.payment is not None
    assert slip.payment.total == 122_22


def test_a_device_that_is_worth_nothing_any_more_costs_nothing(
    database: Database, counter: Counter, number: str
) -> None:
    ont, later = c.ont_of(database, number), f.NOW + timedelta(days=1200)
    done = c.accepted(database, devices.lose, counter, lost(number, ont, None), now=later)
    assert (done.result["charged"], done.result["invoice"]) == ("0.00", None)


def test_a_loss_that_is_repeated_is_charged_once(database: Database, counter: Counter, number: str) -> None:
    ont = c.ont_of(database, number)
    c.done_once(database, devices.lose, counter, lost(number, ont, "200.00"), lost(number, ont, "100.00"))


def test_the_database_lets_an_account_have_one_ont(database: Database, counter: Counter, number: str) -> None:
    f.stored(database, OTHER)
    account_id = c.line(database, number).id
    with database.read() as tx:
        rows = register.lock(tx, [OTHER])
    with pytest.raises(IntegrityError), database.write() as tx:
        register.move(tx, rows, DeviceState.ISSUED, Cause("x", f.NOW), account_id=account_id)


def test_the_database_keeps_every_move(database: Database, counter: Counter, number: str) -> None:
    assert moves(database, c.ont_of(database, number))
    for statement in (update(device_move).values(actor="y"), delete(device_move)):
        with pytest.raises(DBAPIError, match="append-only"), database.write() as tx:
            tx.execute(statement)


def test_closing_an_account_leaves_its_devices_to_be_returned(
    database: Database, counter: Counter, number: str
) -> None:
    ont = c.ont_of(database, number)
    request = Closure(account=number, document_number=c.document(), reason="moving")
    c.accepted(database, closure.close, counter, request)
    assert where(database, ont) == ("issued", None, number)


def test_a_serial_number_that_is_none_is_refused(database: Database, counter: Counter, number: str) -> None:
    before = f.dump(database)
    with pytest.raises(BadInput), database.write() as tx:
        devices.take_back(tx, counter, returned(number, "?"), f.CLERK, f.NOW)
    assert f.dump(database) == before
    assert issubclass(BadInput, DispatchError)
