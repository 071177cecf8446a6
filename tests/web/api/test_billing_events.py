"""The billing system sends its events: signed, each once, and nothing that isn't signed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from dispatch.domain.roles import Role
from dispatch.domain.signed_message import read_key, sign
from dispatch.settings import Settings
from tests import factories as f
from tests.accounts import factories as c
from tests.web.conftest import API, Web

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATH = f"{API}/billing/events"


@pytest.fixture
def billing(small_web: Web) -> Web:
    f.account(small_web.database)
    small_web.installation.settings = Settings(billing_event_key=SecretStr(KEY))
    return small_web


def told(web: Web, event_id: str = "1-1", key: str = KEY, age: int = 0, **changes: Any) -> Any:
    """Send an event as billing does."""
    account = c.line(web.database, "GZ1").id
    event = {"event": "arrears", "account": account, "seq": 1, "fen": 136_20, "reference": "B202610", **changes}
    body, at = json.dumps(event).encode(), web.now - timedelta(seconds=age)
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": sign(read_key(key), event_id, at, body),
        "content-type": "application/json",
    }
    return web.client().post(PATH, content=body, headers=headers)


def state(web: Web) -> str:
    return c.line(web.database, "GZ1").state


def test_arrears_and_cleared_come_in_signed_and_each_acts_once(billing: Web) -> None:
    answers = [told(billing).json() for _ in range(2)]
    assert [each["outcome"] for each in answers] == ["suspended", "suspended"]
    assert answers[0]["title"] == {"zh": "已停机", "en": "Suspended for arrears"}
    assert state(billing) == "suspended"
    assert told(billing, "1-2", event="cleared", seq=2).json()["outcome"] == "resumed"
    assert told(billing, "1-0", seq=1, fen=1).json()["outcome"] == "older"
    assert state(billing) == "in-service"


def test_what_is_not_signed_or_signed_otherwise_is_refused(billing: Web) -> None:
    other = "whsec_" + "QUFB" * 10
    refused = [
        told(billing, key=other),
        told(billing, age=301),
        told(billing, event_id="a b"),
        billing.client().post(PATH, json={}),
        billing.program("ops", Role.OPS).post(PATH, json={}),
    ]
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(401, "signature-wrong")] * 5
    assert state(billing) == "in-service"


def test_without_a_key_nothing_is_taken(small_web: Web) -> None:
    f.account(small_web.database)
    answer = told(small_web)
    assert (answer.status_code, answer.json()["code"]) == (401, "signature-wrong")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"account": 999_999}, 404, "not-found"),
        ({"event": "paid"}, 422, "invalid-request"),
        ({"fen": -1}, 422, "invalid-request"),
        ({"seq": "1"}, 422, "invalid-request"),
        ({"extra": 1}, 422, "invalid-request"),
        ({"reference": "\x00"}, 422, "bad-input"),
    ],
)
def test_an_event_that_cannot_be_read_is_refused_and_nothing_is_kept(
    billing: Web, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = told(billing, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert told(billing).json()["outcome"] == "suspended"


def test_another_event_of_the_same_id_is_refused(billing: Web) -> None:
    told(billing)
    answer = told(billing, fen=1)
    assert (answer.status_code, answer.json()["code"]) == (422, "key-reused")
