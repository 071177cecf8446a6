"""Problems: one form for all errors, a stable code, and no word that isn't the caller's to know."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from dispatch import errors
from dispatch.domain.roles import Actor, Role
from dispatch.errors import DispatchError
from dispatch.web import problems
from dispatch.web.api import teams
from dispatch.web.pages.rendering import build_hash
from dispatch.web.policy import POLICIES, wording
from dispatch.web.request_context import RequestContext
from tests.web.conftest import API, Web


def kinds(of: type[DispatchError]) -> set[type[DispatchError]]:
    return {of}.union(*(kinds(each) for each in of.__subclasses__()))


def test_every_error_has_a_status_and_a_code_of_its_own() -> None:
    """A subclass that only words the error otherwise has the code of its base class."""
    codes = [kind.code for kind in kinds(DispatchError) if "code" in vars(kind)]
    assert len(codes) == len(set(codes))
    known = {401, 403, 404, 409, 412, 415, 422, 428, 429, 502, 503}
    assert {problems.status_of(kind) for kind in kinds(DispatchError)} <= known
    assert problems.status_of(errors.NeedsConfirmation) == 409
    assert problems.status_of(errors.BadEvidence) == 422


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "not-found"),
        ("GET", f"{API}/nothing", 404, "not-found"),
        ("PUT", f"{API}/teams", 405, "method-not-allowed"),
        ("GET", f"{API}/teams/..%2f..", 404, "not-found"),
        ("GET", f"{API}/teams/No-Team", 422, "invalid-request"),
        ("GET", f"{API}/teams/no-team", 404, "not-found"),
        ("GET", f"{API}/tickets?cursor=nonsense", 422, "bad-input"),
        ("GET", f"{API}/tickets?limit=0", 422, "invalid-request"),
        ("GET", f"{API}/tickets?limit=201", 422, "invalid-request"),
        ("GET", f"{API}/tickets/F99999999999999999999", 422, "invalid-request"),
        ("GET", f"{API}/tickets/F999999999999999999", 404, "not-found"),
    ],
)
def test_a_problem_has_the_form_of_rfc_9457(small_web: Web, method: str, path: str, status: int, code: str) -> None:
    answer = small_web.program("zhao", Role.NOC).request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code)
    assert told["type"] == f"urn:paidan:problem:{code}"
    assert told["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
    assert (answer.headers.get("allow") is not None) == (status == 405)


def test_a_body_that_is_not_json_or_is_too_large_is_refused(small_web: Web) -> None:
    noc = small_web.program("zhao", Role.NOC)
    url = f"{API}/hops/claim"
    for content, status in ((b"{", 422), (b'"\xff"', 400), (b"[" * 100_000, 400), (b" " * 2_000_000, 413)):
        answer = noc.post(url, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == status, (content[:9], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


def broken(wrong: Exception) -> Any:
    def raises(*_: object) -> None:
        raise wrong

    return raises


def test_an_unexpected_error_is_told_without_details_and_logged_without_data(
    small_web: Web,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(teams, "_told", broken(ValueError("mobile 13800138000")))
    with caplog.at_level(logging.DEBUG):
        answer = small_web.program("zhao", Role.NOC).get(f"{API}/teams")
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
    told = capsys.readouterr()
    logged = told.out + told.err + caplog.text
    assert "13800138000" not in answer.text + logged
    assert answer.headers["x-request-id"] in logged
    assert "ValueError" in logged
    assert "teams.py" in logged


def test_an_endpoint_that_never_asks_the_policy_does_nothing(small_web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket, noc = small_web.on_board(), small_web.program("zhao", Role.NOC)
    monkeypatch.setattr(RequestContext, "authorize", lambda self, *_: Actor(self.user.name, Role.NOC))
    assert noc.post(f"{API}/hops/{ticket}/claim", json={}).status_code == 500
    monkeypatch.undo()
    assert noc.get(f"{API}/hops/{ticket}").json()["hop"]["state"] == "waiting"


SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
CONTENT_POLICY = [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'nonce-…'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
]


@pytest.mark.parametrize("https", [False, True])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        (f"{API}/teams", 200),
        ("/admin/teams", 200),
        ("/", 303),
        ("/openapi.json", 200),
        ("/static/STYLES", 200),
        ("/static/nothing/nothing.css", 404),
        ("/nothing", 404),
        (f"{API}/hops/F1", 404),
        (f"{API}/figures", 403),
        (f"{API}/tickets?limit=0", 422),
        (f"PUT {API}/teams", 405),
        (f"{API}/teams/noc", 500),
    ],
)
def test_security_headers_stand_on_every_answer(
    small_web: Web, path: str, status: int, https: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    noc = small_web.program("zhao", Role.NOC)
    noc.get("/healthz")  # the first request builds the middleware
    monkeypatch.setattr(small_web.app.middleware_stack, "https", https)
    if status == 500:
        monkeypatch.setattr(teams, "_told", broken(ValueError()))
    method, _, url = path.replace("STYLES", f"{build_hash()}/paidan.css").rpartition(" ")
    asked = noc.request(method or "GET", url, follow_redirects=False)
    headers = asked.headers
    assert asked.status_code == status
    assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    policy = re.sub(r"nonce-[\w-]{16,}", "nonce-…", headers["content-security-policy"]).split("; ")
    assert policy == CONTENT_POLICY
    is_build = path == "/static/STYLES"
    assert headers["cache-control"] == ("public, max-age=31536000, immutable" if is_build else "no-store")
    assert re.fullmatch(r"[0-9a-f-]{36}", headers["x-request-id"])
    assert headers.get("strict-transport-security") == ("max-age=31536000" if https else None)


def test_no_two_answers_have_the_same_nonce(small_web: Web) -> None:
    client = small_web.client()
    assert len({client.get("/healthz").headers["content-security-policy"] for _ in range(4)}) == 4


def test_health_needs_no_user_and_readiness_needs_the_database(web: Web) -> None:
    assert web.client().get("/healthz").json() == {"status": "ok"}
    assert web.client().get("/readyz").json() == {"status": "ok", "rules": web.rulebook.version}
    with web.database.write() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    answer: Any = web.client().get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "schema-outdated")


def test_a_client_that_has_the_answer_already_is_told_not_modified(small_web: Web) -> None:
    client: TestClient = small_web.program("zhao", Role.NOC)
    first = client.get(f"{API}/teams/noc")
    again = client.get(f"{API}/teams/noc", headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("operation", sorted(POLICIES))
def test_every_refused_operation_has_a_chinese_name(operation: str) -> None:
    said = wording(operation)
    assert said.zh != operation
    assert not re.search("[a-z]{3,}", said.zh)
    assert said.en == operation


@pytest.mark.parametrize(
    ("asked", "language", "title", "detail"),
    [
        ({"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}, "zh", "没有找到", "没有编号为 99 的工单。"),
        ({"Accept-Language": "en-GB, zh;q=0.5"}, "en", "Not found", "There is no ticket number 99."),
        ({"Accept-Language": "fr"}, "zh", "没有找到", "没有编号为 99 的工单。"),
    ],
)
def test_a_problem_is_in_the_language_that_the_request_prefers(
    small_web: Web, asked: dict[str, str], language: str, title: str, detail: str
) -> None:
    answer = small_web.program("w", Role.CLERK).get(f"{API}/tickets/F99", headers=asked)
    problem = answer.json()
    assert (problem["title"], problem["detail"], problem["code"]) == (title, detail, "not-found")
    assert (answer.headers["content-language"], answer.headers["vary"]) == (language, "Accept-Language")


def test_the_faults_of_a_request_are_in_its_language_too(small_web: Web) -> None:
    program = small_web.program("w", Role.CLERK)
    told = {
        language: program.post(f"{API}/faults", json={}, headers={"Accept-Language": language}).json()["faults"][0]
        for language in ("zh", "en")
    }
    assert told["zh"] == {"pointer": "/body/account", "detail": "缺少"}
    assert told["en"] == {"pointer": "/body/account", "detail": "is missing"}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nope", 404), ("POST", "/admin/users", 405)])
@pytest.mark.parametrize(("preferred", "language"), [("en", "en"), ("zh", "zh"), ("fr", "zh")])
def test_a_program_reads_its_own_language_also_where_the_pages_are(
    small_web: Web, method: str, path: str, status: int, preferred: str, language: str
) -> None:
    other = "zh" if language == "en" else "en"
    headers = {"Accept-Language": preferred, "Accept": "application/json", "Cookie": f"paidan_lang={other}"}
    answer = small_web.client().request(method, path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.headers["content-language"] == language
    assert answer.headers["vary"] == "Accept, Accept-Language"
    assert answer.json()["detail"] == problems.OF_HTTP[status][1].text("en" if language == "en" else "zh")


def test_a_pages_problem_is_in_the_language_of_its_switch(small_web: Web) -> None:
    browser = small_web.browser("w", Role.CLERK)
    page = browser.get("/tickets/F00000099", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert (page.status_code, page.headers["content-language"]) == (404, "zh")
    assert page.headers["vary"].startswith("Accept, Cookie")
    assert "没有编号为 99 的工单。" in page.text
    browser.cookies.set("paidan_lang", "en")
    page = browser.get("/tickets/F00000099", headers={"Accept": "text/html", "Accept-Language": "zh"})
    assert page.headers["content-language"] == "en"
    assert "There is no ticket number 99." in page.text
