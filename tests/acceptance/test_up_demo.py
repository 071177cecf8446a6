"""`dispatch up --demo`: users for everybody, data on every page, people who go on working, and nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from dispatch.demo.staff import OURS
from dispatch.domain.roles import HELD_BY_PEOPLE
from tests.acceptance.conftest import Home, eventually
from tests.demonstration import API, Demo, demonstration

pytestmark = pytest.mark.system

BOARDS = ("noc", "system-support", "installer", "transmission", "data-network", "construction")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demonstration(tmp_path_factory.mktemp("demo") / "paidan") as running:
        yield running


def test_the_demonstration_has_a_user_for_every_role_and_each_can_sign_in(demo: Demo) -> None:
    assert list(demo.users) == list(HELD_BY_PEOPLE)
    assert len({password for _, password in demo.users.values()}) == len(demo.users)
    for role in demo.users:
        [held] = demo.get(role, "/session")["roles"]
        assert held["role"] == role


def test_every_board_has_open_work_and_claimed_work(demo: Demo) -> None:
    states: set[str] = set()

    def waits(team: str) -> bool:
        hops = demo.get("supervisor", f"/teams/{team}/board?limit=200")["items"]
        states.update(hop["state"] for hop in hops)
        return any(hop["state"] == "waiting" for hop in hops)

    # The demonstration's people go on working, so the moment at which a board has either is chance.
    for team in BOARDS:
        eventually(partial(waits, team))
    eventually(lambda: any(waits(team) for team in BOARDS) and states >= {"waiting", "claimed"})
    assert demo.get("supervisor", "/quarantine")["items"]


def test_the_walls_figures_reach_back_a_whole_day(demo: Demo) -> None:
    figures = demo.get("ops", "/figures")
    assert figures["open"] > 20
    assert len([hour for hour in figures["hours"] if hour["arrived"]]) > 15
    assert figures["answers"]["satisfied"] > figures["answers"]["not-fixed"] > 0
    assert figures["reopened"] > 0


def test_demonstration_people_go_on_working_and_leave_a_visitors_work_alone(demo: Demo) -> None:
    with demo.signed_in("noc") as client:

        def claimed() -> str | None:
            """Claim the first hop at which no made-up colleague is quicker."""
            board = client.get(f"{API}/teams/noc/board?limit=200").json()["items"]
            waiting = (hop["hop"] for hop in board if hop["state"] == "waiting")
            return next((hop for hop in waiting if client.post(f"{API}/hops/{hop}/claim", json={}).is_success), None)

        mine = eventually(claimed)
    before = demo.get("ops", "/figures")

    def moved() -> bool:
        return bool(demo.get("ops", "/figures") != before)

    eventually(moved, 90)
    board = demo.get("noc", "/teams/noc/board?limit=200")["items"]
    hop = next(each for each in board if each["hop"] == mine)
    assert (hop["state"], hop["holder"]) == ("claimed", demo.users["noc"][0])
    assert demo.users["noc"][0] not in OURS


def test_the_demonstration_refuses_a_database_that_the_settings_name(tmp_path: Path) -> None:
    home = Home(tmp_path, settings={"DISPATCH_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/customers"})
    status, _, err = home.call("up", "--demo")
    assert status == 1
    assert "DISPATCH_DATABASE_URL" in err
