"""The administration's pages: each section is shown to its roles and shows the data in force."""

from __future__ import annotations

import re

import pytest

from dispatch.domain.roles import Grant, Role
from dispatch.storage import crew
from tests.users import user
from tests.web.conftest import API, Web

HTML = {"Accept": "text/html"}
SECTIONS = ("users", "teams", "rules", "quarantine", "tokens", "access", "audit")


@pytest.mark.parametrize(
    ("role", "own"),
    [
        (Role.ADMINISTRATOR, {"users", "teams", "rules", "tokens", "access", "audit"}),
        (Role.SUPERVISOR, {"teams", "rules", "quarantine"}),
        (Role.OPS, {"teams", "rules", "quarantine"}),
        (Role.CLERK, {"teams", "rules"}),
    ],
)
def test_each_section_is_open_to_its_roles_and_no_other_is_offered(small_web: Web, role: Role, own: set[str]) -> None:
    browser = small_web.browser("one", role)
    for section in SECTIONS:
        answer = browser.get(f"/admin/{section}", headers=HTML)
        assert (answer.status_code == 200) == (section in own), section
    tabs = set(
        re.findall(r'class="nav-link[^"]*" href="/admin/([a-z]+)"', browser.get("/admin/teams", headers=HTML).text)
    )
    assert tabs == own
    assert browser.get("/admin", follow_redirects=False).headers["location"].rpartition("/")[2] in own


def test_an_administrator_sees_every_user_with_the_version_for_editing_their_roles(
    small_web: Web,
) -> None:
    user(small_web.database, "zhao", Grant(Role.INSTALLER, frozenset({"tianhe"})))
    browser = small_web.browser("root", Role.ADMINISTRATOR)
    page = browser.get("/admin/users", headers=HTML).text
    tag = re.search(r'data-api="PUT /api/v1/users/zhao/roles" data-if-match="([^"]+)"', page)
    assert tag
    assert "装维人员 · tianhe" in re.sub(r"\s+", " ", page)
    seen = tag[1].replace("&#34;", '"')
    changed = browser.put(f"{API}/users/zhao/roles", json={"roles": []}, headers={"If-Match": seen})
    assert changed.status_code == 200


def test_a_supervisor_edits_the_crews_of_their_areas_and_others_only_see_them(small_web: Web) -> None:
    with small_web.database.write() as tx:
        crew.add(tx, "installer", "li", "tianhe")
    supervisor = small_web.browser("boss", Role.SUPERVISOR)
    assert (
        "DELETE /api/v1/crew?team=installer&amp;area=tianhe&amp;person=li"
        in supervisor.get("/admin/teams", headers=HTML).text
    )
    ops = small_web.browser("ops", Role.OPS).get("/admin/teams", headers=HTML).text
    assert ">li<" in ops.replace(" ", "")
    assert "/api/v1/crew" not in ops
    gone = supervisor.delete(f"{API}/crew?team=installer&area=tianhe&person=li")
    assert gone.status_code == 204
    assert supervisor.get(f"{API}/crew").json()["items"] == []
    again = supervisor.delete(f"{API}/crew?team=installer&area=tianhe&person=li")
    assert (again.status_code, again.json()["code"]) == (404, "not-found")


def test_the_rules_are_shown_as_text_with_line_numbers(small_web: Web) -> None:
    page = small_web.browser("noc", Role.NOC).get("/admin/rules", headers=HTML).text
    assert small_web.rulebook.version in page
    assert page.count('<li id="L') == len(small_web.rulebook.text.splitlines())


def test_facts_are_tried_and_the_answer_names_the_team_and_its_rule(small_web: Web) -> None:
    browser = small_web.browser("noc", Role.NOC)
    start = browser.get("/admin/rules/tried?flow=fault&team=&finding=&hops=", headers=HTML).text
    assert "网管监控" in start.partition("decided")[2]
    inside = "flow=fault&team=noc&finding=inside-plant&known.segment=routing"
    answer = browser.get(f"/admin/rules/tried?{inside}", headers=HTML).text
    assert "网络维护·数据" in answer.partition("decided")[2]
    assert "flows.fault.noc.inside-plant" in answer


@pytest.mark.parametrize("facts", ["team=nobody&finding=fixed", "team=noc", "hops=-1", "hops=many", "flow=x"])
def test_facts_that_make_no_case_are_answered_without_a_decision(small_web: Web, facts: str) -> None:
    answer = small_web.browser("noc", Role.NOC).get(f"/admin/rules/tried?{facts}", headers=HTML)
    assert answer.status_code == 200
    assert "decided" not in answer.text


def test_the_audit_trail_tells_who_gave_access_to_whom_newest_first(small_web: Web) -> None:
    user(small_web.database, "first")
    user(small_web.database, "second")
    browser = small_web.browser("root", Role.ADMINISTRATOR)
    told = browser.get(f"{API}/audit?limit=2").json()
    assert [each["subject"] for each in told["items"]] == ["root", "second"]
    rest = browser.get(f"{API}/audit?cursor={told['next']}").json()
    assert [each["subject"] for each in rest["items"]] == ["first"]
    assert "新增用户" in browser.get("/admin/audit", headers=HTML).text


def test_before_a_user_is_disabled_the_page_shows_what_they_have_in_hand_and_who_could_take_it(small_web: Web) -> None:
    for name, role in (("zhao", Role.NOC), ("qian", Role.NOC), ("li.wei", Role.INSTALLER)):
        user(small_web.database, name, role)
    number = small_web.on_board()
    small_web.browser("zhao").post(f"{API}/hops/{number}/claim", json={})
    root = small_web.browser("root", Role.ADMINISTRATOR)
    page = root.get("/admin/users/zhao/leave", headers=HTML).text
    assert f"{number}-1" in page
    assert re.findall(r'<option value="([^"]*)">', page) == ["", "qian"]
    assert root.post(f"{API}/users/zhao/disable", json={"hand_over_to": "qian"}).json()["disabled_at"]
    assert [each["proposed"] for each in root.get(f"{API}/users/qian/work").json()["items"]] == [False]
    assert root.get(f"{API}/users/zhao/work").json()["items"] == []
    assert root.post(f"{API}/users/qian/disable").json()["disabled_at"], "without a body the work goes to the board"
    assert root.get(f"{API}/users/qian/work").json()["items"] == []


def test_each_page_of_the_administration_has_a_title_of_its_own(small_web: Web) -> None:
    root = small_web.browser("title-reader", Role.ADMINISTRATOR)
    pages = [root.get(f"/admin/{each}", headers={"Accept": "text/html"}).text for each in ("users", "tokens", "access")]
    titles = [page.partition("<title>")[2].partition("</title>")[0] for page in pages]
    assert titles == ["用户 · 管理 · 派单", "令牌 · 管理 · 派单", "登录记录 · 管理 · 派单"]
