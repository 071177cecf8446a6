"""Errors at a terminal and the faults of files are in the language of the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dispatch import errors
from dispatch.cli.failure import tell
from dispatch.cli.language import language
from dispatch.domain.title import Wording
from dispatch.errors import BadInput
from dispatch.routing.faults import read_text
from dispatch.routing.loader import parse
from dispatch.storage import tickets
from dispatch.web.api.ticket_views import missing_hop


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


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("tickets", "--limit", "-3"), "--limit 的值不合要求：不得小于 1"),
        (("tickets", "--limit", "many"), "--limit 的值不合要求：应为整数"),
        (("bord",), "没有命令 bord；是不是 board？"),
        (("qqqqqq",), "没有命令 qqqqqq；dispatch --help 列出全部命令"),
    ],
)
def test_a_wrong_command_line_is_told_in_chinese_alone(typed: tuple[str, ...], told: str) -> None:
    words = {**os.environ, "DISPATCH_LANG": "zh", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "dispatch", *typed], env=words, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, f"错误 bad-usage: {told}")


def test_a_missing_ticket_or_hop_is_named_in_a_chinese_sentence() -> None:
    assert tickets.not_found(99).sentence("zh") == "没有编号为 99 的工单。"
    assert missing_hop("F1-3").sentence("zh") == "没有工单 1 的第 3 个环节。"
    assert missing_hop("F1").sentence("zh") == "没有工单 1 进行中的环节。"


@pytest.mark.parametrize(
    ("encoding", "written"),
    [({}, "派单".encode()), ({"PYTHONIOENCODING": "latin-1"}, b"\\u6d3e\\u5355")],
)
def test_a_locale_without_chinese_ends_no_command(encoding: dict[str, str], written: bytes) -> None:
    plain = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "DISPATCH_LANG": "zh"}
    words = [sys.executable, "-m", "dispatch", "--help"]
    done = subprocess.run(words, env={**os.environ, **plain, **encoding}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert written in done.stdout
