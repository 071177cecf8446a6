"""Identity numbers and passwords are in no file of an installation, in no dump, on no slip, in no output."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pypdfium2
import pytest
import redis

from tests.acceptance.conftest import PHOTO, Home, eventually
from tests.accounts.factories import resident_id
from tests.sqlite import dumped

pytestmark = pytest.mark.system

CLERK = ("--as", "chen", "--role", "clerk")
SECRETS = ("Gx7#pqLm", "Wq2!zzKd", *(resident_id(n) for n in (1, 2, 3)))
"""Two passwords, and the documents of a customer, of another customer, and of one who was refused."""


@pytest.fixture(scope="module")
def told(running: Home) -> list[str]:
    """The output of many commands that used secrets, rightly and wrongly."""
    said: list[str] = []

    def do(operation: str, request: object, status: int = 0) -> None:
        file = running.folder / "request.json"
        file.write_text(json.dumps(request))
        code, out, err = running.call("account", operation, "--from", str(file), *CLERK)
        file.unlink()
        assert code == status, (operation, out, err)
        said.extend((out, err))

    csv = running.folder / "addresses.csv"
    csv.write_text(
        "address,area,olt,port,capacity\n体育西路1号,tianhe,OLT-1,0/1/1,8\n体育西路2号,tianhe,OLT-1,0/1/1,8\n"
    )
    running.done("address", "load", str(csv), "--as", "mo", "--role", "ops")
    holder = {"name": "张㛃", "document_kind": "resident-id", "mobile": "13800138001"}
    opening = {
        "address": "体育西路1号",
        "holder": {**holder, "document_number": resident_id(1)},
        "plan": "standard-300",
        "password": "Gx7#pqLm",
        "payment": {"method": "cash", "amount": "200.00"},
        "request_key": "one",
    }
    do("open", opening)
    do("open", opening)
    do("open", {**opening, "password": "Wq2!zzKd"}, 2)  # the key belongs to another request
    do("open", {**opening, "request_key": "two", "holder": {**holder, "document_number": resident_id(3)[:-1] + "?"}}, 3)
    eventually(lambda: "waiting" in running.done("board", "construction", "--json"))
    running.done("claim", "C00000001", "--as", "wu", "--role", "construction")
    ont = running.handed_out("C00000001", "wu")
    measured = (f"device-serial={ont}", "optical-power=-18", "customer-confirmed=yes", "speed-test=940")
    evidence = [word for each in measured for word in ("--evidence", each)]
    evidence += ["--photo", str(PHOTO)]
    running.done("report", "C00000001", "--finding", "installed", *evidence, "--as", "wu", "--role", "construction")
    eventually(lambda: '"closed"' in running.done("tickets", "--json"))
    account = {"account": "kd0000000001", "document_number": resident_id(1)}
    passwords = {"old_password": "Gx7#pqLm", "new_password": "Wq2!zzKd"}
    do("change-password", {**account, **passwords})
    do("change-password", {**account, **passwords}, 3)  # the old password is wrong now
    do("suspend", {**account, "document_number": resident_id(2), "reason": "lost-password"}, 3)  # another's document
    do("close", {**account, "document_number": [resident_id(1)], "reason": "moving"}, 2)  # not a text
    do("view", {"document_kind": "resident-id", "document_number": resident_id(1)})
    eventually(lambda: not running.read("effects")["unconfirmed"])
    return said


def test_no_command_prints_a_secret(told: list[str]) -> None:
    assert not [secret for secret in SECRETS for text in told if secret in text]


def test_no_file_contains_a_secret_neither_database_nor_log_nor_broker_nor_ledger(
    running: Home, told: list[str]
) -> None:
    with redis.Redis.from_url(running.address("broker")) as broker:
        broker.config_set("appendfsync", "always")  # what the broker was told is in its file
    files = [file for file in running.folder.rglob("*") if file.is_file()]
    names = {file.name for file in files}
    assert {"paidan.db", "sms.db", "provisioning.db", "ledger.tsv", "worker1.log", "relay.log"} <= names
    assert any("aof" in file.suffix or "aof" in file.name for file in files)
    assert not [(file.name, secret) for file in files for secret in SECRETS if secret.encode() in file.read_bytes()]


def test_no_dump_contains_a_secret(running: Home, told: list[str]) -> None:
    dump = dumped(running.folder / "paidan.db")
    assert "kd0000000001" in dump
    assert not [secret for secret in SECRETS if secret in dump]


def test_no_slip_shows_a_secret(running: Home, told: list[str]) -> None:
    folder = running.folder / "printed"
    printed = list(folder.glob("*.pdf"))
    assert len(printed) == 3  # two slips and an invoice
    assert not [(file.name, secret) for file in printed for secret in SECRETS if secret in _text(file)]
    assert any(resident_id(1)[-4:] in _text(file) for file in printed), "masked, it is there"


def _text(file: Path) -> str:
    with closing(pypdfium2.PdfDocument(file)) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
