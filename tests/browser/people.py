"""Users of their own for a test, with work in hand, so that the demonstration's colleagues go on undisturbed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import update

from dispatch.access import users
from dispatch.domain.roles import Actor, Role
from dispatch.storage import accounts
from dispatch.storage.database import Database
from dispatch.storage.tables.access import user
from tests.acceptance.conftest import eventually
from tests.demonstration import API, Demo
from tests.factories import NOT_SOLVED
from tests.faulty_lines import faulty

PASSWORD = "Kx7-mountain-river"
_ACCOUNTS = faulty("WX")
ROOT = Actor("an earlier release", Role.ADMINISTRATOR)


def add_user(demo: Demo, name: str, *roles: str) -> str:
    """Add a user who holds these roles everywhere, with PASSWORD; return the name."""
    with demo.signed_in("administrator") as client:
        asked = {"name": name, "password": PASSWORD, "roles": [{"role": role} for role in roles]}
        answer = client.post(f"{API}/users", json=asked)
        assert answer.status_code == 201, answer.text
    demo.users[name] = (name, PASSWORD)
    return name


def report_to_noc(demo: Demo, count: int) -> None:
    """Report faults of as many new customers, and wait until they are on NOC's board."""
    with _database(demo) as database, database.write() as tx:
        numbers = list(islice(_ACCOUNTS, count))
        accounts.enter_existing(tx, [(each, "tianhe", "13800138000") for each in numbers], ROOT, datetime.now(UTC))
    answers = [{"question": question, "answer": answer} for question, answer in NOT_SOLVED]
    report = {"symptom": "no-internet", "description": "断网", "answers": answers, "despite_duplicate": True}
    with demo.signed_in("clerk") as client:
        made = [client.post(f"{API}/faults", json={**report, "account": each}) for each in numbers]
    assert [answer.status_code for answer in made] == [201] * count, made[0].text
    tickets = {answer.json()["ticket"] for answer in made}
    eventually(lambda: tickets <= _waiting_at_noc(demo))


def _waiting_at_noc(demo: Demo) -> set[str]:
    board = demo.get("supervisor", "/teams/noc/board?state=waiting&limit=200")
    return {str(each["hop"]).rpartition("-")[0] for each in board["items"]}


def claim_at_noc(demo: Demo, name: str) -> str:
    """Claim a waiting hop of NOC in a user's name; return its number."""
    with demo.signed_in(name) as client:
        for each in client.get(f"{API}/teams/noc/board?state=waiting&limit=200").json()["items"]:
            if client.post(f"{API}/hops/{each['hop']}/claim", json={}).status_code == 200:
                return str(each["hop"])
    raise AssertionError("nothing waits at NOC")


def of_hop(demo: Demo, hop: str) -> Any:
    """(state, holder) of a hop."""
    told = demo.get("supervisor", f"/hops/{hop}")["hop"]
    return told["state"], told["holder"]


@contextmanager
def _database(demo: Demo) -> Iterator[Database]:
    opened = Database(f"sqlite:///{demo.home.folder / 'paidan.db'}")
    try:
        yield opened
    finally:
        opened.dispose()


def disable_as_once(demo: Demo, name: str) -> None:
    """Disable a user as a release did that left their work with them."""
    with _database(demo) as database, database.write() as tx:
        users.disable(tx, name, ROOT, datetime.now(UTC))


def bind(demo: Demo, name: str) -> None:
    """Bind a user to a person, as the identity provider's answer does."""
    bound = {"oidc_issuer": "https://sso.example", "oidc_subject": name, "bound_at": datetime.now(UTC)}
    with _database(demo) as database, database.write() as tx:
        tx.execute(update(user).where(user.c.name == name).values(**bound))
