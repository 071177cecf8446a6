"""Tables at a terminal fold between words, and nested lines keep their indent."""

from __future__ import annotations

import pytest
from rich.console import Console

from dispatch.cli.customer_view import one_language
from dispatch.cli.output import longest_word
from dispatch.cli.team import _wanted
from dispatch.domain.finding import Evidence
from dispatch.domain.title import Title


def test_a_choice_folds_below_itself_and_not_at_the_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_LANG", "en")
    choices = {"fibre": Title("光纤", "the fibre between the splitter and the home")}
    evidence = Evidence("cause", Title("原因", "Cause"), "choice", choices=choices)
    console = Console(width=26)
    with console.capture() as shown:
        console.print(_wanted(evidence))
    lines = [line.rstrip() for line in shown.get().splitlines()]
    assert (lines[0], lines[1][:13], len(lines) > 2) == ("cause", " · fibre  the", True)
    assert all(line.startswith("   ") for line in lines[2:])


def test_a_column_is_as_wide_as_its_longest_word() -> None:
    assert longest_word(["New installation", "No internet"]) == len("installation")
    assert longest_word(["宽带不能上网的现象"], least=8) == 8


@pytest.mark.parametrize(
    ("both", "zh", "en"),
    [
        ("居民身份证 Resident identity card", "居民身份证", "Resident identity card"),
        ("标准宽带300M Standard 300M", "标准宽带300M", "Standard 300M"),
        ("Standard 300M", "Standard 300M", "Standard 300M"),
    ],
)
def test_a_title_in_two_languages_is_shown_in_one(both: str, zh: str, en: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_LANG", "zh")
    assert one_language(both) == zh
    monkeypatch.setenv("DISPATCH_LANG", "en")
    assert one_language(both) == en
