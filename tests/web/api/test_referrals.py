"""The API of callers who aren't ours: a hotline records them, supervisors read them."""

from __future__ import annotations

from dispatch.domain.roles import Role
from tests.web.conftest import API, Web

CALL = {"caller": "020-8123 4567", "what": "电信宽带断网", "whose": "telecom", "told": "请拨打10000"}


def test_10050_refers_a_caller_and_a_supervisor_reads_of_it_and_sees_it_counted(small_web: Web) -> None:
    agent, supervisor = small_web.program("zhao", Role.AGENT_10050), small_web.program("gao", Role.SUPERVISOR)
    made = agent.post(f"{API}/referrals", json=CALL)
    assert made.status_code == 201
    assert agent.post(f"{API}/referrals", json={**CALL, "whose": "unicom"}).status_code == 201
    page = supervisor.get(f"{API}/referrals?limit=1").json()
    assert [(each["whose"], each["caller"]) for each in page["items"]] == [("unicom", "02081234567")]
    last = supervisor.get(f"{API}/referrals?cursor={page['next']}").json()
    assert [each["referral"] for each in last["items"]] == [made.json()["referral"]]
    assert supervisor.get(f"{API}/figures").json()["referrals"] == {"telecom": 1, "unicom": 1}
    assert supervisor.post(f"{API}/referrals", json=CALL).status_code == 403
