"""People are users: who can hold work, and what becomes of it when a user leaves."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from dispatch.access import users
from dispatch.domain.finding import Value
from dispatch.domain.roles import Actor, Grant, Role
from dispatch.domain.ticket import HopState
from dispatch.errors import NotYours, UnfitUser, UnknownUser
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import crew as crew_rows
from dispatch.storage import history, hops
from dispatch.storage.database import Database
from dispatch.tickets import crew, departure, handling
from dispatch.tickets.departure import Departure
from dispatch.tickets.handling import Claim, Report
from tests import factories as f
from tests.factories import NOW, refused
from tests.users import user
from workers.assignment import assign

TIANHE = Grant(Role.INSTALLER, frozenset({"tianhe"}))
YUEXIU = Grant(Role.INSTALLER, frozenset({"yuexiu"}))
ADMINISTRATOR = Actor("tang", Role.ADMINISTRATOR)
FIXED: dict[str, Value] = {"cause": "fibre", "optical-power": -19.5, "customer-confirmed": True}


class Stage:
    """Installers with a hop on their board."""

    def __init__(self, database: Database, rulebook: Rulebook, script: Script) -> None:
        self.database, self.rulebook, self.script = database, rulebook, script

    def visit(self, number: str = "GZ1") -> int:
        """A fault on the installers' board; the ticket's id."""
        made = f.fault(self.database, self.rulebook, self.script, number)
        f.reported(self.database, self.rulebook, made.ticket_id, f.NOC, "outside-plant", test_result="-31 dBm")
        f.on_board(self.database, self.rulebook, made.ticket_id)
        return made.ticket_id

    def claim(self, ticket: int, by: Actor, behalf: str | None = None) -> None:
        with self.database.write() as tx:
            handling.claim(tx, self.rulebook, Claim(f.live_id(self.database, ticket), by, behalf), NOW)

    def disable(self, name: str, to: str = "") -> Departure:
        with self.database.write() as tx:
            return departure.disable(tx, self.rulebook, name, ADMINISTRATOR, NOW, hand_over_to=to)

    def live(self, ticket: int) -> Any:
        return f.live(self.database, ticket)

    def last_act(self, ticket: int) -> Any:
        with self.database.read() as tx:
            return history.of_tickets(tx, [ticket])[-1]

    def crew(self) -> list[tuple[str, str]]:
        with self.database.read() as tx:
            return [(row.person, row.area) for row in crew_rows.everybody(tx)]

    def proposed(self, tickets: Sequence[int]) -> list[str | None]:
        """Let the installers' worker propose somebody for these hops."""
        with self.database.write() as tx:
            ids = [f.live_id(self.database, each) for each in tickets]
            assign(tx, self.rulebook, list(hops.lock(tx, ids).values()), NOW)
        return [self.live(each).assignee for each in tickets]


@pytest.fixture
def stage(database: Database, in_force: Rulebook, script: Script) -> Stage:
    return Stage(database, in_force, script)


LI, MA = Actor("li.wei", Role.INSTALLER), Actor("ma.jun", Role.INSTALLER)


def test_nobody_claims_for_a_name_that_is_no_user(stage: Stage) -> None:
    user(stage.database, "li.wei", TIANHE)
    ticket = stage.visit()
    with refused(stage.database, UnknownUser, r"no user li\.wie \(did you mean li\.wei\?\).*dispatch user add") as tx:
        one = Claim(f.live_id(stage.database, ticket), f.SUPPORT, "li.wie")
        handling.claim(tx, stage.rulebook, one, NOW)
    assert stage.live(ticket).state == HopState.WAITING


@pytest.mark.parametrize(
    ("grants", "disabled", "why"),
    [
        ([YUEXIU], False, "don't hold the role installer in tianhe"),
        ([Grant(Role.NOC)], False, "don't hold the role installer in tianhe"),
        ([TIANHE], True, "they are disabled"),
    ],
)
def test_nobody_claims_for_a_user_who_cannot_do_the_work(
    stage: Stage, grants: list[Grant], disabled: bool, why: str
) -> None:
    user(stage.database, "li.wei", *grants)
    if disabled:
        stage.disable("li.wei")
    ticket = stage.visit()
    with refused(stage.database, UnfitUser, why) as tx:
        handling.claim(tx, stage.rulebook, Claim(f.live_id(stage.database, ticket), f.SUPPORT, "li.wei"), NOW)


def test_a_name_typed_in_another_width_or_case_is_that_user(stage: Stage) -> None:
    user(stage.database, "li.wei", TIANHE)
    ticket = stage.visit()
    stage.claim(ticket, f.SUPPORT, "ＬＩ.wei")
    assert (stage.live(ticket).holder, stage.last_act(ticket).on_behalf_of) == ("li.wei", "li.wei")
    report = Report(f.live_id(stage.database, ticket), f.SUPPORT, "fixed-on-site", FIXED, on_behalf_of="Li.Wei")
    with stage.database.write() as tx:
        handling.end(tx, stage.rulebook, report, NOW)
    with stage.database.read() as tx:
        assert {act.on_behalf_of for act in history.of_tickets(tx, [ticket])} == {None, "li.wei"}


def test_an_act_for_somebody_else_than_the_holder_names_no_ghost(stage: Stage) -> None:
    user(stage.database, "li.wei", TIANHE)
    ticket = stage.visit()
    stage.claim(ticket, LI)
    with refused(stage.database, NotYours) as tx:
        report = Report(f.live_id(stage.database, ticket), f.SUPPORT, "fixed-on-site", FIXED, on_behalf_of="nobody")
        handling.end(tx, stage.rulebook, report, NOW)


def test_an_installation_without_users_takes_names_as_they_are(stage: Stage) -> None:
    ticket = stage.visit()
    stage.claim(ticket, f.SUPPORT, "li.wei")
    assert stage.live(ticket).holder == "li.wei"


def test_a_crew_takes_only_users_with_the_role_in_that_area(stage: Stage) -> None:
    team = stage.rulebook.teams["installer"]
    user(stage.database, "li.wei", TIANHE)
    with refused(stage.database, UnknownUser) as tx:
        crew.add(tx, team, "ghost", "tianhe")
    with refused(stage.database, UnfitUser) as tx:
        crew.add(tx, team, "li.wei", "yuexiu")
    with stage.database.write() as tx:
        assert crew.add(tx, team, " LI.WEI", "tianhe") == "li.wei"
    assert stage.crew() == [("li.wei", "tianhe")]


def test_a_person_is_removed_from_the_crew_in_the_actors_areas_only(stage: Stage) -> None:
    team, gao = stage.rulebook.teams["installer"], Actor("gao", Role.SUPERVISOR, frozenset({"tianhe"}))
    with stage.database.write() as tx:
        for area in ("tianhe", "yuexiu"):
            crew_rows.add(tx, "installer", "li.wei", area)
    with stage.database.write() as tx:
        assert list(crew.remove(tx, team, "Li.Wei", gao)) == ["tianhe"]
    assert stage.crew() == [("li.wei", "yuexiu")]


def test_a_disabled_user_or_a_ghost_is_never_proposed(stage: Stage) -> None:
    user(stage.database, "li.wei", TIANHE)
    user(stage.database, "ma.jun", TIANHE)
    with stage.database.write() as tx:
        for person in ("ghost", "li.wei", "ma.jun"):
            crew_rows.add(tx, "installer", person, "tianhe")
    stage.disable("li.wei")
    tickets = [stage.visit(f"GZ{n}") for n in (1, 2, 3)]
    assert stage.proposed(tickets) == ["ma.jun"] * 3
    stage.disable("ma.jun")
    assert [stage.live(each).assignee for each in tickets] == [None] * 3


def test_disabling_puts_the_work_back_on_the_board_and_the_history_says_who_and_why(stage: Stage) -> None:
    user(stage.database, "li.wei", TIANHE)
    claimed, held = stage.visit("GZ1"), stage.visit("GZ2")
    for each in (claimed, held):
        stage.claim(each, LI)
    with stage.database.write() as tx:
        until = NOW + timedelta(hours=1)
        handling.hold(tx, stage.rulebook, f.live_id(stage.database, held), until, "不在家", LI, NOW)
    left = stage.disable("li.wei")
    assert [(each.proposed, each.to, each.released) for each in left.work] == [(False, None, True)] * 2
    for each in (claimed, held):
        row, act = stage.live(each), stage.last_act(each)
        assert (row.state, row.holder, row.claimed_at, row.held_at) == (HopState.WAITING, None, None, None)
        assert row.wake_at is not None
        assert (act.act, act.actor) == ("take back", "tang")
        assert act.detail == {"team": "installer", "from": "li.wei", "why": "disabled"}
    user(stage.database, "ma.jun", TIANHE)
    stage.claim(claimed, MA)
    assert stage.live(claimed).holder == "ma.jun"


def test_disabling_hands_the_work_over_to_a_colleague_who_can_do_it(stage: Stage) -> None:
    for name in ("li.wei", "ma.jun"):
        user(stage.database, name, TIANHE)
    user(stage.database, "far", YUEXIU)
    ticket = stage.visit()
    stage.claim(ticket, LI)
    with refused(stage.database, UnfitUser) as tx:
        departure.disable(tx, stage.rulebook, "li.wei", ADMINISTRATOR, NOW, hand_over_to="far")
    with refused(stage.database, UnfitUser) as tx:
        departure.disable(tx, stage.rulebook, "li.wei", ADMINISTRATOR, NOW, hand_over_to="li.wei")
    with stage.database.read() as tx:
        assert users.get(tx, "li.wei").disabled_at is None
    stage.disable("li.wei", to="MA.JUN")
    assert (stage.live(ticket).state, stage.live(ticket).holder) == (HopState.CLAIMED, "ma.jun")
    act = stage.last_act(ticket)
    assert (act.act, act.detail["from"], act.detail["colleague"]) == ("hand over", "li.wei", "ma.jun")


def test_taking_an_area_away_releases_only_the_work_in_that_area(stage: Stage) -> None:
    user(stage.database, "li.wei", Grant(Role.INSTALLER))
    here = stage.visit("GZ1")
    stage.claim(here, LI)
    with stage.database.write() as tx:
        kept = departure.set_grants(tx, stage.rulebook, "li.wei", [TIANHE], ADMINISTRATOR, NOW)
    assert kept.work == ()
    assert stage.live(here).holder == "li.wei"
    with stage.database.write() as tx:
        departure.set_grants(tx, stage.rulebook, "li.wei", [YUEXIU], ADMINISTRATOR, NOW)
    assert stage.live(here).holder is None
    assert stage.last_act(here).detail["why"] == "lost the role"


def test_a_user_who_was_disabled_since_cannot_take_a_hop(stage: Stage) -> None:
    user(stage.database, "li.wei", TIANHE)
    ticket = stage.visit()
    stage.disable("li.wei")
    with refused(stage.database, UnfitUser, "they are disabled") as tx:
        handling.claim(tx, stage.rulebook, Claim(f.live_id(stage.database, ticket), LI), NOW)


@pytest.mark.parametrize("behalf", [False, True])
def test_disabling_while_claiming_leaves_no_hop_in_the_hands_of_a_disabled_user(stage: Stage, behalf: bool) -> None:
    won: set[bool] = set()
    for n in range(8):
        name = f"li{n}"
        user(stage.database, name, TIANHE)
        ticket, start = stage.visit(f"GZ{n + 1}"), threading.Barrier(2)

        def claim(name: str = name, ticket: int = ticket, start: threading.Barrier = start) -> bool:
            start.wait()
            try:
                if behalf:
                    stage.claim(ticket, f.SUPPORT, name)
                else:
                    stage.claim(ticket, Actor(name, Role.INSTALLER))
            except UnfitUser:
                return False
            return True

        def disable(name: str = name, start: threading.Barrier = start) -> None:
            start.wait()
            stage.disable(name)

        with ThreadPoolExecutor(2) as pool:
            claimed, disabled = pool.submit(claim), pool.submit(disable)
            disabled.result()
            won.add(claimed.result())
        assert (stage.live(ticket).state, stage.live(ticket).holder) == (HopState.WAITING, None)
    assert won
