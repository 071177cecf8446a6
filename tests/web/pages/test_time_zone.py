"""One hold reads the same on every page and at the command line, in the desk's time zone, whatever the machine's."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from dispatch.cli.journey import app
from dispatch.domain.roles import Role
from dispatch.settings import Settings
from dispatch.tickets import handling
from tests import factories as f
from tests.web.conftest import Web
from tests.web.pages.test_boards import at_installers, in_hand, page

ZONES = ["Asia/Shanghai", "Asia/Kathmandu", "America/New_York"]


@pytest.fixture(params=["UTC", "America/New_York"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's own time zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, small_web: Web) -> str:
    """The desk's time zone."""
    monkeypatch.setenv("DISPATCH_TIMEZONE", request.param)
    small_web.installation.settings = Settings(timezone=request.param)
    return str(request.param)


def held(web: Web, zone: str) -> tuple[str, str]:
    """Put a hop on hold for 20 hours; its number, and the end of the hold as people read it in this zone."""
    hop, until = in_hand(web, at_installers(web)), web.now + timedelta(hours=20)
    with web.database.write() as tx:
        hop_id = f.live_id(web.database, int(hop[1:9]))
        handling.hold(tx, web.rulebook, hop_id, until, "客户约明早", f.INSTALLER, web.now)
    return hop, f"{until.astimezone(ZoneInfo(zone)):%m-%d %H:%M}"


def test_a_hold_reads_the_same_on_every_page_and_at_the_command_line(zone: str, machine: str, small_web: Web) -> None:
    hop, shown = held(small_web, zone)
    watcher = small_web.browser("chen", Role.SUPERVISOR)
    assert shown in page(watcher, "/teams/installer")
    assert shown in page(watcher, f"/teams/installer/hops/{hop}")
    assert shown in page(watcher, f"/tickets/{hop[:9]}")
    assert f'data-zone="{zone}"' in page(watcher, "/teams/installer")
    assert shown in CliRunner().invoke(app, ["show", hop[:9]], env={"COLUMNS": "100"}).stdout


def test_the_api_answers_with_an_offset_whatever_the_zone(small_web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    small_web.installation.settings = Settings(timezone="Asia/Kathmandu")
    number = small_web.on_board()
    made_at = small_web.program("chen", Role.SUPERVISOR).get(f"/api/v1/tickets/{number}").json()["ticket"]["made_at"]
    assert made_at.endswith(("Z", "+00:00"))


def test_the_history_of_a_hold_that_is_over_tells_its_time_in_the_desks_zone(
    zone: str, machine: str, small_web: Web
) -> None:
    hop, shown = held(small_web, zone)
    with small_web.database.write() as tx:
        handling.resume(
            tx, small_web.rulebook, f.live_id(small_web.database, int(hop[1:9])), f.INSTALLER, small_web.now
        )
    watcher = small_web.browser("chen", Role.SUPERVISOR)
    assert shown not in page(watcher, "/teams/installer"), "only the history still has the time"
    assert f"至 {shown}" in page(watcher, f"/tickets/{hop[:9]}")
    told = CliRunner().invoke(app, ["show", hop[:9]], env={"COLUMNS": "100"}).stdout
    assert shown in told
