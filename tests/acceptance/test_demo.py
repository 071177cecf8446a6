"""The demonstration in small: a newcomer's first view, with true figures at its end."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.conftest import Home

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    home = Home(tmp_path_factory.mktemp("demo") / "paidan")
    status, out, err = home.run("demo", "--count", "20", "--customers", "5")
    assert status == 0, (out, err)
    assert not home.processes()
    assert "open: Flower" not in out  # it has stopped with the rest
    return home, out


def test_the_demonstration_ends_with_faults_and_orders_counted_and_nothing_lost_or_doubled(
    shown: tuple[Home, str],
) -> None:
    accepted = (20 + 1) + (5 + 1)
    last = shown[1].splitlines()[-1]
    assert re.fullmatch(
        rf"demo: {accepted} tickets accepted, {accepted} archived, \d+ reopened, 0 lost, 0 doubled", last
    )


def test_one_customer_goes_the_whole_way_step_by_step(shown: tuple[Home, str]) -> None:
    parts = (
        "refused: no-resources",
        "Demands",
        "Open account  accepted",
        "Provisioning",
        "Installed",
        "Activation",
        "Closed: In service",
        "In service",
        "已开通，可以使用",
        "Move line  accepted",
        "Moved",
        "移机已完成",
        "Outside-plant fault",
        "Archive",
        "Callback survey",
        "Closed: Satisfied",
        "20.00 yuan credited",
        "Complaints",
        "Closed: Replied",
        "China Telecom",
        "suspended for arrears, paid, and still suspended",
        "System support",
        "Closed: Satisfied",
        "Close account  accepted",
        "slip S000000007",
    )
    rest = shown[1]
    for part in parts:
        before, found, rest = rest.partition(part)
        assert found, (part, before)


def test_every_slip_and_invoice_lies_in_the_printers_tray(shown: tuple[Home, str]) -> None:
    home, out = shown
    printed = {file.name for file in (home.folder / "demo" / "printed").iterdir()}
    [path] = re.findall(r"slip S000000002: (\S+)", out)
    assert path == str(home.folder / "demo" / "printed" / "S000000002.pdf")
    assert len([name for name in printed if name.startswith("S")]) == 6 + 2  # six openings, one move, one closing
    assert "00000001.pdf" in printed


def test_outside_effects_are_counted_in_the_receivers_own_ledgers(shown: tuple[Home, str]) -> None:
    rows = re.findall(r"(?:provisioning|short message|printing) +(\d+) +(\d+) +(\d+) +0 +0\b", shown[1])
    assert len(rows) == 3
    assert all(len(set(row)) == 1 and int(row[0]) > 0 for row in rows)
