"""Signing in over HTTP: cookies, the CSRF token, the use of a stolen session or device, and guessing."""

from __future__ import annotations

from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from dispatch.access import sessions, users
from dispatch.access.backoff import ADDRESS_AND_NAME
from dispatch.access.secrets import csrf_token
from dispatch.domain.roles import Grant, Role
from dispatch.settings import Settings
from dispatch.storage.tables import access as w
from tests.users import CONSOLE, PASSWORD, user
from tests.web.conftest import API, Web

SESSION = f"{API}/session"


def sign_in(client: TestClient, name: str = "chen", password: str = PASSWORD, **headers: str) -> Any:
    return client.post(SESSION, json={"name": name, "password": password}, headers=headers)


def test_name_and_password_open_a_session_that_changes_things_with_its_csrf_token(web: Web) -> None:
    user(web.database, "chen", Role.CLERK, Grant(Role.INSTALLER, frozenset({"tianhe"})))
    browser = web.client()
    entered = sign_in(browser)
    assert entered.status_code == 201
    assert entered.json()["roles"] == [
        {"role": "clerk", "areas": None},
        {"role": "installer", "areas": ["tianhe"]},
    ]
    seen = browser.get(SESSION).json()
    assert (seen["user"], seen["csrf"]) == ("chen", entered.json()["csrf"])
    asked = {"title": "laptop", "password": PASSWORD}
    forged = browser.post(f"{API}/tokens", json=asked)
    assert (forged.status_code, forged.json()["code"]) == (403, "request-forged")
    wrong = browser.post(f"{API}/tokens", json=asked, headers={"X-CSRF-Token": csrf_token("another")})
    assert wrong.status_code == 403
    own = browser.post(f"{API}/tokens", json=asked, headers={"X-CSRF-Token": seen["csrf"]})
    assert own.status_code == 201


def test_cookies_are_hidden_from_scripts_and_bound_to_this_host_over_https(small_web: Web) -> None:
    user(small_web.database, "chen", Role.CLERK)
    for https in (False, True):
        small_web.installation.settings = Settings(web_url="https://paidan.example" if https else "")
        given = sign_in(small_web.client()).headers.get_list("set-cookie")
        names = {("__Host-" if https else "") + name for name in ("paidan_session", "paidan_device")}
        cookies = {name: morsel for each in given for name, morsel in SimpleCookie(each).items()}
        assert set(cookies) == names
        for morsel in cookies.values():
            assert morsel["httponly"]
            assert bool(morsel["secure"]) == https
            assert (morsel["samesite"], morsel["path"], morsel["domain"]) == ("lax", "/", "")


def test_no_copy_of_a_session_works_after_sign_out(web: Web) -> None:
    browser = web.browser("chen", Role.CLERK)
    stolen = web.client(**{"X-CSRF-Token": browser.headers["X-CSRF-Token"]})
    stolen.cookies.set("paidan_session", browser.cookies["paidan_session"])
    assert stolen.get(SESSION).status_code == 200
    assert browser.delete(SESSION).status_code == 204
    for answer in (stolen.get(SESSION), stolen.post(f"{API}/tokens", json={"title": "x"}), browser.get(SESSION)):
        assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


def test_a_session_in_use_lives_on_and_an_idle_one_ends(small_web: Web) -> None:
    browser = small_web.browser("chen", Role.CLERK)
    for _ in range(5):
        small_web.now += sessions.IDLE - timedelta(minutes=1)
        assert browser.get(SESSION).status_code == 200
    small_web.now += sessions.IDLE
    assert browser.get(SESSION).status_code == 401


def test_a_revoked_role_and_a_disabled_user_are_refused_at_the_next_request(web: Web) -> None:
    program = web.program("zhao", Role.NOC)
    assert program.get(f"{API}/teams/noc/board").status_code == 200
    with web.database.write() as tx:
        users.set_grants(tx, "zhao", [Grant(Role.CLERK)], CONSOLE, web.now)
    assert program.get(f"{API}/teams/noc/board").status_code == 403
    with web.database.write() as tx:
        users.disable(tx, "zhao", CONSOLE, web.now)
    assert program.get(f"{API}/teams/noc/board").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer paidan_guess"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic Y2hlbjp4"},
        {"Cookie": "paidan_session=guess"},
    ],
)
def test_a_request_without_valid_credentials_is_asked_to_sign_in(small_web: Web, headers: dict[str, str]) -> None:
    answer = small_web.client(**headers).get(SESSION)
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_needs_no_csrf_token_and_takes_precedence_over_a_session(small_web: Web) -> None:
    browser = small_web.browser("chen", Role.CLERK)
    user(small_web.database, "zhao", Role.NOC)
    both = {"Authorization": f"Bearer {small_web.token('zhao')}", "X-CSRF-Token": ""}
    assert browser.get(SESSION, headers=both).json()["user"] == "zhao"
    assert browser.delete(SESSION, headers=both).status_code == 204
    assert browser.get(SESSION).json()["user"] == "chen"


def test_another_site_cannot_sign_anybody_in(small_web: Web) -> None:
    user(small_web.database, "chen", Role.CLERK)
    answer = sign_in(small_web.client(), **{"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.json()["code"]) == (403, "request-forged")
    form = small_web.client().post(
        SESSION, content=b'{"name":"chen","password":"x"}', headers={"Content-Type": "text/plain"}
    )
    assert (form.status_code, form.json()["code"]) == (422, "invalid-request")


def test_few_of_two_hundred_wrong_passwords_are_checked_and_the_known_device_gets_in(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    user(web.database, "chen", Role.CLERK)
    known = web.client()
    assert sign_in(known).status_code == 201
    compared: list[object] = []

    def wrong(*given: object) -> bool:
        compared.append(given)
        return False

    monkeypatch.setattr(web.installation.door.comparing, "_fits", wrong)
    guesser = web.client()
    answers = [sign_in(guesser, password=f"guess {n}") for n in range(200)]
    assert [each.status_code for each in answers].count(401) == len(compared) == ADDRESS_AND_NAME.free
    assert {each.json()["code"] for each in answers[10:]} == {"sign-in-slowed"}
    assert int(answers[-1].headers["retry-after"]) > 0
    with web.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(w.sign_in_failure)).scalar() == ADDRESS_AND_NAME.free
    monkeypatch.undo()
    assert sign_in(guesser).status_code == 429
    assert sign_in(known).status_code == 201


def test_no_password_and_no_name_is_repeated_or_logged(small_web: Web, capsys: pytest.CaptureFixture[str]) -> None:
    user(small_web.database, "chen", Role.CLERK)
    for body in ({"name": "chen", "password": "geheim" * 30}, {"name": "x" * 200, "password": "geheim"}):
        answer = small_web.client().post(SESSION, json=body)
        assert answer.status_code == 422
        assert "geheim" not in answer.text
        assert "xxxx" not in answer.text
    assert sign_in(small_web.client(), password="geheim").status_code == 401
    told = capsys.readouterr()
    assert "geheim" not in told.out + told.err


def test_a_new_password_needs_the_old_one_and_ends_the_other_sessions(web: Web) -> None:
    browser = web.browser("chen", Role.CLERK)
    other = web.browser("chen")
    change = {"old": PASSWORD, "new": "Another-7-river"}
    assert web.client().post(f"{SESSION}/password", json=change).status_code == 401
    wrong = browser.post(f"{SESSION}/password", json={**change, "old": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "sign-in-failed")
    simple = browser.post(f"{SESSION}/password", json={**change, "new": "chen-chen-chen"})
    assert (simple.status_code, simple.json()["code"]) == (422, "bad-input")
    assert browser.post(f"{SESSION}/password", json=change).status_code == 204
    assert browser.get(SESSION).status_code == 200
    assert other.get(SESSION).status_code == 401
    assert sign_in(web.client(), password="Another-7-river").status_code == 201


def test_tokens_are_made_by_people_listed_without_their_secret_and_revoked(web: Web) -> None:
    browser = web.browser("chen", Role.CLERK)
    made = browser.post(f"{API}/tokens", json={"title": "laptop", "days": 7, "password": PASSWORD}).json()["token"]
    program = web.client(Authorization=f"Bearer {made}")
    assert program.get(SESSION).json()["user"] == "chen"
    (listed,) = program.get(f"{API}/tokens").json()["items"]
    assert (listed["title"], listed["revoked_at"]) == ("laptop", None)
    assert made not in str(listed)
    assert program.post(f"{API}/tokens", json={"title": "child"}).json()["code"] == "not-allowed"
    other = web.program("zhao", Role.NOC)
    assert other.delete(f"{API}/tokens/{listed['id']}").status_code == 404
    assert browser.delete(f"{API}/tokens/{listed['id']}").status_code == 204
    assert program.get(SESSION).status_code == 401
