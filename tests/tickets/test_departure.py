"""People are users: who can hold work, and what becomes of it when a user leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from dispatch.access import users
from dispatch.domain.roles import Actor, Grant, Role
from dispatch.domain.ticket import HopState
from dispatch.errors import BadInput, NotYours, UnfitUser, UnknownUser, WorkUndecided
from dispatch.storage import crew as crew_rows
from dispatch.storage import history
from dispatch.storage.database import Tx
from dispatch.tickets import crew, departure, handling
from dispatch.tickets.departure import WorkDecision
from dispatch.tickets.handling import Claim, Report
from tests import factories as f
from tests.factories import NOW, refused
from tests.tickets.installers import ADMINISTRATOR, FIXED, LI, MA, TIANHE, YUEXIU, Stage
from tests.users import user


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
    gao = Actor("gao", Role.SUPERVISOR, frozenset({"tianhe"}))
    with stage.database.write() as tx:
        for area in ("tianhe", "yuexiu"):
            crew_rows.add(tx, "installer", "li.wei", area)
    with stage.database.write() as tx:
        assert [row.area for row in crew.remove(tx, "installer", "Li.Wei", gao)] == ["tianhe"]
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
    assert stage.set_grants("li.wei", TIANHE).work == (), "he may keep it, so that nothing is to be decided"
    assert stage.live(here).holder == "li.wei"
    [left] = stage.set_grants("li.wei", YUEXIU, decision=WorkDecision.RELEASE).work
    assert (left.proposed, left.to, left.released) == (False, None, True)
    assert stage.live(here).holder is None
    assert stage.last_act(here).detail["why"] == "lost the role"


def test_no_change_of_roles_takes_work_away_undecided_and_the_refusal_names_it(stage: Stage) -> None:
    user(stage.database, "li.wei", TIANHE)
    tickets = [stage.visit(f"GZ{n}") for n in (1, 2)]
    for each in tickets:
        stage.claim(each, LI)
    hops = ", ".join(f"F{each:08d}-2" for each in tickets)
    with refused(stage.database, WorkUndecided, rf"li\.wei has work in hand .*\(2\): {hops}\.") as tx:
        departure.set_grants(tx, stage.rulebook, "li.wei", [YUEXIU], ADMINISTRATOR, NOW)
    with refused(stage.database, BadInput, "choose one") as tx:
        both = {"decision": WorkDecision.KEEP, "hand_over_to": "ma.jun"}
        departure.set_grants(tx, stage.rulebook, "li.wei", [YUEXIU], ADMINISTRATOR, NOW, **both)  # type: ignore[arg-type]


def test_a_proposal_ends_with_the_role_and_asks_for_no_decision(stage: Stage) -> None:
    user(stage.database, "li.wei", TIANHE)
    with stage.database.write() as tx:
        crew_rows.add(tx, "installer", "li.wei", "tianhe")
    ticket = stage.visit()
    assert stage.proposed([ticket]) == ["li.wei"]
    [left] = stage.set_grants("li.wei", YUEXIU).work
    assert (left.proposed, left.released) == (True, True)
    assert stage.live(ticket).assignee is None


def test_work_that_is_kept_stays_in_the_users_hands(stage: Stage) -> None:
    user(stage.database, "li.wei", TIANHE)
    ticket = stage.visit()
    stage.claim(ticket, LI)
    before = stage.last_act(ticket)
    [left] = stage.set_grants("li.wei", YUEXIU, decision=WorkDecision.KEEP).work
    assert (left.to, left.released) == (None, False)
    assert (stage.live(ticket).holder, stage.last_act(ticket)) == ("li.wei", before)


def test_a_user_who_was_disabled_since_cannot_take_a_hop(stage: Stage) -> None:
    user(stage.database, "li.wei", TIANHE)
    ticket = stage.visit()
    stage.disable("li.wei")
    with refused(stage.database, UnfitUser, "they are disabled") as tx:
        handling.claim(tx, stage.rulebook, Claim(f.live_id(stage.database, ticket), LI), NOW)


@pytest.mark.parametrize("behalf", [False, True])
@pytest.mark.parametrize("first", ["claim", "disable"])
def test_of_a_claim_and_a_disabling_the_second_sees_the_first(stage: Stage, first: str, behalf: bool) -> None:
    user(stage.database, "li.wei", TIANHE)
    ticket = stage.visit()

    def claim(tx: Tx) -> None:
        by, name = (f.SUPPORT, "li.wei") if behalf else (LI, None)
        handling.claim(tx, stage.rulebook, Claim(f.live_id(stage.database, ticket), by, name), NOW)

    claimed = _one_after_the_other(stage, claim, _disabling(stage, "li.wei"), first == "claim")
    assert claimed is (first == "claim")
    assert (stage.live(ticket).state, stage.live(ticket).holder) == (HopState.WAITING, None)


@pytest.mark.parametrize("first", ["assign", "disable"])
def test_of_a_proposal_and_a_disabling_the_second_sees_the_first(stage: Stage, first: str) -> None:
    user(stage.database, "li.wei", TIANHE)
    with stage.database.write() as tx:
        crew_rows.add(tx, "installer", "li.wei", "tianhe")
    ticket = stage.visit()
    proposing = stage.proposing([ticket])
    _one_after_the_other(stage, proposing, _disabling(stage, "li.wei"), first == "assign")
    row = stage.live(ticket)
    assert (row.state, row.holder, row.assignee) == (HopState.WAITING, None, None)


@pytest.mark.parametrize("what", ["claim", "claim on their behalf", "assign"])
def test_whatever_races_with_a_disabling_leaves_nothing_in_the_hands_of_a_disabled_user(
    stage: Stage, what: str
) -> None:
    for n in range(8):
        name = f"li{n}"
        user(stage.database, name, TIANHE)
        with stage.database.write() as tx:
            crew_rows.add(tx, "installer", name, "tianhe")
        ticket, start = stage.visit(f"GZ{n + 1}"), threading.Barrier(2)
        by, behalf = (Actor(name, Role.INSTALLER), None) if what == "claim" else (f.SUPPORT, name)
        claim = Claim(f.live_id(stage.database, ticket), by, behalf)

        def act(ticket: int = ticket, start: threading.Barrier = start, claim: Claim = claim) -> None:
            proposing = stage.proposing([ticket])
            start.wait()
            try:
                with stage.database.write() as tx:
                    if what == "assign":
                        proposing(tx)
                    else:
                        handling.claim(tx, stage.rulebook, claim, NOW)
            except UnfitUser:
                pass

        def disable(name: str = name, start: threading.Barrier = start) -> None:
            start.wait()
            stage.disable(name)

        with ThreadPoolExecutor(2) as pool:
            for done in (pool.submit(act), pool.submit(disable)):
                done.result()
        row = stage.live(ticket)
        assert (row.state, row.holder, row.assignee) == (HopState.WAITING, None, None)


Act = Callable[[Tx], object]


def _disabling(stage: Stage, name: str) -> Act:
    return lambda tx: departure.disable(tx, stage.rulebook, name, ADMINISTRATOR, NOW)


def _one_after_the_other(stage: Stage, act: Act, disable: Act, act_first: bool) -> bool:
    """Do both at once: the second begins when the first has acted and not yet committed. Return whether `act` was
    done; UnfitUser refuses it."""
    acted, begins = threading.Event(), threading.Event()

    def first(what: Act) -> None:
        with stage.database.write() as tx:
            what(tx)
            acted.set()
            assert begins.wait(10)

    def second(what: Act) -> None:
        assert acted.wait(10)
        begins.set()
        with stage.database.write() as tx:
            what(tx)

    with ThreadPoolExecutor(2) as pool:
        doing = pool.submit(first if act_first else second, act)
        disabling = pool.submit(second if act_first else first, disable)
        disabling.result()
        refusal = doing.exception()
    assert refusal is None or isinstance(refusal, UnfitUser), refusal
    return refusal is None
