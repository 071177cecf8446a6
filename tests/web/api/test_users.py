"""Users over the API: administrators create and disable them and edit their roles, and see no case by that."""

from __future__ import annotations

from typing import Any

import pytest

from dispatch.domain.roles import Grant, Role
from tests.users import PASSWORD, user
from tests.web.conftest import API, Web

USERS = f"{API}/users"


@pytest.fixture
def root(web: Web) -> Any:
    return web.program("root", Role.ADMINISTRATOR)


def test_a_user_is_created_with_a_random_password_shown_once_and_signs_in(web: Web, root: Any) -> None:
    made = root.post(USERS, json={"name": "Li.Wei", "roles": [{"role": "installer", "areas": ["tianhe"]}]})
    assert (made.status_code, made.headers["location"]) == (201, f"{USERS}/li.wei")
    told = made.json()
    assert told["user"]["roles"] == [{"role": "installer", "areas": ["tianhe"]}]
    entered = web.client().post(f"{API}/session", json={"name": "li.wei", "password": told["password"]})
    assert entered.status_code == 201
    assert told["password"] not in root.get(USERS).text
    own = root.post(USERS, json={"name": "own", "password": "Kx7-mountain-river"}).json()
    assert own["password"] is None


def test_roles_are_edited_only_against_their_latest_version(web: Web, root: Any) -> None:
    user(web.database, "zhao", Role.NOC)
    noc = web.program("zhao")
    seen = root.get(f"{USERS}/zhao").headers["etag"]
    clerk = {"roles": [{"role": "clerk"}]}
    unread = root.put(f"{USERS}/zhao/roles", json=clerk)
    assert (unread.status_code, unread.json()["code"]) == (428, "version-missing")
    changed = root.put(f"{USERS}/zhao/roles", json=clerk, headers={"If-Match": seen})
    assert changed.json()["roles"] == [{"role": "clerk", "areas": None}]
    assert noc.get(f"{API}/teams/noc/board").status_code == 403
    late = root.put(f"{USERS}/zhao/roles", json={"roles": []}, headers={"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "changed-meanwhile")
    assert changed.headers["etag"] == root.get(f"{USERS}/zhao").headers["etag"]


def test_a_user_is_disabled_enabled_and_gets_a_new_password(web: Web, root: Any) -> None:
    browser = web.browser("zhao", Role.NOC)
    assert root.post(f"{USERS}/zhao/disable").json()["disabled_at"] is not None
    assert browser.get(f"{API}/session").status_code == 401
    assert root.post(f"{USERS}/zhao/enable").json()["disabled_at"] is None
    told = root.post(f"{USERS}/zhao/password").json()
    entered = web.client().post(f"{API}/session", json={"name": "zhao", "password": told["password"]})
    assert entered.status_code == 201


def test_nobody_raises_their_own_rights_and_only_administrators_create_users(web: Web, root: Any) -> None:
    seen = root.get(f"{USERS}/root").headers["etag"]
    body = {"roles": [{"role": "administrator"}, {"role": "supervisor"}]}
    for answer in (
        root.put(f"{USERS}/root/roles", json=body, headers={"If-Match": seen}),
        root.post(f"{USERS}/root/disable"),
        web.program("gao", Role.SUPERVISOR).post(USERS, json={"name": "x1"}),
        web.program("nobody").get(USERS) if user(web.database, "nobody") else None,
    ):
        assert answer is not None
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")
    assert root.get(f"{API}/tickets").status_code == 403


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "two words"}, "bad-input"),
        ({"name": "worker"}, "bad-input"),
        ({"name": "root"}, "bad-input"),
        ({"name": "x", "roles": [{"role": "king"}]}, "bad-input"),
        ({"name": "x", "roles": [{"role": "noc", "areas": []}]}, "invalid-request"),
        ({"name": "x", "roles": [{"role": "noc"}, {"role": "noc"}]}, "bad-input"),
        ({"name": "x", "password": "short"}, "bad-input"),
        ({}, "invalid-request"),
    ],
)
def test_an_invalid_user_is_refused(small_web: Web, body: dict[str, Any], code: str) -> None:
    answer = small_web.program("root", Role.ADMINISTRATOR).post(USERS, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_users_are_listed_page_by_page(web: Web, root: Any) -> None:
    for name in ("chen", "li.wei", "zhao"):
        user(web.database, name, Grant(Role.NOC))
    first = root.get(f"{USERS}?limit=2").json()
    second = root.get(f"{USERS}?limit=2&cursor={first['next']}").json()
    assert [each["name"] for page in (first, second) for each in page["items"]] == ["chen", "li.wei", "root", "zhao"]
    assert second["next"] is None
    assert root.get(f"{USERS}/haunted").status_code == 404
    assert root.get(f"{USERS}/%00").status_code == 404


@pytest.mark.parametrize("act", ["add", "add with a password", "reset"])
def test_other_writers_do_not_wait_while_a_new_password_is_hashed(
    small_web: Web, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    root = small_web.browser("root", Role.ADMINISTRATOR)
    user(small_web.database, "chen")
    hashed = small_web.installation.hasher.hash(PASSWORD)
    wrote = []

    class Hasher:
        def hash(self, typed: str) -> str:
            assert typed
            with small_web.database.write(0.2):
                wrote.append(act)
            return hashed

    monkeypatch.setattr(small_web.installation, "hasher", Hasher())
    body = {"name": "li"} | ({"password": PASSWORD} if act == "add with a password" else {})
    answer = root.post(f"{API}/users/chen/password") if act == "reset" else root.post(f"{API}/users", json=body)
    assert answer.is_success, answer.text
    assert wrote == [act]


def test_who_may_not_add_users_costs_no_hash(small_web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = small_web.browser("chen", Role.CLERK)
    monkeypatch.setattr(small_web.installation, "hasher", None)
    assert clerk.post(f"{API}/users", json={"name": "li"}).status_code == 403
    assert clerk.post(f"{API}/users/chen/password").status_code == 403


def test_a_change_of_roles_says_what_it_takes_from_the_users_hands_before_and_after(web: Web, root: Any) -> None:
    for name in ("zhao", "qian"):
        user(web.database, name, Role.NOC)
    zhao, number = web.program("zhao"), web.on_board()
    zhao.post(f"{API}/hops/{number}/claim", json={})
    seen = root.get(f"{USERS}/zhao").headers["etag"]

    def change(**decided: str) -> Any:
        return root.put(f"{USERS}/zhao/roles", json={"roles": [], **decided}, headers={"If-Match": seen})

    undecided = change()
    assert (undecided.status_code, undecided.json()["code"]) == (409, "work-undecided")
    assert f"{number}-1" in undecided.json()["detail"]
    assert root.get(f"{USERS}/zhao").json()["roles"], "nothing is changed before it is decided"
    both = change(work="keep", hand_over_to="qian")
    assert (both.status_code, both.json()["code"]) == (422, "bad-input")
    assert change(hand_over_to="root").json()["code"] == "unfit-user"
    changed = change(hand_over_to="qian")
    [moved] = changed.json()["work"]
    assert (moved["hop"], moved["proposed"], moved["to"], moved["released"]) == (f"{number}-1", False, "qian", False)
    assert changed.headers["etag"] == root.get(f"{USERS}/zhao").headers["etag"]


def test_disabling_a_user_says_what_became_of_their_work(web: Web, root: Any) -> None:
    user(web.database, "zhao", Role.NOC)
    number = web.on_board()
    web.program("zhao").post(f"{API}/hops/{number}/claim", json={})
    [moved] = root.post(f"{USERS}/zhao/disable").json()["work"]
    assert (moved["hop"], moved["state"], moved["to"], moved["released"]) == (f"{number}-1", "claimed", None, True)
