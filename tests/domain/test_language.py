"""The reader's language is chosen from a request's header or from the environment."""

from __future__ import annotations

import pytest

from dispatch.domain.language import from_environment, from_header
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadSettings


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "zh"),
        ({"LANG": "C"}, "zh"),
        ({"LANG": "C.UTF-8"}, "zh"),
        ({"LANG": "POSIX"}, "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.Big5@pinyin"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE@euro"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": ""}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8", "DISPATCH_LANG": "en"}, "en"),
        ({"LANG": "en_US.UTF-8", "DISPATCH_LANG": "zh"}, "zh"),
        ({"LANG": "en_US.UTF-8", "DISPATCH_LANG": ""}, "en"),
        ({"DISPATCH_LANG": "en_US"}, "en"),
        ({"DISPATCH_LANG": "EN"}, "en"),
        ({"LANG": "en_US.UTF-8", "DISPATCH_LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8", "DISPATCH_LANG": "zh-Hans"}, "zh"),
    ],
)
def test_a_terminals_language_is_its_setting_or_else_its_locale(environment: dict[str, str], language: str) -> None:
    assert from_environment(environment) == language


@pytest.mark.parametrize("wrong", ["english", "klingon", "fr"])
def test_a_setting_that_names_neither_language_is_a_fault(wrong: str) -> None:
    with pytest.raises(BadSettings, match=f"DISPATCH_LANG.*{wrong}.*write zh or en") as refused:
        from_environment({"DISPATCH_LANG": wrong, "LANG": "en_US.UTF-8"})
    for language in ("zh", "en"):  # the reader's language is what is unknown
        assert "请写 zh 或 en" in refused.value.sentence(language)
        assert "write zh or en" in refused.value.sentence(language)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"),
        ("", "zh"),
        ("*", "zh"),
        ("en", "en"),
        ("EN-us", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB, en;q=0.9, zh;q=0.8", "en"),
        ("zh;q=0.2, en;q=0.7", "en"),
        ("fr, de;q=0.9, en;q=0.1", "en"),
        ("fr", "zh"),
        ("en;q=0", "zh"),
        ("en;q=much, zh;q=0.1", "zh"),
        ("en;q=2, zh;q=0.1", "zh"),
        ("zh;q=0.5, en;q=0.5", "zh"),
        ("en ; q=0.5 , zh ; q=0.4", "en"),
        ("en;level=1", "zh"),
        (",;,=;q", "zh"),
        ("english", "zh"),
    ],
)
def test_a_request_is_answered_in_the_language_of_the_highest_weight_in_its_header(
    header: str | None, language: str
) -> None:
    assert from_header(header) == language


def test_a_title_and_a_wording_give_themselves_in_either_language() -> None:
    assert [Title("装维", "Installers").text(each) for each in ("zh", "en")] == ["装维", "Installers"]
    assert [Wording("不在", "away").text(each) for each in ("zh", "en")] == ["不在", "away"]
