"""Every route of the application, pages among them, and a request of each that is of the documented form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

from dispatch.storage.database import Database, Tx
from dispatch.web.api import health
from dispatch.web.app import PAGES, PREFIX, RESOURCES
from dispatch.web.pages.routes import Pages
from dispatch.web.policy import POLICIES, Policy
from dispatch.web.routes import Api


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path. `path` has the prefix of the API, and places for parameters."""

    method: str
    path: str
    operation_id: str
    operation: str

    @property
    def policy(self) -> Policy:
        return POLICIES[self.operation]

    @property
    def is_page(self) -> bool:
        return self.operation_id.startswith("page-")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _all() -> Iterator[Route]:
    apis: list[tuple[str, Api | Pages]] = [
        *((PREFIX, api) for api in RESOURCES),
        *(("", pages) for pages in PAGES),
        ("", health.api),
    ]
    for prefix, api in apis:
        for route in api.router.routes:
            known: Any = route
            for method in sorted(known.methods):
                yield Route(method, prefix + known.path_format, known.operation_id, known.openapi_extra["x-policy"])


ROUTES = tuple(_all())

PROVED = {"account": "GZ1", "document_number": "x"}
BODIES: dict[str, dict[str, Any]] = {
    "session-open-session": {"name": "nobody", "password": "x"},
    "session-change-password": {"old": "x", "new": "x"},
    "surveys-answer-survey": {"fixed": True, "grade": 5},
    "tokens-make-token": {"title": "x"},
    "users-add-user": {"name": "new"},
    "users-set-roles": {"roles": []},
    "faults-follow-script": {"symptom": "no-internet"},
    "faults-see-warnings": {"account": "GZ1"},
    "faults-submit": {"account": "GZ1", "symptom": "slow", "description": "慢", "despite_duplicate": True},
    "tickets-refer": {"reason": "x"},
    "referrals-refer-caller": {"caller": "02012345678", "what": "x", "whose": "telecom", "told": "x"},
    "tickets-take-over": {"answers": []},
    "tickets-urge": {"reason": "x"},
    "tickets-withdraw": {"reason": "x"},
    "complaints-take-complaint": {"account": "GZ1", "kind": "attitude", "text": "x", "again": True},
    "compensations-compensate": {"basis": "goodwill", "amount": "1", "reason": "x"},
    "complaints-note-call": {"reached": True},
    "tickets-answer-by-phone": {"answer": "satisfied"},
    "hops-claim-many": {"claims": [{"hop": "F00000001"}]},
    "hops-report-many": {"reports": [{"hop": "F00000001", "finding": "fixed"}]},
    "hops-report": {"finding": "fixed", "evidence": {"cause": "fibre"}},
    "hops-override": {"finding": "fixed", "evidence": {"cause": "fibre"}, "override": "测试仪在检修，已核实"},
    "hops-pass-on": {"to": "noc", "reason": "x"},
    "hops-hand-back": {"reason": "x"},
    "hops-give-back": {},
    "billing-tell-billing-event": {"event": "arrears", "account": 1, "seq": 1, "fen": 1},
    "visits-agree-on-visit": {"day": "2026-03-02", "part": "morning"},
    "visits-set-out": {"phone": "13800138000"},
    "hops-hold": {"until": "2026-03-02T09:00:00Z", "reason": "x"},
    "crew-add-to-crew": {"team": "noc", "area": "tianhe", "person": "x"},
    "rules-try-facts": {"flow": "fault"},
    "customers-find-customer": {"account": "GZ1"},
    "operations-open": {
        "address": "x",
        "holder": {"name": "x", "document_kind": "passport", "document_number": "x", "mobile": "x"},
        "plan": "x",
        "password": "x",
    },
    "operations-register-demand": {"address": "x", "name": "x", "mobile": "x", "speed": 300, "consent": True},
    "operations-transfer": {
        **PROVED,
        "new_owner": {"name": "x", "document_kind": "passport", "document_number": "x", "mobile": "x"},
        "password": "x",
    },
    "operations-close": {**PROVED, "reason": "moving"},
    "operations-suspend": {**PROVED, "reason": "customer-request"},
    "operations-resume": {**PROVED, "reason": "customer-request"},
    "operations-change-password": {**PROVED, "old_password": "x", "new_password": "x"},
    "operations-reset-password": {**PROVED, "new_password": "x"},
    "operations-view": {"account": "GZ1"},
    "operations-modify": PROVED,
    "operations-bind": {**PROVED, "mobile": "x"},
    "operations-unbind": {**PROVED, "mobile": "x"},
    "operations-bindings": {"account": "GZ1"},
    "operations-contact": {"order": "C00000001"},
    "operations-appoint": {"order": "C00000001", "at": "2026-03-02T09:00:00Z"},
    "operations-refund": {"account": "GZ1", "password": "x", "reason": "no-way-for-cable"},
    "operations-rename": {**PROVED, "new_account": "x"},
    "operations-change-plan": {**PROVED, "plan": "x"},
    "operations-send-code": {"purpose": "suspend", "mobile": "x"},
    "operations-move": {**PROVED, "address": "x", "day": "2026-03-02", "part": "morning"},
    "operations-list-operations": {"account": "GZ1"},
    "accounts-add-account": {"account": "GZ9", "area": "tianhe", "mobile": "13800138000"},
    "addresses-search-addresses": {"text": "x"},
    "search-find-anything": {"text": "x"},
    "approvals-ask-for-approval": {
        "act": "cash-refund",
        "subject": "account/1",
        "area": "tianhe",
        "reason": "客户坚持要现金，金额较大",
    },
    "signatures-sign-slip": {"who": "holder", "slip_sha256": "0" * 64, "paper": True},
    "demands-export-in-clear": {"reason": "x"},
    "demands-see-contact": {"reason": "x"},
    "operations-devices": {"account": "GZ1"},
    "operations-return-device": {**PROVED, "serial": "x"},
    "operations-settle-preview": PROVED,
    "operations-lose-device": {**PROVED, "serial": "x"},
    "devices-hand-out-devices": {"serials": ["ZTEG00000001"], "person": "x"},
    "devices-take-devices-in": {"serials": ["ZTEG00000001"]},
    "devices-report-devices-lost": {"serials": ["ZTEG00000001"], "reason": "x"},
    "devices-scrap-devices": {"serials": ["ZTEG00000001"], "reason": "x"},
}
"""The body or parameters that a request of each operation needs."""
FILES = {"uploads-add-photo": b"\xff\xd8\xff" + bytes(20), "uploads-add-scan": b"%PDF-1.7" + bytes(20)}
PATHS = {
    "ticket": "F00000001",
    "hop": "F00000001-1",
    "team": "noc",
    "token": "x",
    "token_id": "1",
    "session_id": "0" * 16,
    "name": "other",
    "version": "0" * 12,
    "photo": "1",
    "serial": "S1",
    "number": "1",
    "effect": "1",
    "demand": "1",
    "approval": "1",
    "device": "ZTEG00000001",
}
QUERIES = {
    "crew-remove-from-crew": "?team=noc&area=tianhe&person=x",
}


@contextmanager
def nothing_written(database: Database) -> Iterator[Tx]:
    """A stand-in for `write` that rolls everything back."""
    with database.engine.connect() as tx:
        whole = tx.begin()
        yield tx
        whole.rollback()


def ask(client: TestClient, route: Route, **headers: str) -> Any:
    """Return the answer to a request of the documented form; fail when it isn't, or when the server fails."""
    url = route.path.format(**PATHS) + QUERIES.get(route.operation_id, "")
    sent: dict[str, Any] = {"headers": headers, "follow_redirects": False}
    if route.operation_id in FILES:
        sent["content"] = FILES[route.operation_id]
    elif route.method != "GET":
        sent["json"] = BODIES.get(route.operation_id, {})
    answer = client.request(route.method, url, **sent)
    assert answer.status_code < 500, f"{route}: {answer.text}"
    assert code_of(answer) != "invalid-request", f"{route}: say in BODIES what it needs: {answer.text}"
    return answer


def code_of(answer: Any) -> str | None:
    """Return the code of a problem, or None where the answer is none."""
    if answer.headers.get("content-type") != "application/problem+json":
        return None
    return str(answer.json()["code"])
