"""归档, 回访, 重派: the record that can't be changed unnoticed, and the customer's survey."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from dispatch.domain.roles import Role
from dispatch.domain.ticket import HopState
from dispatch.errors import BadInput, IllegalMove, NotFound, SurveyOver
from dispatch.reports import lists
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import archive, hops, survey_links, surveys
from dispatch.storage.database import Database
from dispatch.storage.outbox import Pair
from dispatch.storage.tables import tickets as t
from dispatch.storage.tables.tickets import archive_record, survey, survey_attempt
from dispatch.tickets import closing, next_hop, timers
from tests.factories import (
    AGENT_10086,
    LEASE,
    NOC,
    NOW,
    SURVEYS,
    account,
    acts,
    all_roles_but,
    archived,
    fault,
    forbidden,
    hop,
    journey,
    live,
    live_id,
    on_board,
    refused,
    reported,
    ticket,
    token,
)

DAY = timedelta(days=1)


@pytest.fixture
def made(database: Database, in_force: Rulebook, script: Script) -> int:
    """A dispatched fault; its id."""
    return fault(database, in_force, script).ticket_id


@pytest.fixture
def asked(database: Database, in_force: Rulebook, made: int) -> int:
    """The fault's survey, waiting for the customer's answer; the hop's id."""
    return archived(database, in_force, made)


def answer(database: Database, rulebook: Rulebook, link: str, finding: str, now: datetime = NOW) -> None:
    with database.write() as tx:
        closing.answer(tx, rulebook, link, finding, now)


def in_flight(database: Database, rulebook: Rulebook, ticket_id: int) -> Pair:
    """The survey of a case whose message is being sent: received and prepared, not confirmed."""
    reported(database, rulebook, ticket_id, NOC, "fixed", cause="configuration")
    with database.write() as tx:
        sent = hops.take_due(tx, NOW, LEASE, 9, ["archive"])
        pairs = hops.receive(tx, [each.pair for each in sent], NOW, LEASE)
        following = next_hop.write_changes(
            tx, closing.archive(tx, rulebook, hops.lock_received(tx, pairs), NOW, SURVEYS)
        )
        (pair,) = hops.receive(tx, [each.pair for each in following], NOW, LEASE)
        surveys.open_surveys(tx, [pair[0]], NOW)
    return pair


# -- the record --------------------------------------------------------------------------------


def test_the_record_holds_the_whole_journey_and_the_time_that_each_team_took(
    database: Database, in_force: Rulebook, made: int
) -> None:
    hop_id = on_board(database, in_force, made, NOW + timedelta(minutes=1))
    now = NOW + timedelta(minutes=11)
    reported(database, in_force, made, NOC, "fixed", now, cause="configuration")
    on_board(database, in_force, made, now)
    with database.read() as tx:
        (record,) = archive.records(tx, made)
    content = json.loads(record.content)
    assert (record.round, record.archived_at) == (0, now)
    assert content["ticket"]["id"] == made
    assert [each["team"] for each in content["hops"]] == ["noc", "archive"]
    assert content["hops"][0]["id"] == hop_id
    assert [each["act"] for each in content["history"]] == ["open", "claim", "report"]
    assert content["seconds_by_team"]["noc"] == {"queued": 60, "waiting": 600, "in_hand": 0, "held": 0}


def test_the_records_hash_is_that_of_its_text_and_shows_any_change(database: Database, asked: int) -> None:
    with database.read() as tx:
        content, sha256 = tx.execute(select(archive_record.c.content, archive_record.c.sha256)).one()
    assert closing.digest(content) == sha256
    assert content == json.dumps(json.loads(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for place in range(0, len(content), 97):
        forged = content[:place] + chr(ord(content[place]) ^ 1) + content[place + 1 :]
        assert closing.digest(forged) != sha256


def test_an_archived_case_is_not_archived_again(database: Database, in_force: Rulebook, asked: int) -> None:
    with refused(database, IllegalMove, "archive: it is archived") as tx:
        next_hop.write_changes(tx, closing.archive(tx, in_force, list(hops.lock(tx, [asked]).values()), NOW))


def test_archiving_carries_the_survey_on_its_way_with_its_own_lease(
    database: Database, in_force: Rulebook, made: int
) -> None:
    reported(database, in_force, made, NOC, "fixed", cause="configuration")
    with database.write() as tx:
        pairs = hops.receive(tx, [each.pair for each in hops.take_due(tx, NOW, LEASE, 9, ["archive"])], NOW, LEASE)
        (following,) = next_hop.write_changes(
            tx, closing.archive(tx, in_force, hops.lock_received(tx, pairs), NOW, SURVEYS)
        )
    row = hop(database, following.id)
    assert (row.team, row.state, row.generation, row.wake_at) == ("callback-survey", "sent", 1, NOW + LEASE)
    assert (following.pair, following.kind, following.ticket_id) == ((row.id, 1), "fault", made)
    assert ticket(database, made).state == "archived"
    with database.write() as tx:
        (again,) = hops.take_due(tx, NOW + LEASE, LEASE, 9, ["callback-survey"])
        assert again.id == following.id, "a chain that died is sent again"
        assert next_hop.write_changes(tx, closing.archive(tx, in_force, [], NOW)) == []


# -- the customer's answer ----------------------------------------------------------------------


@pytest.mark.parametrize("finding", ["satisfied", "unreachable"])
def test_an_answer_closes_the_case(database: Database, in_force: Rulebook, made: int, asked: int, finding: str) -> None:
    answer(database, in_force, token(database, asked), finding, NOW + DAY)
    row = ticket(database, made)
    assert (row.state, row.outcome, row.ended_at) == ("closed", finding, NOW + DAY)
    assert live(database, made) is None
    last = acts(database, made)[-1]
    assert (last.act, last.actor, last.role, last.detail["finding"]) == ("finish", "customer", "customer", finding)
    with database.read() as tx:
        kept = surveys.by_hop(tx, asked)
    assert kept is not None
    assert (kept.answer, kept.answered_at) == (finding, NOW + DAY)


def test_not_fixed_opens_the_case_again_and_each_archive_has_its_record(
    database: Database, in_force: Rulebook, made: int, asked: int
) -> None:
    answer(database, in_force, token(database, asked), "not-fixed")
    row, again = ticket(database, made), live(database, made)
    assert again is not None
    assert (row.state, row.reopened, again.team, again.asked_by) == ("open", 1, "noc", None)
    second = archived(database, in_force, made)
    assert token(database, second) != token(database, asked)
    answer(database, in_force, token(database, second), "satisfied")
    with database.read() as tx:
        rounds = [(each.round, closing.digest(each.content) == each.sha256) for each in archive.records(tx, made)]
    assert rounds == [(0, True), (1, True)]


def test_a_survey_is_answered_once(database: Database, in_force: Rulebook, made: int, asked: int) -> None:
    link = token(database, asked)
    answer(database, in_force, link, "satisfied")
    for finding in ("satisfied", "not-fixed"):
        with refused(database, SurveyOver) as tx:
            closing.answer(tx, in_force, link, finding, NOW)
    with refused(database, SurveyOver) as tx:
        closing.answer_by_phone(tx, in_force, made, "satisfied", AGENT_10086, NOW)


def test_a_wrong_link_or_a_wrong_answer_is_refused(database: Database, in_force: Rulebook, asked: int) -> None:
    link = token(database, asked)
    with refused(database, NotFound, "no survey with this link") as tx:
        closing.answer(tx, in_force, link[:-1] + ("a" if link[-1] != "a" else "b"), "satisfied", NOW)
    with refused(database, NotFound) as tx:
        closing.answer(tx, in_force, "", "satisfied", NOW)
    with refused(database, BadInput, "choose from satisfied, dissatisfied, not-fixed, unreachable") as tx:
        closing.answer(tx, in_force, link, "fixed", NOW)


def test_a_survey_link_cannot_be_guessed(database: Database, asked: int) -> None:
    assert len(token(database, asked)) >= 16  # 96 bits; a longer one leaves a message no room


def test_a_batch_counts_its_good_answers_tells_each_bad_one_and_takes_the_first_of_two(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = [fault(database, in_force, script, f"GZ{n}").ticket_id for n in range(3)]
    one, two, three = (token(database, archived(database, in_force, ticket_id)) for ticket_id in made)
    given = [
        (one, "not-fixed"),
        ("nobody's", "satisfied"),
        (one, "satisfied"),
        (two, "splendid"),
        (three, "satisfied"),
        (two, "satisfied"),
    ]
    with database.write() as tx:
        refusals = closing.answer_many(tx, in_force, given, NOW)
    assert {link: wrong.code for link, wrong in refusals.items()} == {
        one: "survey-over",
        "nobody's": "not-found",
        two: "bad-input",
    }
    assert [ticket(database, ticket_id).state for ticket_id in made] == ["open", "closed", "closed"]
    assert [each.team for each in journey(database, made[0])] == ["noc", "archive", "callback-survey", "noc"]


def test_an_answer_given_while_its_message_is_being_sent_counts_and_leaves_the_worker_nothing(
    database: Database, in_force: Rulebook, made: int
) -> None:
    pair = in_flight(database, in_force, made)
    answer(database, in_force, token(database, pair[0]), "satisfied")
    assert ticket(database, made).state == "closed"
    with database.write() as tx:
        assert hops.lock_received(tx, [pair]) == []
        assert hops.take_due(tx, NOW + DAY, LEASE, 9, list(in_force.teams)) == []


def test_an_answer_to_a_survey_in_the_quarantine_is_refused_and_spoils_no_other(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = [fault(database, in_force, script, f"GZ{n}").ticket_id for n in range(2)]
    stuck, sound = (token(database, archived(database, in_force, ticket_id)) for ticket_id in made)
    with database.write() as tx:
        tx.execute(update(t.hop).where(t.hop.c.id == live_id(database, made[0])).values(state="quarantined"))
    with database.write() as tx:
        refusals = closing.answer_many(tx, in_force, [(stuck, "satisfied"), (sound, "satisfied")], NOW)
    assert {link: wrong.code for link, wrong in refusals.items()} == {stuck: "illegal-move"}
    assert [ticket(database, ticket_id).state for ticket_id in made] == ["archived", "closed"]


def test_a_message_whose_sending_is_unsure_is_tried_again_under_the_same_key(
    database: Database, in_force: Rulebook, made: int
) -> None:
    pair = in_flight(database, in_force, made)
    with database.write() as tx:
        (before,) = survey_links.to_be_asked(tx, [pair[0]], {})
        surveys.open_surveys(tx, [pair[0]], NOW + LEASE)  # the worker died, and the hop came again
        (again,) = survey_links.to_be_asked(tx, [pair[0]], {})
        assert again.key == before.key == f"survey/{pair[0]}/1"
        assert (before.mobile, again.mobile) == ("13800138000", "13800138000")
        both = survey_links.by_tokens(tx, [before.token, again.token])  # the customer got either
        assert {token: survey.hop_id for token, survey in both.items()} == {before.token: pair[0], again.token: pair[0]}
        surveys.confirm(tx, [pair[0]], NOW)
        assert survey_links.to_be_asked(tx, [pair[0]], {}) == []


# -- who doesn't answer -------------------------------------------------------------------------


def test_a_silent_customer_is_reminded_and_then_counted_as_unreachable(
    database: Database, in_force: Rulebook, made: int, asked: int
) -> None:
    link, every, attempts = token(database, asked), in_force.limits.survey_every, in_force.limits.survey_attempts
    now = NOW
    for attempt in range(1, attempts + 1):
        with database.read() as tx:
            assert surveys.attempts(tx, [asked])[asked].attempt == attempt
        assert hop(database, asked).state == "waiting"
        now += every
        with database.write() as tx:
            assert timers.fire_due_timers(tx, in_force, now - timedelta(seconds=1), 9) == 0
            assert timers.fire_due_timers(tx, in_force, now, 9) == 1
        if attempt < attempts:
            assert hop(database, asked).state == "due"
            assert on_board(database, in_force, made, now) == asked
    assert (hop(database, asked).state, ticket(database, made).state) == ("waiting", "archived"), "an agent may call"
    now = NOW + in_force.limits.survey_give_up
    with database.write() as tx:
        assert timers.fire_due_timers(tx, in_force, now - timedelta(seconds=1), 9) == 0
        assert timers.fire_due_timers(tx, in_force, now, 9) == 1
    row = ticket(database, made)
    assert (row.state, row.outcome, row.ended_at) == ("closed", "unreachable", NOW + timedelta(hours=72))
    last = acts(database, made)[-1]
    assert (last.act, last.actor, last.detail["finding"]) == ("finish", "relay", "unreachable")
    with refused(database, SurveyOver) as tx:
        closing.answer(tx, in_force, link, "satisfied", now)


def test_a_reminded_customer_may_still_answer_while_the_reminder_is_due(
    database: Database, in_force: Rulebook, made: int, asked: int
) -> None:
    with database.write() as tx:
        timers.fire_due_timers(tx, in_force, NOW + DAY, 9)
    answer(database, in_force, token(database, asked), "not-fixed")
    assert ticket(database, made).state == "open"
    assert live_id(database, made) != asked


# -- by telephone ------------------------------------------------------------------------------


def test_an_agent_may_record_an_answer_given_by_telephone(
    database: Database, in_force: Rulebook, made: int, asked: int
) -> None:
    def by_phone(finding: str):  # type: ignore[no-untyped-def]
        return lambda tx, actor: closing.answer_by_phone(tx, in_force, made, finding, actor, NOW)

    assert forbidden(database, by_phone("satisfied")) == all_roles_but(Role.AGENT_10086)
    with refused(database, BadInput) as tx:
        closing.answer_by_phone(tx, in_force, made, "fixed", AGENT_10086, NOW)
    with database.write() as tx:
        by_phone("satisfied")(tx, AGENT_10086)
    assert ticket(database, made).state == "closed"
    last = acts(database, made)[-1]
    assert (last.actor, last.role) == ("he", "agent-10086")
    with database.read() as tx:
        assert tx.execute(select(survey.c.answer)).scalar() == "satisfied"


def test_no_telephone_answer_is_recorded_before_the_case_is_archived(
    database: Database, in_force: Rulebook, made: int
) -> None:
    with refused(database, SurveyOver) as tx:
        closing.answer_by_phone(tx, in_force, made, "satisfied", AGENT_10086, NOW)
    with refused(database, NotFound) as tx:
        closing.answer_by_phone(tx, in_force, 999, "satisfied", AGENT_10086, NOW)


def test_figures_show_the_journey_and_who_holds_what(database: Database, in_force: Rulebook, made: int) -> None:
    on_board(database, in_force, made)
    with database.read() as tx:
        assert [row.ticket_id for row in lists.board(tx, "noc", 9)] == [made]
        assert lists.board(tx, "installer", 9) == []
        assert lists.team_loads(tx)["noc"].hops(HopState.WAITING) == 1
        assert [row.id for row in lists.latest_tickets(tx, 9, unfinished=True)] == [made]
    survey_hop = archived(database, in_force, made)
    answer(database, in_force, token(database, survey_hop), "satisfied")
    with database.read() as tx:
        shown = lists.journey(tx, made)
        assert [row.team for row in shown.hops] == ["noc", "archive", "callback-survey"]
        assert (len(shown.records), lists.latest_tickets(tx, 9, unfinished=True)) == (1, [])
        assert tx.execute(select(survey_attempt.c.attempt)).scalars().all() == [1]


def test_an_accounts_mobile_number_is_not_in_the_record(database: Database, asked: int) -> None:
    account(database)
    with database.read() as tx:
        assert "13800138000" not in str(tx.execute(select(archive_record.c.content)).scalar())
