"""A web whose clock is wrong says so, refuses every change, shows what there is, and heals by itself."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from dispatch.cli.context import Desk
from dispatch.domain.roles import Role
from dispatch.errors import ClockWrong
from dispatch.rules_in_force import RulesInForce
from dispatch.settings import load_settings
from dispatch.storage import clock, heartbeats
from dispatch.storage.clock import machine_clock
from dispatch.web.app import _sweep
from dispatch.web.keeper import Keeper
from tests.users import user
from tests.web.conftest import API, Web


def test_a_web_with_a_wrong_clock_is_not_ready_and_refuses_changes_until_the_clock_is_right(small_web: Web) -> None:
    web, guard = small_web, small_web.installation.clock_guard
    number = web.on_board()
    noc, anybody = web.program("li", Role.NOC), web.client()
    keeper = Keeper(web.installation, "web@here")
    guard.machine = lambda: machine_clock() + timedelta(hours=1)
    keeper.beat()
    ready = anybody.get("/readyz")
    assert (ready.status_code, ready.json()["code"]) == (503, "clock-wrong")
    refused = noc.post(f"{API}/hops/{number}-1/claim", json={})
    assert (refused.status_code, refused.json()["code"]) == (503, "clock-wrong")
    assert refused.headers["Retry-After"] == "10"
    assert noc.get(f"{API}/tickets/{number}").status_code == 200
    assert anybody.get("/healthz").status_code == 200
    guard.machine = machine_clock
    keeper.beat()
    assert anybody.get("/readyz").status_code == 200
    assert noc.post(f"{API}/hops/{number}-1/claim", json={}).status_code == 200
    with web.database.read() as tx:
        (row,) = heartbeats.alive(tx, machine_clock())
    assert (row.name, row.kind) == ("web@here", "web")


def test_an_act_at_a_terminal_with_a_wrong_clock_is_refused(small_web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    user(small_web.database, "li", Role.NOC)
    desk = Desk(settings, small_web.database, RulesInForce(settings.rules, small_web.database), small_web.rulebook)
    assert desk.actor("li", "noc").name == "li"
    monkeypatch.setattr(clock, "database_time", lambda _: machine_clock() - timedelta(hours=1))
    with pytest.raises(ClockWrong, match="s ahead"):
        desk.actor("li", "noc")


def test_a_web_whose_clock_is_wrong_waits_before_it_looks_again_what_has_expired(small_web: Web) -> None:
    guard, looks = small_web.installation.clock_guard, threading.Event()
    guard.ahead = 3600.0
    stopped = threading.Event()

    def wait(timeout: float | None = None) -> bool:
        looks.set()
        return True

    stopped.wait = wait  # type: ignore[method-assign]
    sweeping = threading.Thread(target=_sweep, args=(small_web.installation, stopped), daemon=True)
    sweeping.start()
    assert looks.wait(5)
    sweeping.join(5)
    assert not sweeping.is_alive()
