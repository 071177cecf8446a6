"""A worker's hops when things go wrong: poison, crashes, stale and repeated deliveries."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import task_unknown
from sqlalchemy import Table, func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from dispatch.domain.messages import Event
from dispatch.domain.numbers import ticket_number
from dispatch.domain.roles import RELAY
from dispatch.ports.line_test import LineTest, SimulatedLineTester
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.replay.customers import read_survey_message
from dispatch.reports import lists
from dispatch.reports.messages import told
from dispatch.routing.prehandling import Script
from dispatch.runtime import metrics
from dispatch.storage import crew, hops, survey_links, surveys
from dispatch.storage.outbox import MOST_FAILURES, Pair
from dispatch.storage.tables import tickets as t
from dispatch.tickets import closing, followup, handling, timers
from tests.factories import (
    FIXED_ON_SITE,
    INSTALLER,
    NOC,
    SUPERVISOR,
    account,
    claimed,
    dump,
    fault,
    hop,
    link,
    live,
    messages,
)
from tests.faulty_lines import faulty
from tests.workers.stepped_workers import SteppedWorkers, fixed
from workers.hop import run_step
from workers.stretch import Stretch

LONG = timedelta(days=1)


@pytest.fixture
def ten(stage: SteppedWorkers, script: Script) -> list[int]:
    """Ten faults on their way to NOC; their hops' ids."""
    return [made_hop(stage, script, f"GZ{n}") for n in range(10)]


def made_hop(stage: SteppedWorkers, script: Script, number: str = "GZ1", **report: Any) -> int:
    row = live(
        stage.context.database, fault(stage.context.database, stage.rulebook, script, number, **report).ticket_id
    )
    assert row is not None
    return int(row.id)


def states(stage: SteppedWorkers, hop_ids: Sequence[int]) -> list[str]:
    return [hop(stage.context.database, hop_id).state for hop_id in hop_ids]


def breaks_in_the_look(poisoned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks_with(ValueError(f"no such line {poisoned}, customer 13800138000"), poisoned, monkeypatch)


def seems_out_of_reach(poisoned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks_with(ConnectionResetError(), poisoned, monkeypatch)
    monkeypatch.setattr(random, "choice", lambda pairs: pairs[0])


def breaks_with(broken: Exception, poisoned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = SimulatedLineTester._line

    def line(self: SimulatedLineTester, number: str) -> Any:
        if number == poisoned:
            raise broken
        return sound(self, number)

    monkeypatch.setattr(SimulatedLineTester, "_line", line)


def breaks_in_the_write(poisoned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = hops.note_found
    hop_id = int(poisoned.removeprefix("GZ")) + 1

    def note_found(tx: Any, rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
        sound(tx, rows)
        if hop_id in [row[0] for row in rows]:
            raise IntegrityError("UPDATE hop … 13800138000", {}, sqlite3.IntegrityError("13800138000"))

    monkeypatch.setattr(hops, "note_found", note_found)


@pytest.mark.parametrize("poison", [breaks_in_the_look, breaks_in_the_write])
def test_a_poison_hop_in_a_batch_of_ten_fails_alone_and_the_nine_others_go_on(
    stage: SteppedWorkers,
    ten: list[int],
    monkeypatch: pytest.MonkeyPatch,
    poison: Callable[[str, pytest.MonkeyPatch], None],
) -> None:
    poison("GZ6", monkeypatch)
    assert len(stage.work("noc")) == 10
    others = [hop_id for hop_id in ten if hop_id != ten[6]]
    assert states(stage, others) == ["waiting"] * 9
    row = hop(stage.context.database, ten[6])
    assert (row.state, row.failures) == ("due", 1)
    effects = stage.effects()
    assert effects == Counter((f"noc.{step}", str(id_)) for id_ in others for step in ("line-test", "board"))


def test_one_line_whose_test_seems_out_of_reach_goes_on_the_board_untested_and_the_others_tested(
    stage: SteppedWorkers, ten: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seems_out_of_reach("GZ6", monkeypatch)
    stage.work("noc")
    assert states(stage, ten) == ["waiting"] * 10
    untested = [hop_id for hop_id in ten if found_of(stage, hop_id) == {"line_test": "unavailable"}]
    assert untested == [ten[6]]


def test_the_fifth_failure_quarantines_and_a_release_starts_afresh(
    stage: SteppedWorkers, ten: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as sick:
        breaks_in_the_look("GZ6", sick)
        stage.work("noc")
        for failures in range(2, MOST_FAILURES + 1):
            assert [hop_id for hop_id, _ in stage.work("noc", after=LONG)] == [ten[6]]
            assert hop(stage.context.database, ten[6]).failures == failures
        assert stage.send("noc", after=LONG) == []
    with stage.context.database.read() as tx:
        [shown] = lists.quarantine(tx)
    assert (shown.id, shown.failures) == (ten[6], MOST_FAILURES)
    assert shown.failure == "noc.line-test: ValueError"  # the error's own words may quote a customer
    with stage.context.database.write() as tx:
        handling.release(tx, ten[6], SUPERVISOR, datetime.now(UTC))
    assert (hop(stage.context.database, ten[6]).state, hop(stage.context.database, ten[6]).failures) == ("due", 0)
    stage.work("noc")
    assert states(stage, ten) == ["waiting"] * 10
    assert set(stage.effects().values()) == {1}


def test_a_growing_pause_lies_between_a_poison_hops_tries(
    stage: SteppedWorkers, ten: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks_in_the_look("GZ6", monkeypatch)
    pauses = []
    for n in range(3):
        stage.work("noc", after=LONG if n else timedelta())
        wake_at = hop(stage.context.database, ten[6]).wake_at
        assert wake_at is not None
        pauses.append((wake_at - datetime.now(UTC)).total_seconds())
    assert [round(pause) for pause in pauses] == pytest.approx([2, 4, 8], abs=1)


@pytest.mark.parametrize(
    "error", [OperationalError("x", {}, sqlite3.OperationalError("disk I/O")), SoftTimeLimitExceeded()]
)
def test_an_unreachable_database_or_a_stopped_step_fails_no_hop(
    stage: SteppedWorkers, ten: list[int], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    pairs = stage.deliver("noc.receive", stage.send("noc"))

    def away(*_: object) -> None:
        raise error

    with monkeypatch.context() as gone:
        gone.setattr(hops, "lock_received", away)
        with pytest.raises(type(error)):
            stage.deliver("noc.line-test", pairs)
    assert states(stage, ten) == ["received"] * 10
    assert [hop(stage.context.database, hop_id).failures for hop_id in ten] == [0] * 10
    assert not stage.effects()
    stage.work("noc", after=LONG)  # the lease brings them back
    assert states(stage, ten) == ["waiting"] * 10


def test_the_older_of_two_messages_for_the_same_hops_is_stale_whichever_comes_first(
    stage: SteppedWorkers, ten: list[int]
) -> None:
    older, newer = stage.send("noc"), stage.send("noc", after=LONG)
    assert [hop_id for hop_id, _ in older] == [hop_id for hop_id, _ in newer] == ten
    assert stage.deliver("noc.receive", older) == []
    pairs = stage.deliver("noc.receive", newer)
    assert len(pairs) == 10
    assert stage.deliver("noc.receive", older) == []
    assert stage.deliver("noc.line-test", older) == []
    assert len(stage.deliver("noc.line-test", pairs)) == 10


def test_a_message_delivered_after_its_ticket_was_withdrawn_changes_nothing(
    stage: SteppedWorkers, ten: list[int]
) -> None:
    pairs = stage.deliver("noc.receive", stage.send("noc"))
    with stage.context.database.write() as tx:
        followup.withdraw(tx, hop(stage.context.database, ten[3]).ticket_id, "好了", SUPERVISOR, datetime.now(UTC))
    handed_on = stage.deliver("noc.line-test", pairs)
    assert [hop_id for hop_id, _ in handed_on] == [hop_id for hop_id in ten if hop_id != ten[3]]
    assert states(stage, [ten[3]]) == ["withdrawn"]


def test_steps_delivered_five_times_are_done_once(stage: SteppedWorkers, script: Script) -> None:
    database, rulebook = stage.context.database, stage.rulebook
    with database.write() as tx:
        crew.add(tx, "installer", "li.wei", "tianhe")
    first = made_hop(stage, script, next(faulty()))
    stage.work("noc", times=5)
    with database.write() as tx:
        handling.claim(tx, rulebook, handling.Claim(first, NOC), datetime.now(UTC))
        found = handling.Report(first, NOC, "outside-plant", {"test-result": "-31 dBm"})
        handling.end(tx, rulebook, found, datetime.now(UTC))
    stage.work("installer", times=5)
    second = live(database, 1)
    assert second is not None
    assert (second.state, second.assignee) == ("waiting", "li.wei")
    with database.write() as tx:
        handling.claim(tx, rulebook, handling.Claim(second.id, INSTALLER), datetime.now(UTC))
        end = handling.Report(second.id, INSTALLER, "fixed-on-site", FIXED_ON_SITE)
        handling.end(tx, rulebook, end, datetime.now(UTC))
    stage.work("archive", times=5)
    stage.work("callback-survey", times=5)
    assert stage.effects() == Counter(
        {
            ("noc.line-test", "1"): 1,
            ("noc.board", "1"): 1,
            ("installer.assign", "2"): 1,
            ("installer.board", "2"): 1,
            ("archive.file", "3"): 1,
            ("callback-survey.prepare", "4/1"): 1,
            ("callback-survey.ask", "4/2"): 1,
        }
    )
    assert len(delivered(stage)) == 1


def test_a_late_copy_of_any_earlier_message_writes_nothing_at_all(stage: SteppedWorkers, script: Script) -> None:
    fixed(stage, script)
    copies: list[tuple[str, list[Pair]]] = []
    for team in ("archive", "callback-survey"):
        pairs = stage.send(team)
        for task in stage.chains[team]:
            copies.append((task, pairs))
            pairs = stage.deliver(task, pairs)
    before = dump(stage.context.database), stage.effects(), delivered(stage)
    for task, old in [*copies, *reversed(copies)]:
        assert stage.deliver(task, old) == []
    assert (dump(stage.context.database), stage.effects(), delivered(stage)) == before


def test_a_hop_whose_worker_died_half_way_goes_on_without_repeating_finished_steps(
    stage: SteppedWorkers, ten: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    tested: list[str] = []
    sound = SimulatedLineTester._line

    def remembered(self: SimulatedLineTester, number: str) -> LineTest:
        tested.append(number)
        return sound(self, number)

    monkeypatch.setattr(SimulatedLineTester, "_line", remembered)
    stage.deliver("noc.line-test", stage.deliver("noc.receive", stage.send("noc")))
    assert states(stage, ten) == ["received"] * 10  # the worker dies here
    stage.work("noc", after=LONG)
    assert states(stage, ten) == ["waiting"] * 10
    assert sorted(tested) == [f"GZ{n}" for n in range(10)]
    assert set(stage.effects().values()) == {1}


def test_a_step_unknown_to_this_release_puts_its_hops_back_without_blame(stage: SteppedWorkers, ten: list[int]) -> None:
    """Fail as Celery does on a message that it then drops."""
    pairs = [list(pair) for pair in stage.deliver("noc.receive", stage.send("noc"))]
    message = SimpleNamespace(payload=[[pairs], {}, {"chain": []}])
    task_unknown.send(sender=None, message=message, name="noc.a-newer-step", id="1", exc=KeyError())
    assert states(stage, ten) == ["due"] * 10
    assert stage.send("noc") == []  # not before a moment has passed
    stage.work("noc", after=timedelta(seconds=2))
    assert states(stage, ten) == ["waiting"] * 10
    assert [hop(stage.context.database, hop_id).failures for hop_id in ten] == [0] * 10


def test_a_release_with_fewer_steps_still_boards_hops_begun_by_a_newer_one(
    stage: SteppedWorkers, ten: list[int]
) -> None:
    pairs = stage.deliver("noc.line-test", stage.deliver("noc.receive", stage.send("noc")))
    (board,) = Stretch().steps  # an older release without line tests: its first step is the board
    assert run_step(board, 0, "noc.board", pairs) == []
    assert states(stage, ten) == ["waiting"] * 10


def test_a_step_that_dies_before_its_commit_has_not_happened(
    stage: SteppedWorkers, ten: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = stage.deliver("noc.receive", stage.send("noc"))
    before = dump(stage.context.database)

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(hops, "note_steps_done", killed)
        with pytest.raises(Killed):
            stage.deliver("noc.line-test", pairs)
    assert dump(stage.context.database) == before
    assert not stage.effects()


def delivered(stage: SteppedWorkers) -> list[tuple[str, str, int]]:
    """Return (key, text, times handed in) of every short message that reached a customer."""
    with contextlib.closing(sqlite3.connect(stage.context.settings.root / "sms.db")) as gateway:
        return list(gateway.execute("SELECT key, text, handed_in FROM delivered ORDER BY id"))


def test_a_case_closed_at_3_writes_at_9(stage: SteppedWorkers, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.context.messages, "_quiet", True)
    ticket_id = fixed(stage, script)
    stage.work("archive")
    tomorrow = datetime.now(stage.context.settings.zone).date() + timedelta(days=1)
    night, morning = (datetime.combine(tomorrow, time(hour), stage.context.settings.zone) for hour in (3, 9))
    monkeypatch.setattr(stage.context.clock, "told", night)
    stage.work("callback-survey")
    asked = live(stage.context.database, ticket_id)
    assert asked is not None
    assert (asked.state, asked.wake_at, delivered(stage)) == ("due", morning, [])
    monkeypatch.setattr(stage.context.clock, "told", morning)
    stage.work("callback-survey", morning - datetime.now(UTC))
    [(key, text, _)] = delivered(stage)
    assert key.startswith("survey/")
    assert text.startswith(f"故障{ticket_number('fault', ticket_id)}已修复，请评价：http")
    with stage.context.database.read() as tx:
        assert [(each.event, each.state) for each in told(tx, f"ticket/{ticket_id}")][1:] == [("restored", "sent")]


def test_surveys_wait_while_there_is_no_good_text_and_go_once_there_is(
    stage: SteppedWorkers, script: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ticket_id = fixed(stage, script)
    stage.work("archive")
    with monkeypatch.context() as gone:
        gone.setattr(stage.context.messages, "file", tmp_path / "none.yaml")
        stage.work("callback-survey")
        waiting = live(stage.context.database, ticket_id)
    assert waiting is not None
    assert (waiting.state, waiting.failures, delivered(stage)) == ("due", 0, [])
    stage.work("callback-survey", timedelta(minutes=2))
    assert len(delivered(stage)) == 1


def test_surveys_whose_text_is_off_are_asked_by_phone_alone(
    stage: SteppedWorkers, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = messages()
    off = {**known.texts, Event.RESTORED: replace(known.texts[Event.RESTORED], on=False)}
    monkeypatch.setattr(stage.context.messages, "get", lambda: replace(known, texts=off, quiet=None))
    ticket_id = fixed(stage, script)
    stage.work("archive")
    stage.work("callback-survey")
    assert delivered(stage) == []
    board = live(stage.context.database, ticket_id)
    assert board is not None
    assert board.state == "waiting"


def test_a_message_whose_confirmation_was_lost_is_handed_in_again_and_delivered_once(
    stage: SteppedWorkers, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket_id = fixed(stage, script)
    stage.work("archive")
    pairs = stage.send("callback-survey")
    *first, ask = stage.chains["callback-survey"]
    for task in first:
        pairs = stage.deliver(task, pairs)

    def away(*_: object) -> None:
        raise OperationalError("x", {}, sqlite3.OperationalError("gone"))

    with monkeypatch.context() as gone:
        gone.setattr(surveys, "confirm", away)
        with pytest.raises(OperationalError):
            stage.deliver(ask, pairs)
    [(key, text, handed_in)] = delivered(stage)
    assert handed_in == 1
    assert "F00000001" in text
    stage.work("callback-survey", after=LONG)
    assert delivered(stage) == [(key, text, 2)]
    assert sum(times for (effect, _), times in stage.effects().items() if effect == "callback-survey.ask") == 1
    row = live(stage.context.database, ticket_id)
    assert row is not None
    assert row.state == "waiting"
    with stage.context.database.read() as tx:
        assert surveys.attempts(tx, [row.id])[row.id].confirmed_at is not None


def test_a_line_test_that_is_away_keeps_no_fault_off_the_board_which_says_that_there_is_no_test(
    stage: SteppedWorkers, ten: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as gone:
        gone.setattr(SimulatedLineTester, "test", away)
        stage.work("noc")
    assert states(stage, ten) == ["waiting"] * 10
    assert [found_of(stage, hop_id) for hop_id in ten] == [{"line_test": "unavailable"}] * 10


def found_of(stage: SteppedWorkers, hop_id: int) -> object:
    with stage.context.database.read() as tx:
        return tx.execute(select(t.hop.c.found).where(t.hop.c.id == hop_id)).scalar_one()


def test_an_unreachable_gateway_is_waited_for_without_limit_and_no_hop_fails(
    stage: SteppedWorkers, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket_id = fixed(stage, script)

    def away(*_: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as gone:
        gone.setattr(SimulatedSmsGateway, "send", away)
        stage.work("archive")
        for _ in range(2 * MOST_FAILURES):
            stage.work("callback-survey", after=LONG)
    row = live(stage.context.database, ticket_id)
    assert row is not None
    assert (row.team, row.state, row.failures) == ("callback-survey", "due", 0)
    assert row.failure == "callback-survey.ask: ConnectionRefusedError"
    assert rows_of(stage, t.survey_link) == 1  # the tries have one link
    stage.work("callback-survey", after=LONG)
    assert len(delivered(stage)) == 1
    assert stage.context.survey_tokens == {}


def rows_of(stage: SteppedWorkers, table: Table) -> int:
    with stage.context.database.read() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


def read_link(text: str) -> tuple[str, int]:
    """The token and the ticket id in a survey's message."""
    found = read_survey_message(text)
    assert found is not None
    return found


def test_a_reminder_is_a_separate_message(stage: SteppedWorkers, script: Script) -> None:
    ticket_id = fixed(stage, script)
    stage.work("archive")
    stage.work("callback-survey")
    survey = live(stage.context.database, ticket_id)
    assert survey is not None
    with stage.context.database.write() as tx:
        closing.remind(tx, stage.rulebook, list(hops.lock(tx, [survey.id]).values()), RELAY, datetime.now(UTC))
    stage.work("callback-survey")
    (key, text, once), (second_key, second_text, second) = delivered(stage)
    assert key != second_key
    assert text != second_text  # another link: only the customer has the first
    (first, about), (reminder, still_about) = map(read_link, (text, second_text))
    with stage.context.database.read() as tx:
        found = survey_links.by_tokens(tx, [first, reminder])
    assert about == still_about == ticket_id
    assert [found[each].hop_id for each in (first, reminder)] == [survey.id, survey.id]
    assert (once, second) == (1, 1)
    assert set(stage.effects().values()) == {1}


def test_a_customer_who_answers_in_time_is_not_reminded(stage: SteppedWorkers, script: Script) -> None:
    ticket_id = fixed(stage, script)
    stage.work("archive")
    stage.work("callback-survey")
    survey = live(stage.context.database, ticket_id)
    assert survey is not None
    now = datetime.now(UTC)
    with stage.context.database.write() as tx:
        closing.answer(tx, stage.rulebook, link(tx, survey.id), "satisfied", now)
        assert timers.fire_due_timers(tx, stage.rulebook, now + 100 * LONG, 10) == 0
    assert stage.send("callback-survey", after=LONG) == []


def test_installers_of_the_area_are_proposed_least_busy_first(stage: SteppedWorkers, script: Script) -> None:
    database, rulebook = stage.context.database, stage.rulebook
    with database.write() as tx:
        for person, area in (("li.wei", "tianhe"), ("ma.jun", "tianhe"), ("ou.yang", "yuexiu")):
            crew.add(tx, "installer", person, area)
    account(database, "GZ9", "nansha")
    for number in ("GZ1", "GZ2", "GZ3", "GZ4", "GZ9"):
        made = fault(database, rulebook, script, number)
        hop_id = claimed(database, rulebook, made.ticket_id, NOC)
        with database.write() as tx:
            found = handling.Report(hop_id, NOC, "outside-plant", {"test-result": "查不出原因"})
            handling.end(tx, rulebook, found, datetime.now(UTC))
    stage.work("installer")
    with database.read() as tx:
        proposed = [(row.account, row.assignee) for row in lists.board(tx, "installer", 10)]
    by_account = dict(proposed)
    assert Counter(by_account[number] for number in ("GZ1", "GZ2", "GZ3", "GZ4")) == {"li.wei": 2, "ma.jun": 2}
    assert by_account["GZ9"] is None  # the area has no installer: any free one claims it


def test_a_task_acts_on_no_hop_of_another_team(stage: SteppedWorkers, ten: list[int]) -> None:
    """Every registered task gets a message with NOC's hops. It changes nothing, counts no failure, and drops them."""
    pairs = stage.send("noc")
    untouched = dump(stage.context.database)
    tasks = [name for name in stage.app.tasks if not name.startswith(("celery.", "noc.", "effects."))]
    assert len(tasks) >= 2 * (len(stage.rulebook.teams) - 1)
    for task in sorted(tasks):
        before = metrics.STALE.labels("hops")._value.get()
        assert stage.deliver(task, pairs) == [], task
        assert dump(stage.context.database) == untouched, task
        assert metrics.STALE.labels("hops")._value.get() - before == len(ten), task
    assert not stage.effects()
    for task in stage.chains["noc"]:
        pairs = stage.deliver(task, pairs)
    assert states(stage, ten) == ["waiting"] * 10


@pytest.mark.parametrize("breaks", [breaks_in_the_look])
def test_a_foreign_hop_in_a_message_is_neither_failed_nor_postponed_with_the_teams_own(
    stage: SteppedWorkers,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    breaks: Callable[[str, pytest.MonkeyPatch], None],
) -> None:
    foreign = live(stage.context.database, fixed(stage, script))
    assert foreign is not None
    sent = stage.send("archive")
    made_hop(stage, script, "GZ5")
    breaks("GZ5", monkeypatch)
    assert stage.deliver("noc.line-test", [*stage.send("noc"), *sent]) == []
    after = hop(stage.context.database, foreign.id)
    assert (after.state, after.failures, after.generation) == ("sent", 0, sent[0][1])
    stage.deliver("archive.file", sent)
    assert hop(stage.context.database, foreign.id).state == "reported"
