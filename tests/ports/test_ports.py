"""The simulated receivers: their memory, their refusals, their own ledgers."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.ports.printing import Sheet, SimulatedPrinter
from dispatch.ports.provisioning import LineOrder, Order, SimulatedProvisioning
from dispatch.ports.sms import Message, SimulatedSmsGateway


@pytest.fixture
def system(tmp_path: Path) -> SimulatedProvisioning:
    return SimulatedProvisioning(tmp_path / "provisioning.db")


def prepare(line: int = 1, key: str = "", port: str | None = "0/1/1", speed: int | None = 300) -> LineOrder:
    return LineOrder(key or f"prepare/{line}", Order.PREPARE, line, f"kd{line}", "OLT-1", port, speed)


def order(what: str, line: int = 1, number: str = "kd1", key: str = "", speed: int | None = None) -> LineOrder:
    return LineOrder(key or f"{what}/{line}", what, line, number, speed=speed)


def test_a_line_is_prepared_activated_suspended_resumed_and_removed(system: SimulatedProvisioning) -> None:
    states, line = [], None
    for each in (prepare(), *map(order, (Order.ACTIVATE, Order.SUSPEND, Order.RESUME, Order.REMOVE))):
        assert system.carry_out([each]) == {}
        line = system.line(1)
        assert line is not None
        states.append(line.state)
    assert states == ["prepared", "active", "suspended", "active", "removed"]
    assert line is not None
    assert (line.number, line.olt, line.port, line.speed) == ("kd1", "OLT-1", "0/1/1", 300)
    assert [what for what, _ in system.ledger.effects()] == ["prepare", "activate", "suspend", "resume", "remove"]


def test_a_new_name_and_a_new_speed_leave_the_line_in_its_state(system: SimulatedProvisioning) -> None:
    system.carry_out([prepare(), order(Order.ACTIVATE), order(Order.SUSPEND)])
    assert system.carry_out([order(Order.RENAME, number="13800138000"), order(Order.SPEED, speed=500)]) == {}
    line = system.line(1)
    assert line is not None
    assert (line.state, line.speed) == ("suspended", 500)
    assert system.carry_out([order(Order.PASSWORD)]) == {}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (order(Order.ACTIVATE), "line-unknown"),
        (order("dig"), "line-unknown"),
        (prepare(port=None), "no-resource"),
        (prepare(speed=None), "no-speed"),
        (prepare(speed=-1), "no-speed"),
    ],
)
def test_an_invalid_order_is_refused_with_its_reason_and_changes_nothing(
    system: SimulatedProvisioning, wrong: LineOrder, why: str
) -> None:
    assert system.carry_out([wrong, prepare(2)]) == {wrong.key: why}
    assert system.line(1) is None
    assert list(system.ledger.effects()) == [("prepare", "prepare/2")]


@pytest.mark.parametrize(
    ("before", "wrong", "why"),
    [
        ([], prepare(key="again"), "line-prepared"),
        ([], order(Order.SUSPEND), "line-prepared"),
        ([order(Order.ACTIVATE)], order(Order.RESUME), "line-active"),
        ([order(Order.REMOVE)], order(Order.RESUME), "line-removed"),
        ([order(Order.REMOVE)], order(Order.REMOVE, key="again"), "line-removed"),
    ],
)
def test_an_order_that_does_not_fit_the_lines_state_is_refused(
    system: SimulatedProvisioning, before: list[LineOrder], wrong: LineOrder, why: str
) -> None:
    system.carry_out([prepare(), *before])
    assert system.carry_out([wrong]) == {wrong.key: why}


def test_a_full_port_takes_no_line_until_one_is_removed(
    system: SimulatedProvisioning,
) -> None:
    assert system.carry_out([prepare(n) for n in range(system.SHARERS)]) == {}
    late = prepare(999)
    assert system.carry_out([late]) == {late.key: "port-full"}
    system.carry_out([order(Order.REMOVE, 7)])
    assert system.carry_out([late]) == {}  # a refused order may be repeated under its key


def test_a_key_is_carried_out_once_even_when_the_line_has_moved_on(system: SimulatedProvisioning) -> None:
    suspend = order(Order.SUSPEND)
    system.carry_out([prepare(), order(Order.ACTIVATE), suspend, order(Order.RESUME)])
    assert SimulatedProvisioning(system.file).carry_out([suspend, suspend]) == {}
    line = system.line(1)
    assert line is not None
    assert line.state == "active"
    assert system.ledger.doubled() == []


def test_a_line_older_than_the_system_can_be_suspended_but_not_activated(
    system: SimulatedProvisioning,
) -> None:
    assert system.carry_out([order(Order.SUSPEND), order(Order.RENAME, 2), order(Order.ACTIVATE, 3)]) == {
        "activate/3": "line-unknown"
    }
    line = system.line(1)
    assert line is not None
    assert line.state == "suspended"
    assert system.line(2) is None


def test_the_gateway_delivers_a_key_once_and_its_ledger_says_so(tmp_path: Path) -> None:
    gateway = SimulatedSmsGateway(tmp_path / "sms.db")
    one, two = (Message(key, "13800138000", text) for key, text in (("a", "一"), ("b", "二")))
    gateway.send([one, two, one])
    gateway.send([two])
    assert [text for _, text in gateway.inbox()] == ["一", "二"]
    assert list(gateway.ledger.effects()) == [("deliver", "a"), ("deliver", "b")]


def test_a_system_whose_file_cannot_be_used_is_out_of_reach_and_made_when_it_can(tmp_path: Path) -> None:
    away = tmp_path / "away"
    gateway, network = SimulatedSmsGateway(away / "sms.db"), SimulatedProvisioning(away / "provisioning.db")
    message = Message("a", "13800138000", "一")
    for act in (lambda: gateway.send([message]), lambda: network.carry_out([prepare()])):
        with pytest.raises(OSError, match="unable to open"):
            act()
    away.mkdir()
    gateway.send([message])
    assert network.carry_out([prepare()]) == {}
    assert [text for _, text in gateway.inbox()] == ["一"]


def test_a_system_whose_file_is_damaged_is_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "sms.db").write_bytes(b"no database at all " * 100)
    with pytest.raises(OSError, match="not a database"):
        SimulatedSmsGateway(tmp_path / "sms.db").send([Message("a", "13800138000", "一")])


def test_the_printer_prints_a_sheet_once_readable_by_its_owner_alone(tmp_path: Path) -> None:
    printer = SimulatedPrinter(tmp_path / "printed")
    sheet = Sheet("slip/1", "S000000001", b"%PDF-1")
    printer.print([sheet])
    printer.print([sheet, Sheet("slip/2", "S000000002", b"%PDF-2")])
    assert {file.name: file.read_bytes() for file in printer.tray.iterdir()} == {
        "S000000001.pdf": b"%PDF-1",
        "S000000002.pdf": b"%PDF-2",
    }
    assert [file.stat().st_mode & 0o077 for file in (printer.tray, *printer.tray.iterdir())] == [0, 0, 0]
    assert list(printer.ledger.effects()) == [("print", "slip/1"), ("print", "slip/2")]


def test_the_printer_knows_a_sheet_by_its_key_and_prints_another_of_the_same_name(tmp_path: Path) -> None:
    printer = SimulatedPrinter(tmp_path / "printed")
    one, other = Sheet("slip/1", "S000000001", b"%PDF-1"), Sheet("slip/K7QM2X-1", "S000000001", b"%PDF-2")
    for sheet in (one, other, other, one):
        printer.print([sheet])
    assert {file.name: file.read_bytes() for file in printer.tray.iterdir()} == {
        "S000000001.pdf": b"%PDF-1",
        "S000000001-2.pdf": b"%PDF-2",
    }
    assert list(printer.ledger.effects()) == [("print", "slip/1"), ("print", "slip/K7QM2X-1")]


def test_a_sheet_lies_in_the_tray_once_when_the_printer_died_half_way_or_was_of_an_earlier_release(
    tmp_path: Path,
) -> None:
    printer = SimulatedPrinter(tmp_path / "printed")
    (printer.tray / "S000000001.pdf").write_bytes(b"%PDF-1")
    printer.print([Sheet("slip/1", "S000000001", b"%PDF-1")])
    printer.print([Sheet("slip/2", "S000000002", b"%PDF-2")])
    (printer.tray / "S000000002.pdf").unlink()  # it died before it had laid the sheet there
    printer.print([Sheet("slip/2", "S000000002", b"%PDF-2")])
    assert sorted(file.name for file in printer.tray.iterdir()) == ["S000000001.pdf", "S000000002.pdf"]
    assert list(printer.ledger.effects()) == [("print", "slip/2")]


def test_a_sheets_name_cannot_lead_out_of_the_tray(tmp_path: Path) -> None:
    printer = SimulatedPrinter(tmp_path / "printed")
    with pytest.raises(ValueError, match="name"):
        printer.print([Sheet("slip/1", "../S1", b"x")])
    assert list(tmp_path.glob("*.pdf")) == []
