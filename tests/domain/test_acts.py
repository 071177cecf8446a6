"""A history tells each act by who it came from."""

from __future__ import annotations

import pytest

from dispatch.domain.acts import told_title


@pytest.mark.parametrize(
    ("act", "role", "of_hop", "told"),
    [
        ("report", "clerk", False, ("受理", "Report taken")),
        ("report", "installer", True, ("回单", "Reported")),
        ("finish", "worker", True, ("系统完成", "Done by itself")),
        ("finish", "agent-10086", True, ("客户答复", "Customer answered")),
        ("finish", "customer", True, ("客户答复", "Customer answered")),
    ],
)
def test_a_report_of_a_customer_and_their_answer_are_told_as_theirs(
    act: str, role: str, of_hop: bool, told: tuple[str, str]
) -> None:
    title = told_title(act, role, of_hop=of_hop)
    assert (title.zh, title.en) == told
