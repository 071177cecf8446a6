"""Systems outside are asked before the transaction; the act cites their answer, which is good for ten minutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch import port_answers
from dispatch.accounts import asked_first
from dispatch.accounts.asked_first import with_answers
from dispatch.accounts.asking import Call
from dispatch.accounts.operation import Act, Counter, OperationResult, Trial, carry_out
from dispatch.accounts.query import View
from dispatch.errors import PortUnavailable
from dispatch.port_answers import Answer, PortQuestion
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import retention
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as a

QUESTION = PortQuestion("billing", {"account": "KD1", "document": "440106199003071234"})
CLEAR: Answer = {"arrears": 0}


@pytest.fixture
def counter(in_force: Rulebook) -> Counter:
    return a.counter(in_force)


def away() -> Answer:
    raise OSError("no route")


def cite(
    database: Database, counter: Counter, *ids: int, question: PortQuestion = QUESTION, now: datetime = f.NOW
) -> Answer:
    with database.read() as tx:
        return port_answers.cited(tx, counter.cipher, question, ids, now)


def test_an_act_stands_on_the_answer_that_it_cites(database: Database, counter: Counter) -> None:
    answer = port_answers.ask(database, counter.cipher, QUESTION, lambda: CLEAR, f.NOW)

    assert cite(database, counter, answer) == CLEAR


def test_of_several_answers_the_newest_counts(database: Database, counter: Counter) -> None:
    old = port_answers.ask(database, counter.cipher, QUESTION, lambda: {"arrears": 120_00}, f.NOW)
    new = port_answers.ask(database, counter.cipher, QUESTION, lambda: CLEAR, f.NOW)

    assert cite(database, counter, new, old) == CLEAR


def test_an_answer_is_good_for_ten_minutes(database: Database, counter: Counter) -> None:
    answer = port_answers.ask(database, counter.cipher, QUESTION, lambda: CLEAR, f.NOW)

    assert cite(database, counter, answer, now=f.NOW + timedelta(minutes=9, seconds=59)) == CLEAR
    with pytest.raises(PortUnavailable):
        cite(database, counter, answer, now=f.NOW + timedelta(minutes=10))


def test_a_system_out_of_reach_a_strange_answer_and_none_let_nothing_be_done(
    database: Database, counter: Counter
) -> None:
    none = port_answers.ask(database, counter.cipher, QUESTION, away, f.NOW)
    other = port_answers.ask(
        database, counter.cipher, PortQuestion("billing", {"account": "KD2"}), lambda: CLEAR, f.NOW
    )
    port = port_answers.ask(database, counter.cipher, PortQuestion("identity", QUESTION.asked), lambda: CLEAR, f.NOW)

    for cited in [(none,), (other,), (port,), (), (999,)]:
        with pytest.raises(PortUnavailable):
            cite(database, counter, *cited)


def test_a_question_is_kept_as_a_keyed_hash_alone(database: Database, counter: Counter) -> None:
    port_answers.ask(database, counter.cipher, QUESTION, lambda: CLEAR, f.NOW)

    (row,) = a.rows(database, b.port_answer)
    assert "440106199003071234" not in str(row)
    assert len(row.question_hash) == 64


def test_old_answers_are_deleted(database: Database, counter: Counter) -> None:
    port_answers.ask(database, counter.cipher, QUESTION, lambda: CLEAR, f.NOW)

    with database.write() as tx:
        assert retention.forget_answers(tx, timedelta(days=90), f.NOW + timedelta(days=89), 10) == 0
        assert retention.forget_answers(tx, timedelta(days=90), f.NOW + timedelta(days=90), 10) == 1


# -- in an operation -------------------------------------------------------------------------------


def looked(act: Act) -> OperationResult:
    found = act.answer(QUESTION)
    return OperationResult(None, None, {"found": None if found is None else dict(found)})


def test_an_operations_questions_are_asked_before_it(
    database: Database, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asks(_counter: Counter, _database: Database, request: Any, now: datetime) -> list[Call]:
        assert now == f.NOW
        assert request.account == "KD1"
        return [(QUESTION, lambda: CLEAR)]

    monkeypatch.setattr(asked_first, "ASKED_FIRST", {"view": (asks,)})
    request = View(account="KD1")

    ready = with_answers(counter, database, "view", request, f.CLERK.role, f.NOW)
    with database.write() as tx:
        done = carry_out(tx, ready, "view", request, f.CLERK, f.NOW, looked)

    assert done.result == {"found": CLEAR}
    assert with_answers(counter, database, "close", request, f.CLERK.role, f.NOW).answers == ()


def test_an_operation_whose_system_is_away_is_refused_on_record(
    database: Database, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked_first, "ASKED_FIRST", {"view": (lambda *_: [(QUESTION, away)],)})
    request = View(account="KD1")

    ready = with_answers(counter, database, "view", request, f.CLERK.role, f.NOW)
    with database.write() as tx:
        done = carry_out(tx, ready, "view", request, f.CLERK, f.NOW, looked)

    (row,) = a.rows(database, b.operation)
    assert (row.outcome, row.code) == ("refused", "port-unavailable")
    assert done.operation_id == row.id


def test_a_trial_asks_nobody(database: Database, counter: Counter) -> None:
    with database.write() as tx:
        done = carry_out(tx, replace(counter, trial=Trial()), "view", View(account="KD1"), f.CLERK, f.NOW, looked)

    assert done.result == {"found": None}
