"""People put their own sessions and tokens out, administrators anybody's, and see who came in."""

from __future__ import annotations

import pytest

from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.demonstration import Demo


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_user_makes_and_revokes_a_token_and_signs_another_browser_out(
    demo: Demo, opened: Open, language: str
) -> None:
    name, password = demo.users["community-manager"]
    desk, phone = opened(size=DESKTOP, language=language), opened(size=PHONE, language=language)
    desk.expects |= {401, 403}
    desk.sign_in(name, password).close()
    phone.sign_in(name, password).close()

    page = desk.open("/account")
    made = page.locator("#make-token")
    made.locator("[name=title]").fill(f"laptop {language}")
    made.locator("[name=password]").fill("not it")
    made.locator("button").click()
    made.locator(".alert:visible").wait_for()
    assert "/account" in page.url, "a wrong password is no reason to sign in again"
    made.locator("[name=password]").fill(password)
    made.locator("button").click()
    made.locator("[data-answer=token]:visible").wait_for()
    assert made.locator("[data-answer=token]").inner_text().startswith("paidan_")
    token = page.locator("[data-token]", has_text=f"laptop {language}")
    token.wait_for()
    desk.check(page)
    token.locator("button").click()
    token.wait_for(state="detached")

    others = page.locator("[data-session]:has(button)")
    others.first.wait_for()
    while others.count():
        number = others.count()
        others.first.locator("button").click()
        page.wait_for_function(
            "n => document.querySelectorAll('[data-session] button').length < n", arg=number, timeout=10_000
        )
    phone.open("/account").locator("#password").wait_for()


def test_an_administrator_revokes_anothers_token_and_sees_who_came_in(demo: Demo, opened: Open) -> None:
    name, password = demo.users["agent-10050"]
    with demo.signed_in("agent-10050") as client:
        answer = client.post("/api/v1/tokens", json={"title": "robot", "password": password})
        assert answer.status_code == 201, answer.text
        token = answer.json()["token"]
    root = opened(language="en")
    root.sign_in(*demo.users["administrator"]).close()
    page = root.open("/admin/tokens")
    listed = page.locator("[data-token]", has_text=name).first
    listed.locator("button").click()
    listed.wait_for(state="detached")
    with demo.signed_in("administrator") as client:
        used = client.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"})
        assert used.status_code == 401
    page = root.open("/admin/access")
    page.locator("#of-user").fill(name)
    page.locator("form[method=get] button").click()
    page.wait_for_url(lambda url: f"user={name}" in url)
    shown = page.locator("table tbody").inner_text()
    assert "Signed in" in shown
    assert "127.0.0.1" in shown
    assert "Sent a token that is not valid" in shown
    root.check(page)
