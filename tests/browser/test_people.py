"""An administrator presses what there is on the pages of users; colleagues take over what is left."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.chromium import DESKTOP, PHONE, Window
from tests.browser.conftest import Open
from tests.browser.people import add_user, bind, claim_at_noc, disable_as_once, of_hop
from tests.demonstration import API, Demo


def administrator(demo: Demo, opened: Open, language: str = "zh", size: tuple[int, int] = DESKTOP) -> Window:
    window = opened(language=language, size=size)
    window.sign_in(*demo.users["administrator"]).close()
    return window


def entry(page: Page, name: str) -> Locator:
    """The user's entry on the page of users, opened."""
    found = page.locator(f'[id="user-{name}"]')
    found.locator("summary").click()
    found.locator("form").first.wait_for()
    return found


def press(form: Locator, page: Page) -> None:
    """Press a form's button, and wait until it says that it is done."""
    before = page.locator(".toast-said").count()
    form.locator("button").click()
    page.wait_for_function("n => document.querySelectorAll('.toast-said').length > n", arg=before)


@pytest.mark.parametrize(
    ("language", "size", "choice"),
    [("zh", DESKTOP, "release"), ("en", PHONE, "hand over"), ("zh", PHONE, "keep"), ("en", DESKTOP, "release")],
)
def test_before_roles_are_taken_away_the_page_shows_the_work_and_asks_what_becomes_of_it(
    demo: Demo, opened: Open, language: str, size: tuple[int, int], choice: str
) -> None:
    name = add_user(demo, f"roles-{language}-{size[0]}", "noc")
    mate = add_user(demo, f"{name}-mate", "noc")
    hop = claim_at_noc(demo, name)
    root = administrator(demo, opened, language, size)
    root.expects.add(409)
    page = root.open("/admin/users")
    user = entry(page, name)
    assert hop in user.locator("[data-work]").inner_text()
    root.check(page)
    form = user.locator('form[data-api^="PUT"]')
    form.locator("input[value=noc]").uncheck()
    form.locator("input[value=clerk]").check()
    form.locator("button").click()
    form.locator(".alert:visible").wait_for()
    assert hop in form.locator(".alert").inner_text()
    assert of_hop(demo, hop) == ("claimed", name), "nothing is changed before it is decided"
    form.locator("[name=work]").select_option(mate if choice == "hand over" else choice)
    press(form, page)
    become = {"release": ("waiting", None), "hand over": ("claimed", mate), "keep": ("claimed", name)}
    assert of_hop(demo, hop) == become[choice]
    assert page.locator(f'[id="user-{name}"] [data-work]').count() == (choice == "keep")


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESKTOP)])
def test_who_disables_a_user_sees_their_work_and_hands_it_over_or_releases_it(
    demo: Demo, opened: Open, language: str, size: tuple[int, int]
) -> None:
    name = add_user(demo, f"leaver-{language}", "noc")
    mate = add_user(demo, f"{name}-mate", "noc")
    given = [claim_at_noc(demo, name) for _ in range(2)]
    root = administrator(demo, opened, language, size)
    page = root.open("/admin/users")
    entry(page, name).locator('a[href$="/leave"]').click()
    page.locator("#leave").wait_for()
    assert set(re.findall(r"F\d+-\d+", page.locator("#work").inner_text())) == set(given)
    root.check(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.locator("#leave a.btn").click()
    page.wait_for_url("**/admin/users")
    entry(page, name).locator('a[href$="/leave"]').click()
    page.locator("#hand-over-to").select_option(mate)
    page.locator("#leave button").click()
    page.wait_for_url("**/admin/users")
    assert [of_hop(demo, each) for each in given] == [("claimed", mate)] * 2

    entry(page, mate).locator('a[href$="/leave"]').click()
    page.locator("#leave button").click()
    page.wait_for_url("**/admin/users")
    assert [of_hop(demo, each) for each in given] == [("waiting", None)] * 2
    press(entry(page, mate).locator('form[data-api$="/enable"]'), page)
    page.locator(f'[id="user-{mate}"] a[href$="/leave"]').wait_for()


def test_a_user_without_work_is_disabled_by_one_button(demo: Demo, opened: Open) -> None:
    name = add_user(demo, "idle", "clerk")
    page = administrator(demo, opened).open(f"/admin/users/{name}/leave")
    assert page.locator("#hand-over-to").count() == 0
    page.locator("#leave button").click()
    page.wait_for_url("**/admin/users")
    entry(page, name).locator('form[data-api$="/enable"]').wait_for()


def test_work_that_an_earlier_release_left_with_a_disabled_user_is_moved_on_their_page(
    demo: Demo, opened: Open
) -> None:
    name = add_user(demo, "gone", "noc")
    hop = claim_at_noc(demo, name)
    disable_as_once(demo, name)
    root = administrator(demo, opened, "en")
    page = root.open("/admin/users")
    entry(page, name).locator('a[href$="/leave"]').click()
    page.locator("#leave").wait_for()
    assert "who is disabled" in page.locator("#leave h1").inner_text()
    root.check(page)
    page.locator("#leave button").click()
    page.wait_for_url("**/admin/users")
    assert of_hop(demo, hop) == ("waiting", None)


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESKTOP)])
def test_a_colleague_takes_over_on_the_board_what_its_holder_can_no_longer_work(
    demo: Demo, opened: Open, language: str, size: tuple[int, int]
) -> None:
    name, mate = add_user(demo, f"left-{language}", "noc"), add_user(demo, f"taker-{language}", "noc")
    hop = claim_at_noc(demo, name)
    disable_as_once(demo, name)
    window = opened(language=language, size=size)
    window.sign_in(*demo.users[mate]).close()
    page = window.open(f"/teams/noc/hops/{hop}")
    warning = page.locator(".alert-warning")
    assert name in warning.inner_text()
    window.check(page)
    page.locator('form[data-api$="/claim"] button').click()
    page.locator('form[data-api$="/report"]').wait_for()
    assert of_hop(demo, hop) == ("claimed", mate)


def test_a_new_user_is_added_and_gets_another_password(demo: Demo, opened: Open) -> None:
    root, name = administrator(demo, opened, "en"), "new-here"
    page = root.open("/admin/users")
    form = page.locator('form[data-api="POST /api/v1/users"]')
    form.locator("[name=name]").fill(name)
    form.locator("input[value=clerk]").check()
    form.locator("button").click()
    form.locator("[data-answer=password]:visible").wait_for()
    first = form.locator("[data-answer=password]").inner_text()
    page.locator(f'[id="user-{name}"]').wait_for()
    reset = entry(page, name).locator('form[data-api$="/password"]')
    reset.locator("button").click()
    reset.locator("[data-answer=password]:visible").wait_for()
    second = reset.locator("[data-answer=password]").inner_text()
    assert first != second
    opened().sign_in(name, second).close()


def test_an_administrator_signs_a_user_out_everywhere(demo: Demo, opened: Open) -> None:
    name = add_user(demo, "out", "clerk")
    theirs = opened()
    theirs.sign_in(*demo.users[name]).close()
    page = administrator(demo, opened).open("/admin/users")
    press(entry(page, name).locator('form[data-api$="/sessions"]'), page)
    theirs.expects.add(401)
    theirs.open("/account").locator("#password").wait_for()


def test_a_user_signs_out_everywhere_here_too(demo: Demo, opened: Open) -> None:
    name = add_user(demo, "everywhere", "clerk")
    here, there = opened(language="en"), opened()
    for window in (here, there):
        window.sign_in(*demo.users[name]).close()
        window.expects.add(401)
    page = here.open("/account")
    page.locator('form[data-api="DELETE /api/v1/sessions"] button').click()
    page.wait_for_url("**/sign-in**")
    there.open("/account").locator("#password").wait_for()


def test_an_administrator_unbinds_a_user_from_the_identity_provider(demo: Demo, opened: Open) -> None:
    name = add_user(demo, "bound", "clerk")
    bind(demo, name)
    page = administrator(demo, opened, "en").open("/admin/users")
    user = entry(page, name)
    press(user.locator('form[data-api$="/identity"]'), page)
    user.locator('form[data-api$="/identity"]').wait_for(state="detached")
    assert demo.get("administrator", f"/users/{name}")["bound_at"] is None


def test_the_record_of_sign_ins_is_filtered_by_what_was_done_and_from_where(demo: Demo, opened: Open) -> None:
    name = add_user(demo, "watched", "clerk")
    with demo.signed_in(name) as client:
        client.post(f"{API}/session", json={"name": name, "password": "not it at all"})
    root = administrator(demo, opened, "en")
    page = root.open("/admin/access")
    page.locator("#of-user").fill(name)
    page.locator("#of-act").select_option("sign-in-failed")
    page.locator("#of-address").fill("127.0.0.1")
    page.locator("form[method=get] button").click()
    page.wait_for_url(lambda url: "act=sign-in-failed" in url)
    assert page.locator("table tbody tr").count() == 1
    page.locator("#of-address").fill("192.0.2.1")
    page.locator("form[method=get] button").click()
    page.locator(".empty").wait_for()
    root.check(page)
