"""API tokens: they end with the reasons for which they were trusted, and whoever finds an open browser gets none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from dispatch.access import sessions, users
from dispatch.domain.roles import Role
from dispatch.settings import Settings
from dispatch.storage.tables import access as w
from tests.users import CONSOLE, PASSWORD, user
from tests.web.conftest import API, Web

TOKENS, SESSION = f"{API}/tokens", f"{API}/session"
ASKED = {"title": "laptop", "password": PASSWORD}
Act = Callable[[TestClient, TestClient], object]

ENDS: dict[str, Act] = {
    "the user's own password change": lambda mine, _: mine.post(
        f"{SESSION}/password", json={"old": PASSWORD, "new": "Another-7-river-9"}
    ),
    "an administrator's reset": lambda _, root: root.post(f"{API}/users/chen/password"),
    "disabling": lambda _, root: root.post(f"{API}/users/chen/disable"),
    "the loss of the last role": lambda _, root: root.put(
        f"{API}/users/chen/roles", json={"roles": []}, headers={"If-Match": "*"}
    ),
}


@pytest.mark.parametrize("act", ENDS)
def test_a_token_ends_for_good_with(web: Web, act: str) -> None:
    mine, root = web.browser("chen", Role.CLERK), web.browser("root", Role.ADMINISTRATOR)
    program = web.program("chen")
    assert program.get(SESSION).status_code == 200
    assert ENDS[act](mine, root).is_success  # type: ignore[attr-defined]
    assert program.get(SESSION).status_code == 401
    root.post(f"{API}/users/chen/enable")
    root.put(f"{API}/users/chen/roles", json={"roles": [{"role": "clerk"}]}, headers={"If-Match": "*"})
    assert program.get(SESSION).status_code == 401, "it is dead, not asleep"
    audited = [(each["act"], each["subject"]) for each in root.get(f"{API}/audit").json()["items"]]
    assert ("revoke token", "chen/1") in audited


def test_roles_that_change_leave_tokens_alive_with_the_new_roles_alone(small_web: Web) -> None:
    small_web.browser("chen", Role.CLERK)
    program, root = small_web.program("chen"), small_web.program("root", Role.ADMINISTRATOR)
    root.put(f"{API}/users/chen/roles", json={"roles": [{"role": "noc"}]}, headers={"If-Match": "*"})
    assert [each["role"] for each in program.get(SESSION).json()["roles"]] == ["noc"]


def test_making_a_token_asks_for_the_password_again(web: Web) -> None:
    browser = web.browser("chen", Role.CLERK)
    without = browser.post(TOKENS, json={"title": "laptop"})
    assert (without.status_code, without.json()["code"]) == (403, "proof-needed")
    wrong = browser.post(TOKENS, json={**ASKED, "password": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "sign-in-failed")
    assert browser.get(TOKENS).json()["items"] == []
    assert browser.post(TOKENS, json=ASKED).status_code == 201


def test_guessing_the_password_for_a_token_is_slowed_as_at_a_sign_in(small_web: Web) -> None:
    browser = small_web.browser("chen", Role.CLERK)
    codes = [browser.post(TOKENS, json={**ASKED, "password": f"guess {n}"}).status_code for n in range(10)]
    assert codes == [401] * 5 + [429] * 5


def test_who_came_by_the_identity_provider_makes_a_token_only_right_after_identifying_themselves(
    small_web: Web,
) -> None:
    browser = small_web.browser("chen", Role.CLERK)
    for ago, status in ((sessions.PROOF_LASTS, 403), (sessions.PROOF_LASTS - timedelta(seconds=1), 201)):
        with small_web.database.write() as tx:
            tx.execute(update(w.session).values(proved_at=small_web.now - ago))
        assert browser.post(TOKENS, json={"title": "laptop"}).status_code == status


def test_a_token_lasts_thirty_days_unless_asked_and_never_longer_than_the_setting_allows(small_web: Web) -> None:
    browser = small_web.browser("chen", Role.CLERK)

    def life(**asked: int) -> int | str:
        answer = browser.post(TOKENS, json={**ASKED, **asked})
        if answer.status_code != 201:
            return str(answer.json()["code"])
        return newest_life(small_web).days

    assert (life(), life(days=90), life(days=91)) == (30, 90, "bad-input")
    small_web.installation.settings = Settings(token_days=7)
    assert (life(), life(days=7), life(days=8)) == (7, 7, "bad-input")


def newest_life(web: Web) -> timedelta:
    with web.database.read() as tx:
        newest = sessions.tokens(tx, users.get(tx, "chen").id)[0]
    return newest.expires_at - newest.made_at


def test_an_administrator_sees_everybodys_tokens_and_revokes_any(web: Web) -> None:
    web.browser("chen", Role.CLERK)
    program, root = web.program("chen"), web.browser("root", Role.ADMINISTRATOR)
    (listed,) = root.get(f"{TOKENS}/everybody").json()["items"]
    assert (listed["user"], listed["title"]) == ("chen", "test")
    assert [each["id"] for each in root.get(f"{API}/users/chen/tokens").json()["items"]] == [listed["id"]]
    assert root.delete(f"{API}/users/root/tokens/{listed['id']}").status_code == 404, "it is not root's"
    assert root.delete(f"{API}/users/chen/tokens/{listed['id']}").status_code == 204
    assert program.get(SESSION).status_code == 401
    assert root.get(f"{TOKENS}/everybody").json()["items"] == []


def test_pages_of_everybodys_tokens_hold_each_once(small_web: Web) -> None:
    user(small_web.database, "chen", Role.CLERK)
    with small_web.database.write() as tx:
        chen = users.get(tx, "chen")
        for number in range(5):
            sessions.make_token(tx, chen.id, "chen", f"t{number}", timedelta(days=1), CONSOLE, small_web.now)
    root, cursor, seen = small_web.browser("root", Role.ADMINISTRATOR), None, []
    while True:
        page = root.get(f"{TOKENS}/everybody", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [each["title"] for each in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == ["t4", "t3", "t2", "t1", "t0"]


def test_only_administrators_see_or_revoke_the_tokens_of_others(small_web: Web) -> None:
    user(small_web.database, "chen", Role.CLERK)
    small_web.token("chen")
    boss = small_web.browser("boss", Role.SUPERVISOR)
    assert boss.get(f"{TOKENS}/everybody").status_code == 403
    assert boss.get(f"{API}/users/chen/tokens").status_code == 403
    assert boss.delete(f"{API}/users/chen/tokens/1").status_code == 403
