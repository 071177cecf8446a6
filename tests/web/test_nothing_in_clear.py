"""After every change that the API offers and that succeeds, no secret is in the database, in a dump, in a log.

The routes are those of the application: a new one without prepared data fails here. The secrets of a request and of its
answer are the fields that the API's description marks.
"""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Collection, Iterator, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from fastapi import FastAPI
from prometheus_client import generate_latest
from pydantic import SecretStr
from sqlalchemy import make_url, select

from dispatch import backup
from dispatch.accounts.catalogue import ONLY_LOOKS
from dispatch.domain.roles import HELD_BY_PEOPLE, Role
from dispatch.settings import Settings, load_settings
from dispatch.storage.column_types import metadata
from dispatch.storage.database import Database
from tests.accounts import factories as a
from tests.identity_provider import CLIENT, provider
from tests.identity_provider import SECRET as CLIENT_SECRET
from tests.postgres import programs
from tests.sqlite import dumped
from tests.users import PASSWORD, user
from tests.web import every_route as r
from tests.web.conftest import Web
from tests.web.prepared_changes import NEW_PASSWORD, PREPARED

CHANGES = {route.operation_id: route for route in r.ROUTES if route.method != "GET"}


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


class Captured(logging.Handler):
    """Everything that any logger is told. `printed`: what is printed as logs are configured, events and warnings; the
    others are what a library would say at DEBUG."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.printed: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("httpx") and record.levelno < logging.WARNING:
            return  # the test's own client tells its URLs
        line = f"{record.getMessage()} {record.args} {record.exc_info}"
        (self.printed if record.levelno >= logging.WARNING else self.lines).append(line)

    def note(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """A processor of structlog."""
        self.printed.append(str(event))
        return event


@pytest.fixture
def logged() -> Iterator[Captured]:
    """What all loggers are told, structlog's and the standard library's, from DEBUG up."""
    captured, root = Captured(), logging.getLogger()
    before = {logger: logger.level for logger in (root, *_loggers())}
    for logger in before:
        logger.setLevel(logging.DEBUG)
    root.addHandler(captured)
    printed = structlog.get_config()
    structlog.configure(
        processors=[captured.note, structlog.processors.KeyValueRenderer()], cache_logger_on_first_use=False
    )
    yield captured
    structlog.configure(**printed)
    root.removeHandler(captured)
    for logger, level in before.items():
        logger.setLevel(level)


def _loggers() -> list[logging.Logger]:
    return [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]


def test_every_change_of_the_api_is_prepared() -> None:
    offered = {name for name in PREPARED if name.startswith("operations-try-")} - CHANGES.keys()
    assert PREPARED.keys() - offered == CHANGES.keys()
    assert offered == {f"operations-try-{kind}" for kind in {*ONLY_LOOKS, "contact"}}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_succeeds_leaves_no_secret_behind(
    application: FastAPI, small_web: Web, logged: Captured, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    change = PREPARED[name](small_web)
    route, client = CHANGES[name], change.client
    url = route.path.format(**change.path) + change.query
    sent: dict[str, Any] = {"content": change.content} if change.content is not None else {"json": change.body}
    secrets = {PASSWORD, *change.secrets, *secrets_sent(application, name, change.body), *client.cookies.values()}
    secrets |= {value for header, value in client.headers.items() if header.lower() == "x-csrf-token"}
    for repetition in range(2):
        answer = client.request(route.method, url, headers={"Idempotency-Key": "k1", "If-Match": "*"}, **sent)
        assert answer.is_success or repetition, (name, answer.status_code, answer.text)
        if answer.is_success and "json" in answer.headers.get("Content-Type", ""):
            secrets |= set(told_secrets(answer.json()))
        secrets |= set(client.cookies.values())
    printed = capfd.readouterr()
    places = {
        "rows": kept(small_web.database),
        "log": "\n".join(logged.printed),
        "libraries at DEBUG": "\n".join(logged.lines),
        "output": printed.out + printed.err,
        "metrics": generate_latest().decode(),
    }
    places["dump"] = dumped(Path(str(make_url(small_web.database.url).database)))
    assert secrets_in(places, secrets) == []
    personal = {a.mobile(n) for n in range(1, 10)} | {"13800138000", "张㛃"}
    assert secrets_in({place: places[place] for place in ("log", "output", "metrics")}, personal) == []


def secrets_in(places: dict[str, str], secrets: Collection[str]) -> list[tuple[str, str]]:
    """(place, secret) of each secret that is found somewhere, in whatever case."""
    assert all(secrets)
    return [(place, secret) for place, text in places.items() for secret in secrets if secret.lower() in text.lower()]


def test_a_person_who_comes_by_the_identity_provider_leaves_no_secret_behind(
    small_web: Web, logged: Captured, capfd: pytest.CaptureFixture[str]
) -> None:
    with provider() as there:
        named = {"oidc_issuer": there.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SecretStr(CLIENT_SECRET)}
        small_web.installation.settings = Settings(**named)
        user(small_web.database, "li", Role.NOC)
        client = small_web.client()
        begun = client.get("/sign-in/oidc", follow_redirects=False).headers["location"]
        secrets = {CLIENT_SECRET, *client.cookies.values(), parse_qs(urlsplit(begun).query)["nonce"][0]}
        brought = there.agree(begun, "li")
        for _ in range(2):  # the second time the state is used up
            client.get("/sign-in/oidc/back", params=brought, follow_redirects=False)
        assert client.get("/api/v1/session").json()["user"] == "li"
    secrets |= {*brought.values(), *client.cookies.values()}
    printed = capfd.readouterr()
    places = {
        "rows": kept(small_web.database),
        "dump": dumped(Path(str(make_url(small_web.database.url).database))),
        "log": "\n".join((*logged.printed, *logged.lines)),
        "output": printed.out + printed.err,
    }
    assert "of li" in places["rows"]
    assert secrets_in(places, secrets) == []


def test_no_backup_holds_a_secret(
    application: FastAPI, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what may lie in a backup: a customer with documents and a password, users, sessions, tokens, a survey."""
    secrets = {PASSWORD, NEW_PASSWORD}
    for name in ("operations-transfer", "surveys-answer-survey"):
        change = PREPARED[name](web)
        route = CHANGES[name]
        assert change.client.request(route.method, route.path.format(**change.path), json=change.body).is_success
        secrets |= {*change.secrets, *secrets_sent(application, name, change.body), *change.client.cookies.values()}
    root = web.browser("root", *HELD_BY_PEOPLE)
    key = {"Idempotency-Key": "k1"}
    secrets |= set(told_secrets(root.post("/api/v1/users", json={"name": "new"}, headers=key).json()))
    asked = {"title": "laptop", "password": PASSWORD}
    secrets |= set(told_secrets(root.post("/api/v1/tokens", json=asked, headers=key).json()))
    secrets |= {*root.cookies.values(), web.token("root")}
    assert root.post("/api/v1/session/password", json={"old": PASSWORD, "new": NEW_PASSWORD}).is_success
    assert web.guest().post("/api/v1/session", json={"name": NEW_PASSWORD, "password": "x"}).status_code == 401
    text = in_a_backup(web.database, tmp_path, monkeypatch)
    assert "access_log" in text
    assert len(secrets) > 10
    assert secrets_in({"backup": text}, secrets) == []


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


def told_secrets(answer: Any) -> Iterator[str]:
    """Yield the secrets in an answer: those that its repetition leaves out."""
    if isinstance(answer, dict) and "withheld" in answer and answer["withheld"] is None:
        yield from (each for name in ("token", "password") if (each := answer.get(name)) is not None)


def secrets_sent(application: FastAPI, name: str, body: Any) -> Iterator[str]:
    """Yield the secrets in a request's body: what stands in the fields that the description marks."""
    for place in secret_fields(described(application)[name], application.openapi()["components"]["schemas"]):
        found = body
        for step in place.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        if isinstance(found, str):
            yield found


def described(application: FastAPI) -> dict[str, Any]:
    return {each["operationId"]: each for path in application.openapi()["paths"].values() for each in path.values()}
