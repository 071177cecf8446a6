"""接单, 回单, 转派, 退回, 挂起, 放行: the acts of people on a hop, the roles that may do them, and the refusals."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from dispatch.domain.finding import Value
from dispatch.domain.roles import Actor, Role
from dispatch.domain.ticket import HOP_ENDS
from dispatch.errors import (
    AlreadyClaimed,
    BadEvidence,
    BadInput,
    DispatchError,
    HeldTooLong,
    IllegalMove,
    NobodyAsked,
    NotAllowed,
    NotFound,
    NotPassable,
    NotYours,
    UnknownFinding,
)
from dispatch.routing import loader
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables import tickets as t
from dispatch.tickets import followup, handling, timers
from dispatch.tickets.handling import Claim, End, GiveBack, HandBack, PassOn, Report
from tests.factories import (
    AGENT_10086,
    CLERK,
    FIXED_ON_SITE,
    INSTALLER,
    NOC,
    NOW,
    SUPERVISOR,
    SUPPORT,
    acts,
    all_roles_but,
    archived,
    claimed,
    dump,
    fault,
    forbidden,
    held,
    hop,
    live,
    live_id,
    on_board,
    quarantined,
    refused,
    reported,
    work,
)

HOUR = timedelta(hours=1)
QIAN = Actor("qian", Role.NOC)
OUTSIDE: dict[str, Value] = {"test-result": "-31 dBm"}


@pytest.fixture
def made(database: Database, in_force: Rulebook, script: Script) -> int:
    """A dispatched fault; its id."""
    return fault(database, in_force, script).ticket_id


@pytest.fixture
def waiting(database: Database, in_force: Rulebook, made: int) -> int:
    """The fault's hop on NOC's board."""
    return on_board(database, in_force, made)


@pytest.fixture
def in_hand(database: Database, in_force: Rulebook, made: int) -> int:
    """The fault's hop, claimed by zhao."""
    return claimed(database, in_force, made, NOC)


@pytest.fixture
def at_installer(database: Database, in_force: Rulebook, made: int) -> int:
    """The fault's hop, sent by NOC to the installers, waiting on their board."""
    reported(database, in_force, made, NOC, "outside-plant", test_result="-31 dBm")
    return on_board(database, in_force, made)


# -- claim ------------------------------------------------------------------------------------


def test_a_claimed_hop_is_due_at_the_end_of_its_service_level(
    database: Database, in_force: Rulebook, made: int, waiting: int
) -> None:
    with database.write() as tx:
        handling.claim(tx, in_force, Claim(waiting, NOC), NOW + HOUR)
    row = hop(database, waiting)
    assert (row.state, row.holder, row.claimed_at) == ("claimed", "zhao", NOW + HOUR)
    assert row.wake_at == NOW + 3 * HOUR
    last = acts(database, made)[-1]
    assert (last.act, last.actor, last.role, last.hop_id) == ("claim", "zhao", "noc", waiting)


def test_claiming_a_claimed_or_held_hop_is_refused_with_its_holders_name(
    database: Database, in_force: Rulebook, made: int, in_hand: int
) -> None:
    for _ in ("claimed", "held"):
        with refused(database, AlreadyClaimed, "zhao") as tx:
            handling.claim(tx, in_force, Claim(in_hand, QIAN), NOW)
        if hop(database, in_hand).state == "claimed":
            with database.write() as tx:
                handling.hold(tx, in_force, in_hand, NOW + HOUR, "等", NOC, NOW)


def test_a_hop_that_is_not_on_its_board_cannot_be_claimed(database: Database, in_force: Rulebook, made: int) -> None:
    hop_id = live_id(database, made)
    with refused(database, IllegalMove, "claim: it is due") as tx:
        handling.claim(tx, in_force, Claim(hop_id, NOC), NOW)
    with refused(database, NotFound) as tx:
        handling.claim(tx, in_force, Claim(999_999, NOC), NOW)
    reported(database, in_force, made, NOC, "outside-plant", test_result="-31 dBm")
    with refused(database, IllegalMove, "claim: it is reported") as tx:
        handling.claim(tx, in_force, Claim(hop_id, NOC), NOW)


def test_only_the_teams_members_claim(database: Database, in_force: Rulebook, waiting: int) -> None:
    def claim(tx: Tx, actor: Actor) -> None:
        handling.claim(tx, in_force, Claim(waiting, actor), NOW)

    assert forbidden(database, claim) == all_roles_but(Role.NOC)


def test_a_customers_survey_cannot_be_claimed(database: Database, in_force: Rulebook, made: int) -> None:
    survey = archived(database, in_force, made)
    with refused(database, NotAllowed, "automatic") as tx:
        handling.claim(tx, in_force, Claim(survey, AGENT_10086), NOW)


def test_one_of_two_people_who_claim_at_once_wins_and_the_other_is_told_who(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    rounds = 20
    made = [fault(database, in_force, script, f"GZ{n}").ticket_id for n in range(rounds)]
    work(database, in_force)
    start = threading.Barrier(2)

    def claim(person: str, hop_id: int) -> str:
        start.wait(10)
        try:
            with database.write() as tx:
                handling.claim(tx, in_force, Claim(hop_id, Actor(person, Role.NOC)), NOW)
        except AlreadyClaimed as lost:
            return f"lost to {lost.facts['holder']}"
        return "won"

    with ThreadPoolExecutor(2) as people:
        for ticket_id in made:
            hop_id = live_id(database, ticket_id)
            told = [each.result() for each in [people.submit(claim, person, hop_id) for person in ("zhao", "qian")]]
            holder = hop(database, hop_id).holder
            assert sorted(told) == [f"lost to {holder}", "won"]
            assert [act.actor for act in acts(database, ticket_id) if act.act == "claim"] == [holder]


# -- give back --------------------------------------------------------------------------------


def test_a_hop_given_back_waits_for_a_colleague_and_its_time_to_be_claimed_goes_on(
    database: Database, in_force: Rulebook, made: int, in_hand: int
) -> None:
    with database.write() as tx:
        handling.give_back(tx, in_force, GiveBack(in_hand, NOC, " 今天休息 "), NOW + timedelta(minutes=5))
    row = hop(database, in_hand)
    assert (row.state, row.holder, row.assignee, row.claimed_at) == ("waiting", None, None, None)
    level = in_force.teams["noc"].level
    assert level is not None
    assert row.wake_at == NOW + level.respond_within, "as if nobody had claimed it"
    last = acts(database, made)[-1]
    assert (last.act, last.actor, last.hop_id, last.detail["reason"]) == ("give back", "zhao", in_hand, "今天休息")
    with database.write() as tx:
        handling.claim(tx, in_force, Claim(in_hand, QIAN), NOW + HOUR)
    assert hop(database, in_hand).holder == "qian"


def test_a_hop_given_back_after_its_time_is_overdue_at_once_and_marked_no_second_time(
    database: Database, in_force: Rulebook, made: int, in_hand: int
) -> None:
    later = NOW + timedelta(days=2)
    for _ in range(2):
        with database.write() as tx:
            handling.give_back(tx, in_force, GiveBack(in_hand, NOC), later)
        with database.write() as tx:
            timers.fire_due_timers(tx, in_force, later, 10)
        assert (hop(database, in_hand).late, hop(database, in_hand).wake_at) == (True, None)
        with database.write() as tx:
            handling.claim(tx, in_force, Claim(in_hand, NOC), later)
    assert [act.act for act in acts(database, made)].count("overdue") == 1


def test_only_the_holder_gives_back_what_is_in_hand(database: Database, in_force: Rulebook, in_hand: int) -> None:
    with refused(database, NotYours, "zhao") as tx:
        handling.give_back(tx, in_force, GiveBack(in_hand, QIAN), NOW)
    with refused(database, BadInput, "no character that can be seen") as tx:
        handling.give_back(tx, in_force, GiveBack(in_hand, NOC, "\u200b"), NOW)

    def give_back(tx: Tx, actor: Actor) -> None:
        handling.give_back(tx, in_force, GiveBack(in_hand, replace(actor, name="zhao")), NOW)

    assert forbidden(database, give_back) == all_roles_but(Role.NOC)
    with database.write() as tx:
        handling.hold(tx, in_force, in_hand, NOW + HOUR, "等", NOC, NOW)
    with refused(database, IllegalMove, "give back: it is held") as tx:
        handling.give_back(tx, in_force, GiveBack(in_hand, NOC), NOW)


def test_what_nobody_has_in_hand_is_given_back_by_nobody(database: Database, in_force: Rulebook, waiting: int) -> None:
    with refused(database, IllegalMove, "claim it first") as tx:
        handling.give_back(tx, in_force, GiveBack(waiting, NOC), NOW)
    with refused(database, NotFound) as tx:
        handling.give_back(tx, in_force, GiveBack(999_999, NOC), NOW)


def test_network_service_support_gives_back_for_an_installer(
    database: Database, in_force: Rulebook, made: int, at_installer: int
) -> None:
    claimed(database, in_force, made, INSTALLER)
    with refused(database, NotAllowed) as tx:
        handling.give_back(tx, in_force, GiveBack(at_installer, SUPPORT), NOW)
    with database.write() as tx:
        handling.give_back(tx, in_force, GiveBack(at_installer, SUPPORT, on_behalf_of="li.wei"), NOW)
    last = acts(database, made)[-1]
    assert (hop(database, at_installer).holder, last.actor, last.on_behalf_of) == (None, "wang", "li.wei")


# -- report -----------------------------------------------------------------------------------


def test_a_report_ends_the_hop_with_its_evidence_and_makes_the_next_one_due(
    database: Database, in_force: Rulebook, made: int, in_hand: int
) -> None:
    with database.write() as tx:
        handling.end(tx, in_force, Report(in_hand, NOC, "outside-plant", {"test-result": " -31 dBm "}), NOW + HOUR)
        (before, following) = hops.of_tickets(tx, [made])
    assert (before.state, before.finding, before.evidence) == ("reported", "outside-plant", OUTSIDE)
    assert (before.ended_at, before.wake_at) == (NOW + HOUR, None)
    assert (following.team, following.state, following.wake_at) == ("installer", "due", NOW + HOUR)
    assert (following.asked_by, following.seq) == (in_hand, 2)
    last = acts(database, made)[-1]
    assert (last.act, last.detail["finding"], last.detail["to"]) == ("report", "outside-plant", "installer")


WRONG: list[tuple[End, type[DispatchError], str]] = [
    (Report(0, NOC, "line-fault"), UnknownFinding, "may report: fixed, inside-plant"),
    (Report(0, NOC, "outside-plant"), BadEvidence, "test-result .* is missing"),
    (Report(0, NOC, "outside-plant", {"test-result": "x", "colour": "y"}), BadEvidence, "colour: not asked"),
    (Report(0, NOC, "outside-plant", {"test-result": "  "}), BadEvidence, "is empty"),
    (Report(0, NOC, "outside-plant", {"test-result": "a\x00b"}), BadEvidence, "control characters"),
    (Report(0, NOC, "fixed", {"cause": "witchcraft"}), BadEvidence, "none of"),
    (Report(0, QIAN, "outside-plant", OUTSIDE), NotYours, "in the hands of zhao, not of qian"),
    (Report(0, INSTALLER, "outside-plant", OUTSIDE), NotAllowed, "installer"),
    (Report(0, SUPERVISOR, "outside-plant", OUTSIDE), NotAllowed, "supervisor"),
    (Report(0, SUPPORT, "outside-plant", OUTSIDE, on_behalf_of="zhao"), NotAllowed, "for zhao"),
    (HandBack(0, NOC, "x"), NobodyAsked, "no team asked"),
    (HandBack(0, QIAN, "x"), NotYours, "zhao"),
    (HandBack(0, CLERK, "x"), NotAllowed, "clerk"),
    (PassOn(0, NOC, "supervisor", "x"), NotPassable, "noc, system-support"),
    (PassOn(0, NOC, "moon", "x"), NotPassable, "moon"),
    (PassOn(0, NOC, "archive", "x"), NotPassable, "archive"),
    (PassOn(0, NOC, "installer", " "), BadInput, "reason is empty"),
    (PassOn(0, QIAN, "installer", "x"), NotYours, "zhao"),
    (PassOn(0, CLERK, "installer", "x"), NotAllowed, "clerk"),
]


def test_an_end_with_a_fault_is_refused_and_nothing_is_written(
    database: Database, in_force: Rulebook, in_hand: int
) -> None:
    for end, error, match in WRONG:
        with refused(database, error, match) as tx:
            handling.end(tx, in_force, replace(end, hop_id=in_hand), NOW)


def test_an_unclaimed_hop_is_not_ended_by_a_member(database: Database, in_force: Rulebook, waiting: int) -> None:
    for end in (Report(waiting, NOC, "outside-plant", OUTSIDE), PassOn(waiting, NOC, "noc", "x")):
        with refused(database, IllegalMove, "claim it first") as tx:
            handling.end(tx, in_force, end, NOW)


def test_a_held_hop_is_resumed_before_it_is_reported_or_handed_back(
    database: Database, in_force: Rulebook, made: int, at_installer: int
) -> None:
    held(database, in_force, made, INSTALLER, NOW + HOUR)
    with refused(database, IllegalMove, "report: it is held") as tx:
        handling.end(tx, in_force, Report(at_installer, INSTALLER, "fixed-on-site", FIXED_ON_SITE), NOW)
    with refused(database, IllegalMove, "hand back: it is held") as tx:
        handling.end(tx, in_force, HandBack(at_installer, INSTALLER, "x"), NOW)


def test_network_service_support_claims_and_reports_for_an_installer_and_history_names_both(
    database: Database, in_force: Rulebook, made: int, at_installer: int
) -> None:
    with database.write() as tx:
        handling.claim(tx, in_force, Claim(at_installer, SUPPORT, on_behalf_of="li.wei"), NOW)
    assert hop(database, at_installer).holder == "li.wei"
    for_another = Report(at_installer, SUPPORT, "fixed-on-site", FIXED_ON_SITE, on_behalf_of="zhou")
    with refused(database, NotYours, "li.wei, not of zhou") as tx:
        handling.end(tx, in_force, for_another, NOW)
    with refused(database, NotAllowed, "network-service-support") as tx:
        handling.end(tx, in_force, Report(at_installer, SUPPORT, "fixed-on-site", FIXED_ON_SITE), NOW)
    with database.write() as tx:
        report = Report(at_installer, SUPPORT, "fixed-on-site", FIXED_ON_SITE, on_behalf_of="li.wei")
        handling.end(tx, in_force, report, NOW)
    told = [(act.act, act.actor, act.role, act.on_behalf_of) for act in acts(database, made)[-2:]]
    assert told == [(act, "wang", "network-service-support", "li.wei") for act in ("claim", "report")]


def test_an_installer_files_their_own_report_but_no_colleagues(
    database: Database, in_force: Rulebook, at_installer: int
) -> None:
    with refused(database, NotAllowed) as tx:
        handling.claim(tx, in_force, Claim(at_installer, INSTALLER, on_behalf_of="zhou"), NOW)


# -- bulk forms -------------------------------------------------------------------------------


def test_a_batch_does_its_good_claims_and_ends_and_tells_each_bad_one_its_fault(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = [fault(database, in_force, script, f"GZ{n}").ticket_id for n in range(6)]
    work(database, in_force)
    ids = [live_id(database, ticket_id) for ticket_id in made]
    with database.write() as tx:
        handling.claim(tx, in_force, Claim(ids[0], QIAN), NOW)
    with database.write() as tx:
        claims = [*(Claim(hop_id, NOC) for hop_id in ids[:4]), Claim(ids[4], CLERK), Claim(999_999, NOC)]
        refusals = handling.claim_many(tx, in_force, claims, NOW)
    assert {hop_id: wrong.code for hop_id, wrong in refusals.items()} == {
        ids[0]: "already-claimed",
        ids[4]: "not-allowed",
        999_999: "not-found",
    }
    ends: list[Report | PassOn | HandBack] = [
        Report(ids[0], NOC, "outside-plant", OUTSIDE),
        Report(ids[1], NOC, "outside-plant", OUTSIDE),
        Report(ids[2], NOC, "outside-plant"),
        PassOn(ids[3], NOC, "data-network", "路由"),
        PassOn(ids[5], SUPERVISOR, "installer", "催"),  # from the board, as a supervisor may
        HandBack(ids[4], NOC, "x"),
    ]
    with database.write() as tx:
        refusals = handling.end_many(tx, in_force, ends, NOW)
    assert {hop_id: wrong.code for hop_id, wrong in refusals.items()} == {
        ids[0]: "not-yours",
        ids[2]: "bad-evidence",
        ids[4]: "illegal-move",
    }
    teams = [row and row.team for row in (live(database, ticket_id) for ticket_id in made)]
    assert teams == ["noc", "installer", "noc", "data-network", "noc", "installer"]


def test_a_hop_that_can_no_longer_move_does_not_spoil_a_supervisors_batch(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = [fault(database, in_force, script, f"GZ{n}").ticket_id for n in range(2)]
    first, second = (on_board(database, in_force, ticket_id) for ticket_id in made)
    with database.write() as tx:
        followup.withdraw(tx, made[0], "好了", CLERK, NOW)
        refusals = handling.end_many(
            tx, in_force, [PassOn(hop_id, SUPERVISOR, "installer", "催") for hop_id in (first, second)], NOW
        )
    assert {hop_id: wrong.code for hop_id, wrong in refusals.items()} == {first: "illegal-move"}
    assert hop(database, second).state == "passed-on"


def test_a_hop_named_twice_in_a_batch_is_refused_with_the_whole_batch(
    database: Database, in_force: Rulebook, waiting: int
) -> None:
    with refused(database, BadInput, "twice") as tx:
        handling.claim_many(tx, in_force, [Claim(waiting, NOC), Claim(waiting, QIAN)], NOW)
    with refused(database, BadInput, "twice") as tx:
        handling.end_many(tx, in_force, [PassOn(waiting, SUPERVISOR, "noc", "x")] * 2, NOW)


def test_empty_batches_do_nothing(database: Database, in_force: Rulebook) -> None:
    before = dump(database)
    with database.write() as tx:
        assert handling.claim_many(tx, in_force, [], NOW) == {}
        assert handling.end_many(tx, in_force, [], NOW) == {}
    assert dump(database) == before


def test_one_report_that_the_rules_lead_nowhere_legal_is_refused_alone(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    """Rules may end a case before its archive, which its life doesn't allow."""
    odd = in_force.text.replace("        outside-plant: installer", "        outside-plant: end", 1)
    rules = replace(in_force, flows=loader.parse(odd, "odd.yaml").flows)
    made = [fault(database, in_force, script, f"GZ{number}").ticket_id for number in range(20)]
    rows = [claimed(database, in_force, ticket_id, NOC) for ticket_id in made]
    ends = [Report(row, NOC, "fixed", {"cause": "fibre"}) for row in rows]
    ends[7] = Report(rows[7], NOC, "outside-plant", {"test-result": "查不出原因"})
    with database.write() as tx:
        refusals = handling.end_many(tx, rules, ends, NOW)
    assert list(refusals) == [rows[7]]
    assert isinstance(refusals[rows[7]], IllegalMove)
    teams = [live(database, ticket_id) for ticket_id in made]
    assert [row.team for row in teams if row] == ["noc" if number == 7 else "archive" for number in range(20)]


# -- the supervisor ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["waiting", "claimed", "held"])
def test_a_supervisor_passes_on_any_hop_on_a_board_whoever_holds_it(
    database: Database, in_force: Rulebook, made: int, state: str
) -> None:
    bring: dict[str, Callable[[], int]] = {
        "waiting": lambda: on_board(database, in_force, made),
        "claimed": lambda: claimed(database, in_force, made, NOC),
        "held": lambda: held(database, in_force, made, NOC, NOW + HOUR),
    }
    hop_id = bring[state]()
    with database.write() as tx:
        handling.end(tx, in_force, PassOn(hop_id, SUPERVISOR, "noc", "人不在"), NOW + HOUR / 2)
    row = hop(database, hop_id)
    assert (row.state, row.reason) == ("passed-on", "人不在")
    assert row.held_seconds == (1800 if state == "held" else 0)
    assert live_id(database, made) != hop_id


def test_even_a_supervisor_cannot_pass_on_a_hop_under_way(database: Database, in_force: Rulebook, made: int) -> None:
    with refused(database, IllegalMove, "pass on: it is due") as tx:
        handling.end(tx, in_force, PassOn(live_id(database, made), SUPERVISOR, "noc", "x"), NOW)


def test_a_person_releases_a_hop_from_the_quarantine_and_it_is_tried_afresh(
    database: Database, in_force: Rulebook, made: int
) -> None:
    hop_id = quarantined(database, made)
    assert hop(database, hop_id).state == "quarantined"
    with database.write() as tx:
        handling.release(tx, hop_id, SUPERVISOR, NOW)
    row = hop(database, hop_id)
    assert (row.state, row.failures, row.wake_at) == ("due", 0, NOW)
    assert acts(database, made)[-1].detail == {"failure": "noc.line-test: OSError"}
    assert on_board(database, in_force, made) == hop_id
    with refused(database, IllegalMove, "release: it is waiting") as tx:
        handling.release(tx, hop_id, SUPERVISOR, NOW)
    with refused(database, NotFound) as tx:
        handling.release(tx, 999_999, SUPERVISOR, NOW)


def test_only_supervisors_and_ops_release(database: Database, in_force: Rulebook, made: int) -> None:
    hop_id = quarantined(database, made)
    assert forbidden(database, lambda tx, actor: handling.release(tx, hop_id, actor, NOW)) == all_roles_but(
        Role.SUPERVISOR, Role.OPS
    )


# -- hold and resume ---------------------------------------------------------------------------


def test_a_hold_ended_by_hand_does_not_count_against_its_holder(
    database: Database, in_force: Rulebook, made: int, in_hand: int
) -> None:
    with database.write() as tx:
        handling.hold(tx, in_force, in_hand, NOW + 5 * HOUR, "等客户", NOC, NOW + HOUR)
        handling.resume(tx, in_force, in_hand, NOC, NOW + 4 * HOUR)
        handling.hold(tx, in_force, in_hand, NOW + 6 * HOUR, "又等", NOC, NOW + 4 * HOUR)
        handling.resume(tx, in_force, in_hand, NOC, NOW + 5 * HOUR)
    row = hop(database, in_hand)
    assert (row.state, row.held_at, row.held_seconds) == ("claimed", None, 4 * 3600)
    assert row.wake_at == NOW + 6 * HOUR  # two hours of its own, four on hold
    assert [act.act for act in acts(database, made)[-4:]] == ["hold", "resume"] * 2


def test_a_hop_claimed_late_is_still_watched_after_a_hold(
    database: Database, in_force: Rulebook, made: int, waiting: int
) -> None:
    with database.write() as tx:
        tx.execute(update(t.hop).where(t.hop.c.id == waiting).values(late=True))
        handling.claim(tx, in_force, Claim(waiting, NOC), NOW + HOUR)
        handling.hold(tx, in_force, waiting, NOW + 3 * HOUR, "等", NOC, NOW + HOUR)
        handling.resume(tx, in_force, waiting, NOC, NOW + 2 * HOUR)
    assert hop(database, waiting).wake_at == NOW + 4 * HOUR


def test_a_hold_ends_in_the_future_and_within_its_limit(database: Database, in_force: Rulebook, in_hand: int) -> None:
    for until in (-HOUR, timedelta(), timedelta(days=30, seconds=1)):
        with refused(database, HeldTooLong, "within 30d") as tx:
            handling.hold(tx, in_force, in_hand, NOW + until, "x", NOC, NOW)


def test_only_its_holder_holds_and_resumes_a_hop(
    database: Database, in_force: Rulebook, made: int, waiting: int
) -> None:
    until = NOW + HOUR
    with refused(database, IllegalMove, "claim it first") as tx:
        handling.hold(tx, in_force, waiting, until, "x", NOC, NOW)
    with database.write() as tx:
        handling.claim(tx, in_force, Claim(waiting, NOC), NOW)
    with refused(database, NotYours) as tx:
        handling.hold(tx, in_force, waiting, until, "x", QIAN, NOW)
    with refused(database, BadInput, "reason is empty") as tx:
        handling.hold(tx, in_force, waiting, until, "", NOC, NOW)
    with refused(database, IllegalMove, "resume: it is claimed") as tx:
        handling.resume(tx, in_force, waiting, NOC, NOW)
    with refused(database, NotFound) as tx:
        handling.hold(tx, in_force, 999_999, until, "x", NOC, NOW)
    assert forbidden(
        database, lambda tx, actor: handling.hold(tx, in_force, waiting, until, "x", actor, NOW)
    ) == all_roles_but(Role.NOC)
    with database.write() as tx:
        handling.hold(tx, in_force, waiting, until, "x", NOC, NOW)
    with refused(database, IllegalMove, "hold: it is held") as tx:
        handling.hold(tx, in_force, waiting, until, "x", NOC, NOW)
    with refused(database, NotYours) as tx:
        handling.resume(tx, in_force, waiting, QIAN, NOW)
    assert forbidden(database, lambda tx, actor: handling.resume(tx, in_force, waiting, actor, NOW)) == all_roles_but(
        Role.NOC
    )


def test_a_hop_that_has_ended_stays_as_it_is(database: Database, in_force: Rulebook, made: int, in_hand: int) -> None:
    with database.write() as tx:
        handling.end(tx, in_force, Report(in_hand, NOC, "outside-plant", OUTSIDE), NOW)
    assert hop(database, in_hand).state in HOP_ENDS
    for end in (
        Report(in_hand, NOC, "outside-plant", OUTSIDE),
        PassOn(in_hand, NOC, "noc", "x"),
        PassOn(in_hand, SUPERVISOR, "noc", "x"),
        HandBack(in_hand, NOC, "x"),
    ):
        with refused(database, IllegalMove, "it is reported") as tx:
            handling.end(tx, in_force, end, NOW)
    with refused(database, IllegalMove, "it is reported") as tx:
        handling.hold(tx, in_force, in_hand, NOW + HOUR, "x", NOC, NOW)
