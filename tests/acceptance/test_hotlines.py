"""The hotlines at the terminal; no process runs meanwhile."""

from __future__ import annotations

from tests.acceptance.conftest import Home

AGENT_10050 = ("--as", "zhao", "--role", "agent-10050")
AGENT_10086 = ("--as", "li", "--role", "agent-10086")


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


def test_a_transferred_call_is_answered_and_called_back_after_it_was_cut(home: Home) -> None:
    home.done("migrate")
    home.done("account", "add", "GZ1", "--area", "tianhe", "--mobile", "13800138000", "--as", "chen", "--role", "clerk")
    asked = ("--symptom", "no-internet", "--description", "断网")
    home.done("submit", "GZ1", *asked, *AGENT_10050)
    home.done("transfer", "F00000001", "--note", "已重启光猫", *AGENT_10050)
    (waiting,) = home.read("transfers", "list", *AGENT_10086)["on_line"]
    assert (waiting["note"], waiting["mobile"], waiting["taken_by"]) == ("已重启光猫", "138****8000", None)
    assert "F00000001" in home.done("transfers", "next", *AGENT_10086)
    assert "li" in home.done("transfers", "list", *AGENT_10086)
    assert "called back" in home.done("transfers", "hang-up", "F00000001", *AGENT_10086)
    assert "Nobody waits" in home.done("transfers", "next", *AGENT_10086)
    (cut,) = home.read("transfers", "list", *AGENT_10086)["to_call_back"]
    assert cut["ticket"] == "F00000001"
