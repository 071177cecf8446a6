"""The access log and the list of sessions: who came in or was refused, from where, and how to put them out again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient

from dispatch.access.backoff import ADDRESS_AND_NAME
from dispatch.access.request_origin import MOST_ORIGINS, SELDOM, Seldom
from dispatch.domain.access_acts import browser_title
from dispatch.domain.roles import Role
from dispatch.storage import access_log
from dispatch.storage.tables import access as w
from tests.factories import NOW
from tests.users import PASSWORD, user
from tests.web.conftest import API, Web

SESSION, SESSIONS, LOG = f"{API}/session", f"{API}/sessions", f"{API}/audit/access"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 "
    "Edg/143.0.0.0"
)


def come_in(client: TestClient, name: str = "chen", password: str = PASSWORD) -> Any:
    answer = client.post(SESSION, json={"name": name, "password": password}, headers={"User-Agent": EDGE})
    if answer.status_code == 201:
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return answer


def logged(web: Web, **asked: str) -> list[dict[str, Any]]:
    """The access log, the oldest entry first, as an administrator sees it."""
    with web.database.read() as tx:
        known = tx.execute(select(w.user.c.id).where(w.user.c.name == "root")).first()
    root = web.browser("root", *(() if known else (Role.ADMINISTRATOR,)))
    answer = root.get(LOG, params={"limit": 200, **asked})
    assert answer.status_code == 200, answer.text
    return list(reversed(answer.json()["items"]))


def acts(web: Web, **asked: str) -> list[tuple[str, str | None, str | None]]:
    return [(each["act"], each["user"], each["how"]) for each in logged(web, **asked)]


def test_coming_in_and_leaving_are_logged_with_address_and_browser(web: Web) -> None:
    user(web.database, "chen", Role.CLERK)
    browser = web.guest("198.51.100.7")
    come_in(browser)
    browser.delete(SESSION)
    entered, left = logged(web)
    assert (entered["act"], entered["user"], entered["how"]) == ("sign-in", "chen", "password")
    assert (entered["address"], entered["browser"]) == ("198.51.100.7", "Edge 143, Windows")
    assert entered["at"] == web.now.isoformat().replace("+00:00", "Z")
    assert (left["act"], left["user"]) == ("sign-out", "chen")


def test_a_failed_sign_in_is_logged_and_a_password_typed_as_a_name_is_not_kept(web: Web) -> None:
    user(web.database, "chen", Role.CLERK)
    for name in ("Chen", PASSWORD, PASSWORD, "Another-7-secret"):
        assert come_in(web.guest("198.51.100.7"), name, "wrong").status_code == 401
    entries = logged(web)
    assert [(each["act"], each["user"]) for each in entries] == [
        ("sign-in-failed", "chen"),
        *[("sign-in-failed", None)] * 3,
    ]
    marks = [each["unknown_name"] for each in entries]
    assert marks[0] is None
    assert marks[1] == marks[2] != marks[3]
    with web.database.read() as tx:
        kept = str([tx.execute(select(table)).all() for table in (w.access_log, w.sign_in_failure)]).lower()
    assert PASSWORD.lower() not in kept
    assert "another-7-secret" not in kept


def test_the_mark_of_an_unknown_name_is_no_plain_hash_of_it(small_web: Web) -> None:
    import hashlib

    come_in(small_web.guest(), PASSWORD, "wrong")
    with small_web.database.read() as tx:
        kept = str([tx.execute(select(table)).all() for table in (w.access_log, w.sign_in_failure)])
    for typed in (PASSWORD, PASSWORD.lower()):
        assert hashlib.sha256(typed.encode()).hexdigest()[:12] not in kept


def test_a_guesser_who_has_to_wait_is_logged_once_and_not_for_each_try(small_web: Web) -> None:
    user(small_web.database, "chen", Role.CLERK)
    guesser = small_web.guest("203.0.113.9")
    for n in range(40):
        come_in(guesser, password=f"guess {n}")
    found = acts(small_web)
    assert found.count(("sign-in-failed", "chen", "password")) == ADDRESS_AND_NAME.free
    assert found.count(("sign-in-slowed", "chen", "password")) == 1


def test_a_wrong_password_for_a_change_is_logged_as_such(small_web: Web) -> None:
    browser = small_web.browser("chen", Role.CLERK)
    browser.post(f"{SESSION}/password", json={"old": "wrong", "new": "Another-7-river-9"})
    browser.post(f"{API}/tokens", json={"title": "x", "password": "wrong"})
    assert acts(small_web) == [("proof-failed", "chen", "password")] * 2


def test_the_use_of_a_dead_token_is_logged_with_its_user_once_in_a_while(web: Web) -> None:
    program, root = web.program("chen", Role.CLERK), web.program("root", Role.ADMINISTRATOR)
    root.delete(f"{API}/users/chen/tokens/1")
    for _ in range(3):
        assert program.get(SESSION).status_code == 401
    strangers = [web.client(Authorization=f"Bearer paidan_{n}").get(SESSION).status_code for n in range(3)]
    assert strangers == [401] * 3
    assert acts(web) == [("token-refused", "chen", "token/1"), ("token-refused", None, "token")]


def test_the_log_is_filtered_by_user_act_and_address_and_comes_in_pages(small_web: Web) -> None:
    for name in ("chen", "li"):
        user(small_web.database, name, Role.CLERK)
        come_in(small_web.guest("198.51.100.7"), name)
        come_in(small_web.guest("198.51.100.8"), name, "wrong")
    assert acts(small_web, user="li") == [("sign-in", "li", "password"), ("sign-in-failed", "li", "password")]
    assert acts(small_web, act="sign-in-failed", user="chen") == [("sign-in-failed", "chen", "password")]
    assert {each["act"] for each in logged(small_web, address="198.51.100.7")} == {"sign-in"}
    root = small_web.browser("root")
    first = root.get(LOG, params={"limit": 3}).json()
    second = root.get(LOG, params={"limit": 3, "cursor": first["next"]}).json()
    assert (len(first["items"]), len(second["items"]), second["next"]) == (3, 1, None)


def test_only_administrators_read_the_log(small_web: Web) -> None:
    assert small_web.browser("boss", Role.SUPERVISOR).get(LOG).status_code == 403


def test_an_entry_is_never_changed_and_goes_by_age(web: Web) -> None:
    user(web.database, "chen", Role.CLERK)
    come_in(web.guest())
    with pytest.raises(DBAPIError, match="append-only"), web.database.write() as tx:
        tx.execute(text("UPDATE access_log SET address = 'elsewhere'"))
    for before, left in ((web.now - timedelta(seconds=1), 1), (web.now, 0)):
        with web.database.write() as tx:
            access_log.sweep(tx, before)
            assert tx.execute(select(func.count()).select_from(w.access_log)).scalar() == left


# -- sessions ------------------------------------------------------------------------------------------


def test_a_user_sees_where_they_are_signed_in_and_ends_one(web: Web) -> None:
    user(web.database, "chen", Role.CLERK)
    here, there = web.guest("198.51.100.7"), web.guest("203.0.113.9")
    come_in(here)
    come_in(there)
    listed = here.get(SESSIONS).json()["items"]
    assert {(each["address"], each["browser"], each["own"]) for each in listed} == {
        ("198.51.100.7", "Edge 143, Windows", True),
        ("203.0.113.9", "Edge 143, Windows", False),
    }
    other = next(each["id"] for each in listed if not each["own"])
    assert here.delete(f"{SESSIONS}/{other}").status_code == 204
    assert (there.get(SESSION).status_code, here.get(SESSION).status_code) == (401, 200)
    assert here.delete(f"{SESSIONS}/{other}").status_code == 404
    assert ("session-ended", "chen", None) in acts(web)


def test_nobody_ends_the_session_of_another_user(small_web: Web) -> None:
    user(small_web.database, "chen", Role.CLERK)
    theirs, mine = small_web.guest(), small_web.browser("li", Role.CLERK)
    come_in(theirs)
    [listed] = theirs.get(SESSIONS).json()["items"]
    assert mine.delete(f"{SESSIONS}/{listed['id']}").status_code == 404
    assert theirs.get(SESSION).status_code == 200


def test_signing_out_everywhere_ends_every_session_here_too(web: Web) -> None:
    user(web.database, "chen", Role.CLERK)
    here, there = web.guest(), web.guest()
    come_in(here)
    come_in(there)
    assert here.delete(SESSIONS).status_code == 204
    assert (here.get(SESSION).status_code, there.get(SESSION).status_code) == (401, 401)


def test_an_administrator_sees_and_ends_a_users_sessions(web: Web) -> None:
    user(web.database, "chen", Role.CLERK)
    theirs, root = web.guest("203.0.113.9"), web.browser("root", Role.ADMINISTRATOR)
    come_in(theirs)
    assert [each["address"] for each in root.get(f"{API}/users/chen/sessions").json()["items"]] == ["203.0.113.9"]
    assert root.delete(f"{API}/users/chen/sessions").status_code == 204
    assert theirs.get(SESSION).status_code == 401
    ended = logged(web, act="session-ended")
    assert [(each["user"], each["ended_by"]) for each in ended] == [("chen", "root")]


def test_a_new_sign_in_in_the_same_browser_ends_the_session_that_it_had(web: Web) -> None:
    for name in ("chen", "li"):
        user(web.database, name, Role.CLERK)
    browser = web.guest()
    come_in(browser)
    copied = web.client()
    copied.cookies.update(browser.cookies)
    assert copied.get(SESSION).json()["user"] == "chen"
    come_in(browser, "li")
    assert browser.get(SESSION).json()["user"] == "li"
    assert copied.get(SESSION).status_code == 401
    assert acts(web) == [
        ("sign-in", "chen", "password"),
        ("sign-out", "chen", None),
        ("sign-in", "li", "password"),
    ]


# -- the parts by themselves ---------------------------------------------------------------------------


def test_a_flood_of_refusals_is_written_seldom_and_never_by_more_origins_than_are_remembered() -> None:
    seldom = Seldom()
    assert [seldom.may(("token", "192.0.2.1"), NOW) for _ in range(3)] == [True, False, False]
    assert seldom.may(("token", "192.0.2.1"), NOW + SELDOM)
    fresh = Seldom()
    assert sum(fresh.may(("token", f"{n}"), NOW) for n in range(3 * MOST_ORIGINS)) == MOST_ORIGINS
    assert fresh.may(("token", "later"), NOW + SELDOM)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (EDGE, "Edge 143, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140, Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari 18, iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; HUAWEI) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
            "Chrome/130.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.60",
            "WeChat 8, Android",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0.0.0 Safari/537.36", "Chrome 140, Linux"),
        ("python-httpx2/2.16", "python-httpx2/2.16"),
        ("", ""),
    ],
)
def test_a_browser_is_named_in_a_few_words(told: str, shown: str) -> None:
    assert browser_title(told) == shown
