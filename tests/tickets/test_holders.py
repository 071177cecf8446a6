"""A holder who was disabled, or lost the role, does nothing more with the hop; a colleague takes it over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from dispatch.access import users as access_users
from dispatch.domain.roles import Actor, Grant, Role
from dispatch.domain.ticket import HopState
from dispatch.errors import AlreadyClaimed, UnfitUser, UnknownUser
from dispatch.storage.database import Tx
from dispatch.tickets import handling
from dispatch.tickets.departure import WorkDecision
from dispatch.tickets.handling import Claim, HandBack, PassOn, Report
from tests import factories as f
from tests.factories import NOW, refused
from tests.tickets.installers import ADMINISTRATOR, FIXED, LI, MA, TIANHE, YUEXIU, Stage
from tests.users import user

GAO = Actor("gao", Role.SUPERVISOR)
Act = Callable[[Tx, Stage, int, Actor, str | None], None]


def report(tx: Tx, stage: Stage, hop: int, by: Actor, behalf: str | None) -> None:
    handling.end(tx, stage.rulebook, Report(hop, by, "fixed-on-site", FIXED, behalf), NOW)


def pass_on(tx: Tx, stage: Stage, hop: int, by: Actor, behalf: str | None) -> None:
    handling.end(tx, stage.rulebook, PassOn(hop, by, "installer", "换人", behalf), NOW)


def hand_back(tx: Tx, stage: Stage, hop: int, by: Actor, behalf: str | None) -> None:
    handling.end(tx, stage.rulebook, HandBack(hop, by, "不是线路", behalf), NOW)


def hold(tx: Tx, stage: Stage, hop: int, by: Actor, _behalf: str | None) -> None:
    handling.hold(tx, stage.rulebook, hop, NOW + timedelta(hours=1), "不在家", by, NOW)


def resume(tx: Tx, stage: Stage, hop: int, by: Actor, _behalf: str | None) -> None:
    handling.resume(tx, stage.rulebook, hop, by, NOW)


def kept(stage: Stage, *, held: bool = False) -> int:
    """A ticket in the hands of li.wei, who has lost the area and kept the work."""
    user(stage.database, "li.wei", TIANHE)
    ticket = stage.visit()
    stage.claim(ticket, LI)
    if held:
        with stage.database.write() as tx:
            hold(tx, stage, f.live_id(stage.database, ticket), LI, None)
    stage.set_grants("li.wei", YUEXIU, decision=WorkDecision.KEEP)
    return ticket


@pytest.mark.parametrize(
    ("act", "by", "behalf"),
    [
        (report, LI, None),
        (report, f.SUPPORT, "li.wei"),
        (pass_on, LI, None),
        (pass_on, f.SUPPORT, "li.wei"),
        (hand_back, LI, None),
        (hand_back, f.SUPPORT, "li.wei"),
        (hold, LI, None),
        (resume, LI, None),
    ],
)
def test_a_holder_who_lost_the_role_does_nothing_more_and_nobody_does_it_for_them(
    stage: Stage, act: Act, by: Actor, behalf: str | None
) -> None:
    ticket = kept(stage, held=act is resume)
    with refused(stage.database, UnfitUser, r"li\.wei can't have this work.*role installer in tianhe") as tx:
        act(tx, stage, f.live_id(stage.database, ticket), by, behalf)
    stage.set_grants("li.wei", TIANHE)
    with stage.database.write() as tx:
        act(tx, stage, f.live_id(stage.database, ticket), by, behalf)


@pytest.mark.parametrize("held", [False, True])
def test_a_colleague_takes_over_what_its_holder_cannot_do_and_the_history_says_so(stage: Stage, held: bool) -> None:
    ticket = kept(stage, held=held)
    user(stage.database, "ma.jun", TIANHE)
    stage.claim(ticket, MA)
    row = stage.live(ticket)
    assert (row.state, row.holder, row.held_at) == (HopState.CLAIMED, "ma.jun", None)
    taken, claimed = stage.acts(ticket)[-2:]
    assert (taken.act, taken.actor, claimed.act, claimed.actor) == ("take back", "ma.jun", "claim", "ma.jun")
    assert taken.detail == {"team": "installer", "from": "li.wei", "why": "lost the role"}
    stage.end(Report(f.live_id(stage.database, ticket), MA, "fixed-on-site", FIXED))


def test_nobody_takes_over_what_its_holder_can_do(stage: Stage) -> None:
    for name in ("li.wei", "ma.jun"):
        user(stage.database, name, TIANHE)
    ticket = stage.visit()
    stage.claim(ticket, LI)
    with refused(stage.database, AlreadyClaimed) as tx:
        handling.claim(tx, stage.rulebook, Claim(f.live_id(stage.database, ticket), MA), NOW)


def test_a_supervisor_passes_on_what_its_holder_cannot_do(stage: Stage) -> None:
    ticket = kept(stage)
    stage.end(PassOn(f.live_id(stage.database, ticket), GAO, "installer", "换人"))


def test_work_of_a_user_who_was_disabled_by_an_earlier_release_is_taken_over(stage: Stage) -> None:
    for name in ("li.wei", "ma.jun"):
        user(stage.database, name, TIANHE)
    ticket = stage.visit()
    stage.claim(ticket, LI)
    with stage.database.write() as tx:
        access_users.disable(tx, "li.wei", ADMINISTRATOR, NOW)  # as releases did that left their work with them
    stage.claim(ticket, f.SUPPORT, "ma.jun")
    assert stage.live(ticket).holder == "ma.jun"
    assert stage.acts(ticket)[-2].detail["why"] == "disabled"


def test_work_in_the_hands_of_nobody_known_is_taken_over_and_not_reported_on_their_behalf(stage: Stage) -> None:
    ticket = stage.visit()
    stage.claim(ticket, Actor("ghost", Role.INSTALLER))
    user(stage.database, "ma.jun", Grant(Role.INSTALLER))
    with refused(stage.database, UnknownUser) as tx:
        report(tx, stage, f.live_id(stage.database, ticket), f.SUPPORT, "ghost")
    stage.claim(ticket, MA)
    assert stage.acts(ticket)[-2].detail["why"] == "no user"


def test_without_users_a_claimed_hop_is_its_claimers(stage: Stage) -> None:
    ticket = stage.visit()
    stage.claim(ticket, LI)
    with refused(stage.database, AlreadyClaimed) as tx:
        handling.claim(tx, stage.rulebook, Claim(f.live_id(stage.database, ticket), MA), NOW)
    stage.end(Report(f.live_id(stage.database, ticket), LI, "fixed-on-site", FIXED))
