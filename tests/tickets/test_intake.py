"""受理: a report is dispatched, ended on the phone, passed between the hotlines, or refused with nothing written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dispatch.domain.roles import Actor, Role
from dispatch.errors import (
    BadAnswer,
    BadInput,
    DispatchError,
    DuplicateFault,
    IllegalMove,
    NotAllowed,
    NotFound,
    UnknownAccount,
    UnknownSymptom,
)
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts
from dispatch.storage.database import Database
from dispatch.tickets import intake
from dispatch.tickets.intake import AcceptedReport, FaultReport
from tests.factories import (
    AGENT_10050,
    AGENT_10086,
    CLERK,
    INSTALLER,
    MANAGER,
    NOT_SOLVED,
    NOW,
    SOLVED,
    account,
    acts,
    all_roles_but,
    dump,
    fault,
    forbidden,
    journey,
    live,
    refused,
    ticket,
)

GOOD = FaultReport("GZ1", "no-internet", "断网")


@pytest.fixture
def gz1(database: Database) -> str:
    return account(database)


def submit(
    database: Database, rulebook: Rulebook, script: Script, report: FaultReport = GOOD, actor: Actor = CLERK
) -> AcceptedReport:
    with database.write() as tx:
        return intake.submit(tx, rulebook, script, report, actor, NOW)


def submit_many(
    database: Database, rulebook: Rulebook, script: Script, *reports: FaultReport
) -> list[AcceptedReport | DispatchError]:
    with database.write() as tx:
        return intake.submit_many(tx, rulebook, script, reports, CLERK, NOW)


@pytest.fixture
def transferred(database: Database, in_force: Rulebook, script: Script, gz1: str) -> int:
    """A fault reported at 10050 and transferred to 10086; the ticket's id."""
    taken = submit(database, in_force, script, replace(GOOD, description="晚上断网"), AGENT_10050)
    with database.write() as tx:
        intake.transfer(tx, taken.ticket_id, "已重启光猫", AGENT_10050, NOW)
    return taken.ticket_id


@pytest.mark.parametrize(
    ("symptom", "team"), [("no-internet", "noc"), ("account-system", "system-support")], ids=["network", "system"]
)
def test_a_report_becomes_a_ticket_whose_first_hop_is_due_at_the_rules_first_team(
    database: Database, in_force: Rulebook, script: Script, gz1: str, symptom: str, team: str
) -> None:
    made = submit(database, in_force, script, replace(GOOD, symptom=symptom, priority=1))
    (first,) = journey(database, made.ticket_id)
    assert (made.number, made.state, made.repeated) == (f"F{made.ticket_id:08d}", "open", False)
    assert (first.team, first.state, first.seq, first.generation, first.wake_at) == (team, "due", 1, 0, NOW)
    assert (first.rulebook, first.asked_by) == (in_force.version, None)
    assert first.facts["known"] == {
        "category": "network" if team == "noc" else "system",
        "channel": "counter",
        "symptom": symptom,
        "priority": 1,
        "area": "tianhe",
    }
    row = ticket(database, made.ticket_id)
    assert (row.hops, row.last_seq, row.area, row.priority) == (1, 1, "tianhe", 1)


@pytest.mark.parametrize(
    ("actor", "channel"),
    [
        (CLERK, "counter"),
        (MANAGER, "community-manager"),
        (AGENT_10086, "hotline-10086"),
        (AGENT_10050, "hotline-10050"),
    ],
    ids=lambda value: getattr(value, "role", ""),
)
def test_a_reports_channel_is_that_of_its_taker(
    database: Database, in_force: Rulebook, script: Script, gz1: str, actor: Actor, channel: str
) -> None:
    made = submit(database, in_force, script, replace(GOOD, answers=NOT_SOLVED), actor)
    assert ticket(database, made.ticket_id).channel == channel


def test_a_category_given_by_the_taker_overrides_the_symptom_s(
    database: Database, in_force: Rulebook, script: Script, gz1: str
) -> None:
    made = submit(database, in_force, script, replace(GOOD, category="system"))
    (first,) = journey(database, made.ticket_id)
    assert first.team == "system-support"


def test_a_fault_solved_on_the_phone_is_a_counted_ticket_that_ended_without_a_hop(
    database: Database, in_force: Rulebook, script: Script, gz1: str
) -> None:
    made = submit(database, in_force, script, replace(GOOD, answers=SOLVED), AGENT_10086)
    row = ticket(database, made.ticket_id)
    assert (row.state, row.outcome, row.ended_at, row.hops) == ("solved", "solved", NOW, 0)
    assert journey(database, made.ticket_id) == []
    (act,) = acts(database, made.ticket_id)
    assert (act.act, act.actor, act.detail["answers"]) == ("solve", "he", [list(pair) for pair in SOLVED])
    assert submit(database, in_force, script).state == "open", "what ended is no duplicate"


WRONG: list[tuple[dict[str, Any], type[DispatchError], str]] = [
    ({"account": "nobody"}, UnknownAccount, "nobody"),
    ({"symptom": "hiccups"}, UnknownSymptom, "hiccups"),
    ({"description": " \n"}, BadInput, "description is empty"),
    ({"description": "字" * 2_001}, BadInput, "2001 characters"),
    ({"description": "断\x00网"}, BadInput, "control characters"),
    ({"description": "断\udcff网"}, BadInput, "control characters"),
    ({"priority": 0}, BadInput, "priority 0"),
    ({"priority": 5}, BadInput, "priority 5"),
    ({"category": "weather"}, BadInput, "weather"),
    ({"answers": (("lights", "red"),)}, BadAnswer, "account-state"),
    ({"answers": (("account-state", "purple"),)}, BadAnswer, "purple"),
    ({"answers": (*SOLVED, ("lights", "red"))}, BadAnswer, "nothing more"),
    ({"answers": NOT_SOLVED[:1]}, BadInput, "isn't finished"),
    ({"request_key": "k" * 121}, BadInput, "request key"),
]


def test_a_report_with_a_fault_is_refused_and_nothing_is_written(
    database: Database, in_force: Rulebook, script: Script, gz1: str
) -> None:
    for wrong, error, match in WRONG:
        with refused(database, error, match) as tx:
            intake.submit(tx, in_force, script, replace(GOOD, **wrong), CLERK, NOW)


def test_a_10086_agent_must_complete_pre_handling(
    database: Database, in_force: Rulebook, script: Script, gz1: str
) -> None:
    with refused(database, BadInput, "answer account-state") as tx:
        intake.submit(tx, in_force, script, GOOD, AGENT_10086, NOW)


def test_only_the_desk_takes_reports(database: Database, in_force: Rulebook, script: Script, gz1: str) -> None:
    assert forbidden(database, lambda tx, actor: intake.submit(tx, in_force, script, GOOD, actor, NOW)) == (
        all_roles_but(Role.AGENT_10050, Role.AGENT_10086, Role.CLERK, Role.COMMUNITY_MANAGER)
    )


# -- duplicates and repeated requests ----------------------------------------------------------


def test_a_second_fault_on_an_account_is_refused_with_the_firsts_number_unless_confirmed(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    first = fault(database, in_force, script)
    with refused(database, DuplicateFault, first.number) as tx:
        intake.submit(tx, in_force, script, GOOD, CLERK, NOW)
    assert submit(database, in_force, script, replace(GOOD, despite_duplicate=True)).ticket_id != first.ticket_id


def test_a_repeated_request_gives_the_same_ticket_and_writes_nothing(
    database: Database, in_force: Rulebook, script: Script, gz1: str
) -> None:
    keyed = replace(GOOD, request_key="web/1")
    first = submit(database, in_force, script, keyed)
    before = dump(database)
    again = submit(database, in_force, script, replace(keyed, despite_duplicate=True))
    assert (again.ticket_id, again.repeated, first.repeated) == (first.ticket_id, True, False)
    assert dump(database) == before


def test_a_request_that_occurs_twice_in_a_batch_makes_one_ticket(
    database: Database, in_force: Rulebook, script: Script, gz1: str
) -> None:
    keyed = replace(GOOD, request_key="web/1", despite_duplicate=True)
    one, two, other = submit_many(database, in_force, script, keyed, keyed, replace(keyed, request_key=""))
    assert isinstance(one, AcceptedReport)
    assert two == replace(one, repeated=True)
    assert isinstance(other, AcceptedReport)
    assert other.ticket_id != one.ticket_id


def test_an_empty_request_key_counts_as_none(database: Database, in_force: Rulebook, script: Script, gz1: str) -> None:
    empty = replace(GOOD, request_key="", despite_duplicate=True)
    assert submit(database, in_force, script, empty) != submit(database, in_force, script, empty)


def test_a_batch_takes_its_good_reports_and_tells_each_bad_one_its_fault_in_its_place(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    for n in range(1, 5):
        account(database, f"GZ{n}")
    before = dump(database)
    told = submit_many(
        database,
        in_force,
        script,
        replace(GOOD, account="nobody"),
        replace(GOOD, account="GZ2"),
        replace(GOOD, symptom="hiccups"),
        replace(GOOD, account="GZ3", answers=SOLVED),
        replace(GOOD, account="GZ2"),
        replace(GOOD, account="GZ3"),
        replace(GOOD, account="GZ4", priority=9),
    )
    assert [each.code if isinstance(each, DispatchError) else each.state for each in told] == [
        "unknown-account",
        "open",
        "unknown-symptom",
        "solved",
        "duplicate-fault",
        "open",
        "bad-input",
    ]
    after = dump(database)
    assert len(after["ticket"]) - len(before["ticket"]) == 3
    assert len(after["hop"]) == 2
    assert len(after["history"]) == 3


def test_an_empty_batch_makes_no_tickets(database: Database, in_force: Rulebook, script: Script) -> None:
    assert submit_many(database, in_force, script) == []


def test_a_batch_by_a_role_that_takes_no_reports_is_refused_whole(
    database: Database, in_force: Rulebook, script: Script, gz1: str
) -> None:
    with refused(database, NotAllowed) as tx:
        intake.submit_many(tx, in_force, script, [GOOD], INSTALLER, NOW)


# -- 10050 → 10086 ----------------------------------------------------------------------------


def test_answers_given_at_10050_reach_10086_and_need_not_be_repeated(
    database: Database, in_force: Rulebook, script: Script, transferred: int
) -> None:
    row = ticket(database, transferred)
    assert (row.state, row.description, row.channel) == ("transferred", "晚上断网", "hotline-10050")
    assert live(database, transferred) is None, "nobody is sent before it is judged"
    with database.write() as tx:
        taken = intake.take_over(tx, in_force, script, transferred, NOT_SOLVED, AGENT_10086, NOW + timedelta(minutes=3))
    row = ticket(database, transferred)
    assert (taken.ticket_id, taken.state, row.description) == (transferred, "open", "晚上断网")
    assert (row.channel, row.script) == ("hotline-10086", [list(pair) for pair in NOT_SOLVED])
    (first,) = journey(database, transferred)
    assert (first.team, first.made_at) == ("noc", NOW + timedelta(minutes=3))
    told = [(act.act, act.actor, act.detail.get("said")) for act in acts(database, transferred)]
    assert told == [("report", "lin", None), ("transfer", "lin", "已重启光猫"), ("open", "he", None)]


def test_the_10086_agent_may_solve_a_transferred_report_on_the_phone(
    database: Database, in_force: Rulebook, script: Script, transferred: int
) -> None:
    with database.write() as tx:
        taken = intake.take_over(tx, in_force, script, transferred, SOLVED, AGENT_10086, NOW)
    row = ticket(database, transferred)
    assert (taken.state, row.outcome, row.ended_at, live(database, transferred)) == ("solved", "solved", NOW, None)


def test_a_report_outside_the_desks_business_is_referred_with_the_reason(
    database: Database, in_force: Rulebook, script: Script, transferred: int
) -> None:
    with database.write() as tx:
        intake.refer(tx, transferred, "是联通的宽带", AGENT_10086, NOW)
    row = ticket(database, transferred)
    assert (row.state, row.outcome, row.ended_at) == ("referred", "referred", NOW)
    assert acts(database, transferred)[-1].detail == {"reason": "是联通的宽带"}


def test_a_take_over_with_a_fault_is_refused_and_nothing_is_written(
    database: Database, in_force: Rulebook, script: Script, transferred: int
) -> None:
    with refused(database, BadInput, "isn't finished") as tx:
        intake.take_over(tx, in_force, script, transferred, NOT_SOLVED[:2], AGENT_10086, NOW)
    with refused(database, BadAnswer) as tx:
        intake.take_over(tx, in_force, script, transferred, (("lights", "red"),), AGENT_10086, NOW)
    with refused(database, NotFound) as tx:
        intake.take_over(tx, in_force, script, 999, NOT_SOLVED, AGENT_10086, NOW)
    with refused(database, BadInput, "reason is empty") as tx:
        intake.refer(tx, transferred, " ", AGENT_10086, NOW)
    with refused(database, NotFound) as tx:
        intake.transfer(tx, 999, "x", AGENT_10050, NOW)


def test_a_dispatched_report_is_neither_transferred_nor_referred_nor_taken_over(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = fault(database, in_force, script).ticket_id
    with refused(database, IllegalMove, "transfer: it is open") as tx:
        intake.transfer(tx, made, "x", AGENT_10050, NOW)
    with refused(database, IllegalMove, "refer") as tx:
        intake.refer(tx, made, "x", AGENT_10050, NOW)
    with refused(database, IllegalMove, "open") as tx:
        intake.take_over(tx, in_force, script, made, NOT_SOLVED, AGENT_10086, NOW)


def test_each_hotline_may_do_only_its_own_part(
    database: Database, in_force: Rulebook, script: Script, transferred: int
) -> None:
    assert forbidden(database, lambda tx, actor: intake.transfer(tx, transferred, "x", actor, NOW)) == all_roles_but(
        Role.AGENT_10050
    )
    assert forbidden(database, lambda tx, actor: intake.refer(tx, transferred, "x", actor, NOW)) == all_roles_but(
        Role.AGENT_10050, Role.AGENT_10086
    )
    assert forbidden(
        database, lambda tx, actor: intake.take_over(tx, in_force, script, transferred, SOLVED, actor, NOW)
    ) == all_roles_but(Role.AGENT_10086)


def test_known_accounts_are_left_unchanged(database: Database, gz1: str) -> None:
    with database.write() as tx:
        assert accounts.enter_existing(tx, [("GZ1", "yuexiu", "13900139000"), ("GZ2", "yuexiu", "1")], CLERK, NOW) == 1
        assert accounts.by_numbers(tx, ["GZ1"])["GZ1"].area == "tianhe"
