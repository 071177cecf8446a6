"""The common parts of all pages: access, language, and headers for the browser."""

from __future__ import annotations

import re

from dispatch.domain.roles import Role
from dispatch.web.pages.rendering import STATIC, asset
from tests.users import user
from tests.web.conftest import Web

HTML = {"Accept": "text/html"}


def test_a_visitor_is_led_to_the_sign_in_page_and_back(small_web: Web) -> None:
    answer = small_web.client().get("/password", headers=HTML, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/password")


def test_a_fragment_request_sends_the_whole_page_to_the_sign_in(small_web: Web) -> None:
    answer = small_web.client().get("/password", headers={**HTML, "HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/sign-in?next=/password")


def test_the_sign_in_redirects_to_no_other_site(small_web: Web) -> None:
    for elsewhere in ("https://example.com/", "//example.com", "/\\example.com", "javascript:alert(1)"):
        answer = small_web.client().get("/sign-in", params={"next": elsewhere}, headers=HTML)
        assert answer.status_code == 422, elsewhere
        assert "example.com" not in answer.text


def test_a_page_is_chinese_unless_the_visitor_chose_english(small_web: Web) -> None:
    chinese = small_web.client().get("/sign-in", headers=HTML)
    assert '<html lang="zh-CN"' in chinese.text
    assert "登录派单" in chinese.text
    english = small_web.client().get("/sign-in", headers={**HTML, "Cookie": "paidan_lang=en"})
    assert '<html lang="en"' in english.text
    assert "Sign in to Paidan" in english.text


def test_an_unknown_page_is_answered_with_a_page_and_an_unknown_api_path_with_a_problem(small_web: Web) -> None:
    page = small_web.client().get("/nowhere", headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "not-found" in page.text
    program = small_web.client().get("/api/v1/nowhere", headers=HTML)
    assert (program.status_code, program.headers["content-type"]) == (404, "application/problem+json")


def test_each_user_begins_where_their_work_is(small_web: Web) -> None:
    for role, path in (
        (Role.CLERK, "/counter"),
        (Role.NOC, "/teams/noc"),
        (Role.INSTALLER, "/teams/installer"),
        (Role.OPS, "/teams/noc"),
        (Role.ADMINISTRATOR, "/admin"),
    ):
        answer = small_web.browser(f"one-{role}", role).get("/", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, path), role
    user(small_web.database, "new")
    assert small_web.browser("new").get("/", follow_redirects=False).headers["location"] == "/no-role"


def test_no_page_has_an_inline_script_or_reveals_a_session_secret(small_web: Web) -> None:
    browser = small_web.browser("chen", Role.CLERK)
    for path in ("/sign-in", "/password", "/no-role"):
        answer = browser.get(path, headers=HTML)
        assert answer.status_code == 200
        scripts = re.findall(r"<script[^>]*>", answer.text)
        assert all(" src=" in each for each in scripts), scripts
        assert not re.search(r"<[^>]+ on[a-z]+=", answer.text)
        assert browser.headers["X-CSRF-Token"] not in answer.text
        assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_a_static_file_is_cached_by_browsers_until_any_of_them_changes(small_web: Web) -> None:
    client = small_web.client()
    answer = client.get(asset("forms.js"))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == (STATIC / "forms.js").read_text()
    assert client.get("/static/old/forms.js").headers["cache-control"] == "no-store"
    for outside in ("/static/x/../app.py", "/static/x/%2e%2e/app.py", "/static/x/..%2fapp.py"):
        assert client.get(outside).status_code == 404, outside
