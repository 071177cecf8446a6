"""An answer that holds a secret is kept for its repetitions without the secret."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from sqlalchemy import insert, select
from starlette.testclient import TestClient

from dispatch.domain.roles import Role
from dispatch.storage import idempotency
from dispatch.storage.database import Database
from dispatch.storage.tables import access as w
from dispatch.web.api.schemas import WITHHELD
from tests.factories import NOW
from tests.users import PASSWORD, user
from tests.web.conftest import API, Web

KEY = {"Idempotency-Key": "k1"}
SOUNDS_SECRET = re.compile(r"pass(word|phrase)|token|secret|csrf|credential|document_number|(^|_)pin$")
NOT_SECRET = {
    "SignInRequest.password",  # requests: they are hashed under a key, never kept
    "PasswordRequest.old",
    "TokenRequest.password",
    "UserRequest.password",
    "CustomerSearch.document_number",
}


def kept(database: Database) -> str:
    with database.read() as tx:
        return str(tx.execute(select(w.idempotency)).all())


def repeated(client: TestClient, path: str, body: dict[str, Any], secret: str, web: Web) -> None:
    """Send the request twice under one key; only the first answer has the secret."""
    first, again = (client.post(f"{API}{path}", json=body, headers=KEY) for _ in range(2))
    assert first.status_code == again.status_code < 300, first.text
    told = first.json()[secret]
    assert len(told) > 8
    assert first.json()["withheld"] is None
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == {**first.json(), secret: None, "withheld": {"zh": WITHHELD.zh, "en": WITHHELD.en}}
    assert told not in kept(web.database)


def test_a_new_token_is_in_the_first_answer_alone(web: Web) -> None:
    client = web.browser("chen", Role.CLERK)
    repeated(client, "/tokens", {"title": "laptop", "password": PASSWORD}, "token", web)
    assert len(client.get(f"{API}/tokens").json()["items"]) == 1


def test_a_password_that_was_made_is_in_the_first_answer_alone(web: Web) -> None:
    root = web.program("root", Role.ADMINISTRATOR)
    repeated(root, "/users", {"name": "li"}, "password", web)


def test_a_reset_password_is_in_the_first_answer_alone_and_the_user_has_it(web: Web) -> None:
    user(web.database, "li", Role.NOC)
    root = web.program("root", Role.ADMINISTRATOR)
    repeated(root, "/users/li/password", {}, "password", web)


def test_a_repetition_with_another_password_is_another_request(small_web: Web) -> None:
    root = small_web.program("root", Role.ADMINISTRATOR)
    one, other = "Kx7-mountain-rivers", "Kx7-mountain-lakes"
    assert root.post(f"{API}/users", json={"name": "li", "password": one}, headers=KEY).status_code == 201
    assert root.post(f"{API}/users", json={"name": "li", "password": one}, headers=KEY).status_code == 201
    answer = root.post(f"{API}/users", json={"name": "li", "password": other}, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "key-reused")


def test_who_guesses_the_key_of_a_request_cannot_test_passwords_on_its_row(small_web: Web) -> None:
    """The fingerprint of a request with a secret also depends on a key that is not in the database."""
    root = small_web.program("root", Role.ADMINISTRATOR)
    asked = {"name": "li", "password": "Kx7-mountain-rivers"}
    assert root.post(f"{API}/users", json=asked, headers=KEY).status_code == 201
    cipher = small_web.installation.cipher()
    small_web.installation.keys._cipher = dataclasses.replace(cipher, index_key=bytes(32))
    assert root.post(f"{API}/users", json=asked, headers=KEY).json()["code"] == "key-reused"


def test_the_sweep_takes_secrets_out_of_answers_that_an_earlier_release_kept(database: Database) -> None:
    bodies = {
        "a": '{"token":"paidan_JbXrTAEHc6JG-cIFJ9"}',
        "b": '{"user":{"name":"li","roles":[]},"password":"q8aF-3kd9_hh2"}',
        "c": '{"ticket":"F00000001","note":"\\"password\\":\\"x\\""}',
    }
    with database.write() as tx:
        for key, body in bodies.items():
            row = {"key": key, "fingerprint": "f", "status": 201, "headers": {}, "body": body, "at": NOW}
            tx.execute(insert(w.idempotency).values(row))
    idempotency.strip_secrets(database)
    with database.read() as tx:
        found = {each.key: each.body for each in tx.execute(select(w.idempotency))}
    assert found == {
        "a": '{"token":null}',
        "b": '{"user":{"name":"li","roles":[]},"password":null}',
        "c": bodies["c"],
    }


def test_every_field_of_an_answer_that_sounds_like_a_secret_is_marked_as_one(application: FastAPI) -> None:
    """The mark is what takes it out of a kept answer, so a field without it would be kept for a day."""
    schemas = application.openapi()["components"]["schemas"]
    sounding = {place: about for name, schema in schemas.items() for place, about in fields(schema, name)}
    unmarked = {place for place, about in sounding.items() if not about.get("x-secret")}
    assert unmarked - NOT_SECRET == set()
    assert {place for place in sounding if place not in unmarked} >= {
        "NewTokenSecret.token",
        "UserWithPassword.password",
        "Session.csrf",
    }


def fields(schema: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for field, about in schema.get("properties", {}).items():
        if SOUNDS_SECRET.search(field) and about.get("type") != "boolean":
            yield f"{name}.{field}", about
