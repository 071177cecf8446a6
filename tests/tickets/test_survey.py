"""The callback survey: fixed or not, a grade, why; taken back within a minute; same hands first; calls; bad grades."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dispatch.domain.opinion import Opinion, read_opinion, spoken
from dispatch.errors import BadInput, CalledLately, NotAllowed, SurveyOver
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import AGAIN, Rulebook
from dispatch.storage import surveys
from dispatch.storage.database import Database
from dispatch.storage.rows import SurveyRow
from dispatch.tickets import callbacks, closing, timers
from tests import factories as f

UNDO = timedelta(seconds=60)
CHINA = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


@pytest.fixture
def made(database: Database, in_force: Rulebook, script: Script) -> int:
    return f.fault(database, in_force, script).ticket_id


@pytest.fixture
def link(database: Database, in_force: Rulebook, made: int) -> str:
    """The link of the survey that asks the fault's customer."""
    return f.token(database, f.archived(database, in_force, made))


def said(database: Database, rulebook: Rulebook, link: str, opinion: Opinion, now: datetime = f.NOW) -> None:
    with database.write() as tx:
        closing.answer(tx, rulebook, link, opinion, now, UNDO)


def wait(database: Database, rulebook: Rulebook, now: datetime) -> None:
    with database.write() as tx:
        timers.fire_due_timers(tx, rulebook, now, 99)


def survey(database: Database, made: int) -> SurveyRow:
    (hop,) = [each for each in f.journey(database, made) if each.team == "callback-survey"]
    with database.read() as tx:
        found = surveys.by_hop(tx, hop.id)
    assert found is not None
    return found


# -- what can be said --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fixed", "grade", "reasons", "words", "fault"),
    [
        (False, 3, (), "", "a grade is for what is fixed"),
        (True, 6, (), "", "it is 1 to 5"),
        (True, 0, (), "", "it is 1 to 5"),
        (True, 4, ("slow",), "", "reasons belong to grades of 3 and below"),
        (True, None, ("slow",), "", "reasons belong to grades of 3 and below"),
        (True, 3, ("haunted",), "", "is no reason; choose from slow, late"),
        (True, 3, (), "好" * 501, "at most 500 are kept"),
    ],
)
def test_an_opinion_that_makes_no_sense_is_refused(
    fixed: bool, grade: int | None, reasons: tuple[str, ...], words: str, fault: str
) -> None:
    with pytest.raises(BadInput, match=fault):
        read_opinion(fixed, grade, reasons, words)


def test_a_grade_up_to_2_is_dissatisfied_where_the_rules_have_that() -> None:
    known = ("satisfied", "dissatisfied", "not-fixed")
    assert [Opinion(True, grade).finding(known) for grade in (None, 5, 3, 2, 1)] == [
        *("satisfied", "satisfied", "satisfied"),
        *("dissatisfied", "dissatisfied"),
    ]
    assert Opinion(False).finding(known) == "not-fixed"
    assert Opinion(True, 1).finding(("satisfied", "not-fixed")) == "satisfied"


def test_a_grade_told_on_the_phone_goes_with_the_answer() -> None:
    assert spoken("satisfied") == "satisfied"
    assert spoken("dissatisfied", 2, ("late",), " 太晚 ") == Opinion(True, 2, ("late",), "太晚")
    for answer, grade in (("satisfied", 2), ("dissatisfied", 4), ("unreachable", 5)):
        with pytest.raises(BadInput):
            spoken(answer, grade)


# -- by the link --------------------------------------------------------------------------------------


def test_fixed_with_a_bad_grade_ends_dissatisfied_on_the_supervisors_list(
    database: Database, in_force: Rulebook, made: int, link: str
) -> None:
    said(database, in_force, link, Opinion(True, 2, ("late", "attitude"), "等了三天"))
    assert f.ticket(database, made).state == "archived"
    wait(database, in_force, f.NOW + UNDO)
    row = f.ticket(database, made)
    assert (row.state, row.outcome) == ("closed", "dissatisfied")
    kept = survey(database, made)
    assert (kept.fixed, kept.grade, kept.reasons, kept.words, kept.by) == (
        True,
        2,
        ["late", "attitude"],
        "等了三天",
        None,
    )
    with database.read() as tx:
        (bad,) = callbacks.bad_grades(tx, f.SUPERVISOR, f.NOW + DAY, 9, None)
        assert callbacks.bad_grades(tx, f.SUPERVISOR, f.NOW + 31 * DAY, 9, None) == []
        assert callbacks.bad_grades(tx, f.SUPERVISOR, f.NOW + DAY, 9, frozenset({"panyu"})) == []
        with pytest.raises(NotAllowed):
            callbacks.bad_grades(tx, f.NOC, f.NOW, 9, None)
    assert (bad.ticket_id, bad.grade, bad.words, bad.team, bad.holder) == (made, 2, "等了三天", "noc", "zhao")


def test_an_answer_can_be_taken_back_for_60_seconds_and_counts_after_that(
    database: Database, in_force: Rulebook, made: int, link: str
) -> None:
    said(database, in_force, link, Opinion(fixed=False))
    with database.write() as tx:
        closing.take_back(tx, in_force, link, f.NOW + timedelta(seconds=59), UNDO)
    assert survey(database, made).answer is None
    wait(database, in_force, f.NOW + UNDO)
    assert f.ticket(database, made).state == "archived"
    later = f.NOW + timedelta(minutes=5)
    said(database, in_force, link, Opinion(True, 5), later)
    with database.write() as tx, pytest.raises(SurveyOver):
        closing.take_back(tx, in_force, link, later + UNDO, UNDO)
    with database.write() as tx, pytest.raises(SurveyOver):
        closing.answer_by_phone(tx, in_force, made, "not-fixed", f.AGENT_10086, later)
    wait(database, in_force, later + UNDO)
    assert (f.ticket(database, made).state, f.ticket(database, made).outcome) == ("closed", "satisfied")


# -- same hands first ------------------------------------------------------------------------------


def built_by_installer(database: Database, rulebook: Rulebook, script: Script) -> int:
    """A fault that an installer fixed; its customer is asked."""
    made = f.fault(database, rulebook, script).ticket_id
    f.reported(database, rulebook, made, f.NOC, "outside-plant", f.NOW, **{"test-result": "-31 dBm"})
    f.reported(database, rulebook, made, f.INSTALLER, "fixed-on-site", f.NOW, **f.FIXED_ON_SITE)
    f.work(database, rulebook)
    f.on_board(database, rulebook, made)
    return made


def test_what_is_not_fixed_goes_to_the_same_hands_first(database: Database, in_force: Rulebook, script: Script) -> None:
    made = built_by_installer(database, in_force, script)
    with database.write() as tx:
        closing.answer_by_phone(tx, in_force, made, Opinion(fixed=False), f.AGENT_10086, f.NOW)
    again = f.live(database, made)
    assert again is not None
    assert (again.team, again.assignee, again.rule, again.reopened) == ("installer", "li.wei", AGAIN, 1)
    assert survey(database, made).by == "he"


def test_a_case_that_nobody_had_goes_where_the_rules_lead(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    """As a replayed log does, too."""
    made = built_by_installer(database, in_force, script)
    token = f.token(database, f.live_id(database, made))
    with database.write() as tx:
        closing.answer_many(tx, in_force, [(token, "not-fixed")], f.NOW, same_hands=False)
    again = f.live(database, made)
    assert again is not None
    assert (again.team, again.assignee) == ("noc", None)


# -- calls --------------------------------------------------------------------------------------------


def at(hour: int, day: int = 3) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=CHINA)


def asked_twice(database: Database, rulebook: Rulebook, made: int) -> None:
    wait(database, rulebook, f.NOW + DAY)
    f.on_board(database, rulebook, made, f.NOW + DAY)


def test_who_answers_neither_message_is_called_twice_half_a_day_apart(
    database: Database, in_force: Rulebook, made: int, link: str
) -> None:
    def listed(now: datetime) -> list[int]:
        with database.read() as tx:
            rows = callbacks.to_call(tx, in_force, f.AGENT_10086, now, CHINA, 9, None)
        return [row.calls for row in rows]

    def call(now: datetime) -> str:
        with database.write() as tx:
            return callbacks.call(tx, in_force, made, f.AGENT_10086, now, CHINA)

    assert listed(f.NOW) == []
    asked_twice(database, in_force, made)
    assert listed(at(17)) == [0]
    assert call(at(17)) == "13800138000"
    assert listed(at(18)) == []
    with pytest.raises(CalledLately):
        call(at(18))
    assert listed(at(9, day=4)) == [1]
    call(at(9, day=4))
    assert listed(at(15, day=4)) == []
    with pytest.raises(CalledLately):
        call(at(15, day=4))
    said(database, in_force, link, Opinion(True, 4), at(16, day=4))
    with pytest.raises(SurveyOver):
        call(at(16, day=4))


def test_only_who_asks_customers_sees_whom_to_call(
    database: Database, in_force: Rulebook, made: int, link: str
) -> None:
    asked_twice(database, in_force, made)
    with database.read() as tx, pytest.raises(NotAllowed):
        callbacks.to_call(tx, in_force, f.NOC, f.NOW, CHINA, 9, None)
    with database.read() as tx:
        assert callbacks.to_call(tx, in_force, f.AGENT_10086, at(17), CHINA, 9, frozenset({"panyu"})) == []
    with database.write() as tx, pytest.raises(NotAllowed):
        callbacks.call(tx, in_force, made, f.NOC, at(17), CHINA)
