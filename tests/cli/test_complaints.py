"""`dispatch complaint` and `dispatch compensate`: taken, called about, listed by what is due first, and credited."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from typer import Typer
from typer.testing import CliRunner

from dispatch import approvals
from dispatch.cli import compensation as paid
from dispatch.cli import complaints as cli
from dispatch.domain.approval import ApprovalState
from dispatch.errors import (
    ApprovalNeeded,
    BadInput,
    BadRules,
    CompensatedBefore,
    DuplicateComplaint,
    IllegalMove,
    NotAllowed,
    NotFound,
    UnknownAccount,
)
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.conftest import PROJECT

AGENT, CLERK = ("--as", "he", "--role", "agent-10086"), ("--as", "chen", "--role", "clerk")
HUANG = ("--as", "huang", "--role", "construction")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def desk(sqlite: Database, rulebook: Rulebook, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The database of an installation at NOW, with the account GZ1."""
    f.put_in_force(sqlite, rulebook)
    f.account(sqlite)
    at(monkeypatch)
    return sqlite


def at(monkeypatch: pytest.MonkeyPatch, moment: Any = f.NOW) -> None:
    for module in (cli, paid):
        monkeypatch.setattr(module, "now", lambda: moment)


def run(app: Typer, *words: str, language: str = "en") -> Any:
    return CliRunner().invoke(app, words, env={"DISPATCH_LANG": language, "COLUMNS": "120"})


def complaint(*words: str, language: str = "en") -> Any:
    return run(cli.complaint, *words, language=language)


def credit(*words: str, language: str = "en") -> Any:
    return run(paid.app, *words, language=language)


def read(app: Typer, *words: str) -> Any:
    done = run(app, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def taken(kind: str = "attitude", *more: str, account: str = "GZ1") -> str:
    asked = ("open", account, "--kind", kind, "--text", "装维师傅说话难听", *more, *AGENT)
    return str(read(cli.complaint, *asked)["ticket"])


# -- dispatch complaint -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ("已受理", "前联系客户", "前答复")), ("en", ("taken", "call the customer", "reply by"))],
)
def test_a_complaint_is_taken_and_told_with_its_number_and_times(
    desk: Database, language: str, words: tuple[str, ...]
) -> None:
    asked = ("open", "GZ1", "--kind", "missed-visit", "--text", "等了一天", "--source", "12345", "--wish", "尽快上门")
    done = complaint(*asked, *AGENT, language=language)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("K")
    assert all(word in done.stdout for word in words)


def test_its_times_are_the_sooner_of_kind_and_source_for_programs_too(desk: Database) -> None:
    told = read(cli.complaint, "open", "GZ1", "--kind", "charges", "--source", "regulator", "--text", "多收", *AGENT)
    assert (told["act"], told["renamed"]) == ("complain", None)
    assert told["contact_by"] == (f.NOW + 2 * HOUR).isoformat()
    assert told["reply_by"] == (f.NOW + timedelta(days=3)).isoformat()


def test_the_list_begins_with_what_is_due_first_and_says_what_is_late(
    desk: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, soon = taken("marketing"), taken("attitude")
    assert [each["ticket"] for each in read(cli.complaint, "list", *AGENT)] == [soon, slow]
    at(monkeypatch, f.NOW + 2 * HOUR + MINUTE)
    late = {each["ticket"]: each["late"] for each in read(cli.complaint, "list", *AGENT)}
    assert late == {soon: True, slow: False}
    shown = complaint("list", "--limit", "1", *AGENT, language="zh")
    assert shown.exit_code == 0, shown.output
    assert soon in shown.stdout
    assert slow not in shown.stdout
    assert all(word in shown.stdout for word in ("投诉", "联系", "答复", "服务态度", "GZ1"))


def test_a_call_that_reaches_the_customer_is_noted_and_one_that_does_not_too(desk: Database) -> None:
    number = taken()
    missed = complaint("contact", number, "--not-reached", *AGENT)
    assert missed.stdout == f"{number}: noted, not reached\n"
    assert read(cli.complaint, "list", *AGENT)[0]["contacted_at"] is None
    reached = read(cli.complaint, "contact", number, "--reached", "--note", "已致歉", *AGENT)
    assert reached["contacted_at"] == f.NOW.isoformat()
    notes = [(act.act, act.detail.get("reached"), act.detail.get("said")) for act in f.acts(desk, int(number[1:]))]
    assert notes[1:] == [("contact", False, ""), ("contact", True, "已致歉")]


def test_whether_the_customer_was_reached_must_be_said(desk: Database) -> None:
    assert complaint("contact", taken(), *AGENT).exit_code == 2


def test_an_ended_complaint_is_in_the_whole_list_alone_and_nobody_calls_about_it(
    desk: Database, rulebook: Rulebook
) -> None:
    number = taken()
    said = "已向您致歉并安排再次培训"
    f.reported(desk, rulebook, int(number[1:]), f.SUPERVISOR, "replied", reply=said, accepted="yes")
    f.work(desk, rulebook)
    assert read(cli.complaint, "list", *AGENT) == []
    (ended,) = read(cli.complaint, "list", "--all", *AGENT)
    assert (ended["ticket"], ended["agreement"]) == (number, "yes")
    assert isinstance(complaint("contact", number, "--reached", *AGENT).exception, IllegalMove)


def test_a_second_complaint_of_its_kind_names_the_first_and_is_taken_as_another_matter(desk: Database) -> None:
    first = taken()
    again = complaint("open", "GZ1", "--kind", "attitude", "--text", "又一次", *AGENT)
    assert isinstance(again.exception, DuplicateComplaint)
    assert first in str(again.exception)
    assert taken("attitude", "--again") != first


def test_what_cannot_be_taken_is_refused(desk: Database) -> None:
    words = ("--text", "说话难听")
    for asked, error in (
        (("GZ1", "--kind", "rude", *words, *AGENT), BadInput),
        (("GZ1", "--kind", "attitude", "--source", "press", *words, *AGENT), BadInput),
        (("GZ1", "--kind", "attitude", "--about", "F00000009", *words, *AGENT), BadInput),
        (("GZ1", "--kind", "attitude", "--text", " ", *AGENT), BadInput),
        (("GZ9", "--kind", "attitude", *words, *AGENT), UnknownAccount),
        (("GZ1", "--kind", "attitude", *words, *HUANG), NotAllowed),
    ):
        assert isinstance(complaint("open", *asked).exception, error), asked
    assert isinstance(complaint("list", *HUANG).exception, NotAllowed)
    assert isinstance(complaint("contact", "K00000009", "--reached", *AGENT).exception, NotFound)
    assert read(cli.complaint, "list", "--all", *AGENT) == []


def test_the_file_of_times_is_checked_and_every_fault_is_told(tmp_path: Path) -> None:
    good = complaint("check", str(PROJECT / "complaints.yaml"), language="zh")
    assert good.exit_code == 0, good.output
    assert "无误，8 类投诉" in good.stdout
    told = read(cli.complaint, "check", str(PROJECT / "complaints.yaml"))
    assert (told["good"], told["kinds"]) == (True, 8)
    bad = tmp_path / "complaints.yaml"
    bad.write_text((PROJECT / "complaints.yaml").read_text().replace("2h", "9d").replace("percent: 1", "percent: 0"))
    refused = complaint("check", str(bad)).exception
    assert isinstance(refused, BadRules)
    assert len(refused.lines) == 5, "two kinds, two sources, the percentage"


# -- dispatch compensate ----------------------------------------------------------------------------


@pytest.fixture
def repaired(desk: Database, rulebook: Rulebook, script: Script) -> str:
    """A ticket of a line of 60 yuan a month, reported at NOW and repaired 77 hours later: four days without service."""
    made = f.fault(desk, rulebook, script)
    with desk.write() as tx:
        account = tx.execute(select(b.account.c.id)).scalar_one()
        asked = {"kind": "opening", "fingerprint": "0" * 64, "account_id": account, "at": f.NOW}
        done = {"actor": "chen", "role": "clerk", "outcome": "accepted", "outlet": "天河营业厅", "result": {}}
        operation = tx.execute(insert(b.operation).values(**asked, **done).returning(b.operation.c.id)).scalar_one()
        plan = {"plan": "standard-300", "plans_version": "0" * 12, "terms": {"monthly_fee": 60_00, "speed": 300}}
        tx.execute(insert(b.enrolment).values(account_id=account, operation_id=operation, **plan, from_at=f.NOW))
    later = f.NOW + 77 * HOUR
    f.reported(desk, rulebook, made.ticket_id, f.NOC, "fixed", later, cause="fibre")
    f.work(desk, rulebook, later)
    return made.number


def credits(database: Database) -> list[int]:
    with database.read() as tx:
        rows = tx.execute(select(b.effect.c.payload).where(b.effect.c.port == "billing").order_by(b.effect.c.id))
        return [each["fen"] for (payload,) in rows for each in payload["entries"]]


def test_without_a_basis_the_desk_is_told_what_was_and_may_be_given(desk: Database, repaired: str) -> None:
    told = read(paid.app, repaired, *CLERK)
    assert told["given"] == []
    offered = {each["basis"]: (each["fen"], each["days"]) for each in told["offered"]}
    assert offered["repair"] == (7_74, 4), "4 of March's 31 days of 60 yuan"
    assert offered["goodwill"] == (None, None)
    shown = credit(repaired, *CLERK, language="zh")
    assert "可减免7.74元，4天" in shown.stdout
    assert "可协商" in shown.stdout


def test_the_days_without_service_are_credited_once(desk: Database, repaired: str) -> None:
    done = credit(repaired, "--basis", "repair", "--reason", "客户要求按规定减免", *CLERK, language="zh")
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{repaired}：已减免7.74元，计入账单\n"
    assert credits(desk) == [7_74]
    again = credit(repaired, "--basis", "repair", "--reason", "客户要求按规定减免", *CLERK)
    assert isinstance(again.exception, CompensatedBefore)
    assert credits(desk) == [7_74]
    (given,) = read(paid.app, repaired, *CLERK)["given"]
    assert (given["ticket"], given["basis"], given["fen"], given["by"]) == (repaired, "repair", 7_74, "chen")


def test_above_50_yuan_the_command_that_asks_for_approval_is_told_and_its_number_is_cited(
    desk: Database, repaired: str
) -> None:
    wanted = (repaired, "--basis", "goodwill", "--amount", "80元", "--reason", "三次上门未修好", *CLERK)
    refused = credit(*wanted)
    assert isinstance(refused.exception, ApprovalNeeded)
    assert "dispatch approval ask" in refused.stderr
    assert "80.00" in refused.stderr
    assert credits(desk) == []

    facts = refused.exception.facts
    with desk.write() as tx:
        why = "三次上门未修好，客户在柜台等候"
        row = approvals.ask(tx, str(facts["act"]), str(facts["subject"]), "tianhe", 80_00, why, f.CLERK, f.NOW)
        approvals.decide(tx, row.id, ApprovalState.APPROVED, f.SUPERVISOR, f.NOW)
    done = read(paid.app, *wanted, "--approval", str(row.id))
    assert (done["fen"], done["approval"]) == (80_00, row.id)
    assert credits(desk) == [80_00]


def test_50_yuan_are_the_desks_own_to_give(desk: Database, repaired: str) -> None:
    assert read(paid.app, repaired, "--basis", "goodwill", "--amount", "50", "--reason", "道歉", *CLERK)["fen"] == 50_00


def test_what_is_no_credit_is_refused(desk: Database, repaired: str) -> None:
    why = ("--reason", "客户要求按规定减免")
    for asked, error in (
        ((repaired, "--basis", "kindness", *why, *CLERK), BadInput),
        ((repaired, "--basis", "goodwill", *why, *CLERK), BadInput),
        ((repaired, "--basis", "goodwill", "--amount", "ten", *why, *CLERK), BadInput),
        ((repaired, "--basis", "goodwill", "--amount", "0", *why, *CLERK), BadInput),
        ((repaired, "--basis", "goodwill", "--amount", "10", *CLERK), BadInput),
        ((repaired, "--basis", "goodwill", "--amount", "10", *why, *HUANG), NotAllowed),
        ((repaired, *HUANG), NotAllowed),
        (("F00000099", *CLERK), NotFound),
    ):
        assert isinstance(credit(*asked).exception, error), asked
    assert credits(desk) == []
