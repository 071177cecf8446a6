"""A clerk's day, by commands alone, through real workers: every operation of the counter is done."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.conftest import PHOTO, Home, eventually
from tests.accounts.factories import PNG, mobile, resident_id

pytestmark = pytest.mark.system

CHEN = ("--as", "chen", "--role", "clerk", "--outlet", "天河营业厅")
XU = ("--as", "xu", "--role", "community-manager")
FANG = ("--as", "fang", "--role", "ops")
HUANG = ("--as", "huang", "--role", "construction")
ADDRESSES = """address,area,olt,port,capacity
广州市天河区体育西路1号,tianhe,GZ-TH-01,0/1/1,2
广州市天河区体育西路2号,tianhe,GZ-TH-01,0/1/1,2
广州市天河区体育西路3号,tianhe,GZ-TH-02,0/1/1,1
广州市番禺区沙湾镇渡头村8号,panyu,,,
"""
PNG_FILE = b"\x89PNG\r\n\x1a\n"
PASSWORDS = ("Gx7#pqLm", "Kd9#wxTz", "Rv3$mnBy", "Tb5%hjCw")
ALL = ("customer", "accounts", "plans", "bindings", "payments", "operations", "tickets", "effects")


@dataclass
class Counter:
    """The counter of a running installation, and all its output."""

    home: Home
    said: list[str] = field(default_factory=list)

    def call(self, *arguments: str, given: str = "") -> tuple[int, str, str]:
        found = self.home.call(*arguments, given=given)
        self.said += found[1:]
        return found

    def done(self, name: str, *options: str, actor: tuple[str, ...] = CHEN, **request: Any) -> dict[str, Any]:
        """Do an operation that is accepted; return its outcome. `request` goes in as JSON."""
        source = ("--from", "-") if request else ()
        given = json.dumps(request, ensure_ascii=False)
        status, out, err = self.call("account", name, *source, *options, "--json", *actor, given=given)
        assert (status, err) == (0, ""), (status, out, err)
        told: dict[str, Any] = json.loads(out)
        assert (told["outcome"], told["operation"], told["repeated"]) == ("accepted", name, False)
        return told

    def refused(self, name: str, *options: str, **request: Any) -> dict[str, Any]:
        source = ("--from", "-") if request else ()
        given = json.dumps(request, ensure_ascii=False)
        status, out, err = self.call("account", name, *source, *options, "--json", *CHEN, given=given)
        assert (status, err) == (3, ""), (status, out, err)
        told: dict[str, Any] = json.loads(out)
        assert told["outcome"] == "refused"
        return told

    def state(self, account: str) -> str:
        [shown] = self.done("view", account=account, show=["accounts"])["accounts"]
        return str(shown["state"])

    def texts(self) -> list[str]:
        """Return the short messages that customers got."""
        with closing(sqlite3.connect(self.home.folder / "sms.db")) as gateway:
            return [text for (text,) in gateway.execute("SELECT text FROM delivered ORDER BY id")]

    def code(self, purpose: str, mobile: str, account: str | None = None) -> str:
        """Have a code sent to a number, and return it as the customer reads it."""

        def sent() -> list[str]:
            with closing(sqlite3.connect(self.home.folder / "sms.db")) as gateway:
                query = "SELECT text FROM delivered WHERE number = ? AND text LIKE '验证码%' ORDER BY id DESC"
                return [text for (text,) in gateway.execute(query, (mobile,))]

        before = len(sent())
        self.done("send-code", purpose=purpose, mobile=mobile, account=account)
        newer = eventually(lambda: found[: len(found) - before] if (found := sent()) else [])
        return str(newer[0])[3:9]

    def told(self, *words: str) -> str:
        """Return the short message with these words, once it is there."""
        return str(eventually(lambda: [text for text in self.texts() if all(word in text for word in words)])[0])

    def on_board(self, team: str, ticket: str) -> str:
        """Return the ticket's live hop, once it waits on the team's board."""
        found = eventually(lambda: [row for row in self.home.read("board", team) if row["hop"].startswith(ticket)])
        return str(found[0]["hop"])

    def build(self, order: str, finding: str, *evidence: str) -> None:
        """Claim and report the construction order, as the builders do."""
        hop = self.on_board("construction", order)
        self.home.done("claim", hop, *HUANG)
        if finding == "installed":
            evidence += (f"device-serial={self.home.handed_out(order, 'huang')}",)
        given = (word for each in evidence for word in ("--evidence", each))
        self.home.done("report", hop, "--finding", finding, *given, "--photo", str(PHOTO), *HUANG)


def holder(n: int, name: str = "张㛃") -> dict[str, Any]:
    return {
        "name": name,
        "document_kind": "resident-id",
        "document_number": resident_id(n),
        "document_expires": "2036-03-06",
        "mobile": mobile(n),
    }


def opening(n: int, plan: str = "standard-300", **changes: Any) -> dict[str, Any]:
    return {
        "address": f"广州市天河区体育西路{n}号",
        "holder": holder(n),
        "plan": plan,
        "password": PASSWORDS[0],
        "payment": {"method": "cash", "amount": "200.00"},
        **changes,
    }


@pytest.fixture(scope="module")
def counter(running: Home, tmp_path_factory: pytest.TempPathFactory) -> Counter:
    file = tmp_path_factory.mktemp("addresses") / "addresses.csv"
    file.write_text(ADDRESSES, encoding="utf-8")
    told = running.done("address", "load", str(file), *FANG)
    assert told.startswith("4 addresses: 4 new")
    return Counter(running)


@pytest.fixture(scope="module")
def line(counter: Counter) -> str:
    """The number of an account whose line was built and is in service."""
    asked = opening(1, "family-500", mobile=mobile(1))
    assert counter.refused("open", **asked)["code"] == "bad-code"
    told = counter.done("open", **asked, code=counter.code("open", mobile(1)))
    counter.build(told["construction"], "installed", "optical-power=-19.5", "customer-confirmed=yes", "speed-test=940")
    eventually(lambda: counter.home.read("show", told["construction"])["ticket"]["state"] == "closed")
    assert counter.state(told["account"]) == "in-service"
    with closing(sqlite3.connect(counter.home.folder / "paidan.db", timeout=30)) as books, books:
        books.execute("DELETE FROM proof")  # the opening is long past: another code may be sent
    return str(told["account"])


def proved(line: str, n: int = 1) -> dict[str, Any]:
    return {"account": line, "document_number": resident_id(n)}


def test_demand_without_coverage_is_recorded_and_planning_can_count_it(counter: Counter) -> None:
    told = counter.refused("open", **opening(1, address="广州市番禺区沙湾镇渡头村8号", payment=None))
    assert told["code"] == "no-resources"
    counted = {"area": "panyu", "demands": 1, "asked": 1, "reachable": 0, "speed": 300}
    assert counter.home.read("demand", "list", "--by-area") == [counted]
    [each] = counter.home.read("demand", "list", "--area", "panyu")
    assert (each["contact"], each["mobile"]) == ("张*", "138****8001")
    assert counter.home.read("demand", "list", "--area", "tianhe") == []
    rows = {row["address"]: row for row in counter.home.read("address", "list")}
    assert rows["广州市番禺区沙湾镇渡头村8号"]["olt"] is None


def test_an_opened_line_is_built_goes_into_service_and_the_customer_is_told(counter: Counter, line: str) -> None:
    shown = counter.done("view", account=line, show=list(ALL))
    [account] = shown["accounts"]
    assert (account["state"], account["olt"], account["port"]) == ("in-service", "GZ-TH-01", "0/1/1")
    assert shown["customer"]["document_number"] == "440***********001" + resident_id(1)[-1]
    assert [each["amount"] for each in shown["payments"]] == ["200.00"]
    [order] = shown["tickets"]
    assert (order["kind"], order["state"]) == ("construction", "closed")
    counter.told(line, "开通")
    rows = {row["address"]: row for row in counter.home.read("address", "list", "--area", "tianhe")}
    assert rows["广州市天河区体育西路1号"]["used"] >= 1


def test_the_clerk_is_shown_all_that_the_customer_must_be_told(counter: Counter) -> None:
    options = "--plan standard-300 --payment-method card --payment-amount 200 --payment-reference 88123"
    who = f"--holder-name 李四 --holder-document-kind resident-id --holder-mobile {mobile(2)}"
    secret = ("--holder-document-number", resident_id(2), "--password", PASSWORDS[0])
    where = ("--address", "广州市天河区体育西路2号")
    status, out, _ = counter.call("account", "open", *where, *who.split(), *options.split(), *secret, *CHEN)
    assert status == 0
    parts = ("accepted", "Slip", "Account", "Construction order", "Invoice", "sign")
    assert [part for part in parts if part not in out] == [], out
    status, out, _ = counter.call("account", "open", *where, *who.split(), *options.split(), *secret, *CHEN)
    assert status == 3
    assert "The address has a broadband account already" in out


def test_the_same_request_key_gives_the_same_outcome_again_and_does_nothing_twice(counter: Counter, line: str) -> None:
    code = counter.code("bind", "13700137001", account=line)
    request: dict[str, Any] = {**proved(line), "mobile": "13700137001", "code": code, "request_key": "counter-1"}
    first = counter.done("bind", **request)
    status, out, _ = counter.call("account", "bind", "--from", "-", "--json", *CHEN, given=json.dumps(request))
    assert (status, json.loads(out)) == (0, {**first, "repeated": True})
    found = counter.done("bindings", account=line)["bindings"]
    assert [row["mobile"] for row in found].count("137****7001") == 1
    status, out, _ = counter.call("account", "bind", "--from", "-", *CHEN, given=json.dumps(request))
    assert "done before" in out


def test_numbers_are_bound_queried_and_unbound(counter: Counter, line: str) -> None:
    code = counter.code("bind", "13700137002", account=line)
    counter.done("bind", **proved(line), mobile="13700137002", code=code)
    by_number = counter.done("bindings", "--mobile", "13700137002", "--since", "2026-01-01")["bindings"]
    assert [(row["account"], row["ended_at"]) for row in by_number] == [(line, None)]
    assert counter.done("unbind", **proved(line), mobile="13700137002")["unbound"] == "137****7002"
    [ended] = counter.done("bindings", mobile="13700137002")["bindings"]
    assert ended["ended_at"]
    status, out, _ = counter.call("account", "bindings", "--account", line, *CHEN)
    assert status == 0
    assert all(len(text) <= 100 for text in out.splitlines())
    assert ended["unbound_by"] in out


def test_an_account_is_suspended_by_its_bound_number_and_resumed(counter: Counter, line: str, tmp_path: Path) -> None:
    assert counter.refused("suspend", mobile=mobile(1), reason="lost-password")["code"] == "bad-code"
    code = counter.code("suspend", mobile(1))
    assert counter.done("suspend", mobile=mobile(1), reason="lost-password", code=code)["account"] == line
    assert counter.state(line) == "suspended"
    fault = ("submit", line, "--symptom", "no-internet", "--description", "断网", *CHEN[:4])
    status, _, err = counter.call(*fault)
    assert status == 3
    assert "is suspended" in err
    assert counter.refused("resume", **proved(line), reason="customer-request")["code"] == "not-lifted-so"
    scan = tmp_path / "owner.png"
    scan.write_bytes(PNG_FILE)
    given = ("--scan", f"owner-document={scan}", "--new-password", PASSWORDS[3], "--reason", "password-reset")
    counter.done("resume", "--account", line, "--document-number", resident_id(1), *given)
    assert counter.state(line) == "in-service"


def test_unbinding_the_number_that_carries_the_plan_must_be_confirmed(counter: Counter, line: str) -> None:
    told = counter.refused("unbind", **proved(line), mobile=mobile(1))
    assert (told["code"], told["confirm"]) == ("needs-confirmation", "plan-voided")
    done = counter.done("unbind", "--confirm", "plan-voided", **proved(line), mobile=mobile(1))
    assert "60.00" in done["plan"]


def test_passwords_are_changed_and_reset(counter: Counter, line: str, tmp_path: Path) -> None:
    counter.done("change-password", **proved(line), old_password=PASSWORDS[3], new_password=PASSWORDS[1])
    assert counter.refused("reset-password", **proved(line), new_password=PASSWORDS[2])["code"] == "documents-missing"
    scan = tmp_path / "owner.png"
    scan.write_bytes(PNG_FILE)
    given = ("--scan", f"owner-document={scan}", "--new-password", PASSWORDS[2])
    counter.done("reset-password", "--account", line, "--document-number", resident_id(1), *given)
    told = counter.refused("change-password", **proved(line), old_password=PASSWORDS[1], new_password=PASSWORDS[3])
    assert told["code"] == "wrong-old-password"
    counter.told(line, "密码已更改")


def test_data_are_modified_and_the_slip_shows_before_and_after(counter: Counter, line: str, tmp_path: Path) -> None:
    code = counter.code("modify", "13500135001", account=line)
    told = counter.done("modify", **proved(line), mobile="13500135001", code=code)
    assert told["changed"] == ["mobile", "contact"]
    sheet = eventually(lambda: list((counter.home.folder / "printed").glob(f"{told['slip']}.pdf")))[0]
    again = tmp_path / "again.pdf"
    assert counter.call("slip", told["slip"], "--out", str(again))[0] == 0
    assert again.read_bytes() == sheet.read_bytes()
    words = [sys.executable, "-m", "dispatch", "slip", told["slip"], "--out", "-"]
    piped = subprocess.run(
        words, cwd=counter.home.project, env=counter.home.environment, capture_output=True, timeout=60
    )
    assert (piped.returncode, piped.stdout) == (0, sheet.read_bytes())
    assert [file.name for file in tmp_path.iterdir()] == ["again.pdf"]


def test_data_shown_in_clear_have_their_reason_in_the_audit_trail(counter: Counter, line: str) -> None:
    home = counter.home  # `counter.said` leaves this out: it is the one output with a number in clear
    reason = ("--unmask", "document-number", "--reason", "公安机关调取")
    status, out, _ = home.call("account", "view", "--account", line, *reason, "--json", *CHEN)
    assert status == 0
    assert json.loads(out)["customer"]["document_number"] == resident_id(1)
    with closing(sqlite3.connect(home.folder / "paidan.db")) as books:
        trail = books.execute("SELECT actor, act, subject, reason FROM audit WHERE act = 'unmask'").fetchall()
    assert ("chen", "unmask", "customer/1/document-number", "公安机关调取") in trail


def test_an_account_is_renamed_to_a_mobile_number_transferred_and_closed(counter: Counter, line: str) -> None:
    code = counter.code("rename", "13500135009", account=line)
    renamed = counter.done("rename", **proved(line), new_account="13500135009", code=code)
    assert (renamed["account"], renamed["before"]) == ("13500135009", line)
    counter.told("13500135009", line)
    kinds = ("owner-document", "new-owner-document", "transfer-agreement")
    request: dict[str, Any] = {**proved("13500135009"), "new_owner": holder(7, "李𬭛"), "password": PASSWORDS[3]}
    scans = [{"kind": kind, "content": PNG.decode()} for kind in kinds]
    assert counter.refused("transfer", **request, scans=scans[:1])["code"] == "documents-missing"
    assert counter.refused("transfer", **request, scans=scans)["code"] == "bad-code"
    request["code"] = counter.code("transfer", mobile(7), account="13500135009")
    told = counter.refused("transfer", **request, scans=scans)
    assert told["confirm"] == "bindings-end"
    request |= {"scans": scans, "confirm": ["bindings-end", "plan-voided", "penalty-due", "term-passes"]}
    owed = counter.refused("transfer", **request)
    assert owed["code"] == "arrears-open"
    asked = re.search(r"(\d+\.\d\d)", owed["reason"])
    assert asked, owed
    given = counter.done("transfer", **request, payment={"method": "cash", "amount": asked[1]})
    assert (given["total"], {row["kind"] for row in given["settlement"]}) == (asked[1], {"unbilled"})
    assert counter.refused("close", **proved("13500135009"), reason="moving")["code"] == "authentication-failed"
    counter.home.done("submit", "13500135009", "--symptom", "no-internet", "--description", "断网", *CHEN[:4])
    leaving: dict[str, Any] = {**proved("13500135009", 7), "reason": "other", "note": "出国"}
    assert counter.refused("close", **leaving)["confirm"] == "open-fault"
    due = counter.done("settle-preview", **proved("13500135009", 7), reason="other")["total"]
    if not due.startswith("-") and due != "0.00":
        leaving["payment"] = {"method": "cash", "amount": due}
    confirmed = ("--confirm", "open-fault", "--confirm", "penalty-due", "--confirm", "settlement")
    assert counter.done("close", *confirmed, **leaving)["total"] == due
    assert counter.state("13500135009") == "closed"


def test_a_line_that_could_not_be_built_is_refunded_by_appointment_and_its_invoice_taken_back(counter: Counter) -> None:
    opened = counter.done("open", **opening(3))
    order = opened["construction"]
    counter.build(order, "construction-failed", "failure-cause=no-entry", "remark=物业不同意")
    [waiting] = eventually(lambda: [r for r in counter.home.read("account", "failed-orders") if r["order"] == order])
    assert (waiting["account"], waiting["appointment"]) == (opened["account"], None)
    status, out, _ = counter.call("account", "failed-orders")
    assert status == 0
    assert "物业不同意" in out
    assert counter.done("contact", order=order, actor=XU)["mobile"] == mobile(3)
    at = eventually(lambda: counter.done("appoint", order=order, at=tomorrow(), actor=XU))["at"]
    counter.told(order, "退单退费")
    assert counter.home.read("account", "failed-orders")[0]["appointment"].startswith(at[:10])
    given = {"account": opened["account"], "password": PASSWORDS[0], "reason": "no-entry", "invoice": "returned"}
    paid = counter.done("refund", **given, actor=XU)
    assert (paid["paid_back"], len(paid["red_letters"])) == ("200.00", 1)
    assert counter.state(opened["account"]) == "cancelled"
    [red] = paid["red_letters"]
    eventually(lambda: list((counter.home.folder / "printed").glob(f"{red}.pdf")))
    again = counter.refused("refund", account=opened["account"], password=PASSWORDS[0], reason="no-entry")
    assert again["code"] == "wrong-state"
    assert [row for row in counter.home.read("account", "failed-orders") if row["order"] == order] == []


def tomorrow() -> str:
    at = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=1)
    return at.replace(hour=10, minute=0).isoformat(timespec="minutes")  # the outlet is open


def test_no_output_and_no_file_contains_a_document_number_or_a_password(counter: Counter, line: str) -> None:
    counter.call("account", "close", "--account", line, "--document-number", resident_id(1), *CHEN)
    secrets = [resident_id(n) for n in (1, 2, 3, 7)] + list(PASSWORDS)
    said = "\n".join(counter.said)
    assert [secret for secret in secrets if secret in said] == []
    found = []
    for file in sorted(counter.home.folder.rglob("*")):
        if file.is_file():
            content = file.read_bytes()
            found += [(file.name, secret) for secret in secrets if secret.encode() in content]
    assert found == []
    assert "paidan.db" in {file.name for file in counter.home.folder.rglob("*")}
