"""查找 as a page: every page has its box, hits are marked, and a document's number is taken out of the address."""

from __future__ import annotations

import re

import pytest

from dispatch.domain.roles import Role
from tests import factories as f
from tests.accounts import factories as a
from tests.web.api.test_operations import at_the_counter
from tests.web.conftest import Web


@pytest.fixture
def desk(small_web: Web) -> Web:
    made = at_the_counter(small_web)
    number = a.in_service(made.database, made.counter)  # type: ignore[attr-defined]
    f.fault(made.database, made.rulebook, made.script, number, description="光猫亮红灯<b>")
    return made


def test_hits_are_marked_and_lead_where_one_works_with_them(desk: Web) -> None:
    chen = desk.browser("chen", Role.CLERK)
    shown = chen.get("/search", params={"q": "体育西 红灯"}).text
    assert "<mark>红灯</mark>&lt;b&gt;" in shown
    assert 'href="/tickets/F00000002"' in shown
    shown = chen.get("/search", params={"q": a.person().name}).text
    assert re.search(r'href="/counter#account=kd\d+"', shown)
    assert "符合：姓名" in shown
    assert 'value="' + a.person().name + '"' in shown


def test_a_document_s_number_is_found_and_repeated_nowhere(desk: Web) -> None:
    shown = desk.browser("chen", Role.CLERK).get("/search", params={"q": a.resident_id()}).text
    assert "符合：证件号码" in shown
    assert "data-secret" in shown
    assert "/search?q=" not in shown.replace(f"/search?q={a.resident_id()}", "")


def test_one_kind_has_its_own_page_and_nothing_found_says_what_to_try(desk: Web) -> None:
    chen = desk.browser("chen", Role.CLERK)
    shown = chen.get("/search", params={"q": "体育西", "kind": "address"}).text
    assert 'data-kind="address"' in shown
    assert 'data-kind="account"' not in shown
    assert "请至少写两个汉字" in chen.get("/search", params={"q": "西"}).text
    assert "没有查到" in chen.get("/search", params={"q": "番禺广场"}).text
    assert "查工单、客户、地址、终端" in chen.get("/search").text


def test_every_page_has_the_box_but_for_those_who_find_nothing(desk: Web) -> None:
    assert "data-search-box" in desk.browser("chen", Role.CLERK).get("/counter").text
    assert "data-search-box" not in desk.browser("root", Role.ADMINISTRATOR).get("/admin/users").text
    assert "data-search-box" not in desk.guest().get("/sign-in").text
