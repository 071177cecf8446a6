"""After every change that the API offers, no secret is in the database, in a backup or in the log.

The routes are those of the application, and the secrets of a request and of its answer are the fields that the API's
description marks: an operation or a field that is added later is tested without being named here.
"""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import make_url, select

from dispatch import backup
from dispatch.accounts.operation import TITLES
from dispatch.domain.roles import HELD_BY_PEOPLE
from dispatch.settings import load_settings
from dispatch.storage.column_types import metadata
from dispatch.storage.database import Database
from tests import factories as f
from tests.accounts import factories as a
from tests.accounts.prepared_operations import LATER, PREPARED
from tests.postgres import programs
from tests.users import PASSWORD, user
from tests.web import every_route as r
from tests.web.conftest import Web

CHANGES = [route for route in r.ROUTES if route.method != "GET" and not route.is_page]
MUST_BE_DONE = {
    "tokens-make-token",
    "users-add-user",
    "users-reset-password",
    "session-change-password",
}
"""Changes whose secrets matter most: a refusal would prove nothing."""
PRESENT = {"session-change-password": "old", "tokens-make-token": "password"}
"""The field that must hold the caller's present password for the change to be done."""


def kept(database: Database) -> str:
    """Return every row of every table."""
    with database.read() as tx:
        return "\n".join(str(tx.execute(select(table)).all()) for table in metadata.sorted_tables)


def in_a_backup(database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the text of a backup; PostgreSQL's is unpacked first."""
    monkeypatch.setenv("DISPATCH_DATABASE_URL", make_url(database.url).render_as_string(hide_password=False))
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    file = folder / "paidan.backup"
    backup.backup(load_settings(), file)
    if database.kind == "sqlite":
        return file.read_bytes().decode(errors="replace")
    return subprocess.run(["pg_restore", "--file=-", file], check=True, capture_output=True, text=True).stdout


def test_no_change_of_the_api_leaves_a_secret_behind(
    application: FastAPI,
    web: Web,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    described = {
        each["operationId"]: each for path in application.openapi()["paths"].values() for each in path.values()
    }
    schemas = application.openapi()["components"]["schemas"]
    made = (f"vQ7#{number:04d}-zTw" for number in itertools.count(1))
    web.on_board()
    user(web.database, "other", *HELD_BY_PEOPLE)
    secrets, done = {PASSWORD}, set()
    for number, route in enumerate(CHANGES):
        name = route.operation_id
        body = dict(r.BODIES.get(name, {}))
        for place in secret_fields(described[name], schemas):
            if place == PRESENT.get(name):
                body[place] = PASSWORD
            else:
                fill(body, place.split("."), secret := next(made))
                secrets.add(secret)
        if name == "session-open-session":
            body["name"] = body["password"]  # in the wrong field
        client = web.browser(f"u{number}", *HELD_BY_PEOPLE)
        url = route.path.format(**r.PATHS) + r.QUERIES.get(name, "")
        for _ in range(2):
            sent: dict[str, Any] = {"content": r.FILES[name]} if name in r.FILES else {"json": body}
            answer = client.request(
                route.method, url, headers={"Idempotency-Key": f"k{number}", "If-Match": "*"}, **sent
            )
            assert answer.status_code < 500, (name, answer.text)
            if answer.is_success:
                done.add(name)
                if answer.content:
                    secrets |= set(told_secrets(answer.json()))
    assert done >= MUST_BE_DONE
    assert len(secrets) > 25
    logged = capsys.readouterr()
    places = {
        "rows": kept(web.database),
        "backup": in_a_backup(web.database, tmp_path, monkeypatch),
        "log": logged.out + logged.err,
    }
    assert "access_log" in places["backup"]
    assert [
        (place, secret) for place, text in places.items() for secret in secrets if secret.lower() in text.lower()
    ] == []


@pytest.mark.parametrize("kind", PREPARED)
def test_no_operation_at_the_counter_leaves_a_secret_behind(
    database: Database, in_force: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    counter = a.counter(in_force)
    operation, request = PREPARED[kind](database, counter)
    for _ in range(2):
        with database.write() as tx:
            operation(tx, counter, request, f.CLERK, LATER)
    secrets = [a.PASSWORD, "Wq2!zzKd", *(a.resident_id(n) for n in (1, 2, 3))]
    text = kept(database)
    assert "tianhe" in text
    assert [secret for secret in secrets if secret in text] == []


def test_every_operation_at_the_counter_is_among_them() -> None:
    assert set(PREPARED) == set(TITLES)


def secret_fields(operation: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    """Yield the places of the secrets in a request, `holder.document_number`."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield from _secret_fields(content["schema"], schemas, "")


def _secret_fields(schema: dict[str, Any], schemas: dict[str, Any], place: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    for name, about in schema.get("properties", {}).items():
        forms = [about, *about.get("anyOf", [])]
        if any(form.get("writeOnly") for form in forms):
            yield place + name
        for form in forms:
            yield from _secret_fields(form, schemas, f"{place}{name}.")


def fill(body: dict[str, Any], place: list[str], secret: str) -> None:
    """Put the secret at its place. A part that the request leaves out stays left out."""
    *way, last = place
    for name in way:
        if name not in body:
            return
        body[name] = dict(body[name])
        body = body[name]
    body[last] = secret


def told_secrets(answer: Any) -> Iterator[str]:
    """Yield the secrets in an answer: those that its repetition leaves out."""
    if isinstance(answer, dict) and "withheld" in answer and answer["withheld"] is None:
        yield from (each for name in ("token", "password") if (each := answer.get(name)) is not None)
