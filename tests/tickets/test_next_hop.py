"""派单: the next team of a case, the team that asked for it, and the end of a case that goes round for too long."""

from __future__ import annotations

import pytest

from dispatch.errors import NobodyAsked
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Facts, Rulebook
from dispatch.storage.database import Database
from dispatch.storage.rows import LockedHop
from dispatch.tickets import closing, handling
from dispatch.tickets.handling import HandBack, PassOn
from tests.factories import (
    DATA_NETWORK,
    INSTALLER,
    MEMBER,
    NOC,
    NOW,
    SUPERVISOR,
    SYSTEM_SUPPORT,
    TRANSMISSION,
    archived,
    claimed,
    fault,
    handed_back,
    journey,
    link,
    live,
    on_board,
    passed_on,
    refused,
    reported,
    ticket,
)


@pytest.fixture
def made(database: Database, in_force: Rulebook, script: Script) -> int:
    """A dispatched fault; its id."""
    return fault(database, in_force, script).ticket_id


def to_transmission(database: Database, rulebook: Rulebook, ticket_id: int) -> None:
    """NOC sends an installer, who sends for transmission."""
    reported(database, rulebook, ticket_id, NOC, "outside-plant", test_result="-31 dBm")
    reported(database, rulebook, ticket_id, INSTALLER, "line-fault", location="12 号箱")


def place(row: LockedHop | None) -> tuple[str, str | None]:
    """Return the team that has the case and the team that asked."""
    assert row is not None
    return row.team, row.asker_team


def test_work_comes_back_to_its_sender_whose_own_asker_is_then_known_again(
    database: Database, in_force: Rulebook, made: int
) -> None:
    to_transmission(database, in_force, made)
    assert place(live(database, made)) == ("transmission", "installer")
    assert place(reported(database, in_force, made, TRANSMISSION, "fixed", cause="fibre")) == ("installer", "noc")


def test_handing_back_nests_too(database: Database, in_force: Rulebook, made: int) -> None:
    to_transmission(database, in_force, made)
    assert place(handed_back(database, in_force, made, TRANSMISSION)) == ("installer", "noc")
    assert place(handed_back(database, in_force, made, INSTALLER)) == ("noc", None)
    hop_id = claimed(database, in_force, made, NOC)
    with refused(database, NobodyAsked) as tx:
        handling.end(tx, in_force, HandBack(hop_id, NOC, "x"), NOW)
    row = journey(database, made)[-2]
    assert (row.state, row.reason, row.finding) == ("handed-back", "查不出", None)


def test_passing_work_on_leaves_the_asking_team_unchanged(database: Database, in_force: Rulebook, made: int) -> None:
    to_transmission(database, in_force, made)
    assert place(passed_on(database, in_force, made, TRANSMISSION, "data-network")) == ("data-network", "installer")
    assert place(passed_on(database, in_force, made, DATA_NETWORK, "data-network")) == ("data-network", "installer")
    assert place(reported(database, in_force, made, DATA_NETWORK, "fixed", cause="configuration")) == (
        "installer",
        "noc",
    )


def test_a_team_that_nobody_asked_becomes_the_asker_when_it_passes_work_on(
    database: Database, in_force: Rulebook, made: int
) -> None:
    assert place(passed_on(database, in_force, made, NOC, "transmission")) == ("transmission", "noc")
    assert place(reported(database, in_force, made, TRANSMISSION, "fixed", cause="fibre")) == ("noc", None)


def test_the_evidence_chooses_between_rules_and_is_kept_with_the_decision(
    database: Database, in_force: Rulebook, made: int
) -> None:
    following = reported(database, in_force, made, NOC, "inside-plant", test_result="丢包率 12%", segment="routing")
    assert place(following) == ("data-network", "noc")
    first, second = journey(database, made)
    assert second.rule == "flows.fault.noc.inside-plant.data-or-routing"
    assert second.facts["known"]["segment"] == "routing"
    for row in (first, second):
        decision = in_force.decide(Facts(**row.facts))
        assert (decision.to, decision.rule) == (row.team, row.rule), "the decision can be made again from what was kept"


def test_a_system_fault_ruled_out_by_support_goes_to_noc(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = fault(database, in_force, script, symptom="account-system").ticket_id
    following = reported(database, in_force, made, SYSTEM_SUPPORT, "not-system", test_result="线路不通")
    assert place(following) == ("noc", "system-support")


def test_automatic_teams_have_no_asker_and_count_as_no_visit(database: Database, in_force: Rulebook, made: int) -> None:
    archived(database, in_force, made)
    rows = journey(database, made)
    assert [(row.team, row.asked_by, row.seq) for row in rows] == [
        ("noc", None, 1),
        ("archive", None, 2),
        ("callback-survey", None, 3),
    ]
    assert (ticket(database, made).hops, ticket(database, made).last_seq) == (1, 3)


def test_a_case_that_goes_round_goes_to_the_supervisor_and_ends_from_there(
    database: Database, hasty_in_force: Rulebook, script: Script
) -> None:
    made = fault(database, hasty_in_force, script).ticket_id
    for visit in range(1, hasty_in_force.limits.hops + 1):
        row = live(database, made)
        assert row is not None
        assert (row.team, row.hops) == ("noc", visit)
        passed_on(database, hasty_in_force, made, NOC, "noc")
    row = live(database, made)
    assert row is not None
    assert (row.team, row.rule) == ("supervisor", "limits.hops")
    ended = reported(
        database, hasty_in_force, made, SUPERVISOR, "settled", cause="none-found", remark="电话核实客户已能正常上网"
    )
    assert ended is not None
    assert ended.team == "archive"


def test_the_limit_holds_for_reports_and_for_handing_back_too(
    database: Database, hasty_in_force: Rulebook, script: Script
) -> None:
    for number, last in (("GZ1", "report"), ("GZ2", "hand back")):
        made = fault(database, hasty_in_force, script, number).ticket_id
        for _ in range(hasty_in_force.limits.hops - 2):
            passed_on(database, hasty_in_force, made, NOC, "noc")
        passed_on(database, hasty_in_force, made, NOC, "transmission")
        if last == "report":
            row = reported(database, hasty_in_force, made, TRANSMISSION, "not-ours", test_result="查不出原因")
        else:
            row = handed_back(database, hasty_in_force, made, TRANSMISSION)
        assert row is not None
        assert (row.team, row.rule) == ("supervisor", "limits.hops")


def test_a_case_that_comes_back_too_often_after_its_archive_goes_to_the_supervisor_and_then_ends(
    database: Database, hasty_in_force: Rulebook, script: Script
) -> None:
    made = fault(database, hasty_in_force, script).ticket_id

    def not_fixed(survey_hop: int) -> None:
        with database.write() as tx:
            closing.answer(tx, hasty_in_force, link(tx, survey_hop), "not-fixed", NOW)

    for reopened in range(hasty_in_force.limits.reopens):
        assert place(live(database, made)) == ("noc", None)
        not_fixed(archived(database, hasty_in_force, made))
        assert ticket(database, made).reopened == reopened + 1
    assert place(live(database, made)) == ("noc", None)
    not_fixed(archived(database, hasty_in_force, made))
    row = live(database, made)
    assert row is not None
    assert (row.team, row.rule) == ("supervisor", "limits.reopens")
    reported(
        database, hasty_in_force, made, SUPERVISOR, "settled", cause="none-found", remark="电话核实客户已能正常上网"
    )
    not_fixed(on_board(database, hasty_in_force, made))
    ended = ticket(database, made)
    assert (ended.state, ended.outcome, live(database, made)) == ("closed", "not-fixed", None)
    assert ended.reopened == hasty_in_force.limits.reopens + 1


def test_every_team_is_reached_by_passing_on_from_the_board_of_every_team_allowed_to(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = fault(database, in_force, script).ticket_id
    for team in ("system-support", "noc", "installer", "noc", "data-network", "transmission"):
        row = live(database, made)
        assert row is not None
        following = passed_on(database, in_force, made, MEMBER[row.team], team)
        assert following is not None
        assert following.team == team
    assert ticket(database, made).hops == 7
    assert [row.seq for row in journey(database, made)] == list(range(1, 8))


def test_the_supervisor_may_keep_passing_on_to_a_colleague_beyond_the_limit(
    database: Database, hasty_in_force: Rulebook, script: Script
) -> None:
    made = fault(database, hasty_in_force, script).ticket_id
    for _ in range(hasty_in_force.limits.hops):
        passed_on(database, hasty_in_force, made, NOC, "noc")
    hop_id = claimed(database, hasty_in_force, made, SUPERVISOR)
    with database.write() as tx:
        handling.end(tx, hasty_in_force, PassOn(hop_id, SUPERVISOR, "supervisor", "换班"), NOW)
    assert place(live(database, made))[0] == "supervisor"
