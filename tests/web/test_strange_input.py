"""Names, keys and texts that people send and programs stumble over."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest

from dispatch.domain.roles import Role
from tests import factories as f
from tests.users import PASSWORD, user
from tests.web.conftest import API, Web


@pytest.mark.parametrize("name", ["张伟", "Zoë"])
def test_a_user_of_any_name_is_found_at_the_location_of_the_answer(small_web: Web, name: str) -> None:
    admin = small_web.program("root", Role.ADMINISTRATOR)
    made = admin.post(f"{API}/users", json={"name": name})
    assert made.status_code == 201, made.text
    assert made.headers["location"].isascii()
    assert unquote(made.headers["location"]) == f"{API}/users/{made.json()['user']['name']}"
    assert admin.get(made.headers["location"]).json()["name"] == made.json()["user"]["name"]


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        ("faults", '{"account": "GZ1", "symptom": "slow", "description": "a", "description": "b"}', "description"),
        ("users", '{"name": "x", "roles": [{"role": "clerk", "role": "noc"}]}', "role"),
        ("accounts/view", '{"account": "GZ1", "account": "GZ2"}', "account"),
    ],
)
def test_json_with_a_key_twice_is_refused_with_the_keys_name(small_web: Web, path: str, body: str, key: str) -> None:
    everybody = small_web.program("x", Role.CLERK, Role.ADMINISTRATOR)
    answer = everybody.post(f"{API}/{path}", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer.json()["detail"] == f"The key {key} stands twice in the JSON."


@pytest.mark.parametrize("text", ["\u200b\u200b", "\u2060 \ufeff", "\u3164", "\u2800", "好了\u202e", "\u2066x\u2069"])
def test_a_text_that_nobody_sees_or_that_turns_the_writing_is_refused(small_web: Web, text: str) -> None:
    f.account(small_web.database)
    clerk = small_web.program("chen", Role.CLERK)
    fault = {"account": "GZ1", "symptom": "slow", "description": text}
    answer = clerk.post(f"{API}/faults", json=fault)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-input"), answer.text
    assert clerk.post(f"{API}/faults", json={**fault, "description": "👨‍👩‍👧 慢"}).status_code == 201


UNSEEN = ["\u200b", " \u2060\ufeff", "\u3164", "\u115f\u1160", "\u2800", "\u202eok", "x\u2069"]
"""Zero width, a byte order mark, Hangul fillers, a blank Braille pattern, marks of direction."""


@pytest.mark.parametrize("text", UNSEEN)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("users", {"name": "?"}),
        ("users", {"name": "wang", "roles": [{"role": "clerk", "areas": ["?"]}]}),
        ("tokens", {"title": "?", "password": PASSWORD}),
        ("crew", {"team": "noc", "area": "?", "person": "chen"}),
        ("crew", {"team": "noc", "area": "tianhe", "person": "?"}),
        ("hops/F00000001-1/claim", {"on_behalf_of": "?"}),
        ("hops/F00000001-1/report", {"finding": "outside-plant", "evidence": {"test-result": "?"}}),
        ("tickets/F00000001/refer", {"reason": "?"}),
        ("tickets/F00000001/withdraw", {"reason": "?"}),
        ("tickets/F00000001/urge", {"reason": "?"}),
        ("tickets/F00000001/take-over", {"answers": [], "note": "?"}),
    ],
)
def test_a_name_or_note_that_nobody_sees_is_refused_in_every_field(
    small_web: Web, path: str, body: dict[str, Any], text: str
) -> None:
    everything = [each for each in Role if each not in (Role.CUSTOMER, Role.WORKER)]
    user(small_web.database, "everything", *everything)
    everybody = small_web.browser("everything")
    small_web.on_board()
    if path.endswith("report"):
        assert everybody.post(f"{API}/hops/F00000001-1/claim", json={}).status_code == 200
    answer = everybody.post(f"{API}/{path}", json=json.loads(json.dumps(body).replace("?", text)))
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in ("invalid-request", "bad-input", "bad-evidence"), answer.text
    assert "unexpected" not in answer.text


@pytest.mark.parametrize("text", UNSEEN)
def test_an_outlet_that_nobody_sees_is_not_written_on_slips(small_web: Web, text: str) -> None:
    clerk = small_web.program("chen", Role.CLERK)
    answer = clerk.post(f"{API}/accounts/close", params={"outlet": text}, json={})
    assert "/query/outlet" in [each["pointer"] for each in answer.json()["faults"]]
