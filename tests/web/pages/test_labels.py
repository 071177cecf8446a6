"""The findings of a worker are shown in words."""

from __future__ import annotations

from dispatch.web.pages import labels


def test_the_account_check_of_system_support_is_shown_in_words() -> None:
    told = labels.found({"account": "in-service", "operations": ["bind", "open"], "unconfirmed": ["x"]})
    assert [each.title.zh for each in told] == ["在用", "最近办理 绑定手机号码、开户", "未确认 1"]
    assert [each.bad for each in told] == [False, False, True]


def test_a_value_without_a_label_is_shown_as_written() -> None:
    assert [each.title.zh for each in labels.found({"account": "strange", "other": 1})] == [
        "account: strange",
        "other: 1",
    ]


def test_a_line_that_could_not_be_tested_is_told_as_such() -> None:
    (told,) = labels.found({"line_test": "unavailable"})
    assert (told.title.zh, told.title.en, told.bad) == ("测试不可用", "Test not possible", True)
