"""Errors at a terminal and the faults of files are in the language of the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch import errors
from dispatch.cli.failure import tell
from dispatch.cli.language import language
from dispatch.domain.title import Wording
from dispatch.errors import BadInput
from dispatch.routing.faults import read_text
from dispatch.routing.loader import parse


@pytest.mark.parametrize(
    ("chosen", "line"),
    [("zh", "错误 bad-input: “xyz”不是工单号\n"), ("en", "Error bad-input: 'xyz' is no ticket number\n")],
)
def test_an_error_is_one_sentence_in_the_language_of_the_terminal(
    chosen: str, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISPATCH_LANG", chosen)
    assert tell(BadInput(what=Wording("“xyz”不是工单号", "'xyz' is no ticket number"))) == 2
    assert capsys.readouterr().err == line


@pytest.mark.parametrize(
    ("chosen", "line"),
    [("zh", "r.yaml:1:1: 没有键“nonsense”\n"), ("en", "r.yaml:1:1: unknown key 'nonsense'\n")],
)
def test_the_faults_of_a_file_are_lines_in_the_language_of_the_terminal(
    chosen: str, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISPATCH_LANG", chosen)
    with pytest.raises(errors.BadRules) as refused:
        parse("nonsense: 1\n", "r.yaml")
    assert tell(refused.value) == 1
    assert line in capsys.readouterr().out


def test_a_missing_file_is_told_with_the_systems_reason(tmp_path: Path) -> None:
    with pytest.raises(errors.BadRules) as refused:
        read_text(tmp_path / "none.yaml")
    assert refused.value.lines == (f"{tmp_path}/none.yaml:1:1: can't be read: No such file or directory",)
    assert refused.value.lines_in("zh") == (f"{tmp_path}/none.yaml:1:1: 无法读取：没有这个文件或目录",)


def test_the_locale_decides_when_the_setting_names_no_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_LANG", "klingon")
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    assert language() == "en"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert language() == "zh"
