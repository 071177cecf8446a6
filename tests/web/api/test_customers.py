"""Customers over the API: found by account, mobile number or document, masked; coverage, plans and form lists."""

from __future__ import annotations

from typing import Any

import pytest

from dispatch.domain.naming import masked_mobile, masked_name
from dispatch.domain.roles import Grant, Role
from tests.accounts import factories as a
from tests.web.api.test_operations import at_the_counter, clerk
from tests.web.conftest import API, Web


@pytest.fixture
def desk(web: Web) -> Web:
    return at_the_counter(web)


def find(client: Any, **wanted: str) -> Any:
    return client.post(f"{API}/customers/find", json=wanted)


def test_a_customer_is_found_by_account_mobile_or_document(desk: Web) -> None:
    chen = clerk(desk)
    number = a.in_service(desk.database, desk.counter, plan="family-500", mobile="13900139001")  # type: ignore[attr-defined]
    a.in_service(desk.database, desk.counter, 2)  # type: ignore[attr-defined]
    for wanted in (
        {"account": number},
        {"mobile": a.mobile()},
        {"mobile": "13900139001"},
        {"document_kind": "resident-id", "document_number": a.resident_id()},
        {"document_number": a.resident_id()},
    ):
        (found,) = find(chen, **wanted).json()["items"]
        assert (found["account"], found["state"]) == (number, "in-service")
        assert (found["customer"], found["contact"]) == (masked_name(a.person().name), masked_mobile(a.mobile()))
        assert a.mobile() not in str(found)


def test_a_search_for_nothing_or_for_two_things_is_refused(small_web: Web) -> None:
    chen = clerk(at_the_counter(small_web))
    for wanted in ({}, {"account": "GZ1", "mobile": a.mobile()}, {"document_kind": "resident-id"}):
        answer = find(chen, **wanted)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-input")
    assert find(chen, mobile="110").json()["code"] == "bad-mobile"
    assert find(chen, document_kind="library-card", document_number="1").json()["code"] == "unknown-document-kind"


def test_coverage_is_searched_by_parts_of_the_address(desk: Web) -> None:
    chen = clerk(desk)
    a.in_service(desk.database, desk.counter)  # type: ignore[attr-defined]
    a.address(desk.database, 2)
    a.address(desk.database, 3, capacity=0)
    items = chen.post(f"{API}/addresses/search", json={"text": "体育西 号"}).json()["items"]
    assert [(each["address"][-2:], each["free"], each["taken"]) for each in items] == [
        ("1号", 7, True),
        ("2号", 8, False),
        ("3号", None, False),
    ]
    for text in ("100%", "_", "没有"):
        assert chen.post(f"{API}/addresses/search", json={"text": text}).json() == {"items": []}
    elsewhere = desk.program("he", Grant(Role.CLERK, frozenset({"yuexiu"})))
    assert elsewhere.post(f"{API}/addresses/search", json={"text": "体育西"}).json() == {"items": []}


def test_unmet_demand_is_listed_with_the_customer_masked(desk: Web) -> None:
    chen, planner = clerk(desk), desk.program("wang", Role.NETWORK_SERVICE_SUPPORT)
    a.address(desk.database, 1, capacity=0)
    a.refused(desk.database, a.opening.open_account, desk.counter, a.application())  # type: ignore[attr-defined]
    demands = planner.get(f"{API}/demands").json()
    assert demands["by_area"] == [{"area": "tianhe", "demands": 1, "asked": 1, "reachable": 0, "speed": 300}]
    assert demands["items"][0]["mobile"] == masked_mobile(a.mobile())
    assert chen.get(f"{API}/demands").status_code == 200
    assert planner.get(f"{API}/addresses?area=yuexiu").json() == {"items": []}
    assert len(planner.get(f"{API}/addresses").json()["items"]) == 1


def test_the_lists_that_a_form_needs_are_given(small_web: Web) -> None:
    chen = small_web.program("chen", Role.CLERK)
    plans = chen.get(f"{API}/plans").json()["items"]
    assert all(each["title"]["zh"] and float(each["to_pay"]) >= 0 for each in plans)
    words = chen.get(f"{API}/words").json()
    close = next(each for each in words["operations"] if each["name"] == "close")
    assert {"/account", "/document_number", "/reason", "/note"} <= {each["pointer"] for each in close["fields"]}
    assert "moving" in [each["name"] for each in close["reasons"]]
    assert "resident-id" in [each["name"] for each in words["document_kinds"]]


def test_an_account_from_elsewhere_is_entered_once(small_web: Web) -> None:
    chen = clerk(small_web)
    new = {"account": "GZ7", "area": "tianhe", "mobile": a.mobile()}
    made = chen.post(f"{API}/accounts", json=new)
    assert (made.status_code, made.json()["mobile"]) == (201, masked_mobile(a.mobile()))
    assert chen.post(f"{API}/accounts", json=new).json()["code"] == "account-name-taken"
    elsewhere = chen.post(f"{API}/accounts", json={**new, "account": "GZ8", "area": "yuexiu"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "bad-input")
    for number in ("GZ8", "GZ9"):
        chen.post(f"{API}/accounts", json={**new, "account": number})
    first = chen.get(f"{API}/accounts?limit=2").json()
    rest = chen.get(f"{API}/accounts?limit=2&cursor={first['next']}").json()
    assert [each["account"] for each in first["items"] + rest["items"]] == ["GZ9", "GZ8", "GZ7"]
    assert rest["next"] is None


def test_unconfirmed_effects_are_listed_without_their_content(desk: Web) -> None:
    a.opened(desk.database, desk.counter)  # type: ignore[attr-defined]
    ops = desk.program("ops", Role.OPS)
    told = ops.get(f"{API}/effects")
    assert {each["port"] for each in told.json()["items"]} == {"printing"}
    assert a.mobile() not in told.text
    effect = told.json()["items"][0]["id"]
    answer = ops.post(f"{API}/effects/{effect}/release")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal-move")
    assert ops.post(f"{API}/effects/999/release").status_code == 404
    assert clerk(desk).get(f"{API}/effects").status_code == 403
