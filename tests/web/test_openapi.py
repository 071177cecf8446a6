"""The API keeps to its description: generated requests get only documented answers, and never a 5xx."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from dispatch.domain.roles import HELD_BY_PEOPLE
from tests import factories as f
from tests.web.conftest import Web

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
EXAMPLES = {GenerationMode.POSITIVE: 5, GenerationMode.NEGATIVE: 3}
"""The number of requests per operation of the documented form, and of other forms."""
SEEN = {GenerationMode.POSITIVE: {200, 201, 404, 409, 422}, GenerationMode.NEGATIVE: {409, 422}}
"""Answers that must occur among those received, so that the test gets past authentication."""
WORDS = {
    "account": "GZ3",
    "symptom": "slow",
    "answers": [],
    "finding": "fixed",
    "evidence": {"cause": "fibre"},
    "to": "noc",
    "name": "new.user",
    "roles": [],
    "until": f"{f.NOW:%Y-%m-%d}T09:00:00Z",
    "flow": "fault",
    "known": {},
}
"""The placeholders for existing things in requests."""
LEAVES_ALONE = {
    "session-close-session",
    "users-disable-user",
    "users-set-roles",
    "users-reset-password",
    "tokens-revoke-token",
}
"""Operations that would remove the caller's own rights; they have tests of their own."""


def operations(application: Any) -> list[Any]:
    schema = schemathesis.openapi.from_asgi("/openapi.json", application)
    found = []
    for each in schema.get_all_operations():
        assert isinstance(each, Ok), each
        found.append(each.ok())
    assert len(found) > 50
    return [each for each in found if each.definition.raw["operationId"] not in LEAVES_ALONE]


@pytest.fixture
def known(small_web: Web) -> dict[str, str]:
    """Make existing things for the paths' parameters; any role may be acted in."""
    ticket = small_web.on_board()
    done = small_web.fault("GZ2")
    f.account(small_web.database, "GZ3")
    token = f.token(small_web.database, f.archived(small_web.database, small_web.rulebook, done.ticket_id))
    return {
        "ticket": ticket,
        "hop": f"{ticket}-1",
        "team": "noc",
        "token": token,
        "version": small_web.rulebook.version,
    }


@pytest.mark.parametrize("mode", EXAMPLES)
def test_every_request_is_answered_as_documented(
    application: Any, small_web: Web, known: dict[str, str], mode: GenerationMode
) -> None:
    """Half of the requests name an existing thing."""
    someone = small_web.program("everything", *HELD_BY_PEOPLE)
    headers, statuses = {"Authorization": someone.headers["authorization"]}, set()
    for operation in operations(application):

        @settings(
            max_examples=EXAMPLES[mode],
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), there=st.booleans())
        def asked(case: Any, there: bool) -> None:
            if there and case.path_parameters:
                case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
            if there and isinstance(case.body, dict) and mode is GenerationMode.POSITIVE:
                case.body.update({name: WORDS[name] for name in case.body if name in WORDS})
            case.headers = {**(case.headers or {}), **headers}
            statuses.add(case.call_and_validate(checks=CHECKS).status_code)

        try:
            asked()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE  # no wrong form exists
    assert statuses >= SEEN[mode]


def test_operations_for_users_are_refused_to_strangers_whatever_they_send(application: Any, small_web: Web) -> None:
    for operation in operations(application):
        if not operation.definition.raw["security"]:
            continue

        @settings(max_examples=1, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
        @given(case=operation.as_strategy())
        def asked(case: Any) -> None:
            case.headers = {name: value for name, value in (case.headers or {}).items() if name != "Authorization"}
            case.cookies = {}
            assert case.call().status_code in (401, 422)

        asked()
