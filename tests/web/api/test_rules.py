"""The rules over the API: present and earlier texts, the drawing, trial decisions, and the figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispatch.domain.roles import Grant, Role
from dispatch.domain.title import Wording
from dispatch.errors import BadRules
from dispatch.tickets import timers
from tests import factories as f
from tests.web.conftest import API, Web


def decided(web: Web, **case: Any) -> Any:
    return web.client(Authorization=f"Bearer {web.token('zhao')}").post(
        f"{API}/rules/try", json={"flow": "fault", **case}
    )


@pytest.fixture
def noc(small_web: Web) -> Any:
    return small_web.program("zhao", Role.NOC)


def test_the_rules_in_force_are_shown_to_everybody_and_a_refused_file_to_its_maintainers(
    small_web: Web, noc: Any
) -> None:
    told = noc.get(f"{API}/rules").json()
    assert (told["version"], told["text"]) == (small_web.rulebook.version, small_web.rulebook.text)
    assert (told["flows"], told["refused"]) == (["fault", "construction", "move", "complaint"], None)
    ops = small_web.program("o", Role.OPS)
    assert ops.get(f"{API}/rules").json()["refused"] == []
    nonsense = Wording("x.yaml:1:1: 不知所云", "x.yaml:1:1: nonsense")
    small_web.installation.rules.refused = BadRules(file="x.yaml", faults=[nonsense])
    assert ops.get(f"{API}/rules").json()["refused"] == ["x.yaml:1:1: nonsense"]
    assert noc.get(f"{API}/rules").json()["refused"] is None
    old = noc.get(f"{API}/rules/{told['version']}").json()
    assert old["text"] == told["text"]
    assert noc.get(f"{API}/rules/{'0' * 12}").status_code == 404


def test_the_rules_are_drawn(noc: Any) -> None:
    drawn = noc.get(f"{API}/rules/drawing?flow=construction")
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")
    assert drawn.text.startswith("<svg")
    assert noc.get(f"{API}/rules/drawing?flow=haunted").status_code == 404


def test_facts_are_tried_without_any_effect(small_web: Web, noc: Any) -> None:
    before = f.dump(small_web.database)
    start = decided(small_web, known={"category": "system"}).json()
    assert (start["to"], start["rule"]) == ("system-support", "flows.fault.start.system")
    inside = decided(small_web, team="noc", finding="inside-plant", known={"segment": "routing"}).json()
    assert (inside["to"], inside["looked_at"][0]["missed"]) == ("data-network", [])
    back = decided(small_web, team="transmission", finding="fixed", sender="installer").json()
    assert (back["to"], back["returns"]) == ("installer", True)
    limit = decided(small_web, team="noc", finding="outside-plant", hops=40).json()
    assert (limit["to"], limit["rule"]) == ("supervisor", "limits.hops")
    after = f.dump(small_web.database)
    del before["api_token"], after["api_token"], before["audit"], after["audit"]
    assert before == after


@pytest.mark.parametrize(
    ("case", "status", "code"),
    [
        ({"flow": "haunted"}, 404, "not-found"),
        ({"team": "noc"}, 422, "bad-input"),
        ({"finding": "fixed"}, 422, "bad-input"),
        ({"team": "noc", "finding": "satisfied"}, 404, "not-found"),
        ({"team": "haunted", "finding": "fixed"}, 404, "not-found"),
        ({"team": "transmission", "finding": "fixed"}, 422, "bad-input"),
        ({"team": "transmission", "finding": "fixed", "sender": "haunted"}, 404, "not-found"),
        ({"known": {"category": ["system"]}}, 422, "invalid-request"),
        ({"hops": -1}, 422, "invalid-request"),
    ],
)
def test_an_impossible_case_is_refused(small_web: Web, noc: Any, case: dict[str, Any], status: int, code: str) -> None:
    answer = decided(small_web, **case)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_figures_count_open_cases_and_arrivals_and_ends_by_the_hour(web: Web) -> None:
    web.fault("GZ1")
    f.account(web.database, "GZ2", "yuexiu")
    done = web.fault("GZ2", now=web.now - timedelta(hours=2))
    token = f.token(web.database, f.archived(web.database, web.rulebook, done.ticket_id))
    web.client().post(f"{API}/surveys/{token}", json={"fixed": True, "grade": 5})
    with web.database.write() as tx:
        timers.fire_due_timers(tx, web.rulebook, web.now + timedelta(minutes=1), 99)  # it may be taken back until then
    told = web.program("gao", Role.SUPERVISOR).get(f"{API}/figures").json()
    assert (told["open"], told["arrived"], told["closed"], told["answers"]) == (1, 2, 1, {"satisfied": 1})
    assert [(each["arrived"], each["closed"]) for each in told["hours"][-3:]] == [(1, 0), (0, 0), (1, 1)]
    assert (told["hours"][-1]["hour"], len(told["hours"])) == ("2026-03-02T08:00:00Z", 25)
    assert told["backlog"]["noc"]["hops"] == 1
    far = web.program("far", Grant(Role.SUPERVISOR, frozenset({"yuexiu"}))).get(f"{API}/figures?hours=1").json()
    assert (far["open"], far["arrived"], far["closed"], far["backlog"]) == (0, 0, 1, {})
    assert web.program("zhao", Role.NOC).get(f"{API}/figures").status_code == 403
