"""The counter over HTTP: every operation gives the command's result, is done once under its key, and is refused with
the words to read out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import select
from starlette.testclient import TestClient

from dispatch.accounts.dry_run import UNTOLD
from dispatch.domain.naming import masked_mobile
from dispatch.domain.roles import Grant, Role
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import codes
from tests.accounts import factories as a
from tests.web.conftest import API, Web
from tests.web.prepared_changes import as_body, give_counter

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def body(request: BaseModel) -> dict[str, Any]:
    """Return a request as JSON, with its secrets and without confirmations."""
    return {name: each for name, each in as_body(request).items() if name != "confirm"}


@pytest.fixture
def desk(web: Web) -> Web:
    return at_the_counter(web)


@pytest.fixture
def small_desk(small_web: Web) -> Web:
    return at_the_counter(small_web)


def at_the_counter(web: Web) -> Web:
    """A web whose counter has cheap password hashes and the tests' plans."""
    web.counter = give_counter(web)  # type: ignore[attr-defined]
    return web


def clerk(web: Web) -> TestClient:
    return web.program("chen", Grant(Role.CLERK, frozenset({"tianhe"})))


def do(client: TestClient, kind: str, asked: dict[str, Any], **headers: str) -> Any:
    answer = client.post(f"{API}/accounts/{kind}", json=asked, headers=headers)
    assert answer.status_code < 500, answer.text
    return answer


def proved(number: str, n: int = 1) -> dict[str, Any]:
    return {"account": number, "document_number": a.resident_id(n)}


def scan(client: TestClient, kind: str) -> dict[str, Any]:
    return {"kind": kind, "upload": client.post(f"{API}/scans", content=PNG).json()["upload"]}


def test_an_account_is_opened_and_its_slip_and_invoice_are_pdf(desk: Web) -> None:
    chen = clerk(desk)
    a.address(desk.database)
    done = do(chen, "open", body(a.application()))
    told = done.json()
    assert (done.status_code, told["title"]["zh"], told["result"]["account"][:2]) == (200, "开户", "kd")
    assert [each["kind"] for each in told["papers"]] == ["slip", "invoice"]
    assert "签字" in told["say"]["zh"]
    for paper in told["papers"]:
        pdf = chen.get(paper["url"])
        assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
        assert pdf.content.startswith(b"%PDF-")
        assert chen.get(paper["url"]).content == pdf.content
        assert f"{paper['number']}.pdf" in pdf.headers["content-disposition"]
    listed = chen.post(f"{API}/accounts/operations", json={"account": told["result"]["account"]}).json()["items"]
    assert [(each["operation"], each["slip"]) for each in listed] == [("open", told["papers"][0]["number"])]


PAUSE = {"reason": "customer-request", "months": 1, "payment": {"method": "cash", "amount": "5.00"}}
Asks = Callable[[str], dict[str, Any]]
ONE_AFTER_THE_OTHER: list[tuple[str, Asks]] = [
    ("bind", lambda number: {**proved(number), "mobile": "13900139001"}),
    ("bindings", lambda number: {"account": number}),
    ("unbind", lambda number: {**proved(number), "mobile": "13900139001"}),
    ("bind", lambda number: {**proved(number), "mobile": "13900139004"}),
    ("modify", lambda number: {**proved(number), "mobile": "13900139002"}),
    ("suspend", lambda number: {**proved(number), **PAUSE}),
    ("resume", lambda number: {**proved(number), "reason": "customer-request"}),
    (
        "change-password",
        lambda number: {**proved(number), "old_password": a.PASSWORD, "new_password": "Zq8#vbNm"},
    ),
    ("view", lambda number: {"account": number, "show": ["customer", "accounts", "operations"]}),
    ("change-plan", lambda number: {**proved(number), "plan": "card-300", "mobile": "13900139004"}),
    ("rename", lambda number: {**proved(number), "new_account": "13900139003"}),
    ("close", lambda _: {**proved("13900139003"), "reason": "moving"}),
]


def test_every_operation_on_a_line_is_done_in_turn(desk: Web) -> None:
    chen = clerk(desk)
    number = a.in_service(desk.database, desk.counter)  # type: ignore[attr-defined]
    for kind, asked in ONE_AFTER_THE_OTHER:
        told = asked(number)
        if kind in ("bind", "modify", "rename"):
            mobile = str(told.get("new_account", told.get("mobile")))
            with desk.database.write() as tx:
                codes.put(tx, desk.counter, kind, mobile, number, f.CLERK, desk.now)  # type: ignore[attr-defined]
            told["code"] = codes.CODE.get_secret_value()
        done = do(chen, kind, told)
        assert (done.status_code, done.json()["operation"]) == (200, kind), done.text
        slips = [each for each in done.json()["papers"] if each["kind"] == "slip"]
        assert bool(slips) == (kind not in ("view", "bindings"))


def test_a_transfer_and_a_password_reset_take_uploaded_scans(desk: Web) -> None:
    chen = clerk(desk)
    number = a.in_service(desk.database, desk.counter)  # type: ignore[attr-defined]
    reset = {**proved(number), "new_password": "Zq8#vbNm"}
    refused = do(chen, "reset-password", reset)
    assert (refused.status_code, refused.json()["code"]) == (409, "documents-missing")
    assert do(chen, "reset-password", {**reset, "scans": [scan(chen, "owner-document")]}).status_code == 200
    new = body(a.person(2))
    scans = [scan(chen, kind) for kind in ("owner-document", "new-owner-document", "transfer-agreement")]
    asked = {**proved(number), "new_owner": new, "password": "Wd9#lkJh", "scans": scans}
    assert do(chen, "transfer", asked).json()["code"] == "bad-code"
    with desk.database.write() as tx:
        codes.put(tx, desk.counter, "transfer", new["mobile"], number, f.CLERK, desk.now)  # type: ignore[attr-defined]
    assert do(chen, "transfer", {**asked, "code": codes.CODE.get_secret_value()}).status_code == 200
    with desk.database.read() as tx:
        kept = tx.execute(select(b.kept_document.c.media_type)).scalars().all()
    assert kept == ["image/png"] * 4


def test_another_persons_scan_is_refused(small_desk: Web) -> None:
    chen, colleague = clerk(small_desk), small_desk.program("he", Role.CLERK)
    number = a.in_service(small_desk.database, small_desk.counter)  # type: ignore[attr-defined]
    asked = {**proved(number), "new_password": "Zq8#vbNm", "scans": [scan(colleague, "owner-document")]}
    for path in ("reset-password", "reset-password/check"):
        answer = do(chen, path, asked)
        assert (answer.status_code, answer.json()["code"]) == (422, "upload-gone")


def test_a_failed_order_is_found_its_customer_called_and_refunded(desk: Web) -> None:
    number = a.failed(desk.database, desk.counter)  # type: ignore[attr-defined]
    xu = desk.program("xu", Grant(Role.COMMUNITY_MANAGER, frozenset({"tianhe"})))
    (order,) = xu.get(f"{API}/accounts/failed-orders").json()["items"]
    assert (order["account"], order["mobile"]) == (number, masked_mobile(a.mobile()))
    called = do(xu, "contact", {"order": order["order"]}).json()
    assert called["result"]["mobile"] == a.mobile()
    with desk.database.read() as tx:
        assert ("unmask", "xu") in [tuple(row) for row in tx.execute(select(b.audit.c.act, b.audit.c.actor))]
    at = desk.now.replace(day=desk.now.day + 1)
    assert do(xu, "appoint", {"order": order["order"], "at": at.isoformat()}).status_code == 200
    back = do(
        xu, "refund", {"account": number, "password": a.PASSWORD, "reason": "no-way-for-cable", "invoice": "returned"}
    ).json()
    assert back["result"]["paid_back"] == "200.00"
    assert [each["kind"] for each in back["papers"]] == ["slip", "invoice"]
    assert xu.get(back["papers"][1]["url"]).content.startswith(b"%PDF")


def test_a_refusal_gives_the_words_to_read_out_and_is_on_record(desk: Web) -> None:
    chen = clerk(desk)
    number = a.in_service(desk.database, desk.counter)  # type: ignore[attr-defined]
    answer = do(chen, "close", {**proved(number, 2), "reason": "moving"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "authentication-failed")
    assert problem["read_out"]["zh"].endswith("。")
    assert problem["read_out"]["en"].startswith("Authentication failed")
    with desk.database.read() as tx:
        recorded = tx.execute(select(b.operation).order_by(b.operation.c.id.desc()).limit(1)).one()
        assert (recorded.outcome, recorded.actor) == ("refused", "chen")
        assert len(tx.execute(select(b.authentication_failure)).all()) == 1
    for _ in range(4):
        do(chen, "close", {**proved(number, 2), "reason": "moving"})
    assert do(chen, "close", {**proved(number), "reason": "moving"}).json()["code"] == "authentication-locked"


def test_a_warning_says_which_code_confirms_it(desk: Web) -> None:
    chen = clerk(desk)
    number = a.in_service(desk.database, desk.counter)  # type: ignore[attr-defined]
    desk.fault(number)
    asked = {**proved(number), "reason": "moving"}
    warned = do(chen, "close", asked).json()
    assert (warned["status"], warned["code"], warned["confirm"]) == (409, "needs-confirmation", ["open-fault"])
    assert do(chen, "close", {**asked, "confirm": warned["confirm"]}).status_code == 200


def test_the_idempotency_key_is_the_request_key(desk: Web) -> None:
    chen, key = clerk(desk), {"Idempotency-Key": "k-1"}
    a.address(desk.database)
    asked = body(a.application())
    first, again = do(chen, "open", asked, **key), do(chen, "open", asked, **key)
    assert again.json() == first.json()
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    other = do(chen, "open", {**asked, "plan": "family-500"}, **key)
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    with desk.database.read() as tx:
        assert tx.execute(select(b.operation.c.request_key)).scalars().all() == ["k-1"]
        assert len(tx.execute(select(b.account)).all()) == 1


def test_a_refusal_under_a_key_stays_a_refusal(small_desk: Web) -> None:
    chen, key = clerk(small_desk), {"Idempotency-Key": "k-1"}
    asked = body(a.application())
    assert do(chen, "open", asked, **key).json()["code"] == "unknown-address"
    a.address(small_desk.database)
    again = do(chen, "open", asked, **key)
    assert (again.status_code, again.json()["code"]) == (409, "unknown-address")
    assert again.headers["idempotency-replayed"] == "true"


def test_data_of_another_area_appear_not_to_exist(small_desk: Web) -> None:
    number = a.in_service(small_desk.database, small_desk.counter, plan="home-300")  # type: ignore[attr-defined]
    elsewhere = small_desk.program("he", Grant(Role.CLERK, frozenset({"yuexiu"})))
    codes = {
        "close": "authentication-failed",
        "suspend": "authentication-failed",
        "modify": "authentication-failed",
        "view": "no-such-customer",
    }
    more = {"close": {"reason": "moving"}, "suspend": {"reason": "customer-request"}}
    for kind, code in codes.items():
        asked = {"account": number} if kind == "view" else {**proved(number), **more.get(kind, {})}
        assert do(elsewhere, kind, asked).json()["code"] == code
    by_document = {"document_kind": "resident-id", "document_number": a.resident_id()}
    assert do(elsewhere, "view", by_document).json()["code"] == "no-such-customer"
    assert do(elsewhere, "bindings", {"account": number}).json()["result"] == {"bindings": []}
    assert elsewhere.post(f"{API}/customers/find", json={"account": number}).json() == {"items": []}
    assert elsewhere.post(f"{API}/accounts/operations", json={"account": number}).json()["code"] == "unknown-account"
    assert do(elsewhere, "open", body(a.application(2))).json()["code"] == "unknown-address"
    assert elsewhere.get(f"{API}/slips/S000000001").status_code == 404
    assert elsewhere.get(f"{API}/invoices/00000001").status_code == 404
    assert elsewhere.get(f"{API}/accounts").json()["items"] == []
    assert clerk(small_desk).get(f"{API}/slips/S000000001").status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"account": 7, "document_number": "x", "reason": "moving"},
        {"account": "GZ1", "document_number": "x", "reason": "moving", "request_key": "k"},
        {"account": "GZ1", "document_number": "x", "reason": "moving", "agent": "he"},
        {"account": "GZ1\0", "document_number": "x", "reason": "moving"},
        {"account": "GZ1", "document_number": "x", "reason": "moving", "something": 1},
    ],
)
def test_an_invalid_request_is_told_by_place_and_quotes_no_value(small_desk: Web, asked: dict[str, Any]) -> None:
    answer = do(clerk(small_desk), "close", asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert all(each["pointer"].startswith("/body") for each in answer.json()["faults"])
    with small_desk.database.read() as tx:
        assert not tx.execute(select(b.operation)).all()


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"nul", b'{"a": NaN}', b"[" * 5000, b'{"a": "\xff"}'])
def test_a_body_that_is_not_json_is_refused(small_desk: Web, raw: bytes) -> None:
    answer = clerk(small_desk).post(f"{API}/accounts/close", content=raw)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


# -- the trial ---------------------------------------------------------------------------------------


def attempt(client: TestClient, kind: str, typed: dict[str, Any]) -> Any:
    answer = do(client, f"{kind}/check", typed)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_dry_run_tells_what_is_missing_and_what_is_wrong_by_field(small_desk: Web) -> None:
    chen = clerk(small_desk)
    a.address(small_desk.database)
    empty = attempt(chen, "open", {})
    assert not empty["ready"]
    assert {"/address", "/plan", "/holder/name", "/holder/document_number"} <= set(empty["missing"])
    assert (empty["faults"], empty["refusal"]) == ([], None)
    wrong = {
        "address": "广州市天河区体育西路1号",
        "plan": "home-300",
        "holder": {"name": "张三", "document_kind": "resident-id", "document_number": "440106", "mobile": "123"},
        "password": "11111111",
        "payment": {"method": "cash", "amount": "much"},
    }
    faults = {each["pointer"]: each["code"] for each in attempt(chen, "open", wrong)["faults"]}
    assert faults == {
        "/holder/document_number": "bad-document-number",
        "/holder/mobile": "bad-mobile",
        "/password": "weak-password",
        "/payment/amount": "bad-input",
    }


def test_a_dry_run_checks_the_books_as_soon_as_it_can(small_desk: Web) -> None:
    chen = clerk(small_desk)
    a.address(small_desk.database, 1, capacity=0)
    begun = {"address": "广州市天河区体育西路1号", "plan": "home-300"}
    assert attempt(chen, "open", begun)["refusal"]["code"] == "no-resources"
    assert (
        attempt(chen, "open", {**begun, "address": "广州市天河区体育西路9号"})["refusal"]["code"] == "unknown-address"
    )


def test_a_dry_run_of_a_complete_request_says_it_is_ready(desk: Web) -> None:
    chen = clerk(desk)
    a.address(desk.database)
    assert attempt(chen, "open", body(a.application())) == {
        "ready": True,
        "missing": [],
        "faults": [],
        "warnings": [],
        "refusal": None,
    }


def test_a_dry_run_tells_every_warning_at_once(desk: Web) -> None:
    chen = clerk(desk)
    number = a.in_service(desk.database, desk.counter, plan="family-500", mobile="13900139001")  # type: ignore[attr-defined]
    desk.fault(number)
    tried = attempt(chen, "transfer", {**proved(number), "new_owner": body(a.person(2))})
    assert {each["code"] for each in tried["warnings"]} == {"open-fault", "bindings-end", "plan-voided"}
    assert "解除" in next(e["read_out"]["zh"] for e in tried["warnings"] if e["code"] == "bindings-end")


def test_a_dry_run_leaves_no_trace(desk: Web) -> None:
    chen = clerk(desk)
    number = a.in_service(desk.database, desk.counter)  # type: ignore[attr-defined]
    a.address(desk.database, 2)
    scans = [scan(chen, kind) for kind in ("owner-document", "new-owner-document", "transfer-agreement")]
    before = f.dump(desk.database)
    attempt(chen, "open", body(a.application(2)))
    attempt(chen, "close", {**proved(number), "reason": "moving"})
    attempt(
        chen, "transfer", {**proved(number), "new_owner": body(a.person(3)), "password": "Wd9#lkJh", "scans": scans}
    )
    assert f.dump(desk.database) == before


def test_nobody_can_guess_a_customers_document_or_password_by_dry_runs(desk: Web) -> None:
    """A right and a wrong proof get the same answer, and so does every fault that needs a comparison with masked
    data."""
    chen = clerk(desk)
    number = a.in_service(desk.database, desk.counter)  # type: ignore[attr-defined]
    right, wrong = proved(number), proved(number, 2)
    for kind, more in (
        ("close", {"reason": "moving"}),
        ("change-password", {"old_password": a.PASSWORD, "new_password": "Zq8#vbNm"}),
        ("bind", {"mobile": "13900139001"}),
    ):
        assert attempt(chen, kind, {**right, **more}) == attempt(chen, kind, {**wrong, **more})
    for old, new in ((a.PASSWORD, "Zq8#vbNm"), ("Yp6#mnBv", "Zq8#vbNm"), (a.PASSWORD, a.PASSWORD)):
        assert attempt(chen, "change-password", {**right, "old_password": old, "new_password": new})["ready"]
    same = attempt(chen, "modify", {**right, "name": a.person().name})
    assert same["ready"]
    assert {"another-holder", "document-taken", "name-mismatch", "nothing-changed", "same-owner"} == UNTOLD
    assert (
        attempt(chen, "close", {**proved("kd0000000099"), "reason": "moving"})["refusal"]["code"] == "no-such-customer"
    )
