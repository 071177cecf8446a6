"""The hotlines at the terminal; no process runs meanwhile."""

from __future__ import annotations

from tests.acceptance.conftest import Home

AGENT_10050 = ("--as", "zhao", "--role", "agent-10050")


def test_a_caller_who_is_not_ours_is_referred_and_listed(home: Home) -> None:
    home.done("migrate")
    home.done("effects")
    call = ("--caller", "020-8123 4567", "--what", "电信宽带断网", "--told", "请拨打10000")
    assert "China Telecom" in home.done("referral", "add", *call, "--whose", "telecom", *AGENT_10050)
    (listed,) = home.read("referral", "list", *AGENT_10050)
    assert (listed["caller"], listed["whose"]) == ("02081234567", "telecom")
    assert "China Telecom" in home.done("referral", "list", *AGENT_10050)
    assert home.call("referral", "list", "--as", "chen", "--role", "clerk")[0] == 5
    assert home.call("referral", "add", *call, "--whose", "nobody", *AGENT_10050)[0] == 2
