"""Conditions and facts are said by the titles of the rules file and the script, with their codes where asked for."""

from __future__ import annotations

from dispatch.domain.title import Title
from dispatch.routing.rulebook import SENDER, Condition
from dispatch.routing.wording import Words
from tests.strategies import RULEBOOK

SYMPTOMS = {"no-internet": Title("不能上网", "No internet")}


def test_a_condition_is_said_by_the_titles_of_its_values() -> None:
    words = Words(RULEBOOK, SYMPTOMS)
    assert words.condition(Condition("symptom", frozenset({"no-internet"}))) == Title("不能上网", "No internet")
    assert words.condition(Condition("channel", frozenset({"counter"}))) == Title("营业厅", "Counter")
    assert words.condition(Condition("priority", frozenset({2, 1}))) == Title("优先级 = 1、2", "Priority = 1, 2")


def test_a_value_that_has_no_title_is_said_by_its_name_and_none_is_left_out() -> None:
    condition = Condition("symptom", frozenset({"no-internet", "no-longer-known"}))
    assert Words(RULEBOOK, SYMPTOMS).condition(condition).en == "Symptom = No internet, no-longer-known"


def test_who_edits_the_rules_reads_each_title_with_its_code() -> None:
    words = Words(RULEBOOK, codes=True)
    assert words.team("system-support") == Title("业务支撑中心（system-support）", "System support (system-support)")
    assert words.value("category", "network").en == "Network fault (network)"
    assert words.team(SENDER) == Title("派单方", "the team that asked")
