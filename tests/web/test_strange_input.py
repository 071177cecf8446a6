"""Names, keys and texts that people send and programs stumble over."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from dispatch.domain.roles import Role
from tests import factories as f
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
