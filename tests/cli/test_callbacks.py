"""`dispatch callbacks`: whom to call, a call that shows the number and is recorded, and who is dissatisfied."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from dispatch.cli import callbacks as cli
from dispatch.domain.opinion import Opinion
from dispatch.errors import CalledLately, NotAllowed
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database
from dispatch.tickets import closing, timers
from tests import factories as f

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
EVENING = datetime(2026, 3, 3, 9, tzinfo=UTC)
"""In China 17:00, on the day after the second message."""

AGENT, SUPERVISOR = ("--as", "he", "--role", "agent-10086"), ("--as", "gao", "--role", "supervisor")


@pytest.fixture
def asked(sqlite: Database, rulebook: Rulebook, script: Script) -> tuple[str, str]:
    """(ticket, link) of a survey whose customer has answered neither of two messages."""
    f.put_in_force(sqlite, rulebook)
    made = f.fault(sqlite, rulebook, script)
    link = f.token(sqlite, f.archived(sqlite, rulebook, made.ticket_id))
    with sqlite.write() as tx:
        timers.fire_due_timers(tx, rulebook, f.NOW + DAY, 99)
    f.on_board(sqlite, rulebook, made.ticket_id, f.NOW + DAY)
    return made.number, link


@pytest.fixture
def ticket(asked: tuple[str, str]) -> str:
    return asked[0]


def run(monkeypatch: pytest.MonkeyPatch, *words: str, now: datetime = EVENING, language: str = "en") -> Any:
    monkeypatch.setattr(cli, "now", lambda: now)
    return CliRunner().invoke(cli.callbacks, words, env={"DISPATCH_LANG": language, "COLUMNS": "120"})


@pytest.mark.parametrize(("language", "headings"), [("zh", ("工单", "已打")), ("en", ("Ticket", "Calls"))])
def test_the_list_shows_the_silent_customer_with_a_masked_number_until_they_are_called(
    monkeypatch: pytest.MonkeyPatch, ticket: str, language: str, headings: tuple[str, str]
) -> None:
    shown = run(monkeypatch, "list", *AGENT, language=language)
    assert shown.exit_code == 0, shown.output
    assert all(heading in shown.stdout for heading in headings)
    assert ticket in shown.stdout
    assert "138****8000" in shown.stdout
    assert "13800138000" not in shown.stdout

    called = run(monkeypatch, "call", ticket, *AGENT, language=language)
    assert called.exit_code == 0, called.output
    assert called.stdout == f"{ticket}: 13800138000\n"
    assert ticket not in run(monkeypatch, "list", *AGENT, language=language).stdout


def test_programs_read_the_same_as_json(monkeypatch: pytest.MonkeyPatch, ticket: str) -> None:
    (waiting,) = json.loads(run(monkeypatch, "list", "--json", *AGENT).stdout)
    assert (waiting["ticket"], waiting["account"], waiting["mobile"]) == (ticket, "GZ1", "138****8000")
    assert waiting["calls"] == 0
    called = json.loads(run(monkeypatch, "call", ticket, "--json", *AGENT).stdout)
    assert called == {"act": "call", "ticket": ticket, "mobile": "13800138000"}
    (again,) = json.loads(run(monkeypatch, "list", "--json", *AGENT, now=EVENING + timedelta(hours=16)).stdout)
    assert again["calls"] == 1


def test_nobody_calls_twice_in_half_a_day_and_only_who_asks_customers_calls(
    monkeypatch: pytest.MonkeyPatch, ticket: str
) -> None:
    assert run(monkeypatch, "call", ticket, *AGENT).exit_code == 0
    assert isinstance(run(monkeypatch, "call", ticket, *AGENT).exception, CalledLately)
    noc = ("--as", "li", "--role", "noc")
    assert isinstance(run(monkeypatch, "list", *noc).exception, NotAllowed)
    assert isinstance(run(monkeypatch, "call", ticket, *noc).exception, NotAllowed)
    assert isinstance(run(monkeypatch, "dissatisfied", *AGENT).exception, NotAllowed)


def test_a_supervisor_reads_the_bad_grade_with_its_reasons_and_own_words(
    monkeypatch: pytest.MonkeyPatch, sqlite: Database, rulebook: Rulebook, asked: tuple[str, str]
) -> None:
    ticket, link = asked
    assert json.loads(run(monkeypatch, "dissatisfied", "--json", *SUPERVISOR).stdout) == []
    with sqlite.write() as tx:
        closing.answer(tx, rulebook, link, Opinion(True, 2, ("late",), "说好上午来"), EVENING, MINUTE)
    shown = run(monkeypatch, "dissatisfied", *SUPERVISOR, language="zh")
    assert shown.exit_code == 0, shown.output
    assert all(each in shown.stdout for each in (ticket, "超过承诺时间", "说好上午来"))
    (bad,) = json.loads(run(monkeypatch, "dissatisfied", "--json", *SUPERVISOR).stdout)
    assert (bad["ticket"], bad["grade"], bad["reasons"], bad["words"]) == (ticket, 2, ["late"], "说好上午来")
    later = EVENING + timedelta(days=31)
    assert json.loads(run(monkeypatch, "dissatisfied", "--json", *SUPERVISOR, now=later).stdout) == []
