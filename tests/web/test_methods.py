"""HEAD wherever GET answers, and the methods that an address takes."""

from __future__ import annotations

import re

import pytest

from dispatch.domain.roles import Role
from dispatch.web import server_events
from dispatch.web.pages.rendering import build_hash
from tests.web.conftest import API, Web
from tests.web.every_route import ROUTES, ask

NOT_THE_SAME = {"x-request-id", "content-security-policy", "date"}
"""Headers that differ from one answer to the next."""


def test_head_has_the_status_and_headers_of_get_and_no_body(small_web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams of boards among them: their answer to HEAD ends at once."""
    monkeypatch.setattr(server_events, "LONGEST_STREAM", 0.0)
    everybody = small_web.program("everybody", *[each for each in Role if each not in (Role.CUSTOMER, Role.WORKER)])
    small_web.on_board()
    wrong = []
    for route in ROUTES:
        if route.method != "GET":
            continue
        got = ask(everybody, route)
        head = everybody.head(got.request.url, headers=dict(got.request.headers), follow_redirects=False)
        same = {name: value for name, value in got.headers.items() if name not in NOT_THE_SAME}
        if head.status_code != got.status_code or head.content:
            wrong.append(f"{route}: {head.status_code} instead of {got.status_code}, {len(head.content)} bytes")
        elif (told := {n: v for n, v in head.headers.items() if n not in NOT_THE_SAME}) != same:
            wrong.append(f"{route}: {set(told.items()) ^ set(same.items())}")
    assert not wrong, "\n".join(wrong)


def test_head_of_a_stream_ends_at_once(small_web: Web) -> None:
    head = small_web.program("zhao", Role.NOC).head(f"{API}/teams/noc/changes")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


def test_head_of_a_static_file_has_its_length(small_web: Web) -> None:
    path = f"/static/{build_hash()}/paidan.css"
    head, got = small_web.client().head(path), small_web.client().get(path)
    assert head.headers["content-length"] == got.headers["content-length"]
    assert not head.content


def test_the_description_is_whole_and_has_no_head(small_web: Web) -> None:
    described = small_web.client().get("/openapi.json")
    assert described.status_code == 200
    methods = {method for path in described.json()["paths"].values() for method in path}
    assert methods <= {"get", "post", "put", "patch", "delete", "parameters"}


def _address(path: str) -> str:
    values = {"team": "noc", "ticket": "F00000001", "hop": "F00000001-1", "serial": "S000000001"}
    return re.sub(r"\{(\w+)[^}]*\}", lambda found: values.get(found[1], "1"), path)


def test_every_address_tells_its_methods_to_options_and_to_a_wrong_one(small_web: Web) -> None:
    """An address may be of several routes: `/hops/claim` takes a POST, and a GET as the hop of that name."""
    client = small_web.program("everybody", Role.CLERK)
    wrong = []
    for path in {_address(route.path) for route in ROUTES}:
        methods = {route.method for route in ROUTES if re.fullmatch(re.sub(r"\{.*?\}", "[^/]+", route.path), path)}
        due = ", ".join(sorted({*methods, "OPTIONS", *({"HEAD"} if "GET" in methods else ())}))
        asked, refused = client.options(path), client.request("TRACE", path)
        if (asked.status_code, asked.headers.get("allow"), asked.content) != (204, due, b""):
            wrong.append(f"OPTIONS {path}: {asked.status_code} {asked.headers.get('allow')}, due is {due}")
        if (refused.status_code, refused.headers.get("allow")) != (405, due):
            wrong.append(f"TRACE {path}: {refused.status_code} {refused.headers.get('allow')}, due is {due}")
    assert not wrong, "\n".join(wrong)


def test_a_static_file_tells_its_methods_too(small_web: Web) -> None:
    path = f"/static/{build_hash()}/paidan.css"
    for method, status in (("OPTIONS", 204), ("POST", 405)):
        answer = small_web.client().request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (status, "GET, HEAD, OPTIONS")


def test_an_address_that_does_not_exist_has_no_methods(small_web: Web) -> None:
    for method in ("OPTIONS", "HEAD", "PUT"):
        answer = small_web.client().request(method, "/nowhere")
        assert (answer.status_code, "allow" in answer.headers) == (404, False)


def test_head_changes_nothing(small_web: Web) -> None:
    """The address takes POST alone."""
    head = small_web.program("chen", Role.CLERK).head(f"{API}/faults")
    assert (head.status_code, head.headers["allow"], head.content) == (405, "OPTIONS, POST", b"")
