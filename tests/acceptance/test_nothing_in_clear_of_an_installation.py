"""After administrative acts by commands and over HTTP, an installation's logs, files, backup and process list hold no
password, token, session or identity number."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
import pytest

from dispatch.replay.customers import read_survey_message
from tests.acceptance.conftest import Home, eventually
from tests.accounts.factories import resident_id
from tests.factories import NOT_SOLVED
from tests.sqlite import dumped

pytestmark = pytest.mark.system

OPS = ("--as", "guo", "--role", "ops")
TYPED, RETYPED, WRONG = "vQ7#granite-otter", "bT4-walnut-canyon", "zX2_never-the-one"
FOR_METRICS = "mQ3-scrape-only-token"
CUSTOMERS, CHANGED = "Gx7#pqLm", "Wq2!zzKd"
CUSTOMER = {"name": "张㛃", "document_kind": "resident-id", "document_number": resident_id(1), "mobile": "13800138001"}
OPENING = {
    "address": "体育西路1号",
    "holder": CUSTOMER,
    "plan": "standard-300",
    "password": CUSTOMERS,
    "payment": {"method": "cash", "amount": "200.00"},
}
PRIVATE = {"field.keys", "retired.keys"}
"""The files that may hold keys: their owner alone may read them, and no backup contains them."""
INBOX = {"sms.db", "sms.db-wal"}
"""The simulated gateway's deliveries, which are the customers' telephones: a survey's link is there."""


@dataclass
class Acts:
    """What was done, and the secrets that it made or used. `links`: tokens of surveys' links."""

    home: Home
    secrets: set[str] = field(
        default_factory=lambda: {TYPED, RETYPED, WRONG, FOR_METRICS, CUSTOMERS, CHANGED, resident_id(1)}
    )
    links: set[str] = field(default_factory=set)
    command_lines: str = ""
    clients: ExitStack = field(default_factory=ExitStack)

    def done(self, *words: str, given: str = "") -> Any:
        """A command that succeeds; what it tells once is a secret."""
        status, out, err = self.home.call(*words, "--json", given=given)
        assert status == 0, (words, out, err)
        told = json.loads(out)
        self.learn(told)
        return told

    def asked(self, client: httpx2.Client, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        """A request that succeeds, or is answered with `status`."""
        answer = client.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code == status if status else answer.is_success, (path, answer.status_code, answer.text)
        told = answer.json() if answer.content else {}
        if answer.is_success:
            self.learn(told)
        self.secrets |= set(client.cookies.values())
        return told

    def learn(self, told: Any) -> None:
        if isinstance(told, dict):
            self.secrets |= {told[name] for name in ("password", "token", "csrf") if told.get(name)}

    def client(self, **headers: str) -> httpx2.Client:
        client = httpx2.Client(base_url=self.home.address("web"), headers=headers, timeout=30)
        return self.clients.enter_context(client)

    def browser(self, name: str, password: str) -> httpx2.Client:
        client = self.client()
        self.asked(client, "POST", "/session", {"name": name, "password": password})
        client.headers["X-CSRF-Token"] = self.asked(client, "GET", "/session")["csrf"]
        return client


@contextmanager
def up(home: Home, said: Path) -> Iterator[None]:
    """Run everything, with what the supervisor says in a file."""
    words = home.command("up")
    with said.open("w") as out:
        process = subprocess.Popen(
            words, cwd=home.project, env=home.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        try:
            eventually(lambda: "ready: http" in said.read_text(), 90)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@pytest.fixture(scope="module")
def acts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acts]:
    folder = tmp_path_factory.mktemp("clear")
    settings = {"DISPATCH_METRICS_TOKEN": FOR_METRICS, "DISPATCH_SURVEY_UNDO": "1"}
    home = Home(folder / "paidan", settings=settings)
    with up(home, folder / "supervisor.log"):
        made = Acts(home)
        with made.clients:
            at_work(made)
        made.command_lines += "\n".join(home.processes().values())
        home.done("backup", str(folder / "paidan.backup"))
        yield made


def at_work(made: Acts) -> None:
    administer(made)
    at_the_counter(made)
    survey(made)
    rotate(made)


def administer(made: Acts) -> None:
    root = made.done("user", "add", "root", "--role", "administrator")["password"]
    made.done("user", "add", "guo", "--role", "ops")
    made.done("user", "add", "chen", "--role", "clerk", "--password-stdin", given=TYPED)
    made.done("user", "add", "zhao", "--role", "noc")
    made.done("user", "password", "zhao")
    made.done("token", "zhao")
    made.done("user", "revoke", "zhao", "1")
    made.done("user", "disable", "zhao")
    made.done("user", "enable", "zhao")
    words = made.home.command("user", "password", "zhao", "--password-stdin")
    pipe = subprocess.PIPE
    where: dict[str, Any] = {"cwd": made.home.project, "env": made.home.environment}
    command = subprocess.Popen(words, **where, text=True, stdin=pipe, stdout=pipe, stderr=pipe)
    shown = Path(f"/proc/{command.pid}/cmdline")
    eventually(lambda: b"password-stdin" in shown.read_bytes())
    made.command_lines += shown.read_text()
    command.communicate(RETYPED, timeout=60)
    assert command.returncode == 0
    browser = made.browser("root", root)
    made.asked(browser, "POST", "/users", {"name": "li", "roles": [{"role": "installer"}]})
    made.asked(browser, "POST", "/users/li/password")
    made.asked(browser, "POST", "/users/li/disable")
    made.asked(browser, "POST", "/tokens", {"title": "laptop", "password": root})
    made.asked(browser, "POST", "/tokens", {"title": "laptop", "password": WRONG}, HTTPStatus.UNAUTHORIZED)
    made.asked(browser, "POST", "/session/password", {"old": root, "new": RETYPED + "-2"})
    for wrong in ({"name": "root", "password": WRONG}, {"name": WRONG, "password": "x"}):  # in the wrong field, too
        made.asked(made.client(), "POST", "/session", wrong, HTTPStatus.UNAUTHORIZED)
    made.asked(browser, "POST", "/session", {"name": "root", "password": {"x": WRONG}}, HTTPStatus.UNPROCESSABLE_ENTITY)
    forged = made.client(Authorization=f"Bearer paidan_{WRONG}")
    made.asked(forged, "GET", "/users", status=HTTPStatus.UNAUTHORIZED)


def at_the_counter(made: Acts) -> None:
    addresses = made.home.folder / "addresses.csv"
    addresses.write_text("address,area,olt,port,capacity\n体育西路1号,tianhe,OLT-1,0/1/1,8\n")
    made.home.done("address", "load", str(addresses), *OPS)
    clerk = made.browser("chen", TYPED)
    number = made.asked(clerk, "POST", "/accounts/open", OPENING)["result"]["account"]
    proved = {"account": number, "document_number": resident_id(1)}
    changed = {**proved, "old_password": CUSTOMERS, "new_password": CHANGED}
    made.asked(clerk, "POST", "/accounts/change-password", changed)
    made.asked(clerk, "POST", "/customers/find", {k: CUSTOMER[k] for k in ("document_kind", "document_number")})
    made.asked(
        clerk, "POST", "/accounts/close", {**proved, "reason": [resident_id(1)]}, HTTPStatus.UNPROCESSABLE_ENTITY
    )


def survey(made: Acts) -> None:
    home = made.home
    home.done("account", "add", "GZ1", "--area", "tianhe", "--mobile", "13800138002", *OPS)
    clerk = made.browser("chen", TYPED)
    answers = [{"question": question, "answer": answer} for question, answer in NOT_SOLVED]
    reported = {"account": "GZ1", "symptom": "no-internet", "description": "断网", "answers": answers}
    ticket = made.asked(clerk, "POST", "/faults", reported)["ticket"]
    noc = ("--as", "zhao", "--role", "noc")
    eventually(lambda: ticket in home.done("board", "noc", "--json"))
    home.done("claim", ticket, *noc)
    home.done("report", ticket, "--finding", "fixed", "--evidence", "cause=configuration", *noc)
    (link,) = eventually(lambda: links(home))
    made.links.add(link)
    customer = made.client()
    assert customer.get(f"/s/{link}").is_success
    assert customer.get(f"/s/{link[:-1]}x").status_code == HTTPStatus.NOT_FOUND
    made.asked(customer, "POST", f"/surveys/{link}", {"fixed": True, "grade": 5})
    eventually(lambda: home.read("show", ticket)["ticket"]["state"] == "closed")


def links(home: Home) -> list[str]:
    """The tokens of the survey links that customers got."""
    with closing(sqlite3.connect(home.folder / "sms.db")) as inbox:
        texts = [text for (text,) in inbox.execute("SELECT text FROM delivered")]
    return [found[0] for text in texts if (found := read_survey_message(text))]


def rotate(made: Acts) -> None:
    keys = made.home.folder / "field.keys"
    before = secret_keys(keys.read_text())
    made.done("keys", "rotate", *OPS)
    made.secrets |= before | secret_keys(keys.read_text())
    listed = eventually(lambda: [key for key in made.done("keys", "show")["keys"] if key["state"] == "old"])
    (old,) = [key["key"] for key in listed if key["purpose"] == "encryption"]
    eventually(lambda: made.home.call("keys", "retire", old, *OPS)[0] == 0)


def secret_keys(text: str) -> set[str]:
    """The keys in a key file: 32 bytes each, in base 64."""
    return set(re.findall(r"[A-Za-z0-9_-]{43}", text))


def found(texts: dict[str, bytes], secrets: Collection[str]) -> list[tuple[str, str]]:
    return [(name, secret) for name, text in texts.items() for secret in secrets if secret.encode() in text]


def test_there_were_secrets_to_be_found(acts: Acts) -> None:
    assert len(acts.secrets) > 20
    assert all(len(secret) > 7 for secret in acts.secrets | acts.links)


def test_no_log_of_any_process_holds_a_secret(acts: Acts) -> None:
    logs = {file.name: file.read_bytes() for file in acts.home.folder.rglob("*.log")}
    assert {"web.log", "relay.log", "worker1.log", "worker2.log", "broker.log", "flower.log"} <= logs.keys()
    logs["supervisor.log"] = (acts.home.folder.parent / "supervisor.log").read_bytes()
    assert b"ready" in logs["supervisor.log"]
    broker = re.findall(r":([0-9a-f]{32})@", (acts.home.folder / "run/broker.url").read_text())
    assert found(logs, acts.secrets | acts.links | {*broker, "13800138001", "13800138002", "张㛃"}) == []


def test_no_file_of_the_installation_holds_a_secret(acts: Acts) -> None:
    files = {file.name: file.read_bytes() for file in acts.home.folder.rglob("*") if file.is_file()}
    assert {"paidan.db", "ledger.tsv", "provisioning.db"} <= files.keys()
    assert found({name: text for name, text in files.items() if name not in PRIVATE}, acts.secrets) == []
    assert found({name: text for name, text in files.items() if name not in INBOX}, acts.links) == []
    assert found(files, acts.links), "the customers have it"


def test_no_backup_and_no_dump_holds_a_secret(acts: Acts) -> None:
    dump = dumped(acts.home.folder / "paidan.db").encode()
    backup = (acts.home.folder.parent / "paidan.backup").read_bytes()
    assert b"survey_link" in dump
    assert b"survey_link" in backup
    assert found({"dump": dump, "backup": backup}, acts.secrets | acts.links) == []


def test_no_process_shows_a_secret_in_its_arguments(acts: Acts) -> None:
    lines = acts.command_lines.encode()
    assert b"password-stdin" in lines
    assert all(part in lines for part in (b"workers.relay", b"dispatch.web", b"celery", b"valkey"))
    broker = re.findall(r":([0-9a-f]{32})@", (acts.home.folder / "run/broker.url").read_text())
    assert found({"arguments": lines}, acts.secrets | acts.links | set(broker)) == []


def test_the_metrics_hold_no_secret(acts: Acts) -> None:
    held = {"Authorization": f"Bearer {FOR_METRICS}"}
    shown = httpx2.get(f"{acts.home.address('web')}/metrics", headers=held).content
    assert b"paidan_" in shown
    assert found({"metrics": shown}, acts.secrets | acts.links | {"13800138001"}) == []
