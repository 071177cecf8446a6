"""The API and the page of transferred calls: 10086 sees the note, takes the next, and calls back who hung up."""

from __future__ import annotations

from datetime import timedelta

from dispatch.domain.roles import Role
from tests import factories as f
from tests.web.conftest import API, Web


def test_a_call_is_transferred_answered_hung_up_and_called_back(small_web: Web) -> None:
    f.account(small_web.database)
    hotline, seat = small_web.program("zhao", Role.AGENT_10050), small_web.browser("li", Role.AGENT_10086)
    report = {"account": "GZ1", "symptom": "no-internet", "description": "断网"}
    ticket = hotline.post(f"{API}/faults", json=report).json()["ticket"]
    hotline.post(f"{API}/tickets/{ticket}/transfer", json={"note": "已重启光猫"})
    (call,) = seat.get(f"{API}/transfers").json()["on_line"]
    assert (call["ticket"], call["note"], call["taken_by"]) == (ticket, "已重启光猫", None)
    assert "border-danger" not in seat.get("/transfers").text
    small_web.now += timedelta(seconds=60)
    assert "border-danger" in seat.get("/transfers").text
    assert seat.get("/transfers/mine", follow_redirects=False).headers["Location"] == "/transfers"
    assert "1<span" in seat.get("/transfers/waiting").text
    assert seat.post(f"{API}/transfers/next").json() == {"ticket": ticket}
    assert seat.get("/transfers/mine", follow_redirects=False).headers["Location"] == f"/tickets/{ticket}/take-over"
    page = seat.get(f"/tickets/{ticket}/take-over").text
    assert "已重启光猫" in page
    assert f'data-keep-call="/api/v1/transfers/{ticket}/keep"' in page
    assert "<span" not in seat.get("/transfers/waiting").text
    small_web.now += timedelta(seconds=170)
    assert seat.post(f"{API}/transfers/{ticket}/keep").json() == {"ticket": ticket}
    small_web.now += timedelta(seconds=170)
    assert "13800138000" not in page
    other = small_web.program("wang", Role.AGENT_10086)
    refused = other.post(f"{API}/tickets/{ticket}/take-over", json={"answers": []})
    assert (refused.status_code, refused.json()["code"]) == (409, "call-taken")
    assert seat.post(f"{API}/transfers/{ticket}/hang-up").json() == {"ticket": ticket}
    assert seat.post(f"{API}/transfers/next").json() == {"ticket": None}
    (call,) = seat.get(f"{API}/transfers").json()["to_call_back"]
    assert call["mobile"] == "138****8000"
    assert other.post(f"{API}/transfers/{ticket}/take").json() == {"ticket": ticket}
    assert "13800138000" in seat.get(f"/tickets/{ticket}/take-over").text
