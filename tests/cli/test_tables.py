"""What a table or a sentence shows at a terminal: whole words, one language, and something for what is empty."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from dispatch.cli.customer_view import one_language
from dispatch.cli.installation import app
from dispatch.cli.output import longest_word
from dispatch.cli.team import _wanted
from dispatch.domain.finding import Evidence
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadEvidence


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


def test_a_setting_without_a_value_shows_a_dash_and_its_meaning_below(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, ["settings"], env={"DISPATCH_LANG": "en", "COLUMNS": "80"}).stdout
    assert re.search(r"DISPATCH_BROKER_URL +–\s", shown)


def test_wrong_evidence_is_not_called_incomplete_only() -> None:
    told = BadEvidence(finding="fixed", faults=[Wording("值有误", "a wrong value")])
    assert told.sentence("en") == "The evidence for fixed isn't complete or right: a wrong value"
