"""受理 over the API: the script step by step, the warnings before a report, and its outcomes."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from dispatch.domain.roles import Grant, Role
from dispatch.domain.suspension import SuspensionKind
from dispatch.web.installation import _ScriptInForce
from tests import factories as f
from tests.web.conftest import API, Web

YUEXIU = frozenset({"yuexiu"})


def answers(given: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"question": question, "answer": answer} for question, answer in given]


def submit(client: TestClient, **body: Any) -> Any:
    return client.post(
        f"{API}/faults", json={"account": "GZ1", "symptom": "no-internet", "description": "断网", **body}
    )


def test_an_agent_is_led_through_the_script_to_a_ticket(web: Web) -> None:
    f.account(web.database)
    agent = web.program("he", Role.AGENT_10086)
    assert "no-internet" in [each["name"] for each in agent.get(f"{API}/faults/symptoms").json()["items"]]
    given: list[dict[str, str]] = []
    for _, answer in f.NOT_SOLVED:
        step = agent.post(f"{API}/faults/prehandling", json={"symptom": "no-internet", "answers": given}).json()
        assert answer in [each["name"] for each in step["next"]["answers"]]
        assert (step["outcome"], len(step["steps"])) == (None, len(given))
        given.append({"question": step["next"]["name"], "answer": answer})
    ended = agent.post(f"{API}/faults/prehandling", json={"symptom": "no-internet", "answers": given}).json()
    assert (ended["next"], ended["outcome"]) == (None, "ticket")
    made = submit(agent, answers=given)
    assert (made.status_code, made.json()["state"]) == (201, "open")
    ticket = agent.get(made.headers["location"]).json()["ticket"]
    assert (ticket["number"], ticket["channel"], ticket["account"]) == (made.json()["ticket"], "hotline-10086", "GZ1")
    assert ticket["answers"] == [list(pair) for pair in f.NOT_SOLVED]


def test_a_fault_solved_on_the_phone_makes_no_work(web: Web) -> None:
    f.account(web.database)
    made = submit(web.program("he", Role.AGENT_10086), answers=answers(f.SOLVED))
    assert made.json()["state"] == "solved"


def test_the_hotline_transfers_and_a_seat_takes_over_or_the_hotline_refers(web: Web) -> None:
    for number in ("GZ1", "GZ2"):
        f.account(web.database, number)
    hotline, seat = web.program("lin", Role.AGENT_10050), web.program("he", Role.AGENT_10086)
    ticket = submit(hotline).json()["ticket"]
    assert hotline.get(f"{API}/tickets/{ticket}").json()["may"] == ["transfer", "refer"]
    assert hotline.post(f"{API}/tickets/{ticket}/transfer", json={"note": "老人"}).json()["state"] == "transferred"
    assert seat.get(f"{API}/tickets/{ticket}").json()["may"] == ["refer", "take over", "urge", "withdraw"]
    taken = seat.post(f"{API}/tickets/{ticket}/take-over", json={"answers": answers(f.NOT_SOLVED)})
    assert taken.json() == {"ticket": ticket, "state": "open", "renamed": None}
    other = submit(hotline, account="GZ2").json()["ticket"]
    assert hotline.post(f"{API}/tickets/{other}/refer", json={"reason": "固话"}).json()["state"] == "referred"
    again = hotline.post(f"{API}/tickets/{other}/refer", json={"reason": "固话"})
    assert (again.status_code, again.json()["code"]) == (409, "illegal-move")


def test_a_second_fault_of_a_line_brings_a_warning_is_refused_and_accepted_if_confirmed(web: Web) -> None:
    f.account(web.database)
    clerk = web.program("chen", Role.CLERK)
    assert clerk.post(f"{API}/faults/warnings", json={"account": "GZ1"}).json() == {
        "account": "GZ1",
        "state": "in-service",
        "open": None,
        "earlier": [],
        "renamed": None,
        "stopped": None,
    }
    first = submit(clerk).json()["ticket"]
    warned = clerk.post(f"{API}/faults/warnings", json={"account": "GZ1"}).json()
    assert (warned["open"], [each["ticket"] for each in warned["earlier"]]) == (first, [first])
    refused = submit(clerk)
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate-fault")
    assert first in refused.json()["detail"]
    assert submit(clerk, despite_duplicate=True).status_code == 201


def test_a_warning_says_what_a_line_is_suspended_for_and_what_lifts_it(web: Web) -> None:
    f.account(web.database)
    f.suspended(web.database, SuspensionKind.LOST)
    warned = web.program("li", Role.AGENT_10086).post(f"{API}/faults/warnings", json={"account": "GZ1"}).json()
    assert warned["stopped"]["zh"] == "账号GZ1已停机（挂失），须机主本人持证件办理并设新密码方可开机。"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"account": "GZ9"}, 422, "unknown-account"),
        ({"account": "广州1"}, 422, "unknown-account"),
        ({"account": "GZ\0001"}, 422, "invalid-request"),
        ({"symptom": "haunted"}, 422, "unknown-symptom"),
        ({"description": " "}, 422, "bad-input"),
        ({"description": "a\0b"}, 422, "invalid-request"),
        ({"description": "x" * 2001}, 422, "invalid-request"),
        ({"priority": 5}, 422, "invalid-request"),
        ({"priority": "3"}, 422, "invalid-request"),
        ({"category": "weather"}, 422, "bad-input"),
        ({"answers": [{"question": "lights", "answer": "dark"}]}, 422, "bad-answer"),
        ({"answers": answers(f.NOT_SOLVED[:1])}, 422, "bad-input"),
        ({"despite_duplicate": "yes"}, 422, "invalid-request"),
        ({"ticket": "F00000001"}, 422, "invalid-request"),
    ],
)
def test_an_impossible_report_is_refused_with_its_code(
    small_web: Web, body: dict[str, Any], status: int, code: str
) -> None:
    f.account(small_web.database)
    answer = submit(small_web.program("chen", Role.CLERK), **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_line_of_another_area_is_as_unknown_as_a_nonexistent_one(web: Web) -> None:
    f.account(web.database)
    far = web.program("far", Grant(Role.CLERK, YUEXIU))
    for number in ("GZ1", "GZ9"):
        answers_given = (submit(far, account=number), far.post(f"{API}/faults/warnings", json={"account": number}))
        assert [each.json()["code"] for each in answers_given] == ["unknown-account"] * 2
        assert [each.json()["detail"].replace(number, "N") for each in answers_given] == [
            submit(far, account="GZ8").json()["detail"].replace("GZ8", "N")
        ] * 2


def test_the_channel_follows_from_the_role_of_the_actor(web: Web) -> None:
    for number in ("GZ1", "GZ2"):
        f.account(web.database, number)
    both = web.program("both", Role.CLERK, Role.COMMUNITY_MANAGER)
    made = {
        role: both.post(
            f"{API}/faults",
            json={"account": number, "symptom": "slow", "description": "慢"},
            headers={"Acting-Role": role},
        )
        for role, number in (("clerk", "GZ1"), ("community-manager", "GZ2"))
    }
    channels = [both.get(each.headers["location"]).json()["ticket"]["channel"] for each in made.values()]
    assert channels == ["counter", "community-manager"]
    not_held = both.get(f"{API}/figures", headers={"Acting-Role": "supervisor"})
    assert (not_held.status_code, not_held.json()["code"]) == (403, "not-allowed")
    assert "user both may not act as supervisor here" in not_held.json()["detail"]
    assert both.get(f"{API}/teams", headers={"Acting-Role": "king"}).json()["code"] == "invalid-request"


def test_the_script_in_force_outlives_a_bad_file(small_web: Web, tmp_path: Any) -> None:
    file = tmp_path / "prehandling.yaml"
    file.write_text(small_web.installation.settings.prehandling.read_text(encoding="utf-8"), encoding="utf-8")
    script = _ScriptInForce(file)
    good = script.get(small_web.rulebook)
    file.write_text("version: 1\nnonsense: true\n", encoding="utf-8")
    assert script.get(small_web.rulebook) is good
    file.unlink()
    assert script.get(small_web.rulebook) is good


def test_a_question_comes_with_the_answer_of_the_books_and_another_answer_needs_a_note(web: Web) -> None:
    f.account(web.database)
    f.suspended(web.database, SuspensionKind.LOST)
    seat = web.program("li", Role.AGENT_10086)
    asked = {"symptom": "no-internet", "account": "GZ1"}
    first = seat.post(f"{API}/faults/prehandling", json=asked).json()["next"]
    assert (first["booked"]["answer"], first["booked"]["title"]["zh"]) == ("suspended-by-request", "挂失")
    said = [{"question": "account-state", "answer": "suspended-otherwise"}]
    (step,) = seat.post(f"{API}/faults/prehandling", json={**asked, "answers": said}).json()["steps"]
    assert step["booked"]["answer"] == "suspended-by-request"
    report = {"account": "GZ1", "symptom": "no-internet", "description": "断网", "answers": said}
    refused = seat.post(f"{API}/faults", json=report)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad-input")
    made = seat.post(f"{API}/faults", json={**report, "notes": {"account-state": "客户出示公安文书"}}).json()
    (entry,) = seat.get(f"{API}/tickets/{made['ticket']}").json()["history"]
    assert entry["detail"]["overruled"] == {"account-state": "客户出示公安文书"}


def test_without_an_account_nothing_is_looked_up(web: Web) -> None:
    seat = web.program("li", Role.AGENT_10086)
    asked = {"symptom": "no-internet"}
    assert seat.post(f"{API}/faults/prehandling", json=asked).json()["next"]["booked"] is None
    assert seat.post(f"{API}/faults/prehandling", json={**asked, "account": "GZ9"}).json()["next"]["booked"] is None
