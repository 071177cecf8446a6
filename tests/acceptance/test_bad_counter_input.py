"""Bad input at the counter: all faults at once, by name, with an exit status that scripts can use, and nothing written.

Refusals are recorded and leave the books unchanged. No process needs to run.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dispatch.domain.naming import LONGEST_NAME
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.rules_in_force import RulesInForce
from dispatch.storage.database import Database
from tests.acceptance.conftest import PROJECT, Home
from tests.accounts import factories as c
from tests.factories import dump, fault

CHEN = ("--as", "chen", "--role", "clerk")
ZHAO = ("--as", "zhao", "--role", "noc")
OPS = ("--as", "fang", "--role", "ops")
KEYS = {
    "DISPATCH_FIELD_KEYS": "k1:" + base64.urlsafe_b64encode(b"1" * 32).decode(),
    "DISPATCH_INDEX_KEY": base64.urlsafe_b64encode(b"2" * 32).decode(),
}
"""The keys of the tests' counter."""

SERVED, CARRIED, BUILDING, FAILED, REFUNDED = range(1, 6)
FREE, UNREACHED = 8, 9
"""Lines in every state that refusals depend on; a free address, and one without coverage."""

OPERATIONS = {
    "open", "transfer", "close", "suspend", "resume", "change-password", "reset-password", "view", "modify", "bind",
    "unbind", "bindings", "contact", "appoint", "refund", "rename", "change-plan",
    "move",
}  # fmt: skip


class Installed(NamedTuple):
    home: Home
    database: Database
    numbers: Mapping[int, str]

    def call(self, *arguments: str, given: str = "") -> tuple[int, str, str]:
        return self.home.call(*arguments, given=given)


@pytest.fixture(scope="module")
def installed(sqlite_template: Path, script: Script, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    home = Home(tmp_path_factory.mktemp("bad-counter-input") / "paidan", settings=KEYS)
    home.folder.mkdir()
    shutil.copy(sqlite_template, home.folder / "paidan.db")
    database = Database(f"sqlite:///{home.folder / 'paidan.db'}")
    rulebook: Rulebook = RulesInForce(PROJECT / "routing_rules.yaml", database).get()
    counter = c.counter(rulebook)
    numbers = {
        SERVED: c.in_service(database, counter, SERVED),
        CARRIED: c.in_service(database, counter, CARRIED, "family-500", mobile=c.mobile(CARRIED)),
        BUILDING: c.opened(database, counter, BUILDING),
        FAILED: c.failed(database, counter, FAILED),
        REFUNDED: c.failed(database, counter, REFUNDED),
    }
    refund = ("--account", numbers[REFUNDED], "--password", c.PASSWORD, "--reason", "no-way-for-cable")
    assert home.call("account", "refund", *refund, "--invoice", "returned", *CHEN)[0] == 0
    fault(database, rulebook, script, numbers[SERVED])
    assert home.call("account", "open", "--from", "-", *CHEN, given=opening(plan="gold", request_key="used"))[0] == 3
    c.address(database, FREE)
    c.address(database, UNREACHED, capacity=0)
    yield Installed(home, database, numbers)
    database.dispose()


def opening(n: int = FREE, **changes: Any) -> str:
    """Return the JSON of an acceptable opening, with `changes`; `...` leaves a key out."""
    holder = {
        "name": "张㛃甲",
        "document_kind": "resident-id",
        "document_number": c.resident_id(n),
        "document_expires": "2036-03-06",
        "mobile": c.mobile(n),
    }
    asked = {
        "address": f"广州市天河区体育西路{n}号",
        "holder": holder,
        "plan": "standard-300",
        "password": c.PASSWORD,
        "payment": {"method": "cash", "amount": "200.00"},
    }
    for path, value in changes.items():
        part, _, name = path.rpartition("__")
        at: dict[str, Any] = asked[part] if part else asked  # type: ignore[assignment]
        at[name] = value
        if value is ...:
            del at[name]
    return json.dumps(asked, ensure_ascii=False)


def bad(installed: Installed, *arguments: str, given: str = "") -> str:
    """Give bad input; return the message. It leaves no trace and nothing on standard output; what a system outside
    answered meanwhile is kept until its time is over."""
    before = dump(installed.database)
    status, out, err = installed.call(*arguments, given=given)
    assert (status, out) == (2, ""), (status, out, err)
    after = dump(installed.database)
    assert {name for name in after if after[name] != before[name]} <= {"port_answer"}
    assert "Traceback" not in err
    return err


def refused(installed: Installed, *arguments: str, given: str = "") -> dict[str, Any]:
    """Return the refusal as scripts get it; the books are unchanged."""
    before = dump(installed.database)
    status, out, err = installed.call(*arguments, "--json", *CHEN, given=given)
    assert (status, err) == (3, ""), (status, out, err)
    after = dump(installed.database)
    assert {name for name in after if after[name] != before[name]} <= set(c.BOOKKEEPING)
    told: dict[str, Any] = json.loads(out)
    assert (told["outcome"], bool(told["reason"])) == ("refused", True)
    return told


# -- every operation -------------------------------------------------------------------------------


def test_every_operation_of_the_rule_book_has_its_command(installed: Installed) -> None:
    status, out, _ = installed.call("account", "--help")
    assert status == 0
    assert {name for name in OPERATIONS if f"│ {name} " not in out} == set()


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_empty_request_is_bad_input(installed: Installed, name: str) -> None:
    assert "Error bad-" in bad(installed, "account", name, *CHEN)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", "standard input:1:1: JSON: Expecting value"),
        ('{"account": "kd1",}', "standard input:1:19: JSON: "),
        ("[]", "the request must be an object"),
        ('{"request_key": ""}', "request_key: String should have at least 1 character"),
        ('{"confirm": "open-fault"}', "confirm: Input should be a valid array"),
    ],
    ids=["empty", "no JSON", "a list", "empty request key", "text for a list"],
)
def test_malformed_json_is_told_with_its_place(installed: Installed, given: str, told: str) -> None:
    assert told in bad(installed, "account", "open", "--from", "-", *CHEN, given=given)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_unknown_key_of_the_request_is_told(installed: Installed, name: str) -> None:
    told = bad(installed, "account", name, "--from", "-", *CHEN, given='{"colour": "red", "account": 5}')
    assert "colour: is unknown; known are " in told


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_only_the_roles_named_in_the_rule_book_may_do_an_operation(installed: Installed, name: str) -> None:
    whole = requests(installed)[name]
    before = dump(installed.database)
    status, out, err = installed.call("account", name, "--from", "-", *ZHAO, given=json.dumps(whole))
    assert (status, out) == (5, "")
    assert f"noc zhao may not {name} an account" in err
    assert dump(installed.database) == before


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_without_an_actor_is_not_done(installed: Installed, name: str) -> None:
    given = json.dumps(requests(installed)[name])
    assert "who acts? give --as NAME" in bad(installed, "account", name, "--from", "-", given=given)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_request_key_used_for_another_request_is_bad_input(installed: Installed, name: str) -> None:
    given = json.dumps({**requests(installed)[name], "request_key": "used"})
    told = bad(installed, "account", name, "--from", "-", *CHEN, given=given)
    assert "Request key used was used for another request" in told


def requests(installed: Installed) -> dict[str, dict[str, Any]]:
    """A complete request of every operation, in the form of JSON."""
    served, direct = installed.numbers[SERVED], installed.numbers[CARRIED]
    proved = {"account": served, "document_number": c.resident_id(SERVED)}
    scan = {"kind": "owner-document", "content": c.PNG.decode()}
    holder = json.loads(opening())["holder"]
    return {
        "open": json.loads(opening()),
        "transfer": {**proved, "new_owner": holder, "password": "Kd9#wxTz", "scans": [scan]},
        "close": {**proved, "reason": "moving"},
        "suspend": {**proved, "reason": "lost-password"},
        "resume": {**proved, "reason": "arrears-paid"},
        "change-password": {**proved, "old_password": c.PASSWORD, "new_password": "Kd9#wxTz"},
        "reset-password": {**proved, "new_password": "Kd9#wxTz", "scans": [scan]},
        "view": {"account": served, "show": ["customer", "accounts"]},
        "modify": {**proved, "mobile": "13500135000"},
        "bind": {**proved, "mobile": "13700137000"},
        "unbind": {"account": direct, "document_number": c.resident_id(CARRIED), "mobile": c.mobile(CARRIED)},
        "bindings": {"account": direct, "since": "2026-01-01"},
        "contact": {"order": order(installed, FAILED)},
        "appoint": {"order": order(installed, FAILED), "at": "2026-03-03T10:00+08:00"},
        "refund": {"account": installed.numbers[FAILED], "password": c.PASSWORD, "reason": "no-way-for-cable"},
        "rename": {**proved, "new_account": "13500135000"},
        "change-plan": {**proved, "plan": "standard-1000"},
        "move": {**proved, "address": "广州市天河区体育西路8号", "day": "2026-03-03", "part": "morning"},
    }


def order(installed: Installed, n: int) -> str:
    """Return the number of line `n`'s construction order."""
    return f"C{c.order_of(installed.database, installed.numbers[n]):08d}"


# -- what can't be read -----------------------------------------------------------------------------

PROVED = ("--document-number", c.resident_id(SERVED))
KD = "kd0000000001"

BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "a card payment without its reference": (
        ("open", "--from", "-", "--payment-method", "card", "--payment-amount", "200.00"),
        "Card needs the transaction's reference",
    ),
    "cash with a reference": (
        ("open", "--from", "-", "--payment-method", "cash", "--payment-amount", "200.00", "--payment-reference", "8"),
        "Cash has no reference",
    ),
    "payment by promise": (
        ("open", "--from", "-", "--payment-method", "promise", "--payment-amount", "200.00"),
        "payment.method: Input should be 'cash', 'card',",
    ),
    "malformed account": (("close", "--account", "k d", *PROVED, "--reason", "moving"), "that is no account number"),
    "no such reason": (("close", "--account", KD, *PROVED, "--reason", "weather"), "is none of the reasons: moving,"),
    "other without a note": (("close", "--account", KD, *PROVED, "--reason", "other"), "needs a note that says which"),
    "an endless note": (
        ("close", "--account", KD, *PROVED, "--reason", "moving", "--note", "长" * 501),
        "--note: String should have at most 500 characters",
    ),
    "a note that repaints terminals": (
        ("close", "--account", KD, *PROVED, "--reason", "moving", "--note", "a\x1b[2Jb"),
        "control characters",
    ),
    "bytes that are no text": (
        ("close", "--account", KD, *PROVED, "--reason", "moving", "--note", "a\udcffb"),
        "--note: has a character in it that can't be written",
    ),
    "suspend by number and by account": (
        ("suspend", "--mobile", "13700137000", "--account", KD, *PROVED, "--reason", "lost-password"),
        "give a bound mobile number, or account and document number",
    ),
    "suspend by nothing": (
        ("suspend", "--reason", "lost-password"),
        "give a bound mobile number, or account and document",
    ),
    "an endless request key": (
        ("rename", "--account", KD, *PROVED, "--new-account", "13500135000", "--request-key", "k" * 121),
        "--request-key: String should have at most 120 characters",
    ),
    "a scan that is no picture": (
        ("reset-password", "--account", KD, *PROVED, "--new-password", "x", "--scan", f"owner-document={__file__}"),
        "the scan owner-document is neither JPEG, PNG, WebP nor PDF",
    ),
    "a scan of no kind": (
        ("reset-password", "--account", KD, *PROVED, "--new-password", "Kd9#wxTz", "--scan", f"selfie={__file__}"),
        "'selfie' is not a kind of scan; choose from owner-document",
    ),
    "a scan that is not there": (
        ("reset-password", "--account", KD, *PROVED, "--new-password", "x", "--scan", "owner-document=/nowhere.png"),
        "--scan: /nowhere.png: No such file or directory",
    ),
    "a view of everything": (("view", "--account", KD, "--show", "all"), "--show: Input should be 'customer',"),
    "a view in clear without a reason": (("view", "--account", KD, "--unmask", "mobile"), "the reason is empty"),
    "a view by half a document": (("view", "--document-kind", "passport"), "or else the number of the document"),
    "bindings of nobody": (("bindings", "--since", "2026-01-01"), "either by account or by mobile number"),
    "bindings before they begin": (
        ("bindings", "--account", KD, "--since", "2026-02-01", "--until", "2026-01-01"),
        "the range of days ends before it begins",
    ),
    "a day that there is not": (("bindings", "--account", KD, "--since", "2026-02-30"), "the calendar has no such day"),
    "an appointment at no hour": (
        ("appoint", "--order", "C00000004", "--at", "2026-12-01"),
        "--at: this is no date and time: write it as",
    ),
    "an order that is none": (("contact", "--order", "4711x"), "is no ticket number"),
    "an endless outlet": (("view", "--account", KD, "--outlet", "o" * 61), "is no outlet: at most 60 printable"),
    "an unknown option": (("view", "--acount", KD), "No such option"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD.keys())
def test_unreadable_input_is_told_and_leaves_no_trace(
    installed: Installed, arguments: tuple[str, ...], message: str
) -> None:
    told = bad(installed, "account", *arguments, *CHEN, given=opening(payment=...))
    assert message in " ".join(told.split())


def test_all_faults_are_told_at_once_by_option_without_repeating_the_input(installed: Installed) -> None:
    number = c.resident_id(FREE)
    words = f"--holder-name 张 --holder-document-number {number} --password Gx7#pqLm --holder-document-expires {number}"
    told = bad(installed, "account", "open", *words.split(), "--payment-method", number, "--scan", number, *CHEN)
    missing = ("--address", "--holder-document-kind", "--holder-mobile", "--plan", "--payment-amount")
    assert [option for option in missing if f"{option}: is missing" not in told] == []
    assert all(f"{option}: " in told for option in ("--holder-document-expires", "--payment-method", "--scan"))
    assert number not in told
    assert "Gx7#pqLm" not in told


# -- what is refused --------------------------------------------------------------------------------

REFUSED: dict[str, tuple[str, str]] = {
    "wrong check digit": (opening(holder__document_number="440106199003070018"), "bad-document-number"),
    "a birthday that there is not": (opening(holder__document_number="440106199002310013"), "bad-document-number"),
    "expired document": (opening(holder__document_expires="2020-01-01"), "document-expired"),
    "no such kind of document": (opening(holder__document_kind="library-card"), "unknown-document-kind"),
    "a passport without its date": (
        opening(holder__document_kind="passport", holder__document_number="E12345678", holder__document_expires=...),
        "document-expiry-missing",
    ),
    "unknown address": (opening(address="广州市天河区体育西路404号"), "unknown-address"),
    "an address of digits": (opening(address="12345"), "bad-address"),
    "a second account at the address": (opening(address=f"广州市天河区体育西路{SERVED}号"), "address-in-use"),
    "nothing reaches the address": (opening(address=f"广州市天河区体育西路{UNREACHED}号"), "no-resources"),
    "taken mobile number": (opening(plan="family-500", mobile=c.mobile(CARRIED)), "mobile-taken"),
    "malformed mobile number": (opening(holder__mobile="12345678901"), "bad-mobile"),
    "a plan that there is not": (opening(plan="gold"), "unknown-plan"),
    "a plan for units": (opening(plan="business-1000"), "plan-not-offered"),
    "a plan that needs a number": (opening(plan="family-500"), "plan-not-offered"),
    "negative amount": (opening(payment__amount="-200.00"), "bad-amount"),
    "an odd amount": (opening(payment__amount="200.005"), "bad-amount"),
    "an amount in words": (opening(payment__amount="两百"), "bad-amount"),
    "an amount with a comma": (opening(payment__amount="2,00"), "bad-amount"),
    "too little": (opening(payment__amount="199.99"), "bad-amount"),
    "too much": (opening(payment__amount="200.01"), "bad-amount"),
    "an endless amount": (opening(payment__amount="9" * 40), "bad-amount"),
    "no payment where one is due": (opening(payment=...), "bad-amount"),
    "over-long name": (opening(holder__name="长" * (LONGEST_NAME + 1)), "bad-name"),
    "a name with control characters": (opening(holder__name="张\x1b[2J"), "bad-name"),
    "a name that turns the writing round": (opening(holder__name="张\u202e三"), "bad-name"),
    "an empty name": (opening(holder__name="  "), "bad-name"),
    "a name of a private character": (opening(holder__name="张\ue000"), "bad-name"),
    "a weak password": (opening(password="11111111"), "weak-password"),
    "a short password": (opening(password="Gx7#"), "weak-password"),
}


@pytest.mark.parametrize(("given", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_an_impossible_opening_is_refused_with_its_reason(installed: Installed, given: str, code: str) -> None:
    told = refused(installed, "account", "open", "--from", "-", given=given)
    assert (told["code"], told["operation"]) == (code, "open")
    assert c.resident_id(FREE) not in told["reason"]


OTHERS: dict[str, tuple[int, tuple[str, ...], str]] = {
    "wrong document": (SERVED, ("close", "--document-number", c.resident_id(9), "--reason", "moving"), "auth"),
    "an open fault": (SERVED, ("close", *PROVED, "--reason", "moving"), "needs-confirmation"),
    "suspension of what is being built": (
        BUILDING,
        ("suspend", "--document-number", c.resident_id(BUILDING), "--reason", "lost-password"),
        "wrong-state",
    ),
    "resume of what works": (SERVED, ("resume", *PROVED, "--reason", "arrears-paid"), "wrong-state"),
    "the old password is wrong": (
        SERVED,
        ("change-password", *PROVED, "--old-password", "nope", "--new-password", "Kd9#wxTz"),
        "wrong-old-password",
    ),
    "documents missing": (SERVED, ("reset-password", *PROVED, "--new-password", "Kd9#wxTz"), "documents-missing"),
    "nothing to modify": (SERVED, ("modify", *PROVED, "--mobile", c.mobile(SERVED)), "nothing-changed"),
    "a number bound elsewhere": (SERVED, ("bind", *PROVED, "--mobile", c.mobile(CARRIED)), "mobile-taken"),
    "a number that isn't bound": (SERVED, ("unbind", *PROVED, "--mobile", "13600136000"), "not-bound"),
    "a number that carries the plan": (
        CARRIED,
        ("unbind", "--document-number", c.resident_id(CARRIED), "--mobile", c.mobile(CARRIED)),
        "needs-confirmation",
    ),
    "a name that is no mobile number": (SERVED, ("rename", *PROVED, "--new-account", "my-home"), "bad-mobile"),
    "refund of what is being built": (
        BUILDING,
        ("refund", "--password", c.PASSWORD, "--reason", "too-late"),
        "order-not-failed",
    ),
    "refund with a wrong password": (FAILED, ("refund", "--password", "nope", "--reason", "too-late"), "auth"),
    "refund of a refunded order": (
        REFUNDED,
        ("refund", "--password", c.PASSWORD, "--reason", "too-late"),
        "wrong-state",
    ),
}


@pytest.mark.parametrize(("n", "arguments", "code"), OTHERS.values(), ids=OTHERS.keys())
def test_an_impossible_operation_on_an_account_is_refused_with_its_reason(
    installed: Installed, n: int, arguments: tuple[str, ...], code: str
) -> None:
    name, *options = arguments
    told = refused(installed, "account", name, "--account", installed.numbers[n], *options)
    assert told["code"].startswith(code)


def test_a_warning_tells_how_to_confirm_it(installed: Installed) -> None:
    closing = ("account", "close", "--account", installed.numbers[SERVED], *PROVED, "--reason", "moving")
    told = refused(installed, *closing)
    assert told["confirm"] == "open-fault"
    status, out, _ = installed.call(*closing, *CHEN)
    assert status == 3
    assert "--confirm open-fault" in out
    assert "The customer must be told and confirm" in out


# -- paper ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("slip", "S000009999"), 4, "There is no slip S000009999"),
        (("slip", "4711"), 2, "'4711' is no slip's serial: they look like S000000042"),
        (("slip", "S" + "9" * 30), 2, "is no slip's serial"),
        (("invoice", "9999"), 4, "There is no invoice 9999"),
        (("invoice", "first"), 2, "'first' is no invoice's number"),
    ],
)
def test_paper_that_does_not_exist_is_not_written(
    installed: Installed, tmp_path: Path, arguments: tuple[str, ...], status: int, message: str
) -> None:
    file = tmp_path / "paper.pdf"
    found, out, err = installed.call(*arguments, "--out", str(file))
    assert (found, out) == (status, "")
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_a_refused_operation_and_a_query_have_no_slip(installed: Installed, tmp_path: Path) -> None:
    refused(installed, "account", "open", "--from", "-", given=opening(plan="gold"))
    _, out, _ = installed.call("account", "view", "--account", installed.numbers[SERVED], "--json", *CHEN)
    assert json.loads(out)["slip"] is None
    last = max(row[0] for row in dump(installed.database)["operation"])
    for serial in (last - 1, last):
        assert installed.call("slip", f"S{serial:09d}", "--out", str(tmp_path / "s.pdf"))[0] == 4


def test_a_missing_folder_for_paper_is_told_by_the_given_name(installed: Installed, tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "i.pdf"
    status, out, err = installed.call("invoice", "1", "--out", str(file))
    assert (status, out) == (1, "")
    assert f"the folder {file.parent} is not there: No such file or directory" in err


# -- addresses --------------------------------------------------------------------------------------

HEAD = "address,area,olt,port,capacity\n"


def loaded(installed: Installed, file: Path, text: str, *actor: str) -> tuple[int, str, str]:
    file.write_text(HEAD + text, encoding="utf-8")
    return installed.call("address", "load", str(file), *(actor or OPS))


def test_every_fault_of_an_address_file_is_told_with_its_place_and_nothing_is_entered(
    installed: Installed, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    before = dump(installed.database)
    status, out, _ = loaded(
        installed, file, "广州市越秀区中山路1号,yuexiu,,,\n广,yuexiu,,,\n广州市越秀区中山路2号,,OLT,,x\n"
    )
    assert status == 1
    assert [line.split(" ")[0] for line in out.splitlines()] == [
        f"{file}:3:1:",
        f"{file}:4:13:",
        f"{file}:4:18:",
        f"{file}:4:19:",
    ]
    assert dump(installed.database) == before


def test_a_port_capacity_below_the_places_in_use_is_told_with_its_line(installed: Installed, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    with installed.database.write() as tx:
        tx.exec_driver_sql(f"UPDATE pon_port SET used = 2 WHERE olt = 'OLT-{SERVED}'")
    before = dump(installed.database)
    row = f"广州市天河区体育西路{SERVED}号,tianhe,OLT-{SERVED},0/1/1,1\n"
    status, out, _ = loaded(installed, file, f"广州市越秀区中山路1号,yuexiu,,,\n{row}")
    assert (status, out) == (1, f"{file}:3:1: port OLT-{SERVED} 0/1/1 has 2 places in use, not 1\n")
    assert dump(installed.database) == before


def test_addresses_are_entered_by_those_who_run_the_network(installed: Installed, tmp_path: Path) -> None:
    before = dump(installed.database)
    status, _, err = loaded(installed, tmp_path / "a.csv", "广州市越秀区中山路1号,yuexiu,,,\n", *CHEN)
    assert status == 5
    assert "clerk chen may not load addresses; that is for: ops, network-service-support" in err
    assert dump(installed.database) == before


def test_a_missing_address_file_is_told(installed: Installed, tmp_path: Path) -> None:
    status, out, err = installed.call("address", "load", str(tmp_path / "a.csv"), *OPS)
    assert (status, out) == (1, "")
    assert "a.csv is not there: No such file or directory" in err


# -- the installation -------------------------------------------------------------------------------


def test_an_external_database_needs_keys_of_its_own(home: Home, tmp_path: Path) -> None:
    home.settings = {"DISPATCH_DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}"}
    assert home.call("migrate")[0] == 0
    status, out, err = home.call("account", "view", "--account", "kd1", *CHEN)
    assert (status, out) == (1, "")
    assert "DISPATCH_FIELD_KEYS and DISPATCH_INDEX_KEY is not there: set both" in err


def test_no_operation_goes_on_with_a_faulty_plans_file(installed: Installed, tmp_path: Path) -> None:
    file = tmp_path / "plans.yaml"
    file.write_text("version: 1\nplans: {}\n", encoding="utf-8")
    spoilt = Home(installed.home.folder, settings={**KEYS, "DISPATCH_PLANS": str(file)})
    before = dump(installed.database)
    status, out, _ = spoilt.call("account", "open", "--from", "-", *CHEN, given=opening())
    assert status == 1
    assert out.startswith(f"{file}:")
    assert dump(installed.database) == before
