"""A request under a key is done once: repeated it gets the same answer, another request under its key is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from dispatch.access import sessions
from dispatch.domain.roles import Role
from dispatch.storage import idempotency
from dispatch.storage.database import Database
from dispatch.storage.tables import access as w
from dispatch.storage.tables import tickets as t
from dispatch.tickets import intake
from tests import factories as f
from tests.web.conftest import API, Web

FAULT = {"account": "GZ1", "symptom": "slow", "description": "网速慢"}


def submit(client: TestClient, key: str = "k1", **body: Any) -> Any:
    return client.post(f"{API}/faults", json={**FAULT, **body}, headers={"Idempotency-Key": key})


def tickets(database: Database) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(t.ticket)).scalar_one()


def test_the_same_request_under_the_same_key_is_answered_the_same_and_done_once(web: Web) -> None:
    f.account(web.database)
    clerk = web.program("chen", Role.CLERK)
    first, again = submit(clerk), submit(clerk)
    assert (first.status_code, again.status_code, tickets(web.database)) == (201, 201, 1)
    assert (again.content, again.headers["location"]) == (first.content, first.headers["location"])
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("other", [{"symptom": "no-internet"}, {"priority": 1}, {"despite_duplicate": True}])
def test_another_request_under_a_used_key_is_refused(small_web: Web, other: dict[str, Any]) -> None:
    f.account(small_web.database)
    clerk = small_web.program("chen", Role.CLERK)
    submit(clerk)
    answer = submit(clerk, **other)
    assert (answer.status_code, answer.json()["code"]) == (422, "key-reused")
    elsewhere = clerk.post(f"{API}/rules/try", json={"flow": "fault"}, headers={"Idempotency-Key": "k1"})
    assert elsewhere.status_code == 200  # a read changes nothing and takes no key


def test_the_same_request_in_another_role_is_another_request(small_web: Web) -> None:
    """The role decides what is written, so an answer to one role is none to the other."""
    f.account(small_web.database)
    both = small_web.program("chen", Role.CLERK, Role.COMMUNITY_MANAGER)
    told = [
        both.post(f"{API}/faults", json=FAULT, headers={"Idempotency-Key": "k1", **acting})
        for acting in ({"Acting-Role": "clerk"}, {"Acting-Role": "community-manager"}, {}, {"Acting-Role": "clerk"})
    ]
    assert [each.status_code for each in told] == [201, 422, 422, 201]
    assert {each.json()["code"] for each in told[1:3]} == {"key-reused"}
    assert tickets(small_web.database) == 1


def test_a_key_belongs_to_its_user(small_web: Web) -> None:
    for number in ("GZ1", "GZ2"):
        f.account(small_web.database, number)
    assert submit(small_web.program("chen", Role.CLERK)).status_code == 201
    assert submit(small_web.program("he", Role.CLERK), account="GZ2").status_code == 201
    assert tickets(small_web.database) == 2


def test_a_refusal_is_not_remembered_because_it_changed_nothing(web: Web) -> None:
    clerk = web.program("chen", Role.CLERK)
    assert submit(clerk).json()["code"] == "unknown-account"
    f.account(web.database)
    assert submit(clerk).status_code == 201


def test_a_crash_before_the_commit_leaves_neither_the_act_nor_its_answer(
    small_web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    f.account(small_web.database)
    clerk = small_web.program("chen", Role.CLERK)
    monkeypatch.setattr(idempotency, "keep", lambda *_: 1 / 0)
    assert submit(clerk).status_code == 500
    monkeypatch.undo()
    assert tickets(small_web.database) == 0
    assert submit(clerk).status_code == 201


def test_the_database_stores_neither_the_key_nor_the_request(small_web: Web) -> None:
    f.account(small_web.database)
    submit(small_web.program("chen", Role.CLERK), key="secret-key-1")
    with small_web.database.read() as tx:
        kept = str(tx.execute(select(w.idempotency)).all())
    assert "secret-key-1" not in kept
    assert "网速慢" not in kept


def test_an_answer_is_kept_for_a_day(small_web: Web) -> None:
    f.account(small_web.database)
    submit(small_web.program("chen", Role.CLERK))
    for passed, left in ((sessions.ANSWERS_KEPT - timedelta(seconds=1), 1), (sessions.ANSWERS_KEPT, 0)):
        with small_web.database.write() as tx:
            sessions.sweep(tx, small_web.now + passed, small_web.now)
            assert tx.execute(select(func.count()).select_from(w.idempotency)).scalar() == left


@pytest.mark.parametrize("key", ["", "two words", "x" * 121, "ключ"])
def test_a_malformed_key_is_refused(small_web: Web, key: str) -> None:
    f.account(small_web.database)
    clerk = small_web.program("chen", Role.CLERK)
    answer = clerk.post(f"{API}/faults", json=FAULT, headers={b"Idempotency-Key": key.encode()})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


def test_a_second_request_is_told_to_wait_while_the_first_is_under_way(
    application: Any, postgresql: Database, rulebook: Any, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL alone has several writers; on SQLite the second request waits and gets the first one's answer."""
    f.put_in_force(postgresql, rulebook)
    web = Web(application, postgresql, rulebook, script)
    f.account(postgresql)
    clerk = web.program("chen", Role.CLERK)
    inside, go_on, real = threading.Event(), threading.Event(), intake.submit

    def slowly(*given: Any) -> Any:
        inside.set()
        go_on.wait(30)
        return real(*given)

    monkeypatch.setattr(intake, "submit", slowly)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(submit, clerk)
        inside.wait(30)
        second = submit(web.client(**dict(clerk.headers)))
        go_on.set()
        assert first.result().status_code == 201
    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (409, "key-in-flight", "1")
    assert submit(clerk).content == first.result().content
    assert tickets(postgresql) == 1


def test_one_of_many_simultaneous_requests_under_one_key_is_done(web: Web) -> None:
    f.account(web.database)
    clerk = web.program("chen", Role.CLERK)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: submit(web.client(**dict(clerk.headers))), range(16)))
    assert {each.status_code for each in answers} <= {201, 409}
    done = {each.content for each in answers if each.status_code == 201}
    assert (len(done), tickets(web.database)) == (1, 1)
    assert {each.json()["code"] for each in answers if each.status_code == 409} <= {"key-in-flight"}
